/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * record/: what is written is read again, on any host the same bytes; cut at each
 * byte and with each byte changed it is read up to there, or refused.
 *
 * `recording --golden DIR` writes the files of tests/record/golden.
 */
#include <dwunw/linux.h>
#include <dwunw/record.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

#define GOLDEN "tests/record/golden/"

static char dir[] = "/tmp/recording-XXXXXX", path[64];
static uint8_t bytes[1 << 20];
static size_t size;

static const struct dwunw_recording_head head = {
	.arch = 4,
	.data = 2,
	.elf_class = 1,
	.event = DWUNW_RECORDING_ALLOC,
	.flags = DWUNW_RECORDING_FLAG_COMMANDS,
	.unit = 1,
	.real_ns = 1700000000000000000,
	.start_ns = 1000,
	.min_age_ns = 500000000,
	.max_size = UINT64_MAX,
	.sample_every = 1,
	.kernel = "Linux 5.15.0",
	.machine = "mips",
	.tool = "dwunw 0.2.0",
};

static size_t slurp(const char *name, uint8_t *to, size_t room)
{
	FILE *in = fopen(name, "rb");
	size_t got = in ? fread(to, 1, room, in) : 0;

	if (in)
		fclose(in);
	return got;
}

/* --- a recording of everything there is --------------------------------------- */

static void add_files(struct dwunw_recording_writer *w)
{
	const struct dwunw_recording_file files[] = {
		{ .identity = 0xcc927f6ee23a0f61,
		  .size = 70000,
		  .path = "/usr/bin/leaky",
		  .build_id_size = 20,
		  .build_id = { 0,  1,	2,  3,	4,  5,	6,  7,	8,  9,
				10, 11, 12, 13, 14, 15, 16, 17, 18, 19 } },
		{ .identity = 0x123456789abcdef0,
		  .size = 5000000000,
		  .path = "/lib/libc.so.0" },
	};

	is_u64(dwunw_recording_add_file(w, &files[0]), 1, "the first file");
	is_u64(dwunw_recording_add_file(w, &files[1]), 2, "the second one");
}

static void add_stacks(struct dwunw_recording_writer *w)
{
	const struct dwunw_recording_frame frames[] = {
		{ .vaddr = 0x1234, .pc = 0x77001234, .file = 2 },
		{ .vaddr = 0x400800, .pc = 0x400800, .file = 1, .how = 1 },
		{ .vaddr = 0x400900,
		  .pc = 0x400900,
		  .file = 1,
		  .how = 6,
		  .flags = 16 },
		{ .vaddr = 0x7f0000001000,
		  .pc = 0x7f0000001000,
		  .how = 7,
		  .lookup = DWUNW_RECORDING_FRAME_FLAG_EXACT },
		{ .vaddr = 0x1300, .pc = 0x78001300, .file = 2 },
	};
	uint32_t n[5], first[3], second[3];
	struct dwunw_recording_stack stack = { .id = 0x15b7a514620e3d33,
					       .process = 1,
					       .frames = first,
					       .count = 3,
					       .end = "" };

	for (int i = 0; i < 5; i++)
		n[i] = dwunw_recording_add_frame(w, &frames[i]);
	is_u64(dwunw_recording_add_frame(w, &frames[1]), 2,
	       "a frame that is there has its number");
	memcpy(first, (uint32_t[]){ n[0], n[1], n[2] }, sizeof(first));
	memcpy(second, (uint32_t[]){ n[4], n[3], n[2] }, sizeof(second));
	is_u64(dwunw_recording_add_stack(w, &stack), 1, "the first stack");
	stack.id = 2;
	stack.frames = second;
	stack.flags = DWUNW_RECORDING_STACK_FLAG_THREAD;
	stack.stop = 3;
	stack.scan = 4;
	stack.end = "no unwind information for 0x1300 in /lib/libc.so.0";
	is_u64(dwunw_recording_add_stack(w, &stack), 2, "the second one");
}

static void add_processes(struct dwunw_recording_writer *w)
{
	const struct dwunw_recording_mapping maps[] = {
		{ .start = 0x400000, .end = 0x410000, .file = 1 },
		{ .start = 0x77000000,
		  .end = 0x77080000,
		  .off = 0x1000,
		  .bias = 0x77000000,
		  .file = 2 },
	};

	is_u64(dwunw_recording_add_process(w,
					   &(struct dwunw_recording_process){
						   .pid = 1234,
						   .parent = 1,
						   .start_ns = 900,
						   .name = "leaky",
						   .command =
							   "leaky --forever" }),
	       1, "the first process");
	is_u64(dwunw_recording_add_process(
		       w,
		       &(struct dwunw_recording_process){ .pid = 1235,
							  .name = "\nline" }),
	       2, "the second one");
	dwunw_recording_add_maps(w, 1, maps, 2);
}

static void add_names(struct dwunw_recording_writer *w)
{
	const struct dwunw_recording_call inlined[] = {
		{ "grow", "/src/grow.h", 17, 3 },
		{ "more", "/src/grow.h", 4, 0 },
	};
	const struct dwunw_recording_name names[] = {
		{ .at = { "work", "/src/leaky.c", 12, 5 },
		  .offset = 0x20,
		  .inlined_count = 2,
		  .inlined = inlined },
		{ .at = { "main", "", 0, 0 } },
	};

	is_u64((uint64_t)dwunw_recording_add_name(w, 2, &names[0]), 0,
	       "a name");
	is_u64((uint64_t)dwunw_recording_add_name(w, 3, &names[1]), 0,
	       "a name without a line");
	ok(dwunw_recording_add_name(w, 99, &names[1]) == -EINVAL,
	   "a name of no frame is refused");
}

