/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Threads of a live process: listed, stopped one at a time, read, let go.
 * See ptrace(2).
 */
#include "context.h"
#include "helper.h"
#include "host.h"
#include "now.h"
#include "procfs.h"
#include "reader.h"
#include "shortage.h"

#include <dirent.h>
#include <dwunw/layout.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Beyond it, for the answer of the helper that waits. */
#define ANSWER_MS 500

/* --- one stopped thread ------------------------------------------------------------ */

dwunw_status_t dwunw_stack_reader_init(struct dwunw_stack_reader *reader,
				       int32_t pid, int32_t tid)
{
	if (!reader || pid <= 0 || tid <= 0)
		return DWUNW_ERR_INVALID_ARG;
	*reader = (struct dwunw_stack_reader){ .pid = pid, .tid = tid };
	return DWUNW_OK;
}

static dwunw_status_t status_of_errno(void)
{
	return errno == EPERM || errno == EACCES ? DWUNW_ERR_ATTACH_DENIED :
						   DWUNW_ERR_IO;
}

/*
 * What ptrace(2) says of a thread that has ended but is not reaped is EPERM,
 * as of one that it protects: a process's first thread stays so for as long
 * as the others run.
 */
static dwunw_status_t seize_failed(int32_t tid)
{
	struct dwu_process_stat stat;
	int error = errno;

	if (error == EPERM && (dwu_process_stat(tid, &stat) == DWUNW_OK ?
				       stat.ended :
				       errno == ENOENT || errno == ESRCH))
		error = ESRCH;
	errno = error;
	return status_of_errno();
}

/*
 * By the helper, which lets it go at the deadline. One that has seized a thread
 * which did not stop is ended: else that would stop when nobody looks any more.
 */
static dwunw_status_t attach_far(struct dwunw_stack_reader *reader,
				 uint32_t stop_ms)
{
	uint32_t wait_ms = dwu_stop_wait(false);
	struct dwu_ask ask = { .what = DWU_ASK_ATTACH,
			       .id = reader->tid,
			       .size = wait_ms,
			       .room = stop_ms };
	struct dwu_ask_io io = { .fd_in = -1, .ms = wait_ms + ANSWER_MS };
	dwunw_status_t status = dwu_helper_ask(DWU_HELPER_STOPS, &ask, &io);
	int error = errno;

	reader->until_ms = ask.at;
	reader->attached = status == DWUNW_OK;
	if (status != DWUNW_OK) {
		dwu_helper_drop(DWU_HELPER_STOPS);
		if (error == ETIMEDOUT)
			dwu_stop_wait(true);
	}
	errno = error;
	return status;
}

/*
 * A thread that does not stop in time stays seized, since only a stopped one
 * can be let go: detach() tries, and our exit does it anyway.
 */
dwunw_status_t dwunw_stack_reader_attach(struct dwunw_stack_reader *reader)
{
	struct dwunw_limits limits;
	dwunw_status_t status;

	if (!reader || reader->tid <= 0 || reader->attached)
		return DWUNW_ERR_INVALID_ARG;
	reader->late = false;
	reader->vouched = 0;
	if (dwu_limited(&limits)) {
		status = attach_far(reader, limits.stop_ms << reader->patience);
	} else {
		status = dwu_attach_now(reader->tid, DWU_STOP_WAIT_MS,
					&reader->attached);
		if (status != DWUNW_OK && errno == ESRCH)
			reader->attached = false;
	}
	if (status == DWUNW_ERR_ATTACH_DENIED && !reader->attached)
		return seize_failed(reader->tid);
	return status;
}

void dwunw_stack_reader_detach(struct dwunw_stack_reader *reader)
{
	struct dwu_ask ask = { .what = DWU_ASK_DETACH };
	struct dwu_ask_io io = { .fd_in = -1,
				 .ms = DWU_STOP_WAIT_MS + ANSWER_MS };
	int error = errno;

	if (!reader || !reader->attached)
		return;
	reader->attached = false;
	if (dwu_limited(NULL))
		(void)dwu_helper_ask(DWU_HELPER_STOPS, &ask, &io);
	else
		dwu_detach_now(reader->tid);
	errno = error;
}

