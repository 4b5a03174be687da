/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the dynamic section tells, for files whose section headers were cut off:
 * the loader needs it, so it is always there. PT_DYNAMIC -> tags -> where the
 * symbols are, how many, and which functions run before and behind main().
 *
 * For example, of a program of Debian 12, x86_64:
 *
 *	INIT 0x2000  FINI 0x5d50  INIT_ARRAY 0x8d70  INIT_ARRAYSZ 8
 *	GNU_HASH 0x3a0  STRTAB 0x8d8  SYMTAB 0x3e0  STRSZ 670  RELA 0xc60 ..
 *
 * Values are addresses as linked (a running process has had some of them
 * relocated, but it is the file that is read). Each is hostile: an address
 * leads into the file by its segments, and nowhere else.
 */
#include "dynamic.h"

#include "core/base/bytes.h"
#include "core/base/window.h"

enum {
	PT_LOAD = 1,
	PT_DYNAMIC = 2,
	PF_W = 2,
	ET_EXEC = 2,
	DT_NULL = 0,
};

/* Tags that are looked at: real files have some forty. */
#define TAG_MAX 4096u

/* gABI 5, figure 5-10, and what GNU and processors add (0x70000011 is mips' alone
 * of the targets, DT_MIPS_SYMTABNO); enum dwu_dynamic_value. */
static const uint32_t tags[DWU_DYN_COUNT] = {
	1, 4, 5,	  6,  10, 0x6ffffef5, 0x70000011, 12, 13,
	7, 8, 0x6ffffff9, 25, 27, 26,	      28,	  32, 33,
};

/* gABI 5, figure 5-9: pairs of a tag and a value, up to DT_NULL. */
static void read_tags(const struct dwunw_elf *elf, struct dwu_window *window,
		      const struct dwunw_segment *at, uint64_t *values)
{
	uint8_t word = dwu_elf_is_wide(elf->elf_class) ? 8 : 4, i;
	uint64_t size = at->file_size, off, tag, value;
	struct dwu_cursor c;
	const uint8_t *bytes;

	if (size > 2u * word * TAG_MAX)
		size = 2u * word * TAG_MAX;
	/* ends at DT_NULL, with the segment, or at TAG_MAX */
	for (off = 0; size - off >= 2u * word; off += 2u * word) {
		bytes = dwu_window_at(window, at->off + off, 2u * word);
		if (!bytes)
			return;
		c = dwu_cursor(bytes, 2u * word, elf->data == 2);
		tag = dwu_uint(&c, word);
		value = dwu_uint(&c, word);
		if (tag == DT_NULL)
			return;
		for (i = 0; i < DWU_DYN_COUNT; i++)
			if (tag == tags[i])
				values[i] = value;
	}
}

/*
 * The first PT_DYNAMIC counts, as for loaders. Without it all values are 0,
 * which no address of a tag is: the ELF header stands there.
 */
void dwu_dynamic_read(const struct dwunw_elf *elf, struct dwu_window *window,
		      uint64_t values[DWU_DYN_COUNT])
{
	struct dwunw_program_header head;
	uint32_t i;

	memset(values, 0, DWU_DYN_COUNT * sizeof(values[0]));
	for (i = 0; i < elf->program_count; i++) {
		if (dwunw_elf_program_header(elf, i, &head) != DWUNW_OK ||
		    head.type != PT_DYNAMIC)
			continue;
		read_tags(elf, window, &head.at, values);
		return;
	}
}

/* The symbols while they are counted. */
struct dynamic {
	const struct dwunw_elf *elf;
	struct dwu_window window;
	uint64_t values[DWU_DYN_COUNT];
	bool bad;
};

/*
 * All words that are read by address come this way: the segment first, then the
 * bounds of the file in dwu_window_at().
 */
bool dwu_dynamic_word(const struct dwunw_elf *elf, struct dwu_window *window,
		      uint64_t vaddr, uint8_t size, uint64_t *value)
{
	const uint8_t *bytes;
	struct dwu_cursor c;
	uint64_t off;

	if (dwunw_elf_vaddr_to_off(elf, vaddr, &off) != DWUNW_OK)
		return false;
	bytes = dwu_window_at(window, off, size);
	if (!bytes)
		return false;
	c = dwu_cursor(bytes, size, elf->data == 2);
	*value = dwu_uint(&c, size);
	return true;
}

/*
 * The 32-bit word at an address; sticky.
 *
 * 0 behind a failure, and d->bad tells: loops test that.
 */
static uint32_t word_at(struct dynamic *d, dwu_place_t vaddr)
{
	uint64_t value = 0;

	d->bad = d->bad ||
		 !dwu_dynamic_word(d->elf, &d->window, vaddr, 4, &value);
	return (uint32_t)value;
}

/*
 * DT_GNU_HASH says nowhere how many symbols there are: the last one ends the
 * chain of the bucket that starts last. { buckets, first, bloom words, shift;
 * bloom; buckets; chains, bit 0 of the last of each is set }
 */
