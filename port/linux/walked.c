/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Bytes of a WALKED event -> the frames that the kernel has walked, and the
 * walk input for the rest. SPEC.md 1.
 *
 *	header 88 | registers | walk 24 | returns | frames of 32 | stack bytes
 *
 * For example, 9 frames and "goes on": frames 0 to 8 are taken as they are, and
 * a walk in user space begins behind the ninth, with its registers and the
 * bytes of stack. A walk that the kernel has ended itself has a stop and no
 * stack.
 *
 * The record may be hostile: each count is bounded before it becomes a size,
 * sums are made in 64 bits and compared with the record's size.
 */

#include <string.h>

#include <dwunw/linux.h>

enum {
	HEAD = sizeof(struct dwunw_event_header),
	WALK = sizeof(struct dwunw_event_walk),
	FRAME = sizeof(struct dwunw_event_frame),
	/* registers and returns of an event, at most */
	REGS_MAX = 8 * (DWUNW_REG_MAX + 1),
	RETURNS_MAX =
		DWUNW_EVENT_RETURN_MAX * sizeof(struct dwunw_event_return),
};

_Static_assert(WALK == 24 && FRAME == 32, "SPEC.md");

/* Either byte order, as the rest of an event (core/walk/event.c). */
static uint64_t number(const uint8_t *p, size_t size, bool big)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)p[i] << 8 * (big ? size - 1 - i : i);
	return value;
}

/*
 * Of the same capture as if it had no walk, and no stack: a STACK event.
 *
 * Header, registers and returns are put together as a STACK event of no stack,
 * so that one parser knows registers; 8, 12 and 68 are offsets of size, kind
 * and stack_size.
 */
static dwunw_status_t parse_rest(struct dwunw_event *event,
				 const uint8_t *record, bool big)
{
	const struct dwunw_event_header h = event->header;
	size_t regs = 8u * (size_t)h.reg_count;
	size_t returns =
		sizeof(struct dwunw_event_return) * (size_t)h.return_count;
	uint8_t bytes[HEAD + REGS_MAX + RETURNS_MAX];
	uint32_t size = (uint32_t)(HEAD + regs + returns);
	dwunw_status_t status;

	memcpy(bytes, record, HEAD + regs);
	memcpy(bytes + HEAD + regs, record + HEAD + regs + WALK, returns);
	for (size_t i = 0; i < 4; i++)
		bytes[8 + i] = (uint8_t)(size >> 8 * (big ? 3 - i : i));
	bytes[12] = big ? 0 : DWUNW_EVENT_STACK;
	bytes[13] = big ? DWUNW_EVENT_STACK : 0;
	memset(bytes + 68, 0, 4); /* stack_size */
	status = dwunw_event_parse(event, bytes, size);
	event->header = h;
	return status;
}

/* Nothing is left to walk, so no registers need be there. */
static dwunw_status_t parse_ended(struct dwunw_event *event)
{
	event->input = (struct dwunw_walk_input){ .regs = &event->regs };
	return dwunw_regset_prepare(&event->regs, event->header.arch) ==
			       DWUNW_OK ?
		       DWUNW_OK :
		       DWUNW_ERR_UNSUPPORTED_ARCH;
}

/* SPEC.md 1, "walk": 24 bytes, of which two are reserved. */
static void read_walk(struct dwunw_event_walk *walk, const uint8_t *p, bool big)
{
	*walk = (struct dwunw_event_walk){
		.id = number(p, 8, big),
		.valid = number(p + 8, 8, big),
		.frame_count = (uint16_t)number(p + 16, 2, big),
		.stop = p[18],
		.cause = p[19],
		.how = p[20],
		.flags = p[21],
	};
}

/* Numbers that this version knows, and that go together. */
static bool makes_sense(const struct dwunw_event_walk *walk)
{
	if (walk->stop != DWUNW_EVENT_GOES_ON)
		return walk->stop <= DWUNW_STOP_TIME && walk->frame_count != 0;
	return walk->how <= DWUNW_HOW_FP &&
	       (walk->how == DWUNW_HOW_EVENT) == (walk->frame_count == 0);
}

/* Where the walk goes on, with what is known there. */
static void resume_input(struct dwunw_event *event,
			 const struct dwunw_event_walk *walk)
{
	struct dwunw_walk_input *input = &event->input;

	event->regs.valid &= walk->valid;
	if (walk->frame_count == 0)
		return;
	input->flags &= ~DWUNW_WALK_ENTRY;
	input->flags |= DWUNW_WALK_RETURN;
	input->first_how = walk->how;
	input->first_flags = walk->flags;
}

/* walked->frames points into the record, which must stay. */
dwunw_status_t dwunw_walked_parse(struct dwunw_walked *walked,
				  struct dwunw_event *event)
{
	const uint8_t *record;
	uint64_t size, frames, stack;
	dwunw_status_t status;

	if (!walked || !event || event->header.kind != DWUNW_EVENT_WALKED ||
	    !event->input.stack.bytes)
		return DWUNW_ERR_INVALID_ARG;
	record = event->input.stack.bytes;
	size = event->input.stack.size;
	frames = HEAD + 8ull * event->header.reg_count + WALK +
		 sizeof(struct dwunw_event_return) *
			 (uint64_t)event->header.return_count;
	if (event->header.reg_count > DWUNW_REG_MAX + 1 ||
	    event->header.return_count > DWUNW_EVENT_RETURN_MAX ||
	    frames > size)
		return DWUNW_ERR_BAD_FORMAT;
	walked->big_endian = record[0] == DWUNW_EVENT_MAGIC >> 24;
	read_walk(&walked->walk, record + HEAD + 8u * event->header.reg_count,
		  walked->big_endian);
	walked->frames = record + frames;
	stack = frames + (uint64_t)FRAME * walked->walk.frame_count;
	if (stack > size || event->header.stack_size > size - stack ||
	    !makes_sense(&walked->walk))
		return DWUNW_ERR_BAD_FORMAT;
	status = walked->walk.stop != DWUNW_EVENT_GOES_ON &&
				 !event->header.reg_count ?
			 parse_ended(event) :
			 parse_rest(event, record, walked->big_endian);
	if (status != DWUNW_OK)
		return status;
	event->input.stack =
		(struct dwunw_snapshot){ record + stack,
					 event->header.stack_addr,
					 event->header.stack_size };
	if (walked->walk.stop == DWUNW_EVENT_GOES_ON)
		resume_input(event, &walked->walk);
	return DWUNW_OK;
}

/*
 * Frame n with its file's identity in place of a module: serials are this
 * context's own.
 */
dwunw_status_t dwunw_walked_frame(const struct dwunw_walked *walked, uint32_t n,
				  struct dwunw_frame *frame, uint64_t *file)
{
	const uint8_t *p;

	if (!walked || !frame || !file || n >= walked->walk.frame_count)
		return DWUNW_ERR_INVALID_ARG;
	p = walked->frames + (size_t)FRAME * n;
	*frame = (struct dwunw_frame){
		.pc = number(p, 8, walked->big_endian),
		.vaddr = number(p + 8, 8, walked->big_endian),
		.how = p[24],
		.flags = p[25],
	};
	*file = number(p + 16, 8, walked->big_endian);
	return DWUNW_OK;
}
