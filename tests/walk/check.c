/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * check.c - is each walk of the kernel the walk of user space?
 *
 *   check [-d] [-e EVENT] [-f FILE:FUNCTION] [-i] [-k N] [-q BYTES] [-r FUNCTION]
 *         [-R FUNCTION] [-s] [-t] [-w SECONDS] [-x FILE] OBJECT EVENTS COMMAND...
 *
 * Probes a function (malloc of this program's own libc) of the command. Of each
 * call the kernel sends its walk and a copy of the stack; user space walks the
 * copy, compares the two, and writes the rows that it used. Frames, addresses as
 * linked, evidence, marks, the reason of the end and the name of the stack must
 * be the same, as far as the copy goes and the kernel's rows did. Where these end,
 * the kernel sends the rest of the stack, too, as it does for a tool: it must be
 * walked to the same frames.
 *
 *   -e	instead: "cpu", a clock that interrupts it 4,000 times a second; "kprobe"
 *	and a function of the kernel; or a tracepoint, "syscalls/sys_enter_getppid"
 *   -d	return probes come when a tenth of the events is there; then EVENTS follow
 *   -i	in the processes that it starts, too
 *   -q	of the buffer, 32 MiB: what finds it full is not compared. The less is
 *	on its way, the sooner the kernel has the row that an event asks for
 *   -r	a return probe of the tool on a function of the command, noted
 *   -R	a return probe of somebody else
 *   -s	registers of user space are looked for on the kernel's stack, not asked for
 *   -t	rows change places all the time while they are read
 *   -w	probes only when the command has run so long
 *   -x	FILE has return addresses, innermost first: a stack that has the last of
 *	them has all of them, but for the first N of -k, one behind the other
 *
 * With -x "told N of N, user N, kernel N" are stacks that have them all, of those
 * that have the last; and where user space or the kernel was interrupted.
 *
 * The last line is "pairs N whole N part N different N late N cut N". Late: the
 * program has mapped other code before the copy was walked, which cannot be right
 * then. Cut: of those that are equal in part, the copy ended before its stack.
 * Exit status 1: there was a difference, which is printed.
 */
#include "check.h"

#include "capture.h"
#include "unwind_ctx.h"
#include "walk.h"

#include <dwunw/rows.h>
#include <dwunw/symbols.h>
#include <dwunw/trace.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RING (32u << 20)
#define FRAMES 1024u
#define PROCESSES 64u
#define CACHE 65536u

static struct tool {
	struct dwunw_loader *loader;
	struct dwunw_context ctx;
	struct dwunw_walker *walker;
	struct dwunw_rows *rows;
	struct dwunw_event event;
	uint64_t wanted;
	pid_t pid; /* of the command */
	bool swap;
	uint32_t misses;
	/* the kernel's last walk */
	struct dwunw_event_header header;
	struct dwunw_event_walk walk;
	struct dwunw_event_frame walked[256];
	/* what it has sent of the rest */
	struct rest {
		uint64_t key; /* of the walk; 0: there is none */
		size_t n;
		struct dwunw_stop stop;
		struct dwunw_frame frames[FRAMES];
	} rest;
	/* processes whose mappings are known */
	struct known {
		int32_t pid;
		struct dwunw_process *process;
		uint32_t generation;
	} known[PROCESSES];
	struct dwunw_frame frames[FRAMES];
	struct dwunw_step steps[FRAMES];
	uint64_t pairs, whole, part, different, late, cut, rests;
	uint64_t causes[DWUNW_WALK_CAUSES];
	uint64_t stops[256]; /* the copy's, where the kernel went farther */
	/* -x */
	uint64_t told[16];
	size_t told_count;
	uint64_t all_told, some_told;
	uint64_t by_cookie[CHECK_KERNEL + 1]; /* of all_told */
	uint64_t ends[256];    /* of walks of the kernel that ended */
	uint64_t with_returns; /* whose copy has noted returns */
} tool;

/* Of the command line. */
static struct options {
	const char *event;
	const char *where;
	const char *file_told;
	const char *own_return[4], *other_return[4];
	size_t own_returns, other_returns;
	size_t skipped;
	const char *program; /* the command's file */
	uint32_t ring;
	unsigned int wait; /* seconds */
	bool by_stack;
	bool inherited;
	bool later;
} options;

static void die(const char *what, int error)
{
	if (tool.pid > 0)
		kill(tool.pid, SIGKILL);
	fprintf(stderr, "check: %s: %s\n", what, strerror(error));
	exit(2);
}

/* --- one pair ---------------------------------------------------------------- */

/* How often the process has mapped code by now. */
static uint32_t generation_of(uint32_t pid)
{
	uint32_t generation = 0;

	dwunw_bpf_map_get(dwunw_loader_map(tool.loader, "dwunw_generations"),
			  &pid, &generation);
	return generation;
}

static bool read_mappings(struct known *known, uint32_t pid)
{
	known->generation = generation_of(pid);
	if (known->process)
		return dwunw_process_refresh(known->process) == DWUNW_OK;
	if (dwunw_process_open(&tool.ctx, (int32_t)pid, &known->process) ||
	    dwunw_process_refresh(known->process))
		return false;
	known->pid = (int32_t)pid;
	return true;
}

/* The process, its mappings read at the event's count of changes or later. */
static struct dwunw_process *process_of(const struct dwunw_event_header *header)
{
	struct known *known = tool.known;

	while (known->pid && known->pid != (int32_t)header->pid)
		if (++known == tool.known + PROCESSES)
			return NULL;
	if ((!known->pid || known->generation != header->map_generation) &&
	    !read_mappings(known, header->pid))
		return NULL;
	return known->process;
}

/* Frame i of the whole stack. */
static void print_rest(size_t i)
{
	const struct dwunw_frame *u =
		&tool.rest.frames[i - tool.walk.frame_count];

	if (tool.rest.key != tool.header.key ||
	    i - tool.walk.frame_count >= tool.rest.n)
		printf(" %3zu %32s", i, "");
	else
		printf(" %3zu %14" PRIx64 " %10" PRIx64 " %u %2u*", i, u->pc,
		       u->vaddr, u->how, u->flags);
}

static void print_pair(size_t n, const struct dwunw_stop *stop, const char *why)
{
	printf("DIFFERENT (%s): the kernel %u frames, stop %u, cause %u; the copy"
	       " %zu frames, %s\n",
	       why, tool.walk.frame_count, tool.walk.stop, tool.walk.cause, n,
	       dwunw_stop_name(stop->reason));
	for (size_t i = 0; i < tool.walk.frame_count || i < n; i++) {
		const struct dwunw_event_frame *k = &tool.walked[i];
		const struct dwunw_frame *u = &tool.frames[i];

		if (i < tool.walk.frame_count)
			printf(" %3zu %14" PRIx64 " %10" PRIx64 " %u %2u ", i,
			       k->pc, k->vaddr, k->how, k->flags);
		else
			print_rest(i);
		if (i < n)
			printf(" | %14" PRIx64 " %10" PRIx64 " %u %2u", u->pc,
			       u->vaddr, u->how, u->flags);
		printf("\n");
	}
}

/* The copy ends where a thread's stack goes on elsewhere, or at its cap. */
static bool copy_was_short(const struct dwunw_stop *stop)
{
	return stop->reason == DWUNW_STOP_TRUNCATED ||
	       stop->reason == DWUNW_STOP_UNREADABLE;
}

static bool same_frame(const struct dwunw_event_frame *k,
		       const struct dwunw_frame *u, bool left)
{
	uint8_t mask = left ? 0xff : (uint8_t)~DWUNW_FRAME_FLAG_SIGNAL;

	return k->pc == u->pc && k->vaddr == u->vaddr && k->how == u->how &&
	       ((k->flags ^ u->flags) & mask) == 0 &&
	       k->file == dwunw_module_identity(&tool.ctx, u->module);
}

/* NULL: they are the same, as far as both go. */
static const char *difference(size_t n, const struct dwunw_stop *stop)
{
	const struct dwunw_event_walk *walk = &tool.walk;
	size_t k = walk->frame_count, common = k < n ? k : n;

	for (size_t i = 0; i < common; i++)
		if (!same_frame(&tool.walked[i], &tool.frames[i],
				i + 1 < n || !copy_was_short(stop)))
			return "a frame";
	if (k > n)
		return copy_was_short(stop) ? NULL : "more frames";
	if (walk->stop == DWUNW_EVENT_GOES_ON) {
		if (k < n && k > 0 &&
		    (walk->how != tool.frames[k].how ||
		     (walk->flags ^ tool.frames[k].flags) &
			     ~(uint8_t)DWUNW_FRAME_FLAG_SIGNAL))
			return "the next frame";
		return NULL;
	}
	if (k != n || walk->stop != stop->reason)
		return copy_was_short(stop) && k == n ? NULL : "the end";
	return NULL;
}

/* Not `left`: the last frame of a copy that was short, which may be a signal's. */
static bool same_rest(const struct dwunw_frame *r, const struct dwunw_frame *u,
		      bool left)
{
	uint8_t mask = left ? 0xff : (uint8_t)~DWUNW_FRAME_FLAG_SIGNAL;

	return r->pc == u->pc && r->vaddr == u->vaddr && r->how == u->how &&
	       r->module == u->module && ((r->flags ^ u->flags) & mask) == 0;
}

/* NULL: the rest is that of the copy, as far as both go. */
static const char *rest_difference(size_t n, const struct dwunw_stop *stop)
{
	const struct rest *rest = &tool.rest;
	size_t k = tool.walk.frame_count, end = k + rest->n;
	bool is_short = copy_was_short(stop);

	if (rest->key != tool.header.key)
		return NULL;
	tool.rests++;
	for (size_t i = k; i < n && i < end; i++)
		if (!same_rest(&rest->frames[i - k], &tool.frames[i],
			       (i + 1 < n || !is_short) &&
				       (i + 1 < end ||
					!copy_was_short(&rest->stop))))
			return "a frame of the rest";
	if (is_short || copy_was_short(&rest->stop))
		return NULL;
	return end != n || rest->stop.reason != stop->reason ?
		       "the end of the rest" :
		       NULL;
}

/* Is the kernel's name that of its frames, as the walk in user space has them? */
static bool same_id(size_t n)
{
	size_t count = tool.walk.frame_count;

	return count > n ||
	       tool.walk.id == dwunw_stack_id(&tool.ctx, tool.frames, count);
}

/* Where the return addresses that were told stand in a walk of the kernel. */
static const char *look_for_told(void)
{
	const uint64_t *told = tool.told + options.skipped;
	size_t count = tool.told_count - options.skipped, at = 0, run = 0;

	while (at < tool.walk.frame_count &&
	       tool.walked[at].pc != tool.told[tool.told_count - 1])
		at++;
	if (at == tool.walk.frame_count)
		return NULL;
	tool.some_told++;
	/* frame 0 may be in one of them, and has called nobody */
	while (run < count && run < at &&
	       tool.walked[at - run].pc == told[count - 1 - run])
		run++;
	if (run < count && run < at)
		return "what the program has told";
	tool.all_told++;
	if (tool.header.cookie <= CHECK_KERNEL)
		tool.by_cookie[tool.header.cookie]++;
	return NULL;
}

static void compare(size_t n, const struct dwunw_stop *stop)
{
	const char *why = difference(n, stop);

	if (!why && !same_id(n))
		why = "the name";
	if (!why)
		why = rest_difference(n, stop);
	if (!why && tool.told_count)
		why = look_for_told();
	tool.with_returns += tool.event.header.return_count > 0;
	/* it could fill the ring as fast as that is read */
	if (++tool.pairs == tool.wanted)
		kill(tool.pid, SIGKILL);
	tool.causes[tool.walk.cause]++;
	tool.ends[tool.walk.stop] += tool.walk.stop != DWUNW_EVENT_GOES_ON;
	if (why) {
		if (tool.different++ < 3)
			print_pair(n, stop, why);
	} else if (tool.walk.stop == stop->reason &&
		   tool.walk.frame_count == n) {
		tool.whole++;
	} else {
		tool.part++;
		tool.cut += copy_was_short(stop);
		tool.stops[stop->reason]++;
	}
}

/* The event's copy, by rows that it tells. */
static bool walk_copy(struct dwunw_process *process, struct dwunw_frame *frames,
		      size_t *n, struct dwunw_stop *stop)
{
	return !dwunw_walk_steps(tool.walker, dwunw_process_space(process),
				 &tool.event.input, frames, tool.steps, FRAMES,
				 n, stop) &&
	       *n;
}

/* As dwunw_event_consume() does it: code that no counter has told of. */
static bool walk_event(struct dwunw_frame *frames, size_t *n,
		       struct dwunw_stop *stop)
{
	struct dwunw_process *process = process_of(&tool.event.header);

	if (!process || !walk_copy(process, frames, n, stop))
		return false;
	if (stop->reason != DWUNW_STOP_NO_MODULE &&
	    stop->reason != DWUNW_STOP_NO_CODE)
		return true;
	if (tool.misses++ >= 20 || dwunw_process_refresh(process))
		return true;
	return walk_copy(process, frames, n, stop);
}

static void learn(size_t n)
{
	dwunw_rows_learn(tool.rows, (int32_t)tool.event.header.pid, tool.steps,
			 n);
}

static void on_stack(const void *bytes, size_t size)
{
	struct dwunw_stop stop;
	size_t n = 0;

	if (dwunw_event_parse(&tool.event, bytes, size))
		die("an event that is none", EINVAL);
	if (!walk_event(tool.frames, &n, &stop))
		return;
	/* it goes on while its events are read, and may map other code */
	if (generation_of(tool.event.header.pid) !=
	    tool.event.header.map_generation)
		tool.late++;
	else if (tool.event.header.key == tool.header.key)
		compare(n, &stop);
	tool.header.key = 0;
	learn(n);
}

/* Behind the walk, before the copy. */
static void on_rest(const void *bytes, size_t size)
{
	struct rest *rest = &tool.rest;
	struct dwunw_walked walked;

	if (dwunw_event_parse(&tool.event, bytes, size) ||
	    dwunw_walked_parse(&walked, &tool.event))
		die("a rest that is none", EINVAL);
	if (!walk_event(rest->frames, &rest->n, &rest->stop))
		return;
	rest->key = tool.event.header.key;
	learn(rest->n);
}

static void on_walk(const uint8_t *bytes, size_t size)
{
	size_t frames = size - sizeof(tool.header) - sizeof(tool.walk);

	memcpy(&tool.header, bytes, sizeof(tool.header));
	memcpy(&tool.walk, bytes + sizeof(tool.header), sizeof(tool.walk));
	if (frames > sizeof(tool.walked) ||
	    frames < tool.walk.frame_count * sizeof(tool.walked[0]))
		die("a walk of another size", EINVAL);
	memcpy(tool.walked, bytes + sizeof(tool.header) + sizeof(tool.walk),
	       tool.walk.frame_count * sizeof(tool.walked[0]));
}

static void forget(int32_t pid)
{
	dwunw_rows_forget(tool.rows, pid);
	for (uint32_t i = 0; i < PROCESSES; i++)
		if (tool.known[i].pid == pid && tool.known[i].process) {
			dwunw_process_close(tool.known[i].process);
			tool.known[i].pid = -1;
			tool.known[i].process = NULL;
		}
}

static void on_event(void *ctx, void *bytes, size_t size)
{
	struct dwunw_event_header header;
	size_t n = 0;
	struct dwunw_stop stop;

	(void)ctx;
	memcpy(&header, bytes, sizeof(header));
	switch (header.kind) {
	case DWUNW_EVENT_WALKED:
		if (header.reg_count)
			on_rest(bytes, size);
		else
			on_walk(bytes, size);
		break;
	case DWUNW_EVENT_STACK:
		dwunw_rows_follow(tool.rows, (int32_t)header.pid);
		on_stack(bytes, size);
		break;
	case DWUNW_EVENT_EXIT:
		forget((int32_t)header.pid);
		/* fall through */
	default:
		if (!dwunw_event_parse(&tool.event, bytes, size))
			(void)dwunw_event_consume(&tool.ctx, NULL, &tool.event,
						  tool.frames, FRAMES, &n,
						  &stop);
	}
}

/* --- set up ------------------------------------------------------------------ */

static void *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	void *bytes;

	if (!file || fseek(file, 0, SEEK_END))
		die(path, errno);
	*size = (size_t)ftell(file);
	rewind(file);
	bytes = malloc(*size);
	if (!bytes || fread(bytes, 1, *size, file) != *size)
		die(path, errno);
	fclose(file);
	return bytes;
}

