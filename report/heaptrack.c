/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * heaptrack.c - what heaptrack_interpret writes, version 2, for heaptrack_print and
 * heaptrack_gui: a line each, numbers in hex, each thing numbered from 1 on.
 *
 *	v VERSION FORMAT   X COMMAND   I PAGE-SIZE PAGES   c MILLISECONDS
 *	s TEXT   i ADDRESS FILE [FUNCTION SOURCE LINE]...   t ADDRESS PARENT
 *	a SIZE TRACE (numbered from 0 on)   + A   - A
 *
 * That format is a log of allocations. What is known here are sums of stacks, so
 * the log is made up to have them: blocks of a stack have its mean size. A '-'
 * behind the '+' of the same A is a temporary allocation there; each size
 * has two numbers, and other frees use the second.
 */
#include "out.h"

#include <inttypes.h>
#include <stdlib.h>

#define VERSION 0x010400u /* heaptrack's own, that reads it */
#define FORMAT 2u
/* More blocks than that are not written one by one. */
#define LINES_MAX 50000000

struct node {
	uint32_t parent;
	uint32_t address;
};

struct heaptrack {
	struct dwu_out *out;
	const struct dwunw_report *report;
	struct dwunw_report texts; /* what has been written of them */
	uint32_t written;	   /* so many texts */
	uint32_t *addresses;	   /* of frames; 0: not written */
	uint32_t address_count;
	struct dwu_table nodes;
	struct node *node_at;
	uint32_t node_count;
	uint32_t sizes; /* the next A */
	bool one_by_one;
};

/* --- texts, addresses, traces ----------------------------------------------------- */

/* Its number; 0: none. A text ends with its line. */
static uint32_t put_text(struct heaptrack *heaptrack, const char *text)
{
	uint32_t index;

	if (!text || !*text)
		return 0;
	index = dwu_text_index(&heaptrack->texts, text);
	if (index == DWUNW_REPORT_NONE)
		return 0;
	if (index == heaptrack->written) {
		dwu_out_text(heaptrack->out, "s ");
		dwu_out_name(heaptrack->out, text);
		dwu_out_char(heaptrack->out, '\n');
		heaptrack->written++;
	}
	return index + 1;
}

/* FUNCTION SOURCE LINE of each call, inwards to outwards. */
static void put_address(struct heaptrack *heaptrack, uint64_t address,
			const char *file,
			const struct dwunw_report_frame *frame)
{
	uint32_t numbers[2 * 256], count = frame->inlined_count;
	uint32_t module = put_text(heaptrack, file);

	if (count > 255)
		count = 255;
	for (uint32_t i = 0; i <= count; i++) {
		const struct dwunw_report_call *call =
			i < count ? &frame->inlined[count - 1 - i] :
				    &frame->call;

		numbers[2 * i] = put_text(heaptrack, call->function);
		numbers[2 * i + 1] = put_text(heaptrack, call->source);
	}
	dwu_out_print(heaptrack->out, "i %" PRIx64 " %" PRIx32, address,
		      module);
	for (uint32_t i = 0; i <= count && (count || numbers[0]); i++)
		dwu_out_print(heaptrack->out,
			      " %" PRIx32 " %" PRIx32 " %" PRIx32,
			      numbers[2 * i], numbers[2 * i + 1],
			      i < count ? frame->inlined[count - 1 - i].line :
					  frame->call.line);
	dwu_out_char(heaptrack->out, '\n');
	heaptrack->address_count++;
}

static uint32_t address_of(struct heaptrack *heaptrack, uint32_t index)
{
	const struct dwunw_report *report = heaptrack->report;
	const struct dwunw_report_frame *frame = &report->frames[index];

	if (!heaptrack->addresses[index]) {
		put_address(heaptrack,
			    dwunw_frame_lookup(&frame->frame,
					       frame->frame.module ?
						       frame->frame.vaddr :
						       frame->frame.pc),
			    dwu_file_of(report, frame), frame);
		heaptrack->addresses[index] = heaptrack->address_count;
	}
	return heaptrack->addresses[index];
}

struct asked_node {
	const struct node *at;
	struct node node;
};

static bool same_node(const struct dwunw_report *report, uint32_t index,
		      const void *wanted)
{
	const struct asked_node *asked = wanted;

	(void)report;
	return asked->at[index].parent == asked->node.parent &&
	       asked->at[index].address == asked->node.address;
}

static uint32_t put_node(struct heaptrack *heaptrack, struct node node)
{
	struct asked_node asked = { heaptrack->node_at, node };
	uint64_t hash = dwu_hash_step(node.parent, node.address);
	struct dwu_slot *slot = dwu_table_find(
		&heaptrack->texts, &heaptrack->nodes, hash, same_node, &asked);
	uint32_t index;

	if (slot && slot->index)
		return slot->index;
	index = slot ? dwu_append(&heaptrack->texts, &heaptrack->node_at,
				  &heaptrack->node_count,
				  sizeof(*heaptrack->node_at)) :
		       DWUNW_REPORT_NONE;
	if (index == DWUNW_REPORT_NONE)
		return 0;
	heaptrack->node_at[index] = node;
	dwu_table_put(&heaptrack->nodes, slot, hash, index);
	dwu_out_print(heaptrack->out, "t %" PRIx32 " %" PRIx32 "\n",
		      node.address, node.parent);
	return index + 1;
}

static uint32_t put_trace(struct heaptrack *heaptrack,
			  const struct dwunw_report_stack *stack)
{
	struct node node = { 0, 0 };

	for (uint32_t i = stack->count; i-- > 0;) {
		node.address = address_of(heaptrack, stack->frames[i]);
		node.parent = put_node(heaptrack, node);
	}
	return node.parent;
}

