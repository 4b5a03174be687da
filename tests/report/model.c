/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The model by itself: what is the same is once there, sums and differences,
 * suppressions, points in time; memory that runs out.
 */
#include <dwunw/report.h>

#include "tap.h"

#include <stdlib.h>

static uint32_t file_of(struct dwunw_report *report, uint64_t identity)
{
	struct dwunw_report_file file = { .identity = identity, .path = "/x" };

	return dwunw_report_add_file(report, &file);
}

static uint32_t frame_of(struct dwunw_report *report, uint32_t file,
			 uint64_t pc, uint64_t vaddr, uint8_t how,
			 const char *name)
{
	struct dwunw_frame frame = { .pc = pc, .vaddr = vaddr, .how = how };
	struct dwunw_symbol_info info = { .function = name, .file = "s.c" };

	return dwunw_report_add_frame(report, &frame, file,
				      name ? &info : NULL);
}

/* A stack of that function below main, in a process where the file is at bias. */
static uint32_t entry_of(struct dwunw_report *report, uint64_t bias,
			 uint64_t vaddr, const char *name, int64_t bytes)
{
	struct dwunw_report_stack like = { .end = "" };
	uint32_t file = file_of(report, 7), frames[2], entry;

	frames[0] = frame_of(report, file, bias + vaddr, vaddr, DWUNW_HOW_EVENT,
			     name);
	frames[1] = frame_of(report, file, bias + 0x10, 0x10, DWUNW_HOW_CFI,
			     "main");
	entry = dwunw_report_add_entry(
		report, dwunw_report_add_stack(report, frames, 2, &like), 0, 0,
		1);
	dwunw_report_add_value(report, entry, DWUNW_REPORT_LIVE_BYTES, bytes);
	return entry;
}

static int64_t bytes_of(const struct dwunw_report *report, uint32_t entry)
{
	return report->entries[entry].values[DWUNW_REPORT_LIVE_BYTES];
}

static void test_same(void)
{
	struct dwunw_report report = { .meta.version = "" };
	uint32_t a = entry_of(&report, 0x1000, 0x100, "f", 1);
	uint32_t b = entry_of(&report, 0x5000, 0x100, "f", 2);

	is_u64(b, a, "a stack in another process is the same one");
	is_u64(bytes_of(&report, a), 3, "and its values add up");
	is_u64(report.stack_count, 1, "one stack");
	is_u64(report.frame_count, 4, "frames are kept as each has them");
	b = entry_of(&report, 0x1000, 0x104, "f", 2);
	ok(a != b, "another address is another stack");
	ok(dwunw_report_text(&report, "f") ==
		   report.frames[report.stacks[0].frames[0]].call.function,
	   "a text is once there");
	is_u64(dwunw_report_add_entry(&report, 99, 0, 0, 0), DWUNW_REPORT_NONE,
	       "no entry of a stack that is none");
	dwunw_report_free(&report);
}

/* The example of SPEC.md, "Files and stacks by 64 bits". */
static void test_id(void)
{
	struct dwunw_report report = { .meta.version = "" };
	struct dwunw_report_stack like = { .end = "" };
	uint32_t file = file_of(&report, 0xcc927f6ee23a0f61u), frames[3];
	uint32_t stack;

	frames[0] = frame_of(&report, file, 0x501139, 0x1139, DWUNW_HOW_EVENT,
			     NULL);
	frames[1] =
		frame_of(&report, file, 0x501180, 0x1180, DWUNW_HOW_CFI, NULL);
	frames[2] = frame_of(&report, DWUNW_REPORT_NONE, 0x7f0000001000u,
			     0x7f0000001000u, DWUNW_HOW_CFI, NULL);
	stack = dwunw_report_add_stack(&report, frames, 3, &like);
	is_u64(report.stacks[stack].id, 0x15b7a514620e3d33u,
	       "a stack's id is SPEC.md's");
	dwunw_report_free(&report);
}

