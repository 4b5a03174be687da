/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Address -> FDE. The linker's own table serves where it is sound, else an
 * index that is made when the file is opened. For example, .eh_frame_hdr at
 * 0x2004:
 *
 *	01 1b 03 3b	version 1; pointer pcrel sdata4; count udata4;
 *			table datarel sdata4
 *	28 00 00 00	.eh_frame: 0x2008 + 0x28 = 0x2030
 *	04 00 00 00	4 entries of 8 bytes, sorted by the first field:
 *	1c f0 ff ff  74 00 00 00	0x1020, FDE at 0x2078 (0x2004 + ..)
 *
 * The table is used in place: a library of 30,000 functions costs 15 probes and
 * no memory of ours. The index has 8 bytes an FDE. Both answer the same
 * questions (how many FDEs start at an address or before it; where does FDE i
 * start; read FDE i), and what they say is not trusted: the FDE found must
 * cover the address by its own words.
 *
 * A table is as good as it is sorted. One that is large is not read to its end
 * to know that: the first question that it does not answer does so (is_sorted()),
 * and in a table that is not sorted all FDEs are asked.
 */
#include "index.h"

#include <dwunw/bounds.h>

#include "core/base/bytes.h"
#include "core/base/sort.h"
#include "core/base/window.h"
#include "core/elf/elf.h"
#include "entry.h"

/* A table of so many entries is read to its end when the file is opened. */
#define AT_OPEN_MAX 256u
/* FDEs that are asked in all, of a file whose table is not sorted: a second. */
#define ASKED_MAX (16u << 20)

/* What *hdr.trust says; more: FDEs that were asked. */
enum {
	TRUST_UNKNOWN,
	TRUST_SORTED,
	TRUST_NOT,
};

/* EI_DATA: 1 little-endian, 2 big-endian (gABI 4, ELF Identification). */
static bool big(const struct dwunw_module *module)
{
	return module->elf.data == 2;
}

/*
 * The bytes of one value of the table; 0: not of a fixed size.
 *
 * DW_EH_PE_SIGNED alone is an address, signed. LEB128 has no fixed size, so
 * entry i could not be found without reading all before it.
 */
static uint8_t value_size(uint8_t encoding, uint8_t address_size)
{
	switch (encoding & DWU_PE_FORMAT) {
	case DWU_PE_ABSPTR:
	case DWU_PE_SIGNED:
		return address_size;
	case DWU_PE_UDATA2:
	case DWU_PE_SDATA2:
		return 2;
	case DWU_PE_UDATA4:
	case DWU_PE_SDATA4:
		return 4;
	case DWU_PE_UDATA8:
	case DWU_PE_SDATA8:
		return 8;
	default:
		return 0;
	}
}

/*
 * LSB 10.6.2: version, three encodings, the pointer to .eh_frame, the number
 * of entries, the table. What GNU ld and lld write is `datarel | sdata4`; any
 * encoding of a fixed size is read in place, relative to the header or to
 * nothing. All others leave the table empty, which costs an index of our own
 * and no stack.
 */
