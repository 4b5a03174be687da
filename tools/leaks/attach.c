/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * attach.c - `dwunw leaks --in-process PID`. See DESIGN.md, "A recorder inside the
 * program".
 *
 *	all threads are stopped		threads.c
 *	one that may make a call	safe.c
 *	dlopen(), dwunw_inproc_…()	borrow.h; port/inproc/attach.c
 *
 * Each call takes a stop of its own. While one runs the others do, too: who holds a
 * lock gives it back.
 */
#include "attach.h"

#include "attach_check.h"
#include "borrow.h"
#include "cmd.h"
#include "interrupt.h"
#include "safe.h"
#include "threads.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 30000u /* until a thread is where it can be borrowed */
#define STOP_MS 300u	   /* until all threads stand; up to 4 times that */
#define STOP_LOG2 2
#define LOOK_MS 250 /* between looks for modules that came */
#define NAP_MS 3

enum {
	ATTACH = 0,
	LOOK,
	DETACH,
	DROP,
	FUNCTIONS
};
static const char *const function_names[FUNCTIONS] = {
	[ATTACH] = "dwunw_inproc_attach",
	[LOOK] = "dwunw_inproc_look",
	[DETACH] = "dwunw_inproc_detach",
	[DROP] = "dwunw_inproc_drop",
};

struct attach {
	struct safe safe;
	struct threads threads;
	struct borrow_code code;
	struct attach_library library;
	char like[280]; /* how the last part of the recorder's path is */
	int32_t pid;
	int32_t tid; /* the last that was borrowed */
	int pidfd;
	int lock;
	int tables;
	uint32_t sample_bytes;
	uint64_t dlopen, dlerror, errno_location;
	uint64_t functions[FUNCTIONS];
	uint32_t patience; /* STOP_MS 2^patience times */
	uint64_t modules;  /* what is mapped, hashed */
	bool begun;	   /* by another tool, that is no more */
	char why[512];
};

typedef bool (*call_fn)(struct attach *a, struct borrow *borrow);

/* --- a thread that calls ------------------------------------------------------------- */

static void nap(long ms)
{
	const struct timespec time = { .tv_nsec = ms * 1000000 };

	nanosleep(&time, NULL);
}

static bool say(struct attach *a, const char *text)
{
	snprintf(a->why, sizeof(a->why), "%s", text);
	return false;
}

static bool say_threads(struct attach *a)
{
	int error = a->threads.error;

	if (error == EPERM)
		dwunw_denied_text(a->threads.error_tid, a->why, sizeof(a->why));
	else if (error == ETIMEDOUT)
		snprintf(a->why, sizeof(a->why),
			 "thread %" PRId32 " does not stop: it sleeps in the "
			 "kernel, where nothing interrupts it",
			 a->threads.error_tid);
	else
		snprintf(a->why, sizeof(a->why), "%s",
			 error == ESRCH ? "it has ended" : strerror(error));
	return false;
}

static void let_others_go(void *ctx)
{
	struct attach *a = ctx;

	threads_go(&a->threads, a->tid);
}

/* A machine that is busy has no processor for each of them at once. */
static bool stop_all(struct attach *a)
{
	if (threads_stop(&a->threads, STOP_MS << a->patience)) {
		a->patience = 0;
		return true;
	}
	if (a->patience < STOP_LOG2)
		a->patience++;
	return say_threads(a);
}

/* All threads stand. False: none can be borrowed now. */
static bool call_now(struct attach *a, call_fn call, bool *result)
{
	int32_t tid = safe_thread(&a->safe, &a->threads, a->tid);
	struct borrow *borrow;

	if (!tid)
		return say(a, a->safe.why);
	a->tid = tid;
	borrow = borrow_begin(tid, &a->code, a->why, sizeof(a->why));
	if (borrow) {
		borrow_on_running(borrow, let_others_go, a);
		*result = call(a, borrow);
		borrow_end(borrow);
	}
	threads_go(&a->threads, tid);
	return borrow;
}

/* As soon as it can be done. False: `why`. */
static bool with_thread(struct attach *a, call_fn call)
{
	uint64_t end = threads_now_ms() + PATIENCE_MS;
	bool result = false;
	bool done = false;

	do {
		if (stop_all(a))
			done = call_now(a, call, &result);
		threads_go(&a->threads, done ? a->tid : 0);
		if (a->threads.error == ESRCH || a->threads.error == EPERM)
			return false;
		if (!done)
			nap(NAP_MS);
	} while (!done && threads_now_ms() < end);
	return result;
}

static bool call_at(struct attach *a, struct borrow *borrow, uint64_t function,
		    uint64_t first, uint64_t second, uint64_t *result)
{
	const uint64_t args[BORROW_ARGS] = { first, second };

	return borrow_call(borrow, function, args, result, a->why,
			   sizeof(a->why));
}

