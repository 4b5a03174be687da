/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Event bytes -> registers and a walk input. SPEC.md has the layout.
 *
 *	"DWE1" (magic) | version | arch | size | kind | flags | pid | tid | ..
 *	reg_count registers, 8 bytes each | return_count pairs | stack bytes
 *
 * For example, a STACK event of x86_64 with 17 registers and 64 KiB of stack:
 * 88 + 136 + 65,536 bytes. Registers and returns are copied into *event; the
 * stack is not: it points into the bytes, which must stay until the walk is
 * over.
 *
 * The bytes may come from a file or a network: sizes and counts are checked
 * against the record, which is checked against the buffer. Either byte order is
 * read.
 */
#include "arch/arch.h"
#include "core/base/bytes.h"

#include <dwunw/walk.h>

_Static_assert(sizeof(struct dwunw_event_header) == 88, "SPEC.md");
_Static_assert(sizeof(struct dwunw_event_return) == 16, "SPEC.md");

/*
 * In the order of SPEC.md 1: fields are read, never cast, so alignment is free.
 *
 * A field that is cut off is 0; c->bad is asked once, by the caller.
 */
static void parse_header(struct dwu_cursor *c, struct dwunw_event_header *h)
{
	h->magic = dwu_u32(c);
	h->version = dwu_u16(c);
	h->arch = dwu_u16(c);
	h->size = dwu_u32(c);
	h->kind = dwu_u16(c);
	h->flags = dwu_u16(c);
	h->pid = dwu_u32(c);
	h->tid = dwu_u32(c);
	h->time_ns = dwu_u64(c);
	h->key = dwu_u64(c);
	h->cookie = dwu_u64(c);
	h->value = dwu_u64(c);
	h->map_generation = dwu_u32(c);
	h->entry_offset = (int32_t)dwu_u32(c);
	h->reg_count = dwu_u16(c);
	h->return_count = dwu_u16(c);
	h->stack_size = dwu_u32(c);
	h->stack_addr = dwu_u64(c);
	h->reserved = dwu_u64(c);
}

/*
 * Registers in the order of their DWARF numbers, 64 bits each on all targets;
 * mips32's are cut to 32, whatever their sender has above.
 */
static dwunw_status_t parse_regs(struct dwu_cursor *c,
				 const struct dwunw_event_header *h,
				 struct dwunw_regset *regs)
{
	const struct dwunw_arch_ops *arch = dwunw_arch_by_id(h->arch);
	uint64_t value = 0;
	uint16_t i;

	if (dwunw_regset_prepare(regs, h->arch) != DWUNW_OK)
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	/* the pc comes last: as column ra, or behind the link register's
	 * arch's registers */
	if (h->reg_count !=
	    dwu_arch(arch)->reg_count + dwu_arch(arch)->link_register)
		return DWUNW_ERR_BAD_FORMAT;
	for (i = 0; i < h->reg_count; i++) {
		value = dwu_address(dwu_u64(c), dwu_arch(arch)->address_size);
		regs->regs[i] = value;
	}
	regs->pc = value;
	regs->sp = regs->regs[dwu_arch(arch)->sp];
	return DWUNW_OK;
}

/* registers, pairs of a uretprobe (entry sp, true return address), stack */
static dwunw_status_t parse_stack(struct dwunw_event *event,
				  struct dwu_cursor *c)
{
	const struct dwunw_event_header *h = &event->header;
	struct dwunw_span stack;
	dwunw_status_t status;
	uint16_t i;

	status = parse_regs(c, h, &event->regs);
	if (status != DWUNW_OK)
		return status;
	/* event->returns has that many */
	if (h->return_count > DWUNW_EVENT_RETURN_MAX)
		return DWUNW_ERR_BAD_FORMAT;
	for (i = 0; i < h->return_count; i++) {
		event->returns[i].entry_sp = dwu_u64(c);
		event->returns[i].addr = dwu_u64(c);
	}
	/* a size from the record: bad if the record does not hold it */
	stack = dwu_take(c, h->stack_size);
	if (c->bad)
		return DWUNW_ERR_BAD_FORMAT;
	event->input.regs = &event->regs;
	event->input.stack.bytes = stack.data;
	event->input.stack.addr = h->stack_addr;
	event->input.stack.size = stack.size;
	event->input.returns = event->returns;
	event->input.return_count = h->return_count;
	event->input.entry_offset = h->entry_offset;
	/* bits that later versions may add are none of ours */
	event->input.flags = h->flags &
			     (DWUNW_EVENT_FLAG_ENTRY | DWUNW_EVENT_FLAG_CAPPED);
	return DWUNW_OK;
}

/*
 * Events of other kinds (MAP, EXEC, ..) have a body of their own: it is given
 * as bytes.
 */
dwunw_status_t dwunw_event_parse(struct dwunw_event *event, const void *bytes,
				 size_t size)
{
	struct dwu_cursor c;
	bool big;

	if (!event || !bytes)
		return DWUNW_ERR_INVALID_ARG;
	memset(event, 0, sizeof(*event));
	c = dwu_cursor(bytes, size, false);
	/* a magic that is not ours read as little-endian is ours read as big-
	 * endian, or the next test finds that it is neither */
	big = dwu_u32(&c) != DWUNW_EVENT_MAGIC;
	c = dwu_cursor(bytes, size, big);
	parse_header(&c, &event->header);
	if (c.bad || event->header.magic != DWUNW_EVENT_MAGIC ||
	    event->header.size < sizeof(event->header) ||
	    event->header.size > size)
		return DWUNW_ERR_BAD_FORMAT;
	if (event->header.version != DWUNW_EVENT_VERSION)
		return DWUNW_ERR_NOT_IMPLEMENTED;
	/* padding of the buffer behind the record is no part of it */
	c.size = event->header.size;
	if (event->header.kind != DWUNW_EVENT_STACK) {
		event->input.stack.bytes = bytes;
		event->input.stack.size = c.size;
		return DWUNW_OK;
	}
	return parse_stack(event, &c);
}
