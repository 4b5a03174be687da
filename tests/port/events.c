/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Event bytes through dwunw_consume(), and several threads that walk. */
#include "tap.h"

#include <pthread.h>

#include "target.h"

#define WALKERS 4u
#define ROUNDS 300u

static struct dwunw_context ctx;
static struct moment moment;

/* The record of a moment, as the BPF side writes it. */
struct record {
	struct dwunw_event_header header;
	uint64_t regs[17];
	uint8_t stack[sizeof(moment.bytes)];
};
static struct record record;

static size_t make_record(pid_t pid, uint16_t kind)
{
	record.header = (struct dwunw_event_header){
		.magic = DWUNW_EVENT_MAGIC,
		.version = DWUNW_EVENT_VERSION,
		.arch = DWUNW_ARCH_X86_64,
		.kind = kind,
		.pid = (uint32_t)pid,
		.tid = (uint32_t)pid,
		.map_generation = 1,
	};
	record.header.size = sizeof(record.header);
	if (kind != DWUNW_EVENT_STACK)
		return sizeof(record.header);
	record.header.reg_count = 17;
	record.header.stack_addr = moment.addr;
	record.header.stack_size = (uint32_t)moment.size;
	memcpy(record.regs, moment.regs.regs, sizeof(record.regs));
	record.regs[7] = moment.regs.sp;
	record.regs[16] = moment.regs.pc;
	memcpy(record.stack, moment.bytes, moment.size);
	record.header.size = (uint32_t)(sizeof(record.header) +
					sizeof(record.regs) + moment.size);
	return record.header.size;
}

static struct dwunw_event event;
static struct dwunw_frame frames[FRAMES];
static struct dwunw_stop stop;
static size_t count;

static dwunw_status_t consume(const void *bytes, size_t size)
{
	return dwunw_consume(&ctx, bytes, size, &event, frames, FRAMES, &count,
			     &stop);
}

static void stream(void)
{
	struct target t;
	size_t size, wrong = 0, whole_frames;

	context_start(&ctx, 0);
	target_start(&t, TARGET("victim"), "wait");
	moment_take(&moment, t.pid, t.pid);
	size = make_record(t.pid, DWUNW_EVENT_STACK);
	is_u64(consume(&record, size), DWUNW_OK, "a STACK record");
	is_u64(stop.reason, DWUNW_STOP_ROOT, "%zu frames, to the root", count);
	whole_frames = count;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *bytes = malloc(cut + 1);

		memcpy(bytes, &record, cut);
		wrong += consume(bytes, cut) != DWUNW_ERR_BAD_FORMAT;
		free(bytes);
	}
	is_u64(wrong, 0, "cut at each of its bytes: BAD_FORMAT");
	record.header.stack_size = 0;
	record.header.size = sizeof(record.header) + sizeof(record.regs);
	is_u64(consume(&record, record.header.size), DWUNW_OK, "no stack");
	is_u64(count, 1, "one frame: live memory is not looked at");
	is_u64(frames[0].flags, DWUNW_FRAME_FLAG_PARTIAL, "PARTIAL");
	is_u64(consume(&record, make_record(t.pid, 64)), DWUNW_OK,
	       "a kind of the tool's own");
	is_u64(event.header.kind, 64, "is handed on");
	is_u64(count, 0, "without frames");
	is_u64(consume(&record, make_record(0, DWUNW_EVENT_EXIT)),
	       DWUNW_ERR_BAD_FORMAT, "the end of pid 0");
	kill(t.pid, SIGKILL);
	waitpid(t.pid, NULL, 0);
	is_u64(consume(&record, make_record(t.pid, DWUNW_EVENT_EXIT)), DWUNW_OK,
	       "the end of the process");
	is_u64(consume(&record, make_record(t.pid, DWUNW_EVENT_STACK)),
	       DWUNW_OK, "a record that comes after it");
	is_u64(count, whole_frames, "is whole");
	t.pid = 0;
	target_end(&t);
	dwunw_shutdown(&ctx);
}

