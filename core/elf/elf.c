/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The headers of an ELF file of either class and byte order: opened, checked,
 * and asked for segments, sections, notes and bytes. gABI chapters 4 (Object
 * Files) and 5 (Program Loading and Dynamic Linking).
 *
 *	ELF header ---> program headers ---> segments: file offset <-> address
 *	          \---> section headers ---> .shstrtab: sections by name, by type
 *
 * For example, of a 64-bit program: e_phoff 64, 13 entries of 56 bytes; its
 * second PT_LOAD has p_offset 0x1000, p_vaddr 0x1000, p_filesz 0x151, so the
 * byte at 0x1040 as linked is that at 0x1040 of the file; of its data (0x2e00,
 * 0x3e00) the byte at 0x3e10 is that at 0x2e10.
 *
 * The file may be hostile, or change while it is read. Each offset and size
 * passes in_file() or dwu_window_at(); each count has a bound of
 * <dwunw/bounds.h>; nothing of the file is kept but the struct and, in the
 * caller's arena, the segments.
 */
#include "elf.h"

#include <dwunw/bounds.h>

#include "arch/arch.h"
#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/base/window.h"

enum {
	PT_LOAD = 1,
	PT_INTERP = 3,
	PT_NOTE = 4,
	PT_GNU_EH_FRAME = 0x6474e550,
	NT_GNU_BUILD_ID = 3,
	PN_XNUM = 0xffff,
	SHN_XINDEX = 0xffff,
};

/*
 * Each offset and size of a file passes here before it is used. Subtracting
 * from the file's size, which is true, cannot wrap; adding two of the file's
 * numbers can.
 */
DWU_ONE_COPY static bool in_file(const struct dwunw_elf *elf, uint64_t off,
				 uint64_t size)
{
	return off <= elf->src.size && size <= elf->src.size - off;
}

static bool is_64(const struct dwunw_elf *elf)
{
	return dwu_elf_is_wide(elf->elf_class);
}

/*
 * Elf32_Addr, Off and Word, or Elf64_Addr, Off and Xword.
 *
 * 0 behind the cursor's end, so a header that is cut off reads as zeros.
 */
static uint64_t word(struct dwu_cursor *c, const struct dwunw_elf *elf)
{
	return is_64(elf) ? dwu_u64(c) : dwu_u32(c);
}

static bool big(const struct dwunw_elf *elf)
{
	return elf->data == 2;
}

/*
 * gABI 5, Program Header. The two classes order p_flags differently.
 *
 * Elf32_Phdr has 32 bytes, p_flags behind p_memsz; Elf64_Phdr 56, p_flags
 * second.
 */
static void parse_program_header(const struct dwunw_elf *elf,
				 const uint8_t *bytes,
				 struct dwunw_program_header *h)
{
	struct dwu_cursor c =
		dwu_cursor(bytes, elf->program_entry_size, big(elf));
	uint64_t align;

	*h = (struct dwunw_program_header){ 0 };
	h->type = dwu_u32(&c);
	if (is_64(elf))
		h->at.flags = dwu_u32(&c);
	h->at.off = word(&c, elf);
	h->at.vaddr = word(&c, elf);
	(void)word(&c, elf); /* p_paddr */
	h->at.file_size = word(&c, elf);
	h->at.mem_size = word(&c, elf);
	if (!is_64(elf))
		h->at.flags = dwu_u32(&c);
	/* 63 turns at most, whatever the file says */
	for (align = word(&c, elf); align > 1; align >>= 1)
		h->at.align_log2++;
}

/*
 * gABI 4, Section Header; returns sh_name.
 *
 * Elf32_Shdr has 40 bytes, Elf64_Shdr 64, in the same order; e_shentsize may be
 * larger.
 */
static uint32_t parse_section_header(const struct dwunw_elf *elf,
				     const uint8_t *bytes,
				     struct dwunw_section *s)
{
	struct dwu_cursor c =
		dwu_cursor(bytes, elf->section_entry_size, big(elf));
	uint32_t name = dwu_u32(&c);

	*s = (struct dwunw_section){ 0 };
	s->type = dwu_u32(&c);
	s->flags = word(&c, elf);
	s->vaddr = word(&c, elf);
	s->off = word(&c, elf);
	s->size = word(&c, elf);
	s->link = dwu_u32(&c);
	(void)dwu_u32(&c);   /* sh_info */
	(void)word(&c, elf); /* sh_addralign */
	s->entry_size = word(&c, elf);
	return name;
}

