/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Where a function may be probed cheaply: dwunw/trace.h has the rule. */
#include <dwunw/trace.h>

#include "arch.h"
#include "hosted.h"

/* No further than this: a path that long is none of a check at the entry. */
#define SEARCHED 32u

/*
 * Ends at an instruction that the kernel emulates, at one that is not known, or
 * behind SEARCHED bytes. 0: the entry itself is the place to probe. A branch
 * back into the bytes that are skipped would miss the probe, or hit it twice:
 * then 0, too.
 */
uint32_t dwunw_entry_cheap_offset(uint16_t arch, const uint8_t *code,
				  size_t size)
{
	const struct dwu_hosted *hosted = dwu_hosted_of(dwunw_arch_by_id(arch));
	const struct dwu_entry_form *form = hosted ? hosted->entry : NULL;
	enum dwu_entry_kind kind;
	uint32_t at = 0, bytes;

	if (!form)
		return 0;
	while (at < SEARCHED && at < size) {
		kind = form->kind(code + at, size - at, &bytes);
		if (kind == DWU_ENTRY_UNKNOWN)
			return 0;
		if (kind == DWU_ENTRY_EMULATED)
			break;
		at += bytes;
	}
	if (!at || at >= SEARCHED || at >= size)
		return 0;
	return form->leads_to(code, size, 1, at) ? 0 : at;
}
