/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * record.h - events of children of this program, as a BPF program would send
 * them: each child is stopped once, at a known place, and read by ptrace.
 */
#ifndef RECORD_H
#define RECORD_H

#include <dwunw/linux.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORD_REGS 17u /* x86_64: the pc is the last one */
#define RECORD_STACK_MAX 16384u

struct record {
	struct dwunw_event_header header;
	uint64_t regs[RECORD_REGS];
	uint8_t stack[RECORD_STACK_MAX];
};

/* A child that waits below `depth` calls of deep(). */
struct victim {
	pid_t pid;
	int depth;
	struct record record;
};

static int victim_pipe[2];

static __attribute__((noinline, noclone)) int deep(int depth)
{
	volatile int here = depth;
	char byte = 1;

	if (depth > 1)
		here += deep(depth - 1);
	else if (write(victim_pipe[1], &byte, 1) == 1)
		for (;;)
			pause();
	__asm__ volatile("" : : : "memory");
	return here;
}

/* As far as it can be read. */
static uint32_t read_stack(struct dwunw_stack_reader *reader, uint64_t addr,
			   uint8_t *bytes)
{
	uint32_t size = 0;

	while (size < RECORD_STACK_MAX &&
	       dwunw_stack_reader_read(reader, addr + size, bytes + size, 64) ==
		       DWUNW_OK)
		size += 64;
	return size;
}

static bool record_fill(struct victim *victim)
{
	struct record *record = &victim->record;
	struct dwunw_stack_reader reader;
	struct dwunw_regset regs;

	dwunw_stack_reader_init(&reader, victim->pid, victim->pid);
	if (dwunw_stack_reader_attach(&reader) != DWUNW_OK ||
	    dwunw_stack_reader_regs(&reader, &regs) != DWUNW_OK)
		return false;
	memcpy(record->regs, regs.regs, sizeof(record->regs));
	record->regs[7] = regs.sp;
	record->regs[16] = regs.pc;
	record->header = (struct dwunw_event_header){
		.magic = DWUNW_EVENT_MAGIC,
		.version = DWUNW_EVENT_VERSION,
		.arch = regs.arch,
		.kind = DWUNW_EVENT_STACK,
		.pid = (uint32_t)victim->pid,
		.tid = (uint32_t)victim->pid,
		.time_ns = 1000,
		.map_generation = 1,
		.reg_count = RECORD_REGS,
		.stack_addr = regs.sp,
	};
	record->header.stack_size = read_stack(&reader, regs.sp, record->stack);
	record->header.size =
		(uint32_t)(sizeof(record->header) + sizeof(record->regs) +
			   record->header.stack_size);
	memcpy(&record->header.cookie, "the-name-is-long", 16);
	dwunw_stack_reader_detach(&reader);
	return record->header.stack_size > 0;
}

static bool victim_start(struct victim *victim, int depth)
{
	char byte;

	victim->depth = depth;
	if (!victim_pipe[0] && pipe(victim_pipe))
		return false;
	victim->pid = fork();
	if (!victim->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(deep(depth) & 1);
	}
	return victim->pid > 0 && read(victim_pipe[0], &byte, 1) == 1 &&
	       record_fill(victim);
}

static void victim_end(struct victim *victim)
{
	kill(victim->pid, SIGKILL);
	waitpid(victim->pid, NULL, 0);
}

/* A header alone: kinds EXEC, EXIT, FORK. */
static struct dwunw_event_header record_change(const struct victim *victim,
					       uint16_t kind)
{
	struct dwunw_event_header header = victim->record.header;

	header.kind = kind;
	header.size = sizeof(header);
	header.reg_count = 0;
	header.stack_size = 0;
	header.cookie = (uint64_t)victim->pid;
	header.value = 0;
	return header;
}

/* The longest run of equal ips: returns into deep() from itself. */
static int run_length(const uint64_t *ips, int count)
{
	int longest = 0;

	for (int i = 0, run = 0; i < count; i++) {
		run = i && ips[i] == ips[i - 1] ? run + 1 : 1;
		if (run > longest)
			longest = run;
	}
	return longest;
}

#endif
