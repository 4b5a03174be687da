/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * model.c - each text, file, frame, stack and entry once.
 */
#include "store.h"

#include <string.h>

/* --- texts ------------------------------------------------------------------ */

static bool same_text(const struct dwunw_report *report, uint32_t index,
		      const void *wanted)
{
	return !strcmp(report->store->text_at[index], wanted);
}

static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
	return hash ^ hash >> 32;
}

uint32_t dwu_text_index(struct dwunw_report *report, const char *text)
{
	struct dwunw_report_store *store = dwu_store(report);
	uint64_t hash = hash_text(text);
	struct dwu_slot *slot = store ? dwu_table_find(report, &store->texts,
						       hash, same_text, text) :
					NULL;
	const char *kept;
	uint32_t index;

	if (slot && slot->index)
		return slot->index - 1;
	kept = slot ? dwu_keep(report, text, strlen(text) + 1) : NULL;
	index = kept ? dwu_append(report, &store->text_at, &store->text_count,
				  sizeof(*store->text_at)) :
		       DWUNW_REPORT_NONE;
	if (index == DWUNW_REPORT_NONE)
		return index;
	store->text_at[index] = kept;
	dwu_table_put(&store->texts, slot, hash, index);
	return index;
}

const char *dwunw_report_text(struct dwunw_report *report, const char *text)
{
	uint32_t index = text ? dwu_text_index(report, text) :
				DWUNW_REPORT_NONE;

	if (index == DWUNW_REPORT_NONE)
		return text ? "" : NULL;
	return report->store->text_at[index];
}

/* --- files, processes, mappings, labels --------------------------------------- */

static bool same_file(const struct dwunw_report *report, uint32_t index,
		      const void *wanted)
{
	const struct dwunw_report_file *file = &report->files[index];
	const struct dwunw_report_file *other = wanted;

	return file->identity == other->identity && file->path == other->path &&
	       file->build_id_size == other->build_id_size &&
	       !memcmp(file->build_id, other->build_id, file->build_id_size);
}

uint32_t dwunw_report_add_file(struct dwunw_report *report,
			       const struct dwunw_report_file *file)
{
	struct dwunw_report_store *store = dwu_store(report);
	struct dwunw_report_file wanted = *file;
	struct dwu_slot *slot;
	uint64_t hash;
	uint32_t index;

	if (!store || file->build_id_size > DWUNW_BUILD_ID_MAX)
		return DWUNW_REPORT_NONE;
	wanted.path = dwunw_report_text(report, file->path ? file->path : "");
	hash = dwu_hash_step(hash_text(wanted.path), file->identity);
	slot = dwu_table_find(report, &store->files, hash, same_file, &wanted);
	if (!slot)
		return DWUNW_REPORT_NONE;
	if (slot->index)
		return slot->index - 1;
	index = dwu_append(report, &report->files, &report->file_count,
			   sizeof(*report->files));
	if (index == DWUNW_REPORT_NONE)
		return index;
	report->files[index] = wanted;
	dwu_table_put(&store->files, slot, hash, index);
	return index;
}

uint32_t dwunw_report_add_process(struct dwunw_report *report,
				  const struct dwunw_report_process *process)
{
	const char *name =
		dwunw_report_text(report, process->name ? process->name : "");
	uint32_t i = 0;

	while (i < report->process_count &&
	       (report->processes[i].pid != process->pid ||
		report->processes[i].start_ns != process->start_ns))
		i++;
	if (i == report->process_count)
		i = dwu_append(report, &report->processes,
			       &report->process_count,
			       sizeof(*report->processes));
	if (i == DWUNW_REPORT_NONE)
		return i;
	if (!*name && report->processes[i].name)
		name = report->processes[i].name;
	report->processes[i] = *process;
	report->processes[i].name = name;
	return i;
}

uint32_t dwunw_report_add_mapping(struct dwunw_report *report,
				  const struct dwunw_report_mapping *mapping)
{
	uint32_t index;

	if (mapping->file >= report->file_count)
		return DWUNW_REPORT_NONE;
	index = dwu_append(report, &report->mappings, &report->mapping_count,
			   sizeof(*report->mappings));
	if (index != DWUNW_REPORT_NONE)
		report->mappings[index] = *mapping;
	return index;
}

