/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * memleak_dwunw_user.c - upstream memleak's tool on dwunw.
 *
 *   arguments.c   upstream's command line
 *   report.c      upstream's report
 *   tools/leaks/  the run, folded stacks and JSON, the kernel's allocations
 *   heap/         dwunw-added 3 to 9: an allocation -> a stack with names
 *   bpf/heap.bpf.c, bpf/stack.bpf.h  dwunw-added 1, 2: the same in the kernel
 */
#include "memleak.h"
#include "streams.h"

int main(int argc, char **argv)
{
	static struct arguments arguments;
	int status = parse_arguments(&arguments, argv);

	(void)argc;
	arguments.leak.print = print_report;
	if (status < 0)
		status = leak_run(&arguments.leak);
	return streams_end(TOOL, status);
}
