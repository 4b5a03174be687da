/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * small lines|names|object FILE PACKED - what a small tool has in place of its libc's:
 *
 *	lines	trace/scan_line.c beside sscanf(3)
 *	names	tools/leaks/name_match.c beside fnmatch(3)
 *	object	a BPF object as it was, and as `pack -b` left it, read by trace/object.c:
 *		the same maps and programs
 */
#include "object.h"
#include "scan_line.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* tools/leaks/ */
bool name_matches(const char *pattern, const char *name);
const void *leak_unpack(const uint8_t *start, const uint8_t *end, size_t *size);

static int wrong;

#define SAME(a, b, ...)                                             \
	do {                                                        \
		if ((a) != (b)) {                                   \
			printf("%lld, want %lld: ", (long long)(a), \
			       (long long)(b));                     \
			printf(__VA_ARGS__);                        \
			puts("");                                   \
			wrong = 1;                                  \
		}                                                   \
	} while (0)

/* --- lines -------------------------------------------------------------------------- */

static void compare_words(const char *line)
{
	uint64_t a[3] = { 7, 7, 7 }, b[3] = { 7, 7, 7 };

	SAME(dwu_scan_line(line, "%X-%X %w %X", &a[0], &a[1], &a[2]),
	     sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &b[0], &b[1],
		    &b[2]) < 0 ?
		     0 :
		     sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &b[0],
			    &b[1], &b[2]),
	     "'%s'", line);
	for (int i = 0; i < 3; i++)
		SAME(a[i], b[i], "'%s', %d", line, i);
}

static void compare_numbers(const char *line)
{
	uint32_t a[2] = { 7, 7 }, b[2] = { 7, 7 };
	int32_t c = 7, d = 7;
	int got =
		sscanf(line, "offset:%" SCNu32 "; size:%" SCNu32, &b[0], &b[1]);

	SAME(dwu_scan_line(line, "offset:%u; size:%u", &a[0], &a[1]),
	     got < 0 ? 0 : got, "'%s'", line);
	SAME(a[0], b[0], "'%s'", line);
	SAME(a[1], b[1], "'%s'", line);
	got = sscanf(line, "cpu%" SCNd32, &d);
	SAME(dwu_scan_line(line, "cpu%d", &c), got < 0 ? 0 : got, "'%s'", line);
	SAME(c, d, "'%s'", line);
}