static void add_counts(struct dwunw_recording_writer *w, int64_t turn)
{
	dwunw_recording_clear_gauges(w);
	dwunw_recording_set(w, 1, 1, DWUNW_RECORDING_ALLOCATIONS, 100 * turn);
	dwunw_recording_set(w, 1, 1, DWUNW_RECORDING_BYTES, 6400 * turn);
	dwunw_recording_add(w, 1, 1, DWUNW_RECORDING_LIVE, 10 - turn);
	dwunw_recording_add(w, 1, 1, DWUNW_RECORDING_LIVE_BYTES, 640 - turn);
	dwunw_recording_add(w, 1, 1, DWUNW_RECORDING_SIZES + 7, 100);
	if (turn == 1)
		dwunw_recording_add(w, 2, 2, DWUNW_RECORDING_LIVE, 3);
	if (turn == 2)
		dwunw_recording_add(w, 1, 0, DWUNW_RECORDING_LIVE_BYTES,
				    INT64_MAX);
	dwunw_recording_count(w, DWUNW_RECORDING_COUNT_ALLOCATIONS,
			      100 * (uint64_t)turn);
	dwunw_recording_count(w, DWUNW_RECORDING_COUNT_NO_ROOM, 5);
}

/* A count that goes down to 0. */
static void is_none_again(void)
{
	struct dwunw_recording_writer *w = NULL;
	struct dwunw_recording r;

	ok(!dwunw_recording_create(&w, path, &head, NULL), "create");
	dwunw_recording_count(w, DWUNW_RECORDING_COUNT_THREADS, 3);
	ok(!dwunw_recording_write_step(w, 2000), "a step");
	dwunw_recording_count(w, DWUNW_RECORDING_COUNT_THREADS, 0);
	ok(!dwunw_recording_close(w, 3000), "the end");
	size = slurp(path, bytes, sizeof(bytes));
	ok(dwunw_recording_read(&r, bytes, size, NULL) == DWUNW_OK, "read");
	is_u64(r.counters[DWUNW_RECORDING_COUNT_THREADS], 0,
	       "no thread is left");
	dwunw_recording_free(&r);
}

static void add_tables(struct dwunw_recording_writer *w)
{
	add_processes(w);
	add_files(w);
	add_stacks(w);
}

static void write_all(const char *name,
		      const struct dwunw_recording_writer_config *config)
{
	struct dwunw_recording_writer *w = NULL;

	ok(!dwunw_recording_create(&w, name, &head, config), "create");
	if (!w)
		return;
	add_tables(w);
	add_counts(w, 1);
	ok(!dwunw_recording_write_step(w, 2000000000), "a step");
	add_counts(w, 2);
	ok(!dwunw_recording_write_step(w, 4000000000), "another step");
	add_counts(w, 3);
	add_names(w);
	ok(!dwunw_recording_close(w, 6000000000), "the end");
}

/* --- read again ------------------------------------------------------------------- */

static int64_t amount(const struct dwunw_recording *r, uint32_t stack,
		      uint32_t process, uint16_t field)
{
	for (uint32_t i = 0; i < r->total_count; i++)
		if (r->totals[i].stack == stack &&
		    r->totals[i].process == process)
			return dwunw_recording_amount(&r->totals[i], field);
	return 0;
}

static void check_head(const struct dwunw_recording_head *h)
{
	is_u64(h->arch, 4, "arch");
	is_u64(h->data, 2, "byte order");
	is_u64(h->elf_class, 1, "class");
	is_u64(h->real_ns, head.real_ns, "the start");
	is_u64(h->max_size, UINT64_MAX, "the largest size");
	is_u64(h->min_age_ns, 500000000, "the least age");
	ok(!strcmp(h->kernel, "Linux 5.15.0") && !strcmp(h->machine, "mips") &&
		   !strcmp(h->tool, "dwunw 0.2.0"),
	   "its texts");
}

static void check_tables(const struct dwunw_recording *r)
{
	const struct dwunw_recording_stack *second = &r->stacks[1];

	ok(r->process_count == 2 && r->file_count == 2 && r->frame_count == 5 &&
		   r->stack_count == 2 && r->step_count == 3 &&
		   r->map_count == 1,
	   "how many there are of each");
	ok(r->processes[0].pid == 1234 && r->processes[0].parent == 1 &&
		   r->processes[0].start_ns == 900 &&
		   !strcmp(r->processes[0].command, "leaky --forever"),
	   "a process");
	ok(!strcmp(r->processes[1].name, "?line"),
	   "a control character is printable");
	ok(r->files[0].build_id_size == 20 && r->files[0].build_id[19] == 19,
	   "a build id");
	is_u64(r->files[1].size, 5000000000, "a large file");
	is_u64(r->frames[0].pc, 0x77001234, "a pc");
	is_u64(r->frames[4].pc, 0x78001300, "a pc of another process");
	is_u64(r->frames[3].vaddr, 0x7f0000001000, "code without a file");
	is_u64(r->frames[3].lookup, 1, "an exact one");
	is_u64(r->frames[2].flags, 16, "a guess");
	is_u64(r->stacks[0].id, 0x15b7a514620e3d33, "a stack's id");
	ok(second->count == 3 && second->frames[0] == 5 &&
		   second->frames[1] == 4 && second->frames[2] == 3,
	   "frames that it shares");
	ok(second->flags == 1 && second->stop == 3 && second->scan == 4 &&
		   strstr(second->end, "0x1300"),
	   "how it ends");
	is_u64(r->maps[0].at[1].bias, 0x77000000, "a mapping");
	is_u64(r->maps[0].time_ns, 2000000000, "and since when");
}