/*
 * open_programs() has made sure that all of them are in the file: what fails
 * here is a read, or the file was cut since.
 */
static dwunw_status_t program_header(const struct dwunw_elf *elf,
				     struct dwu_window *w, uint32_t index,
				     struct dwunw_program_header *h)
{
	const uint8_t *bytes = dwu_window_at(
		w, elf->program_off + (uint64_t)index * elf->program_entry_size,
		elf->program_entry_size);

	if (!bytes)
		return DWUNW_ERR_IO;
	parse_program_header(elf, bytes, h);
	return DWUNW_OK;
}

dwunw_status_t dwu_elf_section_header(const struct dwunw_elf *elf,
				      struct dwu_window *w, uint32_t index,
				      struct dwunw_section *s, uint32_t *name)
{
	const uint8_t *bytes = dwu_window_at(
		w, elf->section_off + (uint64_t)index * elf->section_entry_size,
		elf->section_entry_size);

	if (!bytes)
		return DWUNW_ERR_IO;
	*name = parse_section_header(elf, bytes, s);
	return DWUNW_OK;
}

/* Numbers that do not fit the header stand in section 0 (gABI 4). */
struct extended {
	uint32_t section_count;
	uint32_t names;
	uint32_t program_count;
};

/*
 * gABI 4: 65,280 sections and more put e_shnum into sh_size and e_shstrndx into
 * sh_link of section 0, 65,535 program headers their number into sh_info.
 *
 * Section 0 is otherwise unused, all zeros. Its fields are taken only where the
 * header's say so: e_shnum 0, e_shstrndx SHN_XINDEX, e_phnum PN_XNUM.
 */
static void read_extended(struct dwunw_elf *elf, struct dwu_window *w,
			  struct extended *n)
{
	const uint8_t *bytes;
	struct dwu_cursor c;
	uint64_t size;

	bytes = dwu_window_at(w, elf->section_off, elf->section_entry_size);
	if (!bytes)
		return;
	c = dwu_cursor(bytes, elf->section_entry_size, big(elf));
	/* sh_name, sh_type, then sh_flags, sh_addr, sh_offset: 4 + 4 + 3 * 8,
	 * or 4 + 4 + 3 * 4 */
	dwu_skip(&c, is_64(elf) ? 32 : 20);
	size = word(&c, elf);
	if (n->section_count == 0 && size <= UINT32_MAX)
		n->section_count = (uint32_t)size;
	size = dwu_u32(&c); /* sh_link */
	if (n->names == SHN_XINDEX)
		n->names = (uint32_t)size;
	size = dwu_u32(&c); /* sh_info */
	if (n->program_count == PN_XNUM)
		n->program_count = (uint32_t)size;
}

static void open_sections(struct dwunw_elf *elf, struct dwu_window *w,
			  const struct extended *n)
{
	uint32_t name;
	uint64_t size = (uint64_t)n->section_count * elf->section_entry_size;

	/* Wrong section headers leave the file without any, and not unusable:
	 * the kernel and ld.so never look at them, and sstrip cuts them off.
	 * Program headers it cannot run without, so there BAD_FORMAT is the
	 * answer. */
	if (elf->section_off == 0 || n->section_count > DWUNW_SECTIONS_MAX ||
	    !in_file(elf, elf->section_off, size) ||
	    elf->section_entry_size < (is_64(elf) ? 64 : 40) ||
	    elf->section_entry_size > DWU_WINDOW_SIZE)
		return;
	elf->section_count = n->section_count;
	/* sections without names are found by their type all the same */
	if (n->names >= elf->section_count ||
	    dwu_elf_section_header(elf, w, n->names, &elf->names, &name) !=
		    DWUNW_OK ||
	    elf->names.type == DWU_SHT_NOBITS ||
	    !in_file(elf, elf->names.off, elf->names.size))
		elf->names = (struct dwunw_section){ 0 };
}

