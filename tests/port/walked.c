/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * WALKED events: the stack of a process, cut at each of its frames into what a
 * kernel has walked and what it has sent, gives the frames of the whole walk, by
 * a context that knows the process and by one that does not, in both byte orders.
 */
#include "tap.h"

#include "target.h"

#include <string.h>

#define RECORD_MAX 65536u

struct record {
	uint8_t bytes[RECORD_MAX];
	size_t size;
	bool big;
	bool bare; /* one that has ended is without registers */
};

static void put(struct record *r, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		r->bytes[r->size++] =
			(uint8_t)(value >> 8 * (r->big ? size - 1 - i : i));
}

/* The whole walk, with its steps, and the files' identities. */
struct whole {
	struct moment moment;
	struct dwunw_frame frames[FRAMES];
	struct dwunw_step steps[FRAMES];
	uint64_t files[FRAMES];
	struct dwunw_stop stop;
	size_t count;
	int32_t pid;
};

static bool walk(struct dwunw_context *ctx, pid_t pid, struct whole *w)
{
	struct dwunw_unwind_request request = {
		.regs = &w->moment.regs,
		.frames = w->frames,
		.steps = w->steps,
		.max_frames = FRAMES,
		.pid = pid,
	};

	w->pid = pid;
	if (!moment_take(&w->moment, pid, pid))
		return false;
	request.stack = (struct dwunw_snapshot){ w->moment.bytes,
						 w->moment.addr,
						 w->moment.size };
	if (dwunw_capture(ctx, &request, &w->count) != DWUNW_OK)
		return false;
	w->stop = request.stop;
	for (size_t i = 0; i < w->count; i++)
		w->files[i] = dwunw_module_identity(ctx, w->frames[i].module);
	return true;
}

/* x86_64 alone: the caller's registers by a plain row. */
static bool step(const struct whole *w, const struct dwunw_step *step,
		 struct dwunw_regset *regs)
{
	uint8_t count, reg = step->row.cfa & 0xff;
	const uint8_t *saved =
		dwunw_arch_saved(dwunw_arch_by_id(DWUNW_ARCH_X86_64), &count);
	uint64_t cfa = (reg == 7 ? regs->sp : regs->regs[reg]) +
		       (uint64_t)((int64_t)(int32_t)step->row.cfa >> 8);

	if (step->kind != DWUNW_STEP_ROW)
		return false;
	regs->valid = 1u << 7 | 1u << 16 | 0xf048u;
	for (uint8_t i = 0; i < count; i++) {
		uint64_t off = cfa + (uint64_t)(4ll * step->row.slots[i]) -
			       w->moment.addr;

		if ((step->row.bits >> i & 1) && off + 8 <= w->moment.size)
			memcpy(&regs->regs[saved[i]], w->moment.bytes + off, 8);
	}
	regs->sp = regs->regs[7] = cfa;
	regs->pc = regs->regs[16];
	return true;
}

