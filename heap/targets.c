/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * targets.c - the processes that are followed, and their threads' names.
 */
#include "recorder.h"

#include <dwunw/loader.h>
#include <dwunw/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS 4096u /* a power of two */

struct threads {
	struct {
		uint32_t tid;
		char name[20];
	} at[THREADS];
	uint32_t count;
};

/*
 * A process or thread names itself: no control character gets to a terminal,
 * and a ';' would be another frame of a folded stack.
 */
static void make_name(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f ||
		    *text == ';')
			*text = '?';
}

static bool read_name(const char *path, char *text, size_t size)
{
	bool got = dwunw_proc_read_line(path, text, size);

	make_name(text);
	return got;
}

struct target *dwu_target_find(const struct dwunw_heap *heap, int32_t pid)
{
	struct target *target = heap->targets;

	while (target && target->pid != pid)
		target = target->next;
	return target;
}

static void read_comm(struct target *target)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/comm", target->pid);
	read_name(path, target->comm, sizeof(target->comm));
}

void dwu_target_name(struct target *target,
		     const struct dwunw_event_header *exec)
{
	if (target->comm[0])
		return;
	memcpy(target->comm, &exec->cookie, sizeof(exec->cookie));
	memcpy(target->comm + sizeof(exec->cookie), &exec->value,
	       sizeof(exec->value));
	target->comm[DWUNW_EVENT_NAME_SIZE] = 0;
	make_name(target->comm);
}

/* A child that has ended before it could be looked at was called so, too. */
static void inherit_name(const struct dwunw_heap *heap, struct target *child)
{
	const struct target *parent = dwu_target_find(heap, child->parent);

	if (!child->comm[0] && parent)
		memcpy(child->comm, parent->comm, sizeof(child->comm));
}

/* dwunw-added 8: startstack of proc_pid_stat(5): above it are the program's
 * arguments and environment, which are of no use for a stack. */
static uint64_t stack_end(int32_t pid)
{
	char text[1024];
	const char *at = dwunw_proc_stat(pid, 28, text, sizeof(text));
	uint64_t end = at ? strtoull(at, NULL, 10) : 0;

	return end > 4096 ? end + 64 : 0;
}

static void write_process(struct dwunw_heap *heap, const struct target *target)
{
	struct dwunw_heap_process process = {
		.ways = target->ways,
		.stack_end = stack_end(target->pid),
	};
	uint32_t pid = (uint32_t)target->pid;

	dwunw_bpf_map_set(dwu_map(heap, "processes"), &pid, &process);
}

void dwu_target_set_ways(struct dwunw_heap *heap, struct target *target,
			 uint32_t ways)
{
	if (target->ways == ways)
		return;
	target->ways = ways;
	write_process(heap, target);
}

/* dwunw-added 7: what of dwunw a process is given at first. */
static uint32_t first_ways(const struct dwunw_heap *heap)
{
	switch (heap->config.mode) {
	case DWUNW_HEAP_OFF:
		return DWUNW_HEAP_FP;
	case DWUNW_HEAP_FORCE:
	case DWUNW_HEAP_ALONE:
		return DWUNW_HEAP_SNAPSHOT;
	default:
		return DWUNW_HEAP_SNAPSHOT | DWUNW_HEAP_FP;
	}
}

/* The numbers of a process further in than the tool are told to the programs. */
static void enter_namespace(struct dwunw_heap *heap, int32_t pid)
{
	int error = dwunw_pidns_enter(dwu_map(heap, "dwunw_namespaces"),
				      dwu_map(heap, "dwunw_inner"), pid);

	if (error)
		fprintf(stderr,
			"%s: pid %" PRId32
			": its pid namespace: %s: nothing is seen of it\n",
			heap->config.tool, pid, strerror(-error));
}

/* What a target has started would lose its probes with it; whether it has is not
 * known for sure where an event was lost. */
