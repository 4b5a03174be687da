/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* pc -> FDE: by the table of .eh_frame_hdr, else by an array of our own. */
#ifndef DWU_INDEX_H
#define DWU_INDEX_H

#include <dwunw/module.h>

/*
 * Understands .eh_frame_hdr (LSB 10.6.2) and sets *eh_vaddr to where it says
 * .eh_frame is. False: its head makes no sense.
 */
bool dwu_hdr_parse(struct dwunw_eh_hdr *hdr, const struct dwunw_module *module,
		   const struct dwunw_span *bytes, uint64_t vaddr,
		   uint64_t *eh_vaddr);

/*
 * Does the table lead to the FDEs that it names, where it was looked at? A small
 * one is sorted, too, and a large one without hdr.trust.
 */
bool dwu_hdr_usable(const struct dwunw_module *module);

/*
 * The number of FDEs of a section whose bytes are not loaded yet. Where no
 * header told the section's size, it is cut to what stands before the
 * terminator (LSB 10.6.1).
 */
uint32_t dwu_index_count(const struct dwunw_elf *elf,
			 struct dwunw_section *section, bool debug_frame,
			 bool size_known);

/* Fills entries (room for `count`) from cfi and makes them its index. */
void dwu_index_build(const struct dwunw_module *module, struct dwunw_cfi *cfi,
		     struct dwunw_index_entry *entries, uint32_t count);

/* The FDE of cfi that covers vaddr. NO_DEBUG_DATA, BAD_FORMAT. */
dwunw_status_t dwu_index_find(const struct dwunw_module *module,
			      const struct dwunw_cfi *cfi, uint64_t vaddr,
			      struct dwunw_fde *fde);

/* FDEs at one address, or with empty ranges, that a search looks back over. */
#define DWU_LOOK_BACK 16

/*
 * Are the FDEs in order, so that the numbers below tell of neighbours? Asked
 * once of a file, it reads the whole table.
 */
bool dwu_index_sorted(const struct dwunw_module *module,
		      const struct dwunw_cfi *cfi);

/* The FDEs of a section by number, sorted by start: how many start at vaddr
 * or before it. */
uint32_t dwu_index_after(const struct dwunw_module *module,
			 const struct dwunw_cfi *cfi, uint64_t vaddr);
/* Where FDE `index` starts, without reading it. False: behind the last. */
bool dwu_index_start(const struct dwunw_module *module,
		     const struct dwunw_cfi *cfi, uint32_t index,
		     uint64_t *start);
/* FDE `index`, which there is. BAD_FORMAT. */
dwunw_status_t dwu_index_fde(const struct dwunw_module *module,
			     const struct dwunw_cfi *cfi, uint32_t index,
			     struct dwunw_fde *fde);

#endif