/* --- registers --------------------------------------------------------------------- */

static dwunw_status_t read_regs(int32_t tid, void *words, size_t size,
				size_t *got)
{
	struct dwu_ask ask = { .what = DWU_ASK_REGS, .id = tid };
	struct dwu_ask_io io = { .out = words,
				 .out_size = size,
				 .fd_in = -1,
				 .ms = DWU_STOP_WAIT_MS };
	dwunw_status_t status;

	if (!dwu_limited(NULL))
		return dwu_regs_now(tid, words, size, got);
	status = dwu_helper_ask(DWU_HELPER_STOPS, &ask, &io);
	*got = (size_t)ask.got;
	return status;
}

/*
 * A thread that was stopped in a system call has its pc behind that
 * instruction, whether or not the kernel will restart the call: that is where
 * its frame is.
 */
dwunw_status_t dwunw_stack_reader_regs(struct dwunw_stack_reader *reader,
				       struct dwunw_regset *regs)
{
	const struct dwunw_layout *layout = dwunw_layout_of(dwu_host_arch());
	uint64_t words[DWUNW_LAYOUT_WORDS_MAX];
	size_t got = 0;
	dwunw_status_t status;

	if (!reader || !reader->attached || !regs)
		return DWUNW_ERR_INVALID_ARG;
	status = dwunw_regset_prepare(regs, dwu_host_arch());
	if (status != DWUNW_OK || !layout)
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	status = read_regs(reader->tid, words,
			   (size_t)layout->words * layout->word_size, &got);
	if (status != DWUNW_OK)
		return status;
	/* an i386 or arm program has fewer */
	if (got != (size_t)layout->words * layout->word_size)
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	return dwunw_layout_regs(dwu_host_arch(), words, regs);
}

/* While it is stopped for us: 0 once that is over. */
static uint32_t ms_left(const struct dwunw_stack_reader *reader)
{
	uint64_t now = dwu_now_ms();

	return now < reader->until_ms ? (uint32_t)(reader->until_ms - now) : 0;
}

static dwunw_status_t late(struct dwunw_stack_reader *reader)
{
	reader->late = true;
	errno = ETIMEDOUT;
	return DWUNW_ERR_IO;
}

/*
 * Once the thread has gone on, what is there belongs to another moment: late,
 * also if that happened while it was read.
 */
dwunw_status_t dwu_reader_some(struct dwunw_stack_reader *reader, uint64_t addr,
			       void *dst, size_t size, size_t room, size_t *got)
{
	struct dwunw_limits limits = { 0 };
	bool limited = dwu_limited(&limits) && reader->attached;
	uint32_t left = limited ? ms_left(reader) : 0;
	uint32_t ms = limits.read_ms;
	dwunw_status_t status;

	if (limited && (reader->late || !left))
		return late(reader);
	if (limited && left < ms)
		ms = left;
	status = dwu_memory_some(reader->tid, addr, dst, size, room, ms, got);
	if (status == DWUNW_ERR_IO && errno == ETIMEDOUT) {
		reader->late = true;
		reader->hung = true;
	}
	if (status == DWUNW_OK && limited && !ms_left(reader))
		return late(reader);
	return status;
}

/* Through the thread: the process's first one may have ended. */
dwunw_status_t dwunw_stack_reader_read(void *reader, uint64_t addr, void *dst,
				       size_t size)
{
	struct dwunw_stack_reader *from = reader;
	size_t got;

	if (!from || from->tid <= 0 || !dst)
		return DWUNW_ERR_INVALID_ARG;
	return dwu_reader_some(from, addr, dst, size, size, &got);
}