uint32_t dwunw_report_add_label(struct dwunw_report *report, const char *key,
				const char *value)
{
	uint32_t i = 0;

	while (i < report->label_count && strcmp(report->labels[i].key, key))
		i++;
	if (i == report->label_count)
		i = dwu_append(report, &report->labels, &report->label_count,
			       sizeof(*report->labels));
	if (i == DWUNW_REPORT_NONE)
		return i;
	report->labels[i].key = dwunw_report_text(report, key);
	report->labels[i].value = dwunw_report_text(report, value);
	return i;
}

/* --- frames ------------------------------------------------------------------- */

static struct dwunw_report_call call_of(struct dwunw_report *report,
					const struct dwunw_symbol_info *info)
{
	return (struct dwunw_report_call){
		.function = dwunw_report_text(report, info->function),
		.source = dwunw_report_text(report, info->file),
		.line = info->line,
		.column = info->column,
	};
}

static bool same_call(const struct dwunw_report_call *a,
		      const struct dwunw_report_call *b)
{
	return a->function == b->function && a->source == b->source &&
	       a->line == b->line && a->column == b->column;
}

/* A frame as it is asked for: texts are the model's, calls are not yet. */
struct asked {
	struct dwunw_report_frame frame;
	const struct dwunw_symbol_info *info;
};

static bool same_inlined(const struct dwunw_report_frame *frame,
			 const struct dwunw_symbol_info *info)
{
	for (uint32_t i = 0; i < frame->inlined_count; i++) {
		const struct dwunw_report_call *call = &frame->inlined[i];

		info = info->inlined;
		if (call->line != info->line || call->column != info->column ||
		    !call->function != !info->function ||
		    (call->function &&
		     strcmp(call->function, info->function)) ||
		    !call->source != !info->file ||
		    (call->source && strcmp(call->source, info->file)))
			return false;
	}
	return true;
}

static bool same_frame(const struct dwunw_report *report, uint32_t index,
		       const void *wanted)
{
	const struct dwunw_report_frame *frame = &report->frames[index];
	const struct asked *asked = wanted;
	const struct dwunw_report_frame *other = &asked->frame;

	return frame->frame.pc == other->frame.pc &&
	       frame->frame.vaddr == other->frame.vaddr &&
	       frame->frame.module == other->frame.module &&
	       frame->frame.how == other->frame.how &&
	       frame->frame.flags == other->frame.flags &&
	       frame->offset == other->offset &&
	       frame->inlined_count == other->inlined_count &&
	       same_call(&frame->call, &other->call) &&
	       (!frame->inlined_count || same_inlined(frame, asked->info));
}

static uint64_t hash_frame(const struct dwunw_report_frame *frame)
{
	uint64_t hash = dwu_hash_step(frame->frame.pc, frame->frame.vaddr);

	hash = dwu_hash_step(hash, frame->frame.module);
	hash = dwu_hash_step(hash, (uint64_t)frame->frame.how << 8 |
					   frame->frame.flags);
	return dwu_hash_step(hash, (uintptr_t)frame->call.function);
}

/* The copy of the calls that were inlined; without memory there are none. */
static void keep_inlined(struct dwunw_report *report,
			 struct dwunw_report_frame *frame,
			 const struct dwunw_symbol_info *info)
{
	uint32_t count = frame->inlined_count;
	struct dwunw_report_call *calls =
		count ? dwu_keep(report, NULL, count * sizeof(*calls)) : NULL;

	frame->inlined = calls;
	frame->inlined_count = calls ? count : 0;
	for (uint32_t i = 0; calls && i < count; i++) {
		info = info->inlined;
		calls[i] = call_of(report, info);
	}
}

/* But for the copy of its inlined calls. */
static void set_names(struct dwunw_report *report,
		      struct dwunw_report_frame *frame,
		      const struct dwunw_symbol_info *info)
{
	if (!info)
		return;
	frame->call = call_of(report, info);
	frame->offset = info->offset;
	while (info->inlined) {
		info = info->inlined;
		frame->inlined_count++;
	}
}

uint32_t dwunw_report_add_frame(struct dwunw_report *report,
				const struct dwunw_frame *frame, uint32_t file,
				const struct dwunw_symbol_info *info)
{
	struct dwunw_report_store *store = dwu_store(report);
	struct asked asked = { .frame.frame = *frame, .info = info };
	struct dwu_slot *slot;
	uint64_t hash;
	uint32_t index;

	if (!store)
		return DWUNW_REPORT_NONE;
	asked.frame.frame.module = file < report->file_count ? file + 1 : 0;
	set_names(report, &asked.frame, info);
	hash = hash_frame(&asked.frame);
	slot = dwu_table_find(report, &store->frames, hash, same_frame, &asked);
	if (!slot)
		return DWUNW_REPORT_NONE;
	if (slot->index)
		return slot->index - 1;
	keep_inlined(report, &asked.frame, info);
	index = dwu_append(report, &report->frames, &report->frame_count,
			   sizeof(*report->frames));
	if (index == DWUNW_REPORT_NONE)
		return index;
	report->frames[index] = asked.frame;
	dwu_table_put(&store->frames, slot, hash, index);
	return index;
}

