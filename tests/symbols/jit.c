/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * This process tells of code that it makes, in perf-PID.map and jit-PID.dump,
 * and asks for names of it. Whatever it tells, a plain search through all that
 * was told so far, from the last one back, says what is right.
 */
#include "tap.h"

#include <dwunw/symbols.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct dwunw_symbol_resolver resolver;
static char path[256], map_name[64], dump_name[64];
static FILE *map;

/* --- the oracle --------------------------------------------------------------- */

struct told {
	uint64_t start, end;
	char name[24];
};
static struct told told[1 << 16];
static size_t told_count;

/* What was told last holds; what a later one overlaps is gone. */
static const char *right(uint64_t addr, uint64_t *start)
{
	for (size_t i = told_count; i-- > 0;) {
		if (addr < told[i].start || addr >= told[i].end)
			continue;
		for (size_t k = i + 1; k < told_count; k++)
			if (told[k].start < told[i].end &&
			    told[i].start < told[k].end)
				return NULL;
		*start = told[i].start;
		return told[i].name[0] ? told[i].name : NULL;
	}
	return NULL;
}

static void tell(uint64_t start, uint64_t size, const char *name)
{
	struct told *t = &told[told_count++];

	t->start = start;
	t->end = start + size;
	snprintf(t->name, sizeof(t->name), "%s", name);
}

/* --- questions ------------------------------------------------------------------ */

static const char *ask(uint64_t addr, uint64_t *off, int *status)
{
	struct dwunw_symbol_input input = { .module_path = path, .pc = addr };
	struct dwunw_symbol_info info;

	dwunw_symbol_resolve_batch(&resolver, &input, &info, 1);
	*off = info.offset;
	*status = info.status;
	return info.function;
}

/* Of a thousand addresses, those whose name is another one. */
static void check(uint64_t start, uint64_t size, const char *title)
{
	uint64_t off, from = 0, addr;
	unsigned int wrong = 0, named = 0;
	int status;

	for (unsigned int i = 0; i < 1000; i++) {
		const char *want, *got;

		addr = start + size * i / 1000;
		want = right(addr, &from);
		got = ask(addr, &off, &status);
		named += want != NULL;
		if (!want != !got ||
		    (want && (strcmp(want, got) || off != addr - from)))
			wrong++;
	}
	ok(wrong == 0, "%s: %u of 1000 are wrong, %u have a name", title, wrong,
	   named);
}

static void put(uint64_t start, uint64_t size, const char *name)
{
	fprintf(map, "%llx %llx %s\n", (unsigned long long)start,
		(unsigned long long)size, name);
	tell(start, size, name);
}

/* --- perf-PID.map ------------------------------------------------------------- */

static void start_map(void)
{
	if (map)
		fclose(map);
	unlink(map_name);
	map = fopen(map_name, "w");
	if (!map)
		exit(1);
	told_count = 0;
}

static void replaced(void)
{
	start_map();
	put(0x1000, 0x100, "old");
	put(0x2000, 0x100, "stays");
	put(0x1080, 0x100, "new");
	fprintf(map, "no line of a map\n3000 0 nothing\n3000 10\n");
	fflush(map);
	check(0xf00, 0x1300, "a later line replaces");
	put(0x2000, 0x10, "again");
	fflush(map);
	check(0xf00, 0x1300, "one that was there when it was read before");
	fprintf(map, "4000 10 ha");
	fflush(map);
	check(0xf00, 0x4000, "half a line is none");
	fprintf(map, "lf\n");
	tell(0x4000, 0x10, "half");
	fflush(map);
	check(0x3f00, 0x200, "and then a whole one");
}

/* Lines by the thousand, asked about while they come. */
static void grows(void)
{
	unsigned int seed = 1;
	char name[24];

	start_map();
	for (unsigned int i = 0; i < 12000; i++) {
		seed = seed * 1103515245 + 12345;
		snprintf(name, sizeof(name), "f%u", i);
		put(0x10000 + (seed >> 8) % 0x400000, 1 + (seed >> 20) % 0x60,
		    name);
		if (i % 3000 != 2999)
			continue;
		fflush(map);
		check(0x10000, 0x400000, "while it grows");
	}
}

