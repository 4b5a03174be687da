/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * One record of .eh_frame or .debug_frame -> struct dwunw_fde: what a CIE says
 * for many functions, and an FDE for one. For example, of a C program of
 * x86_64, at 0x2030 and 0x2048 as linked (a CIE's id is 0; an FDE has the
 * distance back to it):
 *
 *	14 00 00 00  00 00 00 00  01 'z' 'R' 00  01 78 10  01 1b  0c 07 08 90 01 ..
 *	length 20    id: a CIE    version 1      1 -8 r16  R: pcrel sdata4, rules
 *	14 00 00 00  1c 00 00 00  f0 ef ff ff    22 00 00 00  00  ..
 *	length 20    CIE: 0x1c    0x2050 - 0x1010  34 bytes   no data, rules
 *			before    = 0x1040
 *
 * All of it is the file's word. A record is bounded by its section, what is in
 * it by the record; the version, the address size and the augmentation must be
 * known ones. A field that makes no sense costs this FDE alone: BAD_FORMAT.
 */
#include "entry.h"

#include <dwunw/bounds.h>

#include "arch/arch.h"
#include "core/elf/elf.h"

/*
 * DWARF 5 7.4, 7.2.2: initial length and CIE id of either format.
 *
 * `length` counts what follows it: 20 in the example, so the next record is at
 * +24. A section that is not all at hand (core/cfi/index.c reads 20 bytes of
 * each record) is bounded by its size all the same.
 */
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
	/* a length of 1 to 3 has no room for an id */
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
	/* a distance beyond the section's start wraps to an offset that no
	 * section has: parse_cie() refuses it */
	rec->cie_off = debug_frame ? id : id_off - id;
	return DWUNW_OK;
}

/*
 * An .eh_frame of megabytes is brought in where it is used (port/linux/lend.c).
 * A lender that says no is a file that changed, or a bound that was reached.
 *
 * The caller knows that off is not behind the section's end.
 */
static bool fill(const struct dwunw_cfi *cfi, uint64_t off, uint64_t size)
{
	const struct dwunw_lender *lender = cfi->lender;

	if (IS_ON(CONFIG_ARCH_32BIT_ONLY) || !lender)
		return true;
	if (size > cfi->bytes.size - off)
		size = cfi->bytes.size - off;
	return lender->fill(lender->ctx, cfi->lent_at + off, (size_t)size);
}

/* The end of the section is no error: `last`, and next stays where it is. */
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
	if (!fill(cfi, off, DWU_RECORD_HEAD))
		return DWUNW_ERR_BAD_FORMAT;
	return dwu_record_head(&c, cfi->debug_frame, cfi->bytes.size, off, rec);
}

/* Thousands of FDEs may share a CIE: one is read in bounded time. */
static bool is_usable(const struct dwunw_cfi *cfi, const struct dwu_record *rec,
		      uint32_t size_max)
{
	return rec->body_size <= size_max &&
	       fill(cfi, rec->body_off, rec->body_size);
}

/* What stands behind the id, with the section's byte order (EI_DATA). */
static struct dwu_cursor body(const struct dwunw_module *module,
			      const struct dwunw_cfi *cfi,
			      const struct dwu_record *rec)
{
	return dwu_cursor(cfi->bytes.data + rec->body_off,
			  (size_t)rec->body_size, module->elf.data == 2);
}

/*
 * What pointers in the record are relative to (LSB 5 10.5.1, table 10-6). vaddr
 * is that of the body's first byte, where the cursor of body() begins.
 */
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
			fde->b_key = true; /* AADWARF64 4.3 */
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

/*
 * DWARF 5 6.4.1, LSB 5 10.6.1.1: id, version, augmentation, in version 4 the
 * sizes of an address and a segment selector, code and data alignment factor,
 * return address column, augmentation data, instructions. `off` comes from an
 * FDE, so it may point to anything: to no CIE, or to an FDE.
 */
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
	/* 6.4.1: only DWARF 4 and 5 say it; before, it is the file's class */
	if (fde->version == 4) {
		fde->address_size = dwu_u8(&c);
		fde->segment_size = dwu_u8(&c);
	}
	/* no target here has others, and dwu_encoded() masks with it */
	if ((fde->address_size != 4 && fde->address_size != 8) ||
	    fde->segment_size > 8)
		return DWUNW_ERR_BAD_FORMAT;
	if (letters[0] == 'e' && letters[1] == 'h' && !letters[2])
		dwu_skip(&c, fde->address_size);
	/* 1, or 4 for arm64; -8 or -4: registers are saved a word apart,
	 * downwards. Other numbers do no harm: sums wrap */
	fde->code_align = dwu_uleb(&c);
	fde->data_align = dwu_sleb(&c);
	/* a byte in version 1, ULEB128 later */
	fde->ra_reg = fde->version == 1 ? dwu_u8(&c) : dwu_uleb(&c);
	fde->encoding = DWU_PE_ABSPTR;
	b = bases(cfi, &rec, fde->address_size);
	/* `fde->initial` is what is left: rules that all FDEs of it begin
	 * with */
	if (!parse_augmentation(&c, letters, &b, fde, aug) || c.bad)
		return DWUNW_ERR_BAD_FORMAT;
	fde->initial = dwu_take(&c, c.size - c.off);
	return DWUNW_OK;
}

/*
 * LSB 5 10.6.1.2, DWARF 5 6.4.1: where the function begins, its size, language
 * data, instructions. The CIE is read anew for each FDE: it is 52 bytes at most
 * in real files, and nothing is kept of it.
 */
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
	/* 6.4.1: a segment selector, on targets that have segments; all of ours
	 * have a size of 0 there */
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
		/* DW_EH_PE_funcrel is relative to the function (LSB 5
		 * 10.5.1) */
		b.func = fde->start;
		if (size > 0)
			fde->lsda = dwu_encoded(&c, aug.lsda, &b);
		c.off = (size_t)end;
	}
	fde->program = dwu_take(&c, c.size - c.off);
	/* a size that wraps would make a function of all addresses */
	if (c.bad || fde->end < fde->start)
		return DWUNW_ERR_BAD_FORMAT;
	return DWUNW_OK;
}
