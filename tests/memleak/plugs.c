/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * plugs A.so B.so: opens, calls (tests/live/plugin.c) and closes them in turn
 * twenty times, each open long enough for its mappings to be read. That is more
 * often than the library would find out by itself: from stacks that end in no
 * mapping.
 */
#include <dlfcn.h>
#include <time.h>

static void *volatile kept;

__attribute__((noipa)) void call_plugin(const char *path)
{
	const struct timespec while_open = { 0, 150000000 };
	void *plugin = dlopen(path, RTLD_NOW);
	void *(*leak)(void) = (void *(*)(void))dlsym(plugin, "plugin_leak");

	for (int i = 0; i < 10; i++)
		kept = leak();
	nanosleep(&while_open, NULL);
	dlclose(plugin);
	__asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv)
{
	for (int i = 0; argc > 2 && i < 40; i++)
		call_plugin(argv[1 + i % 2]);
}
