/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * trace/sampler.c on a process that starts threads and forks: every
 * call of its first thread and of those that start later is seen once, and
 * none of its children; as this kernel is, as below Linux 5.13, and without the
 * right to make probes by tracefs.
 */
#include <dwunw/sampler.h>

#include <dwunw/symbols.h>

#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS 100
#define THREADS 20

static volatile int counter;

__attribute__((noipa)) int hit_me(int value)
{
	counter += value;
	return counter;
}

static void *calls(void *arg)
{
	(void)arg;
	for (int i = 0; i < CALLS; i++)
		hit_me(i);
	return NULL;
}

/* When a byte comes; it sends one back. */
static void target(int go, int answer)
{
	pthread_t threads[THREADS];
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(1);
	calls(NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, calls, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (!fork()) {
		calls(NULL);
		_exit(0);
	}
	wait(NULL);
	if (write(answer, "", 1) != 1 || read(go, &byte, 1) != 1)
		_exit(1);
	_exit(0);
}

struct seen {
	int32_t pid;
	uint64_t first;	 /* of the first thread */
	uint64_t others; /* of its others */
	uint64_t wrong;	 /* of another process */
	uint64_t large;
};

static void on_sample(void *ctx, const struct dwunw_sample *sample)
{
	struct seen *seen = ctx;

	if (sample->pid != (uint32_t)seen->pid)
		seen->wrong++;
	else if (sample->large)
		seen->large++;
	else if (sample->tid == sample->pid)
		seen->first++;
	else
		seen->others++;
}

static void on_change(void *ctx, const struct dwunw_sampler_change *change)
{
	(void)ctx;
	(void)change;
}

static void on_lost(void *ctx, uint64_t time_ns)
{
	(void)ctx;
	(void)time_ns;
}

static void watch(struct dwunw_sampler *sampler, int go, int answer)
{
	char byte;

	dwunw_sampler_enable(sampler, true);
	if (write(go, "", 1) != 1 || read(answer, &byte, 1) != 1)
		note("the target did not answer");
	dwunw_sampler_enable(sampler, false);
	dwunw_sampler_read(sampler, 0, true);
}

static void look(const char *title, const struct dwunw_sampler_config *how,
		 uint64_t off)
{
	struct seen seen = { 0 };
	struct dwunw_sampler_config config = *how;
	struct dwunw_sampler_probe probes[] = {
		{ "/proc/self/exe", off, DWUNW_SAMPLER_RETURN, 4096, 1 },
		{ "/proc/self/exe", off, DWUNW_SAMPLER_ALLOCATE, 0, 2 },
	};
	struct dwunw_sampler_losses missing;
	struct dwunw_sampler *sampler = NULL;
	int go[2], answer[2], error;

	if (pipe(go) || pipe(answer))
		exit(1);
	fflush(stdout);
	seen.pid = fork();
	if (!seen.pid)
		target(go[0], answer[1]);
	config.pid = seen.pid;
	config.ring_size = 1u << 23;
	config.small_size = 1u << 20;
	config.on_sample = on_sample;
	config.on_change = on_change;
	config.on_lost = on_lost;
	config.ctx = &seen;
	error = dwunw_sampler_open(&sampler, &config);
	for (int i = 0; i < 2 && !error; i++)
		error = dwunw_sampler_add(sampler, &probes[i]);
	if (!error)
		error = dwunw_sampler_start(sampler);
	ok(!error, "%s: probes", title);
	if (error) {
		note("%s", strerror(-error));
		return;
	}
	watch(sampler, go[1], answer[0]);
	missing = dwunw_sampler_missing(sampler);
	is_u64(seen.first, 2 * CALLS, "%s: all of the first thread", title);
	if (how->by_pmu)
		ok(dwunw_sampler_late(sampler) == THREADS &&
			   seen.others <= 2 * CALLS * THREADS,
		   "%s: its threads are late: %llu of %d", title,
		   (unsigned long long)seen.others, 2 * CALLS * THREADS);
	else
		is_u64(seen.others, 2 * CALLS * THREADS,
		       "%s: all of its threads", title);
	is_u64(seen.wrong, 0, "%s: none of its child", title);
	is_u64(missing.by_rank[DWUNW_SAMPLER_RETURN] +
		       missing.by_rank[DWUNW_SAMPLER_ALLOCATE],
	       0, "%s: none is missing", title);
	/* what the child has lost is in the count, where it inherits */
	if (how->all_children)
		ok(seen.large + missing.large >= (seen.first + seen.others) / 2,
		   "%s: a stack with each return, or it is counted", title);
	else
		is_u64(seen.large + missing.large,
		       (seen.first + seen.others) / 2,
		       "%s: a stack with each return, or it is counted", title);
	dwunw_sampler_close(sampler);
	if (write(go[1], "", 1) != 1)
		note("no target any more");
	waitpid(seen.pid, NULL, 0);
}

int main(void)
{
	static const struct dwunw_sampler_config ways[] = {
		{ .by_pmu = false },
		{ .all_children = true },
		{ .by_pmu = true },
	};
	static const struct dwunw_sampler_config odd = { .size = 8 };
	struct dwunw_symbol_resolver resolver;
	struct dwunw_sampler *sampler;
	uint64_t off = 0;

	ok(dwunw_sampler_open(&sampler, &odd) == -EINVAL,
	   "a configuration of a size that there never was");
	if (dwunw_symbol_resolver_init(&resolver, NULL) ||
	    dwunw_symbol_offset(&resolver, "/proc/self/exe", "hit_me", &off,
				NULL))
		return 1;
	look("as this kernel is", &ways[0], off);
	look("as below Linux 5.13", &ways[1], off);
	look("by the uprobe PMU", &ways[2], off);
	dwunw_symbol_resolver_shutdown(&resolver);
	return done();
}
