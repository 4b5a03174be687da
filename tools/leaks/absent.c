/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* absent.c - `dwunw leaks`, `check`, `count`, `top` and `record` in a build without
 * them. */
#include "cmd.h"
#include "commands.h"

int dwu_cmd_check(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	dwu_cmd_error("check: not in this build, which CONFIG_LEAKS is off in");
	return CMD_FAILED;
}

int dwu_cmd_count(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	dwu_cmd_error("count: not in this build, which CONFIG_LEAKS is off in");
	return CMD_FAILED;
}

int dwu_cmd_leaks(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	dwu_cmd_error("leaks: not in this build, which CONFIG_LEAKS is off in");
	return CMD_FAILED;
}

int dwu_cmd_record(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	dwu_cmd_error(
		"record: not in this build, which CONFIG_LEAKS is off in");
	return CMD_FAILED;
}

int dwu_cmd_top(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	dwu_cmd_error("top: not in this build, which CONFIG_LEAKS is off in");
	return CMD_FAILED;
}
