/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A step of a walk -> the row by which the kernel makes the same step: three
 * words and a check (bpf/walk.h has the bits).
 *
 *	w1	CFA: offset 32, register 4 | how 4 | flags 8 | base 16
 *	w2, w3	a byte a register: in which word it is saved, from `base` on
 *	w3	which of them are, how many words they span, why it ends
 *
 * For example, x86_64 (cfa, ra, rbp) = (rbp + 16, *(cfa - 8), *(cfa - 16)):
 * offset 16, register rbp, base 2 words below the CFA, ra in word 2, rbp in
 * word 1.
 *
 * What does not fit is DWUNW_WALK_ASK: the kernel then sends the stack, and
 * user space walks it. So a row is never wrong, only missing.
 */
#include "walk_rows.h"

#include <string.h>

_Static_assert(DWUNW_WALK_STOP_ROOT == DWUNW_STOP_ROOT &&
		       DWUNW_WALK_STOP_TRAMPOLINE == DWUNW_STOP_TRAMPOLINE &&
		       DWUNW_WALK_STOP_CONTEXT == DWUNW_STOP_CONTEXT &&
		       DWUNW_WALK_STOP_ZERO_RETURN == DWUNW_STOP_ZERO_RETURN &&
		       DWUNW_WALK_HOW_ENTRY == DWUNW_HOW_ENTRY &&
		       DWUNW_WALK_HOW_FP == DWUNW_HOW_FP &&
		       DWUNW_WALK_FRAME_INTERRUPTED ==
			       DWUNW_FRAME_FLAG_INTERRUPTED &&
		       DWUNW_WALK_FRAME_SIGNAL == DWUNW_FRAME_FLAG_SIGNAL &&
		       DWUNW_WALK_FRAME_BAD_CFI == DWUNW_FRAME_FLAG_BAD_CFI &&
		       DWUNW_WALK_FRAME_GUESS == DWUNW_FRAME_FLAG_GUESS &&
		       DWUNW_EVENT_GOES_ON == DWUNW_STEP_ON,
	       "bpf/walk.h repeats dwunw/walk.h");

/* Words from the lowest slot on that the kernel reads at once. */
#define NEAR 16u

/* A row before it is packed. */
struct parts {
	int32_t offset;
	uint8_t reg;
	uint8_t flags;
	uint8_t stop;
	int32_t base; /* words */
	uint8_t slots[DWUNW_WALK_SLOTS];
};

void dwu_row_target(const struct dwunw_arch_ops *arch,
		    struct dwu_row_target *target)
{
	uint8_t columns = dwunw_arch_column_count(arch), count;
	const uint8_t *saved = dwunw_arch_saved(arch, &count);

	*target = (struct dwu_row_target){
		.arch = arch,
		.count = count < DWUNW_WALK_SLOTS ? count : DWUNW_WALK_SLOTS,
		.word = dwunw_arch_address_size(arch),
		.sp = dwunw_arch_sp(arch),
	};
	memcpy(target->registers, saved, target->count);
	/* with a link register the pc has a column that no register is */
	for (uint8_t i = 0; i < columns; i++)
		target->link |= dwunw_arch_column_reg(arch, i) == UINT16_MAX;
}

/* The number that rows have for a register; negative: none. */
static int register_of(const struct dwu_row_target *target, uint8_t dwarf)
{
	if (dwarf == target->sp)
		return DWUNW_WALK_REGISTER_SP;
	for (uint8_t i = target->link ? 0 : 1; i < target->count; i++)
		if (target->registers[i] == dwarf)
			return i;
	return -1;
}

/* Packed rows count in 4 bytes (core/cfi/row.h). */
static int32_t slot_bytes(const struct dwunw_packed_row *row, uint8_t i)
{
	return row->slots[i] * 4;
}

static bool has_slot(const struct dwunw_packed_row *row, uint8_t i)
{
	return (row->bits >> i & 1) != 0;
}

/*
 * In words below where slots are told from. False: they are no words.
 *
 * The lowest slot is word 1, so that bytes suffice for the others.
 */
static bool find_base(const struct dwu_row_target *target,
		      const struct dwunw_packed_row *row, uint8_t first,
		      int32_t *base)
{
	int32_t low = INT32_MAX;

	for (uint8_t i = first; i < target->count; i++) {
		if (!has_slot(row, i) || row->slots[i] == DWUNW_PACKED_LOST)
			continue;
		if (slot_bytes(row, i) % target->word)
			return false;
		if (slot_bytes(row, i) < low)
			low = slot_bytes(row, i);
	}
	*base = low == INT32_MAX ? 0 : -(low / target->word);
	return *base >= INT16_MIN && *base <= INT16_MAX;
}

/*
 * FAR: some word is more than NEAR above the lowest; the kernel reads it by
 * itself.
 */
static bool set_slots(const struct dwu_row_target *target,
		      const struct dwunw_packed_row *row, uint8_t first,
		      struct parts *parts)
{
	if (!find_base(target, row, first, &parts->base))
		return false;
	for (uint8_t i = first; i < target->count; i++) {
		int32_t slot;

		if (!has_slot(row, i))
			continue;
		if (row->slots[i] == DWUNW_PACKED_LOST) {
			parts->slots[i] = DWUNW_WALK_SLOT_LOST;
			parts->flags |= DWUNW_WALK_ROW_FAR;
			continue;
		}
		slot = slot_bytes(row, i) / target->word + parts->base + 1;
		if (slot >= (int32_t)DWUNW_WALK_SLOT_LOST)
			return false;
		if (slot > (int32_t)NEAR)
			parts->flags |= DWUNW_WALK_ROW_FAR;
		parts->slots[i] = (uint8_t)slot;
	}
	return true;
}

