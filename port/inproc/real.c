/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The next functions of these names, by dlsym(3), and what serves until they are
 * known. */
#include "real.h" /* the first: what off_t is */

#include "inproc.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define BOOT_ALIGN 16u

_Alignas(BOOT_ALIGN) char dwu_real_boot[DWU_BOOT_ROOM];
static size_t boot_used;

/* The size stands before the block. */
size_t dwu_real_boot_size(const void *at)
{
	return ((const size_t *)at)[-1];
}

static void *boot_malloc(size_t size)
{
	size_t all = (size + 2 * BOOT_ALIGN - 1) & ~(size_t)(BOOT_ALIGN - 1);
	char *at = dwu_real_boot + boot_used + BOOT_ALIGN;

	dwu_real_find();
	if (dwu_real.malloc != boot_malloc)
		return dwu_real.malloc(size);
	if (all < size || all > DWU_BOOT_ROOM - boot_used)
		return NULL;
	boot_used += all;
	((size_t *)(void *)at)[-1] = size;
	return at;
}

/* It is 0 when it comes, and never used twice. */
static void *boot_calloc(size_t count, size_t size)
{
	size_t all;

	dwu_real_find();
	if (dwu_real.calloc != boot_calloc)
		return dwu_real.calloc(count, size);
	return __builtin_mul_overflow(count, size, &all) ? NULL :
							   boot_malloc(all);
}

static void *boot_realloc(void *old, size_t size)
{
	size_t had = old ? dwu_real_boot_size(old) : 0;
	void *at = boot_malloc(size);

	if (at && old)
		memcpy(at, old, had < size ? had : size);
	return at;
}

static void boot_free(void *at)
{
	(void)at;
}

struct dwu_real dwu_real = {
	.malloc = boot_malloc,
	.calloc = boot_calloc,
	.realloc = boot_realloc,
	.free = boot_free,
};

/* Where we were loaded by dlopen(), nothing is behind us. */
static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	return found ? found : dlsym(RTLD_DEFAULT, name);
}

/* POSIX: what dlsym() gives is a function's address, whatever its type. */
#define FIND(field, name) *(void **)(void *)&found.field = find(name)

static void find_all(void *(*find)(const char *name))
{
	struct dwu_real found = dwu_real;

	FIND(calloc, "calloc");
	FIND(realloc, "realloc");
	FIND(free, "free");
	FIND(memalign, "memalign");
	FIND(aligned_alloc, "aligned_alloc");
	FIND(posix_memalign, "posix_memalign");
	FIND(valloc, "valloc");
	FIND(pvalloc, "pvalloc");
	FIND(mmap, "mmap");
	FIND(mmap64, "mmap64");
	FIND(munmap, "munmap");
	FIND(mremap, "mremap");
	FIND(dlclose, "dlclose");
	FIND(exit_now, "_exit");
	FIND(execve, "execve");
	FIND(execvpe, "execvpe");
	FIND(fexecve, "fexecve");
	FIND(malloc, "malloc");
	dwu_real = found;
}

/* A global name is found from the program on. */
bool dwu_real_is_preloaded(void)
{
	void *program = dlopen(NULL, RTLD_LAZY);

	return program && dlsym(program, "dwunw_inproc_attach");
}

void dwu_real_list(void **list)
{
	void *const all[DWU_FUNCTIONS] = {
		[DWU_MALLOC] = *(void **)(void *)&dwu_real.malloc,
		[DWU_CALLOC] = *(void **)(void *)&dwu_real.calloc,
		[DWU_REALLOC] = *(void **)(void *)&dwu_real.realloc,
		[DWU_MEMALIGN] = *(void **)(void *)&dwu_real.memalign,
		[DWU_ALIGNED_ALLOC] = *(void **)(void *)&dwu_real.aligned_alloc,
		[DWU_POSIX_MEMALIGN] =
			*(void **)(void *)&dwu_real.posix_memalign,
		[DWU_VALLOC] = *(void **)(void *)&dwu_real.valloc,
		[DWU_PVALLOC] = *(void **)(void *)&dwu_real.pvalloc,
		[DWU_MMAP] = *(void **)(void *)&dwu_real.mmap,
		[DWU_MREMAP] = *(void **)(void *)&dwu_real.mremap,
	};

	memcpy(list, all, sizeof(all));
}

/* The first call of a program comes before it has a second thread. */
void dwu_real_find(void)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	find_all(next);
}

/* Our own functions are behind all others then, so one of them is none. */
void *dwu_real_late(const char *name)
{
	void *found = dlsym(RTLD_DEFAULT, name);
	Dl_info theirs, own;

	if (!found || !dladdr(found, &theirs) || !dladdr(dwu_real_boot, &own) ||
	    theirs.dli_fbase == own.dli_fbase)
		return NULL;
	return found;
}

bool dwu_real_find_late(void)
{
	if (!dwu_real_late("malloc") || !dwu_real_late("free"))
		return false;
	find_all(dwu_real_late);
	return true;
}
