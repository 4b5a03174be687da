/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A file and what may be its debug file: found by build id (0102), by
 * .gnu_debuglink ("g"), in it (.gnu_debugdata), under the sysroot, or not.
 * A byte of what is needed, the first one, then the second.
 */
#include "chunks.h"
#include "kept.h"

#include "debug.h"

#include <dwunw/dwarf.h>

#include <fcntl.h>
#include <sys/stat.h>

CHUNKS(1, 2)

static char dir[64];

static const char *below(const char *name)
{
	static char path[2][160];
	static unsigned int turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

/* What is known of one file lasts as long as its time says that it does. */
static void put(const char *name, const void *bytes, size_t size)
{
	int fd;

	unlink(below(name));
	fd = open(below(name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	LAW(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

static void tidy(void)
{
	static const char *const names[] = { "f",
					     "g",
					     ".build-id/01/02.debug",
					     ".build-id/01",
					     ".build-id",
					     "root",
					     "" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (unlink(below(names[i])))
			rmdir(below(names[i]));
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *base = getenv("TMPDIR");

	(void)argc;
	(void)argv;
	snprintf(dir, sizeof(dir), "%.40s/fuzz-XXXXXX", base ? base : "/tmp");
	LAW(mkdtemp(dir));
	LAW(!mkdir(below(".build-id"), 0700));
	LAW(!mkdir(below(".build-id/01"), 0700));
	LAW(!symlink("../../g", below(".build-id/01/02.debug")));
	atexit(tidy);
	return 0;
}

static void compare(const struct dwunw_elf *a, const struct dwunw_elf *b)
{
	LAW(dwu_build_same(a, b) == dwu_build_same(b, a));
	LAW(dwu_build_id_compare(a, b) == dwu_build_id_compare(b, a));
	LAW(dwu_build_id_compare(a, a) <= 0);
	LAW(dwu_build_id_compare(a, b) != 0 ||
	    dwu_build_id_hash(a) == dwu_build_id_hash(b));
}

/* Grown by what they want. */
static void open_both(const struct dwunw_source *file,
		      const struct dwunw_source *debug)
{
	struct dwunw_module_files files = { .file = file,
					    .debug = debug,
					    .inflate = dwu_unpack };
	struct dwunw_module_files sections = { .file = file,
					       .inflate = dwu_unpack };
	struct fuzz_module m = { .memory = NULL };
	struct dwunw_dwarf dwarf;
	size_t wanted = 0;

	for (int tries = 0; tries < 5 && wanted < FUZZ_MEMORY_MAX; tries++) {
		free(m.memory);
		m.memory = wanted ? aligned_alloc(16, (wanted + 15) & ~15ul) :
				    NULL;
		dwunw_arena_init(&m.arena, m.memory, wanted);
		m.status =
			dwunw_module_open_files(&m.module, &files, 1, &m.arena);
		if (m.status != DWUNW_ERR_NO_MEMORY)
			break;
		wanted = m.arena.wanted;
	}
	fuzz_all(&m);
	dwunw_arena_reset(&m.arena);
	if (dwunw_dwarf_open(&dwarf, &sections, &m.arena) ==
		    DWUNW_ERR_NO_MEMORY &&
	    m.arena.wanted < FUZZ_MEMORY_MAX) {
		wanted = m.arena.wanted;
		free(m.memory);
		m.memory = aligned_alloc(16, (wanted + 15) & ~15ul);
		dwunw_arena_init(&m.arena, m.memory, wanted);
		(void)dwunw_dwarf_open(&dwarf, &sections, &m.arena);
	}
	free(m.memory);
}

static void find(const struct dwu_file *file, const struct dwunw_elf *elf,
		 uint8_t how)
{
	const char *const dirs[] = { dir, NULL };
	struct dwu_debug_search search = { .elf = elf,
					   .file = file,
					   .path = below("f"),
					   .dirs = how & 4 ? dirs : NULL,
					   .file_size_max = 1 << 20,
					   .need = how % 3 };
	struct dwu_debug debug;

	if (how & 8)
		search.sysroot = "/nowhere";
	if (!dwu_debug_find(&search, &debug))
		return;
	LAW(debug.elf.machine == elf->machine);
	compare(elf, &debug.elf);
	dwu_debug_close(&debug);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dwunw_span first, second;
	struct dwunw_elf elf, other;
	struct dwunw_source src, other_src;
	struct dwu_file file, other_file;
	size_t off = 1;
	bool both;

	if (size < 3)
		return 0;
	first = chunk_next(data, size, &off);
	second = chunk_next(data, size, &off);
	put("f", first.data, first.size);
	put("g", second.data, second.size);
	LAW(!dwu_file_open(&file, "", below("f"), DWU_FOLLOW_ALL, 1 << 20));
	LAW(!dwu_file_open(&other_file, "/", below("g"), DWU_FOLLOW_BENEATH,
			   1 << 20));
	dwu_file_source(&file, &src);
	dwu_file_source(&other_file, &other_src);
	both = !dwunw_elf_open(&other, &other_src, NULL);
	if (!dwunw_elf_open(&elf, &src, NULL)) {
		if (both)
			compare(&elf, &other);
		find(&file, &elf, data[0]);
	}
	open_both(&src, both ? &other_src : NULL);
	dwu_file_close(&file);
	dwu_file_close(&other_file);
	return 0;
}