static dwunw_status_t open_programs(struct dwunw_elf *elf, struct dwu_window *w)
{
	struct dwunw_program_header h;
	uint32_t i;

	if (elf->program_count == 0)
		return DWUNW_OK;
	if (elf->program_count > DWUNW_PROGRAMS_MAX ||
	    elf->program_entry_size < (is_64(elf) ? 56 : 32) ||
	    elf->program_entry_size > DWU_WINDOW_SIZE ||
	    !in_file(elf, elf->program_off,
		     (uint64_t)elf->program_count * elf->program_entry_size))
		return DWUNW_ERR_BAD_FORMAT;
	/* one pass, at most DWUNW_PROGRAMS_MAX headers: only a number is kept
	 * here */
	for (i = 0; i < elf->program_count; i++) {
		if (program_header(elf, w, i, &h) != DWUNW_OK)
			return DWUNW_ERR_IO;
		elf->segment_count += h.type == PT_LOAD;
		elf->interp |= h.type == PT_INTERP;
		if (h.type == PT_GNU_EH_FRAME &&
		    in_file(elf, h.at.off, h.at.file_size)) {
			elf->eh_frame_hdr.vaddr = h.at.vaddr;
			elf->eh_frame_hdr.off = h.at.off;
			elf->eh_frame_hdr.size = h.at.file_size;
		}
	}
	return DWUNW_OK;
}

/* gABI 4, ELF Identification and ELF Header. */
static dwunw_status_t open_header(struct dwunw_elf *elf, struct dwu_window *w,
				  struct extended *n)
{
	static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };
	const uint8_t *bytes = dwu_window_at(w, 0, 16);
	const struct dwunw_arch_ops *arch;
	struct dwu_cursor c;

	/* a short file is no ELF file, a failed read is no verdict on it */
	if (!bytes)
		return elf->src.size < 16 ? DWUNW_ERR_BAD_FORMAT : DWUNW_ERR_IO;
	/* EI_CLASS and EI_DATA decide how all the rest is read */
	elf->elf_class = bytes[4];
	elf->data = bytes[5];
	if (memcmp(bytes, magic, 4) != 0 || bytes[4] < 1 || bytes[4] > 2 ||
	    bytes[5] < 1 || bytes[5] > 2)
		return DWUNW_ERR_BAD_FORMAT;
	/* a router compiles no 64-bit reader */
	if (IS_ON(CONFIG_ARCH_32BIT_ONLY) && bytes[4] != 1)
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	bytes = dwu_window_at(w, 0, is_64(elf) ? 64 : 52);
	if (!bytes)
		return DWUNW_ERR_BAD_FORMAT;
	c = dwu_cursor(bytes, is_64(elf) ? 64 : 52, big(elf));
	dwu_skip(&c, 16);
	elf->type = dwu_u16(&c);
	elf->machine = dwu_u16(&c);
	(void)dwu_u32(&c); /* e_version */
	/* mips: bit 0 of e_entry is the ISA, as of any function's address */
	elf->entry = word(&c, elf);
	elf->program_off = word(&c, elf);
	elf->section_off = word(&c, elf);
	elf->flags = dwu_u32(&c);
	arch = dwu_arch_of(elf->machine, elf->elf_class, elf->data);
	elf->mips16 = arch && (elf->flags & arch->file->isa_flag) != 0;
	(void)dwu_u16(&c); /* e_ehsize */
	elf->program_entry_size = dwu_u16(&c);
	n->program_count = dwu_u16(&c);
	elf->section_entry_size = dwu_u16(&c);
	n->section_count = dwu_u16(&c);
	n->names = dwu_u16(&c);
	return DWUNW_OK;
}

/*
 * Without an arena nothing is kept: whoever asks for a segment reads the
 * headers again. The struct may be copied; it points to the source's ctx and
 * the arena only.
 */
dwunw_status_t dwunw_elf_open(struct dwunw_elf *elf,
			      const struct dwunw_source *src,
			      struct dwunw_arena *arena)
{
	struct dwu_window w = { .src = src };
	struct extended n = { 0 };
	dwunw_status_t status;

