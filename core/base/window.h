/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A few hundred bytes of a source at a time: tables are read by the block
 * although nothing may be kept of them.
 */
#ifndef DWU_WINDOW_H
#define DWU_WINDOW_H

#include <dwunw/types.h>

#define DWU_WINDOW_SIZE 512u

/* Zeroed but for src. */
struct dwu_window {
	const struct dwunw_source *src;
	uint64_t off;
	size_t size;
	uint8_t bytes[DWU_WINDOW_SIZE];
};

/*
 * [off, off + size) of the source, valid until the next call; NULL if that
 * is not in it or cannot be read. size <= DWU_WINDOW_SIZE.
 */
const uint8_t *dwu_window_at(struct dwu_window *w, uint64_t off, size_t size);

#endif
