/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * fill FORMAT KIND [NUMBER [event]] - a model that is made up, in that format, on
 * stdout; "event": live blocks and bytes are samples of cpu and nanoseconds.
 *
 *	small	four stacks of every kind: with lines and inlined calls, without
 *		names, without a file, cut short; blocks apart
 *	hostile	names that would be markup, script, control characters, the
 *		formats' own characters, no UTF-8
 *	full	small, and allocations, frees, temporary ones, histograms, times
 *	less	small, and what another one has less
 *	large	NUMBER stacks of 20 frames
 *	cpu	another event
 *	empty	nothing
 */
#include <dwunw/report.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dwunw_report report;

static uint32_t file(const char *path, uint64_t identity)
{
	struct dwunw_report_file own = {
		.identity = identity,
		.path = path,
		.build_id = { 0xca, 0xfe, 0xba, 0xbe, 1, 2, 3, 4 },
		.build_id_size = identity ? 8 : 0,
		.size = 4096,
	};

	return dwunw_report_add_file(&report, &own);
}

/* A return address in that file, or frame 0. */
static uint32_t frame(uint32_t in, uint64_t vaddr, bool first,
		      const struct dwunw_symbol_info *info)
{
	struct dwunw_frame own = {
		.pc = 0x7f0000000000u + vaddr,
		.vaddr = vaddr,
		.how = first ? DWUNW_HOW_EVENT : DWUNW_HOW_CFI,
	};

	return dwunw_report_add_frame(&report, &own, in, info);
}

static uint32_t named(uint32_t in, uint64_t vaddr, bool first, const char *name,
		      const char *source, uint32_t line)
{
	struct dwunw_symbol_info info = { .function = name,
					  .file = source,
					  .line = line,
					  .offset = vaddr & 0xff };

	return frame(in, vaddr, first, &info);
}

static uint32_t stack(const uint32_t *frames, uint32_t count, const char *end)
{
	struct dwunw_report_stack like = { .end = end };

	return dwunw_report_add_stack(&report, frames, count, &like);
}

static uint32_t entry(uint32_t of, int64_t blocks, int64_t bytes)
{
	uint32_t own = dwunw_report_add_entry(&report, of, 0, 0, 42);

	dwunw_report_add_value(&report, own, DWUNW_REPORT_LIVE_BLOCKS, blocks);
	dwunw_report_add_value(&report, own, DWUNW_REPORT_LIVE_BYTES, bytes);
	return own;
}

static void begin(const char *program)
{
	struct dwunw_report_process process = { .pid = 42, .name = program };

	report.meta.tool = "dwunw test";
	report.meta.version = dwunw_version();
	report.meta.kernel = "6.1.0";
	report.meta.start_realtime_ns = 1700000000000000000u;
	report.meta.start_ns = 1000;
	report.meta.end_ns = 5000001000u;
	report.meta.has = 1u << DWUNW_REPORT_LIVE_BLOCKS |
			  1u << DWUNW_REPORT_LIVE_BYTES;
	dwunw_report_add_process(&report, &process);
}