static void open_walker(void)
{
	struct dwunw_config config = { .size = sizeof(config),
				       .module_cache_capacity = 256 };
	size_t size = dwunw_walker_size(CACHE);
	struct dwunw_arena arena;

	dwunw_arena_init(&arena, aligned_alloc(64, (size + 63) & ~(size_t)63),
			 size);
	if (dwunw_init_with(&tool.ctx, &config) ||
	    dwunw_walker_init(&tool.walker, CACHE, &arena))
		die("the unwinder", ENOMEM);
}

static void load(const char *path)
{
	struct dwunw_capture_options capture = {
		.stack_cap = DWUNW_CAPTURE_STACK_CAP_MAX,
		.slots = DWUNW_CAPTURE_SLOTS,
		.follow = options.inherited ? DWUNW_FOLLOW_CHILDREN :
					      DWUNW_FOLLOW_GIVEN,
		.own_pid = (uint32_t)getpid(),
	};
	struct check_options check = { .flags = DWUNW_EVENT_FLAG_ENTRY };
	struct dwunw_rows_config rows = {
		.processes = PROCESSES,
		.user_regs = options.by_stack ? UNWIND_REGS_STACK :
						UNWIND_REGS_HELPER,
	};
	size_t size;
	void *object = read_file(path, &size);
	int error = dwunw_loader_open(&tool.loader, object, size, true);

	if (error)
		die(path, -error);
	if (dwunw_loader_set_value(tool.loader, DWUNW_CAPTURE_OPTIONS_MAP,
				   &capture, sizeof(capture)) ||
	    dwunw_loader_set_value(tool.loader, ".rodata.check", &check,
				   sizeof(check)) ||
	    dwunw_loader_set_events(tool.loader, "dwunw_events", false,
				    options.ring ? options.ring : RING))
		die("options", EINVAL);
	error = dwunw_rows_prepare(tool.loader, &rows);
	if (!error && options.inherited)
		error = dwunw_loader_use_inherited(tool.loader);
	if (!error)
		error = dwunw_loader_load(tool.loader);
	if (!error)
		error = dwunw_rows_open(&tool.rows, tool.loader, &tool.ctx,
					&rows);
	if (!error)
		error = dwunw_loader_open_events(tool.loader, on_event, NULL);
	if (error == -EPERM)
		exit(DWUNW_EXIT_NOT_PERMITTED);
	if (error)
		die("load", -error);
}

