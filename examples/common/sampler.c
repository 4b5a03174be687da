/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "sampler.h"

#include "bpf_map.h"
#include "rings.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PROBES 128
#define CPUS 256
#define NONE 0xff
/* A record that is being written now may be older than one that is read. */
#define SETTLE_NS 2000000u

/*
 * This machine: for each DWARF number the bit of the register in
 * sample_regs_user (asm/perf_regs.h), the pc last; who carries what.
 */
struct machine {
	uint16_t arch; /* enum dwunw_arch_id */
	uint16_t reg_count;
	uint8_t sp;
	uint8_t result;
	uint8_t arguments[3];
	uint8_t return_pops;
	uint8_t bits[SAMPLE_REGS];
};

#if defined(__x86_64__)
static const struct machine machine = {
	1,
	17,
	7,
	0,
	{ 5, 4, 1 },
	8,
	{ 0, 3, 2, 1, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 8 },
};
#elif defined(__aarch64__)
static const struct machine machine = {
	2,
	33,
	31,
	0,
	{ 0, 1, 2 },
	0,
	{ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
	  17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32 },
};
#elif defined(__mips__)
/* Bit 0 is the pc. $k0 and $k1 are the kernel's. */
static const struct machine machine = {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	4,
#else
	3,
#endif
	33,
	29,
	2,
	{ 4, 5, 6 },
	0,
	{ NONE, 1,  2,	3,  4,	  5,	6,  7,	8,  9,	10,
	  11,	12, 13, 14, 15,	  16,	17, 18, 19, 20, 21,
	  22,	23, 24, 25, NONE, NONE, 28, 29, 30, 31, 0 },
};
#else
#error "sampler.c: which registers has this machine?"
#endif

struct probe {
	char path[256];
	uint64_t off;
	bool at_return;
	uint32_t stack_size;
	uint32_t cookie;
};

/* One perf event. */
struct member {
	uint64_t id;
	uint32_t tid;
	uint32_t probe;
	int fd;
};

struct sampler {
	struct sampler_config config;
	int type; /* of the uprobe PMU */
	bool enabled;
	struct perf_ring rings[CPUS];
	int cpus[CPUS];
	uint32_t ring_count;
	struct probe probes[PROBES];
	uint32_t probe_count;
	struct member *members; /* sorted by id: the kernel's only grow */
	uint32_t member_count;
	uint32_t member_room;
	uint64_t gone_returns; /* of events that were closed */
	uint64_t late;
};

/* --- one thread's events ----------------------------------------------------- */

static uint64_t register_mask(void)
{
	uint64_t mask = 0;

	for (uint16_t i = 0; i < machine.reg_count; i++) {
		if (machine.bits[i] != NONE)
			mask |= 1ull << machine.bits[i];
	}
	return mask;
}

static void common_attr(struct perf_event_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	attr->size = sizeof(*attr);
	attr->sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID |
			    PERF_SAMPLE_TIME;
	attr->sample_id_all = 1;
	attr->use_clockid = 1;
	attr->clockid = CLOCK_MONOTONIC;
}

static int add_member(struct sampler *sampler, int fd, uint32_t tid,
		      uint32_t probe)
{
	struct member *members = sampler->members;
	struct member member = { .tid = tid, .probe = probe, .fd = fd };
	uint32_t at = sampler->member_count, room = sampler->member_room;

	/* musl's ioctl() takes an int, which this request does not fit */
	if (syscall(SYS_ioctl, fd, PERF_EVENT_IOC_ID, &member.id))
		return -errno;
	if (at == room) {
		room = room ? 2 * room : 64;
		members = realloc(members, room * sizeof(*members));
		if (!members)
			return -ENOMEM;
		sampler->members = members;
		sampler->member_room = room;
	}
	while (at > 0 && members[at - 1].id > member.id) {
		members[at] = members[at - 1];
		at--;
	}
	members[at] = member;
	sampler->member_count++;
	return 0;
}

static int open_member(struct sampler *sampler, uint32_t tid, uint32_t index,
		       uint32_t cpu)
{
	const struct probe *probe = &sampler->probes[index];
	struct perf_event_attr attr;
	int fd, error;

	common_attr(&attr);
	attr.type = (uint32_t)sampler->type;
	attr.config = probe->at_return;
	attr.config1 = bpf_address(probe->path);
	attr.config2 = probe->off;
	attr.sample_period = 1;
	attr.wakeup_events = 1;
	attr.disabled = !sampler->enabled;
	attr.sample_type |= PERF_SAMPLE_REGS_USER;
	attr.sample_regs_user = register_mask();
	if (probe->stack_size) {
		attr.sample_type |= PERF_SAMPLE_STACK_USER;
		attr.sample_stack_user = probe->stack_size;
	}
	fd = perf_open(&attr, (int32_t)tid, sampler->cpus[cpu]);
	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, sampler->rings[cpu].fd))
		error = -errno;
	else
		error = add_member(sampler, fd, tid, index);
	if (error)
		close(fd);
	return error;
}

