/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * parallel EVENTS - eight threads resolve so many events by one machine, of
 * three processes whose mappings "change" all the time: by their counters, by
 * EXEC and FORK records, by thread_map. Every stack is compared with the one
 * that a machine of its own gave. Exit status 1: one differs.
 */
#include <dwunw/libdw_bpf.h>

#include "record.h"

#include <pthread.h>
#include <stdio.h>

#define THREADS 8
#define VICTIMS 3
#define ROOM 128

static machine_t *machine;
static struct victim victims[VICTIMS];
static uint64_t expected[VICTIMS][ROOM];
static int expected_depth[VICTIMS];
static int events_each;
static unsigned long resolved, changes, wrong; /* atomic */

static int count_one(struct dwunw_phdr_info *info, void *ctx)
{
	int *count = ctx;

	*count += info->end > info->start;
	return 0;
}

static void tell(const struct victim *victim, uint16_t kind)
{
	struct dwunw_event_header header = record_change(victim, kind);
	struct unwind_ctx uc = { .data = &header, .size = sizeof(header) };
	uint64_t ips[1];
	struct stacktrace st = { .max_depth = 1, .ips = ips };

	if (bpf_unwind_ctx__resolve_callchain(&st, machine, &uc))
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

/* What a tool would be told now and then. */
static void change(int turn, const struct victim *victim)
{
	int count = 0;

	switch (turn / 500 % 4) {
	case 0:
		tell(victim, DWUNW_EVENT_EXEC);
		break;
	case 1:
		tell(victim, DWUNW_EVENT_FORK);
		break;
	case 2:
		if (bpf_unwind_ctx__thread_map(machine, victim->pid, 0))
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
		break;
	default:
		if (bpf_dl_iterate_phdr(machine, victim->pid, count_one,
					&count) ||
		    count < 3)
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&changes, 1, __ATOMIC_RELAXED);
}

static void resolve_one(int which, struct record *record, uint32_t generation)
{
	uint64_t ips[ROOM];
	struct stacktrace st = { .max_depth = ROOM, .ips = ips };
	struct unwind_ctx uc = { .data = record, .size = record->header.size };

	record->header.map_generation = generation;
	if (bpf_unwind_ctx__resolve_callchain(&st, machine, &uc) ||
	    st.depth != expected_depth[which] ||
	    memcmp(ips, expected[which], (size_t)st.depth * 8) ||
	    uc.tgid != (uint32_t)victims[which].pid)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&resolved, 1, __ATOMIC_RELAXED);
}

static void *work(void *own)
{
	struct record *records = own;

	for (int i = 0; i < VICTIMS; i++)
		records[i] = victims[i].record;
	for (int turn = 0; turn < events_each; turn++) {
		int which = turn % VICTIMS;

		if (turn % 500 == 499)
			change(turn, &victims[which]);
		resolve_one(which, &records[which], 1 + (uint32_t)turn / 1000);
	}
	return NULL;
}

static bool prepare(void)
{
	for (int i = 0; i < VICTIMS; i++) {
		machine_t *own = machine__new();
		struct stacktrace st = { .max_depth = ROOM,
					 .ips = expected[i] };
		struct unwind_ctx uc = { .data = &victims[i].record };

		if (!own || !victim_start(&victims[i], 10 + 20 * i))
			return false;
		uc.size = victims[i].record.header.size;
		if (bpf_unwind_ctx__resolve_callchain(&st, own, &uc) ||
		    run_length(st.ips, st.depth) != victims[i].depth - 1 ||
		    st.stop.reason != DWUNW_STOP_ROOT)
			return false;
		expected_depth[i] = st.depth;
		machine__delete(own);
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct record records[THREADS][VICTIMS];
	pthread_t threads[THREADS];

	events_each = argc > 1 ? atoi(argv[1]) / THREADS : 0;
	machine = machine__new();
	if (!machine || !events_each || !prepare()) {
		fprintf(stderr, "no targets\n");
		return 2;
	}
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, work, records[i]))
			return 2;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	machine__delete(machine);
	for (int i = 0; i < VICTIMS; i++)
		victim_end(&victims[i]);
	printf("%lu events, %lu changes, %lu wrong\n", resolved, changes,
	       wrong);
	return wrong || resolved != (unsigned long)events_each * THREADS;
}
