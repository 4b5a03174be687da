/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * symbolize_demo - names for addresses, with dwunw/symbols.h alone.
 *
 *	symbolize_demo FILE ADDRESS...     addresses as linked
 *	symbolize_demo                     where its own main is
 *
 * One batch for all addresses; each answer has its own status, and says where
 * calls were inlined.
 */
#include <dwunw/symbols.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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
		printf("  ?? %s\n", dwunw_status_name(info->status));
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
		printf("no symbols: %s\n", dwunw_status_name(status));
		return 1;
	}
	printf("main: %" PRIu64 " bytes at offset 0x%" PRIx64 " of this file\n",
	       size, pc);
	return 0;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: symbolize_demo [FILE ADDRESS...]\n"
		"At most %d addresses, as linked: 0x401000\n",
		ADDRESSES_MAX);
	return 2;
}

static int symbolize_arguments(int argc, char **argv)
{
	uint64_t pcs[ADDRESSES_MAX];
	size_t count = 0;
	char *end;
	int i;

	if (argc < 3 || argc - 2 > ADDRESSES_MAX)
		return usage();
	for (i = 2; i < argc; i++) {
		errno = 0;
		pcs[count++] = strtoull(argv[i], &end, 0);
		if (errno || *end || argv[i][0] < '0' || argv[i][0] > '9') {
			fprintf(stderr, "symbolize_demo: %s is no address\n",
				argv[i]);
			return 2;
		}
	}
	return symbolize(argv[1], pcs, count);
}

int main(int argc, char **argv)
{
	int code = argc == 1 ? symbolize_self() :
			       symbolize_arguments(argc, argv);

	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	perror("symbolize_demo: stdout");
	return 1;
}