/* Waits before exec() until it is told to go on. */
static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (!pid) {
		dup2(open("/dev/null", O_WRONLY), 1);
		raise(SIGSTOP);
		execvp(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, NULL, WUNTRACED);
	return pid;
}

/* A program at a function of a file. */
static void attach_at(const char *program, bool at_return, pid_t pid,
		      const char *path, const char *name)
{
	struct dwunw_symbol_resolver places;
	uint64_t off;
	int error;

	if (dwunw_symbol_resolver_init(&places, NULL) ||
	    dwunw_symbol_offset(&places, path, name, &off, NULL))
		die(name, ENOENT);
	error = dwunw_loader_attach_uprobe(tool.loader, program, at_return, pid,
					   path, off);
	if (error)
		die("attach", -error);
	dwunw_symbol_resolver_shutdown(&places);
}

/* FILE:FUNCTION, or malloc of the libc that this program has. */
static void attach_function(pid_t pid, const char *where)
{
	const char *colon = where ? strrchr(where, ':') : NULL;
	char path[512];
	Dl_info libc;

	if (colon) {
		snprintf(path, sizeof(path), "%.*s", (int)(colon - where),
			 where);
	} else {
		dladdr((void *)malloc, &libc);
		snprintf(path, sizeof(path), "%s", libc.dli_fname);
	}
	attach_at("check", false, pid, path, colon ? colon + 1 : "malloc");
}

