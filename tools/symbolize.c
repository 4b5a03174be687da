/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/symbolize.c - `dwunw symbolize`: names for addresses as linked.
 */
#include "cmd.h"
#include "commands.h"
#include "help.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Addresses resolved at once. */
#define BATCH 256u

/* The command line. */
struct symbolize_options {
	struct dwu_cmd_files files; /* DWU_CMD_FILES_ROWS */
	const char *elf;
	char **pcs;
	int pc_count;
	bool raw;
	bool no_lines;
};

/* Questions that wait for their answers. */
struct batch {
	struct dwunw_symbol_resolver names;
	struct dwunw_symbol_input inputs[BATCH];
	struct dwunw_symbol_info infos[BATCH];
	size_t count;
	bool failed;
};

void dwu_cmd_print_name(const struct dwunw_symbol_info *info)
{
	dwu_cmd_put(info->function ? info->function : "??");
	if (info->flags & DWUNW_SYMBOL_FLAG_INLINED)
		fputs(" (inlined)", stdout);
	else if (info->function)
		printf("+0x%" PRIx64, info->offset);
}

void dwu_cmd_print_line(const struct dwunw_symbol_info *info)
{
	if (!info->file)
		return;
	putchar(' ');
	dwu_cmd_put(info->file);
	printf(":%" PRIu32, info->line);
	if (info->column)
		printf(":%" PRIu32, info->column);
}

/* The innermost first, as a debugger shows them. */
static void print_levels(const struct dwunw_symbol_info *info)
{
	const struct dwunw_symbol_info *levels[256];
	size_t count = 0;

	for (; info && count < 256; info = info->inlined)
		levels[count++] = info;
	while (count--) {
		fputs("  ", stdout);
		dwu_cmd_print_name(levels[count]);
		dwu_cmd_print_line(levels[count]);
		putchar('\n');
	}
}

static void print_batch(struct batch *batch)
{
	(void)dwunw_symbol_resolve_batch(&batch->names, batch->inputs,
					 batch->infos, batch->count);
	for (size_t i = 0; i < batch->count; i++) {
		const struct dwunw_symbol_info *info = &batch->infos[i];

		printf("0x%" PRIx64 "\n", batch->inputs[i].pc);
		if (info->status == DWUNW_OK)
			print_levels(info);
		else
			printf("  ?? %s\n", dwunw_status_text(info->status));
		batch->failed |= info->status != DWUNW_OK &&
				 info->status != DWUNW_ERR_NO_DEBUG_DATA;
	}
	batch->count = 0;
}

static bool ask(struct batch *batch, const char *elf, const char *text)
{
	uint64_t pc;

	if (!option_number(text, &pc)) {
		dwu_cmd_error("symbolize: '%s' is no address", text);
		return false;
	}
	batch->inputs[batch->count++] = (struct dwunw_symbol_input){
		.module_path = elf,
		.pc = pc,
	};
	if (batch->count == BATCH)
		print_batch(batch);
	return true;
}

/* One address a line; what stands behind it is left alone. */
static bool ask_stdin(struct batch *batch, const char *elf)
{
	static const char blank[] = " \t\r\n";
	char *line = NULL, *start;
	bool good = true;
	size_t room = 0;

	errno = 0;
	while (getline(&line, &room, stdin) >= 0) {
		start = line + strspn(line, blank);
		start[strcspn(start, blank)] = '\0';
		if (start[0])
			good &= ask(batch, elf, start);
	}
	if (ferror(stdin) || !feof(stdin)) {
		dwu_cmd_error("symbolize: stdin: %s", strerror(errno));
		good = false;
	}
	free(line);
	return good;
}

/* Nothing at all can be said of a file that cannot be read. */
static bool can_be_read(struct batch *batch, const char *elf)
{
	const struct dwunw_symbol_input first = { .module_path = elf };
	struct dwunw_symbol_info info;

	errno = 0;
	(void)dwunw_symbol_resolve_batch(&batch->names, &first, &info, 1);
	switch (info.status) {
	case DWUNW_OK:
	case DWUNW_ERR_NO_DEBUG_DATA:
		return true;
	case DWUNW_ERR_IO:
		dwu_cmd_error("%s: %s", elf,
			      errno ? strerror(errno) : "cannot be read");
		return false;
	case DWUNW_ERR_INVALID_ARG:
		dwu_cmd_error("%s: %s", elf,
			      errno == EFBIG ? "larger than files may be" :
					       "not a regular file");
		return false;
	case DWUNW_ERR_BAD_FORMAT:
		dwu_cmd_error("%s: not an ELF file, or damaged", elf);
		return false;
	default:
		dwu_cmd_error("%s: %s", elf, dwunw_status_text(info.status));
		return false;
	}
}

static bool ask_all(struct batch *batch,
		    const struct symbolize_options *options)
{
	bool good = true;
	int i;

	if (!options->pc_count)
		return ask_stdin(batch, options->elf);
	for (i = 0; i < options->pc_count; i++)
		good &= ask(batch, options->elf, options->pcs[i]);
	return good;
}

static int run(const struct symbolize_options *options)
{
	const struct dwunw_symbol_config config = {
		.debug_dirs = options->files.debug_dirs,
		.memory_max = options->files.memory_max,
		.sysroot = options->files.sysroot,
		.log = dwu_cmd_log,
		.flags = (options->raw ? DWUNW_SYMBOL_RAW_NAMES : 0) |
			 (options->no_lines ? DWUNW_SYMBOL_NO_LINES : 0),
	};
	struct batch *batch = dwu_cmd_alloc(1, sizeof(*batch));
	bool good;

	if (dwunw_symbol_resolver_init(&batch->names, &config)) {
		dwu_cmd_error("cannot start: out of memory");
		free(batch);
		return CMD_FAILED;
	}
	good = can_be_read(batch, options->elf) && ask_all(batch, options);
	print_batch(batch);
	good &= !batch->failed;
	dwunw_symbol_resolver_shutdown(&batch->names);
	free(batch);
	return good ? CMD_OK : CMD_FAILED;
}

static const struct option_row rows[] = {
	{ .name = "raw",
	  .kind = OPTION_FLAG,
	  .to = offsetof(struct symbolize_options, raw) },
	{ .name = "no-lines",
	  .kind = OPTION_FLAG,
	  .to = offsetof(struct symbolize_options, no_lines) },
	DWU_CMD_FILES_ROWS,
	{ .kind = OPTION_END },
};
static const struct option_program program = {
	.name = "dwunw",
	.command = "symbolize",
	.help = HELP_OF(HELP_SYMBOLIZE_USAGE, HELP_SYMBOLIZE),
	.rows = rows,
	.operands_last = true, /* -1 is no address, and no option either */
};

static int parse(struct symbolize_options *options, char **argv)
{
	int count, status = option_parse(&program, options, argv, &count);

	if (status >= 0)
		return status;
	if (!count)
		return option_wrong(&program, "which file?");
	options->elf = argv[1];
	options->pcs = argv + 2;
	options->pc_count = count - 1;
	return run(options);
}

int dwu_cmd_symbolize(int argc, char **argv)
{
	struct symbolize_options options = { .raw = false };
	int code = parse(&options, argv);

	(void)argc;
	dwu_cmd_files_free(&options.files);
	return code;
}
