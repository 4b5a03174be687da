/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "entry.h"

#include <dwunw/bounds.h>

#include "arch/arch.h"
#include "core/elf/elf.h"

/* DWARF 5 7.4, 7.2.2: initial length and CIE id of either format. */
dwunw_status_t dwu_record_head(struct dwu_cursor *c, bool debug_frame,
			       uint64_t section_size, uint64_t off,
			       struct dwu_record *rec)
{
	uint64_t length, id, id_off;
	size_t start = c->off;

	*rec = (struct dwu_record){ .off = off,
				    .next = (dwu_place_t)section_size };
	length = dwu_u32(c);
	/* 0xfffffff0 to 0xfffffffe are reserved (7.2.2) */
	if (length == 0xffffffff) {
		rec->wide = true;
		length = dwu_u64(c);
	} else if (length >= 0xfffffff0) {
		return DWUNW_ERR_BAD_FORMAT;
	}
	id_off = off + (c->off - start);
	/* the one length that everything else of the record is bounded by */
	if (c->bad || length > section_size - id_off)
		return DWUNW_ERR_BAD_FORMAT;
	rec->next = (dwu_place_t)(id_off + length);
	if (length == 0) {
		rec->empty = true;
		return DWUNW_OK;
	}
	/* in .eh_frame the id has 4 bytes whatever the length (LSB 10.6.1.1) */
	id = dwu_uint(c, debug_frame && rec->wide ? 8 : 4);
	rec->body_off = (dwu_place_t)(off + (c->off - start));
	if (c->bad || rec->body_off > rec->next)
		return DWUNW_ERR_BAD_FORMAT;
	rec->body_size = rec->next - rec->body_off;
	/* .debug_frame: an offset in the section, all ones for a CIE.
	 * .eh_frame: the distance back from this field, 0 for a CIE (LSB
	 * 10.6.1.1) */
	if (debug_frame)
		rec->cie = id == (rec->wide ? UINT64_MAX : UINT32_MAX);
	else
		rec->cie = id == 0;
	rec->cie_off = debug_frame ? id : id_off - id;
	return DWUNW_OK;
}

dwunw_status_t dwu_record(const struct dwunw_cfi *cfi, bool big, uint64_t off,
			  struct dwu_record *rec)
{
	struct dwu_cursor c;

	*rec = (struct dwu_record){ .off = off };
	if (off >= cfi->bytes.size) {
		rec->next = (dwu_place_t)off;
		rec->last = true;
		return DWUNW_OK;
	}
	c = dwu_cursor(cfi->bytes.data, cfi->bytes.size, big);
	c.off = (size_t)off;
	if (!dwu_cfi_fill(cfi, off, DWU_RECORD_HEAD))
		return DWUNW_ERR_BAD_FORMAT;
	return dwu_record_head(&c, cfi->debug_frame, cfi->bytes.size, off, rec);
}

/*
 * An .eh_frame of megabytes is brought in where it is used
 * (port/linux/lend.c). A lender that says no is a file that changed, or a
 * bound that was reached.
 */
bool dwu_cfi_fill(const struct dwunw_cfi *cfi, uint64_t off, uint64_t size)
{
	const struct dwunw_lender *lender = cfi->lender;

	if (IS_ON(CONFIG_ARCH_32BIT_ONLY) || !lender)
		return true;
	if (size > cfi->bytes.size - off)
		size = cfi->bytes.size - off;
	return lender->fill(lender->ctx, off, (size_t)size);
}

/* Thousands of FDEs may share a CIE: one is read in bounded time. */
static bool is_usable(const struct dwunw_cfi *cfi, const struct dwu_record *rec,
		      uint32_t size_max)
{
	return rec->body_size <= size_max &&
	       dwu_cfi_fill(cfi, rec->body_off, rec->body_size);
}

static struct dwu_cursor body(const struct dwunw_module *module,
			      const struct dwunw_cfi *cfi,
			      const struct dwu_record *rec)
{
	return dwu_cursor(cfi->bytes.data + rec->body_off,
			  (size_t)rec->body_size, module->elf.data == 2);
}

DWU_ONE_COPY static struct dwu_bases bases(const struct dwunw_cfi *cfi,
					   const struct dwu_record *rec,
					   uint8_t address_size)
{
	return (struct dwu_bases){ .vaddr = cfi->vaddr + rec->body_off,
				   .text = cfi->text_vaddr,
				   .data = cfi->data_vaddr,
				   .address_size = address_size };
}

/* What an augmentation says of the FDEs' language data. */
struct augmentation {
	bool sized;   /* 'z' */
	uint8_t lsda; /* 'L' */
};

/*
 * LSB 10.6.1.1.1. The personality is stepped over, never followed: its word
 * may lie in memory that nobody can read.
 */
static bool parse_augmentation(struct dwu_cursor *c, const char *letters,
			       const struct dwu_bases *b, struct dwunw_fde *fde,
			       struct augmentation *aug)
{
	uint64_t size, end;
	uint8_t encoding;

