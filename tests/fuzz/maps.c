/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Any bytes as the text of /proc/PID/maps: refused, or mappings in order that
 * are found again, with the paths that the text has.
 */
#include "kept.h"

#include "files.h"

static void look(struct dwunw_process *process, const uint8_t *data,
		 size_t size)
{
	const struct dwunw_space *space = dwunw_process_space(process);

	LAW(space);
	for (uint32_t i = 0; i < space->count; i++) {
		const struct dwunw_mapping *at = &space->mappings[i];
		const char *path = dwunw_process_path(process, at);
		char file[DWU_PATH_MAX];

		LAW(at->start < at->end);
		LAW(!i || at[-1].end <= at->start);
		LAW(dwunw_space_find(space, at->start) == at);
		LAW(dwunw_space_find(space, at->end - 1) == at);
		LAW(!*path || memmem(data, size, path, strlen(path)));
		if (i < 4)
			(void)dwunw_process_file(process, at, file,
						 sizeof(file));
	}
	LAW(!dwunw_space_find(space, UINT64_MAX) ||
	    space->mappings[space->count - 1].end == UINT64_MAX);
}

/* What is executable has a row, or none, and no other answer. */
static void walk(struct dwunw_context *ctx, struct dwunw_process *process)
{
	const struct dwunw_space *space = dwunw_process_space(process);
	struct dwunw_unwind_request request = { .space = space };
	struct dwunw_frame frames[4];
	struct dwunw_regset regs;
	size_t count;

	LAW(!dwunw_regset_prepare(&regs, DWUNW_ARCH_X86_64));
	regs.sp = regs.regs[7] = 0x7fff0000;
	for (uint32_t i = 0; i < space->count && i < 8; i++) {
		regs.pc = regs.regs[16] = space->mappings[i].start;
		request.regs = &regs;
		request.frames = frames;
		request.max_frames = COUNT(frames);
		LAW(!dwunw_capture(ctx, &request, &count));
		LAW(count == 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dwunw_context ctx;
	struct dwunw_process *process, *again;
	dwunw_status_t status;

	if (!ctx.port)
		LAW(!dwunw_init(&ctx));
	status = dwunw_process_from_maps(&ctx, DWUNW_ARCH_X86_64,
					 (const char *)data, size, "/nowhere",
					 &process);
	LAW(status == DWUNW_OK || status == DWUNW_ERR_BAD_FORMAT ||
	    status == DWUNW_ERR_NO_MEMORY);
	if (status != DWUNW_OK)
		return 0;
	look(process, data, size);
	walk(&ctx, process);
	LAW(!dwunw_process_from_maps(&ctx, DWUNW_ARCH_X86_64,
				     (const char *)data, size, NULL, &again));
	LAW(dwunw_process_space(again)->count ==
	    dwunw_process_space(process)->count);
	dwunw_process_close(again);
	dwunw_process_close(process);
	return 0;
}
