/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The five calls: what they take, what they answer, what they refuse. Their
 * oracles are the depth that a child is at, and /proc/PID/maps.
 */
#define DWUNW_COMPAT_LIBDW_BPF
#include <dwunw/libdw_bpf.h>

#include "record.h"
#include "tap.h"

#include <sys/mman.h>

#define DEPTH 20
#define ROOM 128

static machine_t *machine;
static struct victim victim;
static uint64_t ips[ROOM];
static struct dwunw_frame frames[ROOM];

static struct stacktrace room(int max_depth)
{
	return (struct stacktrace){ .max_depth = max_depth,
				    .depth = 12345,
				    .ips = ips,
				    .frames = frames };
}

static struct unwind_ctx of(const void *bytes, size_t size)
{
	return (struct unwind_ctx){ .data = bytes, .size = size };
}

static struct unwind_ctx of_record(void)
{
	return of(&victim.record, victim.record.header.size);
}

static void a_stack(void)
{
	struct stacktrace st = room(ROOM);
	struct unwind_ctx uc = of_record();
	uint64_t with_frames[ROOM];
	bool rule = true;
	int depth;

	is_u64(bpf_unwind_ctx__resolve_callchain(&st, machine, &uc), 0,
	       "a record is resolved");
	is_u64(st.stop.reason, DWUNW_STOP_ROOT, "to the program's start");
	is_u64(run_length(ips, st.depth), DEPTH - 1, "through all of deep()");
	is_u64(uc.tgid, victim.pid, "its process");
	is_u64(uc.tid, victim.pid, "its thread");
	is_u64(uc.ts, 1000, "its time");
	is_u64(uc.kind, DWUNW_EVENT_STACK, "its kind");
	is_str(uc.name, "the-name-is-lon", "its name, with an end");
	is_u64(ips[0], victim.record.regs[16], "the first ip is the pc");
	for (int i = 1; i < st.depth; i++)
		rule = rule && ips[i] == frames[i].pc - 1;
	ok(rule, "all others are return addresses - 1");

	depth = st.depth;
	memcpy(with_frames, ips, sizeof(ips));
	memset(ips, 0, sizeof(ips));
	st = room(ROOM);
	st.frames = NULL;
	uc = of_record();
	bpf_unwind_ctx__resolve_callchain(&st, machine, &uc);
	is_u64(st.depth, depth, "without frames: as deep");
	ok(!memcmp(with_frames, ips, (size_t)depth * 8), "the same ips");
}

static void depths(void)
{
	struct stacktrace st = room(ROOM);
	struct unwind_ctx uc = of_record();
	int whole;

	bpf_unwind_ctx__resolve_callchain(&st, machine, &uc);
	whole = st.depth;
	for (int max = 1; max <= whole + 2; max++) {
		bool cut = max <= whole;

		st.max_depth = max;
		memset(ips, 0xee, sizeof(ips));
		bpf_unwind_ctx__resolve_callchain(&st, machine, &uc);
		if (st.depth == (cut ? max : whole) && st.max_depth == max &&
		    ips[st.depth] == 0xeeeeeeeeeeeeeeeeull &&
		    (max >= whole || st.stop.reason == DWUNW_STOP_LIMIT))
			continue;
		ok(false, "max_depth %d: depth %d", max, st.depth);
		return;
	}
	ok(true, "max_depth from 1 to %d: so many, no more is written",
	   whole + 2);
}

/* What the calls are made of: one way to consume, whoever holds the walker. */
static void one_way(void)
{
	static struct dwunw_event event;
	static struct dwunw_frame again[ROOM];
	struct dwunw_context *ctx = machine__context(machine);
	struct stacktrace st = room(ROOM);
	struct unwind_ctx uc = of_record();
	struct dwunw_stop stop;
	size_t count = 0;

	bpf_unwind_ctx__resolve_callchain(&st, machine, &uc);
	is_u64(dwunw_consume(ctx, uc.data, uc.size, &event, again, ROOM, &count,
			     &stop),
	       DWUNW_OK, "the record by dwunw_consume()");
	ok(count == (size_t)st.depth && stop.reason == st.stop.reason &&
		   !memcmp(frames, again, count * sizeof(*frames)),
	   "gives the same frames");
	memset(again, 0, sizeof(again));
	is_u64(dwunw_event_consume(ctx, NULL, &event, again, ROOM, &count,
				   &stop),
	       DWUNW_OK, "the parsed one by dwunw_event_consume()");
	ok(count == (size_t)st.depth && stop.reason == st.stop.reason &&
		   !memcmp(frames, again, count * sizeof(*frames)),
	   "gives the same frames");
	is_u64(dwunw_event_consume(NULL, NULL, &event, again, ROOM, &count,
				   &stop),
	       DWUNW_ERR_INVALID_ARG, "no context");
	is_u64(dwunw_event_consume(ctx, NULL, NULL, again, ROOM, &count, &stop),
	       DWUNW_ERR_INVALID_ARG, "no event");
	is_u64(dwunw_event_consume(ctx, NULL, &event, NULL, ROOM, &count,
				   &stop),
	       DWUNW_ERR_INVALID_ARG, "no frames");
	is_u64(count, 0, "then there are none");
	is_u64(dwunw_event_consume(ctx, NULL, &event, again, ROOM, NULL, &stop),
	       DWUNW_ERR_INVALID_ARG, "no count");
	is_u64(dwunw_event_consume(ctx, NULL, &event, again, ROOM, &count,
				   NULL),
	       DWUNW_ERR_INVALID_ARG, "no stop");
	event.header.kind = DWUNW_EVENT_EXIT;
	count = ROOM;
	is_u64(dwunw_event_consume(ctx, NULL, &event, NULL, 0, &count, &stop),
	       DWUNW_OK, "one that tells of an end");
	is_u64(count, 0, "has none");
}