static void attach_returns(pid_t pid);

/* All that the program has sent is read before, and as many pairs follow. */
static void attach_later(pid_t pid)
{
	uint64_t wanted = tool.wanted;

	options.later = false;
	kill(pid, SIGSTOP);
	tool.wanted = UINT64_MAX;
	dwunw_loader_read_events(tool.loader, 20);
	attach_returns(pid);
	tool.wanted = tool.pairs + wanted;
	kill(pid, SIGCONT);
}

/* A note is taken before the return address is another one. */
static void attach_returns(pid_t pid)
{
	for (size_t i = 0; i < options.own_returns; i++) {
		attach_at("note", false, pid, options.program,
			  options.own_return[i]);
		attach_at("drop", true, pid, options.program,
			  options.own_return[i]);
	}
	for (size_t i = 0; i < options.other_returns; i++)
		attach_at("empty", true, pid, options.program,
			  options.other_return[i]);
}

static int open_event(struct perf_event_attr *attr, pid_t pid, int cpu)
{
	attr->size = sizeof(*attr);
	return (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1,
			    PERF_FLAG_FD_CLOEXEC);
}

static int open_clock(pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = 4000,
	};

	return open_event(&attr, pid, -1);
}

/* The PMU's number is that of this kernel. */
static int open_kprobe(const char *function)
{
	struct perf_event_attr attr = {
		.kprobe_func = (uint64_t)(uintptr_t)function,
	};
	FILE *file = fopen("/sys/bus/event_source/devices/kprobe/type", "r");

	if (!file || fscanf(file, "%u", &attr.type) != 1)
		die("kprobes", ENOENT);
	fclose(file);
	return open_event(&attr, -1, 0);
}