static void detach(struct dwunw_heap *heap, const struct target *target)
{
	if (heap->samples) /* they go with its threads */
		return;
	if (heap->inherited &&
	    (target->forked || dwu_map_counter(heap, DWUNW_COUNT_DROP_SLOT) ||
	     dwu_map_counter(heap, DWUNW_COUNT_DROP_BUFFER)))
		return;
	dwunw_loader_detach_ended(heap->loader, target->pid);
}

struct target *dwu_target_add(struct dwunw_heap *heap, int32_t pid)
{
	struct target *target = dwu_target_find(heap, pid);
	uint32_t first = 1, known, key = (uint32_t)pid;

	if (target && !target->exited)
		return target;
	if (!target) {
		target = calloc(1, sizeof(*target));
		if (!target)
			return NULL;
		target->next = heap->targets;
		heap->targets = target;
	} else { /* that pid again: another process */
		detach(heap, target);
		dwu_walk_forget(heap, pid);
		close(target->pidfd);
		*target = (struct target){ .next = target->next };
	}
	target->pid = pid;
	target->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	target->attach_time_ns = dwunw_heap_now();
	if (heap->namespace.ino && !heap->samples)
		enter_namespace(heap, pid);
	dwu_target_set_ways(heap, target, first_ways(heap));
	/* dwunw-added 6: its mapping changes are counted from now on */
	if (dwunw_bpf_map_get(dwu_map(heap, "dwunw_generations"), &key, &known))
		dwunw_bpf_map_set(dwu_map(heap, "dwunw_generations"), &key,
				  &first);
	read_comm(target);
	return target;
}

struct target *dwu_target_see(struct dwunw_heap *heap, int32_t pid)
{
	struct target *target = dwu_target_find(heap, pid);

	if (target || pid <= 0 || heap->follow == DWUNW_FOLLOW_GIVEN)
		return target;
	target = dwu_target_add(heap, pid);
	for (uint32_t i = 0; target && i < BIRTHS; i++) {
		if (heap->births[i].child != pid)
			continue;
		target->parent = heap->births[i].parent;
		heap->births[i].child = 0;
		inherit_name(heap, target);
	}
	return target;
}

static bool has_ended(const struct target *target)
{
	struct pollfd fd = { .fd = target->pidfd, .events = POLLIN };

	if (target->pidfd < 0)
		return kill(target->pid, 0) && errno == ESRCH;
	return poll(&fd, 1, 0) > 0;
}

/* dwunw-added 9: nothing of the process can be read; the kernel's walk can. */
static int without_rights(struct dwunw_heap *heap, struct target *target)
{
	char why[256];

	dwunw_denied_text(target->pid, why, sizeof(why));
	if (heap->config.mode >= DWUNW_HEAP_FORCE) {
		fprintf(stderr, "%s: dwunw, pid %d: %s\n", heap->config.tool,
			target->pid, why);
		return dwunw_permission_explain(heap->config.tool,
						"its mappings", EACCES);
	}
	if (heap->config.mode == DWUNW_HEAP_FALLBACK)
		fprintf(stderr,
			"dwunw: pid %d: %s: frame pointers only, no names\n",
			target->pid, why);
	target->lost_rights = true;
	dwu_target_set_ways(heap, target, DWUNW_HEAP_FP);
	return 0;
}

/* Links stay on the process, and inherited events are each thread's; others go
 * with the first one. */
static void note_leader(const struct dwunw_heap *heap, struct target *target)
{
	bool ended = dwunw_proc_leader_ended(target->pid);

	if (ended && !target->leaderless && !heap->multi &&
	    !target->events.count)
		target->files.count = 0;
	target->leaderless = ended;
}