bool dwu_hdr_parse(struct dwunw_eh_hdr *hdr, const struct dwunw_module *module,
		   const struct dwunw_span *bytes, uint64_t vaddr,
		   uint64_t *eh_vaddr)
{
	struct dwu_cursor c = dwu_cursor(bytes->data, bytes->size, big(module));
	uint8_t address_size = dwu_elf_is_wide(module->elf.elf_class) ? 8 : 4;
	struct dwu_bases b = { .vaddr = vaddr,
			       .data = vaddr,
			       .address_size = address_size };
	uint8_t version = dwu_u8(&c), eh_encoding = dwu_u8(&c);
	uint8_t count_encoding = dwu_u8(&c), encoding = dwu_u8(&c);
	uint64_t count;

	*hdr = (struct dwunw_eh_hdr){ .vaddr = vaddr };
	*eh_vaddr = dwu_encoded(&c, eh_encoding, &b);
	if (c.bad || version != 1 || eh_encoding == DWU_PE_OMIT)
		return false;
	count = dwu_encoded(&c, count_encoding, &b);
	hdr->value_size = value_size(encoding, address_size);
	hdr->value_signed = (encoding & DWU_PE_SIGNED) != 0;
	hdr->data_relative = (encoding & DWU_PE_APPLICATION) == DWU_PE_DATAREL;
	/* the count is the file's word: times two values it has to fit what
	 * there is (count is below 2^32, so the product does not wrap) */
	if (c.bad || encoding == DWU_PE_OMIT || count_encoding == DWU_PE_OMIT ||
	    hdr->value_size == 0 ||
	    (!hdr->data_relative && (encoding & DWU_PE_APPLICATION) != 0) ||
	    (encoding & DWU_PE_INDIRECT) || count > UINT32_MAX ||
	    count * 2 * hdr->value_size > c.size - c.off)
		return true;
	hdr->count = (uint32_t)count;
	hdr->table = dwu_take(&c, count * 2 * hdr->value_size);
	return true;
}

/* A table that is lent: is an entry there? It was not read, or the file was cut. */
static bool hdr_fill(const struct dwunw_module *module, size_t off)
{
	const struct dwunw_eh_hdr *hdr = &module->hdr;
	const struct dwunw_lender *lender = module->eh.lender;

	if (IS_ON(CONFIG_ARCH_32BIT_ONLY) || !hdr->lent)
		return true;
	return lender->fill(lender->ctx, hdr->lent_at + off, hdr->value_size);
}

/* As linkers write it for hosts of the same byte order: four bytes, signed. */
static bool is_plain(const struct dwunw_module *module)
{
	return !IS_ON(CONFIG_ARCH_32BIT_ONLY) && module->hdr.value_size == 4 &&
	       module->hdr.value_signed && module->hdr.data_relative &&
	       big(module) == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) &&
	       dwu_elf_is_wide(module->elf.elf_class);
}

/*
 * An address of an entry of the table, as linked.
 *
 * Entry i has two: field 0 the function, field 1 the FDE. Both are known to lie
 * in the table: callers have entry < count. 0: it cannot be read.
 */
static dwu_place_t hdr_value(const struct dwunw_module *module, uint32_t entry,
			     uint32_t field)
{
	const struct dwunw_eh_hdr *hdr = &module->hdr;
	size_t off = ((size_t)entry * 2 + field) * hdr->value_size;
	struct dwu_cursor c;
	uint64_t value;
	int32_t plain;

	if (!hdr_fill(module, off))
		return 0;
	if (is_plain(module)) {
		memcpy(&plain, hdr->table.data + off, sizeof(plain));
		return (dwu_place_t)(hdr->vaddr + (uint64_t)(int64_t)plain);
	}
	c = dwu_cursor(hdr->table.data, hdr->table.size, big(module));
	c.off = off;
	value = hdr->value_signed ? dwu_sint(&c, hdr->value_size) :
				    dwu_uint(&c, hdr->value_size);
	if (hdr->data_relative)
		value += hdr->vaddr;
	return (dwu_place_t)dwu_address(
		value, dwu_elf_is_wide(module->elf.elf_class) ? 8 : 4);
}

/* The start of an entry's function. */
static dwu_place_t hdr_start(const struct dwunw_module *module, uint32_t entry)
{
	return hdr_value(module, entry, 0);
}

/*
 * An offset that a table gave: it may point to a CIE, a terminator or nowhere.
 */
static dwunw_status_t fde_at(const struct dwunw_module *module,
			     const struct dwunw_cfi *cfi, uint64_t off,
			     struct dwunw_fde *fde)
{
	struct dwu_record rec;

	if (dwu_record(cfi, big(module), off, &rec) != DWUNW_OK || rec.cie ||
	    rec.last || rec.empty)
		return DWUNW_ERR_BAD_FORMAT;
	return dwu_fde(module, cfi, &rec, fde);
}

