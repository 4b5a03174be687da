/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A block of LZ4 -> its bytes:
 *
 *	token: literals << 4 | match - 4; 15 goes on in the next bytes
 *	literals; distance, 2 bytes; and so on; the last ones have no match
 *
 * Whatever the bytes are, nothing is read or written beyond either end.
 */
#include "unpack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEAD = 4,
	MATCH_MIN = 4,
};

struct unpacking {
	const uint8_t *at;
	const uint8_t *end;
	uint8_t *out;
	size_t size;
	size_t used;
};

static bool take_length(struct unpacking *u, size_t *n)
{
	uint8_t byte;

	if (*n < 15)
		return true;
	do {
		if (u->at == u->end)
			return false;
		byte = *u->at++;
		*n += byte;
	} while (byte == 255);
	return true;
}

static bool take_literals(struct unpacking *u, size_t n)
{
	if (!take_length(u, &n) || n > (size_t)(u->end - u->at) ||
	    n > u->size - u->used)
		return false;
	memcpy(u->out + u->used, u->at, n);
	u->at += n;
	u->used += n;
	return true;
}

/* A match may overlap what it makes: byte by byte. */
static bool take_match(struct unpacking *u, size_t n)
{
	size_t distance;

	if (u->end - u->at < 2)
		return false;
	distance = (size_t)(u->at[0] | u->at[1] << 8);
	u->at += 2;
	if (!take_length(u, &n))
		return false;
	n += MATCH_MIN;
	if (distance == 0 || distance > u->used || n > u->size - u->used)
		return false;
	for (; n > 0; n--, u->used++)
		u->out[u->used] = u->out[u->used - distance];
	return true;
}

static bool unpack(struct unpacking *u)
{
	uint8_t token;

	while (u->at < u->end) {
		token = *u->at++;
		if (!take_literals(u, token >> 4))
			return false;
		if (u->at < u->end && !take_match(u, token & 15))
			return false;
	}
	return u->used == u->size;
}

const void *leak_unpack(const uint8_t *start, const uint8_t *end, size_t *size)
{
	struct unpacking u = { .at = start, .end = end };
	size_t i;

	errno = EINVAL;
	if (end - start < HEAD)
		return NULL;
	for (i = 0; i < HEAD; i++)
		u.size |= (size_t)*u.at++ << (8 * i);
	u.out = malloc(u.size + 1);
	if (!u.out)
		return NULL;
	if (!unpack(&u)) {
		free(u.out);
		errno = EINVAL;
		return NULL;
	}
	*size = u.size;
	return u.out;
}
