/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * depth.c - calls probed() from stacks of a wanted depth, and says what a call
 * takes: for tests/walk/bench.c.
 *
 * A line "DEPTH SAMPLES CALLS" on standard input: so many samples of so many
 * calls, answered by the nanoseconds of a call in each. The chain of frame
 * pointers of such a stack ends in no address of a program (0 is one, and reading
 * there is a fault of 4 us), so that who follows it reads nothing that is not there.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))

NOINLINE void probed(void);
NOINLINE void probed(void)
{
	__asm__ volatile("nop; nop; nop; nop; nop");
}

static unsigned int calls;
static double took;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static NOINLINE void sample(void)
{
	double start = now();

	for (unsigned int i = 0; i < calls; i++)
		probed();
	took = (now() - start) / calls;
}

NOINLINE void descend(unsigned int depth);
NOINLINE void descend(unsigned int depth)
{
	volatile uint64_t room[3] = { depth };

	if (depth)
		descend(depth - 1);
	else
		sample();
	room[1] = room[0];
}

/* descend() with a frame pointer that leads nowhere. */
void from_nowhere(unsigned int depth);
#ifdef __x86_64__
__asm__(".text\n"
	".globl from_nowhere\n"
	".type from_nowhere, @function\n"
	"from_nowhere:\n"
	"	.cfi_startproc\n"
	"	push %rbp\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset 6, -16\n"
	"	mov $-8, %rbp\n"
	"	call descend\n"
	"	pop %rbp\n"
	"	.cfi_def_cfa_offset 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size from_nowhere, . - from_nowhere\n");
#else
void from_nowhere(unsigned int depth)
{
	descend(depth);
}
#endif

int main(void)
{
	unsigned int depth, samples;

	while (scanf("%u %u %u", &depth, &samples, &calls) == 3) {
		for (unsigned int i = 0; i < samples; i++) {
			from_nowhere(depth);
			printf("%.1f ", took);
		}
		printf("\n");
		fflush(stdout);
	}
	return 0;
}
