/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* framehop.h - what framehop/src/lib.rs gives to bench.c. */
#ifndef BENCH_FRAMEHOP_H
#define BENCH_FRAMEHOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A section: its address as linked and its bytes, which the caller keeps. */
struct framehop_section {
	uint64_t vaddr;
	const uint8_t *bytes; /* NULL: there is none */
	size_t size;
};

struct framehop_file {
	uint64_t start; /* of its mappings, as they are all */
	uint64_t end;
	uint64_t bias; /* run-time address minus address as linked */
	struct framehop_section eh_frame;
	struct framehop_section eh_frame_hdr;
	struct framehop_section text;
	struct framehop_section got;
};

/* size 0: every read is by the callback. */
struct framehop_start {
	uint64_t pc;
	uint64_t sp;
	uint64_t fp;
	const uint8_t *stack;
	uint64_t stack_addr;
	uint64_t size;
	bool (*read)(void *ctx, uint64_t addr, uint64_t *word);
	void *ctx;
};

void *bench_framehop_open(void);
void bench_framehop_add(void *state, const struct framehop_file *file);
size_t bench_framehop_walk(void *state, const struct framehop_start *start,
			   uint64_t *pcs, size_t max);
void bench_framehop_close(void *state);

#endif