static void check_values(const struct dwunw_recording *r)
{
	const struct dwunw_recording_name *name = r->frames[1].name;

	is_u64((uint64_t)amount(r, 1, 1, DWUNW_RECORDING_ALLOCATIONS), 300,
	       "allocations");
	is_u64((uint64_t)amount(r, 1, 1, DWUNW_RECORDING_LIVE), 7, "live");
	is_u64((uint64_t)amount(r, 1, 1, DWUNW_RECORDING_LIVE_BYTES), 637,
	       "live bytes");
	is_u64((uint64_t)amount(r, 1, 1, DWUNW_RECORDING_SIZES + 7), 300,
	       "a bucket");
	is_u64((uint64_t)amount(r, 2, 2, DWUNW_RECORDING_LIVE), 0,
	       "what was live");
	is_u64((uint64_t)amount(r, 0, 1, DWUNW_RECORDING_LIVE_BYTES), 0,
	       "and without a stack");
	is_u64(r->counters[DWUNW_RECORDING_COUNT_ALLOCATIONS], 300, "counted");
	is_u64(r->counters[DWUNW_RECORDING_COUNT_NO_ROOM], 5, "lost");
	is_u64(r->steps[1].time_ns, 4000000000, "a step's time");
	is_u64(r->end_ns, 6000000000, "the end's");
	ok(name && name->offset == 0x20 && name->inlined_count == 2 &&
		   !strcmp(name->at.source, "/src/leaky.c") &&
		   name->inlined[1].line == 4 &&
		   !strcmp(name->inlined[1].function, "more"),
	   "a name with what was inlined");
	ok(r->frames[2].name && !r->frames[2].name->at.source[0] &&
		   !r->frames[0].name,
	   "a name without a line, a frame without a name");
}

/* --- another event than allocations: version 2 ------------------------------------ */

static void set_events(struct dwunw_recording_writer *w, uint32_t process,
		       uint32_t stack, int64_t count)
{
	dwunw_recording_set(w, process, stack, DWUNW_RECORDING_EVENTS, count);
	dwunw_recording_set(w, process, stack, DWUNW_RECORDING_EVENT_AMOUNT,
			    10101010 * count);
}

static struct dwunw_recording_head cpu_head(void)
{
	struct dwunw_recording_head own = head;

	own.event = DWUNW_RECORDING_CPU;
	own.event_text = "cpu";
	own.event_unit = "nanoseconds";
	own.event_period = 10101010;
	return own;
}

static void add_events(struct dwunw_recording_writer *w)
{
	set_events(w, 0, 0, 5);
	set_events(w, 1, 1, 99);
	set_events(w, 2, 1, 1);
	dwunw_recording_count(w, DWUNW_RECORDING_COUNT_ALLOCATIONS, 105);
	dwunw_recording_count(w, DWUNW_RECORDING_COUNT_NO_ROOM, 5);
}

static void add_more_events(struct dwunw_recording_writer *w)
{
	set_events(w, 1, 1, 100);
	dwunw_recording_count(w, DWUNW_RECORDING_COUNT_ALLOCATIONS, 106);
}

static void write_events(const char *name,
			 const struct dwunw_recording_writer_config *config)
{
	const struct dwunw_recording_head own = cpu_head();
	struct dwunw_recording_writer *w = NULL;

	ok(!dwunw_recording_create(&w, name, &own, config), "create");
	add_tables(w);
	add_events(w);
	ok(!dwunw_recording_write_step(w, 2000000000), "a step");
	add_more_events(w);
	ok(!dwunw_recording_write_step(w, 4000000000), "another step");
	add_names(w);
	ok(!dwunw_recording_close(w, 6000000000), "the end");
}

static void check_events(const struct dwunw_recording *r)
{
	is_u64(r->head.event, DWUNW_RECORDING_CPU, "its event");
	ok(!strcmp(r->head.event_text, "cpu") &&
		   !strcmp(r->head.event_unit, "nanoseconds"),
	   "… in words, and its unit");
	is_u64(r->head.event_period, 10101010, "what one stands for");
	is_u64((uint64_t)amount(r, 1, 1, DWUNW_RECORDING_EVENTS), 100,
	       "events of a stack in a process");
	is_u64((uint64_t)amount(r, 1, 2, DWUNW_RECORDING_EVENTS), 1,
	       "… in another");
	is_u64((uint64_t)amount(r, 1, 1, DWUNW_RECORDING_EVENT_AMOUNT),
	       1010101000, "their time");
	is_u64((uint64_t)amount(r, 0, 0, DWUNW_RECORDING_EVENTS), 5,
	       "those without a stack");
}

static void reads_events(const char *name)
{
	struct dwunw_recording r;
	dwunw_status_t status;

	size = slurp(name, bytes, sizeof(bytes));
	status = dwunw_recording_read(&r, bytes, size, NULL);
	ok(status == DWUNW_OK || r.end == DWUNW_RECORDING_PACKED ||
		   strstr(r.end_text, "not in this build"),
	   "%s is read: %s", name, r.end_text);
	if (status == DWUNW_OK && r.end == DWUNW_RECORDING_ENDED)
		check_events(&r);
	dwunw_recording_free(&r);
}