static dwu_place_t count_by_gnu_hash(struct dynamic *d)
{
	dwu_place_t hash = (dwu_place_t)d->values[DWU_DYN_GNU_HASH];
	uint32_t buckets = word_at(d, hash);
	uint32_t first = word_at(d, hash + 4);
	dwu_place_t bloom = word_at(d, hash + 8);
	dwu_place_t table =
		hash + 16 +
		bloom * (dwu_elf_is_wide(d->elf->elf_class) ? 8u : 4u);
	dwu_place_t chains = table + (dwu_place_t)4 * buckets, last = 0;
	uint32_t i, start;

	/* both loops end where a word lies outside of the file: `bad`. A file
	 * has at most a quarter as many words as bytes. */
	for (i = 0; i < buckets && !d->bad; i++) {
		start = word_at(d, table + (dwu_place_t)4 * i);
		if (start > last)
			last = start;
	}
	if (last < first)
		return first;
	while (!d->bad && !(word_at(d, chains + 4 * (last - first)) & 1))
		last++;
	return last + 1;
}

/*
 * 0: none, or none that can be counted. A file's own count is not believed
 * here: the table must lie in the file (place()).
 */
static dwu_place_t count_symbols(struct dynamic *d)
{
	const uint64_t *values = d->values;

	if (values[DWU_DYN_SYMBOL_COUNT])
		return (dwu_place_t)values[DWU_DYN_SYMBOL_COUNT];
	if (values[DWU_DYN_HASH]) /* { buckets, chains; … }: one a symbol */
		return word_at(d, (dwu_place_t)values[DWU_DYN_HASH] + 4);
	return values[DWU_DYN_GNU_HASH] ? count_by_gnu_hash(d) : 0;
}

/* [vaddr, vaddr + size) as a section. */
static dwunw_status_t place(const struct dwunw_elf *elf, uint64_t vaddr,
			    uint64_t size, struct dwunw_section *section)
{
	*section = (struct dwunw_section){ .vaddr = vaddr, .size = size };
	if (dwunw_elf_vaddr_to_off(elf, vaddr, &section->off) != DWUNW_OK ||
	    section->off > elf->src.size || size > elf->src.size - section->off)
		return DWUNW_ERR_BAD_FORMAT;
	return DWUNW_OK;
}

/*
 * The symbols' number is said by DT_MIPS_SYMTABNO, else by the hash table:
 * nchain of DT_HASH is it (gABI 5, Hash Table); DT_GNU_HASH must be walked.
 */
dwunw_status_t dwu_dynamic_symbols(const struct dwunw_elf *elf,
				   struct dwunw_section *symbols,
				   struct dwunw_section *strings)
{
	struct dynamic d = { .elf = elf, .window = { .src = &elf->src } };
	const uint64_t *values = d.values;
	uint64_t count;
	dwunw_status_t status;

	*symbols = (struct dwunw_section){ 0 };
	*strings = (struct dwunw_section){ 0 };
	dwu_dynamic_read(elf, &d.window, d.values);
	if (!values[DWU_DYN_SYMTAB] || !values[DWU_DYN_STRTAB])
		return DWUNW_OK;
	count = count_symbols(&d);
	/* so that the size of the table (24 bytes each) does not wrap */
	if (d.bad || count > UINT32_MAX)
		return DWUNW_ERR_BAD_FORMAT;
	status = place(elf, values[DWU_DYN_SYMTAB],
		       count * (dwu_elf_is_wide(elf->elf_class) ? 24 : 16),
		       symbols);
	if (status == DWUNW_OK)
		status = place(elf, values[DWU_DYN_STRTAB],
			       values[DWU_DYN_STRSZ], strings);
	return status;
}

/* The kernel's vdso has none. */
static bool has_writable(const struct dwunw_elf *elf)
{
	struct dwunw_program_header head;
	uint32_t i;

	for (i = 0; i < elf->program_count; i++)
		if (dwunw_elf_program_header(elf, i, &head) == DWUNW_OK &&
		    head.type == PT_LOAD && (head.at.flags & PF_W))
			return true;
	return false;
}

/*
 * ET_EXEC, or ET_DYN with PT_INTERP. A program that is linked with -static-pie
 * has none and is not told from a library by this.
 */
bool dwu_elf_is_program(const struct dwunw_elf *elf)
{
	return elf->entry != 0 && (elf->interp || elf->type == ET_EXEC);
}

bool dwu_elf_is_started(const struct dwunw_elf *elf)
{
	struct dwu_window window = { .src = &elf->src };
	uint64_t values[DWU_DYN_COUNT];

	if (elf->entry == 0 || dwu_elf_is_program(elf))
		return elf->entry != 0;
	dwu_dynamic_read(elf, &window, values);
	return !values[DWU_DYN_NEEDED] && has_writable(elf);
}
