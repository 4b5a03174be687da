/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * lens.h - a recorded stack seen with less: registers lost, words that cannot
 * be read, a copy cut short, a return address overwritten.
 */
#ifndef LENS_H
#define LENS_H

#include "../stacks/image.h"

#define HOMES_MAX 8u

/* Where a return address is kept: words of memory, and a register. */
struct home {
	uint64_t addrs[HOMES_MAX];
	size_t count;
	int reg; /* -1: none */
};

struct lens {
	const struct image *image;
	const struct snap_sample *sample;
	uint64_t regs[SNAP_REG_MAX];
	uint64_t lost; /* bit n: register n */
	uint64_t low;  /* [low, high) cannot be read */
	uint64_t high;
	uint64_t holes;	  /* not 0: seed of words that cannot be read */
	struct home home; /* of the words that are refused or altered */
	bool refused;
	bool altered;
	uint64_t value;	    /* what altered words hold */
	uint64_t copy_size; /* bytes of memory[0] that were copied */
	bool capped;
	/* frames of the chain that can be known: all, or those inside of the
	 * first return address that is gone */
	size_t known;
};

uint32_t lens_word(const struct image *image);
/* What of a return address is an address: without the isa, without a
 * signature. */
uint64_t lens_address(const struct image *image, uint64_t value);

/* The sample as it is. */
void lens_init(struct lens *lens, const struct image *image,
	       const struct snap_sample *sample);

/* False: it is nowhere to be seen. */
bool lens_find_home(const struct lens *lens, size_t frame, struct home *home);

void lens_lose(struct lens *lens, unsigned reg);
void lens_cut(struct lens *lens, unsigned quarters);
/* One page of those that the stack is on. */
void lens_refuse_page(struct lens *lens, uint64_t seed);
/* One word of 16. */
void lens_refuse_words(struct lens *lens, uint64_t seed);
/* False, and nothing is changed: the address is nowhere to be seen. */
bool lens_refuse_home(struct lens *lens, size_t frame);
bool lens_overwrite(struct lens *lens, size_t frame, uint64_t value);

/* Target memory through the lens, all or nothing. */
bool lens_read(const struct lens *lens, uint64_t addr, void *dst, size_t size);

#endif
