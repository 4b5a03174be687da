/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* check_libdwfl.c - elfutils' libdwfl as a back end, attached once. */
#include "image.h"

#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_PID 1

struct state {
	struct image *image;
	const struct snap_sample *sample;
	Dwfl *dwfl;
	uint64_t *pcs;
	size_t count;
	size_t max;
	const char *error;
};

static int no_debuginfo(Dwfl_Module *module, void **userdata, const char *name,
			Dwarf_Addr base, const char *file, const char *link,
			GElf_Word crc, char **found)
{
	(void)module;
	(void)userdata;
	(void)name;
	(void)base;
	(void)file;
	(void)link;
	(void)crc;
	(void)found;
	return -1;
}

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	(void)dwfl;
	if (*thread)
		return 0;
	*thread = arg;
	return FAKE_PID;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread)
{
	(void)dwfl;
	(void)tid;
	*thread = arg;
	return true;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr addr, Dwarf_Word *value,
			void *arg)
{
	struct state *state = arg;

	(void)dwfl;
	return image_read(state->image, addr, value, sizeof(*value));
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	struct state *state = arg;

	return dwfl_thread_state_registers(thread, 0, 17, state->sample->regs);
}

static int on_frame(Dwfl_Frame *frame, void *arg)
{
	struct state *state = arg;
	Dwarf_Addr pc;

	if (!dwfl_frame_pc(frame, &pc, NULL))
		return DWARF_CB_ABORT;
	state->pcs[state->count++] = pc;
	return state->count == state->max ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static void report_files(struct state *state)
{
	dwfl_report_begin(state->dwfl);
	for (size_t i = 0; i < state->image->file_count; i++) {
		const struct image_file *file = &state->image->files[i];

		dwfl_report_elf(state->dwfl, file->path, file->path, -1,
				file->bias, true);
	}
	dwfl_report_end(state->dwfl, NULL, NULL);
}

static void *open_dwfl(struct image *image)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = no_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	static const Dwfl_Thread_Callbacks thread_callbacks = {
		.next_thread = next_thread,
		.get_thread = get_thread,
		.memory_read = memory_read,
		.set_initial_registers = set_registers,
	};
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->image = image;
	state->dwfl = dwfl_begin(&callbacks);
	report_files(state);
	if (!dwfl_attach_state(state->dwfl, NULL, FAKE_PID, &thread_callbacks,
			       state)) {
		fprintf(stderr, "libdwfl: %s\n", dwfl_errmsg(-1));
		dwfl_end(state->dwfl);
		free(state);
		return NULL;
	}
	return state;
}

static size_t walk(void *arg, const struct snap_sample *sample, uint64_t *pcs,
		   size_t max)
{
	struct state *state = arg;

	state->sample = sample;
	state->image->sample = sample;
	state->pcs = pcs;
	state->max = max;
	state->count = 0;
	state->error = "end";
	if (dwfl_getthread_frames(state->dwfl, FAKE_PID, on_frame, state) < 0)
		state->error = dwfl_errmsg(-1);
	return state->count;
}

static const char *why(void *arg)
{
	return ((struct state *)arg)->error;
}

static void close_dwfl(void *arg)
{
	struct state *state = arg;

	dwfl_end(state->dwfl);
	free(state);
}

const struct backend backend_libdwfl = {
	.name = "libdwfl",
	.open = open_dwfl,
	.walk = walk,
	.why = why,
	.close = close_dwfl,
};
