/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * names.c - names of frames: from the file here that is of the same build, else those
 * that the recording has kept. Many recordings have the same frames: each is asked for
 * once.
 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An answer, kept; info.inlined leads to a copy. */
struct answer {
	const struct report_found *found;
	uint64_t addr;
	struct dwunw_symbol_info info;
	bool named;
};

struct report_names {
	struct dwunw_symbol_resolver resolver;
	struct report_finder finder;
	struct answer *answers; /* hashed; half of them free: found NULL */
	uint32_t room;
	uint32_t count;
	struct dwunw_symbol_info *kept; /* of the frame at hand */
	uint32_t kept_room;
};

/* --- answers ---------------------------------------------------------------------- */

static struct answer *slot_of(struct answer *answers, uint32_t room,
			      const struct report_found *found, uint64_t addr)
{
	uint64_t at =
		(addr ^ (uint64_t)(uintptr_t)found) * 0x9e3779b97f4a7c15u >> 32;

	while (answers[at & (room - 1)].found &&
	       (answers[at & (room - 1)].found != found ||
		answers[at & (room - 1)].addr != addr))
		at++;
	return &answers[at & (room - 1)];
}

static bool make_room(struct report_names *names)
{
	uint32_t room = names->room ? names->room * 2 : 1024;
	struct answer *answers;

	if (names->count < names->room / 2)
		return true;
	answers = calloc(room, sizeof(*answers));
	if (!answers)
		return false;
	for (uint32_t i = 0; i < names->room; i++) {
		const struct answer *answer = &names->answers[i];

		if (answer->found)
			*slot_of(answers, room, answer->found, answer->addr) =
				*answer;
	}
	free(names->answers);
	names->answers = answers;
	names->room = room;
	return true;
}

/* The chain is the resolver's until the next question. Without memory: none. */
static const struct dwunw_symbol_info *
copy_chain(const struct dwunw_symbol_info *first)
{
	const struct dwunw_symbol_info *info;
	struct dwunw_symbol_info *copy;
	size_t count = 0;

	for (info = first; info; info = info->inlined)
		count++;
	copy = count ? calloc(count, sizeof(*copy)) : NULL;
	for (size_t i = 0; copy && i < count; i++, first = first->inlined) {
		copy[i] = *first;
		copy[i].inlined = i + 1 < count ? &copy[i + 1] : NULL;
	}
	return copy;
}

/* NULL: no memory. */
static const struct answer *ask(struct report_names *names,
				struct report_found *found, uint64_t addr)
{
	const struct dwunw_symbol_input input = { .module_path = found->path,
						  .pc = addr };
	struct answer *answer;

	if (!make_room(names))
		return NULL;
	answer = slot_of(names->answers, names->room, found, addr);
	if (answer->found)
		return answer;
	report_progress("names: %u frames, %s", (unsigned int)names->count,
			found->recorded);
	*answer = (struct answer){ .found = found, .addr = addr };
	names->count++;
	dwunw_symbol_resolve_batch(&names->resolver, &input, &answer->info, 1);
	answer->info.inlined = copy_chain(answer->info.inlined);
	answer->named = answer->info.status == DWUNW_OK;
	return answer;
}

/* --- what the recording has kept ------------------------------------------------------ */

static struct dwunw_symbol_info of_call(const struct dwunw_recording_call *call)
{
	return (struct dwunw_symbol_info){
		.function = call->function[0] ? call->function : NULL,
		.file = call->source[0] ? call->source : NULL,
		.line = call->line,
		.column = call->column,
		.flags = (call->function[0] ? DWUNW_SYMBOL_FLAG_FUNCTION : 0) |
			 (call->source[0] ? DWUNW_SYMBOL_FLAG_LINE : 0),
	};
}

static bool take_kept(struct report_names *names,
		      const struct dwunw_recording_name *name,
		      struct dwunw_symbol_info *info)
{
	if (name->inlined_count > names->kept_room) {
		struct dwunw_symbol_info *kept = realloc(
			names->kept, name->inlined_count * sizeof(*kept));

		if (!kept)
			return false;
		names->kept = kept;
		names->kept_room = name->inlined_count;
	}
	*info = of_call(&name->at);
	info->offset = name->offset;
	for (uint32_t i = 0; i < name->inlined_count; i++) {
		names->kept[i] = of_call(&name->inlined[i]);
		names->kept[i].flags |= DWUNW_SYMBOL_FLAG_INLINED;
		if (i)
			names->kept[i - 1].inlined = &names->kept[i];
	}
	if (name->inlined_count)
		info->inlined = names->kept;
	return true;
}

/* --- both ----------------------------------------------------------------------------- */

/* Does the file here tell more than what was kept? */
static bool tells_more(const struct answer *answer,
		       const struct dwunw_recording_name *kept)
{
	return answer && answer->named &&
	       (!kept || answer->info.file || !kept->at.source[0]);
}

bool report_names_of(struct report_names *names,
		     const struct dwunw_recording *recording,
		     const struct dwunw_recording_frame *frame,
		     struct dwunw_symbol_info *info)
{
	bool exact = frame->lookup & DWUNW_RECORDING_FRAME_FLAG_EXACT;
	struct report_found *found = NULL;
	const struct answer *answer = NULL;

	*info = (struct dwunw_symbol_info){ 0 };
	if (frame->flags & DWUNW_FRAME_FLAG_SIGNAL) {
		info->function = "<signal trampoline>";
		info->flags = DWUNW_SYMBOL_FLAG_FUNCTION;
		return true;
	}
	if (frame->file)
		found = report_find(&names->finder,
				    &recording->files[frame->file - 1]);
	if (found && found->path)
		answer = ask(names, found, frame->vaddr - !exact);
	if (tells_more(answer, frame->name)) {
		*info = answer->info;
		if (info->function)
			info->offset += !exact;
		return true;
	}
	if (frame->name)
		return take_kept(names, frame->name, info);
	if (found)
		found->nameless++;
	return false;
}

static const char **dirs_of(const struct dwu_cmd_files *files)
{
	const char **dirs = dwu_cmd_alloc(files->count + 2, sizeof(*dirs));
	size_t count = 0;
	char *own;

	for (; count < files->count; count++)
		dirs[count] = files->debug_dirs[count];
	if (files->sysroot &&
	    asprintf(&own, "%s/usr/lib/debug", files->sysroot) > 0)
		dirs[count++] = own;
	dirs[count] = NULL;
	return dirs;
}

struct report_names *report_names_new(const struct dwu_cmd_files *files)
{
	struct report_names *names = dwu_cmd_alloc(1, sizeof(*names));
	struct dwunw_symbol_config config = {
		.memory_max = files->memory_max,
		.log = dwu_cmd_log,
	};

	names->finder.sysroot = files->sysroot;
	names->finder.debug_dirs = dirs_of(files);
	config.debug_dirs = names->finder.debug_dirs;
	if (!dwunw_symbol_resolver_init(&names->resolver, &config))
		return names;
	report_names_free(names);
	return NULL;
}

void report_names_free(struct report_names *names)
{
	if (!names)
		return;
	report_progress_end();
	report_say_missing(&names->finder);
	for (uint32_t i = 0; i < names->room; i++)
		free((void *)(uintptr_t)names->answers[i].info.inlined);
	free(names->answers);
	free(names->kept);
	report_finder_free(&names->finder);
	free(names->finder.debug_dirs);
	dwunw_symbol_resolver_shutdown(&names->resolver);
	free(names);
}
