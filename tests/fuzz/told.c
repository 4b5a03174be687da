/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What a process tells of its code, or the kernel of its: a byte that says how
 * (bit 0: a jitdump file, else lines of a perf map, or with bit 2 of
 * /proc/kallsyms; bit 1: in two parts), then its bytes. Sorted or not, the same
 * names must come out.
 */
#include "fuzz.h"

#include "port/linux/names.h"

#define ASKED 256u

/* Only the search for a dump asks for these. */
int dwu_inner_pid(int pid)
{
	return pid;
}

dwunw_status_t dwu_text_read(const char *path, size_t max, char **text,
			     size_t *size)
{
	(void)path;
	(void)max;
	(void)text;
	(void)size;
	return DWUNW_ERR_IO;
}

struct input {
	const uint8_t *data;
	size_t size;
};

static dwunw_status_t input_read(void *ctx, uint64_t off, void *dst,
				 size_t size)
{
	const struct input *in = ctx;

	if (off > in->size || size > in->size - off)
		return DWUNW_ERR_INVALID_ARG;
	memcpy(dst, in->data + off, size);
	return DWUNW_OK;
}

static bool read_dump(struct dwu_told *told, const uint8_t *data, size_t size,
		      uint64_t *off)
{
	struct input in = { data, size };
	struct dwunw_source src = { .read = input_read,
				    .ctx = &in,
				    .size = size };

	return dwu_jitdump_read(told, &src, off);
}

static bool read_lines(struct dwu_told *told, const uint8_t *data, size_t size,
		       bool kernel)
{
	char *text = malloc(size + 1);
	bool good;

	memcpy(text, data, size);
	text[size] = 0;
	good = kernel ? dwu_kallsyms_parse(&told->code, text, size) :
			dwu_perf_map_parse(&told->code, text, size);
	free(text);
	return good;
}

/* Every fourth byte as an address, and what was told. */
static void compare(struct dwu_codemap *a, struct dwu_codemap *b,
		    const uint8_t *data, size_t size)
{
	for (unsigned int i = 0; i < ASKED; i++) {
		uint64_t addr = i, from = 0, other = 0;
		const char *x, *y;

		if (size >= 8)
			memcpy(&addr, data + i * 4 % (size - 7), 8);
		if (i & 1)
			addr &= 0xffff;
		x = dwu_codemap_find(a, addr, &from);
		y = dwu_codemap_find(b, addr, &other);
		LAW(!x == !y);
		LAW(!x || (!strcmp(x, y) && from == other && from <= addr));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dwu_told one = { 0 }, two = { 0 };
	uint64_t off = 0, again = 0;
	uint8_t how;
	bool good;

	if (size < 2)
		return 0;
	how = *data++;
	size--;
	if (how & 1) {
		good = read_dump(&one, data, size, &off);
		LAW(off <= size || !good);
		if (!(how & 2) || read_dump(&two, data, size / 2, &again))
			LAW(read_dump(&two, data, size, &again) == good);
		LAW(!good || again == off);
	} else {
		good = read_lines(&one, data, size, how & 4) &&
		       read_lines(&two, data, size, how & 4);
	}
	if (good) {
		dwu_codemap_settle(&two.code);
		compare(&one.code, &two.code, data, size);
	}
	dwu_codemap_free(&one.code);
	dwu_codemap_free(&two.code);
	return 0;
}
