/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * scan FILE... - time of a scan: of a row at a pc without CFI (function found,
 * followed, row made), and of each instruction when whole functions are
 * followed. Without symbols, as in a stripped file.
 */
#include <dwunw/scan.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROWS 2000u
#define MEMORY ((size_t)256 << 10)

struct counted {
	uint64_t functions;
	uint64_t instructions;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct dwunw_span read_file(const char *path)
{
	struct dwunw_span span = { NULL, 0 };
	FILE *f = fopen(path, "rb");
	uint8_t *bytes;

	if (!f || fseek(f, 0, SEEK_END))
		return span;
	span.size = (size_t)ftell(f);
	rewind(f);
	bytes = malloc(span.size);
	if (bytes && fread(bytes, 1, span.size, f) == span.size)
		span.data = bytes;
	fclose(f);
	return span;
}

static bool count(void *ctx, const struct dwunw_scan_point *point)
{
	struct counted *counted = ctx;

	counted->instructions += !point->in_call;
	return true;
}

/* The functions of the text, one behind the other. */
static void follow_all(struct dwunw_scan *scan, const struct dwunw_module *m,
		       const struct dwunw_section *text)
{
	struct counted counted = { 0 };
	uint64_t at = text->vaddr, start, end;
	double before = now();

	while (at < text->vaddr + text->size && counted.functions < ROWS) {
		(void)dwunw_scan_function(scan, m, at, DWUNW_SCAN_NO_SYMBOLS,
					  &start, &end, count, &counted);
		counted.functions++;
		at = end > at ? end : at + 4;
	}
	printf("  %llu functions, %llu instructions: %.1f us a function, "
	       "%.0f ns an instruction\n",
	       (unsigned long long)counted.functions,
	       (unsigned long long)counted.instructions,
	       (now() - before) * 1e6 / (double)counted.functions,
	       (now() - before) * 1e9 / (double)(counted.instructions + 1));
}

static void rows(struct dwunw_scan *scan, const struct dwunw_module *m,
		 const struct dwunw_section *text)
{
	uint64_t step = (text->size / ROWS) & ~3ull, i, ok = 0;
	struct dwunw_row row;
	double before = now(), first = 0;

	for (i = 0; i < ROWS; i++) {
		ok += dwunw_scan_row(scan, m, text->vaddr + i * step,
				     DWUNW_SCAN_NO_SYMBOLS | DWUNW_SCAN_EXACT,
				     &row) == DWUNW_SCAN_OK;
		if (i == 0)
			first = now() - before;
	}
	printf("  first pc %.1f ms; then %.1f us a pc, %llu of %u have a row\n",
	       first * 1e3, (now() - before - first) * 1e6 / (ROWS - 1),
	       (unsigned long long)ok, ROWS);
}

static int bench(const char *path)
{
	struct dwunw_span span = read_file(path);
	size_t size = span.size + ((size_t)8 << 20);
	struct dwunw_arena arena;
	struct dwunw_module m;
	struct dwunw_source src;
	struct dwunw_section text;
	struct dwunw_scan *scan;

	dwunw_arena_init(&arena, malloc(size), size);
	dwunw_source_from_span(&src, &span);
	if (!span.data || dwunw_module_open(&m, &src, 1, &arena) ||
	    dwunw_scan_init(&scan, MEMORY, &arena)) {
		fprintf(stderr, "scan: %s cannot be looked at\n", path);
		return 1;
	}
	if (dwunw_elf_section(&m.elf, ".text", &text))
		return 1;
	printf("%s: %llu KiB of code\n", path,
	       (unsigned long long)text.size >> 10);
	rows(scan, &m, &text);
	follow_all(scan, &m, &text);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0, i;

	for (i = 1; i < argc; i++)
		failed |= bench(argv[i]);
	return failed;
}