static void attach_event(pid_t pid)
{
	const char *program = "check_kernel";
	int error, fd;

	if (!strcmp(options.event, "cpu")) {
		program = "check_sample";
		fd = open_clock(pid);
	} else if (!strncmp(options.event, "kprobe:", 7)) {
		program = "check_kprobe";
		fd = open_kprobe(options.event + 7);
	} else {
		fd = dwunw_tracepoint_open(options.event);
		errno = -fd;
	}
	error = dwunw_loader_attach_event(tool.loader, program,
					  fd < 0 ? -errno : fd, pid);
	if (error)
		die(options.event, -error);
}

static void attach(pid_t pid)
{
	uint32_t tgid = (uint32_t)pid, one = 1;
	const char *missing;
	int error;

	dwunw_bpf_map_set(dwunw_loader_map(tool.loader, "dwunw_generations"),
			  &tgid, &one);
	dwunw_rows_follow(tool.rows, pid);
	error = dwunw_loader_attach_subsystem(tool.loader, "sched", &missing);
	if (error)
		die(missing, -error);
	if (dwunw_loader_attach_subsystem(tool.loader, "syscalls", &missing))
		printf("no %s: the program must not map code anew\n", missing);
	if (options.event)
		attach_event(pid);
	else
		attach_function(pid, options.where);
	if (!options.later)
		attach_returns(pid);
}

