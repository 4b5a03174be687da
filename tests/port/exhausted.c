/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A tool that has no file descriptor left is short of names and stacks, and
 * has them as soon as there are some again. exhausted VADDR: of leaf().
 */
#include "tap.h"

#include <sys/resource.h>

#include "target.h"

/* More than any one call has open at a time. */
#define ENOUGH 12u

static struct dwunw_context ctx;
static struct moment moment;
static struct stack s;

static void limit(rlim_t count)
{
	struct rlimit all;

	getrlimit(RLIMIT_NOFILE, &all);
	all.rlim_cur = count;
	if (setrlimit(RLIMIT_NOFILE, &all))
		note("setrlimit: %s", strerror(errno));
}

/* Descriptors that can still be opened. */
static void leave(unsigned int count)
{
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(next);
	limit((rlim_t)next + count);
}

static void leave_many(void)
{
	limit(256);
}

static void stacks(pid_t pid, unsigned int count)
{
	struct dwunw_process *process;
	size_t few;

	context_start(&ctx, 0);
	ok(moment_take(&moment, pid, pid) &&
		   dwunw_process_open(&ctx, pid, &process) == DWUNW_OK,
	   "a process, known");
	leave(count);
	for (int i = 0; i < 3; i++)
		stack_of(&ctx, pid, &moment, 1, &s);
	leave_many();
	few = s.count;
	stack_of(&ctx, pid, &moment, 1, &s);
	name_frames(&ctx, pid, &s);
	ok(whole(&s, "leaf outer2 outer1 main"),
	   "%u descriptors, %zu frames; then all %zu", count, few, s.count);
	dwunw_process_close(process);
	dwunw_shutdown(&ctx);
}

static const char *name_of(struct dwunw_symbol_resolver *resolver,
			   const struct dwunw_symbol_input *input)
{
	struct dwunw_symbol_info info;

	dwunw_symbol_resolve_batch(resolver, input, &info, 1);
	return info.function ? info.function : "?";
}

static void names(uint64_t vaddr, unsigned int count)
{
	const char *dirs[] = { SCRATCH(""), NULL };
	const struct dwunw_symbol_config config = { .debug_dirs = dirs };
	const struct dwunw_symbol_input input = {
		.module_path = SCRATCH("bare"), .pc = vaddr
	};
	struct dwunw_symbol_resolver resolver;
	const char *first;

	dwunw_symbol_resolver_init(&resolver, &config);
	leave(count);
	first = name_of(&resolver, &input);
	leave_many();
	is_str(name_of(&resolver, &input), "leaf",
	       "%u descriptors: %s; then its name", count, first);
	dwunw_symbol_resolver_shutdown(&resolver);
}

int main(int argc, char **argv)
{
	uint64_t leaf = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	struct target t;

	leave_many();
	if (!ok(target_start(&t, TARGET("victim"), "wait"), "a target"))
		return done();
	for (unsigned int i = 0; i < ENOUGH; i++)
		stacks(t.pid, i);
	for (unsigned int i = 0; i < ENOUGH; i++)
		names(leaf, i);
	target_end(&t);
	return done();
}
