/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Any bytes as an event that is then walked in a sound module: with the row
 * cache cold, warm and off the frames are the same.
 */
#include "fuzz.h"

enum {
	FRAMES = 64
};

static uint8_t frames[1024], file[8192];

/* Functions of 0x20 bytes from 0x1000 on, each with another kind of row. */
static size_t sound_frames(void)
{
	static const char *const programs[] = {
		"44 0e 10",		   /* sp + 16 */
		"44 0e 10 86 02 44 0d 06", /* rbp */
		"44 0e 20 83 02 8c 03",
		"44 07 10",	     /* the return address is undefined */
		"44 0f 03 77 08 06", /* the CFA is *(rsp + 8) */
		"44 10 10 02 77 00",
		"44 09 10 00", /* in a register */
		"44 1c",       /* no such instruction */
	};
	struct cfi_out s = { .o = out_init(frames, sizeof(frames), false),
			     .vaddr = 0x2000,
			     .address_size = 8 };
	uint64_t cie = put_cie(&s, &(struct cie_spec){ .encoding = 0x1b });
	uint64_t signal = put_cie(&s, &(struct cie_spec){ .augmentation = "zRS",
							  .encoding = 0x1b });
	unsigned int i;

	for (i = 0; i < 16; i++)
		put_fde(&s,
			&(struct fde_spec){ .cie = i < 8 ? cie : signal,
					    .start = 0x1000 + i * 0x20,
					    .size = 0x20,
					    .encoding = 0x1b,
					    .program_hex = programs[i % 8] });
	return s.o.size;
}

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **module)
{
	struct fuzz_module *m = ctx;

	if (mapping->file != 0)
		return DWUNW_ERR_IO;
	mapping->bias = 0x400000;
	mapping->serial = 1;
	*module = &m->module;
	return DWUNW_OK;
}

static void close_module(void *ctx, const struct dwunw_module *module)
{
	(void)ctx;
	(void)module;
}

struct result {
	struct dwunw_frame frames[FRAMES];
	struct dwunw_stop stop;
	size_t count;
};

static void walk(struct dwunw_walker *walker, const struct dwunw_space *space,
		 const struct dwunw_event *event, struct result *r)
{
	memset(r, 0, sizeof(*r));
	LAW(dwunw_walk(walker, space, &event->input, r->frames, FRAMES,
		       &r->count, &r->stop) == DWUNW_OK);
	LAW(r->count > 0 && r->count <= FRAMES);
	LAW(r->stop.pc == r->frames[r->count - 1].pc);
}

static void same(const struct result *a, const struct result *b)
{
	LAW(a->count == b->count);
	LAW(!memcmp(a->frames, b->frames, a->count * sizeof(a->frames[0])));
	LAW(!memcmp(&a->stop, &b->stop, sizeof(a->stop)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_module m;
	static struct dwunw_walker *cached, *plain;
	struct dwunw_mapping mappings[] = {
		{ .start = 0x401000, .end = 0x402000, .off = 0x1000 },
		{ .start = 0x500000, .end = 0x501000, .file = 1 },
		{ .start = 0x7fffffffe000,
		  .end = 0x7ffffffff000,
		  .flags = DWUNW_MAPPING_TRAMPOLINE },
	};
	struct dwunw_space space = { .mappings = mappings,
				     .count = COUNT(mappings),
				     .open_module = open_module,
				     .close_module = close_module,
				     .ctx = &m };
	struct elf_spec spec = { ELF_X86_64 };
	struct elf_part parts[] = {
		{ .name = ".text",
		  .vaddr = 0x1000,
		  .size = 0x400,
		  .segment = PART_LOAD },
		{ .name = ".eh_frame",
		  .vaddr = 0x2000,
		  .bytes = frames,
		  .size = sound_frames(),
		  .segment = PART_LOAD },
	};
	static struct dwunw_event event;
	static struct result cold, warm, off;
	static struct dwunw_arena arena;

	if (!cached) {
		size_t room = dwunw_walker_size(16) + dwunw_walker_size(0);

		fuzz_open(&m, file,
			  make_elf(file, sizeof(file), &spec, parts,
				   COUNT(parts)),
			  true);
		LAW(m.status == DWUNW_OK);
		dwunw_arena_init(&arena, aligned_alloc(16, (room + 15) & ~15ul),
				 room);
		LAW(dwunw_walker_init(&cached, 16, &arena) == DWUNW_OK);
		LAW(dwunw_walker_init(&plain, 0, &arena) == DWUNW_OK);
	}
	LAW(dwunw_space_init(&space) == DWUNW_OK);
	if (dwunw_event_parse(&event, data, size) != DWUNW_OK ||
	    event.header.kind != DWUNW_EVENT_STACK)
		return 0;
	LAW(event.input.return_count <= DWUNW_EVENT_RETURN_MAX);
	LAW(event.input.stack.size <= size);
	walk(plain, &space, &event, &off);
	walk(cached, &space, &event, &cold);
	walk(cached, &space, &event, &warm);
	same(&off, &cold);
	same(&off, &warm);
	return 0;
}
