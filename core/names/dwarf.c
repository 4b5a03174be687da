/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The debug sections of a file: found, and unpacked where compressed.
 * Afterwards each is a place in the file that is read as needed (stream.c), or
 * bytes in memory.
 *
 * For example, a file with .debug_info, .debug_abbrev and .debug_line_str, the
 * last one SHF_COMPRESSED: parts[INFO] and parts[ABBREV] have an offset and a
 * size, parts[LINE_STR] has data in the arena; all others have a size of 0, and
 * whoever needs them finds nothing there.
 */
#include <dwunw/dwarf.h>

#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/elf/elf.h"
#include "core/elf/inflate.h"

enum {
	ET_REL = 1
};

/* In the order of enum dwunw_dwarf_part; then .zdebug_*, then *.dwo. */
static const char *const names[3][DWUNW_DWARF_PARTS] = {
	{ ".debug_info", ".debug_abbrev", ".debug_line", ".debug_line_str",
	  ".debug_str", ".debug_str_offsets", ".debug_addr", ".debug_rnglists",
	  ".debug_ranges", ".debug_aranges" },
	{ ".zdebug_info", ".zdebug_abbrev", ".zdebug_line", ".zdebug_line_str",
	  ".zdebug_str", ".zdebug_str_offsets", ".zdebug_addr",
	  ".zdebug_rnglists", ".zdebug_ranges", ".zdebug_aranges" },
	{ ".debug_info.dwo", ".debug_abbrev.dwo", ".debug_line.dwo",
	  ".debug_line_str.dwo", ".debug_str.dwo", ".debug_str_offsets.dwo",
	  ".debug_addr", ".debug_rnglists.dwo", ".debug_ranges",
	  ".debug_aranges" },
};

/* One of the file's sections, before it is loaded. */
struct found {
	struct dwunw_section section;
	bool gnu;
	bool packed;
};

/*
 * The first form that has a section wins: .debug_*, then GNU's packed
 * .zdebug_*, then the sections of a .dwo. Its .debug_addr and .debug_ranges
 * are in the linked file.
 */
static dwunw_status_t find_all(struct dwunw_dwarf *dwarf,
			       const struct dwunw_elf *elf, struct found *found)
{
	struct dwunw_section sections[DWUNW_DWARF_PARTS];
	uint32_t form, i;
	uint64_t size;
	dwunw_status_t status;

	for (form = 0; form < 3; form++) {
		/* never both, and a linked file's first */
		if (form == 2 && found[DWUNW_DWARF_INFO].section.size)
			break;
		status = dwu_elf_sections(elf, names[form], sections,
					  DWUNW_DWARF_PARTS);
		if (status != DWUNW_OK)
			return status;
		dwarf->dwo = form == 2 && sections[DWUNW_DWARF_INFO].size;
		for (i = 0; i < DWUNW_DWARF_PARTS; i++) {
			struct found *f = &found[i];

			if (f->section.size || !sections[i].size)
				continue;
			f->section = sections[i];
			f->gnu = form == 1;
			f->packed = dwu_inflate_size(elf, &f->section, f->gnu,
						     &size);
		}
	}
	return DWUNW_OK;
}

/*
 * All of what is packed, before anything is taken: one NO_MEMORY names enough.
 */
static uint64_t need(const struct dwunw_elf *elf, const struct found *found)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < DWUNW_DWARF_PARTS; i++)
		if (found[i].packed)
			sum += dwu_inflate_need(elf, &found[i].section,
						found[i].gnu);
	return sum;
}

/* Nothing is copied that is not packed: debug sections may have gigabytes. */
static dwunw_status_t load(struct dwunw_dwarf_section *part,
			   const struct dwunw_elf *elf,
			   const struct dwunw_module_files *files,
			   const struct found *found, struct dwunw_arena *arena)
{
	const struct dwunw_source *src = &elf->src;
	struct dwunw_span content;
	dwunw_status_t status;

	part->off = found->section.off;
	part->size = found->section.size;
	if (found->packed) {
		status = dwu_inflate(elf, &found->section, found->gnu, files,
				     arena, &content);
		part->data = content.data;
		part->size = content.size;
		return status;
	}
	if (src->view && part->size && part->size <= SIZE_MAX)
		part->data = src->view(src->ctx, part->off, (size_t)part->size);
	return DWUNW_OK;
}

/*
 * The file's bytes and `arena` must outlive *dwarf. dead_zero: in a linked file
 * nothing is at address 0, so a range there is of a function that was dropped
 * (unit.c); in an object file (ET_REL) everything is.
 */
dwunw_status_t dwunw_dwarf_open(struct dwunw_dwarf *dwarf,
				const struct dwunw_module_files *files,
				struct dwunw_arena *arena)
{
	struct found found[DWUNW_DWARF_PARTS] = { { .gnu = false } };
	struct dwunw_elf elf;
	dwunw_status_t status;
	uint32_t i;

	if (!dwarf || !files || !files->file || !arena)
		return DWUNW_ERR_INVALID_ARG;
	status = dwunw_elf_open(&elf, files->file, NULL);
	if (status != DWUNW_OK)
		return status;
	*dwarf = (struct dwunw_dwarf){
		.src = *files->file,
		.address_size = elf.elf_class == 2 ? 8 : 4,
		.big = elf.data == 2,
		.dead_zero = elf.type != ET_REL,
	};
	status = find_all(dwarf, &elf, found);
	if (status == DWUNW_OK && !dwu_arena_fits(arena, need(&elf, found)))
		status = DWUNW_ERR_NO_MEMORY;
	for (i = 0; i < DWUNW_DWARF_PARTS && status == DWUNW_OK; i++)
		status = load(&dwarf->parts[i], &elf, files, &found[i], arena);
	if (status != DWUNW_OK)
		return status;
	/* offsets of units and entries are kept in 32 bits */
	if (dwarf->parts[DWUNW_DWARF_INFO].size == 0 ||
	    dwarf->parts[DWUNW_DWARF_INFO].size > UINT32_MAX)
		return DWUNW_ERR_NO_DEBUG_DATA;
	return DWUNW_OK;
}