/* What ends a stack is told in words. */
static void reasons(void)
{
	struct dwunw_stop ends[DWUNW_STOP_NO_CALL + 1] = { 0 };
	char text[256], tiny[8];

	context_start(&ctx, 0);
	for (unsigned i = 0; i <= DWUNW_STOP_NO_CALL; i++) {
		ends[i] = (struct dwunw_stop){ .pc = 0xabc123,
					       .addr = 0xdef456,
					       .vaddr = 0x789,
					       .reason = (uint8_t)i };
		dwunw_stop_text(&ctx, &ends[i], text, sizeof(text));
		ok(i ? strstr(text, "0xabc123") != NULL : !text[0], "%s: %s",
		   dwunw_stop_name((uint8_t)i), text);
		dwunw_stop_text(&ctx, &ends[i], tiny, sizeof(tiny));
	}
	dwunw_shutdown(&ctx);
}

/* So is how a frame was found, and never less than that it is a guess. */
static void marks(void)
{
	static const struct {
		uint8_t how, flags;
		const char *text;
	} want[] = {
		{ DWUNW_HOW_EVENT, 0, "" },
		{ DWUNW_HOW_CFI, DWUNW_FRAME_FLAG_SIGNAL, "" },
		{ DWUNW_HOW_CFI, DWUNW_FRAME_FLAG_GUESS, "guess" },
		{ DWUNW_HOW_SCAN, 0, "scan" },
		{ DWUNW_HOW_SCAN, DWUNW_FRAME_FLAG_GUESS, "scan, guess" },
		{ DWUNW_HOW_FP, DWUNW_FRAME_FLAG_GUESS, "fp" },
		{ DWUNW_HOW_SIGNAL,
		  DWUNW_FRAME_FLAG_BAD_CFI | DWUNW_FRAME_FLAG_GUESS,
		  "signal, bad cfi, guess" },
	};
	char text[32], tiny[3];

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct dwunw_frame frame = { .how = want[i].how,
					     .flags = want[i].flags };

		is_str(dwunw_frame_text(&frame, text, sizeof(text)),
		       want[i].text, "a frame is \"%s\"", want[i].text);
		dwunw_frame_text(&frame, tiny, sizeof(tiny));
	}
	is_str(dwunw_frame_text(NULL, text, sizeof(text)), "", "none is none");
}

/* --- several threads, each with its own walker ------------------------------------- */

struct worker {
	pthread_t thread;
	struct target *targets;
	struct moment *moments;
	unsigned count;
	unsigned whole;
	unsigned number;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct dwunw_walker *walker = NULL;
	struct dwunw_arena arena;
	size_t size = dwunw_walker_size(64) + 64;
	void *room = malloc(size);

	dwunw_arena_init(&arena, room, size);
	if (dwunw_walker_init(&walker, 64, &arena) != DWUNW_OK)
		return NULL;
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned k = (i + w->number) % w->count;
		struct dwunw_frame own[64];
		struct dwunw_unwind_request request = {
			.regs = &w->moments[k].regs,
			.frames = own,
			.max_frames = 64,
			.pid = w->targets[k].pid,
			/* now and then its mappings are read anew */
			.map_generation = 1 + i / 16,
			.stack = { w->moments[k].bytes, w->moments[k].addr,
				   w->moments[k].size },
			.walker = walker,
		};
		size_t got;

		w->whole += dwunw_capture(&ctx, &request, &got) == DWUNW_OK &&
			    request.stop.reason == DWUNW_STOP_ROOT;
	}
	free(room);
	return NULL;
}

static void side_by_side(void)
{
	struct dwunw_cache_stats s;
	struct worker workers[WALKERS];
	static struct moment moments[3];
	struct target targets[3];

	context_start(&ctx, WALKERS);
	for (unsigned i = 0; i < 3; i++) {
		target_start(&targets[i],
			     i ? TARGET("chain") : TARGET("victim"), "wait");
		moment_take(&moments[i], targets[i].pid, targets[i].pid);
	}
	for (unsigned i = 0; i < WALKERS; i++) {
		workers[i] = (struct worker){ .targets = targets,
					      .moments = moments,
					      .count = 3,
					      .number = i };
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (unsigned i = 0; i < WALKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		is_u64(workers[i].whole, ROUNDS, "walker %u: whole stacks", i);
	}
	dwunw_module_cache_stats(&ctx, &s);
	is_u64(s.active, 0, "nothing is held after it");
	note("%llu opens, %llu hits, %llu evictions in %u slots",
	     (unsigned long long)s.opens, (unsigned long long)s.hits,
	     (unsigned long long)s.evictions, s.capacity);
	for (unsigned i = 0; i < 3; i++)
		target_end(&targets[i]);
	dwunw_shutdown(&ctx);
}

int main(void)
{
	stream();
	reasons();
	marks();
	side_by_side();
	return done();
}
