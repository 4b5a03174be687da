/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The helper's side: asked, done, answered, one after another. A helper is a
 * forked process that makes calls of the kernel which may not come back;
 * limit.c is the other side, helper.h says why there are two.
 *
 *	library					helper
 *	{ READ, id 5, at 0x2000, 512 }   ---->	pread(5, shared bytes, 512, 0x2000)
 *	{ status OK, got 512, errno 0 }  <----	bytes are in the shared memory
 *
 * Messages are a struct dwu_ask on a SOCK_SEQPACKET socket, descriptors go
 * beside them (SCM_RIGHTS). The helper takes no lock and calls nothing but the
 * kernel, as it was forked from a program that may have threads.
 */
#include "helper.h"
#include "now.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* The thread that is stopped now, and until when. */
struct state {
	int32_t tid; /* 0: none */
	uint64_t until_ms;
};

/* --- messages ------------------------------------------------------------------ */

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/*
 * MSG_NOSIGNAL: a reader that is gone is an error here, no SIGPIPE in the
 * program.
 */
bool dwu_helper_send(int channel, const struct dwu_ask *ask, int fd)
{
	struct iovec vec = { (void *)(uintptr_t)ask, sizeof(*ask) };
	struct msghdr message = { .msg_iov = &vec, .msg_iovlen = 1 };
	union control control = { 0 };
	struct cmsghdr *header;
	ssize_t sent;

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	do {
		sent = sendmsg(channel, &message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof(*ask);
}

/* A message of another size is the end: the sides are of one program. */
bool dwu_helper_receive(int channel, struct dwu_ask *ask, int *fd)
{
	struct iovec vec = { ask, sizeof(*ask) };
	union control control = { 0 };
	struct msghdr message = { .msg_iov = &vec,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *header;
	ssize_t got;

	*fd = -1;
	do {
		got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	return got == (ssize_t)sizeof(*ask);
}

/* --- what is asked ---------------------------------------------------------------- */

/* Two strings, one behind the other. */
static dwunw_status_t open_path(struct dwu_ask *ask, const uint8_t *bytes,
				int *fd)
{
	const char *root = (const char *)bytes, *path = root + strlen(root) + 1;
	struct dwu_opened opened;
	dwunw_status_t status = dwu_open_now(
		&opened, root, path, (enum dwu_follow)ask->follow, ask->room);

	ask->file = opened.id;
	ask->owner = opened.owner;
	ask->id = opened.fd;
	*fd = opened.name;
	return status;
}

/*
 * The new helper opens what the old one had, by the O_PATH descriptor that is
 * its name.
 */
static dwunw_status_t reopen(struct dwu_ask *ask, int *fd)
{
	ask->id = dwu_reopen_now(*fd);
	close(*fd);
	*fd = -1;
	return ask->id < 0 ? DWUNW_ERR_IO : DWUNW_OK;
}

/* A file of /proc: opened, or from where the last piece has ended. */
static dwunw_status_t read_text(struct dwu_ask *ask, uint8_t *bytes)
{
	size_t size = ask->size < DWU_HELPER_ROOM ? (size_t)ask->size :
						    DWU_HELPER_ROOM;
	ssize_t got = 0;

	if (ask->id < 0)
		ask->id = open((const char *)bytes, O_RDONLY | O_CLOEXEC);
	else
		got = read(ask->id, bytes, size);
	ask->got = got > 0 ? (uint64_t)got : 0;
	return ask->id < 0 || got < 0 ? DWUNW_ERR_IO : DWUNW_OK;
}

/*
 * ask->room: how long the thread may stay stopped, whatever the library does
 * meanwhile. ask->at: until when that is.
 */
static dwunw_status_t attach(struct dwu_ask *ask, struct state *state)
{
	bool seized;
	dwunw_status_t status =
		dwu_attach_now(ask->id, (uint32_t)ask->size, &seized);

	state->tid = status == DWUNW_OK ? ask->id : 0;
	state->until_ms = dwu_now_ms() + ask->room;
	ask->at = state->until_ms;
	return status;
}

/* Nothing was stopped: well. */
static dwunw_status_t detach(struct state *state)
{
	if (state->tid)
		dwu_detach_now(state->tid);
	state->tid = 0;
	return DWUNW_OK;
}

/*
 * Of a thread that went on at the deadline the kernel says ESRCH, as of one
 * that has ended.
 */
static dwunw_status_t read_regs(struct dwu_ask *ask, uint8_t *bytes,
				const struct state *state)
{
	size_t got = 0;
	dwunw_status_t status;

	if (state->tid != ask->id) {
		errno = EBUSY;
		return DWUNW_ERR_IO;
	}
	status = dwu_regs_now(ask->id, bytes, DWU_HELPER_ROOM, &got);
	ask->got = got;
	return status;
}

/*
 * process_vm_readv(2), or /proc/PID/mem: both wait for pages that the target
 * serves.
 */
static dwunw_status_t read_memory(struct dwu_ask *ask, uint8_t *bytes)
{
	size_t got = 0;
	dwunw_status_t status = dwu_memory_now(ask->id, ask->at, bytes,
					       (size_t)ask->size,
					       (size_t)ask->room, &got);

	ask->got = got;
	return status;
}

/* One question; bytes are those that both sides see. Unknown: INVALID_ARG. */
static dwunw_status_t done(struct dwu_ask *ask, uint8_t *bytes, int *fd,
			   struct state *state)
{
	char path[PATH_MAX];

	switch (ask->what) {
	case DWU_ASK_MEMORY:
		return read_memory(ask, bytes);
	case DWU_ASK_OPEN:
		return open_path(ask, bytes, fd);
	case DWU_ASK_REOPEN:
		return reopen(ask, fd);
	case DWU_ASK_READ:
		ask->got = ask->size;
		return dwu_read_now(ask->id, ask->at, bytes, (size_t)ask->size);
	case DWU_ASK_CLOSE:
		return close(ask->id) ? DWUNW_ERR_IO : DWUNW_OK;
	case DWU_ASK_PATH:
		memcpy(path, bytes, sizeof(path));
		ask->got = sizeof(path);
		return dwu_path_now(path, &ask->file, (char *)bytes);
	case DWU_ASK_TEXT:
		return read_text(ask, bytes);
	case DWU_ASK_ATTACH:
		return attach(ask, state);
	case DWU_ASK_REGS:
		return read_regs(ask, bytes, state);
	case DWU_ASK_DETACH:
		return detach(state);
	default:
		return DWUNW_ERR_INVALID_ARG;
	}
}

/* A thread that is stopped goes on in time, whatever the library does. */
static bool next_comes(int channel, struct state *state)
{
	struct pollfd wait = { .fd = channel, .events = POLLIN };

	for (;;) {
		uint64_t now = dwu_now_ms();
		int ms = !state->tid	       ? -1 :
			 now < state->until_ms ? (int)(state->until_ms - now) :
						 0;
		int got = ms ? poll(&wait, 1, ms) : 0;

		if (got > 0)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		if (!got)
			detach(state);
	}
}

/* Ends with the channel: the library has closed it, or has died. */
void dwu_helper_serve(int channel, uint8_t *bytes)
{
	struct state state = { 0 };
	struct dwu_ask ask;
	int fd;

	while (next_comes(channel, &state) &&
	       dwu_helper_receive(channel, &ask, &fd)) {
		errno = 0;
		ask.status = done(&ask, bytes, &fd, &state);
		ask.error = errno;
		if (!dwu_helper_send(channel, &ask, fd))
			break;
		if (fd >= 0)
			close(fd);
	}
	detach(&state);
	_exit(0);
}