/* Its hash stays that of the frame without names: who adds it again without
 * names gets another one. */
void dwunw_report_name_frame(struct dwunw_report *report, uint32_t frame,
			     const struct dwunw_symbol_info *info)
{
	if (frame >= report->frame_count || !info ||
	    report->frames[frame].call.function ||
	    report->frames[frame].call.source)
		return;
	report->frames[frame].inlined_count = 0;
	set_names(report, &report->frames[frame], info);
	keep_inlined(report, &report->frames[frame], info);
}

/* --- stacks ------------------------------------------------------------------- */

struct asked_stack {
	const uint32_t *frames;
	uint32_t count;
	int32_t owner;
};

/* SPEC.md, "Files and stacks by 64 bits": a file's code by its address there. */
static uint64_t place_of(const struct dwunw_report *report,
			 const struct dwunw_frame *frame, uint64_t *identity)
{
	*identity = frame->module ? report->files[frame->module - 1].identity :
				    0;
	return frame->module ? frame->vaddr : frame->pc;
}

static bool same_stack(const struct dwunw_report *report, uint32_t index,
		       const void *wanted)
{
	const struct dwunw_report_stack *stack = &report->stacks[index];
	const struct asked_stack *asked = wanted;
	uint64_t identity;

	if (stack->count != asked->count || stack->owner != asked->owner)
		return false;
	for (uint32_t i = 0; i < stack->count; i++) {
		const struct dwunw_frame *a =
			&report->frames[stack->frames[i]].frame;
		const struct dwunw_frame *b =
			&report->frames[asked->frames[i]].frame;

		if (a->module != b->module ||
		    place_of(report, a, &identity) !=
			    place_of(report, b, &identity) ||
		    dwunw_frame_is_exact(a) != dwunw_frame_is_exact(b))
			return false;
	}
	return true;
}

static uint64_t hash_stack(const struct dwunw_report *report,
			   const struct asked_stack *asked)
{
	uint64_t hash = dwu_hash_step(asked->count, (uint32_t)asked->owner);
	uint64_t identity;

	for (uint32_t i = 0; i < asked->count; i++) {
		const struct dwunw_frame *frame =
			&report->frames[asked->frames[i]].frame;

		hash = dwu_hash_step(hash, frame->module);
		hash = dwu_hash_step(hash, place_of(report, frame, &identity));
	}
	return hash;
}

static uint64_t id_of(const struct dwunw_report *report,
		      const struct asked_stack *asked)
{
	uint64_t id = 0;

	for (uint32_t i = 0; i < asked->count; i++) {
		const struct dwunw_frame *frame =
			&report->frames[asked->frames[i]].frame;
		uint64_t identity;
		uint64_t place = place_of(report, frame, &identity);

		id = dwunw_stack_id_add(id, identity,
					identity ? place : frame->pc,
					dwunw_frame_is_exact(frame));
	}
	return id;
}

static bool are_frames(const struct dwunw_report *report,
		       const uint32_t *frames, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (frames[i] >= report->frame_count)
			return false;
	return true;
}

static uint32_t new_stack(struct dwunw_report *report,
			  const struct asked_stack *asked,
			  const struct dwunw_report_stack *like)
{
	const uint32_t *frames =
		dwu_keep(report, asked->frames, asked->count * sizeof(*frames));
	uint32_t index = frames ? dwu_append(report, &report->stacks,
					     &report->stack_count,
					     sizeof(*report->stacks)) :
				  DWUNW_REPORT_NONE;
	struct dwunw_report_stack *stack;

	if (index == DWUNW_REPORT_NONE)
		return index;
	stack = &report->stacks[index];
	*stack = *like;
	stack->id = id_of(report, asked);
	stack->frames = frames;
	stack->count = asked->count;
	stack->end = dwunw_report_text(report, like->end ? like->end : "");
	if (like->fp)
		stack->fp = dwu_keep(report, like->fp,
				     like->fp_count * sizeof(*like->fp));
	if (!stack->fp)
		stack->fp_count = 0;
	return index;
}

