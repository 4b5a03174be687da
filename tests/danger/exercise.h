/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * exercise.h - all that can be done with one file, whatever its bytes: open
 * it, read its symbols and rows, walk a stack through it. Nothing may fault,
 * every loop ends, what was opened is closed.
 */
#ifndef EXERCISE_H
#define EXERCISE_H

#include <dwunw/walk.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BIAS 0x7f0000000000u
#define SP 0x7fff00001000u
#define ARENA_MAX (4u << 20)
#define BLOCKS 64u

struct exercise {
	/* in: what is opened; reads are counted, the fail_at-th one fails */
	const uint8_t *bytes;
	uint64_t size;
	uint64_t claimed; /* size of the source, where that is a lie */
	bool view;
	uint64_t fail_at; /* 0: none */
	uint64_t memory_fail_at;
	size_t arena_size; /* 0: grown as it is wanted */
	/* out */
	dwunw_status_t status;
	struct dwunw_module module;
	uint64_t reads, bytes_read, memory_reads;
	size_t wanted;
	uint64_t fdes, bad_fdes, rows, symbols;
	size_t frames;
	struct dwunw_stop stop;
	int held;	     /* modules opened by the walk and not closed */
	uint64_t starts[16]; /* of FDEs */
	uint64_t calls;
	uint64_t returns[16]; /* places behind their first calls */
	uint8_t *memory;
	void *blocks[BLOCKS]; /* what view() gave */
	unsigned int block_count;
};

static dwunw_status_t exercise_read(void *ctx, uint64_t off, void *dst,
				    size_t size)
{
	struct exercise *x = ctx;
	uint64_t all = x->claimed ? x->claimed : x->size, have;

	x->bytes_read += size;
	if (++x->reads == x->fail_at)
		return DWUNW_ERR_IO;
	if (off > all || size > all - off)
		return DWUNW_ERR_INVALID_ARG;
	memset(dst, 0, size);
	if (off < x->size) {
		have = x->size - off < size ? x->size - off : size;
		memcpy(dst, x->bytes + off, (size_t)have);
	}
	return DWUNW_OK;
}

/* In blocks of their own: ASan sees the first byte too far. */
static const void *exercise_view(void *ctx, uint64_t off, size_t size)
{
	struct exercise *x = ctx;

	if (off > x->size || size > x->size - off || x->block_count == BLOCKS)
		return NULL;
	x->blocks[x->block_count] = malloc(size + !size);
	memcpy(x->blocks[x->block_count], x->bytes + off, size);
	return x->blocks[x->block_count++];
}

