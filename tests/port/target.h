/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * target.h - a child process to be looked at, and its stack as text.
 * Included by one file of a program, after tap.h.
 */
#ifndef TARGET_H
#define TARGET_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <dwunw/linux.h>
#include <dwunw/symbols.h>

struct target {
	pid_t pid;
	int in;		/* what we write is its stdin */
	int out;	/* what it writes */
	char line[256]; /* its last line */
};

#define FRAMES 256u

/* One stack, with names: "leaf outer2 outer1 main …". */
struct stack {
	struct dwunw_frame frames[FRAMES];
	struct dwunw_stop stop;
	size_t count;
	dwunw_status_t status;
	char names[4096];
	char why[512];
};

/* The lines that a context logged, one after another. */
static char logged[16384];

static inline void keep_log(void *ctx, const char *line)
{
	size_t used = strlen(logged);

	(void)ctx;
	snprintf(logged + used, sizeof(logged) - used, "%s\n", line);
}

/* Lives to the end of the test. */
static inline char *path_in(const char *variable, const char *name)
{
	static char *paths[1024]; /* so that no leak is seen */
	static unsigned count;
	char **path = &paths[count++ % 1024];

	return asprintf(path, "%s/%s", getenv(variable), name) < 0 ? NULL :
								     *path;
}
#define TARGET(name) path_in("TARGETS", name)
#define SCRATCH(name) path_in("SCRATCH", name)

static inline bool target_line(struct target *t)
{
	size_t used = 0;

	while (used < sizeof(t->line) - 1 &&
	       read(t->out, t->line + used, 1) == 1 && t->line[used] != '\n')
		used++;
	t->line[used] = 0;
	return used > 0;
}

static inline void target_go(struct target *t)
{
	if (write(t->in, "\n", 1) != 1)
		note("the target does not listen: %s", strerror(errno));
}

