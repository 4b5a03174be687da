/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A table of a file through 512 bytes: what reads it entry by entry asks for
 * each entry, and a system call is made for 8 or more of them at once. Section
 * headers have 64 bytes in 64-bit files, so one read serves 8 of them.
 *
 * The answer points into the window and is good until the next call; two tables
 * that are read in turns need two windows (core/elf/elf.c: headers and their
 * names).
 */
#include "window.h"

/*
 * Reads as much as there is from `off` on, not only `size`: the next entries
 * are asked for next. The window is refilled from `off`, so reading backwards
 * costs a read each time.
 */
const uint8_t *dwu_window_at(struct dwu_window *w, uint64_t off, size_t size)
{
	size_t fill = DWU_WINDOW_SIZE;

	/* a place that a file gave; size is at most DWU_WINDOW_SIZE */
	if (off > w->src->size || size > w->src->size - off)
		return NULL;
	if (off >= w->off && off - w->off <= w->size &&
	    size <= w->size - (size_t)(off - w->off))
		return w->bytes + (size_t)(off - w->off);
	if (fill > w->src->size - off)
		fill = (size_t)(w->src->size - off);
	/* a read that fails leaves nothing behind that looks valid */
	w->size = 0;
	if (w->src->read(w->src->ctx, off, w->bytes, fill) != DWUNW_OK)
		return NULL;
	w->off = off;
	w->size = fill;
	return w->bytes;
}