/* ESRCH: the thread has ended; that is no error. */
static int open_probe(struct sampler *sampler, uint32_t tid, uint32_t index)
{
	int error = 0;

	for (uint32_t cpu = 0; cpu < sampler->ring_count && !error; cpu++)
		error = open_member(sampler, tid, index, cpu);
	return error == -ESRCH ? 0 : error;
}

static uint64_t hits(const struct member *member)
{
	uint64_t count = 0;

	if (member->fd < 0 ||
	    read(member->fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		return 0;
	return count;
}

/* A thread has ended: its records have been read, its counts are kept. */
static void remove_thread(struct sampler *sampler, uint32_t tid)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < sampler->member_count; i++) {
		struct member *member = &sampler->members[i];

		if (member->tid != tid) {
			sampler->members[kept++] = *member;
			continue;
		}
		if (sampler->probes[member->probe].at_return)
			sampler->gone_returns += hits(member);
		close(member->fd);
	}
	sampler->member_count = kept;
}

static void add_thread(struct sampler *sampler, uint32_t tid)
{
	int error = 0;

	sampler->late++;
	for (uint32_t i = 0; i < sampler->probe_count && !error; i++)
		error = open_probe(sampler, tid, i);
	if (error)
		fprintf(stderr, "note: no probes on thread %u: %s\n", tid,
			strerror(-error));
}

/* --- set up ------------------------------------------------------------------ */

