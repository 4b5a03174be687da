/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * interrupt.h - SIGINT, SIGTERM and SIGHUP end a run, with its last report; a
 * second one, half a second later or more, ends it at once.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

/* From now on. SIGHUP stays ignored if it is (nohup). */
void interrupt_watch(void);
/* Has one come? */
bool interrupted(void);

#endif
