/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The space of the program itself, and a walk through its own stack. */
#include "port.h"

_Static_assert(DWUNW_MIPS32_STACK_SIZE == DWUNW_FIRMWARE_STACK_SIZE &&
		       DWUNW_MIPS32_FRAMES == DWUNW_FIRMWARE_FRAMES &&
		       DWUNW_MIPS32_MODULE_MAX == DWUNW_FIRMWARE_MODULE_MAX,
	       "the numbers of port/firmware/ are this port's");

dwunw_status_t
dwunw_mips32_space_init(struct dwunw_mips32_space *space,
			const struct dwunw_mips32_space_config *config,
			struct dwunw_arena *arena)
{
	dwunw_status_t status;

	if (!space || !config || !arena)
		return DWUNW_ERR_INVALID_ARG;
	*space = (struct dwunw_mips32_space){
		.firmware = { .read_memory = dwunw_mips32_read_memory },
		.image = dwu_word(config->image),
	};
	dwu_space_begin(&space->firmware, &dwu_origin_maps);
	if (!space->space.arch)
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	status = dwu_maps_load(space, config, arena);
	if (status != DWUNW_OK || space->maps_missing)
		return status;
	return dwu_space_finish(&space->firmware, arena) == DWUNW_OK ?
		       DWUNW_OK :
		       DWUNW_ERR_BAD_FORMAT;
}

const char *dwunw_mips32_space_label(const struct dwunw_mips32_space *space,
				     uint32_t serial)
{
	if (serial == 0 || serial > space->space.count)
		return "?";
	return dwu_label_of(&space->firmware.objects[serial - 1]);
}

/* --- the walk -------------------------------------------------------------------- */

static dwunw_status_t make_space(struct dwu_job *job, struct dwunw_arena *arena)
{
	const struct dwunw_mips32_trace *trace = job->ctx;
	const struct dwunw_mips32_space_config config = {
		.image = trace->image,
	};

	/* `firmware` is its first member */
	return dwunw_mips32_space_init((void *)job->space, &config, arena);
}

static struct dwu_job job_of(struct dwunw_mips32_trace *trace,
			     struct dwunw_mips32_space *space)
{
	return (struct dwu_job){
		.make_space = make_space,
		.ctx = trace,
		.space = &space->firmware,
		.memory = trace->memory,
		.memory_size = trace->memory_size,
		.max_frames = trace->max_frames,
		.frame = trace->frame,
		.frame_ctx = trace->ctx,
	};
}

dwunw_status_t dwunw_mips32_memory(struct dwunw_mips32_trace *trace)
{
	struct dwunw_mips32_space space;
	struct dwu_job job;
	size_t size, most = 0;
	dwunw_status_t status;
	uint32_t i;

	if (!trace || !trace->memory)
		return DWUNW_ERR_INVALID_ARG;
	job = job_of(trace, &space);
	status = dwu_job_space(&job);
	trace->wanted = job.wanted;
	if (status != DWUNW_OK)
		return status;
	for (i = 0; i < space.space.count; i++) {
		size = dwu_module_tables(&space.firmware,
					 &space.space.mappings[i],
					 &space.firmware.slots[0]);
		if (size > most)
			most = size;
	}
	trace->wanted = dwu_job_size(&job, most);
	return DWUNW_OK;
}

dwunw_status_t dwunw_mips32_backtrace_from(struct dwunw_mips32_trace *trace,
					   const struct dwunw_regset *regs)
{
	struct dwunw_mips32_space space;
	struct dwu_job job;
	dwunw_status_t status;

	if (!trace)
		return DWUNW_ERR_INVALID_ARG;
	job = job_of(trace, &space);
	status = dwu_job_run(&job, regs);
	trace->count = job.count;
	trace->stop = job.stop;
	trace->stop_label = job.stop_label;
	trace->wanted = job.wanted;
	return status;
}

dwunw_status_t dwunw_mips32_backtrace(struct dwunw_mips32_trace *trace,
				      const void *ucontext)
{
	struct dwunw_regset regs;
	dwunw_status_t status = dwunw_mips32_regset_from_ucontext(
		&regs, DWUNW_MIPS32_ARCH, ucontext,
		sizeof(struct dwunw_mips32_ucontext));

	return status == DWUNW_OK ? dwunw_mips32_backtrace_from(trace, &regs) :
				    status;
}

/* --- its text ----------------------------------------------------------------------- */

size_t dwunw_mips32_frame_text(char *text, size_t size,
			       const struct dwunw_mips32_frame *frame,
			       const char *symbol, uint64_t symbol_off)
{
	return dwunw_firmware_frame_text(text, size, frame, symbol, symbol_off);
}

size_t dwunw_mips32_stop_text(char *text, size_t size,
			      const struct dwunw_mips32_trace *trace)
{
	return dwu_stop_text(text, size, &trace->stop, trace->count,
			     trace->wanted, trace->stop_label);
}
