/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* plugged A.so B.so: opens, calls and closes them in turn, for ever. */
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

#define KEEP __attribute__((noipa))
#define AFTER_CALL __asm__ volatile("" ::: "memory")

static void *volatile kept;
static const struct timespec pause_10ms = { 0, 10000000 };
static const struct timespec pause_100ms = { 0, 100000000 };

KEEP void call_plugin(const char *path)
{
	void *plugin = dlopen(path, RTLD_NOW);
	void *(*leak)(void) = (void *(*)(void))dlsym(plugin, "plugin_leak");

	kept = leak();
	AFTER_CALL;
	/* its mapping can be read only while it is there */
	nanosleep(&pause_100ms, NULL);
	printf("%s %p\n", path, (void *)leak);
	fflush(stdout);
	dlclose(plugin);
	AFTER_CALL;
}

int main(int argc, char **argv)
{
	for (int i = 0; argc > 2; i++) {
		call_plugin(argv[1 + i % 2]);
		nanosleep(&pause_10ms, NULL);
	}
}
