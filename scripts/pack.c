/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * pack.c - for make, on the machine that builds: pack [-b] FILE OUT
 *
 * The BPF objects of a tool, a fifth of their size: 4 bytes of size, little-endian,
 * then a block of LZ4 (its format is public: literals, and matches of four bytes
 * and more within the last 64 KiB). tools/leaks/unpack.c reads it. With -b, of their
 * BTF what our own loader reads (pack_btf.c).
 */
#include "pack_btf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MATCH_MIN = 4,
	/* the format's: no match begins in the last 12 bytes, none of them in
	 * the last 5 */
	LAST_MATCH = 12,
	LAST_LITERALS = 5,
	WINDOW = 65535,
	TRIES = 4096,
	HASH_BITS = 15,
};

static uint8_t *in, *out;
static size_t in_size, out_size;
static int32_t *before; /* the last place with the same hash, or -1 */
static int32_t heads[1 << HASH_BITS];

static uint32_t hash_at(size_t at)
{
	uint32_t word;

	memcpy(&word, in + at, sizeof(word));
	return (word * 2654435761u) >> (32 - HASH_BITS);
}

static void remember(size_t at)
{
	uint32_t hash = hash_at(at);

	before[at] = heads[hash];
	heads[hash] = (int32_t)at;
}

static size_t same(size_t a, size_t b)
{
	size_t n = 0;

	while (b + n < in_size - LAST_LITERALS && in[a + n] == in[b + n])
		n++;
	return n;
}

/* The longest match of what stands at `at`; 0: none. */
static size_t find(size_t at, size_t *from)
{
	int32_t place = heads[hash_at(at)];
	size_t best = 0, n;
	int tries;

	for (tries = 0;
	     place >= 0 && at - (size_t)place <= WINDOW && tries < TRIES;
	     tries++, place = before[place]) {
		n = same((size_t)place, at);
		if (n > best) {
			best = n;
			*from = (size_t)place;
		}
	}
	return best >= MATCH_MIN ? best : 0;
}

static void put_length(size_t n)
{
	for (; n >= 255; n -= 255)
		out[out_size++] = 255;
	out[out_size++] = (uint8_t)n;
}

/* Literals, and a match behind them unless `match` is 0: the end. */
static void put(size_t start, size_t literals, size_t match, size_t distance)
{
	size_t more = match ? match - MATCH_MIN : 0;

	out[out_size++] = (uint8_t)((literals < 15 ? literals : 15) << 4 |
				    (more < 15 ? more : 15));
	if (literals >= 15)
		put_length(literals - 15);
	memcpy(out + out_size, in + start, literals);
	out_size += literals;
	if (!match)
		return;
	out[out_size++] = (uint8_t)distance;
	out[out_size++] = (uint8_t)(distance >> 8);
	if (more >= 15)
		put_length(more - 15);
}

/* A match is put off where the one behind its first byte is longer. */
static void pack(void)
{
	size_t at = 0, start = 0, from = 0, other, n;

	while (in_size > LAST_MATCH && at < in_size - LAST_MATCH) {
		n = find(at, &from);
		remember(at);
		if (n == 0 || (at + 1 < in_size - LAST_MATCH &&
			       find(at + 1, &other) > n)) {
			at++;
			continue;
		}
		put(start, at - start, n, at - from);
		start = at + n;
		for (at++; at < start; at++)
			if (at < in_size - LAST_MATCH)
				remember(at);
	}
	put(start, in_size - start, 0, 0);
}

static int fail(const char *path)
{
	fprintf(stderr, "pack: ");
	perror(path);
	return 1;
}

static int read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	long size = -1;

	if (file && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	if (size < 0)
		return fail(path);
	rewind(file);
	in_size = (size_t)size;
	in = malloc(in_size + 8);
	before = malloc((in_size + 8) * sizeof(*before));
	out = malloc(in_size + in_size / 100 + 64);
	if (!in || !before || !out || fread(in, 1, in_size, file) != in_size)
		return fail(path);
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	bool btf = argc > 1 && !strcmp(argv[1], "-b");
	FILE *file;
	int i;

	argv += btf;
	if (argc - btf != 3) {
		fputs("usage: pack [-b] FILE OUT\n", stderr);
		return 2;
	}
	if (read_file(argv[1]))
		return 1;
	if (btf && pack_btf(in, in_size)) {
		fprintf(stderr, "pack: %s: no BPF object with a whole .BTF\n",
			argv[1]);
		return 1;
	}
	for (i = 0; i < 1 << HASH_BITS; i++)
		heads[i] = -1;
	for (i = 0; i < 4; i++)
		out[out_size++] = (uint8_t)(in_size >> (8 * i));
	pack();
	file = fopen(argv[2], "wb");
	if (!file || fwrite(out, 1, out_size, file) != out_size || fclose(file))
		return fail(argv[2]);
	return 0;
}
