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
#define NEXT NAME(part, BELOW)
void *THIS(size_t size);
#ifdef BELOW
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

#define ONE(a, b)                                                            \
	__attribute__((noinline)) int NAME(NAME(other##a##b, _), PART)(int); \
	int NAME(NAME(other##a##b, _), PART)(int x)                          \
	{                                                                    \
		char room[a * 16 + b + 1];                                   \
                                                                             \
		for (unsigned i = 0; i < sizeof(room); i++)                  \
			room[i] = (char)(x * a + (int)i);                    \
		NAME(sink, PART) += room[x & (a * 16 + b)];                  \
		return room[0];                                              \
	}
#define ROW(a)    \
	ONE(a, 0) \
	ONE(a, 1) \
	ONE(a, 2) \
	ONE(a, 3) \
	ONE(a, 4) \
	ONE(a, 5) \
	ONE(a, 6) \
	ONE(a, 7) \
	ONE(a, 8) \
	ONE(a, 9) \
	ONE(a, 10) ONE(a, 11) ONE(a, 12) ONE(a, 13) ONE(a, 14) ONE(a, 15)
ROW(0)
ROW(1)
ROW(2)
ROW(3)
ROW(4)
ROW(5)
ROW(6)
ROW(7)
ROW(8)
ROW(9)
ROW(10) ROW(11) ROW(12) ROW(13) ROW(14) ROW(15)
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
