/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The library's side of the helpers: one of each kind is started, asked, waited
 * for, and given up with what it was doing when it does not answer in time.
 *
 *	ask -> shared bytes + message -> poll(channel, ms) -> answer
 *	                                              \-> SIGKILL, ETIMEDOUT
 *
 * For example, a file on a FUSE mount whose server is stopped: the helper hangs
 * in open(), 4 s later it is killed or, if not even that helps, left behind;
 * the caller has IO and ETIMEDOUT. The next file has 2 s, and so on down to
 * READ_MS: many such files cost little more than twice the first.
 *
 * All of it is under guard->lock: one question at a time. A fork of the program
 * has no helpers of its own and makes them when it asks.
 */
#include "helper.h"
#include "now.h"
#include "shortage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READ_MS 100u
#define STOP_MS 100u
/* Each file and each thread that is given up halves what the next one has. */
#define FILE_MS 4000u
#define STOP_WAIT_MS 2000u
/* A killed helper's end is waited for: in general it comes at once. */
#define END_MS 50u
/* A helper that waits for a processor has so many times as long. */
#define BUSY 20u
#define BUSY_MS 10u
/* Helpers that not even SIGKILL ends; beyond it no others are started. */
#define LEFT_MAX 16u
/* Descriptors closed one by one, where close_range(2) is not known. */
#define CLOSE_MAX 65536

struct helper {
	uint8_t *bytes; /* shared with it; NULL: there is none */
	pid_t pid;
	int channel;
	uint32_t serial;
};

struct guard {
	pthread_mutex_t lock;
	struct dwunw_limits limits; /* file_ms: what is left of it */
	uint32_t stop_wait_ms;
	uint32_t serial;
	pid_t owner; /* a fork of it has helpers of its own */
	struct helper helpers[DWU_HELPER_KINDS];
	pid_t left[LEFT_MAX];
};

static struct guard *guard;

/* Also where `limits` is NULL: is there a limit at all? */
bool dwu_limited(struct dwunw_limits *limits)
{
	if (guard && limits)
		*limits = guard->limits;
	return guard != NULL;
}

/* --- start ----------------------------------------------------------------------- */

/* All but the channel: a pipe that somebody reads would never end. */
static void close_others(int channel)
{
	struct rlimit limit;
	int max = CLOSE_MAX;

#ifdef SYS_close_range
	if ((!channel ||
	     !syscall(SYS_close_range, 0u, (unsigned int)channel - 1, 0u)) &&
	    !syscall(SYS_close_range, (unsigned int)channel + 1, ~0u, 0u))
		return;
#endif
	if (!getrlimit(RLIMIT_NOFILE, &limit) &&
	    limit.rlim_cur < (rlim_t)CLOSE_MAX)
		max = (int)limit.rlim_cur;
	for (int fd = 0; fd < max; fd++)
		if (fd != channel)
			close(fd);
}

/*
 * clone(2) without a signal, so that it is no child that a program's wait()
 * finds; qemu-user knows fork() alone. Signals stay blocked in the helper:
 * no handler of the program runs there, and no key of a terminal ends it.
 */
static pid_t fork_quietly(void)
{
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = (pid_t)syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
	if (pid < 0 && errno == EINVAL)
		pid = fork();
	if (pid)
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	return pid;
}

/*
 * PR_SET_PDEATHSIG: it ends with the thread that has started it, so it is never
 * orphaned.
 */
__attribute__((noreturn)) static void be_helper(int channel, uint8_t *bytes,
						pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0L, 0L, 0L);
	if (getppid() != parent)
		_exit(0);
	prctl(PR_SET_NAME, "dwunw-helper", 0L, 0L, 0L);
	close_others(channel);
	if (chdir("/"))
		_exit(0);
	dwu_helper_serve(channel, bytes);
}

/* Those that have ended meanwhile. False: too many are stuck. */
static bool reap(void)
{
	bool room = false;

	for (size_t i = 0; i < LEFT_MAX; i++) {
		pid_t *left = &guard->left[i];

		if (*left && waitpid(*left, NULL, WNOHANG | __WALL))
			*left = 0;
		room |= !*left;
	}
	return room;
}

