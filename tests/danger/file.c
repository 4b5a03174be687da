/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * file ELF - a small real file, cut at every byte, with every bit of its
 * headers and CFI flipped, with each read failing, in every arena.
 */
#include "exercise.h"
#include "tap.h"

#include <stdio.h>

static uint8_t *file;
static size_t size;

static bool sane(const struct exercise *x)
{
	return x->held == 0 && x->status <= 0 &&
	       x->status >= DWUNW_ERR_ATTACH_DENIED &&
	       (x->status != DWUNW_OK || x->stop.reason <= DWUNW_STOP_NO_CALL);
}

static bool stripped_of_symbols(void)
{
	struct dwunw_span span = { file, size };
	struct dwunw_source src;
	struct dwunw_elf elf;
	struct dwunw_section s;

	dwunw_source_from_span(&src, &span);
	return dwunw_elf_open(&elf, &src, NULL) == DWUNW_OK &&
	       dwunw_elf_section(&elf, ".symtab", &s) != DWUNW_OK;
}

static void whole(struct exercise *x, bool view)
{
	*x = (struct exercise){ .bytes = file, .size = size, .view = view };
	exercise(x);
	ok(x->status == DWUNW_OK && x->fdes >= 4 && x->bad_fdes == 0 &&
		   x->rows > x->fdes && x->frames >= 4 &&
		   (x->symbols > 0 || x->module.elf.section_count == 0 ||
		    stripped_of_symbols()),
	   "whole, %s: %" PRIu64 " FDEs, %" PRIu64 " rows, %zu frames, "
	   "%" PRIu64 " reads, arena of %zu",
	   view ? "in place" : "read", x->fdes, x->rows, x->frames, x->reads,
	   x->wanted);
}

static void truncated(void)
{
	unsigned int wrong = 0, opened = 0;
	size_t n;
	int view;

	for (n = 0; n < size; n++)
		for (view = 0; view < 2; view++) {
			uint8_t *exact = malloc(n + !n);
			struct exercise x = { .bytes = exact,
					      .size = n,
					      .view = view };

			memcpy(exact, file, n);
			exercise(&x);
			wrong += !sane(&x);
			opened += x.status == DWUNW_OK;
			free(exact);
		}
	is_u64(wrong, 0, "cut at each of %zu bytes (%u still open)", size,
	       opened);
}

/* Bits of [off, off + count), in steps so that all take some seconds. */
static void flipped(const char *title, uint64_t off, uint64_t count)
{
	uint8_t *exact = malloc(size);
	uint64_t bit, step = count * 8 / 4000 + 1;
	unsigned int wrong = 0, opened = 0, tried = 0;
	double start = seconds(), slowest = 0, took;

	memcpy(exact, file, size);
	for (bit = 0; bit < count * 8 && off + bit / 8 < size; bit += step) {
		struct exercise x = { .bytes = exact,
				      .size = size,
				      .view = tried % 2 };

		exact[off + bit / 8] ^= (uint8_t)(1u << bit % 8);
		took = seconds();
		exercise(&x);
		took = seconds() - took;
		slowest = took > slowest ? took : slowest;
		exact[off + bit / 8] ^= (uint8_t)(1u << bit % 8);
		wrong += !sane(&x);
		opened += x.status == DWUNW_OK;
		tried++;
	}
	is_u64(wrong, 0, "%s: %u bits flipped (%u still open), %.1f s", title,
	       tried, opened, seconds() - start);
	ok(slowest < 1, "%s: the slowest took %.0f ms", title, slowest * 1e3);
	free(exact);
}

static void flip_all(void)
{
	static const char *const names[] = { ".eh_frame", ".eh_frame_hdr",
					     ".debug_frame", ".symtab" };
	struct dwunw_span span = { file, size };
	struct dwunw_source src;
	struct dwunw_elf elf;
	struct dwunw_section s;
	size_t i;

	dwunw_source_from_span(&src, &span);
	if (dwunw_elf_open(&elf, &src, NULL) != DWUNW_OK)
		abort();
	flipped("ELF header", 0, 64);
	flipped("program headers", elf.program_off,
		(uint64_t)elf.program_count * elf.program_entry_size);
	flipped("section headers", elf.section_off,
		(uint64_t)elf.section_count * elf.section_entry_size);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (dwunw_elf_section(&elf, names[i], &s) == DWUNW_OK)
			flipped(names[i], s.off, s.size);
}

/* A read that fails is told: a module is never quietly poorer for it. */
static void failing_reads(const struct exercise *good)
{
	unsigned int wrong = 0, quiet = 0;
	uint64_t k;

	for (k = 1; k <= good->reads; k++) {
		struct exercise x = { .bytes = file,
				      .size = size,
				      .fail_at = k };

		exercise(&x);
		wrong += !sane(&x) ||
			 (x.status != DWUNW_OK && x.status != DWUNW_ERR_IO);
		if (x.status == DWUNW_OK &&
		    (x.fdes != good->fdes || x.rows != good->rows ||
		     x.module.cfi_source != good->module.cfi_source)) {
			quiet++;
			note("read %" PRIu64 " failed, the module opened with "
			     "%" PRIu64 " FDEs for %" PRIu64,
			     k, x.fdes, good->fdes);
		}
	}
	is_u64(wrong, 0,
	       "each of %" PRIu64 " reads of the file fails: OK or "
	       "IO, nothing held",
	       good->reads);
	is_u64(quiet, 0, "none of them is passed over");
}

static void failing_memory(const struct exercise *good)
{
	unsigned int wrong = 0;
	uint64_t k;

	for (k = 1; k <= good->memory_reads; k++) {
		struct exercise x = { .bytes = file,
				      .size = size,
				      .view = true,
				      .memory_fail_at = k };

		exercise(&x);
		wrong += !sane(&x) || x.status != DWUNW_OK || x.frames == 0;
	}
	is_u64(wrong, 0,
	       "each of %" PRIu64 " reads of memory fails: a stop, "
	       "nothing held",
	       good->memory_reads);
}

static void arenas(const struct exercise *good)
{
	unsigned int wrong = 0;
	size_t n;

	for (n = 1; n < good->wanted; n++) {
		struct exercise x = { .bytes = file,
				      .size = size,
				      .arena_size = n };

		exercise(&x);
		wrong += x.status != DWUNW_ERR_NO_MEMORY ||
			 x.wanted != good->wanted;
	}
	is_u64(wrong, 0, "each arena smaller than %zu is told so",
	       good->wanted);
}

int main(int argc, char **argv)
{
	struct exercise good;
	FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;

	if (!f)
		return 2;
	file = malloc(1 << 20);
	size = fread(file, 1, 1 << 20, f);
	fclose(f);
	ok(size > 0 && size < 20000, "%s has %zu bytes", argv[1], size);
	whole(&good, true);
	failing_memory(&good);
	whole(&good, false);
	failing_reads(&good);
	arenas(&good);
	truncated();
	flip_all();
	free(file);
	return done();
}
