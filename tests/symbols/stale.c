// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/* A program whose .dwo is another build's: stale.S takes its place. */
static volatile int sum;

__attribute__((noinline)) int first(int x);
int first(int x)
{
	sum += x;
	return sum * 3;
}

int main(int argc, char **argv)
{
	(void)argv;
	return first(argc) == 0;
}