/* It has said its word; now it waits, or soon will. */
static inline void target_settle(pid_t pid)
{
	char path[64], stat[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (int tries = 0; tries < 200; tries++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t got = read(fd, stat, sizeof(stat) - 1);

		close(fd);
		stat[got > 0 ? got : 0] = 0;
		state = strrchr(stat, ')');
		if (!state || state[2] == 'S')
			return;
		usleep(1000);
	}
}

/* `before`, when not NULL, runs in the child. */
static inline bool target_start_in(struct target *t, char *const argv[],
				   void (*before)(void))
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	t->pid = fork();
	if (!t->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		if (before)
			before();
		execv(argv[0], argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	t->in = in[1];
	t->out = out[0];
	if (target_line(t)) {
		target_settle(t->pid);
		return true;
	}
	note("no word from %s", argv[0]);
	return false;
}

#define target_start(t, ...) \
	target_start_in((t), (char *const[]){ __VA_ARGS__, NULL }, NULL)

static inline void target_end(struct target *t)
{
	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
	}
	close(t->in);
	close(t->out);
}

static inline void add_name(struct stack *s, const char *name)
{
	size_t used = strlen(s->names);

	snprintf(s->names + used, sizeof(s->names) - used, "%s%s",
		 used ? " " : "", name);
}

static inline void name_frame(struct stack *s, struct dwunw_process *process,
			      struct dwunw_symbol_resolver *resolver,
			      const struct dwunw_frame *frame)
{
	const struct dwunw_mapping *mapping =
		dwunw_space_find(dwunw_process_space(process),
				 dwunw_frame_lookup(frame, frame->pc));
	struct dwunw_symbol_input in = { .pc = dwunw_frame_lookup(
						 frame, frame->vaddr) };
	struct dwunw_symbol_info info = { 0 };
	char path[4096];

	if (mapping && dwunw_process_file(process, mapping, path,
					  sizeof(path)) == DWUNW_OK) {
		in.module_path = path;
		dwunw_symbol_resolve_batch(resolver, &in, &info, 1);
	}
	add_name(s, info.function ? info.function : "?");
}

static inline void name_frames(struct dwunw_context *ctx, pid_t pid,
			       struct stack *s)
{
	struct dwunw_symbol_resolver resolver;
	struct dwunw_process *process;

	if (dwunw_process_open(ctx, pid, &process) != DWUNW_OK)
		return;
	dwunw_symbol_resolver_init(&resolver, NULL);
	for (size_t i = 0; i < s->count; i++)
		name_frame(s, process, &resolver, &s->frames[i]);
	dwunw_symbol_resolver_shutdown(&resolver);
}

/* A captured moment, as an event would bring it. */
struct moment {
	struct dwunw_regset regs;
	uint64_t addr;
	uint64_t size;
	uint8_t bytes[32768];
};

static inline bool moment_take(struct moment *m, pid_t pid, pid_t tid)
{
	struct dwunw_stack_reader reader;
	bool good;

	if (dwunw_stack_reader_init(&reader, pid, tid) != DWUNW_OK ||
	    dwunw_stack_reader_attach(&reader) != DWUNW_OK)
		return false;
	good = dwunw_stack_reader_regs(&reader, &m->regs) == DWUNW_OK;
	m->addr = m->regs.sp - 128;
	for (m->size = 0; good && m->size < sizeof(m->bytes); m->size += 128)
		if (dwunw_stack_reader_read(&reader, m->addr + m->size,
					    m->bytes + m->size,
					    128) != DWUNW_OK)
			break;
	dwunw_stack_reader_detach(&reader);
	return good;
}

/* The stack of that moment; `generation` as an event's. */
static inline dwunw_status_t stack_of(struct dwunw_context *ctx, pid_t pid,
				      const struct moment *m,
				      uint32_t generation, struct stack *s)
{
	struct dwunw_unwind_request request = {
		.regs = &m->regs,
		.frames = s->frames,
		.max_frames = FRAMES,
		.pid = pid,
		.map_generation = generation,
		.stack = { m->bytes, m->addr, m->size },
	};

	s->names[0] = 0;
	s->why[0] = 0;
	s->status = dwunw_capture(ctx, &request, &s->count);
	s->stop = request.stop;
	if (s->status == DWUNW_OK)
		dwunw_stop_text(ctx, &s->stop, s->why, sizeof(s->why));
	return s->status;
}

/* Stopped, copied, let go, unwound, named. */
static inline bool stack_now(struct dwunw_context *ctx, pid_t pid, pid_t tid,
			     struct stack *s)
{
	static struct moment moment;

	*s = (struct stack){ 0 };
	if (!moment_take(&moment, pid, tid) ||
	    stack_of(ctx, pid, &moment, 0, s) != DWUNW_OK)
		return false;
	name_frames(ctx, pid, s);
	return true;
}

/* Does the stack have these functions, side by side, and reach the root? */
static inline bool whole(const struct stack *s, const char *names)
{
	if (s->stop.reason == DWUNW_STOP_ROOT && strstr(s->names, names))
		return true;
	note("status %s, %zu frames: %s", dwunw_status_name(s->status),
	     s->count, s->names[0] ? s->names : "(no names)");
	note("end: %s: %s", dwunw_stop_name(s->stop.reason), s->why);
	note("log: %s", logged[0] ? logged : "(empty)");
	return false;
}

static inline void context_start(struct dwunw_context *ctx, uint32_t capacity)
{
	struct dwunw_config config = { .module_cache_capacity = capacity,
				       .log = keep_log };

	logged[0] = 0;
	if (dwunw_init_with(ctx, &config) != DWUNW_OK) {
		printf("Bail out! no context\n");
		exit(1);
	}
}

/* write() of a whole new file. */
static inline void file_make(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		note("%s: %s", path, strerror(errno));
	close(fd);
}

static inline void file_copy(const char *from, const char *to)
{
	static char bytes[1 << 16];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t got;

	while ((got = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)got) != got)
			break;
	close(in);
	close(out);
}

#endif
