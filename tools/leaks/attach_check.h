/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* attach_check.h - what attach.c asks of a process before it touches it. */
#ifndef DWUNW_TOOLS_LEAKS_ATTACH_CHECK_H
#define DWUNW_TOOLS_LEAKS_ATTACH_CHECK_H

#include "borrow.h"
#include "safe.h"

/* Of those that say no, `why` is the reason. */

/* A descriptor: no other dwunw is at that process; -1. */
int attach_lock(int32_t pid, char *why, size_t size);
/* By what the kernel tells of it. */
bool attach_check(int32_t pid, char *why, size_t size);
/* By what is mapped; and the code in it that calls need. */
bool attach_check_space(struct safe *safe, struct borrow_code *code, char *why,
			size_t size);
/* … and its dlopen(); *dlerror may be 0. */
bool attach_dlopen(struct safe *safe, uint64_t *dlopen, uint64_t *dlerror,
		   char *why, size_t size);
/* Where a function is in the process, by the file that is mapped; 0: nowhere. */
uint64_t attach_function(struct safe *safe, const char *like, const char *name);

/* The same of its C library. */
uint64_t attach_libc_function(struct safe *safe, const char *name);

/* The recorder's file, as the process can open it. */
struct attach_library {
	char in_process[4096];
	char copy[4160]; /* the same for us, if it is a copy; "": none */
	char directory[4160];
};
/* False: the process has another root. */
bool attach_library_here(struct attach_library *library, int32_t pid,
			 const char *path);
bool attach_library_copy(struct attach_library *library, int32_t pid,
			 const char *path, char *why, size_t size);
/* It needs no name once it is loaded. */
void attach_library_remove(struct attach_library *library);

/* What is mapped of files, hashed; 0: none is like that (fnmatch(3), its last
 * part). */
uint64_t attach_modules(int32_t pid, const char *like);

#endif
