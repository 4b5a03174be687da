/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * core/base/arena.c, and the promise of everything that takes an arena: a size
 * that is too small gives NO_MEMORY with the size that is enough, and that
 * size, not one byte less, is.
 */
#include "core/base/arena.h"

#include <dwunw/walk.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "make_elf.h"
#include "tap.h"

static _Alignas(16) uint8_t room[256];

static void blocks(void)
{
	struct dwunw_arena a;
	uint8_t *first, *second;
	size_t i;
	bool zero = true, aligned = true;

	memset(room, 0xaa, sizeof(room));
	dwunw_arena_init(&a, room, sizeof(room));
	first = dwunw_arena_alloc(&a, 1);
	second = dwunw_arena_alloc(&a, 17);
	ok(first == room && second == room + 16, "blocks follow each other");
	is_u64(a.used, 48, "sizes are rounded up to the alignment");
	for (i = 0; i < 48; i++)
		zero &= room[i] == 0;
	ok(zero && room[48] == 0xaa,
	   "a block is zeroed, and nothing behind it");
	ok(!dwunw_arena_alloc(&a, 209), "one byte too many");
	is_u64(a.wanted, 48 + 224, "wanted counts what is used already");
	ok(dwunw_arena_alloc(&a, 208) != NULL, "the rest");
	ok(!dwunw_arena_alloc(&a, 1), "then it is full");
	ok(dwunw_arena_alloc(&a, 0) != NULL, "but for nothing");
	ok(!dwunw_arena_alloc(&a, SIZE_MAX), "a size that overflows");
	is_u64(a.wanted, SIZE_MAX, "wants everything");
	ok(!dwunw_arena_alloc(&a, SIZE_MAX - 15), "one that just does not");
	dwunw_arena_reset(&a);
	is_u64(a.used, 0, "reset forgets all");
	ok(dwunw_arena_alloc(&a, 256) == room, "all of it is there again");

	for (i = 0; i < 16; i++) {
		dwunw_arena_init(&a, room + i, 64);
		first = dwunw_arena_alloc(&a, 8);
		aligned &= first && ((uintptr_t)first & 15) == 0 &&
			   a.base + a.size <= room + i + 64;
	}
	ok(aligned, "every base gives aligned blocks inside its bytes");
	for (i = 0; i < 16; i++) {
		dwunw_arena_init(&a, room + 1, i);
		ok(a.size <= i && !dwunw_arena_alloc(&a, 16),
		   "%zu unaligned bytes hold no block", i);
	}
	dwunw_arena_init(&a, NULL, 64);
	ok(!dwunw_arena_alloc(&a, 1), "without a base there is nothing");
	is_u64(a.wanted, 16, "and it says how much is wanted");
	is_u64(dwu_arena_round(SIZE_MAX), SIZE_MAX, "rounding does not wrap");
	dwunw_arena_init(&a, room, 64);
	ok(!dwu_arena_fits(&a, UINT64_MAX) && a.wanted == SIZE_MAX,
	   "2^64 - 1 bytes do not fit");
	ok(dwu_arena_fits(&a, 64) && !dwu_arena_fits(&a, 65) && a.wanted == 65,
	   "what fits at n - 1, n, n + 1");
}

/* --- the sweep: `open` in an arena of `size` bytes ------------------------- */

struct subject {
	const char *title;
	dwunw_status_t (*open)(void *ctx, struct dwunw_arena *arena);
	void *ctx;
};

static void sweep(const struct subject *s, uint8_t *memory, size_t max)
{
	struct dwunw_arena a;
	size_t wanted, size, step, wrong = 0, tried = 0;
	dwunw_status_t status;

	dwunw_arena_init(&a, memory, 0);
	status = s->open(s->ctx, &a);
	if (status == DWUNW_OK) {
		is_u64(a.used, 0, "%s: nothing is wanted", s->title);
		return;
	}
	wanted = a.wanted;
	if (!ok(status == DWUNW_ERR_NO_MEMORY && wanted > 0 && wanted <= max,
		"%s: wanted %zu", s->title, wanted))
		return;
	step = wanted < 4096 ? 1 : wanted / 97;
	for (size = 0; size < wanted; size += step, tried++) {
		dwunw_arena_init(&a, memory, size);
		wrong += s->open(s->ctx, &a) != DWUNW_ERR_NO_MEMORY ||
			 a.wanted != wanted;
	}
	is_u64(wrong, 0, "%s: %zu smaller sizes give NO_MEMORY, wanted %zu",
	       s->title, tried, wanted);
	dwunw_arena_init(&a, memory, wanted - 1);
	is_u64(s->open(s->ctx, &a), DWUNW_ERR_NO_MEMORY, "%s: n - 1 is not",
	       s->title);
	is_u64(a.wanted, wanted, "%s: n - 1 wants n", s->title);
	dwunw_arena_init(&a, memory, wanted);
	is_u64(s->open(s->ctx, &a), DWUNW_OK, "%s: n is enough", s->title);
	is_u64(a.used, wanted, "%s: all of n is used", s->title);
	dwunw_arena_init(&a, memory, wanted + 16);
	(void)dwunw_arena_alloc(&a, 16);
	is_u64(s->open(s->ctx, &a), DWUNW_OK, "%s: n behind something else",
	       s->title);
	dwunw_arena_init(&a, memory, wanted + 15);
	(void)dwunw_arena_alloc(&a, 16);
	is_u64(s->open(s->ctx, &a), DWUNW_ERR_NO_MEMORY,
	       "%s: n - 1 behind something else", s->title);
	is_u64(a.wanted, wanted + 16, "%s: and that is counted", s->title);
}