	if (!elf || !src || !src->read)
		return DWUNW_ERR_INVALID_ARG;
	*elf = (struct dwunw_elf){ .src = *src };
	status = open_header(elf, &w, &n);
	if (status != DWUNW_OK)
		return status;
	if (elf->section_off != 0 &&
	    elf->section_entry_size >= (is_64(elf) ? 64 : 40) &&
	    elf->section_entry_size <= DWU_WINDOW_SIZE)
		read_extended(elf, &w, &n);
	elf->program_count = n.program_count;
	status = open_programs(elf, &w);
	if (status != DWUNW_OK)
		return status;
	open_sections(elf, &w, &n);
	return arena ? dwu_elf_keep_segments(elf, arena) : DWUNW_OK;
}

/* More than SIZE_MAX stays so: no arena has it, and NO_MEMORY is the answer. */
uint64_t dwu_elf_segments_size(const struct dwunw_elf *elf)
{
	uint64_t size =
		(uint64_t)elf->segment_count * sizeof(struct dwunw_segment);

	return size > SIZE_MAX ? size : dwu_arena_round((size_t)size);
}

dwunw_status_t dwu_elf_keep_segments(struct dwunw_elf *elf,
				     struct dwunw_arena *arena)
{
	struct dwu_window w = { .src = &elf->src };
	struct dwunw_program_header h;
	struct dwunw_segment *segments;
	uint32_t i, kept = 0;

	if (elf->segment_count == 0)
		return DWUNW_OK;
	if (elf->segment_count > DWUNW_SEGMENTS_MAX)
		return DWUNW_ERR_BAD_FORMAT;
	if (!dwu_arena_fits(arena, dwu_elf_segments_size(elf)))
		return DWUNW_ERR_NO_MEMORY;
	segments = dwunw_arena_alloc(arena, (size_t)dwu_elf_segments_size(elf));
	if (!segments)
		return DWUNW_ERR_NO_MEMORY;
	/* the file may have changed since they were counted: no more than
	 * there is room */
	for (i = 0; i < elf->program_count && kept < elf->segment_count; i++) {
		if (program_header(elf, &w, i, &h) != DWUNW_OK)
			return DWUNW_ERR_IO;
		if (h.type == PT_LOAD)
			segments[kept++] = h.at;
	}
	elf->segment_count = kept;
	elf->segments = segments;
	return DWUNW_OK;
}

/* Is the section's name, at `name` of .shstrtab, the wanted one? */
static bool name_is(const struct dwunw_elf *elf, struct dwu_window *w,
		    uint32_t name, const char *wanted)
{
	const uint8_t *bytes;
	size_t size = 1;

	while (wanted[size - 1])
		size++;
	/* as long as the wanted name, with its 0: a table's names may be as
	 * long as the table */
	if (name >= elf->names.size || size > elf->names.size - name ||
	    size > DWU_WINDOW_SIZE)
		return false;
	bytes = dwu_window_at(w, elf->names.off + name, size);
	return bytes && memcmp(bytes, wanted, size) == 0;
}

/*
 * Are its bytes in the file? SHT_NOBITS has none: .bss, and the code and data
 * of what `objcopy --only-keep-debug` makes.
 */
static bool usable(const struct dwunw_elf *elf, const struct dwunw_section *s)
{
	return s->type != DWU_SHT_NOBITS && in_file(elf, s->off, s->size);
}

dwunw_status_t dwu_elf_sections(const struct dwunw_elf *elf,
				const char *const *names,
				struct dwunw_section *sections, size_t count)
{
	struct dwu_window headers = { .src = &elf->src };
	struct dwu_window strings = { .src = &elf->src };
	struct dwunw_section s;
	uint32_t i, name;
	size_t k;

	for (k = 0; k < count; k++)
		sections[k] = (struct dwunw_section){ 0 };
	for (i = 1; i < elf->section_count; i++) {
		if (dwu_elf_section_header(elf, &headers, i, &s, &name) !=
		    DWUNW_OK)
			return DWUNW_ERR_IO;
		/* the first section of a name, one pass for all of them: files
		 * with -ffunction-sections have tens of thousands */
		for (k = 0; usable(elf, &s) && k < count; k++)
			if (sections[k].size == 0 &&
			    name_is(elf, &strings, name, names[k]))
				sections[k] = s;
	}
	return DWUNW_OK;
}

dwunw_status_t dwunw_elf_section(const struct dwunw_elf *elf, const char *name,
				 struct dwunw_section *section)
{
	dwunw_status_t status;