	if (!*letters)
		return true;
	if (letters[0] == 'e' && letters[1] == 'h' && !letters[2])
		return true; /* GCC 2: its pointer was read already */
	/* without 'z' nothing follows, so `end` is here */
	end = c->off;
	if (*letters == 'z') {
		letters++;
		aug->sized = true;
		size = dwu_uleb(c);
		end = c->off + size;
		if (c->bad || size > c->size - c->off)
			return false;
	}
	for (; *letters; letters++) {
		if (*letters == 'S') {
			fde->signal_frame = true;
		} else if (*letters == 'B') {
			fde->b_key = true; /* AADWARF64 5.2 */
		} else if (!aug->sized) {
			return false; /* gas writes "S" alone in .debug_frame */
		} else if (*letters == 'R') {
			fde->encoding = dwu_u8(c);
		} else if (*letters == 'L') {
			aug->lsda = dwu_u8(c);
		} else if (*letters == 'P') {
			encoding = dwu_u8(c);
			(void)dwu_encoded(c, encoding, b);
		} else {
			break; /* unknown, but 'z' tells where it ends */
		}
	}
	if (c->off > end)
		return false;
	c->off = (size_t)end;
	return !c->bad;
}

static dwunw_status_t parse_cie(const struct dwunw_module *module,
				const struct dwunw_cfi *cfi, uint64_t off,
				struct dwunw_fde *fde, struct augmentation *aug)
{
	uint8_t native = dwu_elf_is_wide(module->elf.elf_class) ? 8 : 4;
	struct dwu_record rec;
	struct dwu_bases b;
	struct dwu_cursor c;
	const char *letters;

	*aug = (struct augmentation){ .lsda = DWU_PE_OMIT };
	if (off >= cfi->bytes.size ||
	    dwu_record(cfi, module->elf.data == 2, off, &rec) != DWUNW_OK ||
	    !rec.cie || !is_usable(cfi, &rec, DWUNW_CIE_MAX))
		return DWUNW_ERR_BAD_FORMAT;
	fde->cie_off = off;
	c = body(module, cfi, &rec);
	/* 1: GCC, and .eh_frame; 3, 4: DWARF 3 and 4 to 5 (6.4.1) */
	fde->version = dwu_u8(&c);
	if (fde->version != 1 && fde->version != 3 && fde->version != 4)
		return DWUNW_ERR_BAD_FORMAT;
	letters = dwu_string(&c);
	fde->address_size = native;
	if (fde->version == 4) {
		fde->address_size = dwu_u8(&c);
		fde->segment_size = dwu_u8(&c);
	}
	if ((fde->address_size != 4 && fde->address_size != 8) ||
	    fde->segment_size > 8)
		return DWUNW_ERR_BAD_FORMAT;
	if (letters[0] == 'e' && letters[1] == 'h' && !letters[2])
		dwu_skip(&c, fde->address_size);
	fde->code_align = dwu_uleb(&c);
	fde->data_align = dwu_sleb(&c);
	/* a byte in version 1, ULEB128 later */
	fde->ra_reg = fde->version == 1 ? dwu_u8(&c) : dwu_uleb(&c);
	fde->encoding = DWU_PE_ABSPTR;
	b = bases(cfi, &rec, fde->address_size);
	if (!parse_augmentation(&c, letters, &b, fde, aug) || c.bad)
		return DWUNW_ERR_BAD_FORMAT;
	fde->initial = dwu_take(&c, c.size - c.off);
	return DWUNW_OK;
}

dwunw_status_t dwu_cie(const struct dwunw_module *module,
		       const struct dwunw_cfi *cfi, uint64_t off,
		       struct dwunw_fde *fde)
{
	struct augmentation aug;

	*fde = (struct dwunw_fde){ .cfi = cfi, .off = off };
	return parse_cie(module, cfi, off, fde, &aug);
}

dwunw_status_t dwu_fde(const struct dwunw_module *module,
		       const struct dwunw_cfi *cfi,
		       const struct dwu_record *rec, struct dwunw_fde *fde)
{
	struct augmentation aug;
	struct dwu_bases b;
	struct dwu_cursor c;
	uint64_t size, end;
	dwunw_status_t status;

	*fde = (struct dwunw_fde){ .cfi = cfi, .off = rec->off };
	status = parse_cie(module, cfi, rec->cie_off, fde, &aug);
	if (status != DWUNW_OK)
		return status;
	if (!is_usable(cfi, rec, DWUNW_FDE_MAX))
		return DWUNW_ERR_BAD_FORMAT;
	c = body(module, cfi, rec);
	b = bases(cfi, rec, fde->address_size);
	dwu_skip(&c, fde->segment_size);
	fde->start = dwu_encoded(&c, fde->encoding, &b);
	/* the range has the format of the start, and is relative to nothing */
	size = dwu_encoded(&c, fde->encoding & DWU_PE_FORMAT, &b);
	fde->end = fde->start + size;
	if (aug.sized) {
		size = dwu_uleb(&c);
		end = c.off + size;
		if (c.bad || size > c.size - c.off)
			return DWUNW_ERR_BAD_FORMAT;
		b.func = fde->start;
		if (size > 0)
			fde->lsda = dwu_encoded(&c, aug.lsda, &b);
		c.off = (size_t)end;
	}
	fde->program = dwu_take(&c, c.size - c.off);
	if (c.bad || fde->end < fde->start)
		return DWUNW_ERR_BAD_FORMAT;
	return DWUNW_OK;
}
