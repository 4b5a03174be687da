/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * resume.c - a walk may be begun anywhere. Registers are taken outwards from
 * frame to frame by what the walk tells of its steps, as a program in the kernel
 * does it: by a stepper of its own, which knows nothing but the public header and
 * the kernel's signal frames. From each frame that it reaches a walk begins anew,
 * and must have the frames and the end that the whole walk has from there on.
 */
#include "image.h"

#include <dwunw/dwunw_api.h>
#include <string.h>

/* Deeper stacks: of the frames between only every so manieth. */
#define EDGE 100u
#define STRIDE 97u

struct thread {
	struct dwunw_regset regs;
	const struct dwunw_arch_ops *arch;
	const struct image *image;
	uint8_t ra; /* DWARF number of the return address */
	bool link;  /* the target has a link register */
};

static bool word(const struct thread *t, uint64_t addr, uint64_t *value)
{
	uint8_t bytes[8], size = dwunw_arch_address_size(t->arch);
	uint8_t i;

	if (size == 4)
		addr = (uint32_t)addr;
	if (!image_read(t->image, addr, bytes, size))
		return false;
	*value = 0;
	for (i = 0; i < size; i++)
		*value |= (uint64_t)bytes[i]
			  << 8 * (dwunw_arch_big_endian(t->arch) ?
					  size - 1u - i :
					  i);
	return true;
}

static uint64_t place(const struct thread *t, uint64_t addr)
{
	return dwunw_arch_address_size(t->arch) == 4 ? (uint32_t)addr : addr;
}

/* The return address becomes the pc: without a signature (arm64). */
static void set_pc(struct thread *t, uint64_t pc)
{
	if (dwunw_arch_id(t->arch) == DWUNW_ARCH_ARM64)
		pc &= 0x0000ffffffffffffu;
	t->regs.pc = pc;
}

static bool by_row(struct thread *t, const struct dwunw_step *step)
{
	uint8_t count, reg = step->row.cfa & 0xff, i;
	const uint8_t *saved = dwunw_arch_saved(t->arch, &count);
	uint8_t sp = dwunw_arch_sp(t->arch);
	uint64_t base = reg == sp ? t->regs.sp : t->regs.regs[reg], cfa, keep;

	if (reg != sp && !(t->regs.valid >> reg & 1))
		return false;
	cfa = place(t, base + (uint64_t)((int64_t)(int32_t)step->row.cfa >> 8));
	if (step->kind == DWUNW_STEP_REALIGNED && !word(t, cfa, &cfa))
		return false;
	keep = 1ull << sp;
	for (i = 0; i < count; i++)
		keep |= 1ull << saved[i];
	/* they never change: gp and tp of riscv64 */
	if (dwunw_arch_id(t->arch) == DWUNW_ARCH_RISCV64)
		keep |= 1u << 3 | 1u << 4;
	t->regs.valid &= keep;
	for (i = 0; i < count; i++) {
		uint64_t from = i && step->kind == DWUNW_STEP_REALIGNED ? base :
									  cfa;
		int16_t slot = step->row.slots[i];

		if (!(step->row.bits >> i & 1))
			continue;
		t->regs.valid &= ~(1ull << saved[i]);
		if (slot != DWUNW_PACKED_LOST &&
		    word(t, from + (uint64_t)(int64_t)(4 * slot),
			 &t->regs.regs[saved[i]]))
			t->regs.valid |= 1ull << saved[i];
	}
	if (!(t->regs.valid >> saved[0] & 1))
		return false;
	set_pc(t, t->regs.regs[saved[0]]);
	t->regs.sp = cfa;
	return true;
}

/* A signal frame of the kernel: its registers by where the pc stands in it, of
 * this size each. x86_64: asm/sigcontext.h, struct sigcontext_64. */
static bool by_signal(struct thread *t, const struct dwunw_step *step)
{
	static const uint8_t x86_64[] = { 8,  9, 10, 11, 12, 13, 14, 15,
					  5,  4, 6,  3,	 1,  0,	 2,  7 };
	uint64_t pc = t->regs.sp + (step->row.cfa >> 8);
	uint64_t first, value;
	uint8_t i, reg, count = 32;

	switch (dwunw_arch_id(t->arch)) {
	case DWUNW_ARCH_X86_64:
		count = 16;
		first = pc - 8 * 16;
		break;
	case DWUNW_ARCH_ARM64:
		first = pc - 8 * 32;
		break;
	case DWUNW_ARCH_RISCV64:
		first = pc;
		break;
	default:
		first = pc + 8;
	}
	t->regs.valid = 0;
	for (i = 0; i < count; i++) {
		reg = count == 16 ? x86_64[i] : i;
		if (!word(t, first + 8u * i, &t->regs.regs[reg]))
			return false;
		t->regs.valid |= 1ull << reg;
	}
	if (!word(t, pc, &value))
		return false;
	t->regs.pc = value;
	t->regs.sp = t->regs.regs[dwunw_arch_sp(t->arch)];
	return true;
}

static bool step(struct thread *t, const struct dwunw_step *step)
{
	switch (step->kind) {
	case DWUNW_STEP_ROW:
	case DWUNW_STEP_REALIGNED:
		return by_row(t, step);
	case DWUNW_STEP_SIGNAL:
		return by_signal(t, step);
	default:
		return false;
	}
}

/* Has a walk from frame `from` the rest of the whole one, field by field? */
static bool same_rest(const struct walked *whole, const struct walked *rest,
		      size_t from)
{
	return rest->count == whole->count - from &&
	       memcmp(rest->frames, whole->frames + from,
		      rest->count * sizeof(*rest->frames)) == 0 &&
	       memcmp(&rest->stop, &whole->stop, sizeof(whole->stop)) == 0;
}

static bool told_right(const struct thread *t, const struct walked *whole,
		       size_t at)
{
	const struct dwunw_step *step = &whole->steps[at - 1];
	const struct dwunw_frame *frame = &whole->frames[at];
	uint8_t only = (uint8_t)~(DWUNW_FRAME_FLAG_SIGNAL |
				  DWUNW_FRAME_FLAG_GUESS);

	return (t->regs.pc & ~(uint64_t)1) == (frame->pc & ~(uint64_t)1) &&
	       t->regs.sp == whole->frames[at - 1].cfa &&
	       step->how == frame->how &&
	       (step->flags & only) == (frame->flags & only) &&
	       step->vaddr == whole->frames[at - 1].vaddr &&
	       step->module == whole->frames[at - 1].module;
}

void resume_sample(void *state, const struct snap_sample *sample,
		   struct resumed *sum)
{
	static struct walked whole, rest;
	struct thread t = { .image = image_of(state) };
	size_t i;

	backend_dwunw_begin(state, sample, &t.regs);
	t.arch = dwunw_arch_from_regset(&t.regs);
	backend_dwunw_from(state, sample, &t.regs, 0, 0, &whole);
	sum->stacks++;
	sum->frames += whole.count;
	for (i = 1; i < whole.count; i++) {
		if (!step(&t, &whole.steps[i - 1]))
			return;
		if (!told_right(&t, &whole, i)) {
			sum->differ++;
			return;
		}
		sum->reached++;
		if (i >= EDGE && i + EDGE < whole.count && i % STRIDE != 0)
			continue;
		backend_dwunw_from(state, sample, &t.regs, whole.frames[i].how,
				   whole.frames[i].flags, &rest);
		sum->walks++;
		sum->differ += !same_rest(&whole, &rest, i);
	}
}
