/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * fleet DIR FROM TO - recordings of an hour of the devices FROM to TO - 1, as files of
 * DIR: ten builds, 400 stacks of 20 frames in each, of which a device has 32;
 * a step for five minutes, with allocations, sizes, ages, and a stack that leaks. Prints
 * what is live in all of them: blocks and bytes, and the bytes of the files.
 */
#include <dwunw/record.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define BUILDS 10u
#define STACKS 400u
#define OF_DEVICE 32u
#define FRAMES 20u
#define STEPS 12u
#define STEP_NS 300000000000ull

static const struct dwunw_recording_head head = {
	.arch = 3,
	.data = 2,
	.elf_class = 1,
	.event = DWUNW_RECORDING_ALLOC,
	.unit = 1,
	.real_ns = 1700000000000000000,
	.start_ns = 1000,
	.max_size = UINT64_MAX,
	.sample_every = 1,
	.kernel = "Linux 5.15.0",
	.machine = "mips",
	.tool = "dwunw 0.2.0",
};

static uint32_t state;
static uint64_t live_blocks, live_bytes, file_bytes;

static uint32_t any(uint32_t below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

/* Of a program without build id; its path is that of all builds. */
static void add_program(struct dwunw_recording_writer *w, uint32_t device)
{
	const struct dwunw_recording_file file = {
		.identity = 0xcc927f6ee23a0f61 + device % BUILDS,
		.size = 700000,
		.path = "/usr/bin/server",
	};
	const struct dwunw_recording_process process = {
		.pid = 100 + (int32_t)(device % 30000), .name = "server"
	};
	const struct dwunw_recording_mapping map = { .start = 0x400000,
						     .end = 0x500000,
						     .file = 1 };

	dwunw_recording_add_file(w, &file);
	dwunw_recording_add_process(w, &process);
	dwunw_recording_add_maps(w, 1, &map, 1);
}

/* Stack `which` of a build: the outer frames are common to many. */
static uint32_t add_stack(struct dwunw_recording_writer *w, uint32_t which)
{
	uint32_t frames[FRAMES];
	const struct dwunw_recording_stack stack = { .id = which + 1,
						     .process = 1,
						     .frames = frames,
						     .count = FRAMES,
						     .stop = 1,
						     .end = "" };

	for (uint32_t i = 0; i < FRAMES; i++) {
		uint32_t place = i < 8 ? which >> i : 0;
		uint64_t at = 0x400000u + i * 0x8000u + place * 16;
		const struct dwunw_recording_frame frame = {
			.vaddr = at,
			.pc = at,
			.file = 1,
			.how = i ? 6 : 0,
		};

		frames[i] = dwunw_recording_add_frame(w, &frame);
	}
	return dwunw_recording_add_stack(w, &stack);
}

static void add_pair(struct dwunw_recording_writer *w, uint32_t stack,
		     uint16_t field, uint16_t bytes_field, uint32_t blocks,
		     uint32_t size)
{
	dwunw_recording_add(w, 1, stack, field, blocks);
	dwunw_recording_add(w, 1, stack, bytes_field, (int64_t)blocks * size);
}

/* A step of one stack; it has `live` blocks at its end. */
static void add_step(struct dwunw_recording_writer *w, uint32_t stack,
		     uint32_t live, uint32_t size)
{
	uint16_t bucket = dwunw_recording_bucket(size);
	uint16_t age = dwunw_recording_bucket(1000000u << any(12));
	uint32_t blocks = 500 + any(1000);

	add_pair(w, stack, DWUNW_RECORDING_ALLOCATIONS, DWUNW_RECORDING_BYTES,
		 blocks, size);
	add_pair(w, stack, DWUNW_RECORDING_FREES, DWUNW_RECORDING_FREED_BYTES,
		 blocks - 1, size);
	add_pair(w, stack, (uint16_t)(DWUNW_RECORDING_SIZES + bucket),
		 (uint16_t)(DWUNW_RECORDING_SIZES_BYTES + bucket), blocks,
		 size);
	add_pair(w, stack, (uint16_t)(DWUNW_RECORDING_FREED_AGES + age),
		 (uint16_t)(DWUNW_RECORDING_FREED_AGES_BYTES + age), blocks - 1,
		 size);
	add_pair(w, stack, DWUNW_RECORDING_LIVE, DWUNW_RECORDING_LIVE_BYTES,
		 live, size);
	add_pair(w, stack, (uint16_t)(DWUNW_RECORDING_LIVE_AGES + age),
		 (uint16_t)(DWUNW_RECORDING_LIVE_AGES_BYTES + age), live, size);
}

static void add_hour(struct dwunw_recording_writer *w)
{
	uint32_t first = any(STACKS), stacks[OF_DEVICE];

	for (uint32_t i = 0; i < OF_DEVICE; i++)
		stacks[i] = add_stack(w, (first + i * 3) % STACKS);
	for (uint32_t step = 1; step <= STEPS; step++) {
		dwunw_recording_clear_gauges(w);
		for (uint32_t i = 0; i < OF_DEVICE; i++) {
			uint32_t size = 16 + 8 * i;
			uint32_t live = i ? any(20) : step;

			add_step(w, stacks[i], live, size);
			if (step == STEPS) {
				live_blocks += live;
				live_bytes += (uint64_t)live * size;
			}
		}
		dwunw_recording_write_step(w, step * STEP_NS);
	}
}

static bool write_device(const char *dir, uint32_t device)
{
	struct dwunw_recording_writer *w;
	char path[4096];
	struct stat st;

	state = device * 2654435761u + 1;
	snprintf(path, sizeof(path), "%s/%" PRIu32 ".dwr", dir, device);
	if (dwunw_recording_create(&w, path, &head, NULL))
		return false;
	add_program(w, device);
	add_hour(w);
	if (dwunw_recording_close(w, (STEPS + 1) * STEP_NS) || stat(path, &st))
		return false;
	file_bytes += (uint64_t)st.st_size;
	return true;
}

int main(int argc, char **argv)
{
	uint32_t from = argc == 4 ? (uint32_t)atoi(argv[2]) : 0;
	uint32_t to = argc == 4 ? (uint32_t)atoi(argv[3]) : 0;

	for (uint32_t i = from; i < to; i++)
		if (!write_device(argv[1], i))
			return 1;
	printf("%" PRIu64 " bytes in %" PRIu64 " blocks, files %" PRIu64 "\n",
	       live_bytes, live_blocks, file_bytes);
	return 0;
}