static void other_file(void)
{
	int status;
	uint64_t off;

	start_map();
	put(0x1000, 0x100, "of another file");
	fflush(map);
	check(0xf00, 0x300, "a new file in its place");
	fclose(map);
	map = fopen(map_name, "w");
	told_count = 0;
	for (int i = 0; i < 100; i++)
		put(0x1000, 0x100, "written anew");
	fflush(map);
	check(0xf00, 0x300, "the same file, written anew");
	fclose(map);
	map = NULL;
	unlink(map_name);
	if (symlink("/etc/passwd", map_name))
		exit(1);
	dwunw_symbol_resolver_shutdown(&resolver);
	dwunw_symbol_resolver_init(&resolver, NULL);
	ok(!ask(0x1000, &off, &status), "not through a link");
	unlink(map_name);
	if (mkfifo(map_name, 0600))
		exit(1);
	ok(!ask(0x1000, &off, &status), "a FIFO blocks nobody");
	unlink(map_name);
}

/* --- jit-PID.dump ------------------------------------------------------------ */

static FILE *dump;

static void dump_record(uint32_t id, const void *bytes, size_t size,
			const char *name)
{
	static const char code[40];
	uint32_t head[2] = { id, (uint32_t)(16 + size) };
	uint64_t time = 0;

	if (name)
		head[1] += (uint32_t)(strlen(name) + 1 + sizeof(code));
	fwrite(head, sizeof(head), 1, dump);
	fwrite(&time, sizeof(time), 1, dump);
	fwrite(bytes, size, 1, dump);
	if (!name)
		return;
	fwrite(name, strlen(name) + 1, 1, dump);
	fwrite(code, sizeof(code), 1, dump);
}

static void dump_load(uint64_t start, uint64_t size, const char *name)
{
	uint64_t words[5] = { 0, start, start, size, 0 };

	dump_record(0, words, sizeof(words), name);
	tell(start, size, name);
}

static void dump_move(uint64_t from, uint64_t to, uint64_t size,
		      const char *name)
{
	uint64_t words[6] = { 0, from, from, to, size, 0 };

	dump_record(1, words, sizeof(words), NULL);
	tell(from, size, "");
	tell(to, size, name);
}

static void start_dump(void)
{
	uint32_t head[6] = { 0x4a695444, 1, 40, 62, 0, (uint32_t)getpid() };
	uint64_t more[2] = { 0 };

	dump = fopen(dump_name, "w+");
	if (!dump)
		exit(1);
	fwrite(head, sizeof(head), 1, dump);
	fwrite(more, sizeof(more), 1, dump);
	fflush(dump);
	told_count = 0;
	/* the marker */
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(dump),
		 0) == MAP_FAILED)
		exit(1);
}

static void dumped(void)
{
	uint64_t off;
	int status;

	start_dump();
	dump_load(0x5000, 0x100, "first");
	dump_load(0x5200, 0x100, "second");
	dump_record(2, "debug info", 11, NULL);
	dump_load(0x5080, 0x40, "third");
	fflush(dump);
	dwunw_symbol_resolver_shutdown(&resolver);
	dwunw_symbol_resolver_init(&resolver, NULL);
	check(0x4f00, 0x600, "a dump");
	dump_move(0x5200, 0x5400, 0x100, "second");
	fflush(dump);
	check(0x4f00, 0x800, "what was moved");
	for (uint64_t i = 0; i < 3000; i++)
		dump_load(0x6000 + 0x20 * (i % 500), 0x30, "many");
	fflush(dump);
	check(0x4f00, 0x6000, "many records");
	dump_record(0, "no", 2, NULL);
	fflush(dump);
	ok(!ask(0x5400, &off, &status),
	   "a record without a sense: nothing is known any more");
	fclose(dump);
	unlink(dump_name);
}

int main(void)
{
	snprintf(map_name, sizeof(map_name), "/tmp/perf-%d.map", getpid());
	snprintf(dump_name, sizeof(dump_name), "/tmp/jit-%d.dump", getpid());
	if (dwunw_symbol_perf_map(getpid(), path, sizeof(path)) != DWUNW_OK ||
	    dwunw_symbol_resolver_init(&resolver, NULL) != DWUNW_OK)
		return 1;
	replaced();
	grows();
	other_file();
	dumped();
	dwunw_symbol_resolver_shutdown(&resolver);
	return done();
}
