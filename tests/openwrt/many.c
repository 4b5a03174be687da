/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * many - a program with twenty libraries, each of this file with its PART: a call goes
 * through all of them, the innermost one allocates. About every 10 ms, 8 ways, until
 * its input ends. A library has 256 functions more, as one has.
 */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_(name, part) name##part
#define NAME(name, part) NAME_(name, part)

#ifdef PART
#define THIS NAME(part, PART)
void *THIS(size_t size);
#ifdef BELOW
#define NEXT NAME(part, BELOW)
void *NEXT(size_t size);
#else
#define NEXT malloc
#endif

volatile int NAME(sink, PART);

__attribute__((noinline)) void *THIS(size_t size)
{
	void *block = NEXT(size);

	NAME(sink, PART)++;
	return block;
}

/* clang-format off */
#define ONE(n)                                                           \
	__attribute__((noinline)) int NAME(n, PART)(int x);               \
	__attribute__((noinline)) int NAME(n, PART)(int x)                \
	{                                                                \
		char room[sizeof(#n) * 3];                                   \
                                                                         \
		for (unsigned i = 0; i < sizeof(room); i++)                  \
			room[i] = (char)(x * 3 + (int)i);                    \
		NAME(sink, PART) += room[(unsigned)x % sizeof(room)];        \
		return room[0];                                              \
	}
#define FOUR(n) ONE(n##a) ONE(n##b) ONE(n##c) ONE(n##d)
#define MORE(n) FOUR(n##a) FOUR(n##b) FOUR(n##c) FOUR(n##d)
#define MOST(n) MORE(n##a) MORE(n##b) MORE(n##c) MORE(n##d)
MOST(fa) MOST(fb) MOST(fc) MOST(fd)
/* clang-format on */
#else
void *part19(size_t size);

int main(void)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	void *volatile block = NULL;

	for (size_t i = 0; poll(&input, 1, 10) == 0; i++)
		switch (i % 8) {
		case 0:
			block = part19(100);
			break;
		case 1:
			block = part19(200);
			break;
		case 2:
			block = part19(300);
			break;
		default:
			block = part19(50);
			free(block);
		}
	return block == NULL;
}
#endif
