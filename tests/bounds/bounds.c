/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * bounds FILE [no-symbols] [roots] - for each address on stdin, in hex, a line
 *
 *	ADDRESS START END        the function found around it; with `roots` then
 *	                         "root" if the row of its first instruction
 *	                         says that nothing called it
 *	ADDRESS -- REASON        none is found
 */
#include <dwunw/linux.h>
#include <dwunw/scan.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes for a scan to work with, as much as a walker has. */
#define MEMORY (256u << 10)

static bool none(void *ctx, const struct dwunw_scan_point *point)
{
	(void)ctx;
	(void)point;
	return false;
}

static bool is_root(struct dwunw_scan *scan, const struct dwunw_module *module,
		    uint64_t start, uint32_t flags)
{
	struct dwunw_row row;

	return dwunw_scan_row(scan, module, start, flags | DWUNW_SCAN_EXACT,
			      &row) == DWUNW_SCAN_OK &&
	       row.rules[row.ra_column].kind == DWUNW_RULE_UNDEFINED;
}

static void print(struct dwunw_scan *scan, const struct dwunw_module *module,
		  uint64_t vaddr, uint32_t flags, bool roots)
{
	uint64_t start = 0, end = 0;
	uint8_t result = dwunw_scan_function(scan, module, vaddr, flags, &start,
					     &end, none, NULL);

	if (end == 0)
		printf("%" PRIx64 " -- %s\n", vaddr,
		       dwunw_scan_result_name(result));
	else
		printf("%" PRIx64 " %" PRIx64 " %" PRIx64 "%s\n", vaddr, start,
		       end,
		       roots && is_root(scan, module, start, flags) ? " root" :
								      "");
}

int main(int argc, char **argv)
{
	struct dwunw_context ctx = { 0 };
	struct dwunw_config config = { 0 };
	const struct dwunw_module *module;
	struct dwunw_arena arena;
	struct dwunw_scan *scan;
	size_t size = dwunw_scan_size(MEMORY);
	void *memory = malloc(size);
	uint32_t flags = 0;
	bool roots = false;
	char line[64];
	int i;

	for (i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "no-symbols"))
			flags |= DWUNW_SCAN_NO_SYMBOLS;
		roots |= !strcmp(argv[i], "roots");
	}

	if (argc < 2 || !memory || dwunw_init_with(&ctx, &config))
		return 2;
	dwunw_arena_init(&arena, memory, size);
	if (dwunw_scan_init(&scan, MEMORY, &arena) ||
	    dwunw_module_cache_acquire(&ctx, argv[1], &module)) {
		fprintf(stderr, "bounds: %s cannot be opened\n", argv[1]);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin))
		print(scan, module, strtoull(line, NULL, 16), flags, roots);
	dwunw_module_cache_release(&ctx, module);
	dwunw_shutdown(&ctx);
	free(memory);
	return 0;
}
