/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A thread that is stopped for no longer than a walk takes. Files that the walk
 * meets are opened while the thread runs, and the walk is made anew from its
 * new registers.
 *
 *	stop, registers, walk -> met a file that is not open: go on, open it, again
 *	                      -> a read was late: go on, wait longer, again
 *	                      -> done
 *
 * For example, a process of 12 libraries that nobody has looked at yet: the
 * first stop meets one of them; a walk over the thread, which runs again, opens
 * the others; the second stop is that of the stack. With dwunw_limit() there is
 * no such walk: up to 12 short stops instead of a long one.
 *
 * Ends after STOPS_MAX stops; the last one opens what it meets while the thread
 * is stopped (give_in), so that a walk comes of it in any case.
 */
#include "stopped.h"
#include "reader.h"
#include "shortage.h"

#include "helper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Walks of one thread: for files that are met, and for ones that were cut. */
#define STOPS_MAX 64u
#define LATE_MAX 8u
/* Of them the first are of 1, 2, 4 times the limit. */
#define PATIENCE_MAX 3u
/* Stacks are read from here upwards. */
#define BLOCK_SIZE ((size_t)64 << 10)
#define BLOCK_ALIGN 4096u

/*
 * What is taken here is given back by dwu_stopped_free(), also where this
 * fails.
 */
dwunw_status_t dwu_stopped_init(struct dwu_stopped *stopped, int32_t pid,
				int32_t tid, struct dwunw_regset *regs)
{
	dwunw_status_t status;

	*stopped = (struct dwu_stopped){ .regs = regs };
	status = dwunw_stack_reader_init(&stopped->reader, pid, tid);
	if (status != DWUNW_OK)
		return status;
	stopped->block = dwu_malloc(BLOCK_SIZE);
	return stopped->block ? DWUNW_OK : DWUNW_ERR_NO_MEMORY;
}

void dwu_stopped_free(struct dwu_stopped *stopped)
{
	dwunw_stack_reader_detach(&stopped->reader);
	free(stopped->block);
	stopped->block = NULL;
}

/* --- files ------------------------------------------------------------------------ */

/* CACHE_FULL ends the walk at that frame; `wanted` says why. */
static dwunw_status_t open_known(void *ctx, struct dwunw_mapping *mapping,
				 const struct dwunw_module **module)
{
	struct dwu_stopped *stopped = ctx;
	struct dwu_image *image = stopped->image;

	if (stopped->give_in || dwu_image_opened(image, mapping))
		return image->space.open_module(image, mapping, module);
	if (!stopped->wanted)
		stopped->wanted = mapping;
	*module = NULL;
	return DWUNW_ERR_CACHE_FULL;
}

static void close_known(void *ctx, const struct dwunw_module *module)
{
	struct dwu_stopped *stopped = ctx;

	stopped->image->space.close_module(stopped->image, module);
}

void dwu_stopped_space(struct dwu_stopped *stopped, struct dwu_image *image,
		       struct dwunw_space *space)
{
	stopped->image = image;
	*space = image->space;
	space->open_module = open_known;
	space->close_module = close_known;
	space->ctx = stopped;
}

/* False: it cannot be opened now, and nothing remembers that. */
static bool open_wanted(struct dwu_stopped *stopped)
{
	struct dwu_image *image = stopped->image;
	struct dwunw_mapping *wanted = stopped->wanted;
	const struct dwunw_module *module = NULL;

	stopped->wanted = NULL;
	if (image->space.open_module(image, wanted, &module) == DWUNW_OK)
		image->space.close_module(image, module);
	return dwu_image_opened(image, wanted);
}

/* --- memory ----------------------------------------------------------------------- */

/* No sum that could wrap: addresses come from the thread's stack. */
static bool in_block(const struct dwu_stopped *stopped, uint64_t addr,
		     size_t size)
{
	return addr >= stopped->block_addr && size <= stopped->block_size &&
	       addr - stopped->block_addr <= stopped->block_size - size;
}

