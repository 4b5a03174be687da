/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * html.c - one page for a browser: page.html with the report in it, as JSON. The
 * page takes nothing from elsewhere, and makes text of names, never markup.
 *
 *	{"meta": {…},
 *	 "values": ["live_bytes", …],	which there are, for all rows
 *	 "texts": ["", …],
 *	 "calls": [[name, source, line, file, how], …],	texts by number
 *	 "nodes": [parent, call, …],	a tree, outermost first; 0 is no call
 *	 "rows": [[node, end, program, pid, processes, tid, thread, id, values,
 *		   [sizes, live ages, freed ages], thens], …],	the last two where
 *		   there are any
 *	 "points": [[ms, values], …], "apart": [[name, values], …],
 *	 "counts": [[name, count], …], "ends": [[text, stacks, bytes, blocks], …]}
 */
#include "out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

extern const char dwu_page[], dwu_page_end[];

static const char here[] = "@DATA@";

struct node {
	uint32_t parent;
	uint32_t call;
};

struct page {
	struct dwu_out *out;
	const struct dwunw_report *report;
	struct dwunw_report texts;
	uint32_t *first; /* of a frame: the number of its first call */
	struct dwu_table nodes;
	struct node *node_at;
	uint32_t node_count;
	uint32_t *ends; /* of entries: their node */
};

/* A browser adds what it reads of an element to what it has, 64 KiB at a time. 12 MB
 * in one cost a fifth more of a processor than in many, which the page joins. */
static void put_seam(struct page *page, uint32_t count)
{
	if (count % 4096 == 4095)
		dwu_out_text(page->out, "</script>\n<script "
					"type=\"application/json\">");
}

/* --- texts and calls ----------------------------------------------------------- */

static uint32_t text_of(struct page *page, const char *text)
{
	uint32_t index = dwu_text_index(&page->texts, text ? text : "");

	return index == DWUNW_REPORT_NONE ? 0 : index;
}

static void put_call(struct page *page, const char *name,
		     const struct dwunw_report_call *call, const char *file,
		     const char *how)
{
	dwu_out_print(page->out,
		      "[%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32
		      ",%" PRIu32 "]",
		      text_of(page, name), text_of(page, call->source),
		      call->line, text_of(page, file), text_of(page, how));
}

static const char *how_of(const struct dwunw_report_frame *frame)
{
	if (frame->frame.flags & DWUNW_FRAME_FLAG_GUESS)
		return "guess";
	return frame->frame.how > DWUNW_HOW_CFI ?
		       dwunw_how_name(frame->frame.how) :
		       "";
}

static void put_frame(struct page *page, const struct dwunw_report_frame *frame)
{
	const char *file = dwu_file_of(page->report, frame);
	char text[300];

	put_call(page, dwu_frame_name(page->report, frame, text, sizeof(text)),
		 &frame->call, file, how_of(frame));
	for (uint32_t i = 0; i < frame->inlined_count; i++) {
		const struct dwunw_report_call *call = &frame->inlined[i];

		dwu_out_char(page->out, ',');
		put_call(page, call->function ? call->function : "[unknown]",
			 call, file, "inlined");
	}
}

/* Number 0 is no call. */
static void put_calls(struct page *page)
{
	const struct dwunw_report *report = page->report;
	uint32_t count = 1;

	text_of(page, "");
	dwu_out_text(page->out, ",\n\"calls\":[[0,0,0,0,0]");
	for (uint32_t i = 0; i < report->frame_count; i++) {
		dwu_out_char(page->out, ',');
		page->first[i] = count;
		put_frame(page, &report->frames[i]);
		put_seam(page, i);
		count += 1 + report->frames[i].inlined_count;
	}
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++) {
		const struct dwunw_report_call none = { 0 };

		dwu_out_char(page->out, ',');
		put_call(page, dwu_apart_name(i), &none, "", "");
	}
	page->first[report->frame_count] = count;
	dwu_out_char(page->out, ']');
}

/* --- the tree ------------------------------------------------------------------ */

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
	       asked->at[index].call == asked->node.call;
}

static uint32_t node_of(struct page *page, uint32_t parent, uint32_t call)
{
	struct asked_node asked = { page->node_at, { parent, call } };
	uint64_t hash = dwu_hash_step(parent, call);
	struct dwu_slot *slot = dwu_table_find(&page->texts, &page->nodes, hash,
					       same_node, &asked);
	uint32_t index;

	if (slot && slot->index)
		return slot->index;
	index = slot ? dwu_append(&page->texts, &page->node_at,
				  &page->node_count, sizeof(*page->node_at)) :
		       DWUNW_REPORT_NONE;
	if (index == DWUNW_REPORT_NONE)
		return 0;
	page->node_at[index] = asked.node;
	dwu_table_put(&page->nodes, slot, hash, index);
	return index + 1;
}

static uint32_t leaf_of(struct page *page,
			const struct dwunw_report_stack *stack)
{
	uint32_t node = 0;

	for (uint32_t i = stack->count; i-- > 0;) {
		uint32_t at = stack->frames[i];
		uint32_t last = page->report->frames[at].inlined_count;

		for (uint32_t k = 0; k <= last; k++)
			node = node_of(page, node, page->first[at] + k);
	}
	return node;
}