#define SWAPS 33 /* odd */

/*
 * Both ways of each bucket change places, which tears each row, often. One that is alone
 * gets a neighbour, a row of another bucket: it is not looked for there, but half
 * of it and half of the other one would be a row that leads astray.
 */
static void *swap_rows(void *ctx)
{
	size_t size = sizeof(struct dwunw_walk_bucket) << DWUNW_WALK_ROWS_LOG2;
	struct dwunw_walk_bucket *buckets =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		     dwunw_loader_map(tool.loader, "dwunw_walk_rows"), 0);
	struct dwunw_walk_row before = { 0 };

	for (size_t i = 0; buckets != MAP_FAILED;
	     i = (i + 1) & ((1u << DWUNW_WALK_ROWS_LOG2) - 1)) {
		volatile struct dwunw_walk_row *at = buckets[i].rows;
		struct dwunw_walk_row row = at[0];

		if (!row.check && !at[1].check)
			continue;
		if (!at[1].check)
			at[1] = before;
		for (int n = 0; n < SWAPS; n++) {
			row = at[0];
			at[0] = at[1];
			at[1] = row;
		}
		before = row;
	}
	return ctx;
}

static void report(void)
{
	struct dwunw_rows_counts stats;

	dwunw_rows_stats(tool.rows, &stats);
	printf("causes:");
	for (uint32_t i = 0; i < DWUNW_WALK_CAUSES; i++)
		if (tool.causes[i])
			printf(" %u: %" PRIu64, i, tool.causes[i]);
	printf("\nthe copy ended in those that are equal in part:");
	for (uint32_t i = 0; i < 256; i++)
		if (tool.stops[i])
			printf(" %s %" PRIu64, dwunw_stop_name((uint8_t)i),
			       tool.stops[i]);
	printf("\nstops of the kernel's walks:");
	for (uint32_t i = 0; i < 256; i++)
		if (tool.ends[i])
			printf(" %s %" PRIu64, dwunw_stop_name((uint8_t)i),
			       tool.ends[i]);
	printf("\nwith returns %" PRIu64, tool.with_returns);
	printf("\nrests %" PRIu64, tool.rests);
	printf("\nrows %" PRIu64 ", evicted %" PRIu64 ", asked %" PRIu64
	       ", tables %" PRIu64 "\n",
	       stats.rows, stats.evicted, stats.asked, stats.tables);
	if (tool.told_count)
		printf("told %" PRIu64 " of %" PRIu64 ", user %" PRIu64
		       ", kernel %" PRIu64 "\n",
		       tool.all_told, tool.some_told,
		       tool.by_cookie[CHECK_USER],
		       tool.by_cookie[CHECK_KERNEL]);
	printf("pairs %" PRIu64 " whole %" PRIu64 " part %" PRIu64
	       " different %" PRIu64 " late %" PRIu64 " cut %" PRIu64 "\n",
	       tool.pairs, tool.whole, tool.part, tool.different, tool.late,
	       tool.cut);
}