	if (!elf || !name || !section)
		return DWUNW_ERR_INVALID_ARG;
	status = dwu_elf_sections(elf, &name, section, 1);
	if (status == DWUNW_OK && section->size == 0)
		return DWUNW_ERR_NO_DEBUG_DATA;
	return status;
}

dwunw_status_t dwu_elf_section_by_type(const struct dwunw_elf *elf,
				       uint32_t type,
				       struct dwunw_section *section)
{
	struct dwu_window w = { .src = &elf->src };
	uint32_t i, name;

	/* section 0 is none: its fields may be those of struct extended */
	for (i = 1; i < elf->section_count; i++) {
		if (dwu_elf_section_header(elf, &w, i, section, &name) !=
		    DWUNW_OK)
			return DWUNW_ERR_IO;
		if (section->type == type && usable(elf, section))
			return DWUNW_OK;
	}
	*section = (struct dwunw_section){ 0 };
	return DWUNW_OK;
}

/*
 * For printers: the name is copied byte by byte through the window, up to its
 * 0, the end of .shstrtab, or name_size.
 */
dwunw_status_t dwunw_elf_section_at(const struct dwunw_elf *elf, uint32_t index,
				    struct dwunw_section *section, char *name,
				    size_t name_size)
{
	struct dwu_window w;
	const uint8_t *c;
	uint32_t at;
	size_t i;

	if (!elf || !section || !name || !name_size ||
	    index >= elf->section_count)
		return DWUNW_ERR_INVALID_ARG;
	w = (struct dwu_window){ .src = &elf->src };
	if (dwu_elf_section_header(elf, &w, index, section, &at) != DWUNW_OK)
		return DWUNW_ERR_IO;
	for (i = 0; i + 1 < name_size && at + i < elf->names.size; i++) {
		c = dwu_window_at(&w, elf->names.off + at + i, 1);
		if (!c || !*c)
			break;
		name[i] = (char)*c;
	}
	name[i] = '\0';
	return DWUNW_OK;
}

dwunw_status_t dwunw_elf_program_header(const struct dwunw_elf *elf,
					uint32_t index,
					struct dwunw_program_header *header)
{
	struct dwu_window w;

	if (!elf || !header || index >= elf->program_count)
		return DWUNW_ERR_INVALID_ARG;
	w = (struct dwu_window){ .src = &elf->src };
	return program_header(elf, &w, index, header);
}

/* PT_LOAD headers one after another, kept or read anew. */
struct segment_walk {
	const struct dwunw_elf *elf;
	struct dwu_window w;
	uint32_t next;
};

static bool next_segment(struct segment_walk *walk, struct dwunw_segment *s)
{
	const struct dwunw_elf *elf = walk->elf;
	struct dwunw_program_header h;

	if (elf->segments) {
		if (walk->next >= elf->segment_count)
			return false;
		*s = elf->segments[walk->next++];
		return true;
	}
	while (walk->next < elf->program_count) {
		if (program_header(elf, &walk->w, walk->next++, &h) != DWUNW_OK)
			return false;
		if (h.type == PT_LOAD) {
			*s = h.at;
			return true;
		}
	}
	return false;
}

static struct segment_walk segment_walk(const struct dwunw_elf *elf)
{
	return (struct segment_walk){ .elf = elf, .w = { .src = &elf->src } };
}

/* Of an open module, some times a frame: without a window to make. */
static dwunw_status_t kept_segment(const struct dwunw_elf *elf, uint64_t vaddr,
				   struct dwunw_segment *segment)
{
	uint32_t i;

	for (i = 0; i < elf->segment_count; i++)
		if (vaddr - elf->segments[i].vaddr <
		    elf->segments[i].mem_size) {
			*segment = elf->segments[i];
			return DWUNW_OK;
		}
	return DWUNW_ERR_INVALID_ARG;
}

dwunw_status_t dwunw_elf_segment(const struct dwunw_elf *elf, uint64_t vaddr,
				 struct dwunw_segment *segment)
{
	struct segment_walk walk;

	if (!elf || !segment)
		return DWUNW_ERR_INVALID_ARG;
	if (!IS_ON(CONFIG_OPTIMIZE_SIZE) && elf->segments)
		return kept_segment(elf, vaddr, segment);
	walk = segment_walk(elf);
	while (next_segment(&walk, segment))
		/* below the segment the difference wraps to a large number */
		if (vaddr - segment->vaddr < segment->mem_size)
			return DWUNW_OK;
	return DWUNW_ERR_INVALID_ARG;
}

