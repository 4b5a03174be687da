/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Memory of the target while a stack is walked: first the copy of the stack
 * that an event brought along, then the caller's callback (ptrace,
 * process_vm_readv, a core file). Values are given in the host's byte order,
 * and counted.
 *
 * For example, a copy of 64 KiB from 0x7ffe0000 on: a word at 0x7ffeffa8 is
 * taken from the copy by dwu_read_word() inline; one at 0x7ffefffc, which ends
 * behind it, and one at 0x600000 are asked of the callback. Without one the
 * walk stops there: UNREADABLE, or TRUNCATED if the copy was cut while there
 * was more stack.
 *
 * The copy belongs to the event and outlives the walk. Addresses come from
 * registers and memory of the target, so each may be anything.
 */
#include "reader.h"

#define HOST_IS_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/*
 * `swap` is decided here, once, so that a read is a copy and at most one
 * instruction.
 */
struct dwu_reader dwu_reader(const struct dwunw_arch_ops *arch,
			     const struct dwunw_walk_input *input)
{
	uint64_t size = input->stack.size,
		 last = dwu_arch(arch)->address_size - 1u;

	/* `words`: the offsets in the copy at which a whole word begins, so
	 * that dwu_read_word() compares once */
	return (struct dwu_reader){
		.stack = input->stack,
		.words = size > last ? size - last : 0,
		.read = input->read_memory,
		.ctx = input->memory_ctx,
		.capped = (input->flags & DWUNW_WALK_CAPPED) != 0,
		.swap = arch->big_endian != HOST_IS_BIG,
		.address_size = dwu_arch(arch)->address_size,
	};
}

/*
 * The snapshot first, then the callback. An address below the snapshot wraps
 * to a large offset and fails the first comparison. Bytes that are half in the
 * copy and half behind it are asked of the callback as a whole.
 */
static bool read_bytes(struct dwu_reader *reader, uint64_t addr, void *dst,
		       uint8_t size)
{
	uint64_t off = addr - reader->stack.addr;

	reader->count++;
	if (off < reader->stack.size && size <= reader->stack.size - off) {
		memcpy(dst, reader->stack.bytes + (size_t)off, size);
		return true;
	}
	if (reader->read &&
	    reader->read(reader->ctx, addr, dst, size) == DWUNW_OK)
		return true;
	reader->failed = addr;
	return false;
}

/*
 * Callers pass 1, 2, 4 or 8 (expr.c tests the size that DW_OP_deref_size
 * gives).
 */
bool dwu_read_uint(struct dwu_reader *reader, uint64_t addr, uint8_t size,
		   uint64_t *value)
{
	uint64_t v8;
	uint32_t v4;
	uint16_t v2;
	uint8_t v1;

	switch (size) {
	case 8:
		if (!read_bytes(reader, addr, &v8, 8))
			return false;
		*value = reader->swap ? __builtin_bswap64(v8) : v8;
		return true;
	case 4:
		if (!read_bytes(reader, addr, &v4, 4))
			return false;
		*value = reader->swap ? __builtin_bswap32(v4) : v4;
		return true;
	case 2:
		if (!read_bytes(reader, addr, &v2, 2))
			return false;
		*value = reader->swap ? __builtin_bswap16(v2) : v2;
		return true;
	default:
		if (!read_bytes(reader, addr, &v1, 1))
			return false;
		*value = v1;
		return true;
	}
}

/*
 * Why a walk ends where a read failed. TRUNCATED tells the user to copy more
 * stack; UNREADABLE that no copy would help.
 */
uint8_t dwu_read_stop(const struct dwu_reader *reader)
{
	uint64_t end = reader->stack.addr + reader->stack.size;

	/* A word that begins in the copy and ends behind it was cut off, too.
	 * With a callback that memory was asked for, so it is the target's
	 * fault. */
	if (reader->capped && !reader->read && reader->failed + 8 > end &&
	    reader->failed >= reader->stack.addr)
		return DWUNW_STOP_TRUNCATED;
	return DWUNW_STOP_UNREADABLE;
}
