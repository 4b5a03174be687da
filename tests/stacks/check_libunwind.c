/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * check_libunwind.c - libunwind as a back end: remote unwinding of x86_64,
 * the way perf uses it. The table is found through .eh_frame_hdr and
 * searched by libunwind itself.
 */
#include "image.h"

#include <libunwind-x86_64.h>
#include <stdlib.h>
#include <string.h>

/* exported, though no header declares it */
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t as,
					      unw_word_t ip, unw_dyn_info_t *di,
					      unw_proc_info_t *pi,
					      int need_unwind_info, void *arg);
#define dwarf_search_unwind_table UNW_OBJ(dwarf_search_unwind_table)

struct state {
	struct image *image;
	const struct snap_sample *sample;
	unw_addr_space_t space;
	int error;
	char why[64];
};

static int find_proc_info(unw_addr_space_t as, unw_word_t ip,
			  unw_proc_info_t *pi, int need, void *arg)
{
	struct state *state = arg;
	const struct snap_map *map = snap_find_map(&state->image->snap, ip);
	const struct image_file *file = image_find(state->image, ip);
	unw_dyn_info_t di = { 0 };
	uint8_t head[12];
	uint32_t count;

	if (!file || !file->hdr_vaddr ||
	    !image_read(state->image, file->bias + file->hdr_vaddr, head,
			sizeof(head)))
		return -UNW_ENOINFO;
	/* version 1, pcrel sdata4, udata4, datarel sdata4 (LSB 10.6.2) */
	if (memcmp(head, "\x01\x1b\x03\x3b", 4) != 0)
		return -UNW_ENOINFO;
	memcpy(&count, head + 8, sizeof(count));
	di.format = UNW_INFO_FORMAT_REMOTE_TABLE;
	di.start_ip = map->start;
	di.end_ip = map->end;
	di.u.rti.segbase = file->bias + file->hdr_vaddr;
	di.u.rti.table_data = di.u.rti.segbase + sizeof(head);
	di.u.rti.table_len = count * 8u / sizeof(unw_word_t);
	return dwarf_search_unwind_table(as, ip, &di, pi, need, arg);
}

static void put_unwind_info(unw_addr_space_t as, unw_proc_info_t *pi, void *arg)
{
	(void)as;
	(void)pi;
	(void)arg;
}

static int dyn_info_list(unw_addr_space_t as, unw_word_t *addr, void *arg)
{
	(void)as;
	(void)addr;
	(void)arg;
	return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t as, unw_word_t addr, unw_word_t *value,
		      int write, void *arg)
{
	struct state *state = arg;

	(void)as;
	if (write || !image_read(state->image, addr, value, sizeof(*value)))
		return -UNW_EINVAL;
	return 0;
}

static int access_reg(unw_addr_space_t as, unw_regnum_t reg, unw_word_t *value,
		      int write, void *arg)
{
	struct state *state = arg;

	(void)as;
	if (write || reg < 0 || reg > UNW_X86_64_RIP)
		return -UNW_EBADREG;
	*value = state->sample->regs[reg];
	return 0;
}

static int access_fpreg(unw_addr_space_t as, unw_regnum_t reg,
			unw_fpreg_t *value, int write, void *arg)
{
	(void)as;
	(void)reg;
	(void)value;
	(void)write;
	(void)arg;
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	(void)as;
	(void)cursor;
	(void)arg;
	return -UNW_EINVAL;
}

static int proc_name(unw_addr_space_t as, unw_word_t addr, char *name,
		     size_t size, unw_word_t *off, void *arg)
{
	(void)as;
	(void)addr;
	(void)name;
	(void)size;
	(void)off;
	(void)arg;
	return -UNW_EINVAL;
}

static void *open_space(struct image *image)
{
	static unw_accessors_t accessors = {
		.find_proc_info = find_proc_info,
		.put_unwind_info = put_unwind_info,
		.get_dyn_info_list_addr = dyn_info_list,
		.access_mem = access_mem,
		.access_reg = access_reg,
		.access_fpreg = access_fpreg,
		.resume = resume,
		.get_proc_name = proc_name,
	};
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->image = image;
	state->space = unw_create_addr_space(&accessors, 0);
	unw_set_caching_policy(state->space, UNW_CACHE_GLOBAL);
	return state;
}

static size_t walk(void *arg, const struct snap_sample *sample, uint64_t *pcs,
		   size_t max)
{
	struct state *state = arg;
	unw_cursor_t cursor;
	unw_word_t ip;
	size_t count = 0;

	state->sample = sample;
	state->image->sample = sample;
	state->error = unw_init_remote(&cursor, state->space, state);
	if (state->error)
		return 0;
	do {
		unw_get_reg(&cursor, UNW_REG_IP, &ip);
		if (ip == 0)
			break;
		pcs[count++] = ip;
		state->error = unw_step(&cursor);
	} while (state->error > 0 && count < max);
	return count;
}

static const char *why(void *arg)
{
	struct state *state = arg;

	snprintf(state->why, sizeof(state->why), "unw_step %d", state->error);
	return state->why;
}

static void close_space(void *arg)
{
	struct state *state = arg;

	unw_destroy_addr_space(state->space);
	free(state);
}

const struct backend backend_libunwind = {
	.name = "libunwind",
	.open = open_space,
	.walk = walk,
	.why = why,
	.close = close_space,
};