/*
 * Where its FDE stands in .eh_frame.
 *
 * Below the section it wraps, and is behind its end: fde_at() says BAD_FORMAT.
 */
static dwu_place_t hdr_off(const struct dwunw_module *module, uint32_t entry)
{
	return hdr_value(module, entry, 1) - (dwu_place_t)module->eh.vaddr;
}

/* Does the entry lead to an FDE, of the function that it names? */
static bool hdr_entry_true(const struct dwunw_module *module, uint32_t entry)
{
	struct dwunw_fde fde;

	return fde_at(module, &module->eh, hdr_off(module, entry), &fde) ==
		       DWUNW_OK &&
	       fde.start == hdr_start(module, entry);
}

/* The same of a plain table, whose bytes are brought in at once: a large library has
 * 170,000 entries, and a first question may wait for this. */
static bool ascends_plain(const struct dwunw_module *module)
{
	const struct dwunw_eh_hdr *hdr = &module->hdr;
	const struct dwunw_lender *lender = module->eh.lender;
	size_t size = (size_t)hdr->count * 8;
	uint64_t start, off, before = 0;
	int32_t entry[2];
	uint32_t i;

	if (hdr->lent && !lender->fill(lender->ctx, hdr->lent_at, size))
		return false;
	for (i = 0; i < hdr->count; i++) {
		memcpy(entry, hdr->table.data + (size_t)i * 8, 8);
		start = hdr->vaddr + (uint64_t)(int64_t)entry[0];
		off = hdr->vaddr + (uint64_t)(int64_t)entry[1] -
		      module->eh.vaddr;
		if (start < before || off >= module->eh.bytes.size)
			return false;
		before = start;
	}
	return true;
}

/* Does it ascend, and does each offset lie in the section? One pass over all. */
static bool ascends(const struct dwunw_module *module)
{
	dwu_place_t start, before = 0;
	uint32_t i;

	if (is_plain(module))
		return ascends_plain(module);
	for (i = 0; i < module->hdr.count; i++) {
		start = hdr_start(module, i);
		if (start < before ||
		    hdr_off(module, i) >= module->eh.bytes.size)
			return false;
		before = start;
	}
	return true;
}

/* The same, and two more of its entries lead to the FDEs that they name. */
static bool is_true(const struct dwunw_module *module)
{
	return ascends(module) &&
	       hdr_entry_true(module, module->hdr.count / 2) &&
	       hdr_entry_true(module, module->hdr.count - 1);
}

/*
 * A table that fails costs nothing but time: an index of our own is made, from
 * the FDEs themselves. A table of another section, or of another build, fails
 * at the first entry.
 */
bool dwu_hdr_usable(const struct dwunw_module *module)
{
	const struct dwunw_eh_hdr *hdr = &module->hdr;

	if (hdr->count == 0 || !hdr_entry_true(module, 0))
		return false;
	if (!IS_ON(CONFIG_ARCH_32BIT_ONLY) && hdr->trust &&
	    hdr->count > AT_OPEN_MAX)
		return true;
	if (hdr->trust)
		*hdr->trust = TRUST_SORTED;
	return is_true(module);
}

/*
 * Is what the table did not find not there? Known once it was read to its end.
 * Two threads that ask at once find the same.
 */
static bool is_sorted(const struct dwunw_module *module)
{
	uint32_t *trust = module->hdr.trust;
	uint32_t known;

	if (IS_ON(CONFIG_ARCH_32BIT_ONLY) || !trust)
		return true;
	known = __atomic_load_n(trust, __ATOMIC_RELAXED);
	if (known == TRUST_UNKNOWN) {
		known = is_true(module) ? TRUST_SORTED : TRUST_NOT;
		__atomic_store_n(trust, known, __ATOMIC_RELAXED);
	}
	return known == TRUST_SORTED;
}

/*
 * One pass through a window, nothing is kept. It ends with the section, at a
 * record that makes no sense, at a terminator if the section's size was not
 * known, and at the bounds: a file of 4 GiB may be made of records of 4 bytes.
 *
 * UINT32_MAX: too many records. An index of that size fits no arena, so opening
 * the module ends with NO_MEMORY and does not read for minutes.
 */
