/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What was short: memory, descriptors, a read that failed. Where that costs a
 * name or a frame and no more, nobody is told by a status; so it is counted,
 * and a tool can say that its result may lack something.
 *
 * For example, EMFILE when a debug file is opened: the frame has the name of
 * its ELF symbol, dwunw_shortages() is one more, and its last errno EMFILE.
 * ENOENT is no shortage: there is no such file.
 */
#include "shortage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t count;
static int last;

/* Does it say that the machine was short, and not what is there? */
static bool is_short(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EIO:
	case EINTR:
	case ESTALE:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}

/* Any thread. What was counted last is told, not what was first. */
void dwunw_short(int error)
{
	if (!is_short(error))
		return;
	__atomic_store_n(&last, error, __ATOMIC_RELAXED);
	__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
}

uint32_t dwunw_shortages(int *error)
{
	if (error)
		*error = __atomic_load_n(&last, __ATOMIC_RELAXED);
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}

static void *or_short(void *memory)
{
	if (!memory)
		dwunw_short(ENOMEM);
	return memory;
}

/* As malloc(3), counted. The others likewise. */
void *dwu_malloc(size_t size)
{
	return or_short(malloc(size));
}

void *dwu_calloc(size_t number, size_t size)
{
	return or_short(calloc(number, size));
}

void *dwu_realloc(void *old, size_t size)
{
	return or_short(realloc(old, size));
}

char *dwu_strdup(const char *text)
{
	return or_short(strdup(text));
}

char *dwu_strndup(const char *text, size_t size)
{
	return or_short(strndup(text, size));
}
