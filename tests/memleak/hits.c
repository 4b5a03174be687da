/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * hits [ROUNDS]: what probe hits cost without a tool: programs that do nothing
 * on malloc's entry and return and on free, by each way that this kernel has.
 * Prints the nanoseconds of processor time of a pair of malloc and free,
 * the median of the rounds and their range. All ways take turns, so that what
 * else the machine does is in each of them.
 */
#define _GNU_SOURCE
#include "bpf_map.h"
#include "rings.h"
#include "tracepoint.h"
#include "uprobe_multi.h"
#include <dwunw/trace.h>

#include <dlfcn.h>
#include <dwunw/regset.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/perf_event.h>

#define PAIRS 20000
#define ROUNDS 99

#ifdef __aarch64__
#define HOST_ARCH DWUNW_ARCH_ARM64
#else
#define HOST_ARCH DWUNW_ARCH_X86_64
#endif

enum way {
	PERF,
	MULTI,
	SESSION
};

static const struct row {
	const char *title;
	enum way way;
	int entry, at_return, freed, system_calls;
} rows[] = {
	{ "no probe", PERF, 0, 0, 0, 0 },
	{ "entry, perf events", PERF, 1, 0, 0, 0 },
	{ "entry, uprobe_multi", MULTI, 1, 0, 0, 0 },
	{ "entry and return, perf events", PERF, 1, 1, 0, 0 },
	{ "entry and return, uprobe_multi", MULTI, 1, 1, 0, 0 },
	{ "entry and return, uprobe session", SESSION, 1, 1, 0, 0 },
	{ "all three, perf events, tracepoint of mmap", PERF, 1, 1, 1, 1 },
	{ "all three, perf events", PERF, 1, 1, 1, 0 },
	{ "all three, uprobe_multi", MULTI, 1, 1, 1, 0 },
	{ "all three, uprobe session", SESSION, 1, 1, 1, 0 },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* One open probe or program. */
static int held[16], held_count;

static int hold(int fd, const char *what)
{
	if (fd < 0) {
		fprintf(stderr, "hits: %s: %s\n", what, strerror(-fd));
		exit(1);
	}
	held[held_count++] = fd;
	return fd;
}

static int set_program(int event, int program)
{
	return syscall(SYS_ioctl, event, PERF_EVENT_IOC_SET_BPF, program) ||
	       syscall(SYS_ioctl, event, PERF_EVENT_IOC_ENABLE, 0);
}

static void put_perf(const struct dwunw_uprobe_place *place)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = (uint32_t)dwu_perf_uprobe_type(),
		.config = place->at_return,
		.config1 = dwu_bpf_address(place->path),
		.config2 = place->off,
	};
	int program = hold(dwu_uprobe_multi_empty(0), "a program");
	int event = hold(dwu_perf_open(&attr, place->pid, -1), "a probe");

	if (set_program(event, program))
		exit(1);
}

static void put(enum way way, const struct dwunw_uprobe_place *place)
{
	uint32_t type = way == SESSION ? DWU_UPROBE_SESSION_TYPE :
					 DWU_UPROBE_MULTI_TYPE;

	if (way == PERF)
		put_perf(place);
	else
		hold(dwu_uprobe_multi_link(hold(dwu_uprobe_multi_empty(type),
						"a program"),
					   type, place),
		     "a link");
}

/* As a tool has it that follows mappings by tracepoints. */
static void watch_system_calls(void)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_TRACEPOINT };
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int program;

	attr.insns = dwu_bpf_address(code);
	attr.insn_cnt = 2;
	attr.license = dwu_bpf_address("Dual BSD/GPL");
	program = hold(dwu_bpf_call(BPF_PROG_LOAD, &attr), "a program");
	if (set_program(hold(dwunw_tracepoint_open("syscalls/sys_enter_mmap"),
			     "a tracepoint"),
			program))
		exit(1);
}

/* A function of this libc, where the tool would probe it. */
static uint64_t place_of(const char *name, char *path)
{
	uint64_t off;
	Dl_info info;

	if (!dladdr(dlsym(RTLD_DEFAULT, name), &info) ||
	    !realpath(info.dli_fname, path))
		exit(1);
	off = (uint64_t)((char *)info.dli_saddr - (char *)info.dli_fbase);
	return off + dwunw_entry_cheap_offset(HOST_ARCH, info.dli_saddr, 64);
}

static void put_row(const struct row *row, pid_t child)
{
	char path[4096];
	struct dwunw_uprobe_place place = { .path = path, .pid = child };

	if (row->system_calls)
		watch_system_calls();
	place.off = place_of("free", path);
	if (row->freed)
		put(row->way == SESSION ? MULTI : row->way, &place);
	place.off = place_of("malloc", path);
	place.at_return = row->at_return && row->way != SESSION;
	if (place.at_return)
		put(row->way, &place);
	place.at_return = false;
	if (row->entry)
		put(row->way, &place);
}

static double pairs(void)
{
	struct timespec start, end;
	void *volatile block;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	for (int i = 0; i < PAIRS; i++) {
		block = malloc(100);
		__asm__ volatile("" ::: "memory");
		free(block);
		__asm__ volatile("" ::: "memory");
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	return ((double)(end.tv_sec - start.tv_sec) * 1e9 +
		(double)(end.tv_nsec - start.tv_nsec)) /
	       PAIRS;
}

/* Counts for each byte that comes; the first go warms up. */
static void run_child(int from, int to)
{
	double ns;
	char byte;

	while (read(from, &byte, 1) == 1) {
		ns = pairs();
		if (write(to, &ns, sizeof(ns)) != sizeof(ns))
			break;
	}
	_exit(0);
}

static double ask(int to, int from)
{
	double ns = 0;

	if (write(to, "", 1) != 1 || read(from, &ns, sizeof(ns)) != sizeof(ns))
		exit(1);
	return ns;
}

static int less(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 15, there[2], back[2];
	static double ns[ROWS][ROUNDS];
	bool multi = dwu_uprobe_multi_is_supported();
	pid_t child;

	if (rounds < 1 || rounds > ROUNDS || pipe(there) || pipe(back))
		return 2;
	child = fork();
	if (!child) {
		close(there[1]);
		run_child(there[0], back[1]);
	}
	for (int round = 0; round < rounds; round++) {
		for (size_t i = 0; i < ROWS; i++) {
			if (rows[i].way != PERF && !multi)
				continue;
			put_row(&rows[i], child);
			ask(there[1], back[0]);
			ns[i][round] = ask(there[1], back[0]);
			while (held_count)
				close(held[--held_count]);
		}
	}
	for (size_t i = 0; i < ROWS; i++) {
		qsort(ns[i], (size_t)rounds, sizeof(double), less);
		if (rows[i].way == PERF || multi)
			printf("%-43s %6.0f ns (%.0f to %.0f)\n", rows[i].title,
			       ns[i][rounds / 2], ns[i][0], ns[i][rounds - 1]);
	}
	close(there[1]);
	waitpid(child, NULL, 0);
	return 0;
}