static void refusals(void)
{
	struct stacktrace st = room(ROOM);
	struct unwind_ctx uc = of_record();
	struct dwunw_event_header header;
	unsigned accepted = 0;
	uint32_t size = victim.record.header.size;

	is_u64(bpf_unwind_ctx__resolve_callchain(NULL, machine, &uc),
	       DWUNW_ERR_INVALID_ARG, "no stacktrace");
	is_u64(bpf_unwind_ctx__resolve_callchain(&st, NULL, &uc),
	       DWUNW_ERR_INVALID_ARG, "no machine");
	is_u64(bpf_unwind_ctx__resolve_callchain(&st, machine, NULL),
	       DWUNW_ERR_INVALID_ARG, "no record");
	uc = of(NULL, 100);
	is_u64(bpf_unwind_ctx__resolve_callchain(&st, machine, &uc),
	       DWUNW_ERR_INVALID_ARG, "no data");
	uc = of_record();
	st.max_depth = 0;
	is_u64(bpf_unwind_ctx__resolve_callchain(&st, machine, &uc),
	       DWUNW_ERR_INVALID_ARG, "max_depth 0");
	st.max_depth = -1;
	is_u64(bpf_unwind_ctx__resolve_callchain(&st, machine, &uc),
	       DWUNW_ERR_INVALID_ARG, "max_depth -1");
	st = room(ROOM);
	st.ips = NULL;
	is_u64(bpf_unwind_ctx__resolve_callchain(&st, machine, &uc),
	       DWUNW_ERR_INVALID_ARG, "no ips");

	for (uint32_t cut = 0; cut < size; cut++) {
		st = room(ROOM);
		uc = of(&victim.record, cut);
		if (!bpf_unwind_ctx__resolve_callchain(&st, machine, &uc) ||
		    st.depth)
			accepted++;
	}
	is_u64(accepted, 0, "a record cut at each of its bytes");

	header = record_change(&victim, 77);
	st = room(ROOM);
	uc = of(&header, sizeof(header));
	is_u64(bpf_unwind_ctx__resolve_callchain(&st, machine, &uc), 0,
	       "a kind that is the tool's own");
	is_u64(uc.kind, 77, "is told");
	is_u64(st.depth, 0, "without frames");
	is_str(uc.name, "", "and without a name");
	header.pid = 0;
	header.kind = DWUNW_EVENT_EXEC;
	uc = of(&header, sizeof(header));
	is_u64(bpf_unwind_ctx__resolve_callchain(&st, machine, &uc),
	       DWUNW_ERR_BAD_FORMAT, "an exec of nobody");
	is_u64(bpf_unwind_ctx__thread_map(machine, 4194303, 4194303),
	       DWUNW_ERR_IO, "thread_map of no process");
	is_u64(bpf_unwind_ctx__thread_map(machine, 0, 0), DWUNW_ERR_INVALID_ARG,
	       "thread_map of pid 0");
	is_u64(bpf_unwind_ctx__thread_map(NULL, 1, 1), DWUNW_ERR_INVALID_ARG,
	       "thread_map without a machine");
}

/* --- mappings --------------------------------------------------------------- */

struct listing {
	char text[65536];
	size_t used;
	int calls;
	int stop_at; /* answer -7 at this call; 0: never */
	int answer;
};

static int list_one(struct dl_phdr_info *info, void *ctx)
{
	struct listing *listing = ctx;
	size_t left = sizeof(listing->text) - listing->used;

	listing->used += (size_t)snprintf(listing->text + listing->used, left,
					  "%lx-%lx %s\n",
					  (unsigned long)info->start,
					  (unsigned long)info->end, info->name);
	listing->calls++;
	return listing->calls == listing->stop_at ? -7 : listing->answer;
}

/* The same lines, of those that are executable. */
static void list_maps(pid_t pid, struct listing *listing)
{
	char path[64], line[4096];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		unsigned long start, end;
		char perms[5], *name = line + strlen(line) - 1;
		size_t left = sizeof(listing->text) - listing->used;

		*name = '\0';
		if (sscanf(line, "%lx-%lx %4s", &start, &end, perms) != 3 ||
		    perms[2] != 'x')
			continue;
		name = strpbrk(line, "/[");
		listing->used += (size_t)snprintf(listing->text + listing->used,
						  left, "%lx-%lx %s\n", start,
						  end, name ? name : "");
	}
	if (file)
		fclose(file);
}