/*
 * Only what the file has: an address in .bss (p_memsz beyond p_filesz) has no
 * offset.
 */
dwunw_status_t dwunw_elf_vaddr_to_off(const struct dwunw_elf *elf,
				      uint64_t vaddr, uint64_t *off)
{
	struct dwunw_segment s;

	if (!off || dwunw_elf_segment(elf, vaddr, &s) != DWUNW_OK ||
	    vaddr - s.vaddr >= s.file_size)
		return DWUNW_ERR_INVALID_ARG;
	*off = s.off + (vaddr - s.vaddr);
	return DWUNW_OK;
}

dwunw_status_t dwunw_elf_off_to_vaddr(const struct dwunw_elf *elf, uint64_t off,
				      uint64_t *vaddr)
{
	struct segment_walk walk;
	struct dwunw_segment s;

	if (!elf || !vaddr)
		return DWUNW_ERR_INVALID_ARG;
	walk = segment_walk(elf);
	while (next_segment(&walk, &s)) {
		if (off - s.off < s.file_size) {
			*vaddr = s.vaddr + (off - s.off);
			return DWUNW_OK;
		}
	}
	return DWUNW_ERR_INVALID_ARG;
}

dwunw_status_t dwunw_elf_read(const struct dwunw_elf *elf, uint64_t vaddr,
			      void *dst, size_t size)
{
	struct dwunw_segment s;

	if (!dst || dwunw_elf_segment(elf, vaddr, &s) != DWUNW_OK ||
	    vaddr - s.vaddr > s.file_size ||
	    size > s.file_size - (vaddr - s.vaddr))
		return DWUNW_ERR_INVALID_ARG;
	return elf->src.read(elf->src.ctx, s.off + (vaddr - s.vaddr), dst,
			     size);
}

/*
 * gABI 5, Note Section: name and descriptor are padded to 4 bytes.
 *
 * For example, 04 00 00 00  14 00 00 00  03 00 00 00  "GNU\0" and 20 bytes of
 * SHA-1: 36 bytes of a little-endian file. Type 3 in a core file is
 * NT_PRPSINFO, of the name "CORE", so the name is compared too.
 */
static bool find_build_id(const struct dwunw_elf *elf, struct dwu_window *w,
			  uint64_t off, uint32_t left, uint8_t *id,
			  size_t *id_size)
{
	uint32_t name_size, desc_size, size;
	const uint8_t *bytes;
	struct dwu_cursor c;

	/* Twelve bytes of head and "GNU". `left` falls by 12 a note at least,
	 * and by no more than there is. */
	while (left >= 16 && (bytes = dwu_window_at(w, off, 16)) != NULL) {
		c = dwu_cursor(bytes, 16, big(elf));
		name_size = dwu_u32(&c);
		desc_size = dwu_u32(&c);
		if (dwu_u32(&c) == NT_GNU_BUILD_ID && name_size == 4 &&
		    memcmp(bytes + 12, "GNU", 4) == 0 && desc_size > 0 &&
		    desc_size <= DWUNW_BUILD_ID_MAX && desc_size <= left - 16) {
			bytes = dwu_window_at(w, off + 16, desc_size);
			if (!bytes)
				return false;
			memcpy(id, bytes, desc_size);
			*id_size = desc_size;
			return true;
		}
		/* before they are rounded up, which could wrap */
		if (name_size > left || desc_size > left)
			break;
		size = 12 + ((name_size + 3) & ~3u) + ((desc_size + 3) & ~3u);
		if (size > left)
			break;
		off += size;
		left -= size;
	}
	return false;
}

/*
 * Program headers first: they are there in stripped files, and in an image in
 * memory.
 */
