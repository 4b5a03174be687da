/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Code bytes of a module, an instruction at a time: place in the text -> bytes
 * -> what the target's decoder says of them. A text is one executable segment,
 * a place its distance from the segment's start.
 *
 * For example, x86_64, a segment at 0x401000: place 0x136 is 0x401136, bytes 55
 * are "push rbp", { size 1, flow NEXT }; e8 c5 fe ff ff at 0x401146 is { size
 * 5, flow CALL, target 0x401010 }, which is place 0x10.
 *
 * The file is hostile: a segment ends where its file does, places have 32 bits
 * and stay below 2^31, so that place + size never wraps; what cannot be decoded
 * moves on by a unit, so that every walk over code ends.
 */
#include "code.h"

#include "core/base/bytes.h"
#include "core/elf/dynamic.h"
#include "core/elf/elf.h"

enum {
	PF_X = 1,
	SHF_EXECINSTR = 4
};

/* Bytes of start code that are looked at: libraries' have up to 100. */
#define ENTRY_SIZE 256u

/* Sections that are looked at. */
#define SECTION_MAX 4096u

/*
 * text->view, or the window, is valid as long as the module's source. The isa
 * is 0 until somebody who knows sets it.
 */
bool dwu_code_open(struct dwu_text *text, const struct dwunw_module *module,
		   uint64_t vaddr)
{
	const struct dwunw_source *src = &module->elf.src;
	struct dwunw_segment s;
	dwu_place_t size;

	if (!module->arch->scan ||
	    dwunw_elf_segment(&module->elf, vaddr, &s) != DWUNW_OK ||
	    !(s.flags & PF_X) || (dwu_place_t)s.off >= (dwu_place_t)src->size)
		return false;
	/* what the file has not is no code, whatever its headers say */
	size = (dwu_place_t)s.file_size;
	if (size > (dwu_place_t)(src->size - s.off))
		size = (dwu_place_t)(src->size - s.off);
	if (size > UINT32_MAX / 2)
		return false;
	text->size = (uint32_t)size;
	text->module = module;
	text->arch = module->arch;
	text->ops = module->arch->scan;
	text->vaddr = s.vaddr;
	text->file_off = s.off;
	text->isa = 0;
	text->window.src = src;
	text->window.off = 0;
	text->window.size = 0;
	text->view = src->view ? src->view(src->ctx, s.off, text->size) : NULL;
	return dwu_code_place(text, vaddr) != DWU_NOWHERE;
}

uint32_t dwu_code_place(const struct dwu_text *text, uint64_t vaddr)
{
	dwu_place_t off = (dwu_place_t)(vaddr - text->vaddr);

	return off < text->size ? (uint32_t)off : DWU_NOWHERE;
}

/*
 * Up to DWU_INSN_MAX bytes, as any instruction may need; fewer at the end of
 * the text.
 */
static void read_bytes(struct dwu_text *text, uint32_t at,
		       struct dwu_code *code)
{
	uint32_t size = text->size - at;

	if (at >= text->size)
		return;
	if (size > DWU_INSN_MAX)
		size = DWU_INSN_MAX;
	code->bytes = text->view ? text->view + at :
				   dwu_window_at(&text->window,
						 text->file_off + at, size);
	if (code->bytes)
		code->size = size;
}

/*
 * op->target is told only where it is in this text: a call into another segment
 * is DWU_NOWHERE, as if it were not known.
 */
void dwu_code_read(struct dwu_text *text, uint32_t at, struct dwu_op *op)
{
	struct dwu_insn *insn = &op->insn;

	memset(op, 0, sizeof(*op));
	op->code.vaddr = (uint32_t)text->vaddr + at;
	op->code.isa = text->isa;
	op->at = at;
	op->target = DWU_NOWHERE;
	read_bytes(text, at, &op->code);
	if (op->code.bytes)
		text->ops->decode(text->arch, &op->code, insn);
	/* not decodable, or cut by the end of the text: one unit on, so that a
	 * sweep goes on behind data */
	if (insn->size == 0 || insn->size > op->code.size) {
		memset(insn, 0, sizeof(*insn));
		op->next = at + (dwu_scan_ops(text->ops)->unit >> text->isa);
		return;
	}
	op->next = at + insn->size;
	if (insn->target != 0 &&
	    insn->target - (uint32_t)text->vaddr < text->size)
		op->target = insn->target - (uint32_t)text->vaddr;
}

/* For words that are no instructions: tables, constants, the resolver's two. */
uint32_t dwu_code_number(struct dwu_text *text, uint32_t at, uint8_t size)
{
	struct dwu_code code = { .bytes = NULL };
	struct dwu_cursor c;

	read_bytes(text, at, &code);
	c = dwu_cursor(code.bytes, code.size, text->arch->big_endian);
	return (uint32_t)dwu_uint(&c, size);
}

uint32_t dwu_code_table(struct dwu_text *text, uint32_t at)
{
	uint32_t start = at, place, entry, end = text->size;

	if (!text->isa)
		return at;
	/* a no-op aligns it */
	if (!(dwu_code_number(text, at, 2) & 1))
		start += 2;
	/* Offsets of 2 bytes behind a MIPS16e jump, odd as code addresses are.
	 * The table ends where its nearest target begins; anything else is no
	 * table. */
	for (place = start; place < end; place += 2) {
		entry = dwu_code_number(text, place, 2);
		if (!(entry & 1))
			return at;
		if (entry < 0x8000 && start + entry - 1 < end)
			end = start + entry - 1;
	}
	return place == end ? end : at;
}

/*
 * For example, _start of x86_64: xor ebp, ebp; ..; call *__libc_start_main;
 * hlt. A pc between, or the return address behind the call, is in the first
 * function.
 */
bool dwu_code_from_entry(struct dwu_text *text,
			 const struct dwunw_module *module, uint64_t vaddr,
			 bool called)
{
	const struct dwunw_elf *elf = &module->elf;
	uint64_t entry = elf->entry & module->arch->pc_mask;
	struct dwu_op op;
	uint32_t at, to;

	if (vaddr - entry - called >= ENTRY_SIZE || !dwu_elf_is_program(elf) ||
	    !dwu_code_open(text, module, entry))
		return false;
	text->isa = dwu_isa(module->arch, elf->entry);
	to = dwu_code_place(text, vaddr);
	/* straight on from e_entry, over calls only; ENTRY_SIZE is far
	 * enough */
	for (at = dwu_code_place(text, entry); at < to; at = op.next) {
		dwu_code_read(text, at, &op);
		if (op.insn.size == 0 || op.insn.flow & ~DWU_FLOW_CALL)
			return false;
		/* another function begins where a call leads */
		if (op.target > dwu_behind(&op) && op.target <= to - called)
			return false;
	}
	return at == to;
}

/*
 * Sections with SHF_EXECINSTR, in the order of their headers; their addresses
 * are the file's, and are clipped by whoever asks.
 */
bool dwu_code_section(struct dwu_text *text, uint32_t *index,
		      struct dwunw_section *s)
{
	const struct dwunw_elf *elf = &text->module->elf;
	uint32_t name;

	/* ends with the headers: real files have some forty */
	while (*index < elf->section_count && *index < SECTION_MAX) {
		if (dwu_elf_section_header(elf, &text->window, (*index)++, s,
					   &name) == DWUNW_OK &&
		    (s->flags & SHF_EXECINSTR) && s->size > 0)
			return true;
	}
	return false;
}