static const char *reason(int function, int error)
{
	if (function != ATTACH)
		return strerror(error);
	return error == EBUSY	 ? "the recorder is preloaded, and records" :
	       error == EALREADY ? "a recording was begun and not ended" :
	       error == ENOENT	 ? "none of its modules calls an allocator" :
				   strerror(error);
}

/* One of ours. What is not 0 or above was told. */
static long call_ours(struct attach *a, struct borrow *borrow, int function,
		      uint64_t first, uint64_t second)
{
	uint64_t result;

	if (!call_at(a, borrow, a->functions[function], first, second, &result))
		return -EIO;
	if ((long)result < 0)
		snprintf(a->why, sizeof(a->why), "%s(): %s",
			 function_names[function],
			 reason(function, -(int)(long)result));
	a->begun |= function == ATTACH && (long)result == -EALREADY;
	return (long)result;
}

/* --- in --------------------------------------------------------------------------------- */

static void say_dlerror(struct attach *a, struct borrow *borrow)
{
	char text[400] = "";
	struct iovec here = { text, sizeof(text) - 1 }, there = { NULL, 0 };
	uint64_t at = 0;

	if (a->dlerror && call_at(a, borrow, a->dlerror, 0, 0, &at) && at) {
		/* it may end before the page does */
		there.iov_base = (void *)(uintptr_t)at;
		there.iov_len = 4096 - at % 4096;
		if (there.iov_len > here.iov_len)
			there.iov_len = here.iov_len;
		if (process_vm_readv(a->pid, &here, 1, &there, 1, 0) < 0)
			text[0] = 0;
	}
	snprintf(a->why, sizeof(a->why), "its dlopen(): %s",
		 *text ? text : "it says no");
}

static bool load(struct attach *a, struct borrow *borrow)
{
	const char *path = a->library.in_process;
	uint64_t at = borrow_put(borrow, path, strlen(path) + 1), handle = 0;

	if (!at)
		return say(a, "its memory cannot be written");
	if (!call_at(a, borrow, a->dlopen, at, RTLD_NOW | RTLD_LOCAL, &handle))
		return false;
	if (!handle)
		say_dlerror(a, borrow);
	return handle != 0;
}

/* dlopen() may change the thread's errno, which is in memory. */
static bool load_quietly(struct attach *a, struct borrow *borrow)
{
	int error = 0;
	struct iovec here = { &error, sizeof(error) };
	struct iovec there = { NULL, sizeof(error) };
	uint64_t at;
	bool done;

	if (!call_at(a, borrow, a->errno_location, 0, 0, &at))
		return false;
	there.iov_base = (void *)(uintptr_t)at;
	if (process_vm_readv(a->pid, &here, 1, &there, 1, 0) < 0)
		return say(a, "its errno cannot be read");
	done = load(a, borrow);
	process_vm_writev(a->pid, &here, 1, &there, 1, 0);
	return done;
}

static bool find_functions(struct attach *a)
{
	for (int i = 0; i < FUNCTIONS; i++) {
		a->functions[i] =
			attach_function(&a->safe, a->like, function_names[i]);
		if (!a->functions[i])
			return say(a, "the recorder in it is of another "
				      "version, or its file is gone");
	}
	return true;
}

/* The process says which file it is: no other kind is opened. */
static int open_regular(const char *path)
{
	int name = open(path, O_PATH | O_CLOEXEC), fd = -1;
	char again[64];
	struct stat st;

	if (name < 0)
		return -1;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", name);
	if (!fstat(name, &st) && S_ISREG(st.st_mode))
		fd = open(again, O_RDWR | O_CLOEXEC);
	close(name);
	return fd;
}

