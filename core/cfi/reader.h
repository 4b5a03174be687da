/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The target while one stack is walked: its registers, and the one counted
 * way to read its memory.
 */
#ifndef DWU_READER_H
#define DWU_READER_H

#include <dwunw/walk.h>

#include "arch/arch.h"
#include "core/base/bytes.h"

/* No reason to stop: the walk goes on. Beside enum dwunw_stop_reason. */
#define DWU_GO 0xffu

/* By column; r[arch->sp] is the stack pointer. Bit n of valid: r[n] holds. */
struct dwu_regs {
	uint64_t pc;
	uint64_t valid;
	uint64_t r[DWUNW_REG_MAX];
	uint8_t isa; /* of the code at pc */
};

struct dwu_reader {
	struct dwunw_snapshot stack;
	uint64_t words; /* offsets below this start a whole word of stack */
	dwunw_read_memory_fn read; /* NULL: the snapshot is all */
	void *ctx;
	uint64_t count;	 /* reads so far */
	uint64_t failed; /* address of the one that failed */
	bool capped;	 /* more memory stood behind the snapshot's end */
	bool swap;	 /* the target's byte order is not the host's */
	uint8_t address_size;
};

struct dwu_reader dwu_reader(const struct dwunw_arch_ops *arch,
			     const struct dwunw_walk_input *input);

/* An unsigned integer of 1, 2, 4 or 8 bytes in the target's byte order. */
bool dwu_read_uint(struct dwu_reader *reader, uint64_t addr, uint8_t size,
		   uint64_t *value);

/* The same for a target address, without a call where the stack has it. */
static inline bool dwu_read_word(struct dwu_reader *reader, uint64_t addr,
				 uint64_t *value)
{
	uint64_t off = addr - reader->stack.addr;
	uint32_t half;

	if (off >= reader->words)
		return dwu_read_uint(reader, addr, reader->address_size, value);
	reader->count++;
	if (reader->address_size == 8) {
		memcpy(value, reader->stack.bytes + (size_t)off, 8);
		if (reader->swap)
			*value = __builtin_bswap64(*value);
		return true;
	}
	memcpy(&half, reader->stack.bytes + (size_t)off, 4);
	*value = reader->swap ? __builtin_bswap32(half) : half;
	return true;
}

/* Why the last read failed: UNREADABLE or TRUNCATED. */
uint8_t dwu_read_stop(const struct dwu_reader *reader);

#endif
