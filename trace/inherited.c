/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * uprobes of a process and of all that it starts: perf events of numbered
 * uprobes (probe_events.c), opened on each thread with attr.inherit.
 *
 *	place (file, offset, program) -> a numbered uprobe, a carrier with the program
 *	thread x place -> an event that its children inherit
 *	thread -> a guard, see struct dwu_inherited
 *
 * For example, a shell with 1 thread and 5 probes: 5 events, 5 carriers, 1
 * guard. What the shell starts has the same breakpoints from its first
 * instruction on, and the programs run there by the carriers; descriptors stay
 * as they are.
 */
#include "inherited.h"

#include "probe_events.h"
#include "rings.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A thread's children inherit as soon as it has its event; those of before are
 * found by looking again. */
#define PASSES 16

/* A uprobe, and what is called there. */
struct probed {
	uint64_t dev;
	uint64_t ino;
	uint64_t off;
	bool at_return;
	int program;
	int id; /* of probe_events.h */
	/* The event that the program is attached to. It is not inherited: from
	 * Linux 6.10 on a child's copy takes the program away when it goes. */
	int carrier;
};

struct thread_event {
	int fd;
	int32_t pid;
	int32_t tid;
};

struct thread_events {
	struct thread_event *at;
	uint32_t count;
	uint32_t room;
};

struct dwu_inherited {
	struct probed *places;
	uint32_t place_count;
	/* Each makes the kernel put a breakpoint into the thread's process, and
	 * into those of its children. */
	struct thread_events events;
	/*
	 * Guards: an event that is not inherited, of each thread that has such
	 * as are. Without it the kernel takes the events of parent and child,
	 * and of two children, for the same, and exchanges them when it switches
	 * from one to the other (perf_event_context_sched_out()). Each still is
	 * of the process that it began with: when one of them ends, the other's
	 * breakpoints go.
	 */
	struct thread_events guards;
};

/*
 * Fails where tracefs does: callers then attach to each child when they see it.
 */
int dwu_inherited_open(struct dwu_inherited **result)
{
	struct dwu_inherited *inherited;
	int error = dwu_probe_events_open();

	if (error)
		return error;
	inherited = calloc(1, sizeof(*inherited));
	if (!inherited)
		return -ENOMEM;
	*result = inherited;
	return 0;
}

/*
 * Never enabled: programs run at a hit, whatever the state of an event is, and
 * so nothing is done for it when its thread is scheduled.
 *
 * From Linux 6.13 on events that are inherited and would read counts into their
 * samples are never exchanged between threads (see guards, below): a child whose
 * fork has not been read yet, which nobody can guard, keeps its breakpoints, too,
 * when a thread or a child that it has made ends. Older kernels refuse such.
 */
static int open_event(int id, int32_t tid, bool inherit)
{
	struct perf_event_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = (uint32_t)id;
	attr.disabled = 1;
	attr.inherit = inherit;
	if (inherit)
		attr.sample_type = PERF_SAMPLE_READ | PERF_SAMPLE_TID;
	fd = dwu_perf_open(&attr, tid, -1);
	if (fd != -EINVAL || !inherit)
		return fd;
	attr.sample_type = 0;
	return dwu_perf_open(&attr, tid, -1);
}

/* Owned from here on, closed where there is no memory. fd: or an errno, which is
 * passed on; 0. */
static int keep(struct thread_events *events, int fd, int32_t pid, int32_t tid)
{
	if (fd < 0)
		return fd;
	if (events->count == events->room) {
		uint32_t room = 2 * events->room + 64;
		struct thread_event *at =
			realloc(events->at, room * sizeof(*at));

		if (!at) {
			close(fd);
			return -ENOMEM;
		}
		events->at = at;
		events->room = room;
	}
	events->at[events->count++] = (struct thread_event){ fd, pid, tid };
	return 0;
}

/* Those of a process; pid 0: all. */
static void drop(struct thread_events *events, int32_t pid)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < events->count; i++) {
		if (!pid || events->at[i].pid == pid)
			close(events->at[i].fd);
		else
			events->at[kept++] = events->at[i];
	}
	events->count = kept;
}

/* --- guards ---------------------------------------------------------------------- */

static bool is_guarded(const struct dwu_inherited *inherited, int32_t tid)
{
	for (uint32_t i = 0; i < inherited->guards.count; i++) {
		if (inherited->guards.at[i].tid == tid)
			return true;
	}
	return false;
}

/* 0, or a negative errno: -ESRCH, it has ended. */
static int guard_thread(struct dwu_inherited *inherited, int32_t pid,
			int32_t tid)
{
	struct perf_event_attr attr;

	if (is_guarded(inherited, tid))
		return 0;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_DUMMY;
	attr.disabled = 1;
	return keep(&inherited->guards, dwu_perf_open(&attr, tid, -1), pid,
		    tid);
}

/* --- places ---------------------------------------------------------------------- */

static bool is_at(const struct probed *probed, const struct stat *file,
		  int program, const struct dwunw_uprobe_place *place)
{
	return probed->ino == file->st_ino && probed->dev == file->st_dev &&
	       probed->off == place->off && probed->program == program &&
	       probed->at_return == place->at_return;
}

static struct probed *add_place(struct dwu_inherited *inherited,
				const struct stat *file, int program,
				const struct dwunw_uprobe_place *place,
				int *error)
{
	uint32_t count = inherited->place_count;
	struct probed *places =
		realloc(inherited->places, (count + 1) * sizeof(*places));
	int id;

	*error = -ENOMEM;
	if (!places)
		return NULL;
	inherited->places = places;
	id = dwu_probe_events_add(count, place->path, place->off,
				  place->at_return);
	*error = id < 0 ? id : 0;
	if (id < 0)
		return NULL;
	places[count] = (struct probed){ .dev = file->st_dev,
					 .ino = file->st_ino,
					 .off = place->off,
					 .at_return = place->at_return,
					 .program = program,
					 .id = id,
					 .carrier = -1 };
	inherited->place_count++;
	return &places[count];
}

