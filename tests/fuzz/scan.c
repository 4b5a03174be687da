/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Any bytes as the code of every target, with and without the bounds that
 * its file tells: rows come or a reason does, in bounded time, the same again.
 */
#include "fuzz.h"

#include <dwunw/scan.h>

static uint8_t file[1 << 17];
static _Alignas(16) uint8_t memory[1 << 16];

/* Instructions told for one function are no more than its bytes, twice. */
struct told {
	uint64_t start;
	uint64_t end;
	uint64_t count;
};

static bool visit(void *ctx, const struct dwunw_scan_point *point)
{
	struct told *told = ctx;
	int32_t n = 0;

	told->count++;
	LAW(point->size > 0);
	LAW(told->count <= 4 * sizeof(file));
	if (point->result == DWUNW_SCAN_OK &&
	    point->row->rules[point->row->ra_column].kind !=
		    DWUNW_RULE_UNDEFINED)
		LAW(dwunw_scan_cfa_offset(point, point->row->cfa.reg, &n) &&
		    n == -point->row->cfa.value);
	return true;
}

/* Each instruction says of every register where it is from. */
static void decode(struct dwunw_scan *scan, const struct dwunw_module *module,
		   const struct told *told)
{
	const uint8_t columns = dwunw_arch_column_count(module->arch);
	struct dwunw_scan_effect effect;
	struct dwunw_scan_insn insn;
	uint64_t at = told->start;

	for (unsigned int i = 0; i < 64 && at < told->end; i++) {
		dwunw_scan_decode(scan, module, at, &insn);
		LAW(insn.last <= insn.size);
		for (uint8_t from = 0; from < columns && from < 64;
		     from += 15) {
			dwunw_scan_apply(scan, at, from, &effect);
		}
		at += insn.size ? insn.size : 1;
	}
}

static void scan_at(struct dwunw_scan *scan, const struct dwunw_module *module,
		    uint64_t vaddr, uint32_t flags)
{
	struct dwunw_row row, again;
	struct told told = { 0 };
	uint8_t first, second;

	memset(&row, 0, sizeof(row));
	memset(&again, 0, sizeof(again));
	first = dwunw_scan_row(scan, module, vaddr, flags, &row);
	second = dwunw_scan_row(scan, module, vaddr, flags, &again);
	LAW(first == second);
	LAW(first != DWUNW_SCAN_OK || !memcmp(&row, &again, sizeof(row)));
	if (dwunw_scan_function(scan, module, vaddr, flags, &told.start,
				&told.end, visit, &told) != DWUNW_SCAN_OK)
		return;
	LAW(told.start <= vaddr && vaddr < told.end);
	decode(scan, module, &told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_part parts[] = {
		{ .vaddr = 0x1000, .segment = PART_LOAD },
	};
	struct elf_spec spec;
	struct dwunw_scan *scan;
	struct dwunw_arena arena;
	struct fuzz_module m;
	size_t at;

	if (size < 4 || size > sizeof(file) / 2)
		return 0;
	spec = fuzz_specs[data[0] % COUNT(fuzz_specs)];
	spec.no_sections = true;
	parts[0].bytes = data + 4;
	parts[0].size = size - 4;
	fuzz_open(&m, file,
		  make_elf(file, sizeof(file), &spec, parts, COUNT(parts)),
		  data[1] % 2 == 0);
	LAW(m.status == DWUNW_OK);
	dwunw_arena_init(&arena, memory, sizeof(memory));
	LAW(dwunw_scan_init(&scan, 16384 + 16 * data[2], &arena) == DWUNW_OK);
	at = size > 4 ? data[3] * (size - 4) / 256 : 0;
	scan_at(scan, &m.module, 0x1000 + at, DWUNW_SCAN_NO_SYMBOLS);
	scan_at(scan, &m.module, 0x1000 + (at & ~(size_t)3), DWUNW_SCAN_EXACT);
	fuzz_close(&m);
	return 0;
}
