/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A recording: records, each behind its size, as a consumer reads them. They
 * are of a process that stands still at its first instruction; those of other
 * numbers are made its own.
 */
#include "chunks.h"
#include "kept.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

CHUNKS(0, 8)

enum {
	FRAMES = 32
};

static pid_t start(void)
{
	const char *program = getenv("FUZZ_PROGRAM");
	pid_t pid = fork();
	int status;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(program ? program : "/bin/true", "target", (char *)NULL);
		_exit(1);
	}
	LAW(pid > 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	return pid;
}

/* Nobody else's process is looked at. */
static void own(uint8_t *record, size_t size, pid_t pid)
{
	struct dwunw_event_header header;

	if (size < sizeof(header))
		return;
	memcpy(&header, record, sizeof(header));
	header.pid = header.pid ? (uint32_t)pid : 0;
	if (header.kind == DWUNW_EVENT_FORK && header.cookie)
		header.cookie = (uint32_t)pid;
	memcpy(record, &header, sizeof(header));
}

static void consume(struct dwunw_context *ctx,
		    struct dwunw_symbol_resolver *names, const uint8_t *record,
		    size_t size, pid_t pid)
{
	static struct dwunw_frame frames[FRAMES];
	static struct dwunw_event event;
	struct dwunw_stop stop;
	dwunw_status_t status;
	char text[4096];
	size_t count;

	status = dwunw_consume(ctx, record, size, &event, frames, FRAMES,
			       &count, &stop);
	LAW(status == DWUNW_OK || !count);
	if (!count)
		return;
	LAW(count <= FRAMES && stop.pc == frames[count - 1].pc);
	LAW(strlen(dwunw_stop_text(ctx, &stop, text, sizeof(text))) <
	    sizeof(text));
	kept_names(names, ctx, pid, frames, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dwunw_symbol_resolver names;
	static struct dwunw_context ctx;
	static pid_t pid;
	size_t off = 0;

	if (!pid) {
		pid = start();
		LAW(!dwunw_init(&ctx));
		LAW(!dwunw_symbol_resolver_init(&names, NULL));
	}
	while (size - off > 2) {
		struct dwunw_span chunk = chunk_next(data, size, &off);
		uint8_t *record = malloc(chunk.size + !chunk.size);

		memcpy(record, chunk.data, chunk.size);
		own(record, chunk.size, pid);
		consume(&ctx, &names, record, chunk.size, pid);
		free(record);
	}
	return 0;
}