static dwunw_status_t open_walker(void *ctx, struct dwunw_arena *arena)
{
	struct dwunw_walker *walker;

	return dwunw_walker_init(&walker, *(const uint32_t *)ctx, arena);
}

static dwunw_status_t open_module(void *ctx, struct dwunw_arena *arena)
{
	struct dwunw_module module;

	return dwunw_module_open(&module, ctx, 1, arena);
}

static dwunw_status_t open_elf(void *ctx, struct dwunw_arena *arena)
{
	struct dwunw_elf elf;

	return dwunw_elf_open(&elf, ctx, arena);
}

static dwunw_status_t open_symtab(void *ctx, struct dwunw_arena *arena)
{
	struct dwunw_elf elf;
	struct dwunw_symtab tab;
	dwunw_status_t status = dwunw_elf_open(&elf, ctx, NULL);

	return status == DWUNW_OK ? dwunw_symtab_open(&tab, &elf, arena) :
				    status;
}

static void walkers(uint8_t *memory, size_t max)
{
	static uint32_t counts[] = { 0, 1, 16, 64 };
	static const uint32_t bad[] = { 3, 6, 65, UINT32_MAX };
	struct dwunw_arena a;
	struct dwunw_walker *walker;
	char title[64];
	size_t i;

	for (i = 0; i < COUNT(counts); i++) {
		struct subject s = { title, open_walker, &counts[i] };

		snprintf(title, sizeof(title), "a walker of %u rows",
			 counts[i]);
		sweep(&s, memory, max);
		dwunw_arena_init(&a, memory, 0);
		(void)open_walker(&counts[i], &a);
		is_u64(dwunw_walker_size(counts[i]), a.wanted,
		       "%s: dwunw_walker_size says it first", title);
	}
	for (i = 0; i < COUNT(bad); i++) {
		dwunw_arena_init(&a, memory, max);
		is_u64(dwunw_walker_init(&walker, bad[i], &a),
		       DWUNW_ERR_INVALID_ARG, "%u is no power of two", bad[i]);
	}
}

static void file(const char *path, uint8_t *memory, size_t max)
{
	struct dwunw_span span;
	struct dwunw_source src;
	struct stat st;
	char title[200];
	struct subject subjects[] = {
		{ title, open_module, &src },
		{ title, open_symtab, &src },
		{ title, open_elf, &src },
	};
	static const char *const what[] = { "module", "symbols", "segments" };
	void *map;
	size_t i;
	int fd = open(path, O_RDONLY | O_CLOEXEC), view;

	if (fd < 0) {
		skip(1, "%s is not here", path);
		return;
	}
	(void)fstat(fd, &st);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	span.data = map;
	span.size = (size_t)st.st_size;
	for (view = 0; view < 2; view++) {
		dwunw_source_from_span(&src, &span);
		if (!view)
			src.view = NULL;
		for (i = 0; i < COUNT(subjects); i++) {
			struct dwunw_arena a;
			dwunw_status_t status;

			dwunw_arena_init(&a, memory, max);
			status = subjects[i].open(subjects[i].ctx, &a);
			if (status == DWUNW_ERR_NO_DEBUG_DATA ||
			    status == DWUNW_ERR_UNSUPPORTED_ARCH)
				continue; /* stripped; left out of this build */
			snprintf(title, sizeof(title), "%s, %s, %s", path,
				 what[i], view ? "in place" : "read");
			sweep(&subjects[i], memory, max);
		}
	}
	munmap(map, (size_t)st.st_size);
}