static void small(void)
{
	uint32_t program = file("/usr/bin/program", 1),
		 lib = file("/lib/libx.so", 2);
	struct dwunw_report_mapping code = { 0x7f0000001000u, 0x7f0000009000u,
					     0x1000,	      0x7f0000000000u,
					     program,	      42 };
	struct dwunw_symbol_info inner = { .function = "inner(int)",
					   .file = "in.h",
					   .line = 3 };
	struct dwunw_symbol_info outer = { .function = "leak<int, char>(int)",
					   .file = "src/leak.cc",
					   .line = 17,
					   .inlined = &inner };
	uint32_t frames[3] = { frame(program, 0x1100, true, &outer),
			       named(lib, 0x2200, false, "call", NULL, 0),
			       named(program, 0x1300, false, "main", "main.c",
				     9) };
	uint32_t bare[2] = { frame(program, 0x1500, true, NULL), frames[2] };
	uint32_t jit = frame(DWUNW_REPORT_NONE, 0x500000, true, NULL);

	dwunw_report_add_mapping(&report, &code);
	entry(stack(frames, 3, ""), 3, 3001);
	entry(stack(bare, 2, ""), 10, 1000);
	entry(stack(&jit, 1, "no row for 0x500000"), 1, 77);
	entry(stack(&frames[2], 1, ""), 2, 5);
	report.apart[DWUNW_REPORT_UNKNOWN][DWUNW_REPORT_LIVE_BLOCKS] = 4;
	report.apart[DWUNW_REPORT_UNKNOWN][DWUNW_REPORT_LIVE_BYTES] = 400;
	report.apart[DWUNW_REPORT_UNKEPT][DWUNW_REPORT_LIVE_BLOCKS] = 5;
	report.apart[DWUNW_REPORT_UNKEPT][DWUNW_REPORT_LIVE_BYTES] = 50;
}

static void full(void)
{
	small();
	report.meta.has |= 1u << DWUNW_REPORT_ALLOCATIONS |
			   1u << DWUNW_REPORT_ALLOCATED_BYTES |
			   1u << DWUNW_REPORT_TEMPORARY |
			   1u << DWUNW_REPORT_TEMPORARY_BYTES;
	for (uint32_t i = 0; i < report.entry_count; i++) {
		int64_t *values = report.entries[i].values;

		values[DWUNW_REPORT_ALLOCATIONS] =
			values[DWUNW_REPORT_LIVE_BLOCKS] + 7;
		values[DWUNW_REPORT_ALLOCATED_BYTES] =
			values[DWUNW_REPORT_LIVE_BYTES] + 710;
		values[DWUNW_REPORT_TEMPORARY] = 5;
		values[DWUNW_REPORT_TEMPORARY_BYTES] = 510;
		dwunw_report_add_histogram(&report, i, DWUNW_REPORT_SIZES, 100,
					   7, 700);
		dwunw_report_add_histogram(&report, i, DWUNW_REPORT_LIVE_AGES,
					   1000000, 3, 300);
		dwunw_report_add_histogram(&report, i, DWUNW_REPORT_FREED_AGES,
					   5000, 7, 700);
	}
	for (uint32_t i = 0; i < 5; i++) {
		uint32_t point = dwunw_report_add_point(
			&report, 1000 + i * 1000000000ull);

		report.points[point].values[DWUNW_REPORT_LIVE_BYTES] =
			1000 * (i + 1);
		dwunw_report_add_then(&report, 0, point, i, 500 * i);
	}
}

static void hostile(void)
{
	static const char *const names[] = {
		"<script>document.title='injected'</script>",
		"</script><img src=x onerror=alert(1)>",
		"\"quoted\" \\ back`tick ${x}",
		"a;b c d",
		"line\nbreak\x1b[31m",
		"\xff\xfe not utf-8 \xc3",
		"\xe5\x87\xbd\xe6\x95\xb0",
		"<!--",
		"]]>",
	};
	uint32_t program = file("/tmp/<b>&amp;\n/\"x\"", 1);

	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t frames[2] = { named(program, 0x1000 + 16 * i, true,
					     names[i], names[i], 1),
				       named(program, 0x2000, false, "main",
					     NULL, 0) };

		entry(stack(frames, 2, names[i]), 1, 100 + i);
	}
	dwunw_report_add_label(&report, "a\"b\n", "<i>");
}

static void less(void)
{
	struct dwunw_report grown;

	small();
	grown = report;
	report = (struct dwunw_report){ 0 };
	begin("program");
	small();
	for (uint32_t i = 0; i < report.entry_count; i++)
		report.entries[i].values[DWUNW_REPORT_LIVE_BYTES] =
			i == 1 ? 1600 : 77;
	if (dwunw_report_add(&grown, &report, -1))
		exit(1);
	dwunw_report_free(&report);
	report = grown;
}

