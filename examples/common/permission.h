/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * permission.h - what to tell who may not.
 */
#ifndef PERMISSION_H
#define PERMISSION_H

/* The exit status when a permission is missing. */
#define EXIT_NOT_PERMITTED 77

/* Says on stderr what the kernel refused with errno `error`, which permission
 * is missing, and how to give it. Returns the exit status. */
int explain(const char *tool, const char *what, int error);

#endif
