/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Frame -> names. What was mapped may have another path here, none any more,
 * or one that leads to another file: tables are found by the file's identity,
 * and a path is only believed where it leads to that file.
 */
#include "modules.h"
#include "names.h"
#include "process.h"

#include <string.h>

/*
 * The file of that serial as the process has it mapped at pc. By what a walk has
 * read of it: another thread may be looking at that (dwunw_process_space()), and
 * newer mappings may not have the file any more.
 */
static bool mapped_file(struct dwunw_context *ctx, int32_t pid,
			const struct dwunw_frame *frame, char *path,
			size_t size)
{
	const struct dwu_hold how = { .pid = pid, .known = true };
	const struct dwunw_mapping *mapping;
	struct dwu_image *image;
	bool found;

	if (dwu_process_hold(ctx, &how, &image) != DWUNW_OK)
		return false;
	mapping = dwunw_space_find(&image->space,
				   dwunw_frame_lookup(frame, frame->pc));
	found = mapping &&
		image->places[mapping->file].kind == DWU_PLACE_FILE &&
		dwu_image_file(image, mapping, path, size) == DWUNW_OK;
	dwu_image_release(image);
	return found;
}

/*
 * A path may be replaced by an upgrade while the process runs on with the old
 * file.
 */
static bool leads_to(const char *path, const struct dwu_module_is *is)
{
	struct dwu_file_id id;

	return dwu_file_stat(path, &id) == DWUNW_OK &&
	       dwu_file_id_same(&id, &is->id);
}

/*
 * Names known of that very file; else its label, if that still leads there;
 * else what the process itself has mapped.
 */
static dwunw_status_t in_module(struct dwunw_symbol_resolver *resolver,
				struct dwunw_context *ctx, int32_t pid,
				const struct dwunw_frame *frame,
				struct dwunw_symbol_info *info)
{
	struct dwunw_symbol_input input = {
		.pc = dwunw_frame_lookup(frame, frame->vaddr),
	};
	char path[64 + 2 * DWU_PATH_MAX];
	struct dwu_module_is is;

	if (!dwu_modules_is(ctx, frame->module, &is) || !is.label)
		return DWUNW_ERR_NO_DEBUG_DATA;
	input.module_path = is.label;
	if (!is.bytes.size && !dwu_symbols_known(resolver, &is) &&
	    !leads_to(is.label, &is)) {
		if (pid <= 0 ||
		    !mapped_file(ctx, pid, frame, path, sizeof(path)))
			return DWUNW_ERR_NO_DEBUG_DATA;
		input.module_path = path;
	}
	return dwu_symbols_ask(resolver, &input, &is, info);
}

/* Code without a file: perf-PID.map, jit-PID.dump. */
static dwunw_status_t told_by_process(struct dwunw_symbol_resolver *resolver,
				      int32_t pid,
				      const struct dwunw_frame *frame,
				      struct dwunw_symbol_info *info)
{
	struct dwunw_symbol_input input = {
		.pc = dwunw_frame_lookup(frame, frame->pc),
	};
	char path[64];

	if (pid <= 0 ||
	    dwunw_symbol_perf_map(pid, path, sizeof(path)) != DWUNW_OK)
		return DWUNW_ERR_NO_DEBUG_DATA;
	input.module_path = path;
	return dwu_symbols_ask(resolver, &input, NULL, info);
}

/*
 * The offset is that of the pc, though the name is looked up at pc - 1 for a
 * return address: "main+0x1f" is where main goes on.
 */
dwunw_status_t dwunw_symbol_frame(struct dwunw_symbol_resolver *resolver,
				  struct dwunw_context *ctx, int32_t pid,
				  const struct dwunw_frame *frame,
				  struct dwunw_symbol_info *info)
{
	if (!resolver || !resolver->store || !ctx || !ctx->port || !frame ||
	    !info)
		return DWUNW_ERR_INVALID_ARG;
	*info = (struct dwunw_symbol_info){ 0 };
	info->status = frame->module ?
			       in_module(resolver, ctx, pid, frame, info) :
			       told_by_process(resolver, pid, frame, info);
	if (info->function)
		info->offset +=
			frame->pc - dwunw_frame_lookup(frame, frame->pc);
	return info->status;
}