uint32_t dwu_index_count(const struct dwunw_elf *elf,
			 struct dwunw_section *section, bool debug_frame,
			 bool size_known)
{
	struct dwu_window w = { .src = &elf->src };
	struct dwu_record rec;
	struct dwu_cursor c;
	const uint8_t *bytes;
	uint64_t off = 0;
	uint32_t count = 0, records = 0, empty = 0;
	size_t size;

	while (off < section->size) {
		if (records++ == DWUNW_RECORDS_MAX)
			return UINT32_MAX;
		size = section->size - off < DWU_RECORD_HEAD ?
			       (size_t)(section->size - off) :
			       DWU_RECORD_HEAD;
		bytes = dwu_window_at(&w, section->off + off, size);
		if (!bytes)
			break;
		c = dwu_cursor(bytes, size, elf->data == 2);
		if (dwu_record_head(&c, debug_frame, section->size, off,
				    &rec) != DWUNW_OK ||
		    (rec.empty && !size_known))
			break;
		empty = rec.empty ? empty + 1 : 0;
		/* padding in a row: no linker writes so much of it */
		if (empty == DWUNW_TERMINATORS_MAX)
			size_known = false;
		/* an upper bound: FDEs that turn out to be broken are
		 * counted */
		count += !rec.cie && !rec.empty;
		off = rec.next;
	}
	if (!size_known)
		section->size = off;
	return count;
}

/*
 * By start, then by offset: FDEs at one address keep the order of the file, so
 * that the result does not depend on the sort.
 */
static bool before(void *ctx, uint32_t a, uint32_t b)
{
	const struct dwunw_index_entry *entries = ctx;
	const struct dwunw_index_entry *x = &entries[a], *y = &entries[b];

	return x->start != y->start ? x->start < y->start : x->off < y->off;
}

static void swap(void *ctx, uint32_t a, uint32_t b)
{
	struct dwunw_index_entry *entries = ctx, held = entries[a];

	entries[a] = entries[b];
	entries[b] = held;
}

/*
 * Where the file's lowest segment is linked: FDEs are indexed from there.
 *
 * With it, 32 bits are enough for files that are linked high up: a program at
 * 0x7f0000001000 has its first FDE at 0x1000, as 32 bits.
 */
static uint64_t lowest_vaddr(const struct dwunw_elf *elf)
{
	uint64_t lowest = UINT64_MAX;
	uint32_t i;

	for (i = 0; i < elf->segment_count; i++)
		if (elf->segments[i].vaddr < lowest)
			lowest = elf->segments[i].vaddr;
	return elf->segment_count ? lowest : 0;
}

/*
 * `entries` has room for `count`, in the module's arena, and belongs to the
 * module from here on. FDEs that cannot be read are left out: their functions
 * have no rows, others do.
 */
void dwu_index_build(const struct dwunw_module *module, struct dwunw_cfi *cfi,
		     struct dwunw_index_entry *entries, uint32_t count)
{
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde;
	dwunw_status_t status;
	uint64_t start;

	cfi->index = entries;
	cfi->index_base = lowest_vaddr(&module->elf);
	dwunw_fde_cursor_init(&cursor, module, cfi);
	while ((status = dwunw_fde_next(&cursor, &fde)) !=
	       DWUNW_ERR_NO_DEBUG_DATA) {
		/* 32 bits a number, so 8 bytes an FDE: what is farther away is
		 * not indexed, nor more than were counted (the file may have
		 * changed) */
		start = fde.start - cfi->index_base;
		if (status != DWUNW_OK || start > UINT32_MAX ||
		    fde.off > UINT32_MAX || cfi->index_count == count)
			continue;
		entries[cfi->index_count].start = (uint32_t)start;
		entries[cfi->index_count++].off = (uint32_t)fde.off;
	}
	dwu_sort(&(struct dwu_sort){ .ctx = entries,
				     .count = cfi->index_count,
				     .before = before,
				     .swap = swap });
}

