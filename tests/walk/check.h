/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* check.h - what check.bpf.c and its loader agree on. */
#ifndef CHECK_H
#define CHECK_H

#include <dwunw/event.h>

/* An event's cookie: what was interrupted. */
enum {
	CHECK_UPROBE,
	CHECK_USER,
	CHECK_KERNEL
};

struct check_options {
	uint32_t flags; /* of the events: ENTRY, or 0 */
};

#endif
