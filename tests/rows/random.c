/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Rows by address against rows in sequence: for the first, a middle and the
 * last pc of every FDE, dwunw_module_row() must give what the FDE's program
 * gave when it was run through.
 *
 * Where FDEs overlap, the one that dwunw_module_fde() picks counts; such pcs
 * are counted as shadowed. Prints one line a file:
 *
 *	FILE: fdes N pcs N shadowed N empty N differing N source N
 */
#include <dwunw/dwunw_api.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list {
	struct dwunw_row *rows;
	size_t count;
	size_t room;
};

struct check {
	const char *path;
	const struct dwunw_module *module;
	struct dwunw_row_scratch *scratch;
	struct list list;
	uint64_t fdes, pcs, shadowed, empty, differing;
};

static bool keep(void *ctx, const struct dwunw_row *row)
{
	struct list *list = ctx;

	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->rows =
			realloc(list->rows, list->room * sizeof(*list->rows));
		if (!list->rows)
			abort();
	}
	list->rows[list->count++] = *row;
	return true;
}

static bool sequence(struct check *check, const struct dwunw_fde *fde)
{
	struct dwunw_row row;

	check->list.count = 0;
	return !dwunw_fde_rows(check->module, fde, check->scratch, &row, keep,
			       &check->list);
}

static bool same_rule(const struct dwunw_rule *a, const struct dwunw_rule *b)
{
	return a->kind == b->kind && a->reg == b->reg && a->size == b->size &&
	       a->value == b->value;
}

static bool same_row(const struct dwunw_row *a, const struct dwunw_row *b)
{
	uint8_t i;

	if (!same_rule(&a->cfa, &b->cfa) || a->ra_column != b->ra_column ||
	    a->flags != b->flags || a->column_count != b->column_count)
		return false;
	for (i = 0; i < a->column_count; i++)
		if (!same_rule(&a->rules[i], &b->rules[i]))
			return false;
	return true;
}

static void differ(struct check *check, uint64_t pc, const char *what)
{
	if (check->differing++ < 5)
		printf("# %s: pc 0x%" PRIx64 ": %s\n", check->path, pc, what);
}

/* The row may be wider than one of the sequence, by equal neighbours only. */
static void compare(struct check *check, uint64_t pc)
{
	const struct list *list = &check->list;
	bool inside = true;
	struct dwunw_row row;
	size_t i;

	check->pcs++;
	if (dwunw_module_row(check->module, pc, check->scratch, &row)) {
		differ(check, pc, "no row");
		return;
	}
	if (pc < row.start || pc >= row.end)
		differ(check, pc, "outside its row");
	for (i = 0; i < list->count; i++) {
		const struct dwunw_row *want = &list->rows[i];
		bool holds = want->start <= pc && pc < want->end;

		if (want->start < row.end && row.start < want->end &&
		    !same_row(want, &row))
			inside = false;
		if (holds && (row.start > want->start || row.end < want->end))
			inside = false;
	}
	if (!inside)
		differ(check, pc, "another row");
}

static void check_pc(struct check *check, const struct dwunw_fde *fde,
		     uint64_t pc)
{
	struct dwunw_fde found;

	if (dwunw_module_fde(check->module, pc, &found)) {
		check->pcs++;
		differ(check, pc, "no FDE");
		return;
	}
	if (found.off == fde->off && found.cfi == fde->cfi) {
		compare(check, pc);
		return;
	}
	check->shadowed++;
	if (pc < found.start || pc >= found.end || !sequence(check, &found))
		differ(check, pc, "an FDE that does not hold it");
	else
		compare(check, pc);
	sequence(check, fde);
}

static void check_section(struct check *check, const struct dwunw_cfi *cfi)
{
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde;
	dwunw_status_t status;

	if (!cfi->bytes.size)
		return;
	dwunw_fde_cursor_init(&cursor, check->module, cfi);
	while ((status = dwunw_fde_next(&cursor, &fde)) !=
	       DWUNW_ERR_NO_DEBUG_DATA) {
		check->fdes++;
		if (status || !sequence(check, &fde)) {
			differ(check, fde.start, "cannot be read");
			if (status && status != DWUNW_ERR_BAD_FORMAT)
				return;
			continue;
		}
		if (fde.start >= fde.end) {
			check->empty++;
			continue;
		}
		check_pc(check, &fde, fde.start);
		check_pc(check, &fde, fde.start + (fde.end - fde.start) / 2);
		check_pc(check, &fde, fde.end - 1);
	}
}

static bool check_file(struct dwunw_context *ctx, struct check *check)
{
	dwunw_status_t status;

	status = dwunw_module_cache_acquire(ctx, check->path, &check->module);
	if (status) {
		printf("%s: %s\n", check->path, dwunw_status_name(status));
		return false;
	}
	check_section(check, &check->module->eh);
	check_section(check, &check->module->debug);
	printf("%s: fdes %" PRIu64 " pcs %" PRIu64 " shadowed %" PRIu64
	       " empty %" PRIu64 " differing %" PRIu64 " source %u\n",
	       check->path, check->fdes, check->pcs, check->shadowed,
	       check->empty, check->differing, check->module->cfi_source);
	dwunw_module_cache_release(ctx, check->module);
	free(check->list.rows);
	return !check->differing;
}

int main(int argc, char **argv)
{
	struct dwunw_context ctx = { 0 };
	void *scratch = malloc(dwunw_row_scratch_size());
	bool good = true;
	int i;

	if (!scratch || dwunw_init(&ctx))
		return 2;
	for (i = 1; i < argc; i++) {
		struct check check = { .path = argv[i], .scratch = scratch };

		good &= check_file(&ctx, &check);
	}
	dwunw_shutdown(&ctx);
	free(scratch);
	return good ? 0 : 1;
}