/*
 * As hdr_upper_bound(), over a plain table: its numbers are compared as they
 * stand. False: vaddr is farther than 31 bits from the header.
 */
static bool plain_upper_bound(const struct dwunw_module *module, uint64_t vaddr,
			      uint32_t *found)
{
	const uint8_t *table = module->hdr.table.data;
	uint64_t wanted = vaddr - module->hdr.vaddr;
	uint32_t low = 0, high = module->hdr.count, middle;
	int32_t start;

	if (!is_plain(module) || wanted + 0x80000000u > UINT32_MAX)
		return false;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (!hdr_fill(module, (size_t)middle * 8)) {
			*found = 0;
			return true;
		}
		memcpy(&start, table + (size_t)middle * 8, sizeof(start));
		if (start <= (int32_t)(uint32_t)wanted)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low;
	return true;
}

/*
 * Number of FDEs that start at vaddr or before it.
 *
 * Ends: high - low is halved in each turn. Entries are read from the file's
 * bytes each time, which are mapped or copied.
 */
static uint32_t hdr_upper_bound(const struct dwunw_module *module,
				uint64_t vaddr)
{
	uint32_t low = 0, high = module->hdr.count, middle;

	if (plain_upper_bound(module, vaddr, &low))
		return low;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (hdr_start(module, middle) <= (dwu_place_t)vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The same over the index, whose addresses count from index_base. Where the
 * distance has more than 32 bits all entries are before it: `wanted` is as wide
 * as an address.
 */
static uint32_t index_upper_bound(const struct dwunw_cfi *cfi, uint64_t vaddr)
{
	dwu_place_t wanted = (dwu_place_t)(vaddr - cfi->index_base);
	uint32_t low = 0, high = cfi->index_count, middle;

	if (vaddr < cfi->index_base)
		return 0;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (cfi->index[middle].start <= wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * .eh_frame_hdr is a table of .eh_frame alone; .debug_frame has always an
 * index.
 */
static bool by_hdr(const struct dwunw_module *module,
		   const struct dwunw_cfi *cfi)
{
	return !cfi->debug_frame && module->hdr.count > 0;
}

/*
 * For example, with FDEs at 0x1020, 0x1040, 0x1060: 2 for 0x105f, 0 for 0x1000.
 */
uint32_t dwu_index_after(const struct dwunw_module *module,
			 const struct dwunw_cfi *cfi, uint64_t vaddr)
{
	return by_hdr(module, cfi) ? hdr_upper_bound(module, vaddr) :
				     index_upper_bound(cfi, vaddr);
}

bool dwu_index_start(const struct dwunw_module *module,
		     const struct dwunw_cfi *cfi, uint32_t index,
		     uint64_t *start)
{
	bool hdr = by_hdr(module, cfi);

	if (index >= (hdr ? module->hdr.count : cfi->index_count))
		return false;
	*start = hdr ? hdr_start(module, index) :
		       cfi->index_base + cfi->index[index].start;
	return true;
}

dwunw_status_t dwu_index_fde(const struct dwunw_module *module,
			     const struct dwunw_cfi *cfi, uint32_t index,
			     struct dwunw_fde *fde)
{
	return fde_at(module, cfi,
		      by_hdr(module, cfi) ? hdr_off(module, index) :
					    cfi->index[index].off,
		      fde);
}

/* DWU_LOOK_BACK bounds a hostile table whose FDEs all start at one address. */
static dwunw_status_t find_sorted(const struct dwunw_module *module,
				  const struct dwunw_cfi *cfi, uint64_t vaddr,
				  struct dwunw_fde *fde)
{
	uint32_t i = dwu_index_after(module, cfi, vaddr);
	dwunw_status_t status;
	int tries;

	/* the last FDE that starts at vaddr or before it mostly covers it;
	 * those before it only where ranges overlap or are empty */
	for (tries = 0; i > 0 && tries < DWU_LOOK_BACK; tries++) {
		status = dwu_index_fde(module, cfi, --i, fde);
		if (status != DWUNW_OK)
			return status;
		/* one comparison: below start, the left side wraps */
		if (vaddr - fde->start < fde->end - fde->start)
			return DWUNW_OK;
	}
	return DWUNW_ERR_NO_DEBUG_DATA;
}

/*
 * All FDEs are asked, and of those that cover vaddr the one that starts last is
 * it, as in an index. A file may have as many as it likes, and each walk may
 * come here: ASKED_MAX in all, then its CFI is broken. A load and a store, as an
 * addition of two threads is a call of libgcc on arm64: some are counted once.
 */
DWU_COLD static dwunw_status_t ask_all(const struct dwunw_module *module,
				       const struct dwunw_cfi *cfi,
				       uint64_t vaddr, struct dwunw_fde *found)
{
	uint32_t *asked = module->hdr.trust, count;
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde;
	dwunw_status_t status, result = DWUNW_ERR_NO_DEBUG_DATA;

	dwunw_fde_cursor_init(&cursor, module, cfi);
	while ((status = dwunw_fde_next(&cursor, &fde)) !=
	       DWUNW_ERR_NO_DEBUG_DATA) {
		count = __atomic_load_n(asked, __ATOMIC_RELAXED);
		if (count >= ASKED_MAX)
			return DWUNW_ERR_BAD_FORMAT;
		__atomic_store_n(asked, count + 1, __ATOMIC_RELAXED);
		if (status != DWUNW_OK ||
		    vaddr - fde.start >= fde.end - fde.start ||
		    (result == DWUNW_OK && fde.start < found->start))
			continue;
		*found = fde;
		result = DWUNW_OK;
	}
	return result;
}

dwunw_status_t dwu_index_find(const struct dwunw_module *module,
			      const struct dwunw_cfi *cfi, uint64_t vaddr,
			      struct dwunw_fde *fde)
{
	dwunw_status_t status = find_sorted(module, cfi, vaddr, fde);

	if (IS_ON(CONFIG_ARCH_32BIT_ONLY) || status == DWUNW_OK ||
	    !by_hdr(module, cfi) || is_sorted(module))
		return status;
	return ask_all(module, cfi, vaddr, fde);
}

/* For what asks of neighbours: a table that is not sorted has none. */
bool dwu_index_sorted(const struct dwunw_module *module,
		      const struct dwunw_cfi *cfi)
{
	return !by_hdr(module, cfi) || is_sorted(module);
}

void dwunw_fde_cursor_init(struct dwunw_fde_cursor *cursor,
			   const struct dwunw_module *module,
			   const struct dwunw_cfi *cfi)
{
	*cursor = (struct dwunw_fde_cursor){ .module = module, .cfi = cfi };
}

/*
 * A terminator need not be the last record (an object that has one may be
 * linked in the middle), so it is stepped over; a row of them without end is
 * bounded by DWUNW_TERMINATORS_MAX.
 */
dwunw_status_t dwunw_fde_next(struct dwunw_fde_cursor *cursor,
			      struct dwunw_fde *fde)
{
	struct dwu_record rec;
	dwunw_status_t status;
	uint32_t empty = 0;

	/* rec.next lies behind cursor->off, so this ends with the section */
	for (;;) {
		status = dwu_record(cursor->cfi, big(cursor->module),
				    cursor->off, &rec);
		if (status != DWUNW_OK) {
			*fde = (struct dwunw_fde){ .cfi = cursor->cfi,
						   .off = rec.off };
			/* a bad length leads nowhere: the walk ends behind */
			cursor->off = cursor->cfi->bytes.size;
			return status;
		}
		empty = rec.empty ? empty + 1 : 0;
		if (rec.last || empty > DWUNW_TERMINATORS_MAX)
			return DWUNW_ERR_NO_DEBUG_DATA;
		cursor->off = rec.next;
		if (!rec.cie && !rec.empty)
			return dwu_fde(cursor->module, cursor->cfi, &rec, fde);
	}
}
