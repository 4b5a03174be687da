/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/dwunw.c - the `dwunw` command: picks the subcommand.
 */
#include "cmd.h"
#include "commands.h"
#include "help.h"
#include "leaks/leaks.h"
#include "streams.h"

#include <inttypes.h>
#include <string.h>

#ifdef CONFIG_TOOL_SMALL
static const char help[] =
	"usage: " HELP_LEAKS_USAGE "       " HELP_CHECK_USAGE
	"       " HELP_RECORD_USAGE
	"       dwunw [COMMAND] -h | --help | -V | --version\n"
	"\n" HELP_LEAKS HELP_CHECK HELP_RECORD;
#else
static const char help[] =
	"usage: " HELP_STACK_USAGE "       " HELP_ROWS_USAGE
	"       " HELP_SYMBOLIZE_USAGE "       " HELP_LEAKS_USAGE
	"       " HELP_CHECK_USAGE "       " HELP_COUNT_USAGE
	"       " HELP_TOP_USAGE "       " HELP_RECORD_USAGE
	"       " HELP_REPORT_USAGE "       " HELP_DIFF_USAGE
	"       dwunw [COMMAND] -h | --help | -V | --version\n"
	"\n" HELP_STACK HELP_ROWS HELP_SYMBOLIZE HELP_LEAKS HELP_CHECK
		HELP_COUNT HELP_TOP HELP_RECORD HELP_REPORT "\n"
	"Of stack, rows and symbolize, where a file is stripped:\n" HELP_FILES;
#endif

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "stack", dwu_cmd_stack },	    { "rows", dwu_cmd_rows },
	{ "symbolize", dwu_cmd_symbolize }, { "leaks", dwu_cmd_leaks },
	{ "check", dwu_cmd_check },	    { "count", dwu_cmd_count },
	{ "record", dwu_cmd_record },	    { "report", dwu_cmd_report },
	{ "diff", dwu_cmd_diff },	    { "top", dwu_cmd_top },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Without a command: -h and the like. */
static int run_plain(char **argv)
{
	static const struct option_row none = { .kind = OPTION_END };
	static const struct option_program program = { .name = "dwunw",
						       .help = help,
						       .rows = &none,
						       .operands_last = true };
	const char *nearest;
	size_t size = 0;
	int count = 0, status = option_parse(&program, NULL, argv, &count);

	if (status >= 0)
		return status;
	if (!count)
		return option_wrong(&program, "no command given");
	nearest = option_nearest(
		"stack|rows|symbolize|leaks|check|count|top|record|report|diff",
		argv[1], &size);
	if (nearest)
		return option_wrong(&program,
				    "no command '%s'; did you mean %.*s?",
				    argv[1], (int)size, nearest);
	return option_wrong(&program, "no command '%s'", argv[1]);
}

/* What was printed may lack something, and nothing else has said so. */
static int say_shortages(int code)
{
	uint32_t count;
	int error = 0;

	count = dwunw_shortages(&error);
	if (!count)
		return code;
	dwu_cmd_error("%s, %" PRIu32 " times: names, lines or frames may be "
		      "missing",
		      strerror(error), count);
	return code ? code : CMD_FAILED;
}

int main(int argc, char **argv)
{
	size_t i = 0;
	int code;

	while (argc > 1 && i < COMMANDS && strcmp(argv[1], commands[i].name))
		i++;
	if (argc > 1 && i < COMMANDS)
		code = commands[i].run(argc - 1, argv + 1);
	else
		code = run_plain(argv);
	return streams_end("dwunw", say_shortages(code));
}
