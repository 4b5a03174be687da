/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* back_ends.h - back ends that only bench.c has. */
#ifndef BENCH_BACK_ENDS_H
#define BENCH_BACK_ENDS_H

#include "../stacks/image.h"

/*
 * No unwinder, but what one cannot be faster than: a table of all rows, made
 * before the first walk, of the CFA by rsp or rbp and of rbp alone; a cache of
 * 4,096 pcs before it. The stack is at hand.
 */
extern const struct backend backend_bare;

/* framehop/build */
extern const struct backend backend_framehop; /* the stack at hand */
extern const struct backend backend_framehop_callback;

#endif