/* The return address must be somewhere, and be known. */
static bool has_return(const struct dwu_row_target *target,
		       const struct dwunw_packed_row *row)
{
	return has_slot(row, 0) ? row->slots[0] != DWUNW_PACKED_LOST :
				  target->link;
}

/*
 * A return address of 0: what it means is told by the code that it was read
 * for, but on 64-bit targets with a link register, where the stack is looked at.
 */
static uint8_t zero_flag(const struct dwu_row_target *target,
			 const struct dwunw_step *step)
{
	if (target->link && target->word == 8)
		return 0;
	return step->stop == DWUNW_STOP_ROOT	    ? DWUNW_WALK_ROW_ZERO_ROOT :
	       step->stop == DWUNW_STOP_ZERO_RETURN ? DWUNW_WALK_ROW_ZERO_END :
						      0;
}

/* Rows that hold for any stack. */
static bool plain(const struct dwu_row_target *target,
		  const struct dwunw_step *step, struct parts *parts)
{
	parts->flags |= zero_flag(target, step);
	return has_return(target, &step->row) &&
	       set_slots(target, &step->row, 0, parts);
}

/* The return address stands right below the CFA. */
static bool realigned(const struct dwu_row_target *target,
		      const struct dwunw_step *step, struct parts *parts)
{
	if (!has_slot(&step->row, 0) ||
	    slot_bytes(&step->row, 0) != -target->word)
		return false;
	parts->flags |= DWUNW_WALK_ROW_REALIGNED | zero_flag(target, step);
	if (!set_slots(target, &step->row, 1, parts))
		return false;
	parts->slots[0] = 1; /* it is there; where, is said above */
	return true;
}

/*
 * False: the kernel cannot use it. END is for roots and contexts only: any
 * other end may be another one for the next stack.
 */
static bool fill(const struct dwu_row_target *target,
		 const struct dwunw_step *step, struct parts *parts)
{
	int reg = register_of(target, step->row.cfa & 0xff);

	if (step->kind == DWUNW_STEP_END) {
		parts->flags = DWUNW_WALK_ROW_END;
		parts->stop = step->stop;
		return dwunw_stop_is_complete(step->stop);
	}
	if (step->kind == DWUNW_STEP_NONE || reg < 0)
		return false;
	parts->reg = (uint8_t)reg;
	parts->offset = (int32_t)step->row.cfa >> 8;
	parts->flags = (step->flags & DWUNW_FRAME_FLAG_BAD_CFI ?
				DWUNW_WALK_ROW_BAD_CFI :
				0) |
		       (step->flags & DWUNW_FRAME_FLAG_GUESS ?
				DWUNW_WALK_ROW_GUESS :
				0);
	if (step->kind == DWUNW_STEP_ROW)
		return plain(target, step, parts);
	if (step->kind == DWUNW_STEP_REALIGNED)
		return realigned(target, step, parts);
	parts->flags |= DWUNW_WALK_ROW_SIGNAL;
	return step->kind == DWUNW_STEP_SIGNAL && reg == DWUNW_WALK_REGISTER_SP;
}

static void pack(const struct parts *parts, uint8_t how, uint64_t key,
		 struct dwunw_walk_row *row)
{
	uint64_t saved = 0, span = 0;

	*row = (struct dwunw_walk_row){ 0 };
	for (uint32_t i = 0; i < DWUNW_WALK_SLOTS; i++) {
		uint64_t slot = parts->slots[i];

		if (i < 8)
			row->w2 |= slot << 8 * i;
		else
			row->w3 |= slot << 8 * (i - 8);
		if (slot == 0 || slot == DWUNW_WALK_SLOT_LOST)
			continue;
		saved |= 1ull << i;
		if (slot > span)
			span = slot;
	}
	row->w1 = (uint32_t)parts->offset | (uint64_t)parts->reg << 32 |
		  (uint64_t)how << 36 | (uint64_t)parts->flags << 40 |
		  (uint64_t)(uint16_t)parts->base << 48;
	row->w3 |= saved << 32 | span << 44 | (uint64_t)parts->stop << 52;
	row->check = key ^ row->w1 ^ row->w2 ^ row->w3;
}

/*
 * exact: the pc itself, else the return address - 1, as the kernel looks it up.
 */
bool dwu_row_of_step(const struct dwu_row_target *target,
		     const struct dwunw_step *step, uint32_t number,
		     uint64_t *key, struct dwunw_walk_row *row)
{
	uint64_t at = step->vaddr - !step->exact;
	struct parts parts = { 0 };

	if (!number || at >> DWUNW_WALK_ADDRESS_BITS ||
	    step->how == DWUNW_HOW_ENTRY)
		return false;
	*key = at | (uint64_t)number << DWUNW_WALK_KEY_FILE |
	       (step->exact ? DWUNW_WALK_KEY_EXACT : 0) |
	       (step->isa ? DWUNW_WALK_KEY_ISA : 0);
	if (!fill(target, step, &parts))
		parts = (struct parts){ .flags = DWUNW_WALK_ROW_END,
					.stop = DWUNW_WALK_ASK };
	pack(&parts, step->how, *key, row);
	return true;
}
