/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * context.h - dwunw_context.port: all that a context holds.
 *
 * Locks: processes.lock before modules.lock before log_lock. The log callback
 * may run under any of them and must not call the library.
 */
#ifndef DWU_CONTEXT_H
#define DWU_CONTEXT_H

#include <pthread.h>

#include <dwunw/linux.h>

#include "log.h"
#include "modules.h"
#include "process.h"

struct dwunw_port {
	struct dwu_modules modules;
	struct dwu_processes processes;
	struct dwunw_arena walker_arena;
	struct dwunw_walker *walker;
	pthread_mutex_t log_lock;
	uint64_t log_seen[DWU_LOG_SLOTS];
};

#endif