static void put_nodes(struct page *page)
{
	const struct dwunw_report *report = page->report;

	for (uint32_t i = 0; i < report->entry_count; i++)
		page->ends[i] = leaf_of(
			page, &report->stacks[report->entries[i].stack]);
	dwu_out_text(page->out, ",\n\"nodes\":[0,0");
	for (uint32_t i = 0; i < page->node_count; i++) {
		dwu_out_print(page->out, ",%" PRIu32 ",%" PRIu32,
			      page->node_at[i].parent, page->node_at[i].call);
		put_seam(page, i);
	}
	dwu_out_char(page->out, ']');
}

/* --- rows ---------------------------------------------------------------------- */

static void put_values(struct page *page, const int64_t *values)
{
	const char *comma = "";

	dwu_out_char(page->out, '[');
	for (uint32_t i = 0; i < DWUNW_REPORT_VALUE_END; i++) {
		if (!(page->report->meta.has & 1u << i))
			continue;
		dwu_out_print(page->out, "%s%" PRId64, comma, values[i]);
		comma = ",";
	}
	dwu_out_char(page->out, ']');
}

/* BITS BLOCKS BYTES, again and again */
static void put_histogram(struct page *page,
			  const struct dwunw_report_histogram *histogram)
{
	dwu_out_char(page->out, '[');
	for (uint32_t i = 0; i < histogram->count; i++)
		dwu_out_print(page->out, "%s%u,%" PRId64 ",%" PRId64,
			      i ? "," : "", histogram->at[i].bits,
			      histogram->at[i].blocks, histogram->at[i].bytes);
	dwu_out_char(page->out, ']');
}

/* POINT BYTES BLOCKS, again and again */
static void put_thens(struct page *page, const struct dwunw_report_entry *entry)
{
	dwu_out_char(page->out, '[');
	for (uint32_t i = 0; i < entry->then_count; i++)
		dwu_out_print(page->out, "%s%" PRIu32 ",%" PRId64 ",%" PRId64,
			      i ? "," : "", entry->thens[i].point,
			      entry->thens[i].live_bytes,
			      entry->thens[i].live_blocks);
	dwu_out_char(page->out, ']');
}

/* Not where there are none: a hundred thousand rows are read faster. */
static void put_details(struct page *page,
			const struct dwunw_report_entry *entry)
{
	uint32_t some = entry->then_count;

	for (uint32_t i = 0; i < DWUNW_REPORT_HISTOGRAM_END; i++)
		some |= entry->histograms[i].count;
	if (!some)
		return;
	dwu_out_text(page->out, ",[");
	for (uint32_t i = 0; i < DWUNW_REPORT_HISTOGRAM_END; i++) {
		dwu_out_text(page->out, i ? "," : "");
		put_histogram(page, &entry->histograms[i]);
	}
	dwu_out_text(page->out, "],");
	put_thens(page, entry);
}

static void put_row(struct page *page, uint32_t index)
{
	const struct dwunw_report *report = page->report;
	const struct dwunw_report_entry *entry = &report->entries[index];
	const struct dwunw_report_stack *stack = &report->stacks[entry->stack];

	dwu_out_print(page->out,
		      "[%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32
		      ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",\"%016" PRIx64
		      "\",",
		      page->ends[index], text_of(page, stack->end),
		      text_of(page, entry->program),
		      entry->apart ? entry->apart : entry->pid,
		      entry->processes, entry->tid,
		      text_of(page, entry->thread), stack->id);
	put_values(page, entry->values);
	put_details(page, entry);
	dwu_out_char(page->out, ']');
}

static void put_rows(struct page *page)
{
	const char *comma = "";

	dwu_out_text(page->out, ",\n\"rows\":[");
	for (uint32_t i = 0; i < page->report->entry_count; i++) {
		if (!dwu_entry_is_shown(page->report,
					&page->report->entries[i]))
			continue;
		dwu_out_text(page->out, comma);
		put_row(page, i);
		put_seam(page, i);
		comma = ",\n";
	}
	dwu_out_char(page->out, ']');
}

/* --- the rest ------------------------------------------------------------------- */

static void put_points(struct page *page)
{
	const struct dwunw_report *report = page->report;

	dwu_out_text(page->out, ",\n\"points\":[");
	for (uint32_t i = 0; i < report->point_count; i++) {
		const struct dwunw_report_point *point = &report->points[i];
		uint64_t since = point->time_ns - report->meta.start_ns;

		dwu_out_print(page->out, "%s[%" PRIu64 ",", i ? "," : "",
			      since / 1000000);
		put_values(page, point->values);
		dwu_out_char(page->out, ']');
	}
	dwu_out_char(page->out, ']');
}

