/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * symbolize_demo - names for addresses, with dwunw/symbols.h.
 *
 *	symbolize_demo FILE ADDRESS...     addresses as linked
 *	symbolize_demo                     where its own main is
 *
 * One batch for all addresses; each answer has its own status, and says where
 * calls were inlined.
 */
#include "option.h"
#include "streams.h"

#include <dwunw/linux.h>
#include <dwunw/symbols.h>

#include <inttypes.h>
#include <stdio.h>

#define ADDRESSES_MAX 64

static void print_level(const struct dwunw_symbol_info *info, int depth)
{
	printf("%*s%s", 2 * depth + 2, "",
	       info->function ? info->function : "??");
	if (!(info->flags & DWUNW_SYMBOL_FLAG_INLINED))
		printf("+0x%" PRIx64, info->offset);
	if (info->flags & DWUNW_SYMBOL_FLAG_LINE)
		printf(" %s:%" PRIu32, info->file, info->line);
	if (info->flags & DWUNW_SYMBOL_FLAG_INLINED)
		printf(" (inlined)");
	putchar('\n');
}

static void print_answer(uint64_t pc, const struct dwunw_symbol_info *info)
{
	int depth = 0;

	printf("0x%" PRIx64 "\n", pc);
	if (info->status != DWUNW_OK)
		printf("  ?? %s\n", dwunw_status_text(info->status));
	else
		for (; info; info = info->inlined)
			print_level(info, depth++);
}

static int symbolize(const char *file, const uint64_t *pcs, size_t count)
{
	struct dwunw_symbol_input inputs[ADDRESSES_MAX] = { { .pc = 0 } };
	struct dwunw_symbol_info infos[ADDRESSES_MAX];
	struct dwunw_symbol_resolver resolver;
	int code = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		inputs[i].module_path = file;
		inputs[i].pc = pcs[i];
	}
	if (dwunw_symbol_resolver_init(&resolver, NULL) != DWUNW_OK)
		return 1;
	dwunw_symbol_resolve_batch(&resolver, inputs, infos, count);
	for (i = 0; i < count; i++) {
		print_answer(pcs[i], &infos[i]);
		code |= infos[i].status != DWUNW_OK;
	}
	dwunw_symbol_resolver_shutdown(&resolver);
	return code;
}

/* Where this program's own function is in its file. */
static int symbolize_self(void)
{
	struct dwunw_symbol_resolver resolver;
	uint64_t pc = 0, size = 0;
	dwunw_status_t status;

	if (dwunw_symbol_resolver_init(&resolver, NULL) != DWUNW_OK)
		return 1;
	status = dwunw_symbol_offset(&resolver, "/proc/self/exe", "main", &pc,
				     &size);
	dwunw_symbol_resolver_shutdown(&resolver);
	if (status != DWUNW_OK) {
		printf("no symbols: %s\n", dwunw_status_text(status));
		return 1;
	}
	printf("main: %" PRIu64 " bytes at offset 0x%" PRIx64 " of this file\n",
	       size, pc);
	return 0;
}

static const struct option_row no_rows = { .kind = OPTION_END };
static const struct option_program program = {
	.name = "symbolize_demo",
	.help = "usage: symbolize_demo [FILE ADDRESS...]\n"
		"       -h, --help, -V, --version\n"
		"At most 64 addresses, as linked: 0x401000\n",
	.rows = &no_rows,
	.operands_last = true,
};

static int symbolize_arguments(int count, char **operands)
{
	static const struct option_row address = { .name = "ADDRESS",
						   .kind = OPTION_NUMBER64 };
	uint64_t pcs[ADDRESSES_MAX];

	if (count < 2)
		return option_wrong(&program, "'%s': which addresses of it?",
				    operands[0]);
	if (count - 1 > ADDRESSES_MAX)
		return option_wrong(&program, "more than %d addresses",
				    ADDRESSES_MAX);
	for (int i = 1; i < count; i++) {
		if (!option_operand(&program, &address, &pcs[i - 1],
				    operands[i]))
			return OPTION_WRONG;
	}
	return symbolize(operands[0], pcs, (size_t)count - 1);
}

int main(int argc, char **argv)
{
	int count, code = option_parse(&program, NULL, argv, &count);

	(void)argc;
	if (code < 0)
		code = count ? symbolize_arguments(count, argv + 1) :
			       symbolize_self();
	return streams_end(program.name, code);
}