/* A reader of version 1 would find nothing that was allocated in it. */
static void is_of_its_version(void)
{
	struct dwunw_recording r;

	for (uint32_t i = 1; i <= 2; i++) {
		size = slurp(i == 1 ? GOLDEN "2-plain.dwr" :
				      GOLDEN "1-plain.dwr",
			     bytes, sizeof(bytes));
		bytes[8] = (uint8_t)i;
		ok(dwunw_recording_read(&r, bytes, size, NULL) ==
				   DWUNW_ERR_BAD_FORMAT &&
			   strstr(r.end_text, "not of its version"),
		   "an event of the other version: %s", r.end_text);
		dwunw_recording_free(&r);
	}
}

static void reads(const char *name)
{
	struct dwunw_recording r;
	dwunw_status_t status;

	size = slurp(name, bytes, sizeof(bytes));
	status = dwunw_recording_read(&r, bytes, size, NULL);
	ok(status == DWUNW_OK, "%s is read: %s", name, r.end_text);
	ok(r.end == DWUNW_RECORDING_ENDED && r.end_off == size, "to its end");
	if (status == DWUNW_OK) {
		check_head(&r.head);
		check_tables(&r);
		check_values(&r);
	}
	dwunw_recording_free(&r);
}

/* A build may pack recordings (RECORD_ZLIB) that it does not read (INFLATE_ZLIB):
 * then it says so. */
static bool unpacks(const char *name)
{
	struct dwunw_recording r;
	bool packed;

	size = slurp(name, bytes, sizeof(bytes));
	packed = dwunw_recording_read(&r, bytes, size, NULL) == DWUNW_OK &&
		 r.end == DWUNW_RECORDING_PACKED;
	if (packed)
		ok(strstr(r.end_text, "not in this build") != NULL,
		   "what this build has packed, and does not read: %s",
		   r.end_text);
	dwunw_recording_free(&r);
	return !packed;
}

/* On a build without its library, a reason. */
static void reads_packed(const char *name)
{
	uint8_t none[1] = { 0 };
	uint32_t type = strstr(name, "zstd") ? 2 : 1;
	struct dwunw_recording r;
	dwunw_status_t status;

	if (dwunw_inflate(NULL, type, none, 0, none, 0) !=
	    DWUNW_ERR_NOT_IMPLEMENTED) {
		reads(name);
		return;
	}
	size = slurp(name, bytes, sizeof(bytes));
	status = dwunw_recording_read(&r, bytes, size, NULL);
	ok((status == DWUNW_OK ? r.end == DWUNW_RECORDING_PACKED :
				 status == DWUNW_ERR_NOT_IMPLEMENTED) &&
		   strstr(r.end_text, "not in this build"),
	   "%s: %s", name, r.end_text);
	dwunw_recording_free(&r);
}

static void is_golden(const char *name)
{
	static uint8_t kept[1 << 16];
	size_t kept_size = slurp(name, kept, sizeof(kept));

	size = slurp(path, bytes, sizeof(bytes));
	ok(size == kept_size && !memcmp(bytes, kept, size),
	   "the same bytes as on every host: %s", name);
}

static void golden(void)
{
	is_golden(GOLDEN "1-plain.dwr");
	reads(GOLDEN "1-plain.dwr");
	reads_packed(GOLDEN "1-zlib.dwr");
	reads_packed(GOLDEN "1-zstd.dwr");
	reads_events(GOLDEN "2-plain.dwr");
	reads_events(GOLDEN "2-zlib.dwr");
	reads_events(GOLDEN "2-zstd.dwr");
	is_of_its_version();
}

/* --- both in a file: version 3 ------------------------------------------------------- */

/* Steps of both, one behind the other; the one that ended first has no more. */
static void write_several(const char *name, bool plain)
{
	const struct dwunw_recording_writer_config config = { .plain = plain,
							      .events = 2 };
	const struct dwunw_recording_head own = cpu_head();
	struct dwunw_recording_writer *w = NULL, *cpu = NULL, *none = NULL;

	ok(!dwunw_recording_create(&w, name, &head, &config), "create");
	ok(!dwunw_recording_create_next(&cpu, w, &own), "another event");
	ok(dwunw_recording_create_next(&none, w, &own) == -EINVAL && !none,
	   "and no third one");
	add_tables(w);
	add_tables(cpu);
	add_counts(w, 1);
	ok(!dwunw_recording_write_step(w, 2000000000), "a step");
	add_events(cpu);
	ok(!dwunw_recording_write_step(cpu, 2000000000), "of both");
	add_counts(w, 2);
	ok(!dwunw_recording_write_step(w, 4000000000), "another step");
	add_more_events(cpu);
	ok(!dwunw_recording_write_step(cpu, 4000000000), "of both");
	add_counts(w, 3);
	add_names(cpu);
	ok(!dwunw_recording_close(cpu, 6000000000), "the end of one");
	add_names(w);
	ok(!dwunw_recording_close(w, 6000000000), "and of the other");
}

static dwunw_status_t read_event(struct dwunw_recording *r, uint32_t event)
{
	const struct dwunw_recording_reader_config config = { .event = event };

	return dwunw_recording_read(r, bytes, size, &config);
}

