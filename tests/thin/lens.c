/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "lens.h"

#include "evidence.h"

#include <string.h>

#define PAGE 4096u
/* Room enough for a signal's frame of every target, as far as its registers. */
#define SIGNAL_FRAME 1024u

uint32_t lens_word(const struct image *image)
{
	uint32_t arch = image->snap.header.arch;

	return arch == SNAP_X86_64 || arch == SNAP_ARM64 ? 8 : 4;
}

uint64_t lens_address(const struct image *image, uint64_t value)
{
	switch (image->snap.header.arch) {
	case SNAP_ARM64:
		return value & 0xffffffffffff;
	case SNAP_MIPS32EL:
	case SNAP_MIPS32EB:
		return value & 0xfffffffe;
	default:
		return value;
	}
}

static bool big_endian(const struct image *image)
{
	return image->snap.header.arch == SNAP_MIPS32EB;
}

static bool read_word(const struct lens *lens, uint64_t addr, uint64_t *value)
{
	uint32_t size = lens_word(lens->image);
	bool big = big_endian(lens->image);
	uint8_t bytes[8];

	if (!snap_read(lens->sample, addr, bytes, size))
		return false;
	*value = 0;
	for (uint32_t i = 0; i < size; i++)
		*value = *value << 8 | bytes[big ? i : size - 1 - i];
	return true;
}

void lens_init(struct lens *lens, const struct image *image,
	       const struct snap_sample *sample)
{
	memset(lens, 0, sizeof(*lens));
	lens->image = image;
	lens->sample = sample;
	memcpy(lens->regs, sample->regs, sizeof(lens->regs));
	lens->home.reg = -1;
	lens->copy_size = sample->memory[0].size;
	lens->capped = (sample->flags & SNAP_CUT) != 0;
	lens->known = sample->chain_count;
}

/* --- where a return address is --- */

static void search(const struct lens *lens, uint64_t from, uint64_t to,
		   uint64_t pc, struct home *home)
{
	uint32_t size = lens_word(lens->image);
	uint64_t value;

	for (uint64_t at = (from + size - 1) & ~(size - 1ull);
	     at + size <= to && home->count < HOMES_MAX; at += size)
		if (read_word(lens, at, &value) &&
		    lens_address(lens->image, value) == pc)
			home->addrs[home->count++] = at;
}

/*
 * With a link register only the frame is known that the callee saved it in.
 * What a signal interrupted may have it in the signal's frame.
 */
bool lens_find_home(const struct lens *lens, size_t frame, struct home *home)
{
	const struct snap_sample *s = lens->sample;
	const struct snap_frame *f = &s->chain[frame];
	uint64_t inner = frame > 1 ? s->chain[frame - 1].at : s->sp;

	*home = (struct home){ .reg = -1 };
	if (lens->image->snap.header.arch == SNAP_X86_64) {
		home->addrs[home->count++] = f->at;
		return true;
	}
	if (f->kind == SNAP_INTERRUPTED)
		search(lens, f->at, f->at + SIGNAL_FRAME, f->pc, home);
	else if (f->reg && frame == 1)
		home->reg = f->reg - 1;
	else if (s->chain[frame - 1].kind == SNAP_INTERRUPTED && f->reg)
		search(lens, inner, inner + SIGNAL_FRAME, f->pc, home);
	else if (s->chain[frame - 1].kind == SNAP_INTERRUPTED)
		search(lens, f->at - SIGNAL_FRAME, f->at, f->pc, home);
	else
		search(lens, inner, f->at, f->pc, home);
	return home->count || home->reg >= 0;
}

/* --- what is taken away --- */

static bool is_hole(const struct lens *lens, uint64_t addr, size_t size)
{
	uint32_t word = lens_word(lens->image);

	if (addr < lens->high && lens->low < addr + size)
		return true;
	for (size_t i = 0; lens->refused && i < lens->home.count; i++)
		if (addr < lens->home.addrs[i] + word &&
		    lens->home.addrs[i] < addr + size)
			return true;
	for (uint64_t at = addr & ~(word - 1ull);
	     lens->holes && at < addr + size; at += word)
		if (evidence_hash(lens->holes, at) % 16 == 0)
			return true;
	return false;
}