/* A .debug_frame beside an .eh_frame whose header is broken. */
static void broken_header(uint8_t *memory, size_t max)
{
	static uint8_t eh[4096], debug[4096], image[16384];
	static uint8_t hdr[] = { 1, 0x1b, 0x03, 0x3b, 0, 0, 0, 0, 9, 0, 0, 0 };
	struct cfi_out e = { .o = out_init(eh, sizeof(eh), false),
			     .vaddr = 0x2000,
			     .address_size = 8 };
	struct cfi_out d = { .o = out_init(debug, sizeof(debug), false),
			     .address_size = 8,
			     .debug_frame = true };
	struct elf_spec spec = { ELF_X86_64 };
	struct elf_part parts[4] = {
		{ .name = ".text",
		  .vaddr = 0x1000,
		  .size = 0x800,
		  .segment = PART_LOAD },
		{ .name = ".eh_frame", .vaddr = 0x2000, .bytes = eh },
		{ .name = ".debug_frame", .bytes = debug },
		{ .name = ".eh_frame_hdr",
		  .vaddr = 0x3000,
		  .bytes = hdr,
		  .size = sizeof(hdr) },
	};
	struct dwunw_span span = { image, 0 };
	struct dwunw_source src;
	struct dwunw_module m;
	struct dwunw_arena a;
	size_t wanted = 0;
	dwunw_status_t status = DWUNW_ERR_NO_MEMORY;
	unsigned int i, asked = 0;

	put_cie(&e, &(struct cie_spec){ .encoding = 0x1b });
	put_cie(&d, &(struct cie_spec){ .version = 4, .augmentation = "" });
	for (i = 0; i < 20; i++) {
		put_fde(&e, &(struct fde_spec){ .start = 0x1000 + i * 16,
						.size = 16,
						.encoding = 0x1b });
		if (i % 2 == 0) /* the smaller index comes last */
			put_fde(&d,
				&(struct fde_spec){ .start = 0x1400 + i * 16,
						    .size = 16,
						    .no_data = true });
	}
	parts[1].size = e.o.size;
	parts[2].size = d.o.size;
	span.size = make_elf(image, sizeof(image), &spec, parts, COUNT(parts));
	dwunw_source_from_span(&src, &span);
	src.view = NULL;
	span.size = make_elf(image, sizeof(image), &spec, parts, 3);
	src.size = span.size;
	sweep(&(struct subject){ "two sections without a header", open_module,
				 &src },
	      memory, max);
	span.size = make_elf(image, sizeof(image), &spec, parts, COUNT(parts));
	dwunw_source_from_span(&src, &span);
	while (status == DWUNW_ERR_NO_MEMORY && asked < 9) {
		dwunw_arena_init(&a, memory, wanted);
		status = dwunw_module_open(&m, &src, 1, &a);
		wanted = a.wanted;
		asked += status == DWUNW_ERR_NO_MEMORY;
		if (wanted > max)
			break;
	}
	is_u64(status, DWUNW_OK, "a broken .eh_frame_hdr beside .debug_frame");
	ok(asked <= 2, "wants more at most twice: %u times", asked);
	is_u64(m.eh.index_count + m.debug.index_count,
	       20 + (IS_ON(CONFIG_CFI_DEBUG_FRAME) ? 10 : 0),
	       "and both sections have their index");
}

static unsigned int zeros(const uint8_t *bytes, unsigned int size)
{
	unsigned int count = 0;

	while (count < size && !bytes[count])
		count++;
	return count;
}

/* The end is said to be 0, and is not: what is not written to be so is seen. */
static void fresh(void)
{
	static _Alignas(16) uint8_t memory[256];
	bool all = IS_ON(CONFIG_ARCH_32BIT_ONLY);
	struct dwunw_arena a;

	memset(memory, 0xaa, sizeof(memory));
	dwunw_arena_init(&a, memory, sizeof(memory));
	is_u64(a.fresh, 0, "nothing is fresh at first");
	a.fresh = 64;
	is_u64(zeros(dwunw_arena_alloc(&a, 128), 256), 128,
	       "before the fresh bytes: zeroed");
	is_u64(zeros(dwunw_arena_alloc(&a, 80), 80), all ? 80 : 64,
	       "across their start: up to it");
	dwunw_arena_reset(&a);
	is_u64(zeros(dwunw_arena_alloc(&a, 208), 256), 208,
	       "what was used once is not fresh again");
	is_u64(zeros(dwunw_arena_alloc(&a, 48), 48), all ? 48 : 0,
	       "what was not is");
	is_u64(a.fresh, all ? 64 : 0, "none are left");
}

int main(void)
{
	size_t max = (32u << 20) + (size_t)CONFIG_SCAN_MEMORY_KB * 1024;
	uint8_t *memory = aligned_alloc(16, max);

	blocks();
	fresh();
	walkers(memory, max);
	if (!elf_is_read(2)) { /* those of this machine */
		free(memory);
		return done();
	}
	file("/proc/self/exe", memory, max);
	file("/lib/x86_64-linux-gnu/libc.so.6", memory, max);
	file("/lib/ld-musl-x86_64.so.1", memory, max);
	file("/sbin/ldconfig", memory, max); /* static */
	if (IS_ON(CONFIG_ARCH_X86_64))
		broken_header(memory, max);
	free(memory);
	return done();
}
