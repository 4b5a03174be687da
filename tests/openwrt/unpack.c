/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * unpack PACKED [ORIGINAL]: tools/leaks/unpack.c gives what scripts/pack.c was given,
 * and of bytes that are cut or changed it gives nothing, or as many as they say.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const void *leak_unpack(const uint8_t *start, const uint8_t *end, size_t *size);

static uint8_t *take(const char *path, size_t *size)
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

/* Exactly so many bytes, so that a sanitizer sees a read behind them. */
static void hostile(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	size_t got = 0;
	const void *out;

	if (!copy)
		exit(2);
	memcpy(copy, bytes, size);
	out = leak_unpack(copy, copy + size, &got);
	free((void *)(uintptr_t)out);
	free(copy);
}

static void all_hostile(uint8_t *bytes, size_t size)
{
	size_t i, step = size / 400 + 1;

	for (i = 0; i < size; i += i < 64 ? 1 : step)
		hostile(bytes, i);
	for (i = 4; i < size; i += i < 64 ? 1 : step) {
		uint8_t was = bytes[i];

		bytes[i] = 0xff;
		hostile(bytes, size);
		bytes[i] = (uint8_t)(was ^ 1);
		hostile(bytes, size);
		bytes[i] = was;
	}
}

int main(int argc, char **argv)
{
	size_t packed_size, size, got = 0;
	uint8_t *packed, *bytes;
	const void *out;

	if (argc != 3)
		return 2;
	packed = take(argv[1], &packed_size);
	bytes = take(argv[2], &size);
	out = leak_unpack(packed, packed + packed_size, &got);
	if (!out || got != size || memcmp(out, bytes, size) != 0) {
		printf("%s: not what was packed\n", argv[1]);
		return 1;
	}
	free((void *)(uintptr_t)out);
	all_hostile(packed, packed_size);
	free(packed);
	free(bytes);
	return 0;
}
