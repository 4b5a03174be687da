/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Threads of a live process: listed, stopped one at a time, read, let go.
 * See ptrace(2).
 */
#include "helper.h"

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

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

/* A thread in uninterruptible sleep does not stop: waited for, not for ever */
#define STOP_WAIT_MS 2000
/* Beyond it, for the answer of the helper that waits. */
#define ANSWER_MS 500
/* Signals that are handed on before a thread stops for us. */
#define SIGNALS_MAX 1000
#define STATUS_SIZE_MAX 65536u
#define CAP_SYS_PTRACE_BIT 19

/* --- why not ------------------------------------------------------------------- */

/* The number behind `key` in /proc/PID/status; -1: not there. */
static long long status_field(const char *pid, const char *key, int base)
{
	char path[40], *text, *at;
	long long value = -1;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	if (dwu_text_ready(path, STATUS_SIZE_MAX, &text, &size) != DWUNW_OK)
		return -1;
	at = strstr(text, key);
	if (at)
		value = strtoll(at + strlen(key), NULL, base);
	free(text);
	return value;
}

static int ptrace_scope(void)
{
	char *text;
	size_t size;
	int scope = 0;

	if (dwu_text_ready("/proc/sys/kernel/yama/ptrace_scope", 64, &text,
			   &size) != DWUNW_OK)
		return 0;
	scope = atoi(text);
	free(text);
	return scope;
}

const char *dwunw_denied_text(int32_t pid, char *text, size_t size)
{
	char name[16];
	long long tracer, caps;
	int scope = ptrace_scope();

	if (!text || !size)
		return "";
	snprintf(name, sizeof(name), "%d", (int)pid);
	tracer = status_field(name, "\nTracerPid:", 10);
	caps = status_field("self", "\nCapEff:", 16);
	if (tracer > 0)
		snprintf(text, size, "pid %d: traced by pid %lld already",
			 (int)pid, tracer);
	else if (scope == 3)
		snprintf(text, size,
			 "pid %d: kernel.yama.ptrace_scope is 3: nobody may "
			 "read another process until the next boot",
			 (int)pid);
	else if (caps >= 0 && (caps >> CAP_SYS_PTRACE_BIT & 1))
		snprintf(text, size,
			 "pid %d: denied in spite of CAP_SYS_PTRACE: a kernel "
			 "thread, another user namespace or a security module",
			 (int)pid);
	else
		snprintf(text, size,
			 "pid %d (uid %lld): needs CAP_SYS_PTRACE: run as root "
			 "or setcap cap_sys_ptrace+ep%s",
			 (int)pid, status_field(name, "\nUid:", 10),
			 scope ? " (kernel.yama.ptrace_scope allows "
				 "children only)" :
				 "");
	return text;
}

/* --- threads --------------------------------------------------------------------- */

struct tids {
	int32_t *at;
	size_t count;
	size_t room;
};

static bool add_tid(struct tids *tids, const char *name)
{
	long tid = strtol(name, NULL, 10);

	if (tid <= 0 || tid > INT32_MAX)
		return true; /* "." and ".." */
	if (tids->count == tids->room) {
		size_t room = tids->room ? tids->room * 2 : 64;
		int32_t *at = dwu_realloc(tids->at, room * sizeof(*at));

		if (!at)
			return false;
		tids->at = at;
		tids->room = room;
	}
	tids->at[tids->count++] = (int32_t)tid;
	return true;
}

static int by_number(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static dwunw_status_t list_tids(int32_t pid, struct tids *tids)
{
	char path[40];
	struct dirent *entry;
	bool room = true;
	int error;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return DWUNW_ERR_IO;
	for (errno = 0; room && (entry = readdir(dir)); errno = 0)
		room = add_tid(tids, entry->d_name);
	error = errno;
	closedir(dir);
	errno = error;
	if (!room)
		return DWUNW_ERR_NO_MEMORY;
	if (error || !tids->count) /* some would be missing */
		return DWUNW_ERR_IO;
	qsort(tids->at, tids->count, sizeof(*tids->at), by_number);
	return DWUNW_OK;
}

dwunw_status_t dwunw_threads(int32_t pid,
			     bool (*visit)(void *visit_ctx, int32_t tid),
			     void *visit_ctx)
{
	struct tids tids = { 0 };
	dwunw_status_t status;

	if (pid <= 0 || !visit)
		return DWUNW_ERR_INVALID_ARG;
	status = list_tids(pid, &tids);
	for (size_t i = 0; status == DWUNW_OK && i < tids.count; i++)
		if (!visit(visit_ctx, tids.at[i]))
			break;
	free(tids.at);
	return status;
}

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

static void *no_address(void)
{
	return NULL;
}

/* Without blocking for longer than until then. False: it did not change. */
static bool wait_change(int32_t tid, uint64_t until_ms, int *status, pid_t *got)
{
	struct timespec pause = { 0, 20 * 1000 };

	for (;;) {
		*got = waitpid(tid, status, __WALL | WNOHANG);
		if (*got > 0 || (*got < 0 && errno != EINTR))
			return true;
		if (dwu_now_ms() > until_ms)
			return false;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 5000 * 1000)
			pause.tv_nsec *= 2;
	}
}