static bool begin(struct attach *a, struct borrow *borrow)
{
	char path[64];
	long fd = call_ours(a, borrow, ATTACH, a->sample_bytes, 0);

	if (fd < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%" PRId32 "/fd/%ld", a->pid, fd);
	a->tables = open_regular(path);
	if (a->tables < 0)
		return snprintf(a->why, sizeof(a->why), "its tables: %s",
				strerror(errno)),
		       false;
	return call_ours(a, borrow, LOOK, 0, 0) >= 0;
}

static bool enter(struct attach *a, struct borrow *borrow)
{
	if (!safe_mapping(&a->safe, a->like) && !load_quietly(a, borrow))
		return false;
	return find_functions(a);
}

/* --- out --------------------------------------------------------------------------------- */

static bool look(struct attach *a, struct borrow *borrow)
{
	return call_ours(a, borrow, LOOK, 0, 0) >= 0;
}

static bool detach(struct attach *a, struct borrow *borrow)
{
	return call_ours(a, borrow, DETACH, 0, 0) >= 0;
}

static bool drop(struct attach *a, struct borrow *borrow)
{
	return call_ours(a, borrow, DROP, 0, 0) >= 0;
}

/* No thread is in the recorder: those that come from now on touch none of its
 * tables. */
static bool is_left(struct attach *a)
{
	uint64_t end = threads_now_ms() + PATIENCE_MS;
	bool left = false;

	do {
		if (stop_all(a))
			left = safe_is_left(&a->safe, &a->threads) ||
			       say(a, a->safe.why);
		threads_go(&a->threads, 0);
		if (a->threads.error == ESRCH)
			return false;
		if (!left)
			nap(NAP_MS);
	} while (!left && threads_now_ms() < end);
	return left;
}

static bool has_ended(struct attach *a)
{
	struct pollfd fd = { .fd = a->pidfd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0 || !safe_mapping(&a->safe, a->like);
}

/* --- all of it ------------------------------------------------------------------------------ */

static bool leave(struct attach *a)
{
	return with_thread(a, detach) && is_left(a) && with_thread(a, drop);
}

/* What another tool has begun that is no more (attach_lock()), ends. What fails
 * leaves nothing. */
static bool begin_anew(struct attach *a)
{
	char why[sizeof(a->why)];

	if (with_thread(a, begin) ||
	    (a->begun && leave(a) && with_thread(a, begin)))
		return true;
	memcpy(why, a->why, sizeof(why));
	(void)leave(a);
	return say(a, why);
}

static bool prepare(struct attach *a)
{
	a->lock = attach_lock(a->pid, a->why, sizeof(a->why));
	if (a->lock < 0 || !attach_check(a->pid, a->why, sizeof(a->why)))
		return false;
	if (!safe_open(&a->safe, a->pid))
		return say(a, a->safe.why);
	a->pidfd = (int)syscall(SYS_pidfd_open, a->pid, 0);
	if (a->pidfd < 0)
		return say(a, strerror(errno));
	if (!attach_check_space(&a->safe, &a->code, a->why, sizeof(a->why)) ||
	    !attach_dlopen(&a->safe, &a->dlopen, &a->dlerror, a->why,
			   sizeof(a->why)))
		return false;
	a->errno_location = attach_libc_function(&a->safe, "__errno_location");
	return a->errno_location || say(a, "its C library has no errno");
}

/* Where the process sees it; elsewhere if it does not. */
static bool enter_somehow(struct attach *a, const char *library)
{
	char first[sizeof(a->why)];
	bool here = attach_library_here(&a->library, a->pid, library);

	if (here && with_thread(a, enter))
		return true;
	if (here && !strstr(a->why, "dlopen"))
		return false;
	memcpy(first, a->why, sizeof(first));
	if (!attach_library_copy(&a->library, a->pid, library, a->why,
				 sizeof(a->why)))
		return here ? say(a, first) : false;
	here = with_thread(a, enter);
	attach_library_remove(&a->library);
	return here;
}

static void release(struct attach *a)
{
	threads_free(&a->threads);
	safe_close(&a->safe);
	if (a->pidfd >= 0)
		close(a->pidfd);
	if (a->lock >= 0)
		close(a->lock);
	free(a);
}

struct attach *attach_open(int32_t pid, const char *library,
			   uint32_t sample_bytes, int *tables)
{
	struct attach *a = dwu_cmd_alloc(1, sizeof(*a));

	a->pid = a->threads.pid = pid;
	a->pidfd = a->lock = a->tables = -1;
	a->sample_bytes = sample_bytes;
	snprintf(a->like, sizeof(a->like), "%.255s*",
		 strrchr(library, '/') ? strrchr(library, '/') + 1 : library);
	a->safe.recorder = a->like;
	if (prepare(a) && enter_somehow(a, library) && begin_anew(a)) {
		*tables = a->tables;
		a->modules = attach_modules(pid, a->like);
		return a;
	}
	dwu_cmd_error("leaks: process %" PRId32 ": %s", pid, a->why);
	release(a);
	return NULL;
}

void attach_wait(struct attach *a)
{
	struct pollfd fd = { .fd = a->pidfd, .events = POLLIN };
	uint64_t before = a->modules, now;

	fprintf(stderr, "recording\n");
	while (!interrupted() && poll(&fd, 1, LOOK_MS) <= 0) {
		now = attach_modules(a->pid, a->like);
		if (!now) /* it has executed another program, or ends */
			return;
		/* once they have come, and not in the middle */
		if (now == before && now != a->modules) {
			a->modules = now;
			(void)with_thread(a, look);
		}
		before = now;
	}
}

bool attach_close(struct attach *a)
{
	bool done = has_ended(a) || leave(a) || has_ended(a);

	if (!done)
		dwu_cmd_error("leaks: process %" PRId32
			      ": the recorder stays in it: %s",
			      a->pid, a->why);
	release(a);
	return done;
}