dwunw_status_t dwunw_elf_build_id(const struct dwunw_elf *elf, uint8_t *id,
				  size_t *size)
{
	struct dwunw_program_header h;
	struct dwunw_section s;
	struct dwu_window headers, notes;
	/* notes that overlap are not read for ever */
	uint32_t budget = DWUNW_NOTES_MAX;
	uint32_t i, name;

	if (!elf || !id || !size)
		return DWUNW_ERR_INVALID_ARG;
	headers = notes = (struct dwu_window){ .src = &elf->src };
	if (elf->src.size < DWUNW_NOTES_MAX / 2)
		budget = 2 * (uint32_t)elf->src.size;
	for (i = 0; i < elf->program_count; i++) {
		if (program_header(elf, &headers, i, &h) != DWUNW_OK ||
		    h.type != PT_NOTE ||
		    !in_file(elf, h.at.off, h.at.file_size) ||
		    h.at.file_size > budget)
			continue;
		if (find_build_id(elf, &notes, h.at.off,
				  (uint32_t)h.at.file_size, id, size))
			return DWUNW_OK;
		budget -= (uint32_t)h.at.file_size;
	}
	/* files without program headers, such as object files, have it in a
	 * section */
	for (i = 1; i < elf->section_count; i++) {
		if (dwu_elf_section_header(elf, &headers, i, &s, &name) !=
			    DWUNW_OK ||
		    s.type != DWU_SHT_NOTE || !usable(elf, &s) ||
		    s.size > budget)
			continue;
		if (find_build_id(elf, &notes, s.off, (uint32_t)s.size, id,
				  size))
			return DWUNW_OK;
		budget -= (uint32_t)s.size;
	}
	return DWUNW_ERR_NO_DEBUG_DATA;
}

/*
 * The source's own bytes (a mapped file), which live as long as it does; NULL:
 * they must be copied.
 */
static const void *in_place(const struct dwunw_elf *elf,
			    const struct dwunw_section *section)
{
	const struct dwunw_source *src = &elf->src;

	if (!src->view || section->size > SIZE_MAX)
		return NULL;
	return src->view(src->ctx, section->off, (size_t)section->size);
}

/* Callers add these sizes up before they load anything (core/cfi/module.c). */
uint64_t dwu_elf_load_size(const struct dwunw_elf *elf,
			   const struct dwunw_section *section)
{
	if (section->size == 0 || in_place(elf, section))
		return 0;
	return section->size > SIZE_MAX ?
		       section->size :
		       dwu_arena_round((size_t)section->size);
}

/* Zero bytes and OK for a section that is not there: callers need no test. */
dwunw_status_t dwu_elf_load(const struct dwunw_elf *elf,
			    const struct dwunw_section *section,
			    struct dwunw_arena *arena, struct dwunw_span *span)
{
	const void *view = in_place(elf, section);
	void *copy;

	*span = (struct dwunw_span){ 0 };
	if (section->size == 0)
		return DWUNW_OK;
	if (!in_file(elf, section->off, section->size))
		return DWUNW_ERR_BAD_FORMAT;
	if (!view) {
		if (!dwu_arena_fits(arena, section->size))
			return DWUNW_ERR_NO_MEMORY;
		copy = dwunw_arena_alloc(arena, (size_t)section->size);
		if (!copy)
			return DWUNW_ERR_NO_MEMORY;
		if (elf->src.read(elf->src.ctx, section->off, copy,
				  (size_t)section->size) != DWUNW_OK)
			return DWUNW_ERR_IO;
		view = copy;
	}
	span->data = view;
	span->size = (size_t)section->size;
	return DWUNW_OK;
}

/* All or nothing, like every source (dwunw/types.h). */
static dwunw_status_t span_read(void *ctx, uint64_t off, void *dst, size_t size)
{
	const struct dwunw_span *span = ctx;

	if (off > span->size || size > span->size - (size_t)off)
		return DWUNW_ERR_INVALID_ARG;
	memcpy(dst, span->data + (size_t)off, size);
	return DWUNW_OK;
}

static const void *span_view(void *ctx, uint64_t off, size_t size)
{
	const struct dwunw_span *span = ctx;

	if (off > span->size || size > span->size - (size_t)off)
		return NULL;
	return span->data + (size_t)off;
}

void dwunw_source_from_span(struct dwunw_source *src,
			    const struct dwunw_span *span)
{
	/* the callbacks take a mutable ctx for sources that need one */
	union {
		const struct dwunw_span *in;
		void *out;
	} ctx = { .in = span };

	*src = (struct dwunw_source){
		.read = span_read,
		.view = span_view,
		.ctx = ctx.out,
		.size = span->size,
	};
}