/* Each has what it has in a file of its own. */
static void reads_several(const char *name)
{
	struct dwunw_recording r;

	size = slurp(name, bytes, sizeof(bytes));
	is_u64(dwunw_recording_events(bytes, size), 2, "two events");
	is_u64((uint64_t)read_event(&r, 0), DWUNW_OK, "the first is read");
	is_u64(r.end, DWUNW_RECORDING_ENDED, "to its end");
	check_head(&r.head);
	check_tables(&r);
	check_values(&r);
	dwunw_recording_free(&r);
	is_u64((uint64_t)read_event(&r, 1), DWUNW_OK, "and the second");
	is_u64(r.end, DWUNW_RECORDING_ENDED, "to its end");
	is_u64(r.step_count, 2, "its steps");
	check_events(&r);
	dwunw_recording_free(&r);
	is_u64((uint64_t)(int64_t)read_event(&r, 2),
	       (uint64_t)(int64_t)DWUNW_ERR_INVALID_ARG, "there is no third");
	ok(strstr(r.end_text, "no event"), "which is said: %s", r.end_text);
	dwunw_recording_free(&r);
}

/* Where there is a cut, each has all that stands before. */
static void cut_several(void)
{
	size_t whole = size;
	uint32_t steps[2] = { 0 };
	bool right = true;

	for (size = 0; size < whole; size++) {
		for (uint32_t i = 0; i < 2; i++) {
			struct dwunw_recording r;
			bool good = read_event(&r, i) == DWUNW_OK;

			right &= r.step_count >= steps[i] &&
				 (good || !steps[i]) &&
				 (r.end_text[0] ||
				  r.end == DWUNW_RECORDING_ENDED);
			steps[i] = r.step_count;
			dwunw_recording_free(&r);
		}
	}
	ok(right, "cut at each of %zu bytes: all of both up to there", whole);
	ok(steps[0] == 3 && steps[1] == 2, "whole: each step");
	size = whole;
}

/* A chunk of an event that is not there, and numbers of events that none has. */
static void is_no_number(void)
{
	static const uint32_t wrong[] = { 0, 1, 17, 0x1000002 };
	struct dwunw_recording r;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		for (int k = 0; k < 4; k++)
			bytes[12 + k] = (uint8_t)(wrong[i] >> 8 * k);
		ok(read_event(&r, 0) == DWUNW_ERR_BAD_FORMAT &&
			   !dwunw_recording_events(bytes, size) &&
			   strstr(r.end_text, "number of events"),
		   "%u events: %s", (unsigned int)wrong[i], r.end_text);
		dwunw_recording_free(&r);
	}
}

static void several(void)
{
	write_several(path, true);
	is_golden(GOLDEN "3-plain.dwr");
	reads_several(GOLDEN "3-plain.dwr");
	cut_several();
	is_no_number();
	write_several(path, false);
	if (unpacks(path))
		reads_several(path);
}

/* A bound is for all of them: the steps of each are merged. */
static void is_shared(void)
{
	const struct dwunw_recording_writer_config config = {
		.plain = true, .events = 2, .size_max = 131072
	};
	const struct dwunw_recording_head own = cpu_head();
	struct dwunw_recording_writer *w[2] = { 0 };
	struct dwunw_recording r;

	ok(!dwunw_recording_create(&w[0], path, &head, &config), "create");
	ok(!dwunw_recording_create_next(&w[1], w[0], &own), "another event");
	add_tables(w[0]);
	add_tables(w[1]);
	for (int64_t i = 1; i <= 4000; i++) {
		dwunw_recording_set(w[0], 1, 1, DWUNW_RECORDING_ALLOCATIONS, i);
		dwunw_recording_set(w[1], 1, 1, DWUNW_RECORDING_EVENTS, 2 * i);
		dwunw_recording_write_step(w[0], (uint64_t)i * 1000000);
		dwunw_recording_write_step(w[1], (uint64_t)i * 1000000);
	}
	ok(!dwunw_recording_close(w[0], 6000000000), "the end of one");
	ok(!dwunw_recording_close(w[1], 6000000000), "and of the other");
	size = slurp(path, bytes, sizeof(bytes));
	ok(size > 16384 && size <= 131072, "%zu bytes", size);
	for (uint32_t i = 0; i < 2; i++) {
		is_u64((uint64_t)read_event(&r, i), DWUNW_OK, "it is read");
		is_u64(r.end, DWUNW_RECORDING_ENDED, "to its end");
		is_u64((uint64_t)amount(&r, 1, 1,
					i ? DWUNW_RECORDING_EVENTS :
					    DWUNW_RECORDING_ALLOCATIONS),
		       i ? 8000 : 4000, "with its sum");
		ok(r.step_count > 8 && r.step_count < 4000, "%u steps",
		   (unsigned int)r.step_count);
		dwunw_recording_free(&r);
	}
}

/* --- cut and changed ---------------------------------------------------------------- */

/* Where chunks begin. */
static size_t chunks[64], chunk_count;

static void find_chunks(void)
{
	for (size_t off = 16; off < size && chunk_count < 64;) {
		chunks[chunk_count++] = off;
		off += 24 + (bytes[off + 12] | (size_t)bytes[off + 13] << 8);
	}
}

static size_t chunk_of(size_t off)
{
	size_t i = 0;

	while (i + 1 < chunk_count && chunks[i + 1] <= off)
		i++;
	return chunks[i];
}

/* The bytes in a block of their own: ASan sees the first one too far. */
static dwunw_status_t read_copy(struct dwunw_recording *r, size_t length,
				size_t changed, uint8_t with)
{
	uint8_t *copy = malloc(length + !length);
	dwunw_status_t status;

	memcpy(copy, bytes, length);
	if (changed < length)
		copy[changed] ^= with;
	status = dwunw_recording_read(r, copy, length, NULL);
	free(copy);
	return status;
}