/* False: it has ended. One that has stopped waits for its events to be read. */
static bool goes_on(pid_t pid)
{
	int status;
	pid_t changed = waitpid(pid, &status, WNOHANG | WUNTRACED);

	if (changed == 0)
		return true;
	if (changed != pid || !WIFSTOPPED(status))
		return false;
	dwunw_loader_read_events(tool.loader, 0);
	kill(pid, SIGCONT);
	return true;
}

static void run(char **argv)
{
	time_t until = time(NULL) + 900;
	pid_t pid = tool.pid = start(argv);
	pthread_t thread;

	if (options.wait) {
		kill(pid, SIGCONT);
		sleep(options.wait);
	}
	attach(pid);
	if (tool.swap)
		pthread_create(&thread, NULL, swap_rows, NULL);
	kill(pid, SIGCONT);
	while (goes_on(pid) && tool.pairs < tool.wanted && time(NULL) < until) {
		dwunw_loader_read_events(tool.loader, 1);
		if (options.later && tool.pairs > tool.wanted / 10)
			attach_later(pid);
	}
	dwunw_loader_read_events(tool.loader, 0);
	kill(pid, SIGKILL);
	report();
}

static void read_told(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file)
		die(path, errno);
	while (tool.told_count < 16 &&
	       fscanf(file, "%" SCNx64, &tool.told[tool.told_count]) == 1)
		tool.told_count++;
	fclose(file);
	if (tool.told_count <= options.skipped)
		die(path, EINVAL);
}

static bool take_option(int option)
{
	switch (option) {
	case 'd':
		options.later = true;
		break;
	case 'e':
		options.event = optarg;
		break;
	case 'f':
		options.where = optarg;
		break;
	case 'i':
		options.inherited = true;
		break;
	case 'k':
		options.skipped = (size_t)atoi(optarg);
		break;
	case 'q':
		options.ring = (uint32_t)strtoul(optarg, NULL, 0);
		break;
	case 'r':
		if (options.own_returns < 4)
			options.own_return[options.own_returns++] = optarg;
		break;
	case 'R':
		if (options.other_returns < 4)
			options.other_return[options.other_returns++] = optarg;
		break;
	case 's':
		options.by_stack = true;
		break;
	case 't':
		tool.swap = true;
		break;
	case 'w':
		options.wait = (unsigned int)atoi(optarg);
		break;
	case 'x':
		options.file_told = optarg;
		break;
	default:
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	bool right = true;
	int option;

	setvbuf(stdout, NULL, _IOLBF, 1024);
	while ((option = getopt(argc, argv, "+de:f:ik:q:r:R:stw:x:")) != -1)
		right = right && take_option(option);
	if (!right || argc - optind < 3) {
		fprintf(stderr,
			"usage: %s [options] OBJECT EVENTS COMMAND...\n",
			argv[0]);
		return 2;
	}
	if (options.file_told)
		read_told(options.file_told);
	tool.wanted = strtoull(argv[optind + 1], NULL, 0);
	open_walker();
	options.program = argv[optind + 2];
	load(argv[optind]);
	run(argv + optind + 2);
	return tool.different != 0 || tool.pairs == 0;
}