static int resolve_inside(struct dl_phdr_info *info, void *ctx)
{
	struct stacktrace st = room(ROOM);
	struct unwind_ctx uc = of_record();
	int *depth = ctx;

	(void)info;
	bpf_unwind_ctx__thread_map(machine, victim.pid, victim.pid);
	bpf_unwind_ctx__resolve_callchain(&st, machine, &uc);
	*depth = st.depth;
	return 0;
}

static void mappings(void)
{
	static struct listing got, want, some;
	int depth = 0;

	is_u64(bpf_dl_iterate_phdr(machine, victim.pid, list_one, &got), 0,
	       "every mapping");
	list_maps(victim.pid, &want);
	is_str(got.text, want.text, "is in /proc/PID/maps, in that order");
	ok(got.calls >= 3, "there are %d", got.calls);
	some.stop_at = 2;
	is_u64(bpf_dl_iterate_phdr(machine, victim.pid, list_one, &some), -7,
	       "a negative answer is returned");
	is_u64(some.calls, 2, "and stops");
	some = (struct listing){ .answer = 5 };
	is_u64(bpf_dl_iterate_phdr(machine, victim.pid, list_one, &some), 0,
	       "a positive one is not");
	is_u64(some.calls, got.calls, "and goes on");
	bpf_dl_iterate_phdr(machine, victim.pid, resolve_inside, &depth);
	ok(depth > DEPTH, "a callback may use the machine");
	is_u64(bpf_dl_iterate_phdr(machine, 4194303, list_one, &some),
	       DWUNW_ERR_IO, "no such process");
	is_u64(bpf_dl_iterate_phdr(machine, victim.pid, NULL, NULL),
	       DWUNW_ERR_INVALID_ARG, "no callback");
}

/* --- when they are read anew ------------------------------------------------ */

static int count_one(struct dl_phdr_info *info, void *ctx)
{
	int *count = ctx;

	*count += info->end > info->start;
	return 0;
}

/* Of this process, as the machine knows it. */
static int known(void)
{
	int count = 0;

	bpf_dl_iterate_phdr(machine, getpid(), count_one, &count);
	return count;
}

/* One more, with a hole on each side, so that the kernel joins it to none. */
static void map_one(void)
{
	char *pages = mmap(NULL, 3 * 4096, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages != MAP_FAILED)
		mprotect(pages + 4096, 4096, PROT_READ | PROT_EXEC);
}

static void tell(const void *bytes, size_t size)
{
	struct stacktrace st = room(ROOM);
	struct unwind_ctx uc = of(bytes, size);

	bpf_unwind_ctx__resolve_callchain(&st, machine, &uc);
}

/* The child is a copy of this process: its record serves for both. */
static void refreshes(void)
{
	static const uint16_t kinds[] = { DWUNW_EVENT_EXEC, DWUNW_EVENT_FORK };
	struct victim self = victim;
	int before;

	self.pid = getpid();
	self.record.header.pid = (uint32_t)self.pid;
	tell(&self.record, self.record.header.size);
	before = known();
	map_one();
	tell(&self.record, self.record.header.size);
	is_u64(known(), before, "nobody has told of a new mapping");
	self.record.header.map_generation++;
	tell(&self.record, self.record.header.size);
	is_u64(known(), before + 1, "a record's counter tells");
	map_one();
	bpf_unwind_ctx__thread_map(machine, self.pid, 0);
	is_u64(known(), before + 2, "thread_map tells");
	for (int i = 0; i < 2; i++) {
		struct dwunw_event_header header =
			record_change(&self, kinds[i]);

		map_one();
		is_u64(known(), before + 2 + i, "not yet");
		tell(&header, sizeof(header));
		is_u64(known(), before + 3 + i, "a record of kind %u tells",
		       kinds[i]);
	}
}

/* A process that is gone is still known, if it was looked at in time. */
static void gone(void)
{
	machine_t *late = machine__new();
	struct stacktrace st = room(ROOM);
	struct unwind_ctx uc = of_record();

	ok(!bpf_unwind_ctx__thread_map(machine, victim.pid, 0),
	   "mapped while it lives");
	victim_end(&victim);
	is_u64(bpf_unwind_ctx__resolve_callchain(&st, machine, &uc), 0,
	       "its last record is resolved");
	is_u64(run_length(ips, st.depth), DEPTH - 1, "and whole");
	is_u64(bpf_unwind_ctx__resolve_callchain(&st, late, &uc), DWUNW_ERR_IO,
	       "not by a machine that never saw it");
	is_u64(st.depth, 0, "then there are no frames");
	machine__delete(late);
}

int main(void)
{
	machine = machine__new();
	if (!ok(machine && victim_start(&victim, DEPTH),
		"a child stands still"))
		return done();
	ok(machine__context(machine) && !machine__context(NULL), "its context");
	a_stack();
	depths();
	one_way();
	refusals();
	mappings();
	refreshes();
	gone();
	machine__delete(machine);
	machine__delete(NULL);
	return done();
}