/* A tree as programs have it: the same outer functions for many. */
static void large(uint32_t count)
{
	uint32_t program = file("/usr/bin/large", 1), frames[20];
	char name[64];

	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t k = 0; k < 20; k++) {
			uint32_t which = k ? (i / (1u << (k > 16 ? 16 : k))) :
					     i;

			snprintf(name, sizeof(name), "function_%u_%u", k,
				 which % 5000);
			frames[k] = named(program, 0x1000000ull * k + which,
					  k == 0, name, "src/large.c", which);
		}
		entry(stack(frames, 20, ""), 1 + i % 3,
		      i == count / 2 ? 1000000000 : 100 + i % 1000);
	}
}

static void cpu(void)
{
	uint32_t program = file("/usr/bin/program", 1);
	uint32_t frames[1] = { named(program, 0x1100, true, "busy", "b.c", 2) };
	uint32_t own =
		dwunw_report_add_entry(&report, stack(frames, 1, ""), 0, 0, 42);

	report.meta.has = 1u << DWUNW_REPORT_SAMPLES | 1u << DWUNW_REPORT_EVENT;
	report.meta.event = "cpu";
	report.meta.unit = "nanoseconds";
	dwunw_report_add_value(&report, own, DWUNW_REPORT_SAMPLES, 99);
	dwunw_report_add_value(&report, own, DWUNW_REPORT_EVENT, 990000000);
}

/* The same stacks, counted of another event. */
static void make_event(void)
{
	const uint32_t from[] = { DWUNW_REPORT_LIVE_BLOCKS,
				  DWUNW_REPORT_LIVE_BYTES };
	const uint32_t to[] = { DWUNW_REPORT_SAMPLES, DWUNW_REPORT_EVENT };

	report.meta.has = 1u << to[0] | 1u << to[1];
	report.meta.event = "cpu";
	report.meta.unit = "nanoseconds";
	for (uint32_t k = 0; k < 2; k++) {
		for (uint32_t i = 0; i < report.entry_count; i++) {
			int64_t *values = report.entries[i].values;

			values[to[k]] = values[from[k]];
			values[from[k]] = 0;
		}
		for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++) {
			report.apart[i][to[k]] = report.apart[i][from[k]];
			report.apart[i][from[k]] = 0;
		}
	}
}

static bool write_out(void *ctx, const void *bytes, size_t size)
{
	(void)ctx;
	return fwrite(bytes, 1, size, stdout) == size;
}

static void fill(const char *kind, uint32_t number)
{
	begin(!strcmp(kind, "hostile") ? "<b>program;x y</b>" : "program");
	if (!strcmp(kind, "small"))
		small();
	else if (!strcmp(kind, "full"))
		full();
	else if (!strcmp(kind, "hostile"))
		hostile();
	else if (!strcmp(kind, "less"))
		less();
	else if (!strcmp(kind, "large"))
		large(number);
	else if (!strcmp(kind, "cpu"))
		cpu();
}

int main(int argc, char **argv)
{
	struct dwunw_report_output output = { .write = write_out };
	struct dwunw_report_options options = { .losses = true };
	uint32_t format = 0;

	if (argc < 3)
		return 2;
	while (dwunw_report_format_name(format) &&
	       strcmp(argv[1], dwunw_report_format_name(format)))
		format++;
	fill(argv[2], argc > 3 ? (uint32_t)atoi(argv[3]) : 0);
	if (argc > 4)
		make_event();
	dwunw_report_sort(&report, report.meta.event ? DWUNW_REPORT_EVENT :
						       DWUNW_REPORT_LIVE_BYTES);
	if (dwunw_report_write(&report, format, &options, &output))
		return 1;
	dwunw_report_free(&report);
	return fflush(stdout) ? 1 : 0;
}