static bool cut_is_right(size_t length, uint32_t *steps)
{
	struct dwunw_recording r;
	dwunw_status_t status = read_copy(&r, length, SIZE_MAX, 0);
	size_t first = chunk_count > 1 ? chunks[1] : size;
	bool right;

	if (length < first)
		right = status == DWUNW_ERR_BAD_FORMAT && r.end_text[0];
	else
		right = status == DWUNW_OK &&
			r.end == (length == size ? DWUNW_RECORDING_ENDED :
				  length == chunk_of(length) ?
						   DWUNW_RECORDING_OPEN :
						   DWUNW_RECORDING_CUT) &&
			r.end_off ==
				(length == size ? size : chunk_of(length)) &&
			r.step_count >= *steps;
	if (!right)
		note("cut at %zu: %s, end %u at %llu: %s", length,
		     dwunw_status_name(status), (unsigned int)r.end,
		     (unsigned long long)r.end_off, r.end_text);
	*steps = r.step_count;
	dwunw_recording_free(&r);
	return right;
}

static void cuts(uint32_t all)
{
	uint32_t steps = 0;
	bool right = true;

	for (size_t length = 0; length <= size; length++)
		right &= cut_is_right(length, &steps);
	ok(right, "cut at each of %zu bytes: all up to there", size);
	is_u64(steps, all, "whole: each step");
}

static bool change_is_right(size_t at, uint8_t with)
{
	struct dwunw_recording r;
	dwunw_status_t status = read_copy(&r, size, at, with);
	bool right;

	if (at < 16) /* 12 to 15 are for later versions */
		right = at >= 12 ? status == DWUNW_OK :
			at == 8 && (bytes[8] ^ with) == 3 ?
				   /* of several events, and of none */
				status == DWUNW_ERR_BAD_FORMAT :
				at >= 8 ? status == DWUNW_ERR_NOT_IMPLEMENTED :
					  status == DWUNW_ERR_BAD_FORMAT;
	else
		right = (status == DWUNW_OK ||
			 (at < chunks[1] && status == DWUNW_ERR_BAD_FORMAT)) &&
			r.end_off == chunk_of(at) &&
			(r.end == DWUNW_RECORDING_DAMAGED ||
			 r.end == DWUNW_RECORDING_CUT) &&
			r.end_text[0];
	if (!right)
		note("byte %zu ^ %x: %s, end %u at %llu: %s", at, with,
		     dwunw_status_name(status), (unsigned int)r.end,
		     (unsigned long long)r.end_off, r.end_text);
	dwunw_recording_free(&r);
	return right;
}

static void changes(void)
{
	bool right = true;

	for (size_t at = 0; at < size; at++)
		right &= change_is_right(at, 1) && change_is_right(at, 0x80) &&
			 change_is_right(at, 0xff);
	ok(right, "each byte changed: the chunk is named");
}

static void damage(uint32_t steps)
{
	size = slurp(path, bytes, sizeof(bytes));
	chunk_count = 0;
	find_chunks();
	cuts(steps);
	changes();
}

static void bounded(void)
{
	const struct dwunw_recording_reader_config config = { .memory_max =
								      1000 };
	struct dwunw_recording r;

	ok(dwunw_recording_read(&r, bytes, size, &config) ==
			   DWUNW_ERR_NO_MEMORY &&
		   r.end_text[0],
	   "memory_max: %s", r.end_text);
	dwunw_recording_free(&r);
}

/* --- the file -------------------------------------------------------------------------- */

static void is_safe(void)
{
	struct dwunw_recording_writer *w = NULL;
	char other[80], link[80];
	struct stat st;

	ok(!stat(path, &st) && (st.st_mode & 0777) == 0600,
	   "its owner alone reads it");
	snprintf(other, sizeof(other), "%s/other", dir);
	snprintf(link, sizeof(link), "%s/link", dir);
	ok(!symlink(other, link), "a link");
	ok(dwunw_recording_create(&w, link, &head, NULL) == -EEXIST && !w,
	   "no link is followed");
	ok(stat(other, &st) < 0, "and nothing is made behind it");
	ok(dwunw_recording_create(&w, dir, &head, NULL) == -EEXIST,
	   "a directory is no file");
	ok(dwunw_recording_create(&w, "/nowhere/at/all", &head, NULL) ==
		   -ENOENT,
	   "no directory");
	ok(dwunw_recording_create(&w, other, &head,
				  &(struct dwunw_recording_writer_config){
					  .size_max = 1000 }) == -EINVAL,
	   "a bound that is too small");
	unlink(link);
}

/* Nothing is ended: what was written is there. */
static void is_killed(void)
{
	struct dwunw_recording_writer *w = NULL;
	struct dwunw_recording r;

	ok(!dwunw_recording_create(&w, path, &head, NULL), "create");
	add_processes(w);
	add_files(w);
	add_stacks(w);
	add_counts(w, 1);
	ok(!dwunw_recording_write_step(w, 2000000000), "a step");
	add_counts(w, 2);
	size = slurp(path, bytes, sizeof(bytes));
	ok(dwunw_recording_read(&r, bytes, size, NULL) == DWUNW_OK &&
		   r.end == DWUNW_RECORDING_OPEN && r.step_count == 1 &&
		   amount(&r, 1, 1, DWUNW_RECORDING_ALLOCATIONS) == 100,
	   "not ended: %s", r.end_text);
	dwunw_recording_free(&r);
	ok(!dwunw_recording_close(w, 5000000000), "the end");
}

