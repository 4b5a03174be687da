/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A chain of calls that is told by those who were called. */
#ifndef CHAIN_H
#define CHAIN_H

#include <stdint.h>

#define CHAIN_MAX 8

struct chain {
	/* where a function will return to, and the name of that one */
	struct {
		uintptr_t pc;
		const char *name;
	} told[CHAIN_MAX];
	int count;
	int (*leaf)(struct chain *chain, int n);
};

static inline void chain_tell(struct chain *chain, void *pc, const char *name)
{
	chain->told[chain->count].pc = (uintptr_t)pc;
	chain->told[chain->count++].name = name;
}

/* Is called by `caller`. */
#define TELL(chain, caller) \
	chain_tell(chain, __builtin_return_address(0), caller)

/* part.c: middle() calls inner(), which calls chain->leaf(). */
int middle(struct chain *chain, int n);
int inner(struct chain *chain, int n);

#endif
