/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * leaks.h - what `dwunw --help` says of `dwunw leaks`, `count`, `top` and `record`.
 */
#ifndef DWUNW_TOOLS_LEAKS_H
#define DWUNW_TOOLS_LEAKS_H

#define HELP_LEAKS_USAGE    \
	"dwunw leaks PID\n" \
	"       dwunw leaks -- COMMAND [ARGUMENT...]\n"
#define HELP_CHECK_USAGE "dwunw check\n"
#define HELP_COUNT_USAGE \
	"dwunw count -e EVENT -p PID | -a | -- COMMAND [ARGUMENT...]\n"
#define HELP_TOP_USAGE "dwunw top [-e EVENT] -p PID | -a | --cgroup DIRECTORY\n"
#define HELP_RECORD_USAGE \
	"dwunw record -o FILE -p PID | -a | -- COMMAND [ARGUMENT...]\n"
/* In `dwunw --help`. */
#define HELP_LEAKS                                                          \
	"leaks  prints what a program has allocated and not freed, by the " \
	"stack\n"                                                           \
	"       that allocated it, every 5 seconds: dwunw leaks --help\n"
#define HELP_CHECK                                                             \
	"check  says which ways to record work on this machine, and what its " \
	"kernel\n"                                                             \
	"       lacks for the others: dwunw check --help\n"
#define HELP_COUNT                                                        \
	"count  counts an event (processor time, calls of a function, a " \
	"tracepoint)\n"                                                   \
	"       by the stack that leads to it: dwunw count --help\n"
#define HELP_TOP                                                                \
	"top    shows the stacks of a running process that hold or grow most, " \
	"live:\n"                                                               \
	"       dwunw top --help\n"
#define HELP_RECORD \
	"record  writes the same to a file, over time: dwunw record --help\n"

#endif
