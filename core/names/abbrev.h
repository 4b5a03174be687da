/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Abbreviations (DWARF 5 7.5.3): which attributes an entry has, and how. */
#ifndef DWU_ABBREV_H
#define DWU_ABBREV_H

#include "form.h"

struct dwunw_abbrev {
	uint32_t code;
	uint32_t first; /* of its specs */
	uint16_t count;
	uint16_t tag;
	uint16_t size; /* of all attributes; DWU_SIZE_VARIES */
	uint8_t children;
	uint8_t has_sibling;
};

#define DWU_SIZE_VARIES UINT16_MAX

/*
 * Fills the unit's abbrevs and specs from its abbrev_off on, all of them or
 * those up to the code `last`. Its sizes must be set. The bytes read are taken
 * from the budget. BAD_FORMAT, NO_MEMORY.
 */
dwunw_status_t dwu_abbrevs_open(struct dwunw_unit *unit,
				struct dwu_stream *stream, uint64_t last,
				uint64_t *budget, struct dwunw_arena *arena);

/* NULL: the unit has no such code. */
const struct dwunw_abbrev *dwu_abbrev_find(const struct dwunw_unit *unit,
					   uint64_t code);

#endif
