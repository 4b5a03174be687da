/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * live.c - times unwinders on a live process.
 *
 *	live first BACKEND COUNT PID   opening and the first stack, each time in
 *	                               a process of its own: us of CPU
 *	live again BACKEND COUNT PID   the stack of a thread that stays stopped,
 *	                               again and again: us of CPU
 *	live threads PID               the stacks of all threads, once
 *	live init                      dwunw_init() alone
 *	live once BACKEND PID          one first stack; for counting from outside
 *
 * BACKEND: dwunw, libdwfl, libunwind. Prints "median minimum frames KiB", the
 * last of private memory that one of them took; of threads and init "us KiB".
 */
#include <dwunw/dwunw_api.h>
#include <dwunw/linux.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_LIBDWFL
#include <elfutils/libdwfl.h>
#endif
#ifdef HAVE_LIBUNWIND_PTRACE
#include <libunwind-ptrace.h>
#endif

#define FRAMES_MAX 16384u
#define ROUNDS_MAX 1000

struct live {
	const char *name;
	/* opens all that a first stack needs; NULL: it cannot */
	void *(*open)(pid_t pid);
	/* the stack of the first thread; stopped: it is so already */
	size_t (*walk)(void *state, pid_t pid, bool stopped);
	void (*close)(void *state);
};

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what)
{
	fprintf(stderr, "live: %s\n", what);
	exit(2);
}

/* --- dwunw --- */

struct dwunw_state {
	struct dwunw_context ctx;
	struct dwunw_frame frames[FRAMES_MAX];
	struct dwunw_regset regs;
	struct dwunw_stack_reader reader;
};

static void *dwunw_open(pid_t pid)
{
	struct dwunw_state *state = malloc(sizeof(*state));

	if (!state || dwunw_init(&state->ctx) != DWUNW_OK ||
	    dwunw_stack_reader_init(&state->reader, pid, pid) != DWUNW_OK)
		return NULL;
	return state;
}

static size_t dwunw_stack(void *arg, pid_t pid, bool stopped)
{
	struct dwunw_state *state = arg;
	struct dwunw_unwind_request request = {
		.size = sizeof(request),
		.pid = pid,
		.tid = pid,
		.frames = state->frames,
		.max_frames = FRAMES_MAX,
		.regs = &state->regs,
		.read_memory = dwunw_stack_reader_read,
		.memory_ctx = &state->reader,
	};
	size_t count = 0;

	if (!stopped) {
		request.read_memory = NULL;
		request.memory_ctx = NULL;
		dwunw_thread_capture(&state->ctx, &request, &state->regs,
				     &count);
		return count;
	}
	if (!state->reader.attached &&
	    dwunw_stack_reader_attach(&state->reader) != DWUNW_OK)
		fail("the thread cannot be stopped");
	if (dwunw_stack_reader_regs(&state->reader, &state->regs) == DWUNW_OK)
		dwunw_capture(&state->ctx, &request, &count);
	return count;
}

static void dwunw_close(void *arg)
{
	struct dwunw_state *state = arg;

	dwunw_stack_reader_detach(&state->reader);
	dwunw_shutdown(&state->ctx);
	free(state);
}

/* ptrace(2) takes a pointer; glibc's and musl's prototypes differ in NULL. */
static void *no_address(void)
{
	return NULL;
}

/* For unwinders that leave stopping to others. */
static void stop(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, no_address(), no_address()) ||
	    ptrace(PTRACE_INTERRUPT, pid, no_address(), no_address()) ||
	    waitpid(pid, &status, __WALL) != pid)
		fail("the thread cannot be stopped");
}

#ifdef HAVE_LIBDWFL
struct dwfl_state {
	Dwfl *dwfl;
	size_t count;
	bool seized;
};

static int no_debuginfo(Dwfl_Module *module, void **userdata, const char *name,
			Dwarf_Addr base, const char *file, const char *link,
			GElf_Word crc, char **found)
{
	(void)module;
	(void)userdata;
	(void)name;
	(void)base;
	(void)file;
	(void)link;
	(void)crc;
	(void)found;
	return -1;
}