/*
 * PTRACE_INTERRUPT shows as PTRACE_EVENT_STOP, also within a group-stop. A
 * signal that comes first is not ours to lose: the thread goes on with it.
 */
static dwunw_status_t wait_stop(int32_t tid, uint32_t wait_ms)
{
	uint64_t until_ms = dwu_now_ms() + wait_ms;

	for (unsigned int i = 0; i < SIGNALS_MAX; i++) {
		int status = 0;
		pid_t got;

		if (!wait_change(tid, until_ms, &status, &got)) {
			errno = ETIMEDOUT;
			return DWUNW_ERR_IO;
		}
		if (got < 0 || !WIFSTOPPED(status)) {
			errno = ESRCH;
			return DWUNW_ERR_IO;
		}
		if (status >> 16 == PTRACE_EVENT_STOP)
			return DWUNW_OK;
		if (ptrace(PTRACE_CONT, tid, no_address(),
			   (void *)(intptr_t)WSTOPSIG(status)))
			return DWUNW_ERR_IO;
	}
	errno = EBUSY;
	return DWUNW_ERR_IO;
}

dwunw_status_t dwu_attach_now(int32_t tid, uint32_t wait_ms, bool *seized)
{
	*seized = !ptrace(PTRACE_SEIZE, tid, no_address(), no_address());
	if (!*seized ||
	    ptrace(PTRACE_INTERRUPT, tid, no_address(), no_address()))
		return status_of_errno();
	return wait_stop(tid, wait_ms);
}

void dwu_detach_now(int32_t tid)
{
	if (!ptrace(PTRACE_DETACH, tid, no_address(), no_address()))
		return;
	if (wait_stop(tid, STOP_WAIT_MS) == DWUNW_OK)
		ptrace(PTRACE_DETACH, tid, no_address(), no_address());
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

	reader->until_ms = dwu_now_ms() + stop_ms;
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
	if (dwu_limited(&limits)) {
		status = attach_far(reader, limits.stop_ms << reader->patience);
	} else {
		status = dwu_attach_now(reader->tid, STOP_WAIT_MS,
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
	struct dwu_ask_io io = { .fd_in = -1, .ms = STOP_WAIT_MS + ANSWER_MS };
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

dwunw_status_t dwu_regs_now(int32_t tid, void *dst, size_t size, size_t *got)
{
	struct iovec vec = { dst, size };

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &vec))
		return status_of_errno();
	*got = vec.iov_len;
	return DWUNW_OK;
}

static dwunw_status_t read_regs(int32_t tid, void *words, size_t size,
				size_t *got)
{
	struct dwu_ask ask = { .what = DWU_ASK_REGS, .id = tid };
	struct dwu_ask_io io = {
		.out = words, .out_size = size, .fd_in = -1, .ms = STOP_WAIT_MS
	};
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

/*
 * While it is stopped for us. Once that is over, what is there belongs to
 * another moment: late.
 */
dwunw_status_t dwu_reader_some(struct dwunw_stack_reader *reader, uint64_t addr,
			       void *dst, size_t size, size_t room, size_t *got)
{
	struct dwunw_limits limits = { 0 };
	bool limited = dwu_limited(&limits) && reader->attached;
	uint64_t now = limited ? dwu_now_ms() : 0;
	uint32_t ms = limits.read_ms;
	dwunw_status_t status;

	if (limited && (reader->late || now >= reader->until_ms)) {
		reader->late = true;
		errno = ETIMEDOUT;
		return DWUNW_ERR_IO;
	}
	if (limited && reader->until_ms - now < ms)
		ms = (uint32_t)(reader->until_ms - now);
	status = dwu_memory_some(reader->tid, addr, dst, size, room, ms, got);
	if (status == DWUNW_ERR_IO && errno == ETIMEDOUT) {
		reader->late = true;
		reader->hung = true;
	}
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
