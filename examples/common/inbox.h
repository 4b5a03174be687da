/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * inbox.h - the loader's events, read by a thread of their own and kept until
 * they are asked for: what a stack costs, or the file that it leads through,
 * keeps no other from being read. When INBOX_MAX bytes wait it reads no more,
 * so that the kernel counts what is lost then.
 */
#ifndef INBOX_H
#define INBOX_H

#include "loader.h"

#define INBOX_MAX ((size_t)64 << 20)

struct inbox;

/* As loader_open_events(); the loader stays the caller's and closes later. */
int inbox_open(struct inbox **inbox, struct loader *loader,
	       loader_event_fn on_event, void *ctx);
/* Gives on_event, in this thread, what has come; waits for the first one. */
int inbox_read(struct inbox *inbox, int timeout_ms);
/* The same of all that the kernel has by now. */
int inbox_read_all(struct inbox *inbox);
/* Before loader_close(). NULL is well. */
void inbox_close(struct inbox *inbox);

#endif
