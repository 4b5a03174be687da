/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Calls of functions as perf samples, without BPF: an event for each thread,
 * probe and CPU, whose samples have registers and, of large ones, stack. For
 * kernels and users without bpf(2).
 *
 *	probe (path, offset) -> number in tracefs, or uprobe PMU
 *	thread x probe x CPU -> member (perf event) -> buffer of that CPU
 *	buffers, by time -> on_sample(), on_change(), on_lost()
 *
 * For example, 2 probes, 3 threads, 4 CPUs: 24 small events and, with stack, 24
 * large ones, in 12 buffers (small, large and changes of each CPU).
 *
 * Records of different buffers are put in order by their time; a record that is
 * still being written may be older than one that is there, so the last 2 ms
 * wait (SETTLE_NS). What was lost is known by comparing the kernel's counts of
 * hits with the samples that came.
 */
#include "bpf_map.h"
#include "probe_events.h"
#include "rings.h"
#include "sample.h"

#include <dwunw/linux.h>
#include <dwunw/trace.h>

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PROBES 128
#define CPUS 256
/* A record that is being written now may be older than one that is read. */
#define SETTLE_NS 2000000u
#define CHANGES_SIZE (1u << 16)
#define FILES_MAX 65536u
/* Threads that start while others are given events are found by looking again;
 * and members whose count and samples agree, by reading both again. */
#define PASSES 10
#define TRIES 30

struct probe {
	char path[256];
	uint64_t off;
	int id; /* of probe_events.h; 0: by the uprobe PMU */
	enum dwunw_sampler_rank rank;
	uint32_t stack_size;
	uint32_t cookie;
};

/* One perf event, and those that threads have inherited from it. */
struct member {
	uint64_t id;	   /* first: search.h */
	uint64_t received; /* samples that came */
	uint64_t after;	   /* of them, later than cut_ns */
	uint64_t cut_ns;   /* when its hits were counted last */
	uint64_t hits;
	uint64_t lost; /* hits without a sample, as far as that is known */
	uint32_t tid;
	uint16_t probe;
	bool large;
	bool settled; /* in this call of dwunw_sampler_missing() */
	int fd;	      /* -1: closed, it was one too many */
};

/* A thread with events of its own. */
struct root {
	uint32_t tid;	 /* first: search.h */
	uint32_t opened; /* probes */
	/* … that it had inherited as well: bit n of [large] */
	uint64_t closed[2][PROBES / 64];
};

enum buffer_kind {
	BUFFER_SMALL,
	BUFFER_LARGE,
	BUFFER_CHANGES,
	BUFFER_KINDS
};

struct buffer {
	struct dwu_perf_ring ring;
	enum buffer_kind kind;
	uint32_t cpu; /* index */
	/* the last sample: by its own event, or by an inherited one */
	uint32_t last_tid;
	uint16_t last_probe;
	bool last_own;
};

struct dwunw_sampler {
	struct dwunw_sampler_config config;
	int type; /* of the uprobe PMU */
	bool by_number;
	bool all_children;
	bool enabled;
	struct buffer buffers[CPUS * BUFFER_KINDS];
	int cpus[CPUS];
	uint32_t cpu_count;
	uint32_t buffer_count;
	struct probe probes[PROBES];
	uint32_t probe_count;
	struct member *members; /* sorted by id: the kernel's only grow */
	uint32_t member_count;
	uint32_t member_room;
	struct root *roots; /* sorted by tid */
	uint32_t root_count;
	uint32_t root_room;
	struct dwunw_sampler_losses gone; /* of events that were closed */
	uint64_t told; /* small samples, by PERF_RECORD_LOST */
	uint64_t told_ns;
	uint64_t late;
};

static uint64_t clock_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* --- one thread's events ------------------------------------------------------ */

/* The kernel's ids ascend, so a new one nearly always goes last. */
static int add_member(struct dwunw_sampler *sampler,
		      const struct member *member)
{
	struct member *members = sampler->members;
	uint32_t at = sampler->member_count, room = sampler->member_room;

	if (at == room) {
		room = room ? 2 * room : 64;
		members = realloc(members, room * sizeof(*members));
		if (!members)
			return -ENOMEM;
		sampler->members = members;
		sampler->member_room = room;
	}
	while (at > 0 && members[at - 1].id > member->id) {
		members[at] = members[at - 1];
		at--;
	}
	members[at] = *member;
	sampler->member_count++;
	return 0;
}

