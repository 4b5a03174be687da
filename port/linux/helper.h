/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * helper.h - calls of the kernel that may not come back, and who makes them.
 *
 * A page of the target's may be served by the target itself (userfaultfd), a
 * file by a FUSE server that does not answer; a thread may be in an exec that
 * waits for one. After dwunw_limit() such calls are made by helper processes,
 * which are asked for one thing at a time and killed, or left behind, when the
 * answer does not come in time:
 *
 *   limit    the library's side: starts, asks, waits, gives up
 *   helper   the other side: does as asked
 *   now      the calls themselves, for both sides (now.h)
 *
 * A helper is a fork that calls nothing but the kernel: it takes no lock.
 */
#ifndef DWU_HELPER_H
#define DWU_HELPER_H

#include "files.h"

/* One for reads; one for ptrace(2), which also lets go at the deadline. */
enum dwu_helper_kind {
	DWU_HELPER_READS,
	DWU_HELPER_STOPS,
	DWU_HELPER_KINDS
};

enum dwu_ask_what {
	DWU_ASK_MEMORY = 1, /* id, at, size, room -> bytes, got */
	DWU_ASK_OPEN,	/* bytes: root, path; follow, room -> id, file, fd */
	DWU_ASK_REOPEN, /* fd -> id */
	DWU_ASK_READ,	/* id, at, size -> bytes */
	DWU_ASK_CLOSE,	/* id */
	DWU_ASK_PATH,	/* bytes: path -> file, bytes: where it leads to */
	DWU_ASK_TEXT,	/* id -1: bytes: path -> id; id, size -> bytes, got */
	/* id, size: ms to stop, room: ms to stay so -> at: until then (now.h) */
	DWU_ASK_ATTACH,
	DWU_ASK_REGS, /* id -> bytes, got; EBUSY: it was let go at the deadline */
	DWU_ASK_DETACH, /* id */
};

/* What is asked, and the answer in place of it. */
struct dwu_ask {
	uint32_t what;
	int32_t id; /* a process, a thread, an open file of the helper's */
	uint64_t at;
	uint64_t size;
	uint64_t room;
	uint64_t got;
	struct dwu_file_id file;
	uint32_t owner;
	uint32_t follow;
	int32_t status;
	int32_t error;
};

/* Bytes beside it, of which a helper and the library share this many. */
#define DWU_HELPER_ROOM ((size_t)256 << 10)

/* The helper's side; never returns. */
__attribute__((noreturn)) void dwu_helper_serve(int channel, uint8_t *bytes);
/* One message and at most one descriptor, -1: none. False: the end. */
bool dwu_helper_send(int channel, const struct dwu_ask *ask, int fd);
bool dwu_helper_receive(int channel, struct dwu_ask *ask, int *fd);

/* --- limit.c ----------------------------------------------------------------- */

/* What goes with a question, and where the answer's bytes and fd are put. */
struct dwu_ask_io {
	const void *in;
	size_t in_size;
	void *out; /* `got` bytes, at most out_size; NULL: none are wanted */
	size_t out_size;
	int fd_in;
	int fd_out;
	uint32_t ms;	 /* 0: as long as files may take */
	uint32_t serial; /* of the helper that is to answer; 0: any */
};

/*
 * IO and ETIMEDOUT: no answer in time, and the helper is gone with what it had
 * open; ESTALE: io->serial's is gone; else the answer's status and errno.
 */
dwunw_status_t dwu_helper_ask(enum dwu_helper_kind kind, struct dwu_ask *ask,
			      struct dwu_ask_io *io);
/* It ends, and lets go of what it has stopped. */
void dwu_helper_drop(enum dwu_helper_kind kind);
/* Is there a limit to how long a read may take? limits may be NULL. */
bool dwu_limited(struct dwunw_limits *limits);
/* How long a thread is waited for until it stops, in ms; shorter when `late`. */
uint32_t dwu_stop_wait(bool late);

#endif