/* In the sample's own memory, but not in what was copied of it. */
static bool is_cut(const struct lens *lens, uint64_t addr, size_t size)
{
	const struct snap_bytes *stack = &lens->sample->memory[0];

	return addr + size > stack->addr + lens->copy_size &&
	       addr < stack->addr + stack->size;
}

static bool in_sample(const struct snap_sample *s, uint64_t addr)
{
	uint8_t byte;

	return snap_read(s, addr, &byte, 1);
}

/* Which frames can be known, now that some words cannot be read. */
static void find_known(struct lens *lens)
{
	uint32_t word = lens_word(lens->image);
	struct home home;

	for (size_t i = 1; i < lens->known; i++) {
		bool gone = !lens_find_home(lens, i, &home) ||
			    (home.reg >= 0 && lens->lost >> home.reg & 1);

		for (size_t k = 0; k < home.count; k++)
			gone |= is_hole(lens, home.addrs[k], word) ||
				is_cut(lens, home.addrs[k], word);
		if (gone)
			lens->known = i;
	}
}

void lens_lose(struct lens *lens, unsigned reg)
{
	lens->lost |= 1ull << reg;
	lens->regs[reg] = 0xbadbadbad;
	find_known(lens);
}

void lens_cut(struct lens *lens, unsigned quarters)
{
	const struct snap_bytes *stack = &lens->sample->memory[0];
	uint64_t below = lens->sample->sp - stack->addr;

	lens->copy_size = below + (stack->size - below) / 4 * quarters;
	lens->capped = true;
	find_known(lens);
}

void lens_refuse_page(struct lens *lens, uint64_t seed)
{
	const struct snap_sample *s = lens->sample;
	uint64_t first = s->sp / PAGE;
	uint64_t end = s->memory[0].addr + s->memory[0].size;
	uint64_t count = (end + PAGE - 1) / PAGE - first;

	lens->low = (first + evidence_hash(seed, s->step) % count) * PAGE;
	lens->high = lens->low + PAGE;
	find_known(lens);
}

void lens_refuse_words(struct lens *lens, uint64_t seed)
{
	lens->holes = evidence_hash(seed, lens->sample->step) | 1;
	find_known(lens);
}

bool lens_refuse_home(struct lens *lens, size_t frame)
{
	struct home home;

	if (!lens_find_home(lens, frame, &home) || !home.count)
		return false;
	lens->home = home;
	lens->refused = true;
	lens->known = frame;
	return true;
}

bool lens_overwrite(struct lens *lens, size_t frame, uint64_t value)
{
	struct home home;

	if (!lens_find_home(lens, frame, &home))
		return false;
	lens->home = home;
	lens->altered = true;
	lens->value = value;
	lens->known = frame;
	if (home.reg >= 0)
		lens->regs[home.reg] = value;
	return true;
}

/* --- reading --- */

static void alter(const struct lens *lens, uint64_t addr, uint8_t *dst,
		  size_t size)
{
	uint32_t word = lens_word(lens->image);
	bool big = big_endian(lens->image);

	for (size_t k = 0; k < lens->home.count; k++)
		for (uint32_t i = 0; i < word; i++) {
			uint64_t at = lens->home.addrs[k] + i;
			uint32_t shift = 8 * (big ? word - 1 - i : i);

			if (at >= addr && at - addr < size)
				dst[at - addr] =
					(uint8_t)(lens->value >> shift);
		}
}

bool lens_read(const struct lens *lens, uint64_t addr, void *dst, size_t size)
{
	if (in_sample(lens->sample, addr) &&
	    (is_hole(lens, addr, size) || is_cut(lens, addr, size)))
		return false;
	if (!image_read(lens->image, addr, dst, size))
		return false;
	if (lens->altered)
		alter(lens, addr, dst, size);
	return true;
}