/* False: errno. A socket pair, 256 KiB of shared memory, a process. */
static bool start(struct helper *helper)
{
	pid_t parent = getpid();
	int pair[2];

	if (!reap()) {
		errno = ETIMEDOUT;
		return false;
	}
	helper->bytes = mmap(NULL, DWU_HELPER_ROOM, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (helper->bytes == MAP_FAILED)
		helper->bytes = NULL;
	if (!helper->bytes)
		return false;
	if (!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		helper->pid = fork_quietly();
		if (!helper->pid)
			be_helper(pair[1], helper->bytes, parent);
		helper->channel = pair[0];
		helper->serial = ++guard->serial;
		close(pair[1]);
		if (helper->pid > 0)
			return true;
		close(pair[0]);
	}
	munmap(helper->bytes, DWU_HELPER_ROOM);
	helper->bytes = NULL;
	return false;
}

/* --- end ------------------------------------------------------------------------- */

/* It is reaped when it ends after all. */
static void leave_behind(pid_t pid)
{
	for (size_t i = 0; i < LEFT_MAX; i++) {
		if (guard->left[i])
			continue;
		guard->left[i] = pid;
		return;
	}
}

/* What it had stopped goes on when it has ended. */
static void end(struct helper *helper)
{
	const struct timespec pause = { 0, 1000 * 1000 };
	uint64_t until = dwu_now_ms() + END_MS;
	pid_t got = 0;

	if (!helper->bytes)
		return;
	munmap(helper->bytes, DWU_HELPER_ROOM);
	close(helper->channel);
	helper->bytes = NULL;
	if (guard->owner != getpid())
		return;
	kill(helper->pid, SIGKILL);
	while (!got && dwu_now_ms() < until) {
		got = waitpid(helper->pid, NULL, WNOHANG | __WALL);
		if (!got)
			nanosleep(&pause, NULL);
	}
	if (!got)
		leave_behind(helper->pid);
}

/*
 * In a fork the helpers are the parent's: descriptors are closed, nobody is
 * killed.
 */
static void end_all(void)
{
	for (size_t i = 0; i < DWU_HELPER_KINDS; i++)
		end(&guard->helpers[i]);
}

void dwu_helper_drop(enum dwu_helper_kind kind)
{
	pthread_mutex_lock(&guard->lock);
	end(&guard->helpers[kind]);
	pthread_mutex_unlock(&guard->lock);
}

/* Halved each time that a thread did not stop, as with files. */
uint32_t dwu_stop_wait(bool late)
{
	uint32_t ms;

	pthread_mutex_lock(&guard->lock);
	if (late && guard->stop_wait_ms / 2 >= STOP_MS)
		guard->stop_wait_ms /= 2;
	ms = guard->stop_wait_ms;
	pthread_mutex_unlock(&guard->lock);
	return ms;
}

/* --- ask ------------------------------------------------------------------------- */

/* Does it lack nothing but a processor? */
static bool is_runnable(pid_t pid)
{
	char path[40], text[128];
	const char *state;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = 0;
	state = strrchr(text, ')');
	return state && state[1] == ' ' && state[2] == 'R';
}

/* A busy machine is no reason to give up: it is asked BUSY times as long. */
static bool answer_comes(const struct helper *helper, uint32_t ms)
{
	struct pollfd wait = { .fd = helper->channel, .events = POLLIN };
	uint64_t start = dwu_now_ms(), until = start + ms;

	for (;;) {
		uint64_t now = dwu_now_ms();
		int got = poll(&wait, 1, now < until ? (int)(until - now) : 0);

		if (got > 0)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		if (got || now < until)
			continue;
		if (now - start > (uint64_t)ms * BUSY ||
		    !is_runnable(helper->pid))
			return false;
		until = now + BUSY_MS;
	}
}

/* Gone, or not in time: no difference to who asks. */
static dwunw_status_t give_up(struct helper *helper, bool of_file)
{
	if (of_file && guard->limits.file_ms / 2 >= READ_MS)
		guard->limits.file_ms /= 2;
	end(helper);
	errno = ETIMEDOUT;
	return DWUNW_ERR_IO;
}

/* It also ends with the thread that has started it. */
static bool lives(struct helper *helper)
{
	struct pollfd state = { .fd = helper->channel };

	if (helper->bytes && poll(&state, 1, 0) > 0)
		end(helper);
	return helper->bytes != NULL;
}

/*
 * What is in flight is of this question alone: a helper that is late is never
 * asked again.
 */
static dwunw_status_t exchange(struct helper *helper, struct dwu_ask *ask,
			       struct dwu_ask_io *io)
{
	uint32_t ms = io->ms ? io->ms : guard->limits.file_ms;
	size_t got;

	if (io->in_size)
		memcpy(helper->bytes, io->in, io->in_size);
	if (!dwu_helper_send(helper->channel, ask, io->fd_in))
		return give_up(helper, false);
	if (!answer_comes(helper, ms))
		return give_up(helper, !io->ms);
	if (!dwu_helper_receive(helper->channel, ask, &io->fd_out))
		return give_up(helper, false);
	io->serial = helper->serial;
	got = ask->got < io->out_size ? (size_t)ask->got : io->out_size;
	if (io->out && ask->status == DWUNW_OK)
		memcpy(io->out, helper->bytes, got);
	errno = ask->error;
	return (dwunw_status_t)ask->status;
}

/* errno is set behind the unlock, which may change it. */
dwunw_status_t dwu_helper_ask(enum dwu_helper_kind kind, struct dwu_ask *ask,
			      struct dwu_ask_io *io)
{
	struct helper *helper = &guard->helpers[kind];
	dwunw_status_t status = DWUNW_ERR_IO;
	int error;

	io->fd_out = -1;
	pthread_mutex_lock(&guard->lock);
	if (guard->owner != getpid()) {
		end_all();
		memset(guard->left, 0, sizeof(guard->left));
		guard->owner = getpid();
	}
	if (io->serial && (!lives(helper) || io->serial != helper->serial))
		errno = ESTALE;
	else if (lives(helper) || start(helper))
		status = exchange(helper, ask, io);
	error = errno;
	pthread_mutex_unlock(&guard->lock);
	errno = error;
	return status;
}

/* --- public ---------------------------------------------------------------------- */

static uint32_t given(uint32_t ms, uint32_t usual)
{
	return ms ? ms : usual;
}

/* No question may be under way in another thread. */
static void unlimited(void)
{
	struct guard *old = guard;

	if (!old)
		return;
	end_all();
	pthread_mutex_destroy(&old->lock);
	free(old);
	guard = NULL;
}

static bool usable(const struct dwunw_limits *limits)
{
	return !limits->reserved && limits->read_ms <= INT_MAX / 2 &&
	       limits->file_ms <= INT_MAX / 2 && limits->stop_ms <= INT_MAX / 2;
}

/*
 * NULL: no limits from here on. A helper is started at once, so that its
 * failure is told here and not by a stack without names.
 */
dwunw_status_t dwunw_limit(const struct dwunw_limits *limits)
{
	struct dwunw_limits own;
	struct guard *new;

	if (limits && (DWUNW_STRUCT_FROM(&own, reserved, limits) != DWUNW_OK ||
		       !usable(&own)))
		return DWUNW_ERR_INVALID_ARG;
	unlimited();
	if (!limits)
		return DWUNW_OK;
	new = dwu_calloc(1, sizeof(*new));
	if (!new)
		return DWUNW_ERR_NO_MEMORY;
	if (pthread_mutex_init(&new->lock, NULL)) {
		free(new);
		return DWUNW_ERR_NO_MEMORY;
	}
	new->limits = (struct dwunw_limits){
		.read_ms = given(own.read_ms, READ_MS),
		.file_ms = given(own.file_ms, FILE_MS),
		.stop_ms = given(own.stop_ms, STOP_MS),
	};
	new->stop_wait_ms = STOP_WAIT_MS;
	new->owner = getpid();
	guard = new;
	/* while the program is small, and has one thread */
	if (start(&new->helpers[DWU_HELPER_READS]))
		return DWUNW_OK;
	unlimited();
	return DWUNW_ERR_IO;
}
