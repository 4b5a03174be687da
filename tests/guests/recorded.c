/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * recorded.c SECONDS RATE - a target that is recorded on its device (desk.pl).
 *
 * Waits for a byte on its input, allocates RATE times a second by 64 paths of
 * calls, and says of each function that allocates: allocations, bytes, frees, bytes
 * freed, temporary ones; then how often it has allocated at all, and the time. It
 * waits for its input's end. No function of libc allocates meanwhile.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")
#define TICK_MS 10
#define LATER 512

struct count {
	const char *name;
	unsigned allocations, bytes, frees, freed, temporary;
};

static struct count leaks = { .name = "leak_here" };
static struct count shorts = { .name = "short_here" };
static struct count laters = { .name = "later_here" };
static void *volatile kept;
static struct {
	void *block;
	size_t size;
} ring[LATER];
static unsigned ring_at;
static uint32_t state = 2463534242u;

static unsigned any(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state >> 8;
}

/* Inlined into each function below. */
static inline __attribute__((always_inline)) void *get(struct count *count,
						       size_t size)
{
	void *block = malloc(size);

	count->allocations++;
	count->bytes += (unsigned)size;
	return block;
}

static void freed(struct count *count, size_t size)
{
	count->frees++;
	count->freed += (unsigned)size;
}

/* One of eight leaks, the others are freed at once. */
KEEP void leak_here(size_t size)
{
	kept = get(&leaks, size);
	AFTER_CALL;
	if (any() % 8) {
		free(kept);
		freed(&leaks, size);
		leaks.temporary++;
	}
}

KEEP void short_here(size_t size)
{
	kept = get(&shorts, size);
	AFTER_CALL;
	free(kept);
	freed(&shorts, size);
	shorts.temporary++;
}

/* Freed when so many others have been allocated here. */
KEEP void later_here(size_t size)
{
	unsigned at = ring_at++ % LATER;

	if (ring[at].block) {
		free(ring[at].block);
		freed(&laters, ring[at].size);
	}
	ring[at].block = get(&laters, size);
	ring[at].size = size;
	AFTER_CALL;
}

KEEP void allocate(unsigned path)
{
	size_t size = 8 + any() % 2000;

	switch (path % 4) {
	case 0:
		leak_here(size);
		break;
	case 1:
		short_here(size);
		break;
	default:
		later_here(size);
	}
	AFTER_CALL;
}

KEEP void right(unsigned path, unsigned depth);

KEEP void left(unsigned path, unsigned depth)
{
	if (!depth)
		allocate(path);
	else if (path >> (depth - 1) & 1)
		right(path, depth - 1);
	else
		left(path, depth - 1);
	AFTER_CALL;
}

KEEP void right(unsigned path, unsigned depth)
{
	char name[200];

	memset(name, 'x', sizeof(name));
	__asm__ volatile("" : : "r"(name) : "memory");
	left(path, depth);
	AFTER_CALL;
}

static unsigned long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000 +
	       (unsigned long)now.tv_nsec / 1000000;
}

KEEP void serve(unsigned seconds, unsigned rate)
{
	unsigned long start = now_ms();
	unsigned done = 0, all = seconds * rate;

	while (done < all) {
		unsigned long due = (now_ms() - start + TICK_MS) * rate / 1000;

		for (; done < due && done < all; done++)
			left(any() % 64, 6);
		poll(NULL, 0, TICK_MS);
	}
	dprintf(1, "seconds %lu\n", (now_ms() - start) / 1000);
	AFTER_CALL;
}

static void tell(const struct count *count)
{
	dprintf(1, "%s %u %u %u %u %u\n", count->name, count->allocations,
		count->bytes, count->frees, count->freed, count->temporary);
}

int main(int argc, char **argv)
{
	unsigned seconds = argc > 2 ? (unsigned)atoi(argv[1]) : 1;
	unsigned rate = argc > 2 ? (unsigned)atoi(argv[2]) : 100;
	char byte;

	if (read(0, &byte, 1) != 1)
		return 1;
	serve(seconds, rate);
	tell(&leaks);
	tell(&shorts);
	tell(&laters);
	dprintf(1, "calls %u\n", seconds * rate);
	return read(0, &byte, 1) != 0;
}
