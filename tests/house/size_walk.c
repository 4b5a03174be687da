/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What a program needs that walks one stack and reads no file: what of the
 * core it pulls in is what stacks cost (scripts/size). It is only linked.
 */
#include <dwunw/dwunw_api.h>
#include <dwunw/walk.h>

void walk_one(void);

static struct dwunw_module module;

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **opened)
{
	(void)ctx;
	mapping->serial = module.serial;
	*opened = &module;
	return DWUNW_OK;
}

static void close_module(void *ctx, const struct dwunw_module *closed)
{
	(void)ctx;
	(void)closed;
}

void walk_one(void)
{
	static uint8_t block[1 << 20];
	struct dwunw_span file = { .data = block, .size = sizeof(block) };
	struct dwunw_source source;
	struct dwunw_arena arena;
	struct dwunw_walker *walker;
	struct dwunw_mapping mapping = { .end = UINT32_MAX };
	struct dwunw_space space = { .mappings = &mapping,
				     .count = 1,
				     .open_module = open_module,
				     .close_module = close_module };
	struct dwunw_regset regs;
	struct dwunw_walk_input input = { .regs = &regs };
	struct dwunw_frame frames[16];
	struct dwunw_stop stop;
	size_t count;

	dwunw_arena_init(&arena, block, sizeof(block));
	dwunw_source_from_span(&source, &file);
	(void)dwunw_module_open(&module, &source, 1, &arena);
	(void)dwunw_space_init(&space);
	(void)dwunw_walker_init(&walker, 16, &arena);
	(void)dwunw_regset_prepare(&regs, DWUNW_ARCH_MIPS32EL);
	space.arch = dwunw_arch_from_regset(&regs);
	(void)dwunw_walk(walker, &space, &input, frames, 16, &count, &stop);
}