/* --- bounds ----------------------------------------------------------------------------- */

#define STACKS 400u
#define STEPS 300u

static uint32_t add_stack(struct dwunw_recording_writer *w, uint32_t i)
{
	struct dwunw_recording_frame frame = { .how = 1, .file = 1 };
	uint32_t frames[8];
	struct dwunw_recording_stack stack = { .id = i + 1,
					       .process = 1,
					       .frames = frames,
					       .count = 8,
					       .end = "" };

	for (uint32_t k = 0; k < 8; k++) {
		frame.vaddr = 0x1000 + 16ull * (k ? k : 100 + i);
		frame.pc = frame.vaddr + 0x550000000000;
		frames[k] = dwunw_recording_add_frame(w, &frame);
	}
	return dwunw_recording_add_stack(w, &stack);
}

/* Many steps, of each of which much is different. */
static void write_long(const struct dwunw_recording_writer_config *config,
		       uint32_t stacks)
{
	struct dwunw_recording_writer *w = NULL;
	uint32_t random = 1, *numbers = calloc(stacks, sizeof(*numbers));
	bool good = true;

	ok(!dwunw_recording_create(&w, path, &head, config), "create");
	add_processes(w);
	add_files(w);
	for (uint32_t i = 0; i < stacks; i++)
		numbers[i] = add_stack(w, i);
	for (uint32_t step = 0; step < STEPS; step++) {
		for (uint32_t i = 0; i < stacks; i++) {
			random = random * 1664525 + 1013904223;
			dwunw_recording_add(w, 1, numbers[i],
					    DWUNW_RECORDING_ALLOCATIONS,
					    1 + (random >> 24));
		}
		good &= !dwunw_recording_write_step(w,
						    1000000000ull * (step + 1));
	}
	ok(good, "%u steps", STEPS);
	ok(!dwunw_recording_close(w, 1000000000ull * (STEPS + 1)), "the end");
	free(numbers);
}

static int64_t all_allocations(const struct dwunw_recording *r)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < r->total_count; i++)
		sum += dwunw_recording_amount(&r->totals[i],
					      DWUNW_RECORDING_ALLOCATIONS);
	return sum;
}

static void read_long(struct dwunw_recording *r)
{
	size = slurp(path, bytes, sizeof(bytes));
	ok(dwunw_recording_read(r, bytes, size, NULL) == DWUNW_OK &&
		   r->end == DWUNW_RECORDING_ENDED,
	   "read to the end: %s", r->end_text);
}

static void is_refused(void)
{
	const struct dwunw_recording_writer_config large = { .size_max =
								     65536 },
						   old = { .keep_ns = 1 };
	struct dwunw_recording_writer *w;

	ok(dwunw_recording_create(&w, path, &head, &large) == -ENOSYS && !w,
	   "a bound in bytes, in a build without");
	ok(dwunw_recording_create(&w, path, &head, &old) == -ENOSYS && !w,
	   "a bound in time, in a build without");
}

static void is_bounded(void)
{
	struct dwunw_recording_writer_config config = { .plain = false };
	struct dwunw_recording r;
	uint32_t stacks, merged = 0;
	int64_t sum;

	write_long(&config, STACKS);
	read_long(&r);
	is_u64(r.step_count, STEPS, "without a bound: all steps");
	sum = all_allocations(&r);
	dwunw_recording_free(&r);

	config.size_max = 65536;
	write_long(&config, STACKS);
	ok(slurp(path, bytes, sizeof(bytes)) <= 65536, "size_max is kept");
	read_long(&r);
	stacks = r.stack_count;
	for (uint32_t i = 0; i < r.step_count; i++)
		merged += r.steps[i].merged;
	ok(r.step_count < STEPS && r.step_count > 5, "of %u steps %u are left",
	   STEPS, (unsigned int)r.step_count);
	is_u64(merged, STEPS, "all of them are in these");
	ok(all_allocations(&r) == sum, "and sums are what they were");
	is_u64(stacks, STACKS, "as are stacks");
	ok(r.steps[0].merged > r.steps[r.step_count - 2].merged,
	   "the oldest are the longest");
	dwunw_recording_free(&r);

	write_long(&config, 10 * STACKS);
	ok(slurp(path, bytes, sizeof(bytes)) <= 65536,
	   "size_max is kept, of more stacks than have room");
	read_long(&r);
	ok(r.counters[DWUNW_RECORDING_COUNT_STACKS_UNKEPT] > 0 &&
		   r.stack_count < 10 * STACKS,
	   "%u stacks are kept, the others counted",
	   (unsigned int)r.stack_count);
	dwunw_recording_free(&r);
}

static void is_a_ring(void)
{
	const struct dwunw_recording_writer_config config = {
		.keep_ns = 20000000000
	};
	struct dwunw_recording r;

	write_long(&config, 5);
	read_long(&r);
	ok(r.step_count >= 20 && r.step_count <= 30, "the last 20 s: %u steps",
	   (unsigned int)r.step_count);
	ok(r.steps[0].merged > STEPS - 30, "and all before is one");
	dwunw_recording_free(&r);
}

/* --- a minute of 1,000 allocations a second ---------------------------------------------- */

#define MINUTE_STACKS 256u
#define MINUTE_BLOCKS 60000u

struct block {
	uint64_t at; /* ms */
	uint64_t until;
	uint64_t bytes;
	uint32_t stack;
};
static struct block blocks[MINUTE_BLOCKS];