/*
 * That place, new or known; NULL: *error.
 *
 * By device and inode, since one file may have many paths.
 */
static struct probed *find_place(struct dwu_inherited *inherited, int program,
				 const struct dwunw_uprobe_place *place,
				 int *error)
{
	struct stat file;

	if (stat(place->path, &file)) {
		*error = -errno;
		return NULL;
	}
	for (uint32_t i = 0; i < inherited->place_count; i++) {
		if (is_at(&inherited->places[i], &file, program, place))
			return &inherited->places[i];
	}
	return add_place(inherited, &file, program, place, error);
}

/* Whose event it is is of no matter: it stays when that thread has ended. */
static int open_carrier(struct probed *probed, int32_t tid)
{
	int fd;

	if (probed->carrier >= 0)
		return 0;
	fd = open_event(probed->id, tid, false);
	if (fd < 0)
		return fd;
	/* musl's ioctl() takes an int, which this request does not fit */
	if (syscall(SYS_ioctl, fd, PERF_EVENT_IOC_SET_BPF, probed->program)) {
		int error = -errno;

		close(fd);
		return error;
	}
	probed->carrier = fd;
	return 0;
}

/* --- threads ---------------------------------------------------------------------- */

/* Those that have theirs. */
struct seen {
	int32_t *tids;
	uint32_t count;
};

/*
 * 1: it is new; 0: it is not; or a negative errno.
 *
 * Linear: a process has few threads when it is attached to.
 */
static int see(struct seen *seen, int32_t tid)
{
	int32_t *tids;

	for (uint32_t i = 0; i < seen->count; i++) {
		if (seen->tids[i] == tid)
			return 0;
	}
	tids = realloc(seen->tids, (seen->count + 1) * sizeof(*tids));
	if (!tids)
		return -ENOMEM;
	seen->tids = tids;
	seen->tids[seen->count++] = tid;
	return 1;
}

/* 1: the thread has its event; 0: it has ended; or a negative errno. */
static int open_thread(struct dwu_inherited *inherited, struct probed *probed,
		       int32_t pid, int32_t tid)
{
	int error = guard_thread(inherited, pid, tid);

	if (!error)
		error = open_carrier(probed, tid);
	if (!error)
		error = keep(&inherited->events,
			     open_event(probed->id, tid, true), pid, tid);
	if (error == -ESRCH)
		return 0;
	return error ? error : 1;
}

/* How many there were that had none; or a negative errno. */
static int open_new(struct dwu_inherited *inherited, struct probed *probed,
		    int32_t pid, struct seen *seen)
{
	struct dirent *entry;
	int count = 0, one = 0;
	char name[64];
	DIR *threads;

	snprintf(name, sizeof(name), "/proc/%d/task", (int)pid);
	threads = opendir(name);
	if (!threads)
		return errno == ENOENT ? -ESRCH : -errno;
	while (one >= 0 && (entry = readdir(threads))) {
		int32_t tid = (int32_t)atol(entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		one = see(seen, tid);
		if (one > 0)
			one = open_thread(inherited, probed, pid, tid);
		count += one > 0;
	}
	closedir(threads);
	return one < 0 ? one : count;
}

/*
 * Repeated until a pass finds no new thread: a thread that starts meanwhile
 * inherits from one that has its event, or is found by the next pass.
 */
int dwu_inherited_attach(struct dwu_inherited *inherited, int program,
			 const struct dwunw_uprobe_place *place)
{
	struct seen seen = { 0 };
	struct probed *probed;
	int found = 1, all = 0, error = 0;

	probed = find_place(inherited, program, place, &error);
	if (!probed)
		return error;
	for (int pass = 0; pass < PASSES && found > 0; pass++) {
		found = open_new(inherited, probed, place->pid, &seen);
		all += found > 0 ? found : 0;
	}
	free(seen.tids);
	if (found < 0)
		return found;
	return all ? 0 : -ESRCH;
}

/* The child's threads get guards; its events are there by inheritance. */
bool dwu_inherited_child(struct dwu_inherited *inherited, int32_t child,
			 int32_t parent_tid)
{
	bool sure = is_guarded(inherited, parent_tid);
	struct dirent *entry;
	char name[64];
	DIR *threads;

	snprintf(name, sizeof(name), "/proc/%d/task", (int)child);
	threads = opendir(name);
	while (threads && (entry = readdir(threads))) {
		if (entry->d_name[0] != '.')
			guard_thread(inherited, child,
				     (int32_t)atol(entry->d_name));
	}
	if (threads)
		closedir(threads);
	return sure;
}

/* --- the end ------------------------------------------------------------------------ */

/*
 * The events of `pid` alone; their copies in children go with them (see the
 * header).
 */
void dwu_inherited_detach(struct dwu_inherited *inherited, int32_t pid)
{
	drop(&inherited->events, pid);
	drop(&inherited->guards, pid);
}

void dwu_inherited_close(struct dwu_inherited *inherited)
{
	if (!inherited)
		return;
	drop(&inherited->events, 0);
	drop(&inherited->guards, 0);
	for (uint32_t i = 0; i < inherited->place_count; i++) {
		if (inherited->places[i].carrier >= 0)
			close(inherited->places[i].carrier);
	}
	dwu_probe_events_close();
	free(inherited->events.at);
	free(inherited->guards.at);
	free(inherited->places);
	free(inherited);
}
