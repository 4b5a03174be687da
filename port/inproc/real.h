/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* real.h - the functions that entry.c stands before, for entry.c alone. */
#ifndef DWU_INPROC_REAL_H
#define DWU_INPROC_REAL_H

/* mmap is mmap, and not another name of mmap64: both are here */
#undef _FILE_OFFSET_BITS

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct dwu_real {
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t count, size_t size);
	void *(*realloc)(void *old, size_t size);
	void (*free)(void *at);
	void *(*memalign)(size_t align, size_t size);
	void *(*aligned_alloc)(size_t align, size_t size);
	int (*posix_memalign)(void **at, size_t align, size_t size);
	void *(*valloc)(size_t size);
	void *(*pvalloc)(size_t size);
	void *(*mmap)(void *at, size_t size, int prot, int flags, int fd,
		      off_t off);
	void *(*mmap64)(void *at, size_t size, int prot, int flags, int fd,
			int64_t off);
	int (*munmap)(void *at, size_t size);
	void *(*mremap)(void *old, size_t old_size, size_t size, int flags,
			...);
	int (*dlclose)(void *handle);
	void (*exit_now)(int status); /* _exit() */
	int (*execve)(const char *path, char *const *argv, char *const *env);
	int (*execvpe)(const char *path, char *const *argv, char *const *env);
	int (*fexecve)(int fd, char *const *argv, char *const *env);
};
extern struct dwu_real dwu_real;

/*
 * Finds them, those behind us in the order of search. Until then malloc and its kind
 * are a small heap of our own that is never given back, as finding them asks for
 * memory. Done once; while it is being done: nothing.
 */
void dwu_real_find(void);
/* For an object that a program has loaded late: those that its modules have, which
 * may be another library's before libc. */
void *dwu_real_late(const char *name);
bool dwu_real_find_late(void);
/* Was this object there from the start? Then the program's calls come here anyway. */
bool dwu_real_is_preloaded(void);
/* Those whose frames stacks begin with, by enum dwu_inproc_function. */
void dwu_real_list(void **list);

/* The functions whose import slots are turned to entry.c's (attach.c). */
#ifdef __GLIBC__
#define DWU_SLOT_MMAP64(each) each(mmap64)
#else
#define DWU_SLOT_MMAP64(each)
#endif
#define DWU_SLOT_FUNCTIONS(each)                                              \
	each(malloc) each(calloc) each(realloc) each(reallocarray) each(free) \
		each(memalign) each(aligned_alloc) each(posix_memalign)       \
			each(valloc) each(pvalloc) each(mmap)                 \
				DWU_SLOT_MMAP64(each) each(munmap)            \
					each(mremap) each(dlclose)

#define DWU_BOOT_ROOM (64u << 10)
extern char dwu_real_boot[DWU_BOOT_ROOM];
/* Is that of the small heap? */
static inline bool dwu_real_is_boot(const void *at)
{
	return (uintptr_t)at - (uintptr_t)dwu_real_boot < DWU_BOOT_ROOM;
}
/* Its size then. */
size_t dwu_real_boot_size(const void *at);

#endif
