/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* One CIE or FDE record (DWARF 5 6.4.1, LSB 10.6.1). */
#ifndef DWU_ENTRY_H
#define DWU_ENTRY_H

#include <dwunw/module.h>

#include "core/base/bytes.h"
#include "core/elf/elf.h"

/* A record's frame, before anything in it is understood. */
struct dwu_record {
	uint64_t off;
	uint64_t cie_off;     /* FDE: of its CIE */
	dwu_place_t next;     /* of the record behind it */
	dwu_place_t body_off; /* what follows the CIE id or pointer */
	dwu_place_t body_size;
	bool cie;
	bool empty; /* length 0: the terminator of .eh_frame, or padding */
	bool last;  /* off is the section's end */
	bool wide;  /* 64-bit DWARF */
};

/* What a record's head takes at most. */
#define DWU_RECORD_HEAD 20u

/*
 * Reads the head at off. BAD_FORMAT: it lies outside the section; then
 * rec->next is valid only if it is not 0.
 */
dwunw_status_t dwu_record(const struct dwunw_cfi *cfi, bool big, uint64_t off,
			  struct dwu_record *rec);

/* The same over bytes that are not all at hand: 20 from off on, or fewer. */
dwunw_status_t dwu_record_head(struct dwu_cursor *c, bool debug_frame,
			       uint64_t section_size, uint64_t off,
			       struct dwu_record *rec);

/* Decodes an FDE with its CIE. BAD_FORMAT. */
dwunw_status_t dwu_fde(const struct dwunw_module *module,
		       const struct dwunw_cfi *cfi,
		       const struct dwu_record *rec, struct dwunw_fde *fde);

#endif