/* Of two recordings no sum at a moment is known, so there is no growth either. */
static void test_sum_of_points(void)
{
	struct dwunw_report a = { .meta.version = "" }, sum = { 0 };
	uint32_t entry = entry_of(&a, 0x1000, 0x100, "f", 100);

	for (uint32_t i = 0; i < 3; i++)
		dwunw_report_add_then(&a, entry,
				      dwunw_report_add_point(&a, 100 * i), i,
				      10 * i);
	ok(!dwunw_report_add(&sum, &a, 1), "into an empty model");
	is_u64(sum.point_count, 3, "points are those of the first");
	is_u64(sum.entries[0].then_count, 3, "and what it had then");
	is_u64(sum.entries[0].thens[2].live_bytes, 20, "…");
	ok(!dwunw_report_add(&sum, &a, 1), "and another one");
	is_u64(bytes_of(&sum, 0), 200, "is added");
	is_u64(sum.point_count, 0, "no points");
	is_u64(sum.entries[0].then_count, 0, "and nothing then");
	dwunw_report_free(&sum);
	dwunw_report_free(&a);
}

static void test_sum(void)
{
	struct dwunw_report a = { .meta.version = "" };
	struct dwunw_report b = { .meta.version = "" };
	struct dwunw_report sum = { 0 };

	entry_of(&a, 0x1000, 0x100, "f", 100);
	entry_of(&a, 0x1000, 0x200, "g", 50);
	entry_of(&b, 0x7000, 0x100, "f", 130);
	entry_of(&b, 0x7000, 0x300, "h", 5);
	ok(!dwunw_report_add(&sum, &b, 1) && !dwunw_report_add(&sum, &a, -1),
	   "a difference");
	dwunw_report_sort(&sum, DWUNW_REPORT_LIVE_BYTES);
	is_u64(sum.entry_count, 3, "three stacks changed");
	is_u64(bytes_of(&sum, 0), 30, "f grew, though it is elsewhere");
	is_u64(bytes_of(&sum, 1), 5, "h is new");
	is_u64(bytes_of(&sum, 2), (uint64_t)-50, "g is gone");
	is_u64(dwunw_report_total(&sum, DWUNW_REPORT_LIVE_BYTES), (uint64_t)-15,
	       "the sum of all");
	ok(sum.meta.difference, "it says that it is a difference");
	ok(!dwunw_report_add(&sum, &a, 1) && !dwunw_report_add(&sum, &b, -1),
	   "and back");
	dwunw_report_sort(&sum, DWUNW_REPORT_LIVE_BYTES);
	is_u64(sum.entry_count, 0, "nothing is left");
	dwunw_report_free(&sum);
	dwunw_report_free(&a);
	dwunw_report_free(&b);
}

/* PATTERN, a function's name, does it match. */
static const struct {
	const char *line;
	const char *name;
	bool matches;
} suppressions[] = {
	{ "leak:leak_me", "leak_me", true },
	{ "leak:leak", "my_leak_it", true },
	{ "leak:^leak", "my_leak", false },
	{ "leak:^leak", "leak_it", true },
	{ "leak:leak$", "leak_it", false },
	{ "leak:leak$", "a_leak_leak", true },
	{ "leak:^leak$", "leak", true },
	{ "leak:^leak$", "leakleak", false },
	{ "leak:a*c", "xabbcx", true },
	{ "leak:a*c", "xcba", false },
	{ "leak:^a*c$", "abcc", true },
	{ "leak:^a*c$", "abcd", false },
	{ "leak:*", "anything", true },
	{ "leak:s.c", "f", true }, /* its source file */
	{ "leak:/x", "f", true },  /* its file */
	{ "# leak:f", "f", false },
	{ "  leak:f  ", "f", true },
	{ "\n\nleak:f\r\n", "f", true },
	{ "leak:other\nleak:f", "f", true },
};

static void test_suppress(void)
{
	for (size_t i = 0; i < sizeof(suppressions) / sizeof(suppressions[0]);
	     i++) {
		struct dwunw_report report = { .meta.version = "" };
		const char *line = suppressions[i].line;
		uint32_t wrong = 9;

		entry_of(&report, 0, 0x100, suppressions[i].name, 10);
		ok(!dwunw_report_suppress(&report, line, strlen(line),
					  &wrong) &&
			   !wrong &&
			   report.entry_count == !suppressions[i].matches &&
			   report.apart[DWUNW_REPORT_SUPPRESSED]
				       [DWUNW_REPORT_LIVE_BYTES] ==
				   10 * suppressions[i].matches,
		   "'%s' and %s", line, suppressions[i].name);
		dwunw_report_free(&report);
	}
}