static void lines(void)
{
	static const char *const of_maps[] = {
		"7f0010000-7f0020000 r-xp 00001000 08:01 12 /lib/a",
		"00400000-00401000 r--p 0 0:0 0",
		"zz",
		"",
		"1-",
		"1-2",
		"1-2 ",
		"1-2 rw",
		"1-2\trw  ffffffffffffffff",
		"0x10-20 r 3",
	};
	static const char *const others[] = {
		"cpu0 1 2 3",
		"cpu",
		"cpu-1",
		"cpu 5",
		"offset:8; size:4;",
		"offset:8;  size:4",
		"offset:8;size:4",
		"offset:8",
		"offset:",
		"offset:x; size:1",
		"offset:4294967295; size:0",
	};
	uint32_t small = 7;
	int32_t number = 7;

	for (size_t i = 0; i < sizeof(of_maps) / sizeof(*of_maps); i++)
		if (strncmp(of_maps[i], "0x", 2))
			compare_words(of_maps[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		compare_numbers(others[i]);
	/* what does not fit is refused, where sscanf() gives what it likes */
	SAME(dwu_scan_line("4294967296", "%u", &small), 0, "too large");
	SAME(dwu_scan_line("-2147483649", "%d", &number), 0, "too small");
	SAME(dwu_scan_line("-5", "%u", &small), 0, "negative");
	SAME(small, 7, "nothing is kept");
}

/* --- names --------------------------------------------------------------------------- */

static void names(void)
{
	static const char *const patterns[] = {
		"*",	    "",		  "a",	 "abc",	    "a*",     "*c",
		"*b*",	    "a?c",	  "??",	 "[a-c]bc", "[!a]bc", "[]a]bc",
		"[a-]bc",   "a[",	  "[",	 "*[bc]*c", "a*b*c",  "\\*",
		"a\\",	    "*a*a*",	  "***", "?*?",	    "[^a]*",  "ab[c-a]",
		"lib*.so*", "*.so.[0-9]",
	};
	static const char *const subjects[] = {
		"",    "a",	"b",	 "abc",	      "bbc",	 "]bc",
		"-bc", "aXbXc", "*",	 "a[",	      "[",	 "aa",
		"aaa", "ab",	"abcbc", "libc.so.6", "libx.so", "a\\",
	};

	for (size_t p = 0; p < sizeof(patterns) / sizeof(*patterns); p++)
		for (size_t s = 0; s < sizeof(subjects) / sizeof(*subjects);
		     s++)
			SAME(name_matches(patterns[p], subjects[s]),
			     !fnmatch(patterns[p], subjects[s], 0),
			     "'%s' of '%s'", subjects[s], patterns[p]);
}

/* --- objects ---------------------------------------------------------------------------- */

static const void *whole(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 22);

	if (!in || !bytes) {
		perror(path);
		exit(2);
	}
	*size = fread(bytes, 1, 1 << 22, in);
	fclose(in);
	return bytes;
}

static void compare_maps(const struct dwu_object *a, const struct dwu_object *b)
{
	SAME(a->map_count, b->map_count, "maps");
	for (uint32_t i = 0; i < a->map_count && i < b->map_count; i++) {
		const struct dwu_object_map *x = &a->maps[i], *y = &b->maps[i];

		SAME(strcmp(x->name, y->name), 0, "%s", x->name);
		SAME(x->type, y->type, "%s: type", x->name);
		SAME(x->key_size, y->key_size, "%s: key", x->name);
		SAME(x->value_size, y->value_size, "%s: value", x->name);
		SAME(x->entries, y->entries, "%s: entries", x->name);
		SAME(x->flags, y->flags, "%s: flags", x->name);
	}
}

static void compare_programs(const struct dwu_object *a,
			     const struct dwu_object *b)
{
	SAME(a->program_count, b->program_count, "programs");
	for (uint32_t i = 0; i < a->program_count && i < b->program_count;
	     i++) {
		const struct dwu_object_program *x = &a->programs[i],
						*y = &b->programs[i];

		SAME(strcmp(x->name, y->name), 0, "%s", x->name);
		SAME(x->count, y->count, "%s: instructions", x->name);
		SAME(x->is_global, y->is_global, "%s: global", x->name);
		SAME(x->parameter_count, y->parameter_count, "%s: parameters",
		     x->name);
		SAME(memcmp(x->parameters, y->parameters,
			    sizeof(x->parameters)),
		     0, "%s: their sizes", x->name);
	}
}

static void object(const char *path, const char *packed)
{
	static struct dwu_object a, b;
	size_t size, packed_size;
	const void *bytes = whole(path, &size);
	const uint8_t *small = whole(packed, &packed_size);
	const void *out = leak_unpack(small, small + packed_size, &packed_size);

	if (!out || dwu_object_read(&a, bytes, size) ||
	    dwu_object_read(&b, out, packed_size)) {
		printf("%s, %s: not read\n", path, packed);
		exit(1);
	}
	compare_maps(&a, &b);
	compare_programs(&a, &b);
	printf("%" PRIu32 " maps, %" PRIu32 " programs\n", a.map_count,
	       a.program_count);
	dwu_object_free(&a);
	dwu_object_free(&b);
	free((void *)(uintptr_t)bytes);
	free((void *)(uintptr_t)small);
	free((void *)(uintptr_t)out);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "lines"))
		lines();
	else if (argc == 2 && !strcmp(argv[1], "names"))
		names();
	else if (argc == 4 && !strcmp(argv[1], "object"))
		object(argv[2], argv[3]);
	else
		return 2;
	return wrong;
}
