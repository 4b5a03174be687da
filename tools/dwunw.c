/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/dwunw.c - the `dwunw` command: picks the subcommand.
 */
#include "cmd.h"
#include "help.h"
#include "leaks/leaks.h"
#include "streams.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
	"usage: " HELP_STACK_USAGE "       " HELP_ROWS_USAGE
	"       " HELP_SYMBOLIZE_USAGE "       " HELP_LEAKS_USAGE
	"       dwunw [COMMAND] -h | --help | -V | --version\n"
	"\n" HELP_STACK HELP_ROWS HELP_SYMBOLIZE HELP_LEAKS "\n"
	"Of all but leaks, where a file is stripped:\n" HELP_FILES;

void dwu_cmd_put(const char *text)
{
	put_name(stdout, text);
}

static void print_error(const char *format, va_list args)
{
	char *text;

	fflush(stdout);
	if (vasprintf(&text, format, args) < 0) {
		fputs("dwunw: out of memory\n", stderr);
		return;
	}
	fputs("dwunw: ", stderr);
	put_name(stderr, text);
	fputc('\n', stderr);
	free(text);
}

void dwu_cmd_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args);
	va_end(args);
}

static bool logged;

void dwu_cmd_log(void *ctx, const char *line)
{
	(void)ctx;
	logged = true;
	dwu_cmd_error("%s", line);
}

void dwu_cmd_error_unless_logged(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!logged)
		print_error(format, args);
	va_end(args);
	logged = false;
}

static void warn_unless_dir(const char *option, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		dwu_cmd_error("warning: %s %s: %s", option, path,
			      strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		dwu_cmd_error("warning: %s %s: not a directory", option, path);
}

bool dwu_cmd_debug_dir(void *into, const char *path)
{
	struct dwu_cmd_files *files = into;

	warn_unless_dir("--debug-dir", path);
	files->debug_dirs = dwu_cmd_grow(files->debug_dirs, files->count + 2,
					 sizeof(*files->debug_dirs));
	files->debug_dirs[files->count++] = path;
	files->debug_dirs[files->count] = NULL;
	return true;
}

bool dwu_cmd_sysroot(void *into, const char *path)
{
	struct dwu_cmd_files *files = into;

	warn_unless_dir("--sysroot", path);
	files->sysroot = path;
	return true;
}

void dwu_cmd_files_free(struct dwu_cmd_files *files)
{
	free(files->debug_dirs);
	*files = (struct dwu_cmd_files){ 0 };
}

static void *or_die(void *memory)
{
	if (!memory) {
		dwu_cmd_error("out of memory");
		exit(CMD_FAILED);
	}
	return memory;
}

void *dwu_cmd_alloc(size_t count, size_t size)
{
	return or_die(calloc(count ? count : 1, size));
}

void *dwu_cmd_grow(void *old, size_t count, size_t size)
{
	return or_die(reallocarray(old, count ? count : 1, size));
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "stack", dwu_cmd_stack },
	{ "rows", dwu_cmd_rows },
	{ "symbolize", dwu_cmd_symbolize },
	{ "leaks", dwu_cmd_leaks },
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
	nearest = option_nearest("stack|rows|symbolize|leaks", argv[1], &size);
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