static void test_bad_suppress(void)
{
	static const char *const bad[] = { "leak:f\nrace:f", "x\ny",
					   "leak:f\nleak:" };
	static const uint32_t lines[] = { 2, 1, 2 };

	for (size_t i = 0; i < 3; i++) {
		struct dwunw_report report = { .meta.version = "" };
		uint32_t line = 0;

		entry_of(&report, 0, 0x100, "f", 10);
		ok(dwunw_report_suppress(&report, bad[i], strlen(bad[i]),
					 &line) == DWUNW_ERR_BAD_FORMAT &&
			   line == lines[i] && report.entry_count == 1,
		   "line %" PRIu32 " is wrong, and nothing is taken out",
		   lines[i]);
		dwunw_report_free(&report);
	}
}

static void test_points(void)
{
	struct dwunw_report report = { .meta.version = "" };
	uint32_t entry = entry_of(&report, 0, 0x100, "f", 10);

	for (uint32_t i = 0; i < 9; i++)
		dwunw_report_add_then(&report, entry,
				      dwunw_report_add_point(&report,
							     100 * (i + 1)),
				      i / 2, i / 2 * 10);
	is_u64(report.entries[entry].then_count, 5,
	       "what has not changed is not kept again");
	dwunw_report_thin(&report);
	is_u64(report.point_count, 5, "half of the points");
	is_u64(report.points[4].time_ns, 900, "the last is there");
	is_u64(report.entries[entry].thens[4].live_bytes, 40, "with its value");
	is_u64(report.entries[entry].thens[4].point, 4, "at its place");
	dwunw_report_clear(&report);
	is_u64(bytes_of(&report, entry), 0, "values begin anew");
	is_u64(report.entries[entry].then_count, 5, "what was is there");
	dwunw_report_free(&report);
}

static void test_histogram(void)
{
	struct dwunw_report report = { .meta.version = "" };
	uint32_t entry = entry_of(&report, 0, 0x100, "f", 10);
	static const uint64_t values[] = { 4, 0, 3, 1, UINT64_MAX, 2, 7 };
	const struct dwunw_report_histogram *own;
	bool sorted = true;

	for (size_t i = 0; i < 7; i++)
		dwunw_report_add_histogram(&report, entry, DWUNW_REPORT_SIZES,
					   values[i], 1, 10);
	own = &report.entries[entry].histograms[DWUNW_REPORT_SIZES];
	for (uint32_t i = 1; i < own->count; i++)
		sorted &= own->at[i - 1].bits < own->at[i].bits;
	ok(sorted && own->count == 5, "five buckets, ascending");
	is_u64(own->at[2].blocks, 2, "2 and 3 are in one");
	is_u64(own->at[4].bits, 64, "the largest value has 64 bits");
	dwunw_report_free(&report);
}

static bool fails(void *ctx, const void *bytes, size_t size)
{
	size_t *room = ctx;

	(void)bytes;
	*room = size > *room ? 0 : *room - size;
	return *room != 0;
}

/* Of every format the output fails; a model without memory is not written. */
static void test_failing(void)
{
	struct dwunw_report report = { .meta.version = "" };
	bool io = true, memory = true;

	report.meta.has = 1u << DWUNW_REPORT_LIVE_BYTES;
	entry_of(&report, 0, 0x100, "f", 10);
	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++) {
		size_t room = 10;
		struct dwunw_report_output output = { fails, &room };

		io &= dwunw_report_write(&report, i, NULL, &output) ==
		      DWUNW_ERR_IO;
	}
	ok(io, "output that fails is told, in every format");
	report.failed = true;
	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++) {
		size_t room = 1u << 20;
		struct dwunw_report_output output = { fails, &room };

		memory &= dwunw_report_write(&report, i, NULL, &output) ==
				  DWUNW_ERR_NO_MEMORY &&
			  room == 1u << 20;
	}
	ok(memory, "a model without memory is not written");
	ok(dwunw_report_write(&report, DWUNW_REPORT_FORMAT_END, NULL, NULL) ==
		   DWUNW_ERR_INVALID_ARG,
	   "no such format");
	dwunw_report_free(&report);
}

int main(void)
{
	test_same();
	test_id();
	test_sum();
	test_sum_of_points();
	test_suppress();
	test_bad_suppress();
	test_points();
	test_histogram();
	test_failing();
	return done();
}
