/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Files, frames and stacks: each a single time and for good, in tables of fixed
 * size that the kernel gives page by page. What is full says 0.
 *
 * Stacks are added by any thread, without locks: a stack is written, and then
 * published by compare-and-swap. 64 bits of hash and the number of frames are
 * believed to be the stack: of 2^18 stacks, two are equal in these by a chance of
 * 2 * 10^-9. Files and frames are added under slow.c's lock.
 */
#include "inproc.h"

#include <string.h>

#define SLOTS (4 * DWU_STACKS_MAX)
#define FRAME_SLOTS (2 * DWU_FRAMES_MAX)
#define PATHS (DWU_ROOM(4u, 1u) << 20)

static struct dwu_inproc_file *files;
static struct dwu_inproc_frame *frames;
static struct dwu_inproc_stack *stacks;
static uint32_t *frame_slots;
static uint32_t *slots;
static uint32_t *words;
static char *paths;
static uint32_t file_count, frame_count, word_count, path_size;

bool dwu_inproc_stacks_open(void)
{
	files = dwu_kept_table(DWU_ROOT_FILES, DWU_FILES_MAX * sizeof(*files));
	frames = dwu_kept_table(DWU_ROOT_FRAMES,
				DWU_FRAMES_MAX * sizeof(*frames));
	stacks = dwu_kept_table(DWU_ROOT_STACKS,
				DWU_STACKS_MAX * sizeof(*stacks));
	words = dwu_kept_table(DWU_ROOT_WORDS,
			       (size_t)DWU_STACK_WORDS * sizeof(*words));
	paths = dwu_kept_table(DWU_ROOT_PATHS, PATHS);
	frame_slots = dwu_inproc_pages(FRAME_SLOTS * sizeof(*frame_slots));
	slots = dwu_inproc_pages(SLOTS * sizeof(*slots));
	file_count = frame_count = 1;
	if (!dwu_kept->stack_count)
		dwu_kept->stack_count = DWU_STACK_FIRST;
	return files && frames && stacks && frame_slots && slots && words &&
	       paths;
}

void dwu_inproc_stacks_close(void)
{
	dwu_inproc_unmap(frame_slots, FRAME_SLOTS * sizeof(*frame_slots));
	dwu_inproc_unmap(slots, SLOTS * sizeof(*slots));
	frame_slots = slots = NULL;
	word_count = path_size = 0;
}

/* --- files ------------------------------------------------------------------------ */

static bool same_file(const struct dwu_inproc_file *a,
		      const struct dwu_inproc_file *b)
{
	return a->identity == b->identity && a->size == b->size &&
	       strcmp(a->path, b->path) == 0;
}

uint32_t dwu_inproc_file(const struct dwu_inproc_file *file)
{
	size_t size = strlen(file->path) + 1;
	uint32_t i;

	for (i = 1; i < file_count; i++)
		if (same_file(&files[i], file))
			return i;
	if (file_count == DWU_FILES_MAX || size > PATHS - path_size)
		return 0;
	memcpy(paths + path_size, file->path, size);
	files[i] = *file;
	files[i].path = paths + path_size;
	path_size += (uint32_t)size;
	file_count++;
	return i;
}

const struct dwu_inproc_file *dwu_inproc_file_at(uint32_t number)
{
	return &files[number];
}

/* --- frames ------------------------------------------------------------------------ */

/* Code without a file is another frame at each address; else its pc is no part. */
static bool same_frame(const struct dwu_inproc_frame *a,
		       const struct dwu_inproc_frame *b)
{
	return a->vaddr == b->vaddr && a->file == b->file && a->how == b->how &&
	       a->flags == b->flags && a->exact == b->exact;
}

uint32_t dwu_inproc_frame(const struct dwu_inproc_frame *frame)
{
	uint64_t hash = (frame->vaddr ^ (uint64_t)frame->file << 44) *
			0x9e3779b97f4a7c15ull;
	uint32_t i = (uint32_t)(hash >> 32) & (FRAME_SLOTS - 1);

	for (; frame_slots[i]; i = (i + 1) & (FRAME_SLOTS - 1))
		if (same_frame(&frames[frame_slots[i]], frame))
			return frame_slots[i];
	if (frame_count == DWU_FRAMES_MAX)
		return 0;
	frames[frame_count] = *frame;
	frame_slots[i] = frame_count;
	return frame_count++;
}

const struct dwu_inproc_frame *dwu_inproc_frame_at(uint32_t number)
{
	return &frames[number];
}

/* --- stacks ------------------------------------------------------------------------- */

/* A counter never goes far beyond its end, so that it does not come round. */
static bool reserve(uint32_t *counter, uint32_t count, uint32_t max,
		    uint32_t *at)
{
	if (__atomic_load_n(counter, __ATOMIC_RELAXED) + count > max)
		return false;
	*at = __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
	return *at + count <= max;
}

/* Not published yet. 0: there is no room. */
static uint32_t make(uint64_t hash, const struct dwu_inproc_found *found)
{
	uint32_t number, first;

	if (!reserve(&dwu_kept->stack_count, 1, DWU_STACKS_MAX, &number) ||
	    !reserve(&word_count, found->count, DWU_STACK_WORDS, &first))
		return 0;
	memcpy(words + first, found->frames, found->count * sizeof(*words));
	stacks[number] = (struct dwu_inproc_stack){
		.hash = hash,
		.first = first,
		.count = (uint16_t)found->count,
		.stop = found->stop,
		.scan = found->scan,
		.leaf = found->leaf,
	};
	return number;
}

uint32_t dwu_inproc_stack(const struct dwu_inproc_found *found)
{
	/* why it ends is a part of it: slow walks and rows agree on that */
	uint64_t hash = dwu_inproc_hash(found->hash + found->stop, found->leaf);
	uint32_t i = (uint32_t)(hash >> 40) & (SLOTS - 1), n, mine = 0;

	for (;; i = (i + 1) & (SLOTS - 1)) {
		n = __atomic_load_n(&slots[i], __ATOMIC_ACQUIRE);
		if (!n) {
			mine = mine ? mine : make(hash, found);
			if (!mine)
				return DWU_STACK_UNKEPT;
			if (__atomic_compare_exchange_n(&slots[i], &n, mine,
							false, __ATOMIC_RELEASE,
							__ATOMIC_ACQUIRE))
				return mine;
		}
		if (stacks[n].hash == hash && stacks[n].count == found->count)
			return n;
	}
}

struct dwu_inproc_stack *dwu_inproc_stack_at(uint32_t number)
{
	return &stacks[number];
}

uint32_t dwu_inproc_stack_count(void)
{
	uint32_t count =
		__atomic_load_n(&dwu_kept->stack_count, __ATOMIC_ACQUIRE);

	return count < DWU_STACKS_MAX ? count : DWU_STACKS_MAX;
}

const uint32_t *dwu_inproc_stack_frames(const struct dwu_inproc_stack *stack)
{
	return words + stack->first;
}
