/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * inside.c PLUGIN - a program that leaks below main(), in a thread and in a plugin
 * (this file with -DPLUGIN): of known chains and sizes, for the recorder inside it
 * (check.pl). Waits for a byte on its input; prints what it has left, "left BLOCKS
 * BYTES", and waits for its input's end.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")

#ifdef PLUGIN
void plug_serve(void **kept, int round);

KEEP static void plug_make(void **kept, int round)
{
	*kept = malloc(200);
	AFTER_CALL;
	if (round % 2)
		free(*kept);
	AFTER_CALL;
}

KEEP void plug_serve(void **kept, int round)
{
	volatile char room[700];

	room[round] = 1;
	plug_make(kept, round);
	room[round]++;
}
#else
#define ROUNDS 40

static void *volatile kept;

KEEP static void make_small(int round)
{
	volatile char room[100];

	room[round] = 1;
	kept = malloc(100);
	AFTER_CALL;
	if (round % 4)
		free(kept);
	room[round]++;
}

KEEP static void in_main(int round)
{
	make_small(round);
	AFTER_CALL;
}

KEEP static void in_thread(int round)
{
	kept = calloc(3, 100);
	AFTER_CALL;
	if (round % 5)
		free(kept);
	AFTER_CALL;
}

KEEP static void *work(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		in_thread(i);
	return unused;
}

int main(int argc, char **argv)
{
	static char line[64];
	void (*serve)(void **kept, int round);
	void *handle, *block, *done;
	pthread_t thread;
	char byte;

	if (argc < 2 || read(0, &byte, 1) != 1)
		return 1;
	handle = dlopen(argv[1], RTLD_NOW);
	if (!handle)
		return 3;
	*(void **)&serve = dlsym(handle, "plug_serve");
	if (pthread_create(&thread, NULL, work, NULL) ||
	    pthread_join(thread, &done))
		return 4;
	for (int i = 0; i < ROUNDS; i++) {
		in_main(i);
		serve(&block, i);
	}
	snprintf(line, sizeof(line), "left %d %d\n",
		 ROUNDS / 4 + ROUNDS / 2 + ROUNDS / 5,
		 ROUNDS / 4 * 100 + ROUNDS / 2 * 200 + ROUNDS / 5 * 300);
	if (write(2, line, strlen(line)) < 0)
		return 5;
	return read(0, &byte, 1) != 0;
}
#endif
