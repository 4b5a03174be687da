/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * fuzz.h - what the fuzz targets share: modules whose sections stand in
 * blocks of their own, so that a byte too far is seen, in arenas of exactly
 * the size that was wanted, and the laws that hold whatever the bytes.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <dwunw/walk.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cfi/step.h"
#include "unit/make_elf.h"

#define LAW(good)                                                            \
	do {                                                                 \
		if (!(good)) {                                               \
			dprintf(2, "%s:%d: broken law: %s\n", __FILE__,      \
				__LINE__, #good);                            \
			abort();                                             \
		}                                                            \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);

/* The targets by the first two bits of some byte of an input. */
static const struct elf_spec fuzz_specs[] = {
	{ ELF_X86_64 },
	{ .elf_class = 2, .data = 1, .machine = 183, .type = 3 },
	{ .elf_class = 1, .data = 1, .machine = 8, .type = 3 },
	{ .elf_class = 1, .data = 2, .machine = 8, .type = 3 },
};

#define FUZZ_MEMORY_MAX (64u << 20)

#define FUZZ_BLOCKS 64u

struct fuzz_module {
	struct dwunw_span span;
	struct dwunw_source src;
	struct dwunw_arena arena;
	void *memory;
	void *blocks[FUZZ_BLOCKS]; /* what view() gave */
	unsigned int block_count;
	struct dwunw_module module;
	dwunw_status_t status;
};

static inline dwunw_status_t fuzz_source_read(void *ctx, uint64_t off,
					      void *dst, size_t size)
{
	struct fuzz_module *m = ctx;

	if (off > m->span.size || size > m->span.size - off)
		return DWUNW_ERR_INVALID_ARG;
	memcpy(dst, m->span.data + off, size);
	return DWUNW_OK;
}

/* Each section in a block of its own: ASan sees the first byte too far. */
static inline const void *fuzz_source_view(void *ctx, uint64_t off, size_t size)
{
	struct fuzz_module *m = ctx;
	void *block;

	if (off > m->span.size || size > m->span.size - off ||
	    m->block_count == FUZZ_BLOCKS)
		return NULL;
	block = malloc(size + !size);
	memcpy(block, m->span.data + off, size);
	m->blocks[m->block_count++] = block;
	return block;
}

static inline void fuzz_source(struct fuzz_module *m, const uint8_t *file,
			       size_t size, bool view)
{
	memset(m, 0, sizeof(*m));
	m->span.data = file;
	m->span.size = size;
	m->src = (struct dwunw_source){ .read = fuzz_source_read,
					.view = view ? fuzz_source_view : NULL,
					.ctx = m,
					.size = size };
}

static inline void fuzz_close(struct fuzz_module *m)
{
	while (m->block_count > 0)
		free(m->blocks[--m->block_count]);
	free(m->memory);
	m->memory = NULL;
}

/* Grown by what it wants: what is wanted twice is enough but thrice. */
static inline void fuzz_open(struct fuzz_module *m, const uint8_t *file,
			     size_t size, bool view)
{
	size_t wanted = 0;
	int tries;

	fuzz_source(m, file, size, view);
	for (tries = 0; tries < 4; tries++) {
		fuzz_close(m);
		m->memory = wanted ? aligned_alloc(16, (wanted + 15) & ~15ul) :
				     NULL;
		dwunw_arena_init(&m->arena, m->memory, wanted);
		m->status =
			dwunw_module_open(&m->module, &m->src, 1, &m->arena);
		LAW(m->arena.used <= m->arena.size);
		if (m->status != DWUNW_ERR_NO_MEMORY)
			return;
		LAW(m->arena.wanted > wanted);
		wanted = m->arena.wanted;
		if (wanted > FUZZ_MEMORY_MAX)
			return;
	}
	LAW(!"an arena of the wanted size is enough");
}

/* Memory that answers to every address but those in every 16th page. */
static inline dwunw_status_t fuzz_read(void *ctx, uint64_t addr, void *dst,
				       size_t size)
{
	uint64_t value = addr * 0x9e3779b97f4a7c15ull;

	(void)ctx;
	if ((addr >> 12 & 15) == 15)
		return DWUNW_ERR_INVALID_ARG;
	if ((addr & 8) != 0)
		value = 0x1000 + (value >> 56);
	else
		value = (addr & ~0xffull) + 0x100;
	memcpy(dst, &value, size < 8 ? size : 8);
	return DWUNW_OK;
}

struct fuzz_rows {
	struct fuzz_module *m;
	const struct dwunw_fde *fde;
	struct dwunw_row_scratch *scratch;
	uint64_t budget; /* rows and random accesses that are still made */
};

static inline struct dwu_regs fuzz_regs(const struct dwunw_arch_ops *arch)
{
	struct dwu_regs regs = { .valid = (1ull << dwu_value_count(arch)) - 1,
				 .pc = 0x1000 };
	uint64_t base = arch->address_size == 8 ? 0x7fff00000000 : 0x7fff0000;

	for (unsigned int i = 0; i < dwu_value_count(arch); i++)
		regs.r[i] = base + i * 0x40;
	regs.r[arch->pc] = regs.pc;
	return regs;
}

/* A row steps or says why not; what random access gives is the same. */
static inline bool fuzz_row(void *ctx, const struct dwunw_row *row)
{
	struct fuzz_rows *rows = ctx;
	const struct dwunw_arch_ops *arch = rows->m->module.arch;
	struct dwunw_walk_input input = { .read_memory = fuzz_read };
	struct dwu_reader reader = dwu_reader(arch, &input);
	struct dwu_regs full = fuzz_regs(arch), fast = full;
	struct dwunw_row again;
	struct dwunw_packed_row packed;
	uint8_t stop, fast_stop;

	if (rows->budget-- == 0)
		return false;
	LAW(row->column_count == dwunw_arch_column_count(arch));
	LAW(row->ra_column < row->column_count);
	stop = dwu_step(arch, &rows->m->module, row, &full, &reader);
	LAW(stop == DWU_GO || stop <= DWUNW_STOP_NO_CALL);
	dwu_row_pack(arch, row, &packed);
	if (!(packed.bits & (DWU_PACKED_FULL | DWU_PACKED_NONE))) {
		fast_stop = dwu_step_packed(arch, &packed, &fast, &reader);
		LAW(fast_stop == stop);
		if (stop == DWU_GO) {
			LAW(full.pc == fast.pc && full.valid == fast.valid);
			LAW(full.r[arch->sp] == fast.r[arch->sp]);
		}
	}
	if (row->start < row->end && rows->budget % 4 == 0 &&
	    row->start >= rows->fde->start && row->start < rows->fde->end) {
		/* it may stop at an earlier row of a program that goes back */
		dwunw_status_t status = dwunw_fde_row(&rows->m->module,
						      rows->fde, row->start,
						      rows->scratch, &again);

		LAW(status == DWUNW_OK || status == DWUNW_ERR_BAD_FORMAT);
		LAW(status != DWUNW_OK ||
		    (again.start <= row->start && row->start < again.end));
	}
	return true;
}

static inline void fuzz_section(struct fuzz_module *m,
				const struct dwunw_cfi *cfi)
{
	struct dwunw_row_scratch *scratch = malloc(dwunw_row_scratch_size());
	struct dwunw_row_scratch *other = malloc(dwunw_row_scratch_size());
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde, found;
	struct dwunw_row row;
	struct fuzz_rows rows = {
		.m = m, .fde = &fde, .scratch = other, .budget = 1000
	};
	dwunw_status_t status;
	uint64_t off = 0;
	bool first = true;
	int fdes = 0;

	dwunw_fde_cursor_init(&cursor, &m->module, cfi);
	while ((status = dwunw_fde_next(&cursor, &fde)) !=
	       DWUNW_ERR_NO_DEBUG_DATA) {
		LAW(first || fde.off > off);
		off = fde.off;
		first = false;
		if (status != DWUNW_OK || fdes++ > 200)
			continue;
		LAW(fde.start <= fde.end);
		(void)dwunw_fde_rows(&m->module, &fde, scratch, &row, fuzz_row,
				     &rows);
		status = dwunw_module_fde(&m->module, fde.start, &found);
		LAW(status != DWUNW_OK ||
		    (found.start <= fde.start && fde.start < found.end));
	}
	free(scratch);
	free(other);
}

/* All of a module: its two sections and some look-ups. */
static inline void fuzz_all(struct fuzz_module *m)
{
	static const uint64_t at[] = { 0,      0x1000, 0x1001,	   0x1080,
				       0x10ff, 0x2000, 0x7fffffff, UINT64_MAX };
	struct dwunw_row_scratch *scratch;
	struct dwunw_row row;
	size_t i;

	if (m->status != DWUNW_OK)
		return;
	fuzz_section(m, &m->module.eh);
	fuzz_section(m, &m->module.debug);
	scratch = malloc(dwunw_row_scratch_size());
	for (i = 0; i < COUNT(at); i++)
		if (dwunw_module_row(&m->module, at[i], scratch, &row) ==
		    DWUNW_OK)
			LAW(row.start <= at[i] && at[i] < row.end);
	free(scratch);
}

#endif
