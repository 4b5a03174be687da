/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The one sort: in place, without recursion, n log n whatever the order. */
#ifndef DWU_SORT_H
#define DWU_SORT_H

#include <dwunw/types.h>

/* `count` elements that only their owner can compare and exchange. */
struct dwu_sort {
	void *ctx;
	uint32_t count;
	/* must element a stand before element b? */
	bool (*before)(void *ctx, uint32_t a, uint32_t b);
	void (*swap)(void *ctx, uint32_t a, uint32_t b);
};

/* Costs one comparison an element where they are in order already. */
void dwu_sort(const struct dwu_sort *sort);

#endif