/*
 * A stack is read upwards: the page, and where that was the one behind the last,
 * what follows with it, up to BLOCK_SIZE; of one that ends sooner, as much as
 * there is. A walk that has met a file will be made anew: it needs no more.
 */
dwunw_status_t dwu_stopped_read(void *ctx, uint64_t addr, void *dst,
				size_t size)
{
	struct dwu_stopped *stopped = ctx;
	uint64_t from = addr & ~(uint64_t)(BLOCK_ALIGN - 1);
	bool next = from == stopped->block_addr + stopped->block_size;
	size_t need = (size_t)(addr - from) + size;
	dwunw_status_t status;

	if (stopped->wanted)
		return DWUNW_ERR_IO;
	if (size > BLOCK_SIZE - BLOCK_ALIGN)
		return dwunw_stack_reader_read(&stopped->reader, addr, dst,
					       size);
	if (!in_block(stopped, addr, size)) {
		need = (need + BLOCK_ALIGN - 1) & ~(size_t)(BLOCK_ALIGN - 1);
		stopped->block_addr = from;
		stopped->block_size = 0;
		status = dwu_reader_some(&stopped->reader, from, stopped->block,
					 need, next ? BLOCK_SIZE : need,
					 &stopped->block_size);
		if (status != DWUNW_OK) {
			stopped->block_size = 0;
			if (stopped->reader.late && !stopped->late_addr)
				stopped->late_addr = addr;
			return status;
		}
	}
	memcpy(dst, stopped->block + (addr - stopped->block_addr), size);
	return DWUNW_OK;
}

/* --- stops ------------------------------------------------------------------------ */

dwunw_status_t dwu_stopped_begin(struct dwu_stopped *stopped)
{
	dwunw_status_t status = dwunw_stack_reader_attach(&stopped->reader);

	stopped->stops++;
	stopped->block_size = 0;
	stopped->late_addr = 0;
	if (status == DWUNW_OK)
		status = dwunw_stack_reader_regs(&stopped->reader,
						 stopped->regs);
	/* it went on before we had a processor to look at it */
	stopped->expired = status == DWUNW_ERR_IO && stopped->reader.attached &&
			   dwu_limited(NULL) && errno == EBUSY;
	return status;
}

/*
 * A root or a limit is an end of its own; all others may have come of the late
 * read.
 */
void dwu_stopped_end(struct dwu_stopped *stopped, struct dwunw_stop *stop)
{
	dwunw_stack_reader_detach(&stopped->reader);
	if (!stopped->late_addr || dwunw_stop_is_complete(stop->reason) ||
	    stop->reason == DWUNW_STOP_LIMIT)
		return;
	stop->reason = DWUNW_STOP_TIME;
	stop->addr = stopped->late_addr;
}

/*
 * Patience doubles the time, PATIENCE_MAX times; reader.hung: it will not be
 * read at all.
 */
bool dwu_stopped_again(struct dwu_stopped *stopped)
{
	stopped->opened = false;
	if (stopped->stops >= STOPS_MAX)
		return false;
	if (stopped->wanted) {
		stopped->opened = open_wanted(stopped);
		stopped->give_in = !stopped->opened ||
				   stopped->stops + 1 == STOPS_MAX;
		return true;
	}
	if ((!stopped->late_addr && !stopped->expired) ||
	    stopped->reader.hung || ++stopped->late_stops >= LATE_MAX)
		return false;
	if (stopped->reader.patience < PATIENCE_MAX)
		stopped->reader.patience++;
	return true;
}

/* Not with limits: a read that takes too long would be counted as the thread's. */
bool dwu_stopped_may_run(struct dwu_stopped *stopped)
{
	if (stopped->ahead || !stopped->opened || dwu_limited(NULL))
		return false;
	stopped->ahead = true;
	stopped->block_size = 0;
	return true;
}
