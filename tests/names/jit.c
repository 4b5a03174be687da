/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Code made at run time, with a perf-PID.map; it waits in there. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	/* pause() */
	static const unsigned char code[] = { 0xb8, 34,	  0,	0,
					      0,    0x0f, 0x05, 0xc3 };
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64];
	FILE *map;

	if (page == MAP_FAILED)
		return 1;
	memcpy(page, code, sizeof(code));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	map = fopen(path, "w");
	if (!map)
		return 1;
	/* the first was there before the second; the third is elsewhere */
	fprintf(map,
		"%lx 40 first name\nno line of a map\n%lx 40 second name\n"
		"%lx 10 third\n",
		(unsigned long)page, (unsigned long)page,
		(unsigned long)page + 0x100);
	fclose(map);
	puts("ready");
	fflush(stdout);
	/* a test that died does not leave it behind */
	alarm(60);
	((void (*)(void))page)();
	return 0;
}