/* Words that look like a stack: returns into the file's text, and numbers. */
static dwunw_status_t exercise_memory(void *ctx, uint64_t addr, void *dst,
				      size_t size)
{
	struct exercise *x = ctx;
	uint64_t word = (addr - SP) / 8, value;
	uint8_t bytes[8]; /* of the target: the files are little-endian */
	unsigned int i;

	if (++x->memory_reads == x->memory_fail_at || addr < SP ||
	    addr - SP > 4096)
		return DWUNW_ERR_INVALID_ARG;
	value = word % 7 == 3 ?
			SP + word * 8 + 64 :
			BIAS + (x->calls ? x->returns[word % x->calls % 16] :
					   x->starts[word % 16] + 3);
	for (i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	memcpy(dst, bytes, size < 8 ? size : 8);
	return DWUNW_OK;
}

static bool exercise_row(void *ctx, const struct dwunw_row *row)
{
	struct exercise *x = ctx;

	(void)row;
	return ++x->rows < 5000;
}

/* The place behind the first call (e8) in a function that has a caller. */
static void exercise_call(struct exercise *x, const struct dwunw_fde *fde)
{
	uint64_t off, i;

	if (fde->start == x->module.elf.entry ||
	    dwunw_elf_vaddr_to_off(&x->module.elf, fde->start, &off) !=
		    DWUNW_OK)
		return;
	for (i = 0; i + 5 < fde->end - fde->start && off + i < x->size; i++)
		if (x->bytes[off + i] == 0xe8) {
			x->returns[x->calls++ % 16] = fde->start + i + 5;
			return;
		}
}

static void exercise_section(struct exercise *x, const struct dwunw_cfi *cfi)
{
	struct dwunw_row_scratch *scratch = malloc(dwunw_row_scratch_size());
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde, found;
	struct dwunw_row row;
	dwunw_status_t status;

	dwunw_fde_cursor_init(&cursor, &x->module, cfi);
	while ((status = dwunw_fde_next(&cursor, &fde)) !=
		       DWUNW_ERR_NO_DEBUG_DATA &&
	       x->fdes + x->bad_fdes < 5000) {
		if (status != DWUNW_OK) {
			x->bad_fdes++;
			continue;
		}
		exercise_call(x, &fde);
		x->starts[x->fdes++ % 16] = fde.start;
		(void)dwunw_fde_rows(&x->module, &fde, scratch, &row,
				     exercise_row, x);
		(void)dwunw_module_fde(&x->module, fde.start, &found);
		(void)dwunw_module_row(&x->module, fde.end - 1, scratch, &row);
	}
	free(scratch);
}

static dwunw_status_t exercise_open(void *ctx, struct dwunw_mapping *mapping,
				    const struct dwunw_module **module)
{
	struct exercise *x = ctx;

	x->held++;
	mapping->bias = BIAS;
	mapping->serial = 1;
	*module = &x->module;
	return DWUNW_OK;
}

static void exercise_close(void *ctx, const struct dwunw_module *module)
{
	struct exercise *x = ctx;

	x->held -= module == &x->module;
}

static void exercise_walk(struct exercise *x)
{
	struct dwunw_mapping mapping = { .start = BIAS,
					 .end = BIAS + (1u << 30),
					 .flags = DWUNW_MAPPING_EXEC };
	struct dwunw_space space = { .mappings = &mapping,
				     .count = 1,
				     .open_module = exercise_open,
				     .close_module = exercise_close,
				     .ctx = x };
	struct dwunw_walker *walker;
	struct dwunw_arena arena;
	struct dwunw_frame frames[32];
	struct dwunw_regset regs;
	struct dwunw_walk_input input = { .regs = &regs,
					  .read_memory = exercise_memory,
					  .memory_ctx = x };
	size_t size = dwunw_walker_size(16);
	void *memory = aligned_alloc(16, (size + 15) & ~(size_t)15);
	unsigned int i;
	int round;

	dwunw_arena_init(&arena, memory, size);
	if (dwunw_walker_init(&walker, 16, &arena) != DWUNW_OK ||
	    dwunw_space_init(&space) != DWUNW_OK ||
	    dwunw_regset_prepare(&regs, dwunw_arch_id(x->module.arch)) !=
		    DWUNW_OK)
		abort();
	for (i = 0; i < 17; i++)
		regs.regs[i] = SP + 64 + i * 8;
	for (i = 0; x->fdes > 0 && x->fdes < 16 && i < 16; i++)
		x->starts[i] = x->starts[i % x->fdes];
	regs.pc = BIAS + x->starts[0];
	regs.sp = SP;
	for (round = 0; round < 2; round++)
		(void)dwunw_walk(walker, &space, &input, frames, 32, &x->frames,
				 &x->stop);
	free(memory);
}

static void exercise_symbols(struct exercise *x, const struct dwunw_source *src)
{
	struct dwunw_arena arena;
	struct dwunw_symtab tab;
	struct dwunw_elf elf;
	struct dwunw_elf_symbol sym;
	uint8_t id[DWUNW_BUILD_ID_MAX];
	void *memory = NULL;
	size_t id_size;
	dwunw_status_t status;
	uint64_t vaddr;

	if (dwunw_elf_open(&elf, src, NULL) != DWUNW_OK)
		return;
	(void)dwunw_elf_build_id(&elf, id, &id_size);
	dwunw_arena_init(&arena, NULL, 0);
	status = dwunw_symtab_open(&tab, &elf, &arena);
	if (status == DWUNW_ERR_NO_MEMORY && arena.wanted <= ARENA_MAX) {
		memory = aligned_alloc(16, (arena.wanted + 15) & ~(size_t)15);
		dwunw_arena_init(&arena, memory, arena.wanted);
		status = dwunw_symtab_open(&tab, &elf, &arena);
	}
	if (status == DWUNW_OK)
		for (vaddr = elf.entry - 64; vaddr != elf.entry + 64; vaddr++)
			x->symbols += dwunw_symtab_by_vaddr(&tab, vaddr,
							    &sym) == DWUNW_OK;
	free(memory);
}

/* Symbols are read after the module, whose reads are the first. */
static void exercise(struct exercise *x)
{
	struct dwunw_source src = { .read = exercise_read,
				    .ctx = x,
				    .size = x->claimed ? x->claimed : x->size };
	struct dwunw_arena arena;
	int tries;

	if (x->view)
		src.view = exercise_view;
	x->wanted = x->arena_size;
	for (tries = 0; tries < 4; tries++) {
		free(x->memory);
		x->memory = x->wanted ? aligned_alloc(16, (x->wanted + 15) &
								  ~(size_t)15) :
					NULL;
		dwunw_arena_init(&arena, x->memory, x->wanted);
		x->status = dwunw_module_open(&x->module, &src, 1, &arena);
		if (x->status != DWUNW_ERR_NO_MEMORY)
			break;
		x->wanted = arena.wanted;
		if (x->arena_size || x->wanted > ARENA_MAX)
			break;
	}
	if (x->status == DWUNW_OK) {
		exercise_section(x, &x->module.eh);
		exercise_section(x, &x->module.debug);
		exercise_walk(x);
	}
	if (!x->arena_size)
		exercise_symbols(x, &src);
	while (x->block_count > 0)
		free(x->blocks[--x->block_count]);
	free(x->memory);
	x->memory = NULL;
}

/* Of the processor, so that another's work does not count; under an emulator a
 * tenth of them, which is about what it takes. */
static inline double seconds(void)
{
	const char *emulator = getenv("EXEC");
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9) /
	       (emulator && *emulator ? 10 : 1);
}

#endif
