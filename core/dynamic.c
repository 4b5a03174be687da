/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "dynamic.h"

#include "bytes.h"
#include "window.h"

enum {
	PT_DYNAMIC = 2,
	DT_NULL = 0,
	DT_NEEDED = 1,
	DT_HASH = 4,
	DT_STRTAB = 5,
	DT_SYMTAB = 6,
	DT_STRSZ = 10,
	DT_GNU_HASH = 0x6ffffef5,
	DT_MIPS_SYMTABNO = 0x70000011,
};

/* What is read of PT_DYNAMIC; addresses as linked, 0: not there. */
struct dynamic {
	const struct dwunw_elf *elf;
	struct dwu_window window;
	uint64_t symbols;
	uint64_t strings;
	uint64_t strings_size;
	uint64_t hash;
	uint64_t gnu_hash;
	uint64_t count; /* of symbols, by DT_MIPS_SYMTABNO */
	bool needs; /* DT_NEEDED */
	bool bad;
};

static void take(struct dynamic *d, uint64_t tag, uint64_t value)
{
	switch (tag) {
	case DT_NEEDED:
		d->needs = true;
		break;
	case DT_SYMTAB:
		d->symbols = value;
		break;
	case DT_STRTAB:
		d->strings = value;
		break;
	case DT_STRSZ:
		d->strings_size = value;
		break;
	case DT_HASH:
		d->hash = value;
		break;
	case DT_GNU_HASH:
		d->gnu_hash = value;
		break;
	case DT_MIPS_SYMTABNO:
		d->count = value;
		break;
	default:
		break;
	}
}

/* gABI 5, figure 5-9: pairs of a tag and a value, up to DT_NULL. */
static void read_tags(struct dynamic *d, const struct dwunw_segment *at)
{
	uint8_t word = d->elf->elf_class == 2 ? 8 : 4;
	uint64_t off, tag;
	struct dwu_cursor c;
	const uint8_t *bytes;

	for (off = 0; at->file_size - off >= 2u * word; off += 2u * word) {
		bytes = dwu_window_at(&d->window, at->off + off, 2u * word);
		if (!bytes)
			return;
		c = dwu_cursor(bytes, 2u * word, d->elf->data == 2);
		tag = dwu_uint(&c, word);
		if (tag == DT_NULL)
			return;
		take(d, tag, dwu_uint(&c, word));
	}
}

static bool find_tags(struct dynamic *d)
{
	struct dwunw_program_header head;
	uint32_t i;

	for (i = 0; i < d->elf->program_count; i++) {
		if (dwunw_elf_program_header(d->elf, i, &head) != DWUNW_OK ||
		    head.type != PT_DYNAMIC)
			continue;
		read_tags(d, &head.at);
		return true;
	}
	return false;
}

/* The 32-bit word at an address; sticky. */
static uint32_t word_at(struct dynamic *d, uint64_t vaddr)
{
	struct dwu_cursor c;
	const uint8_t *bytes = NULL;
	uint64_t off;

	if (!d->bad && dwunw_elf_vaddr_to_off(d->elf, vaddr, &off) == DWUNW_OK)
		bytes = dwu_window_at(&d->window, off, 4);
	if (!bytes) {
		d->bad = true;
		return 0;
	}
	c = dwu_cursor(bytes, 4, d->elf->data == 2);
	return dwu_u32(&c);
}

/*
 * DT_GNU_HASH says nowhere how many symbols there are: the last one ends the
 * chain of the bucket that starts last. { buckets, first, bloom words, shift;
 * bloom; buckets; chains, bit 0 of the last of each is set }
 */
static uint64_t count_by_gnu_hash(struct dynamic *d)
{
	uint32_t buckets = word_at(d, d->gnu_hash);
	uint32_t first = word_at(d, d->gnu_hash + 4);
	uint64_t bloom = word_at(d, d->gnu_hash + 8);
	uint64_t table = d->gnu_hash + 16 +
			 bloom * (d->elf->elf_class == 2 ? 8u : 4u);
	uint64_t chains = table + 4ull * buckets, last = 0;
	uint32_t i, start;

	for (i = 0; i < buckets && !d->bad; i++) {
		start = word_at(d, table + 4ull * i);
		if (start > last)
			last = start;
	}
	if (last < first)
		return first;
	while (!d->bad && !(word_at(d, chains + 4 * (last - first)) & 1))
		last++;
	return last + 1;
}

static uint64_t count_symbols(struct dynamic *d)
{
	if (d->count)
		return d->count;
	if (d->hash) /* { buckets, chains; … }: a chain a symbol */
		return word_at(d, d->hash + 4);
	return d->gnu_hash ? count_by_gnu_hash(d) : 0;
}

/* [vaddr, vaddr + size) as a section. */
static dwunw_status_t place(const struct dwunw_elf *elf, uint64_t vaddr,
			    uint64_t size, struct dwunw_section *section)
{
	*section = (struct dwunw_section){ .vaddr = vaddr, .size = size };
	if (dwunw_elf_vaddr_to_off(elf, vaddr, &section->off) != DWUNW_OK ||
	    section->off > elf->src.size ||
	    size > elf->src.size - section->off)
		return DWUNW_ERR_BAD_FORMAT;
	return DWUNW_OK;
}

dwunw_status_t dwu_dynamic_symbols(const struct dwunw_elf *elf,
				   struct dwunw_section *symbols,
				   struct dwunw_section *strings)
{
	struct dynamic d = { .elf = elf, .window = { .src = &elf->src } };
	uint64_t count;
	dwunw_status_t status;

	*symbols = (struct dwunw_section){ 0 };
	*strings = (struct dwunw_section){ 0 };
	if (!find_tags(&d) || !d.symbols || !d.strings)
		return DWUNW_OK;
	count = count_symbols(&d);
	if (d.bad || count > UINT32_MAX)
		return DWUNW_ERR_BAD_FORMAT;
	status = place(elf, d.symbols, count * (elf->elf_class == 2 ? 24 : 16),
		       symbols);
	if (status == DWUNW_OK)
		status = place(elf, d.strings, d.strings_size, strings);
	return status;
}

bool dwu_elf_is_started(const struct dwunw_elf *elf)
{
	struct dynamic d = { .elf = elf, .window = { .src = &elf->src } };

	return elf->entry != 0 && (elf->interp || !find_tags(&d) || !d.needs);
}