/* --- allocations ------------------------------------------------------------------ */

enum fate {
	LIVE,
	TEMPORARY,
	FREED
};

/* So many of that size, and what becomes of them. */
static void put_blocks(struct heaptrack *heaptrack, uint32_t trace,
		       uint64_t size, int64_t count, enum fate fate)
{
	uint32_t first = heaptrack->sizes, second = first + 1;

	if (count <= 0)
		return;
	for (int i = 0; i < 2; i++)
		dwu_out_print(heaptrack->out, "a %" PRIx64 " %" PRIx32 "\n",
			      size, trace);
	heaptrack->sizes += 2;
	for (int64_t i = 0; i < count; i++) {
		dwu_out_print(heaptrack->out, "+ %" PRIx32 "\n", first);
		if (fate != LIVE)
			dwu_out_print(heaptrack->out, "- %" PRIx32 "\n",
				      fate == TEMPORARY ? first : second);
	}
}

/* `count` blocks that have `bytes` in all. */
static void put_group(struct heaptrack *heaptrack, uint32_t trace,
		      int64_t count, int64_t bytes, enum fate fate)
{
	int64_t larger;

	if (count <= 0 || bytes < 0)
		return;
	if (!heaptrack->one_by_one)
		count = 1;
	larger = bytes % count;
	put_blocks(heaptrack, trace, (uint64_t)(bytes / count), count - larger,
		   fate);
	put_blocks(heaptrack, trace, (uint64_t)(bytes / count + 1), larger,
		   fate);
}

static void put_values(struct heaptrack *heaptrack, uint32_t trace,
		       const int64_t *values)
{
	int64_t blocks = values[DWUNW_REPORT_LIVE_BLOCKS];
	int64_t bytes = values[DWUNW_REPORT_LIVE_BYTES];
	int64_t short_ones = values[DWUNW_REPORT_TEMPORARY];
	int64_t short_bytes = values[DWUNW_REPORT_TEMPORARY_BYTES];
	uint32_t has = heaptrack->report->meta.has;

	if ((has & 1u << DWUNW_REPORT_ALLOCATIONS) && heaptrack->one_by_one) {
		put_group(heaptrack, trace, short_ones, short_bytes, TEMPORARY);
		put_group(heaptrack, trace,
			  values[DWUNW_REPORT_ALLOCATIONS] - blocks -
				  short_ones,
			  values[DWUNW_REPORT_ALLOCATED_BYTES] - bytes -
				  short_bytes,
			  FREED);
	}
	put_group(heaptrack, trace, blocks, bytes, LIVE);
}

/* --- all of it -------------------------------------------------------------------- */

static uint64_t count_lines(const struct dwunw_report *report)
{
	int64_t blocks = dwunw_report_total(report, DWUNW_REPORT_LIVE_BLOCKS);
	int64_t all = dwunw_report_total(report, DWUNW_REPORT_ALLOCATIONS);

	return (uint64_t)(all > blocks ? all : blocks);
}

static void put_head(struct heaptrack *heaptrack)
{
	const struct dwunw_report *report = heaptrack->report;
	struct dwu_out *out = heaptrack->out;

	dwu_out_print(out, "v %x %x\nX ", VERSION, FORMAT);
	for (uint32_t i = 0; i < report->process_count && i < 1; i++)
		dwu_out_name(out, report->processes[i].name);
	dwu_out_text(out, "\nI 1000 0\n# sums of dwunw: blocks of a stack have "
			  "its mean size, in no order\n");
	if (!heaptrack->one_by_one)
		dwu_out_text(out, "# too many blocks: one for each stack\n");
}

/* What has no stack: an address of its own, which only has a name. */
static void put_apart(struct heaptrack *heaptrack)
{
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++) {
		struct dwunw_report_frame frame = { .call.function =
							    dwu_apart_name(i) };

		if (!frame.call.function ||
		    !heaptrack->report->apart[i][DWUNW_REPORT_LIVE_BLOCKS])
			continue;
		put_address(heaptrack, 0, "", &frame);
		put_values(heaptrack,
			   put_node(heaptrack,
				    (struct node){
					    0,
					    heaptrack->address_count,
				    }),
			   heaptrack->report->apart[i]);
	}
}

static void put_entries(struct heaptrack *heaptrack)
{
	const struct dwunw_report *report = heaptrack->report;

	for (uint32_t i = 0; i < report->entry_count; i++) {
		const struct dwunw_report_entry *entry = &report->entries[i];

		if (dwu_entry_is_shown(report, entry))
			put_values(heaptrack,
				   put_trace(heaptrack,
					     &report->stacks[entry->stack]),
				   entry->values);
	}
}

void dwu_write_heaptrack(struct dwu_out *out, const struct dwunw_report *report,
			 const struct dwunw_report_options *options)
{
	struct heaptrack heaptrack = { .out = out, .report = report };

	(void)options;
	heaptrack.one_by_one = count_lines(report) <= LINES_MAX;
	heaptrack.addresses =
		calloc(report->frame_count + 1ul, sizeof(*heaptrack.addresses));
	if (!heaptrack.addresses) {
		out->short_of_memory = true;
		return;
	}
	put_head(&heaptrack);
	put_entries(&heaptrack);
	put_apart(&heaptrack);
	dwu_out_print(out, "c %" PRIx64 "\n",
		      (report->meta.end_ns - report->meta.start_ns) / 1000000);
	out->short_of_memory |= heaptrack.texts.failed;
	dwunw_report_free(&heaptrack.texts);
	free(heaptrack.nodes.slots);
	free(heaptrack.node_at);
	free(heaptrack.addresses);
}
