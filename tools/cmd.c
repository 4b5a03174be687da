/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/cmd.c - what the parts of the `dwunw` command share: see cmd.h.
 */
#include "cmd.h"

#include "streams.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

bool dwu_cmd_unrelocated(const char *path, const struct dwunw_module *module)
{
	if (module->elf.type != ET_REL)
		return false;
	dwu_cmd_error("%s: is a relocatable file of %s: its addresses are "
		      "not known before it is linked (ld -shared -o FILE.so "
		      "%s makes a file that has them)",
		      path, dwunw_elf_target(&module->elf), path);
	return true;
}