static void *dwfl_open(pid_t pid)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_linux_proc_find_elf,
		.find_debuginfo = no_debuginfo,
	};
	struct dwfl_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->dwfl = dwfl_begin(&callbacks);
	if (!state->dwfl || dwfl_linux_proc_report(state->dwfl, pid) ||
	    dwfl_report_end(state->dwfl, NULL, NULL))
		return NULL;
	return state;
}

static int on_frame(Dwfl_Frame *frame, void *arg)
{
	struct dwfl_state *state = arg;
	Dwarf_Addr pc;

	if (!dwfl_frame_pc(frame, &pc, NULL))
		return DWARF_CB_ABORT;
	return ++state->count == FRAMES_MAX ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static size_t dwfl_stack(void *arg, pid_t pid, bool stopped)
{
	struct dwfl_state *state = arg;

	if (stopped && !state->seized) {
		stop(pid);
		state->seized = true;
		dwfl_linux_proc_attach(state->dwfl, pid, true);
	} else if (!stopped) {
		dwfl_linux_proc_attach(state->dwfl, pid, false);
	}
	state->count = 0;
	dwfl_getthread_frames(state->dwfl, pid, on_frame, state);
	return state->count;
}

static void dwfl_close(void *arg)
{
	struct dwfl_state *state = arg;

	dwfl_end(state->dwfl);
	free(state);
}
#endif

#ifdef HAVE_LIBUNWIND_PTRACE
struct unw_state {
	unw_addr_space_t space;
	void *upt;
	bool seized;
};

static void *unw_open(pid_t pid)
{
	struct unw_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->space = unw_create_addr_space(&_UPT_accessors, 0);
	unw_set_caching_policy(state->space, UNW_CACHE_GLOBAL);
	state->upt = _UPT_create(pid);
	return state->space && state->upt ? state : NULL;
}

static size_t unw_stack(void *arg, pid_t pid, bool stopped)
{
	struct unw_state *state = arg;
	unw_cursor_t cursor;
	size_t count = 0;

	if (!state->seized)
		stop(pid);
	state->seized = true;
	if (unw_init_remote(&cursor, state->space, state->upt))
		return 0;
	do
		count++;
	while (count < FRAMES_MAX && unw_step(&cursor) > 0);
	if (!stopped)
		ptrace(PTRACE_DETACH, pid, no_address(), no_address());
	return count;
}

static void unw_close(void *arg)
{
	struct unw_state *state = arg;

	_UPT_destroy(state->upt);
	unw_destroy_addr_space(state->space);
	free(state);
}
#endif

static const struct live lives[] = {
	{ "dwunw", dwunw_open, dwunw_stack, dwunw_close },
#ifdef HAVE_LIBDWFL
	{ "libdwfl", dwfl_open, dwfl_stack, dwfl_close },
#endif
#ifdef HAVE_LIBUNWIND_PTRACE
	{ "libunwind", unw_open, unw_stack, unw_close },
#endif
};

static const struct live *find(const char *name)
{
	for (size_t i = 0; i < sizeof(lives) / sizeof(*lives); i++)
		if (!strcmp(lives[i].name, name))
			return &lives[i];
	fail("no such back end");
	return NULL;
}

/* --- what is measured --- */

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_median(uint64_t *ns, int count, size_t frames, long kib)
{
	qsort(ns, (size_t)count, sizeof(*ns), by_size);
	printf("%.1f %.1f %zu %ld\n", (double)ns[count / 2] / 1000,
	       (double)ns[0] / 1000, frames, kib);
}

static long private_kib(void)
{
	char line[128];
	long kib = 0;
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			break;
	if (status)
		fclose(status);
	return kib;
}

static uint64_t first(const struct live *live, pid_t pid, size_t *frames,
		      long *kib)
{
	long before = private_kib();
	uint64_t start = cpu_ns();
	void *state = live->open(pid);

	if (!state)
		fail("cannot be opened");
	*frames = live->walk(state, pid, false);
	start = cpu_ns() - start;
	*kib = private_kib() - before;
	live->close(state);
	return start;
}

static void run_first(const struct live *live, int count, pid_t pid)
{
	uint64_t ns[ROUNDS_MAX], told[3] = { 0 };
	int pipes[2];

	if (pipe(pipes))
		fail("no pipe");
	for (int i = 0; i < count; i++) {
		pid_t child = fork();

		if (!child) {
			size_t frames;
			long kib;

			told[0] = first(live, pid, &frames, &kib);
			told[1] = frames;
			told[2] = (uint64_t)kib;
			_exit(write(pipes[1], told, sizeof(told)) !=
			      sizeof(told));
		}
		if (child < 0 || waitpid(child, NULL, 0) != child ||
		    read(pipes[0], told, sizeof(told)) != sizeof(told))
			fail("no answer of a child");
		ns[i] = told[0];
	}
	print_median(ns, count, (size_t)told[1], (long)told[2]);
}

static void run_again(const struct live *live, int count, pid_t pid)
{
	void *state = live->open(pid);
	uint64_t ns[10];
	size_t frames;

	if (!state)
		fail("cannot be opened");
	frames = live->walk(state, pid, true);
	for (int i = 0; i < 10; i++) {
		ns[i] = cpu_ns();
		for (int k = 0; k < count; k++)
			if (live->walk(state, pid, true) != frames)
				fail("another number of frames");
		ns[i] = (cpu_ns() - ns[i]) / (uint64_t)count;
	}
	print_median(ns, 10, frames, private_kib());
	live->close(state);
}

static void run_init(void)
{
	struct dwunw_context ctx;
	long before = private_kib();
	uint64_t ns = cpu_ns();

	if (dwunw_init(&ctx) != DWUNW_OK)
		fail("dwunw_init()");
	ns = cpu_ns() - ns;
	printf("%.1f %ld\n", (double)ns / 1000, private_kib() - before);
	dwunw_shutdown(&ctx);
}

/* Every thread, with one context, as `dwunw stack` does it. */
struct all_threads {
	struct dwunw_context ctx;
	pid_t pid;
};

static bool one_thread(void *arg, int32_t tid)
{
	static struct dwunw_frame frames[FRAMES_MAX];
	static struct dwunw_regset regs;
	struct all_threads *all = arg;
	struct dwunw_unwind_request request = { .size = sizeof(request),
						.pid = all->pid,
						.tid = tid,
						.frames = frames,
						.max_frames = FRAMES_MAX };
	size_t count;

	dwunw_thread_capture(&all->ctx, &request, &regs, &count);
	return true;
}

static void run_threads(pid_t pid)
{
	struct all_threads all = { .pid = pid };
	long before = private_kib();
	uint64_t ns = cpu_ns();

	if (dwunw_init(&all.ctx) != DWUNW_OK)
		fail("dwunw_init()");
	dwunw_threads(pid, one_thread, &all);
	printf("%.1f %ld\n", (double)(cpu_ns() - ns) / 1000,
	       private_kib() - before);
	dwunw_shutdown(&all.ctx);
}

static void run_once(const struct live *live, pid_t pid)
{
	size_t frames;
	long kib;
	uint64_t ns = first(live, pid, &frames, &kib);

	printf("%.1f %zu\n", (double)ns / 1000, frames);
}

int main(int argc, char **argv)
{
	int count = argc > 3 ? atoi(argv[3]) : 0;

	if (argc == 2 && !strcmp(argv[1], "init"))
		run_init();
	else if (argc == 3 && !strcmp(argv[1], "threads"))
		run_threads(atoi(argv[2]));
	else if (argc == 4 && !strcmp(argv[1], "once"))
		run_once(find(argv[2]), atoi(argv[3]));
	else if (argc == 5 && !strcmp(argv[1], "first") && count > 0 &&
		 count <= ROUNDS_MAX)
		run_first(find(argv[2]), count, atoi(argv[4]));
	else if (argc == 5 && !strcmp(argv[1], "again") && count > 0)
		run_again(find(argv[2]), count, atoi(argv[4]));
	else
		fail("usage: live first|again BACKEND COUNT PID, live once "
		     "BACKEND PID, live threads PID, or live init");
	return 0;
}
