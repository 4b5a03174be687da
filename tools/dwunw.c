/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/dwunw.c - the `dwunw` command: picks the subcommand.
 */
#include "cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
	"usage: dwunw stack PID\n"
	"       dwunw stack --core CORE [EXE]\n"
	"       dwunw rows ELF [PC]\n"
	"       dwunw symbolize ELF [PC...]\n"
	"       dwunw --help | --version\n"
	"\n"
	"stack  prints the call stack of every thread of a live process or of\n"
	"       a core file, and for a stack that ends early, why and where.\n"
	"       --core CORE    read this core file; EXE stands for the program\n"
	"       --sysroot DIR  the core's files are under DIR\n"
	"       --paths        print whole paths of modules\n"
	"rows   prints where the caller's registers are, for each range of\n"
	"       addresses, in the terms of readelf --debug-dump=frames-interp;\n"
	"       with PC (an address as linked) only the row that holds it.\n"
	"       --expressions  print the bytes of DWARF expressions, in hex\n"
	"       --raw          one line a row, registers by DWARF number\n"
	"       --scan         rows from instructions, without the CFI\n"
	"       --compare      rows from instructions beside those of the CFI;\n"
	"                      --verbose prints each difference\n"
	"       --no-symbols   scans take no bounds from symbols, .pdr or CFI\n"
	"       --debug-file F the CFI to compare with, where ELF has none\n"
	"symbolize  prints function, file, line and inlined calls of addresses\n"
	"       as linked, of stdin if none is given.\n"
	"       --raw          C++ and Rust names as they are linked\n"
	"       --no-lines     functions only\n"
	"\n"
	"Of all, where a file is stripped:\n"
	"       --debug-dir DIR  look for debug files here, too, before\n"
	"                        /usr/lib/debug; may be given many times\n"
	"       --sysroot DIR    DIR has the files unstripped, at the same paths;\n"
	"                        only those of the same build are used\n";

/* Control characters, and those of UTF-8's second block. */
static bool drives_terminal(const char *text)
{
	unsigned char c = (unsigned char)text[0];
	unsigned char next = (unsigned char)text[1];

	return c < 0x20 || c == 0x7f ||
	       (c == 0xc2 && next >= 0x80 && next < 0xa0);
}

static void put_printable(const char *text, FILE *to)
{
	for (; *text; text++) {
		bool drives = drives_terminal(text);

		if (drives && (unsigned char)*text == 0xc2) {
			putc('?', to);
			text++;
		}
		putc(drives ? '?' : *text, to);
	}
}

void dwu_cmd_put(const char *text)
{
	put_printable(text, stdout);
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
	put_printable(text, stderr);
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

int dwu_cmd_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args);
	va_end(args);
	fputs("Try 'dwunw --help'.\n", stderr);
	return CMD_USAGE;
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

bool dwu_cmd_number(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9' ||
	    (*text == '0' && text[1] >= '0' && text[1] <= '9'))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && !*end;
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

bool dwu_cmd_files_option(struct dwu_cmd_files *files, int argc, char **argv,
			  int *at)
{
	bool dir = !strcmp(argv[*at], "--debug-dir");

	if ((!dir && strcmp(argv[*at], "--sysroot") != 0) || *at + 1 == argc)
		return false;
	++*at;
	warn_unless_dir(argv[*at - 1], argv[*at]);
	if (!dir) {
		files->sysroot = argv[*at];
		return true;
	}
	files->debug_dirs = dwu_cmd_grow(files->debug_dirs, files->count + 2,
					 sizeof(*files->debug_dirs));
	files->debug_dirs[files->count++] = argv[*at];
	files->debug_dirs[files->count] = NULL;
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

int main(int argc, char **argv)
{
	int code;

	if (argc < 2)
		return dwu_cmd_usage("no command given");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(help, stdout);
		code = CMD_OK;
	} else if (!strcmp(argv[1], "--version")) {
		printf("dwunw %d.%d\n", DWUNW_VERSION_MAJOR,
		       DWUNW_VERSION_MINOR);
		code = CMD_OK;
	} else if (!strcmp(argv[1], "stack")) {
		code = dwu_cmd_stack(argc - 1, argv + 1);
	} else if (!strcmp(argv[1], "rows")) {
		code = dwu_cmd_rows(argc - 1, argv + 1);
	} else if (!strcmp(argv[1], "symbolize")) {
		code = dwu_cmd_symbolize(argc - 1, argv + 1);
	} else {
		return dwu_cmd_usage("no command '%s'", argv[1]);
	}
	if (fflush(stdout) || ferror(stdout)) {
		dwu_cmd_error("cannot write to stdout: %s", strerror(errno));
		return CMD_FAILED;
	}
	return code;
}