/* Its first n frames as walked; the rest from regs on, or nothing (ended). */
static void make(struct record *r, const struct whole *w, size_t n,
		 const struct dwunw_regset *regs, uint32_t generation)
{
	bool ended = n == w->count, bare;
	uint64_t stack = ended ? 0 : w->moment.size, id = 0;

	r->size = 0;
	put(r, DWUNW_EVENT_MAGIC, 4);
	put(r, 1, 2);
	put(r, DWUNW_ARCH_X86_64, 2);
	put(r, 0, 4);
	put(r, DWUNW_EVENT_WALKED, 2);
	put(r, 0, 2);
	put(r, (uint64_t)w->pid, 4);
	put(r, (uint64_t)w->pid, 4);
	for (int i = 0; i < 4; i++) /* time, key, cookie, value */
		put(r, 0, 8);
	put(r, generation, 4);
	put(r, 0, 4);
	bare = ended && r->bare;
	put(r, bare ? 0 : 17, 2);
	put(r, 1, 2);
	put(r, stack, 4);
	put(r, w->moment.addr, 8);
	put(r, 0, 8);
	for (int i = 0; i < 17 && !bare; i++)
		put(r,
		    i == 16 ? regs->pc :
		    i == 7  ? regs->sp :
			      regs->regs[i],
		    8);
	for (size_t i = 0; i < n; i++)
		id = dwunw_stack_id_add(id, w->files[i], w->frames[i].vaddr,
					dwunw_frame_is_exact(&w->frames[i]));
	put(r, id, 8);
	put(r, regs->valid, 8);
	put(r, n, 2);
	put(r, ended ? w->stop.reason : DWUNW_EVENT_GOES_ON, 1);
	put(r, 0, 1);
	put(r, ended ? 0 : w->frames[n].how, 1);
	put(r, ended ? 0 : w->frames[n].flags, 1);
	put(r, 0, 2);
	put(r, 8, 8); /* a return that is of no function here */
	put(r, 16, 8);
	for (size_t i = 0; i < n; i++) {
		put(r, w->frames[i].pc, 8);
		put(r, w->frames[i].vaddr, 8);
		put(r, w->files[i], 8);
		put(r, w->frames[i].how, 1);
		put(r, w->frames[i].flags, 1);
		put(r, 0, 6);
	}
	memcpy(r->bytes + r->size, w->moment.bytes, stack);
	r->size += stack;
	for (size_t i = 0; i < 4; i++)
		r->bytes[8 + i] =
			(uint8_t)(r->size >> 8 * (r->big ? 3 - i : i));
}

/* All fields; the CFA of a walked frame is not known, and serials are a
 * context's own. */
static bool same(const struct whole *w, size_t walked,
		 const struct dwunw_frame *frames, size_t count, bool serials)
{
	if (count != w->count)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct dwunw_frame want = w->frames[i], got = frames[i];

		if (i < walked)
			want.cfa = 0;
		if (!serials && want.module && got.module)
			want.module = got.module;
		if (memcmp(&want, &got, sizeof(want)) != 0)
			return false;
	}
	return true;
}

static void consume(struct dwunw_context *ctx, const struct whole *w,
		    uint32_t generation, bool big, bool bare, bool serials,
		    const char *title)
{
	static struct record r;
	static struct dwunw_event event;
	struct dwunw_frame frames[FRAMES];
	struct dwunw_regset regs = w->moment.regs;
	size_t count = 0, right = 0, n = 0, ids = 0;
	struct dwunw_stop stop;

	r.big = big;
	r.bare = bare;
	for (; n <= w->count; n++) {
		if (n && n < w->count && !step(w, &w->steps[n - 1], &regs))
			break;
		make(&r, w, n, &regs, generation);
		if (dwunw_consume(ctx, r.bytes, r.size, &event, frames, FRAMES,
				  &count, &stop) != DWUNW_OK)
			continue;
		right += same(w, n, frames, count, serials) &&
			 stop.reason == w->stop.reason && stop.pc == w->stop.pc;
		ids += dwunw_stack_id(ctx, frames, count) ==
		       dwunw_stack_id(ctx, w->frames, w->count);
	}
	is_u64(n, w->count + 1, "%s: cut at each frame", title);
	is_u64(right, n, "… gives the whole stack, frame by frame");
	if (serials)
		is_u64(ids, n, "… and its id");
}