/* NAME, VALUES and the call that stands for it (0: it is in no graph) */
static void put_aparts(struct page *page)
{
	static const char *const names[DWUNW_REPORT_APART_END] = {
		"their stack was not sent, or is on its way",
		"of stacks beyond those that are kept",
		"threads' stacks and tables, by pthread_create",
		"suppressed",
		"of stacks that the baseline has",
	};
	const struct dwunw_report *report = page->report;

	dwu_out_text(page->out, ",\n\"apart\":[");
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++) {
		dwu_out_text(page->out, i ? ",[" : "[");
		dwu_out_json(page->out, names[i]);
		dwu_out_char(page->out, ',');
		put_values(page, report->apart[i]);
		dwu_out_print(page->out, ",%" PRIu32 "]",
			      dwu_apart_name(i) ?
				      page->first[report->frame_count] + i :
				      0);
	}
	dwu_out_text(page->out, "],\n\"counts\":[");
	for (uint32_t i = 0; i < DWUNW_REPORT_COUNT_END; i++) {
		dwu_out_print(page->out, "%s[\"%s\",%" PRIu64 "]", i ? "," : "",
			      dwunw_report_count_name(i), report->counts[i]);
	}
	dwu_out_char(page->out, ']');
}

static void put_named(struct page *page, const char *key, const char *text)
{
	dwu_out_print(page->out, ",\"%s\":", key);
	dwu_out_json(page->out, text ? text : "");
}

static void put_processes(struct page *page)
{
	const struct dwunw_report *report = page->report;

	dwu_out_text(page->out, ",\"processes\":[");
	for (uint32_t i = 0; i < report->process_count; i++) {
		dwu_out_print(page->out, "%s[%" PRId32 ",", i ? "," : "",
			      report->processes[i].pid);
		dwu_out_json(page->out, report->processes[i].name);
		dwu_out_char(page->out, ']');
	}
	dwu_out_text(page->out, "],\"labels\":[");
	for (uint32_t i = 0; i < report->label_count; i++) {
		dwu_out_text(page->out, i ? ",[" : "[");
		dwu_out_json(page->out, report->labels[i].key);
		dwu_out_char(page->out, ',');
		dwu_out_json(page->out, report->labels[i].value);
		dwu_out_char(page->out, ']');
	}
	dwu_out_char(page->out, ']');
}

static void put_meta(struct page *page)
{
	const struct dwunw_report_meta *meta = &page->report->meta;
	const char *comma = "";

	dwu_out_print(page->out,
		      "{\"meta\":{\"start\":%" PRIu64 ",\"duration\":%" PRIu64
		      ",\"estimated\":%s,\"difference\":%s",
		      meta->start_realtime_ns / 1000000,
		      (meta->end_ns - meta->start_ns) / 1000000,
		      meta->estimated ? "true" : "false",
		      meta->difference ? "true" : "false");
	put_named(page, "tool", meta->tool);
	put_named(page, "version", meta->version);
	put_named(page, "kernel", meta->kernel);
	put_named(page, "event", meta->event);
	put_named(page, "unit", meta->unit);
	put_named(page, "main",
		  dwunw_report_value_name(dwu_main_value(page->report)));
	put_processes(page);
	dwu_out_text(page->out, "},\n\"values\":[");
	for (uint32_t i = 0; i < DWUNW_REPORT_VALUE_END; i++) {
		if (!(meta->has & 1u << i))
			continue;
		dwu_out_print(page->out, "%s\"%s\"", comma,
			      dwunw_report_value_name(i));
		comma = ",";
	}
	dwu_out_char(page->out, ']');
}

static void put_texts(struct page *page)
{
	const struct dwunw_report_store *store = page->texts.store;

	dwu_out_text(page->out, ",\n\"texts\":[");
	for (uint32_t i = 0; store && i < store->text_count; i++) {
		dwu_out_text(page->out, i ? "," : "");
		dwu_out_json(page->out, store->text_at[i]);
		put_seam(page, i);
	}
	dwu_out_text(page->out, "]}\n");
}

/* Texts come last: all the others are looking for theirs. */
static void put_data(struct page *page)
{
	put_meta(page);
	put_calls(page);
	put_nodes(page);
	put_rows(page);
	put_points(page);
	put_aparts(page);
	put_texts(page);
}

void dwu_write_html(struct dwu_out *out, const struct dwunw_report *report,
		    const struct dwunw_report_options *options)
{
	struct page page = { .out = out, .report = report };
	const char *data = strstr(dwu_page, here);

	(void)options;
	page.first = calloc(report->frame_count + 1ul, sizeof(*page.first));
	page.ends = calloc(report->entry_count + 1ul, sizeof(*page.ends));
	out->in_page = true;
	if (page.first && page.ends && data) {
		dwu_out_bytes(out, dwu_page, (size_t)(data - dwu_page));
		put_data(&page);
		data += sizeof(here) - 1;
		dwu_out_bytes(out, data, (size_t)(dwu_page_end - data));
	} else {
		out->short_of_memory = true;
	}
	out->short_of_memory |= page.texts.failed;
	dwunw_report_free(&page.texts);
	free(page.nodes.slots);
	free(page.node_at);
	free(page.first);
	free(page.ends);
}
