/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * trial.c - a way to record, tried. Three processes:
 *
 *	check     reads what the recorder says on stderr, and its result
 *	recorder  dwunw/heap.h on the subject, as a leak tool does
 *	subject   allocates when it is told to, by three nested calls, and notes
 *	          where each returns to: a stack must have just these
 */
#include "trial.h"

#include "leak.h"

#include <errno.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A size that nothing else here asks for. */
#define BLOCK_BYTES 4099u
#define CALLS 3u
#define SECONDS_MAX 120u

/* --- the subject ------------------------------------------------------------- */

struct shared {
	uint64_t returns[CALLS]; /* innermost first */
	struct trial_result result;
};
static struct shared *shared;
static void *volatile kept[TRIAL_BLOCKS];

#define NOTE_RETURN(call)                              \
	(shared->returns[call] = (uint64_t)(uintptr_t) \
		 __builtin_extract_return_addr(__builtin_return_address(0)))

/* What stands behind a call keeps it from being a jump. */
static __attribute__((noinline)) void inner(uint32_t block)
{
	kept[block] = malloc(BLOCK_BYTES);
	NOTE_RETURN(0);
}

static __attribute__((noinline)) void middle(uint32_t block)
{
	inner(block);
	NOTE_RETURN(1);
}

static __attribute__((noinline)) void outer(uint32_t block)
{
	middle(block);
	NOTE_RETURN(2);
}

/* A block for each byte that comes, and a byte back. */
static void be_subject(int from, int to)
{
	char byte;

	for (uint32_t block = 0; block < TRIAL_BLOCKS; block++) {
		if (read(from, &byte, 1) != 1)
			break;
		outer(block);
		if (write(to, &byte, 1) != 1)
			break;
	}
	while (read(from, &byte, 1) > 0)
		;
	_exit(EXIT_SUCCESS);
}

/* --- where malloc is, in a program without symbols ---------------------------------- */

struct place {
	uint64_t addr;
	uint64_t off;
};

/* dl_iterate_phdr(): the program itself is the first. */
static int find_off(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct place *place = ctx;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && place->addr >= start &&
		    place->addr - start < segment->p_filesz)
			place->off = place->addr - start + segment->p_offset;
	}
	return 1;
}

/* A static program's malloc; a shared libc has its own name for it. */
static void give_malloc(struct dwunw_given *given, char *text, size_t size)
{
	struct place place = { .addr = (uint64_t)(uintptr_t)&malloc };

	dl_iterate_phdr(find_off, &place);
	if (!place.off)
		return;
	snprintf(text, size, "malloc=0x%" PRIx64, place.off);
	dwunw_given_add(given, text);
}

/* --- the recorder ------------------------------------------------------------- */

static bool has_returns(const struct dwunw_stack *stack)
{
	uint32_t at = 0;

	while (at < stack->count &&
	       stack->frames[at].frame.pc != shared->returns[0])
		at++;
	for (uint32_t call = 0; call < CALLS; call++, at++)
		if (at >= stack->count ||
		    stack->frames[at].frame.pc != shared->returns[call])
			return false;
	return true;
}

static void judge(void *ctx, const struct dwunw_heap_block *block)
{
	struct trial_result *result = ctx;

	if (block->size != BLOCK_BYTES)
		return;
	result->seen++;
	if (!block->stack || !has_returns(block->stack))
		return;
	result->right++;
	result->whole += dwunw_stop_is_complete(block->stack->stop.reason) ||
			 dwunw_stack_reaches_main(block->stack);
}

static void set_config(struct dwunw_heap_config *config,
		       const struct trial *trial, const int32_t *pid)
{
	*config = (struct dwunw_heap_config){
		.tool = "dwunw: check",
		.words = { .file = "check",
			   .patterns = "check",
			   .names = "check",
			   .pids = "check",
			   .mode = "check",
			   .stacks = "check" },
		.walk = trial->walk,
		.walk_word = "--walk=kernel",
		.sampled = trial->sampled,
		.mode = DWUNW_HEAP_ALONE,
		.pids = pid,
		.pid_count = 1,
	};
	leak_set_objects(config);
}

/* One block, and what comes of it: rows that the kernel learns from the first
 * stacks are there for the others. */
static bool one_block(struct dwunw_heap *heap, int to, int from)
{
	char byte = 0;

	if (write(to, &byte, 1) != 1 || read(from, &byte, 1) != 1)
		return false;
	return dwunw_heap_read(heap) && dwunw_heap_read(heap);
}

static void record(const struct trial *trial, int32_t pid, int to, int from)
{
	struct trial_result *result = &shared->result;
	struct dwunw_heap_config config;
	struct dwunw_heap *heap = NULL;
	struct dwunw_heap_counts counts;
	char text[64];

	set_config(&config, trial, &pid);
	give_malloc(&config.given, text, sizeof(text));
	result->status = dwunw_heap_open(&heap, &config);
	if (!result->status) {
		for (uint32_t i = 0; i < TRIAL_BLOCKS; i++)
			if (!one_block(heap, to, from))
				break;
		dwunw_heap_stop(heap);
		dwunw_heap_visit(heap, judge, result);
		dwunw_heap_count(heap, &counts);
		result->counted = counts.counted;
	}
	dwunw_heap_close(heap);
}

/* Ends with the subject, which ends where its pipe does. */
static void be_recorder(const struct trial *trial)
{
	int to[2], from[2];
	pid_t pid;

	alarm(SECONDS_MAX);
	if (pipe(to) || pipe(from))
		_exit(EXIT_FAILURE);
	pid = fork();
	if (!pid) {
		close(to[1]);
		close(from[0]);
		be_subject(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	if (pid > 0)
		record(trial, (int32_t)pid, to[1], from[0]);
	close(to[1]);
	_exit(pid > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* --- the trial ------------------------------------------------------------------ */

/* What the recorder says, until it ends. */
static void listen_to(int from, char *said, size_t size)
{
	size_t used = 0;
	ssize_t got;
	char rest[512];

	do {
		bool room = used + 1 < size;

		got = read(from, room ? said + used : rest,
			   room ? size - 1 - used : sizeof(rest));
		used += room && got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	said[used] = 0;
}

static int start(const struct trial *trial, int said[2], pid_t *pid)
{
	if (pipe(said))
		return -errno;
	*pid = fork();
	if (*pid < 0) {
		close(said[0]);
		close(said[1]);
		return -errno;
	}
	if (!*pid) {
		dup2(said[1], STDERR_FILENO);
		close(said[0]);
		close(said[1]);
		be_recorder(trial);
	}
	close(said[1]);
	return 0;
}

int trial_run(const struct trial *trial, struct trial_result *result)
{
	int said[2], status = 0, error;
	pid_t pid = -1;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	shared->result.status = -1;
	fflush(stdout);
	error = start(trial, said, &pid);
	if (!error) {
		listen_to(said[0], result->said, sizeof(result->said));
		close(said[0]);
		waitpid(pid, &status, 0);
		memcpy(shared->result.said, result->said, sizeof(result->said));
		*result = shared->result;
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			result->status = -1;
	}
	munmap(shared, sizeof(*shared));
	return error;
}