static uint32_t next_random(void)
{
	static uint32_t random = 1;

	random = random * 1664525 + 1013904223;
	return random >> 8;
}

static void add_both(struct dwunw_recording_writer *w, uint32_t stack,
		     uint16_t field, uint16_t bytes_field, uint64_t amount)
{
	dwunw_recording_add(w, 1, stack, field, 1);
	dwunw_recording_add(w, 1, stack, bytes_field, (int64_t)amount);
}

static void add_bucket(struct dwunw_recording_writer *w,
		       const struct block *block, uint16_t field,
		       uint16_t bytes_field, uint64_t value)
{
	uint16_t bucket = dwunw_recording_bucket(value);

	add_both(w, block->stack, (uint16_t)(field + bucket),
		 (uint16_t)(bytes_field + bucket), block->bytes);
}

/* One of 50 leaks, half of the others is temporary, the rest lives for a while. */
static void make_block(struct dwunw_recording_writer *w, uint32_t ms)
{
	struct block *block = &blocks[ms];

	*block = (struct block){ ms, UINT64_MAX, 16 + next_random() % 4000,
				 1 + next_random() % MINUTE_STACKS };
	if (ms % 50)
		block->until = ms % 2 ? ms : ms + 1 + next_random() % 8000;
	add_both(w, block->stack, DWUNW_RECORDING_ALLOCATIONS,
		 DWUNW_RECORDING_BYTES, block->bytes);
	add_bucket(w, block, DWUNW_RECORDING_SIZES, DWUNW_RECORDING_SIZES_BYTES,
		   block->bytes);
}

static void free_block(struct dwunw_recording_writer *w,
		       const struct block *block)
{
	uint64_t age =
		(block->until - block->at) * 1000000 + next_random() % 20000;

	add_both(w, block->stack, DWUNW_RECORDING_FREES,
		 DWUNW_RECORDING_FREED_BYTES, block->bytes);
	add_bucket(w, block, DWUNW_RECORDING_FREED_AGES,
		   DWUNW_RECORDING_FREED_AGES_BYTES, age);
	if (block->until == block->at)
		add_both(w, block->stack, DWUNW_RECORDING_TEMPORARY,
			 DWUNW_RECORDING_TEMPORARY_BYTES, block->bytes);
}

static void end_step(struct dwunw_recording_writer *w, uint32_t ms,
		     uint32_t step)
{
	for (uint32_t i = 0; i <= ms; i++)
		if (blocks[i].until <= ms && blocks[i].until + step > ms)
			free_block(w, &blocks[i]);
	dwunw_recording_clear_gauges(w);
	for (uint32_t i = 0; i <= ms; i++) {
		if (blocks[i].until <= ms)
			continue;
		add_both(w, blocks[i].stack, DWUNW_RECORDING_LIVE,
			 DWUNW_RECORDING_LIVE_BYTES, blocks[i].bytes);
		add_bucket(w, &blocks[i], DWUNW_RECORDING_LIVE_AGES,
			   DWUNW_RECORDING_LIVE_AGES_BYTES,
			   (ms - blocks[i].at) * 1000000);
	}
	dwunw_recording_write_step(w, 1000000ull * ms);
}

static void is_small(void)
{
	struct dwunw_recording_writer *w = NULL;

#if !defined(CONFIG_RECORD_ZLIB) && !defined(CONFIG_RECORD_ZSTD)
	note("nothing is packed in this build");
	return;
#endif
	ok(!dwunw_recording_create(&w, path, &head, NULL), "create");
	add_processes(w);
	add_files(w);
	for (uint32_t i = 0; i < MINUTE_STACKS; i++)
		add_stack(w, i);
	for (uint32_t ms = 0; ms < MINUTE_BLOCKS; ms++) {
		make_block(w, ms);
		if (ms % 5000 == 4999)
			end_step(w, ms, 5000);
	}
	ok(!dwunw_recording_close(w, 60000000000), "the end");
	size = slurp(path, bytes, sizeof(bytes));
	ok(size < 300000, "a minute of 1,000 allocations a second: %zu bytes",
	   size);
}

static void write_golden(const char *where)
{
	struct dwunw_recording_writer_config config = { .plain = true };
	char name[256];

	snprintf(name, sizeof(name), "%s/1-plain.dwr", where);
	write_all(name, &config);
	snprintf(name, sizeof(name), "%s/2-plain.dwr", where);
	write_events(name, &config);
	snprintf(name, sizeof(name), "%s/3-plain.dwr", where);
	write_several(name, true);
	config.plain = false;
	snprintf(name, sizeof(name), "%s/1-packed.dwr", where);
	write_all(name, &config);
}

int main(int argc, char **argv)
{
	const struct dwunw_recording_writer_config plain = { .plain = true };

	if (argc == 3 && !strcmp(argv[1], "--golden")) {
		write_golden(argv[2]);
		return done();
	}
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/file", dir);
	write_all(path, &plain);
	golden();
	damage(3);
	write_events(path, &plain);
	is_golden(GOLDEN "2-plain.dwr");
	damage(2);
	several();
	write_all(path, &plain);
	bounded();
	is_safe();
	write_all(path, NULL);
	if (unpacks(path)) {
		reads(path);
		is_killed();
		is_none_again();
		if (IS_ON(CONFIG_RECORD_MERGE)) {
			is_bounded();
			is_a_ring();
			is_shared();
		} else {
			is_refused();
		}
		is_small();
	}
	unlink(path);
	rmdir(dir);
	return done();
}
