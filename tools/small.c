/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* small.c - the subcommands that a small build has not (CONFIG_TOOL_SMALL): those are a
 * PC's, which reads what `dwunw record` has written on the device. */
#include "cmd.h"
#include "commands.h"

#define ABSENT(name)                                                  \
	int dwu_cmd_##name(int argc, char **argv)                     \
	{                                                             \
		(void)argc;                                           \
		(void)argv;                                           \
		dwu_cmd_error(#name ": not in this build, which has " \
				    "leaks, record and check alone "  \
				    "(CONFIG_TOOL_SMALL)");           \
		return CMD_FAILED;                                    \
	}

ABSENT(count)
ABSENT(diff)
ABSENT(report)
ABSENT(rows)
ABSENT(stack)
ABSENT(symbolize)
ABSENT(top)
