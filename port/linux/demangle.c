/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Names of C++ and Rust as they were written, by GNU libiberty, which
 * addr2line and gdb use as well. Names come from the target's files: what is
 * very long is left as it is, and libiberty bounds its own recursion.
 */
#include "names.h"

#include <string.h>

#ifdef CONFIG_DEMANGLE
/* libiberty's <demangle.h> wants the rest of its headers. */
#define DMGL_PARAMS (1 << 0)
#define DMGL_ANSI (1 << 1)
#define DMGL_AUTO (1 << 8)
char *cplus_demangle(const char *mangled, int options);

/* Longer ones take libiberty more than a thousand levels of recursion. */
#define NAME_SIZE_MAX 4096u

static char *demangle(const char *name, int options)
{
	/* _Z: C++ and older Rust; _R: Rust */
	if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R') ||
	    strnlen(name, NAME_SIZE_MAX) == NAME_SIZE_MAX)
		return NULL;
	return cplus_demangle(name, options | DMGL_ANSI | DMGL_AUTO);
}

char *dwu_demangle(const char *name)
{
	return demangle(name, DMGL_PARAMS);
}

char *dwu_demangle_bare(const char *name)
{
	return demangle(name, 0);
}
#else
char *dwu_demangle_bare(const char *name)
{
	(void)name;
	return NULL;
}

char *dwu_demangle(const char *name)
{
	(void)name;
	return NULL;
}
#endif