uint32_t dwunw_report_add_stack(struct dwunw_report *report,
				const uint32_t *frames, uint32_t count,
				const struct dwunw_report_stack *like)
{
	struct dwunw_report_store *store = dwu_store(report);
	struct asked_stack asked = { frames, count, like->owner };
	struct dwu_slot *slot;
	uint64_t hash;
	uint32_t index;

	if (!store || !are_frames(report, frames, count))
		return DWUNW_REPORT_NONE;
	hash = hash_stack(report, &asked);
	slot = dwu_table_find(report, &store->stacks, hash, same_stack, &asked);
	if (!slot)
		return DWUNW_REPORT_NONE;
	if (slot->index)
		return slot->index - 1;
	index = new_stack(report, &asked, like);
	if (index != DWUNW_REPORT_NONE)
		dwu_table_put(&store->stacks, slot, hash, index);
	return index;
}

/* --- entries ------------------------------------------------------------------ */

static bool same_entry(const struct dwunw_report *report, uint32_t index,
		       const void *wanted)
{
	const struct dwunw_report_entry *entry = &report->entries[index];
	const struct dwunw_report_entry *other = wanted;

	return entry->stack == other->stack && entry->apart == other->apart &&
	       entry->tid == other->tid;
}

static void add_pid(struct dwunw_report_entry *entry, uint32_t pid)
{
	for (uint32_t i = 0; i < entry->processes; i++)
		if (entry->pids[i] == pid)
			return;
	if (!entry->pid)
		entry->pid = pid;
	if (pid && entry->processes < DWUNW_REPORT_PIDS)
		entry->pids[entry->processes++] = pid;
}

/* The newest of that pid: a number may be used again. */
static const char *program_of(const struct dwunw_report *report, uint32_t pid)
{
	for (uint32_t i = report->process_count; i-- > 0;)
		if (report->processes[i].pid == (int32_t)pid)
			return report->processes[i].name;
	return "";
}

static uint32_t new_entry(struct dwunw_report *report,
			  const struct dwunw_report_entry *wanted)
{
	uint32_t index = dwu_append(report, &report->entries,
				    &report->entry_count,
				    sizeof(*report->entries));

	if (index == DWUNW_REPORT_NONE)
		return index;
	report->entries[index] = *wanted;
	report->entries[index].thread = "";
	report->entries[index].program = "";
	return index;
}

static uint64_t hash_entry(const struct dwunw_report_entry *entry)
{
	return dwu_hash_step(dwu_hash_step(entry->stack, entry->apart),
			     entry->tid);
}

void dwu_index_entries(struct dwunw_report *report)
{
	struct dwu_table *table = &report->store->entries;

	memset(table->slots, 0, table->size * sizeof(*table->slots));
	table->count = 0;
	for (uint32_t i = 0; i < report->entry_count; i++) {
		uint64_t hash = hash_entry(&report->entries[i]);
		struct dwu_slot *slot = dwu_table_find(
			report, table, hash, same_entry, &report->entries[i]);

		if (slot && !slot->index)
			dwu_table_put(table, slot, hash, i);
	}
}

uint32_t dwunw_report_add_entry(struct dwunw_report *report, uint32_t stack,
				uint32_t apart, uint32_t tid, uint32_t pid)
{
	struct dwunw_report_store *store = dwu_store(report);
	struct dwunw_report_entry wanted = { .stack = stack,
					     .apart = apart,
					     .tid = tid };
	uint64_t hash = hash_entry(&wanted);
	struct dwunw_report_entry *entry;
	struct dwu_slot *slot;
	uint32_t index;

	if (!store || stack >= report->stack_count)
		return DWUNW_REPORT_NONE;
	slot = dwu_table_find(report, &store->entries, hash, same_entry,
			      &wanted);
	if (!slot)
		return DWUNW_REPORT_NONE;
	index = slot->index ? slot->index - 1 : new_entry(report, &wanted);
	if (index == DWUNW_REPORT_NONE)
		return index;
	if (!slot->index)
		dwu_table_put(&store->entries, slot, hash, index);
	entry = &report->entries[index];
	add_pid(entry, pid);
	if (!*entry->program)
		entry->program = program_of(report, entry->pid);
	return index;
}

void dwunw_report_name_thread(struct dwunw_report *report, uint32_t entry,
			      const char *name)
{
	if (entry < report->entry_count && name)
		report->entries[entry].thread = dwunw_report_text(report, name);
}