/*
 * By number it can be inherited by threads that start later; the PMU's cannot,
 * since its path is a pointer of this process.
 */
static void probe_attr(const struct dwunw_sampler *sampler,
		       const struct probe *probe, bool large,
		       struct perf_event_attr *attr)
{
	dwu_sample_attr(attr);
	if (probe->id) {
		attr->type = PERF_TYPE_TRACEPOINT;
		attr->config = (uint32_t)probe->id;
		attr->inherit = 1;
		attr->inherit_thread = !sampler->all_children;
	} else {
		attr->type = (uint32_t)sampler->type;
		attr->config = probe->rank == DWUNW_SAMPLER_RETURN;
		attr->config1 = dwu_bpf_address(probe->path);
		attr->config2 = probe->off;
	}
	attr->sample_period = 1;
	attr->watermark = 1;
	attr->disabled = !sampler->enabled;
	dwu_sample_attr_regs(attr, large, large ? probe->stack_size : 0);
}

/*
 * An event that is mapped or inherited needs a CPU.
 *
 * inherit_thread came with Linux 5.13: before, children inherit as well, and
 * their samples are dropped by their pid.
 */
static int open_event(struct dwunw_sampler *sampler, uint32_t tid,
		      const struct probe *probe, uint32_t cpu, bool large)
{
	struct perf_event_attr attr;
	int fd;

	probe_attr(sampler, probe, large, &attr);
	fd = dwu_perf_open(&attr, (int32_t)tid, sampler->cpus[cpu]);
	if (fd != -EINVAL || !attr.inherit_thread)
		return fd;
	attr.inherit_thread = 0; /* Linux 5.13 */
	fd = dwu_perf_open(&attr, (int32_t)tid, sampler->cpus[cpu]);
	sampler->all_children |= fd >= 0;
	return fd;
}

/*
 * SET_OUTPUT: the samples go to the buffer of that CPU, which one dummy event
 * has.
 */
static int open_member(struct dwunw_sampler *sampler, uint32_t tid,
		       uint32_t index, uint32_t cpu, bool large)
{
	struct buffer *buffer =
		&sampler->buffers[cpu * BUFFER_KINDS +
				  (large ? BUFFER_LARGE : BUFFER_SMALL)];
	struct member member = { .tid = tid,
				 .probe = (uint16_t)index,
				 .large = large };
	int fd, error = 0;

	fd = open_event(sampler, tid, &sampler->probes[index], cpu, large);
	if (fd < 0)
		return fd;
	member.fd = fd;
	/* musl's ioctl() takes an int, which this request does not fit */
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, buffer->ring.fd) ||
	    syscall(SYS_ioctl, fd, PERF_EVENT_IOC_ID, &member.id))
		error = -errno;
	if (!error)
		error = add_member(sampler, &member);
	if (error)
		close(fd);
	return error;
}

/*
 * Small samples always, large ones beside them where the probe wants stack: two
 * events, since one has one size.
 */
static int open_probe(struct dwunw_sampler *sampler, uint32_t tid,
		      uint32_t index)
{
	bool large = sampler->probes[index].stack_size;
	int error = 0;

	for (uint32_t cpu = 0; cpu < sampler->cpu_count && !error; cpu++) {
		error = open_member(sampler, tid, index, cpu, false);
		if (!error && large)
			error = open_member(sampler, tid, index, cpu, true);
	}
	return error;
}

/*
 * ESRCH: the thread has ended; that is no error.
 *
 * By rank: frees before allocations, so that no block is seen whose free is
 * not.
 */
static int open_thread(struct dwunw_sampler *sampler, struct root *root)
{
	uint32_t from = root->opened;
	int error = 0;

	root->opened = sampler->probe_count;
	for (int rank = 0; rank < DWUNW_SAMPLER_RANKS; rank++) {
		for (uint32_t i = from; i < root->opened && !error; i++) {
			if ((int)sampler->probes[i].rank == rank)
				error = open_probe(sampler, root->tid, i);
		}
	}
	return error == -ESRCH ? 0 : error;
}