/* Every size below the whole one, and counts that do not fit. */
static void lies(struct dwunw_context *ctx, const struct whole *w)
{
	static struct record r;
	static struct dwunw_event event;
	struct dwunw_frame frames[FRAMES], frame;
	struct dwunw_walked walked;
	struct dwunw_stop stop;
	size_t count, bad = 0, size, most;
	uint64_t file;

	make(&r, w, 2, &w->moment.regs, 1);
	most = 88 + 136 + 24 + 16 + 64;
	for (size = 88; size < most; size++) {
		uint8_t *exact = malloc(size);

		memcpy(exact, r.bytes, size);
		exact[8] = (uint8_t)size;
		exact[9] = (uint8_t)(size >> 8);
		exact[10] = exact[11] = 0;
		bad += dwunw_consume(ctx, exact, size, &event, frames, FRAMES,
				     &count, &stop) == DWUNW_ERR_BAD_FORMAT;
		free(exact);
	}
	is_u64(bad, most - 88, "a record that is cut is BAD_FORMAT");
	r.bytes[88 + 136 + 16] = r.bytes[88 + 136 + 17] = 0xff;
	is_u64((uint64_t)(int64_t)dwunw_consume(ctx, r.bytes, r.size, &event,
						frames, FRAMES, &count, &stop),
	       (uint64_t)DWUNW_ERR_BAD_FORMAT, "… and more frames than fit");

	make(&r, w, 2, &w->moment.regs, 1);
	r.bytes[88 + 136 + 20] = DWUNW_HOW_EVENT;
	is_u64((uint64_t)(int64_t)dwunw_consume(ctx, r.bytes, r.size, &event,
						frames, FRAMES, &count, &stop),
	       (uint64_t)DWUNW_ERR_BAD_FORMAT,
	       "… an outer frame that was first");
	make(&r, w, w->count, &w->moment.regs, 1);
	r.bytes[88 + 136 + 18] = DWUNW_STOP_TIME + 1;
	is_u64((uint64_t)(int64_t)dwunw_consume(ctx, r.bytes, r.size, &event,
						frames, FRAMES, &count, &stop),
	       (uint64_t)DWUNW_ERR_BAD_FORMAT, "… a reason that nobody knows");

	make(&r, w, 2, &w->moment.regs, 1);
	is_u64(dwunw_event_parse(&event, r.bytes, r.size), DWUNW_OK, "parsed");
	is_u64(dwunw_walked_parse(&walked, &event), DWUNW_OK, "… as walked");
	is_u64(walked.walk.frame_count, 2, "two frames");
	is_u64(dwunw_walked_frame(&walked, 1, &frame, &file), DWUNW_OK, "one");
	is_u64(frame.pc, w->frames[1].pc, "… its pc");
	is_u64(file, w->files[1], "… its file");
	is_u64((uint64_t)(int64_t)dwunw_walked_frame(&walked, 2, &frame, &file),
	       (uint64_t)DWUNW_ERR_INVALID_ARG, "a third there is not");
	event.header.kind = DWUNW_EVENT_STACK;
	is_u64((uint64_t)(int64_t)dwunw_walked_parse(&walked, &event),
	       (uint64_t)DWUNW_ERR_INVALID_ARG, "another kind");
	is_u64(dwunw_consume(ctx, r.bytes, r.size, &event, frames, 1, &count,
			     &stop),
	       DWUNW_OK, "room for one frame");
	is_u64(count, 1, "… gives one");
	is_u64(stop.reason, DWUNW_STOP_LIMIT, "… since there is no more");
}

int main(void)
{
	static struct whole whole;
	struct dwunw_context ctx, fresh;
	struct target t;

	if (DWUNW_ARCH_X86_64 != dwunw_arch_id(dwunw_arch_by_elf(62, 2, 1)))
		return skip_all("x86_64 is not in this build");
	context_start(&ctx, 16);
	context_start(&fresh, 16);
	if (!target_start(&t, TARGET("victim-no-id"), "wait")) {
		printf("Bail out! no target\n");
		return 1;
	}
	target_settle(t.pid);
	if (!walk(&ctx, t.pid, &whole))
		printf("Bail out! no stack\n");
	is_u64(whole.stop.reason, DWUNW_STOP_ROOT, "a whole stack");
	consume(&ctx, &whole, 1, false, false, true, "a known process");
	consume(&ctx, &whole, 1, false, true, true, "without registers");
	consume(&ctx, &whole, 1, true, true, true, "big-endian");
	consume(&fresh, &whole, 1, false, true, false, "an unknown process");
	lies(&ctx, &whole);
	target_end(&t);
	consume(&ctx, &whole, 1, false, true, true, "a process that has ended");
	dwunw_shutdown(&ctx);
	dwunw_shutdown(&fresh);
	return done();
}