int dwu_target_attach(struct dwunw_heap *heap, struct target *target)
{
	dwunw_status_t status;

	if (target->refused)
		return EXIT_FAILURE;
	if (heap->in_samples) { /* soon */
		dwu_target_remapped(heap, target->pid);
		return -1;
	}
	heap->last_log[0] = 0;
	note_leader(heap, target);
	/* each time: the library keeps only so many processes */
	status =
		dwunw_process_open(&heap->dwunw, target->pid, &target->process);
	if (!status)
		status = dwunw_process_refresh(target->process);
	if (status == DWUNW_ERR_ATTACH_DENIED) {
		int error = without_rights(heap, target);

		if (error)
			return error;
	} else if (status) {
		if ((kill(target->pid, 0) && errno == ESRCH) ||
		    dwunw_proc_leader_ended(target->pid))
			return -1; /* it has ended */
		target->refused = status == DWUNW_ERR_UNSUPPORTED_ARCH;
		heap->command_refused |= target->refused &&
					 target->pid == heap->command_pid;
		if (heap->last_log[0])
			fprintf(stderr, "%s: %s\n", heap->config.tool,
				heap->last_log);
		else
			fprintf(stderr, "%s: pid %d: %s\n", heap->config.tool,
				target->pid, dwunw_status_text(status));
		return EXIT_FAILURE;
	}
	return dwu_attach_files(heap, target);
}

/* dwunw-added 6: a process has mapped code; it is looked at when it matters. */
void dwu_target_remapped(void *ctx, int32_t pid)
{
	struct dwunw_heap *heap = ctx;

	for (struct target *target = heap->targets; target;
	     target = target->next) {
		if (pid && target->pid != pid)
			continue;
		target->remapped = true;
		heap->remapped = true;
	}
}

/* dwunw-added 6: called before an event is looked at: where it comes from is
 * known then, or was unmapped meanwhile. */
void dwu_targets_see_mappings(struct dwunw_heap *heap)
{
	dwunw_map_watch_read(heap->watch);
	if (!heap->remapped || heap->in_samples)
		return;
	heap->remapped = false;
	for (struct target *target = heap->targets; target;
	     target = target->next) {
		if (target->starting) /* command.c looks at it */
			continue;
		if (target->remapped && !target->exited &&
		    !target->lost_rights) {
			target->starting = true; /* no message */
			dwu_target_attach(heap, target);
			target->starting = false;
		}
		target->remapped = false;
	}
}

/* So long a program may take until it has mapped its allocator. */
#define LOOK_NS (10 * SECOND)

void dwu_targets_look(struct dwunw_heap *heap)
{
	uint64_t now = dwunw_heap_now();

	for (struct target *target = heap->targets; target;
	     target = target->next) {
		if (target->look_until_ns <= now || target->exited ||
		    target->lost_rights)
			continue;
		target->starting = true; /* no message */
		if (!dwu_target_attach(heap, target))
			target->look_until_ns = 0;
		target->starting = false;
	}
}

/* Are those of the program before still there? A link is its first thread's. */
static bool keeps_probes(const struct dwunw_heap *heap,
			 const struct target *target)
{
	if (heap->inherited || heap->samples)
		return dwunw_proc_keeps_events(target->pid);
	return heap->multi && target->leader_execs && !target->events_full;
}

void dwu_target_exec(struct dwunw_heap *heap, struct target *target,
		     uint64_t time_ns)
{
	if (time_ns > target->exec_time_ns)
		target->exec_time_ns = time_ns;
	target->files.count = 0;
	if (!keeps_probes(heap, target)) {
		target->events.count = 0;
		target->events_full = false;
		if (heap->loader && !heap->inherited)
			dwunw_loader_detach(heap->loader, target->pid);
	}
	if (heap->samples)
		dwu_samples_forget(heap->samples, target->exec_time_ns);
	target->whole = 0;
	target->parent = 0;
	target->refused = false;
	if (!heap->command_pid)
		target->look_until_ns = dwunw_heap_now() + LOOK_NS;
	read_comm(target);
	write_process(heap, target);
}

/* The event comes before the thread is a zombie: looked at until it is. */
static void see_leader(struct dwunw_heap *heap, struct target *target)
{
	if (!target->leader_ends || !dwunw_proc_leader_ended(target->pid))
		return;
	target->leader_ends = false;
	dwu_target_attach(heap, target);
}