/* Its index, or where it belongs. */
static uint32_t find_root(const struct dwunw_sampler *sampler, uint32_t tid)
{
	return dwunw_search_first(sampler->roots, sampler->root_count,
				  sizeof(*sampler->roots),
				  sizeof(sampler->roots->tid), tid);
}

static bool is_root(const struct dwunw_sampler *sampler, uint32_t tid)
{
	uint32_t at = find_root(sampler, tid);

	return at < sampler->root_count && sampler->roots[at].tid == tid;
}

/* NULL: no memory. */
static struct root *add_root(struct dwunw_sampler *sampler, uint32_t tid)
{
	uint32_t at = find_root(sampler, tid), room = sampler->root_room;
	struct root *roots = sampler->roots;

	if (at < sampler->root_count && roots[at].tid == tid)
		return &roots[at];
	if (sampler->root_count == room) {
		room = room ? 2 * room : 16;
		roots = realloc(roots, room * sizeof(*roots));
		if (!roots)
			return NULL;
		sampler->roots = roots;
		sampler->root_room = room;
	}
	memmove(&roots[at + 1], &roots[at],
		(sampler->root_count++ - at) * sizeof(*roots));
	roots[at] = (struct root){ .tid = tid };
	return &roots[at];
}

/* What the kernel has counted. */
static uint64_t read_hits(const struct member *member)
{
	uint64_t count = 0;

	if (member->fd < 0)
		return member->hits;
	if (read(member->fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		return member->hits;
	return count;
}

/* By rank, or large: callers repair each kind in its own way. */
static void add_lost(const struct dwunw_sampler *sampler,
		     const struct member *member, uint64_t lost,
		     struct dwunw_sampler_losses *missing)
{
	if (member->large)
		missing->large += lost;
	else
		missing->by_rank[sampler->probes[member->probe].rank] += lost;
}

/* Without inheritance: a thread has ended, its records have been read. */
static void remove_thread(struct dwunw_sampler *sampler, uint32_t tid)
{
	uint32_t kept = 0, at = find_root(sampler, tid);

	if (!is_root(sampler, tid))
		return;
	for (uint32_t i = 0; i < sampler->member_count; i++) {
		struct member *member = &sampler->members[i];
		uint64_t hits;

		if (member->tid != tid) {
			sampler->members[kept++] = *member;
			continue;
		}
		hits = read_hits(member);
		if (hits > member->received)
			add_lost(sampler, member, hits - member->received,
				 &sampler->gone);
		if (member->fd >= 0)
			close(member->fd);
	}
	sampler->member_count = kept;
	memmove(&sampler->roots[at], &sampler->roots[at + 1],
		(--sampler->root_count - at) * sizeof(sampler->roots[0]));
}

/* It runs already: calls that it made until now were not seen. */
static void add_late_thread(struct dwunw_sampler *sampler, uint32_t tid)
{
	struct root *root = add_root(sampler, tid);
	int error = root ? open_thread(sampler, root) : -ENOMEM;

	sampler->late++;
	if (error)
		fprintf(stderr, "note: no probes on thread %u: %s\n", tid,
			strerror(-error));
}

/*
 * A thread that was found at the start may have inherited events, too, if it
 * started just then. Its own ones of that probe go; what they have counted and
 * sent stays counted. True: it had some until now.
 */
static bool close_own(struct dwunw_sampler *sampler, uint32_t tid,
		      uint16_t probe, bool large)
{
	uint64_t bit = 1ull << probe % 64, *closed;

	if (!is_root(sampler, tid))
		return false;
	closed = &sampler->roots[find_root(sampler, tid)]
			  .closed[large][probe / 64];
	if (*closed & bit)
		return false;
	*closed |= bit;
	for (uint32_t i = 0; i < sampler->member_count; i++) {
		struct member *member = &sampler->members[i];

		if (member->tid != tid || member->probe != probe ||
		    member->large != large || member->fd < 0)
			continue;
		member->hits = read_hits(member);
		close(member->fd);
		member->fd = -1;
	}
	return true;
}

/* --- set up -------------------------------------------------------------------- */

static uint32_t buffer_size(const struct dwunw_sampler *sampler,
			    enum buffer_kind kind)
{
	return kind == BUFFER_SMALL ? sampler->config.small_size :
	       kind == BUFFER_LARGE ? sampler->config.ring_size :
				      CHANGES_SIZE;
}

/*
 * Carries the samples of others, or what happens to processes.
 *
 * Perf events on one CPU may share a buffer; its size is a power of two of
 * pages.
 */
static int open_buffer(struct dwunw_sampler *sampler, enum buffer_kind kind)
{
	struct buffer *buffer = &sampler->buffers[sampler->buffer_count];
	uint32_t size = buffer_size(sampler, kind);
	struct perf_event_attr attr;
	int fd, error;

	dwu_sample_attr(&attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_DUMMY;
	attr.watermark = 1;
	attr.wakeup_watermark = size / 4;
	if (kind == BUFFER_CHANGES) {
		attr.mmap = 1;
		attr.mmap2 = 1;
		attr.comm = 1;
		attr.comm_exec = 1;
		attr.task = 1;
	}
	fd = dwu_perf_open(&attr, -1, sampler->cpus[sampler->cpu_count]);
	if (fd < 0)
		return fd;
	error = dwu_perf_ring_open(&buffer->ring, fd, size);
	buffer->kind = kind;
	buffer->cpu = sampler->cpu_count;
	sampler->buffer_count += !error;
	return error;
}

static int open_cpu(struct dwunw_sampler *sampler, int cpu)
{
	int error = 0;

	if (sampler->cpu_count == CPUS)
		return -ENOSPC;
	sampler->cpus[sampler->cpu_count] = cpu;
	for (int kind = 0; kind < BUFFER_KINDS && !error; kind++)
		error = open_buffer(sampler, (enum buffer_kind)kind);
	sampler->cpu_count += !error;
	return error;
}

/* An event for each thread, probe and CPU: more than a shell allows. */
static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (limit.rlim_max < FILES_MAX) {
		struct rlimit more = { FILES_MAX, FILES_MAX };

		if (!setrlimit(RLIMIT_NOFILE, &more))
			return;
	}
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* By number where tracefs lets us, else by the PMU. */
int dwunw_sampler_open(struct dwunw_sampler **result,
		       const struct dwunw_sampler_config *config)
{
	struct dwunw_sampler *sampler = calloc(1, sizeof(*sampler));
	int error = 0;

	if (!sampler)
		return -ENOMEM;
	allow_files();
	if (DWUNW_STRUCT_FROM(&sampler->config, ctx, config) != DWUNW_OK) {
		free(sampler);
		return -EINVAL;
	}
	config = &sampler->config;
	sampler->all_children = config->all_children;
	sampler->by_number = !config->by_pmu && !dwu_probe_events_open();
	sampler->type = dwu_perf_type("uprobe");
	if (!sampler->by_number && sampler->type < 0)
		error = sampler->type;
	for (int cpu = dwu_cpu_online(0); cpu >= 0 && !error;
	     cpu = dwu_cpu_online(cpu + 1))
		error = open_cpu(sampler, cpu);
	if (error)
		dwunw_sampler_close(sampler);
	else
		*result = sampler;
	return error;
}

/* Before dwunw_sampler_start(). Numbered probes are made in tracefs here. */
int dwunw_sampler_add(struct dwunw_sampler *sampler,
		      const struct dwunw_sampler_probe *wanted)
{
	struct probe *probe = &sampler->probes[sampler->probe_count];

	if (sampler->probe_count == PROBES ||
	    strlen(wanted->path) >= sizeof(probe->path))
		return -ENOSPC;
	*probe = (struct probe){ .off = wanted->off,
				 .rank = wanted->rank,
				 .stack_size = wanted->stack_size & ~7u,
				 .cookie = wanted->cookie };
	strcpy(probe->path, wanted->path);
	if (sampler->by_number)
		probe->id = dwu_probe_events_add(
			sampler->probe_count, probe->path, probe->off,
			probe->rank == DWUNW_SAMPLER_RETURN);
	if (probe->id < 0)
		return probe->id;
	sampler->probe_count++;
	return 0;
}

/* Events for threads that have none, or not of all probes. How many there were;
 * or a negative errno. */
static int start_threads(struct dwunw_sampler *sampler)
{
	struct dirent *entry;
	int error = 0, count = 0;
	char name[64];
	DIR *threads;

	snprintf(name, sizeof(name), "/proc/%d/task", (int)sampler->config.pid);
	threads = opendir(name);
	if (!threads)
		return -errno;
	while (!error && (errno = 0, entry = readdir(threads))) {
		struct root *root;

		if (entry->d_name[0] == '.')
			continue;
		root = add_root(sampler, (uint32_t)atol(entry->d_name));
		if (!root) {
			error = -ENOMEM;
		} else if (root->opened < sampler->probe_count) {
			error = open_thread(sampler, root);
			count++;
		}
	}
	if (!error && errno)
		error = -errno;
	closedir(threads);
	return error ? error : count;
}

/* A thread that starts meanwhile may have inherited none, some or all of its
 * parent's events: it is given its own, and those that are too many go when
 * they show (close_own()). */
int dwunw_sampler_start(struct dwunw_sampler *sampler)
{
	int found = 1;

	for (int pass = 0; pass < PASSES && found > 0; pass++)
		found = start_threads(sampler);
	return found < 0 ? found : 0;
}

static void enable_rank(struct dwunw_sampler *sampler, int rank, bool on)
{
	for (uint32_t i = 0; i < sampler->member_count; i++) {
		const struct member *member = &sampler->members[i];

		if (member->fd >= 0 &&
		    (int)sampler->probes[member->probe].rank == rank)
			ioctl(member->fd,
			      on ? PERF_EVENT_IOC_ENABLE :
				   PERF_EVENT_IOC_DISABLE,
			      0);
	}
}

/* On in the order of ranks, off in the other direction. */
void dwunw_sampler_enable(struct dwunw_sampler *sampler, bool on)
{
	sampler->enabled = on;
	for (int i = 0; i < DWUNW_SAMPLER_RANKS; i++)
		enable_rank(sampler, on ? i : DWUNW_SAMPLER_RANKS - 1 - i, on);
}

/* --- reading ------------------------------------------------------------------- */

/*
 * Samples of an inherited event have the id of the one it was inherited from.
 */
static struct member *find_member(const struct dwunw_sampler *sampler,
				  uint64_t id)
{
	struct member *members = sampler->members;
	uint32_t at = dwunw_search_first(members, sampler->member_count,
					 sizeof(*members), sizeof(members->id),
					 id);

	return at < sampler->member_count && members[at].id == id ?
		       &members[at] :
		       NULL;
}

/* The same hit once more, by the other of two events; one follows the other in
 * the buffer of that CPU. */
static bool is_double(struct dwunw_sampler *sampler, struct buffer *buffer,
		      const struct member *member, uint32_t tid)
{
	bool own = tid == member->tid;
	bool had_own = !own &&
		       close_own(sampler, tid, member->probe, member->large);
	bool found = had_own && buffer->last_own && buffer->last_tid == tid &&
		     buffer->last_probe == member->probe;

	buffer->last_own = own;
	buffer->last_tid = tid;
	buffer->last_probe = member->probe;
	return found;
}

/*
 * Samples of a closed member, of another process or of the second of two events
 * are counted, and told nobody.
 */
static void on_sample(struct dwunw_sampler *sampler, struct buffer *buffer,
		      struct dwu_record *record)
{
	struct member *member = find_member(sampler, dwu_record_take(record));
	struct dwunw_sample sample = { .cpu = buffer->cpu };
	const struct probe *probe;

	if (!member)
		return;
	probe = &sampler->probes[member->probe];
	dwu_record_take_pair(record, &sample.pid, &sample.tid);
	sample.time_ns = dwu_record_take(record);
	member->received++;
	member->after += sample.time_ns > member->cut_ns;
	if (member->fd < 0 || sample.pid != (uint32_t)sampler->config.pid ||
	    is_double(sampler, buffer, member, sample.tid))
		return;
	sample.cookie = probe->cookie;
	sample.at_return = probe->rank == DWUNW_SAMPLER_RETURN;
	dwu_sample_take(record, member->large, &sample);
	sampler->config.on_sample(sampler->config.ctx, &sample);
}

/* fork and exit: pid, ppid, tid, ptid; the other two: pid, tid. */
static void on_change(struct dwunw_sampler *sampler, struct dwu_record *record,
		      uint64_t time_ns)
{
	struct dwunw_sampler_change change = { .time_ns = time_ns };
	uint32_t pid = (uint32_t)sampler->config.pid, parent, tid, unused;

	dwu_record_take_pair(record, &change.pid, &parent);
	dwu_record_take_pair(record, &tid, &unused);
	switch (record->type) {
	case PERF_RECORD_FORK:
		if (parent != pid)
			return;
		if (change.pid == pid) {
			if (!sampler->by_number)
				add_late_thread(sampler, tid);
			return;
		}
		change.kind = DWUNW_EVENT_FORK;
		change.tid = change.pid;
		change.pid = pid;
		break;
	case PERF_RECORD_EXIT:
		if (change.pid != pid)
			return;
		if (!sampler->by_number) /* else others live by its events */
			remove_thread(sampler, tid);
		if (tid != pid)
			return;
		change.kind = DWUNW_EVENT_EXIT;
		change.tid = tid;
		break;
	case PERF_RECORD_COMM:
		if (!(record->misc & PERF_RECORD_MISC_COMM_EXEC))
			return;
		change.kind = DWUNW_EVENT_EXEC;
		change.tid = parent;
		break;
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		change.tid = parent;
		break;
	default:
		return;
	}
	if (change.pid == pid)
		sampler->config.on_change(sampler->config.ctx, &change);
}

/* id, how many: since the record before it in this buffer. */
static void on_lost(struct dwunw_sampler *sampler, const struct buffer *buffer,
		    struct dwu_record *record, uint64_t time_ns)
{
	struct dwunw_sampler_change change = {
		.pid = (uint32_t)sampler->config.pid,
		.tid = (uint32_t)sampler->config.pid,
		.time_ns = time_ns,
	};

	dwu_record_take(record);
	if (buffer->kind == BUFFER_CHANGES)
		sampler->config.on_change(sampler->config.ctx, &change);
	if (buffer->kind != BUFFER_SMALL)
		return;
	sampler->told += dwu_record_take(record);
	sampler->told_ns = time_ns;
	sampler->config.on_lost(sampler->config.ctx, time_ns);
}

static void on_record(struct dwunw_sampler *sampler, struct buffer *buffer,
		      const void *bytes)
{
	struct dwu_record record = dwu_record_open(bytes);

	if (record.type == PERF_RECORD_SAMPLE)
		on_sample(sampler, buffer, &record);
	else if (record.type == PERF_RECORD_LOST)
		on_lost(sampler, buffer, &record, dwu_record_time(bytes));
	else
		on_change(sampler, &record, dwu_record_time(bytes));
}

/*
 * The buffer whose next record is the oldest; NULL: none is old enough.
 *
 * A comparison of all heads a record: buffers are few.
 */
static struct buffer *oldest(struct dwunw_sampler *sampler, uint64_t limit)
{
	struct buffer *found = NULL;
	uint64_t found_time = limit;

	for (uint32_t i = 0; i < sampler->buffer_count; i++) {
		const void *record =
			dwu_perf_ring_next(&sampler->buffers[i].ring);
		uint64_t time_ns = record ? dwu_record_time(record) :
					    UINT64_MAX;

		if (time_ns >= found_time)
			continue;
		found = &sampler->buffers[i];
		found_time = time_ns;
	}
	return found;
}

/*
 * What happened after the clock is read waits, even for `all`: of two records,
 * one the cause of the other, the second might be seen in its buffer where the
 * first was not yet in another one.
 */
int dwunw_sampler_read(struct dwunw_sampler *sampler, int timeout_ms, bool all)
{
	struct pollfd fds[CPUS * BUFFER_KINDS];
	struct buffer *buffer;
	uint64_t limit;

	for (uint32_t i = 0; i < sampler->buffer_count; i++)
		fds[i] = (struct pollfd){ .fd = sampler->buffers[i].ring.fd,
					  .events = POLLIN };
	if (poll(fds, sampler->buffer_count, timeout_ms) < 0 && errno != EINTR)
		return -errno;
	limit = all ? clock_ns() : clock_ns() - SETTLE_NS;
	for (uint32_t i = 0; i < sampler->buffer_count; i++)
		dwu_perf_ring_update(&sampler->buffers[i].ring);
	while ((buffer = oldest(sampler, limit))) {
		on_record(sampler, buffer, dwu_perf_ring_next(&buffer->ring));
		dwu_perf_ring_drop(&buffer->ring);
	}
	return 0;
}

/* --- what is missing ---------------------------------------------------------------- */

/*
 * Counts and samples of the members that do not agree yet. A hit is counted a
 * moment before its sample is there, so one that is on its way looks like one
 * that was lost: then it is looked at again. What agrees once was complete up
 * to then. The number of those that do not.
 */
static uint32_t compare_members(struct dwunw_sampler *sampler)
{
	uint32_t open = 0;

	for (uint32_t i = 0; i < sampler->member_count; i++) {
		struct member *member = &sampler->members[i];

		if (member->settled)
			continue;
		member->cut_ns = clock_ns();
		member->after = 0;
		member->hits = read_hits(member);
	}
	dwunw_sampler_read(sampler, 0, true);
	for (uint32_t i = 0; i < sampler->member_count; i++) {
		struct member *member = &sampler->members[i];
		uint64_t before = member->received - member->after, lost;

		if (member->settled)
			continue;
		lost = member->hits > before ? member->hits - before : 0;
		member->settled = lost <= member->lost;
		open += !member->settled;
		if (member->settled)
			member->lost = lost;
	}
	return open;
}

struct dwunw_sampler_losses dwunw_sampler_missing(struct dwunw_sampler *sampler)
{
	static const struct timespec moment = { 0, 200000 };
	struct dwunw_sampler_losses missing = sampler->gone;
	uint64_t small = 0;

	dwunw_sampler_read(sampler, 0, true);
	for (uint32_t i = 0; i < sampler->member_count; i++)
		sampler->members[i].settled = false;
	for (int tries = 0; tries < TRIES && compare_members(sampler); tries++)
		nanosleep(&moment, NULL);
	missing.time_ns = clock_ns();
	for (uint32_t i = 0; i < sampler->member_count; i++) {
		struct member *member = &sampler->members[i];
		uint64_t before = member->received - member->after;

		if (!member->settled)
			member->lost = member->hits - before;
		add_lost(sampler, member, member->lost, &missing);
	}
	for (int rank = 0; rank < DWUNW_SAMPLER_RANKS; rank++)
		small += missing.by_rank[rank];
	missing.last_ns = sampler->told >= small ? sampler->told_ns :
						   missing.time_ns;
	return missing;
}

/* --- the rest ---------------------------------------------------------------------- */

uint64_t dwunw_sampler_late(const struct dwunw_sampler *sampler)
{
	return sampler->late;
}

/* Of the buffers, which is what the kernel has locked. */
uint64_t dwunw_sampler_bytes(const struct dwunw_sampler *sampler)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < sampler->buffer_count; i++)
		sum += sampler->buffers[i].ring.size;
	return sum;
}

void dwunw_sampler_close(struct dwunw_sampler *sampler)
{
	if (!sampler)
		return;
	for (uint32_t i = 0; i < sampler->member_count; i++) {
		if (sampler->members[i].fd >= 0)
			close(sampler->members[i].fd);
	}
	for (uint32_t i = 0; i < sampler->buffer_count; i++)
		dwu_perf_ring_close(&sampler->buffers[i].ring);
	if (sampler->by_number)
		dwu_probe_events_close();
	free(sampler->members);
	free(sampler->roots);
	free(sampler);
}
