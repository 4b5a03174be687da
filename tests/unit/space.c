/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/walk/space.c: mappings in order, and the one that holds an address. */
#include <dwunw/walk.h>

#include "make_elf.h"
#include "tap.h"

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **module)
{
	(void)ctx;
	(void)mapping;
	(void)module;
	return DWUNW_ERR_IO;
}

static void close_module(void *ctx, const struct dwunw_module *module)
{
	(void)ctx;
	(void)module;
}

static dwunw_status_t init(struct dwunw_space *space,
			   struct dwunw_mapping *mappings, uint32_t count)
{
	*space = (struct dwunw_space){ .mappings = mappings,
				       .count = count,
				       .open_module = open_module,
				       .close_module = close_module };
	return dwunw_space_init(space);
}

static void finds(void)
{
	struct dwunw_mapping mappings[] = {
		{ .start = 0x5000, .end = 0x6000, .file = 3 },
		{ .start = 0x1000, .end = 0x2000, .file = 1 },
		{ .start = UINT64_MAX - 0xfff, .end = UINT64_MAX, .file = 4 },
		{ .start = 0x2000, .end = 0x3000, .file = 2 },
	};
	static const struct {
		uint64_t addr;
		uint32_t file; /* 0: none */
	} cases[] = {
		{ 0, 0 },
		{ 0xfff, 0 },
		{ 0x1000, 1 },
		{ 0x1fff, 1 },
		{ 0x2000, 2 },
		{ 0x2fff, 2 },
		{ 0x3000, 0 },
		{ 0x4fff, 0 },
		{ 0x5000, 3 },
		{ 0x5fff, 3 },
		{ 0x6000, 0 },
		{ UINT64_MAX - 0x1000, 0 },
		{ UINT64_MAX - 0xfff, 4 },
		{ UINT64_MAX - 1, 4 },
		{ UINT64_MAX, 0 },
	};
	struct dwunw_space space;
	struct dwunw_mapping *m;
	size_t i;

	is_u64(init(&space, mappings, COUNT(mappings)), DWUNW_OK,
	       "unsorted mappings are sorted");
	for (i = 1; i < COUNT(mappings); i++)
		ok(mappings[i - 1].end <= mappings[i].start,
		   "mapping %zu is behind %zu", i, i - 1);
	for (i = 0; i < COUNT(cases); i++) {
		m = dwunw_space_find(&space, cases[i].addr);
		is_u64(m ? m->file : 0, cases[i].file,
		       "the mapping of 0x%" PRIx64, cases[i].addr);
	}
	is_u64(init(&space, NULL, 0), DWUNW_OK, "a space may be empty");
	ok(!dwunw_space_find(&space, 0x1000), "nothing is in it");
}

static void refuses(void)
{
	struct dwunw_mapping empty[] = { { .start = 5, .end = 5 } };
	struct dwunw_mapping negative[] = { { .start = 5, .end = 4 } };
	struct dwunw_mapping overlap[] = { { .start = 1, .end = 5 },
					   { .start = 4, .end = 6 } };
	struct dwunw_mapping twice[] = { { .start = 1, .end = 5 },
					 { .start = 1, .end = 5 } };
	struct dwunw_mapping good[] = { { .start = 1, .end = 5 } };
	struct dwunw_space space;

	is_u64(init(&space, empty, 1), DWUNW_ERR_INVALID_ARG, "empty");
	is_u64(init(&space, negative, 1), DWUNW_ERR_INVALID_ARG, "negative");
	is_u64(init(&space, overlap, 2), DWUNW_ERR_INVALID_ARG, "overlapping");
	is_u64(init(&space, twice, 2), DWUNW_ERR_INVALID_ARG, "the same twice");
	is_u64(init(&space, NULL, 1), DWUNW_ERR_INVALID_ARG, "no mappings");
	is_u64(dwunw_space_init(NULL), DWUNW_ERR_INVALID_ARG, "no space");
	space = (struct dwunw_space){ .mappings = good,
				      .count = 1,
				      .close_module = close_module };
	is_u64(dwunw_space_init(&space), DWUNW_ERR_INVALID_ARG,
	       "no open_module");
	space.open_module = open_module;
	is_u64(dwunw_space_init(&space), DWUNW_OK, "that was all it lacked");
	space.close_module = NULL;
	is_u64(dwunw_space_init(&space), DWUNW_ERR_INVALID_ARG,
	       "no close_module");
}

static void limit(void)
{
	size_t max = CONFIG_MAPPING_MAX, i;
	struct dwunw_mapping *mappings = calloc(max + 1, sizeof(*mappings));
	struct dwunw_space space;
	uint32_t wrong = 0;

	for (i = 0; i <= max; i++) {
		mappings[i].start = i * 16;
		mappings[i].end = i * 16 + 8;
	}
	is_u64(init(&space, mappings, (uint32_t)max - 1), DWUNW_OK,
	       "one mapping fewer than CONFIG_MAPPING_MAX");
	is_u64(init(&space, mappings, (uint32_t)max), DWUNW_OK,
	       "CONFIG_MAPPING_MAX mappings");
	for (i = 0; i < max; i++) {
		wrong += dwunw_space_find(&space, i * 16) != &mappings[i];
		wrong += dwunw_space_find(&space, i * 16 + 7) != &mappings[i];
		wrong += dwunw_space_find(&space, i * 16 + 8) != NULL;
	}
	is_u64(wrong, 0, "each is found at both of its ends and not behind");
	is_u64(init(&space, mappings, (uint32_t)max + 1), DWUNW_ERR_INVALID_ARG,
	       "one mapping too many");
	free(mappings);
}

int main(void)
{
	finds();
	refuses();
	limit();
	return done();
}