uint32_t dwu_targets_alive(struct dwunw_heap *heap)
{
	uint32_t alive = 0;

	for (struct target *target = heap->targets; target;
	     target = target->next) {
		if (!target->exited && has_ended(target)) {
			target->exited = true;
			if (!heap->inherited)
				detach(heap, target);
		}
		if (!target->exited)
			see_leader(heap, target);
		alive += !target->exited;
	}
	return alive;
}

/* By now what it has started was heard of. */
static void forget(struct dwunw_heap *heap, struct target **link)
{
	struct target *target = *link;
	uint32_t pid = (uint32_t)target->pid;

	if (heap->inherited)
		detach(heap, target);
	dwu_walk_forget(heap, target->pid);
	dwunw_bpf_map_remove(dwu_map(heap, "dwunw_generations"), &pid);
	dwunw_bpf_map_remove(dwu_map(heap, "processes"), &pid);
	if (heap->namespace.ino && !heap->samples)
		dwunw_pidns_leave(dwu_map(heap, "dwunw_inner"), target->pid);
	if (target->pidfd >= 0)
		close(target->pidfd);
	*link = target->next;
	free(target);
}

bool dwu_targets_ended(const struct dwunw_heap *heap)
{
	const struct target *target = heap->targets;

	while (target && !target->exited)
		target = target->next;
	return target;
}

void dwu_targets_forget(struct dwunw_heap *heap)
{
	struct target **link = &heap->targets;

	while (*link) {
		if ((*link)->exited)
			forget(heap, link);
		else
			link = &(*link)->next;
	}
}

void dwu_target_remove(struct dwunw_heap *heap, int32_t pid)
{
	struct target **link = &heap->targets;

	while (*link && (*link)->pid != pid)
		link = &(*link)->next;
	if (!*link)
		return;
	if (!heap->inherited)
		detach(heap, *link);
	forget(heap, link);
}

/* At the end, when the loader has taken all probes away. */
void dwu_targets_free(struct dwunw_heap *heap)
{
	while (heap->targets) {
		struct target *target = heap->targets;

		heap->targets = target->next;
		if (target->pidfd >= 0)
			close(target->pidfd);
		free(target);
	}
}

/* --- for who asks ---------------------------------------------------------- */

void dwunw_heap_targets(struct dwunw_heap *heap,
			void (*visit)(void *ctx,
				      const struct dwunw_heap_target *target),
			void *ctx)
{
	for (const struct target *target = heap->targets; target;
	     target = target->next) {
		struct dwunw_heap_target told = {
			.pid = target->pid,
			.parent = target->parent,
			.name = target->comm,
			.since_ns = target->exec_time_ns,
			.ended = target->exited,
		};

		if (!told.since_ns)
			told.since_ns = target->attach_time_ns;
		visit(ctx, &told);
	}
}

/* --- threads -------------------------------------------------------------- */

void dwu_thread_see(struct dwunw_heap *heap, uint32_t pid, uint32_t tid)
{
	struct threads *threads = heap->threads;
	uint32_t at = tid;
	char path[64];

	if (!threads)
		threads = heap->threads = calloc(1, sizeof(*threads));
	if (!threads || threads->count >= THREADS / 2)
		return;
	while (threads->at[at % THREADS].tid &&
	       threads->at[at % THREADS].tid != tid)
		at++;
	at %= THREADS;
	if (threads->at[at].tid)
		return;
	threads->at[at].tid = tid;
	threads->count++;
	if (heap->namespace.ino) /* a thread's number is its own one's */
		tid = (uint32_t)dwunw_pidns_outer_tid((int32_t)pid,
						      (int32_t)tid);
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task/%" PRIu32 "/comm",
		 pid, tid);
	read_name(path, threads->at[at].name, sizeof(threads->at[at].name));
}

const char *dwunw_heap_thread(const struct dwunw_heap *heap, uint32_t tid)
{
	const struct threads *threads = heap->threads;
	uint32_t at = tid;

	if (!threads)
		return "";
	while (threads->at[at % THREADS].tid) {
		if (threads->at[at % THREADS].tid == tid)
			return threads->at[at % THREADS].name;
		at++;
	}
	return "";
}