/* Carries the others' samples, and what happens to processes. */
static int open_cpu(struct sampler *sampler, int cpu)
{
	struct perf_ring *ring = &sampler->rings[sampler->ring_count];
	struct perf_event_attr attr;
	int fd, error;

	if (sampler->ring_count == CPUS)
		return -ENOSPC;
	common_attr(&attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_DUMMY;
	attr.mmap = 1;
	attr.mmap2 = 1;
	attr.comm = 1;
	attr.comm_exec = 1;
	attr.task = 1;
	fd = perf_open(&attr, -1, cpu);
	if (fd < 0)
		return fd;
	error = perf_ring_open(ring, fd, sampler->config.ring_size);
	if (!error)
		sampler->cpus[sampler->ring_count++] = cpu;
	return error;
}

int sampler_open(struct sampler **result, const struct sampler_config *config)
{
	struct sampler *sampler = calloc(1, sizeof(*sampler));
	int error = 0;

	if (!sampler)
		return -ENOMEM;
	sampler->config = *config;
	sampler->type = perf_uprobe_type();
	if (sampler->type < 0)
		error = sampler->type;
	for (int cpu = cpu_online(0); cpu >= 0 && !error;
	     cpu = cpu_online(cpu + 1))
		error = open_cpu(sampler, cpu);
	if (error)
		sampler_close(sampler);
	else
		*result = sampler;
	return error;
}

int sampler_probe(struct sampler *sampler, const char *path, uint64_t off,
		  bool at_return, uint32_t stack_size, uint32_t cookie)
{
	struct probe *probe = &sampler->probes[sampler->probe_count];
	struct dirent *entry;
	char name[64];
	DIR *threads;
	int error = 0;

	if (sampler->probe_count == PROBES ||
	    strlen(path) >= sizeof(probe->path))
		return -ENOSPC;
	*probe = (struct probe){ .off = off,
				 .at_return = at_return,
				 .stack_size = stack_size & ~7u,
				 .cookie = cookie };
	strcpy(probe->path, path);
	snprintf(name, sizeof(name), "/proc/%d/task", (int)sampler->config.pid);
	threads = opendir(name);
	if (!threads)
		return -errno;
	sampler->probe_count++;
	while (!error && (entry = readdir(threads))) {
		if (entry->d_name[0] != '.')
			error = open_probe(sampler,
					   (uint32_t)atol(entry->d_name),
					   sampler->probe_count - 1);
	}
	closedir(threads);
	return error;
}

void sampler_enable(struct sampler *sampler, bool on)
{
	sampler->enabled = on;
	for (uint32_t i = 0; i < sampler->member_count; i++)
		ioctl(sampler->members[i].fd,
		      on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

/* --- records (perf_event_open(2), PERF_RECORD_SAMPLE) ------------------------------ */

struct record {
	const uint8_t *at;
	const uint8_t *end;
	struct perf_event_header header;
};

/* 0 behind the end. */
static uint64_t take(struct record *record)
{
	uint64_t value = 0;

	if (record->end - record->at < 8)
		record->at = record->end;
	else {
		memcpy(&value, record->at, 8);
		record->at += 8;
	}
	return value;
}

/* Two u32, in this order. */
static void take_pair(struct record *record, uint32_t *first, uint32_t *second)
{
	uint64_t both = take(record);
	uint32_t halves[2];

	memcpy(halves, &both, 8);
	*first = halves[0];
	*second = halves[1];
}

static struct record open_record(const void *bytes)
{
	struct record record = { .at = bytes };

	memcpy(&record.header, bytes, sizeof(record.header));
	record.end = record.at + record.header.size;
	record.at += sizeof(record.header);
	return record;
}

/* Samples begin with identifier, thread, time; others end with thread, time,
 * identifier. */
static uint64_t record_time(const void *bytes)
{
	struct record record = open_record(bytes);

	if (record.header.size < 8 + 24)
		return 0;
	record.at = record.header.type == PERF_RECORD_SAMPLE ? record.at + 16 :
							       record.end - 16;
	return take(&record);
}

static const struct member *find_member(const struct sampler *sampler,
					uint64_t id)
{
	uint32_t low = 0, high = sampler->member_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (sampler->members[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sampler->member_count && sampler->members[low].id == id ?
		       &sampler->members[low] :
		       NULL;
}

static void take_registers(struct record *record, struct sample *sample)
{
	uint64_t mask = register_mask(), by_bit[64] = { 0 };

	for (unsigned bit = 0; bit < 64; bit++) {
		if (mask >> bit & 1)
			by_bit[bit] = take(record) & sample_word_max();
	}
	sample->reg_count = machine.reg_count;
	for (uint16_t i = 0; i < machine.reg_count; i++)
		sample->regs[i] =
			machine.bits[i] == NONE ? 0 : by_bit[machine.bits[i]];
	sample->sp = sample->regs[machine.sp];
}

/* size, so many bytes, how many of them are stack. */
static void take_stack(struct record *record, struct sample *sample)
{
	uint64_t size = take(record), filled;

	if (!size || size > (uint64_t)(record->end - record->at))
		return;
	sample->stack = record->at;
	record->at += size;
	filled = take(record);
	sample->stack_size = (uint32_t)(filled < size ? filled : size);
	sample->capped = filled >= size;
}

static void on_sample(struct sampler *sampler, struct record *record)
{
	const struct member *member = find_member(sampler, take(record));
	struct sample sample = { 0 };
	const struct probe *probe;

	if (!member)
		return;
	probe = &sampler->probes[member->probe];
	take_pair(record, &sample.pid, &sample.tid);
	sample.time_ns = take(record);
	sample.cookie = probe->cookie;
	sample.at_return = probe->at_return;
	if (take(record) != PERF_SAMPLE_REGS_ABI_NONE)
		take_registers(record, &sample);
	if (probe->stack_size)
		take_stack(record, &sample);
	sampler->config.on_sample(sampler->config.ctx, &sample);
}

/* fork and exit: pid, ppid, tid, ptid; the other two: pid, tid. */
static void on_change(struct sampler *sampler, struct record *record,
		      uint64_t time_ns)
{
	struct sampler_change change = { .time_ns = time_ns };
	uint32_t pid = (uint32_t)sampler->config.pid, parent, tid, unused;

	take_pair(record, &change.pid, &parent);
	take_pair(record, &tid, &unused);
	switch (record->header.type) {
	case PERF_RECORD_FORK:
		if (parent != pid)
			return;
		if (change.pid == pid) {
			add_thread(sampler, tid);
			return;
		}
		change.kind = DWUNW_EVENT_FORK;
		change.tid = change.pid;
		change.pid = pid;
		break;
	case PERF_RECORD_EXIT:
		if (change.pid != pid)
			return;
		remove_thread(sampler, tid);
		if (tid != pid)
			return;
		change.kind = DWUNW_EVENT_EXIT;
		change.tid = tid;
		break;
	case PERF_RECORD_COMM:
		if (!(record->header.misc & PERF_RECORD_MISC_COMM_EXEC))
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

static uint64_t clock_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* The buffer whose next record is the oldest; NULL: none is old enough. */
static struct perf_ring *oldest(struct sampler *sampler, uint64_t limit)
{
	struct perf_ring *found = NULL;
	uint64_t found_time = limit;

	for (uint32_t i = 0; i < sampler->ring_count; i++) {
		const void *record = perf_ring_next(&sampler->rings[i]);
		uint64_t time_ns = record ? record_time(record) : UINT64_MAX;

		if (time_ns >= found_time)
			continue;
		found = &sampler->rings[i];
		found_time = time_ns;
	}
	return found;
}

int sampler_read(struct sampler *sampler, int timeout_ms, bool all)
{
	struct pollfd fds[CPUS];
	struct perf_ring *ring;
	uint64_t limit;

	for (uint32_t i = 0; i < sampler->ring_count; i++)
		fds[i] = (struct pollfd){ .fd = sampler->rings[i].fd,
					  .events = POLLIN };
	if (poll(fds, sampler->ring_count, timeout_ms) < 0 && errno != EINTR)
		return -errno;
	limit = all ? UINT64_MAX : clock_ns() - SETTLE_NS;
	for (uint32_t i = 0; i < sampler->ring_count; i++)
		perf_ring_update(&sampler->rings[i]);
	while ((ring = oldest(sampler, limit))) {
		const void *bytes = perf_ring_next(ring);
		struct record record = open_record(bytes);

		if (record.header.type == PERF_RECORD_SAMPLE)
			on_sample(sampler, &record);
		else
			on_change(sampler, &record, record_time(bytes));
		perf_ring_drop(ring);
	}
	return 0;
}

/* --- the rest ---------------------------------------------------------------- */

uint64_t sampler_returns(struct sampler *sampler)
{
	uint64_t sum = sampler->gone_returns;

	for (uint32_t i = 0; i < sampler->member_count; i++) {
		if (sampler->probes[sampler->members[i].probe].at_return)
			sum += hits(&sampler->members[i]);
	}
	return sum;
}

uint64_t sampler_late(const struct sampler *sampler)
{
	return sampler->late;
}

uint64_t sampler_bytes(const struct sampler *sampler)
{
	return (uint64_t)sampler->ring_count * sampler->config.ring_size;
}

void sampler_close(struct sampler *sampler)
{
	if (!sampler)
		return;
	for (uint32_t i = 0; i < sampler->member_count; i++)
		close(sampler->members[i].fd);
	for (uint32_t i = 0; i < sampler->ring_count; i++)
		perf_ring_close(&sampler->rings[i]);
	free(sampler->members);
	free(sampler);
}

uint64_t sample_argument(const struct sample *sample, unsigned index)
{
	return sample->regs[machine.arguments[index]];
}

uint64_t sample_result(const struct sample *sample)
{
	return sample->regs[machine.result];
}

uint64_t sample_return_pops(void)
{
	return machine.return_pops;
}

uint64_t sample_word_max(void)
{
	return (unsigned long)-1;
}

struct dwunw_event_header sample_header(uint16_t kind, uint32_t pid,
					uint32_t tid, uint64_t time_ns)
{
	return (struct dwunw_event_header){
		.magic = DWUNW_EVENT_MAGIC,
		.version = DWUNW_EVENT_VERSION,
		.arch = machine.arch,
		.size = sizeof(struct dwunw_event_header),
		.kind = kind,
		.pid = pid,
		.tid = tid,
		.time_ns = time_ns,
	};
}

size_t sample_event(const struct sample *sample,
		    const struct dwunw_event_header *header, void *bytes,
		    size_t room)
{
	size_t regs_size = sample->reg_count * sizeof(sample->regs[0]);
	size_t size = sizeof(*header) + regs_size + sample->stack_size;
	struct dwunw_event_header own = *header;
	uint8_t *out = bytes;

	if (size > room)
		return 0;
	own.kind = DWUNW_EVENT_STACK;
	own.size = (uint32_t)size;
	own.flags = sample->capped ? DWUNW_EVENT_FLAG_CAPPED : 0;
	own.reg_count = sample->reg_count;
	own.stack_addr = sample->sp;
	own.stack_size = sample->stack_size;
	memcpy(out, &own, sizeof(own));
	memcpy(out + sizeof(own), sample->regs, regs_size);
	if (sample->stack_size)
		memcpy(out + sizeof(own) + regs_size, sample->stack,
		       sample->stack_size);
	return size;
}
