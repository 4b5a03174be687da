/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* absent.c - `dwunw report` and `dwunw diff` in a build without it. */
#include "cmd.h"
#include "commands.h"

int dwu_cmd_diff(int argc, char **argv)
{
	return dwu_cmd_report(argc, argv);
}

int dwu_cmd_report(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	dwu_cmd_error("report: not in this build, which CONFIG_RECORD or "
		      "CONFIG_REPORT is off in");
	return CMD_FAILED;
}
