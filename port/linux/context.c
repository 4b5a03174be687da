/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The context: everything that is shared by the calls of one user of the
 * library, made by dwunw_init() and given back by dwunw_shutdown().
 *
 *	config	    defaults written out
 *	modules	    files that are open, by content (modules.c)
 *	processes   mappings that are known, by pid (process.c)
 *	walker	    one with its row cache, for callers that bring none
 *
 * For example, dwunw_init() with the defaults takes 1.3 MB: a row cache of
 * 16,384 entries of 64 bytes, and 256 KiB for scans.
 */
#include "context.h"
#include "pages.h"
#include "shortage.h"

#include <stdlib.h>

#define CAPACITY_MAX (1u << 20)
#define PROCESS_CAPACITY 256u

#ifdef CONFIG_ROW_CACHE_ENTRIES
#define ROW_CACHE_ENTRIES CONFIG_ROW_CACHE_ENTRIES
#else
#define ROW_CACHE_ENTRIES 0
#endif

const char *dwunw_version(void)
{
	return DWUNW_VERSION;
}

/* The configuration with every default written out. */
static void complete(struct dwunw_config *config)
{
	if (!config->module_cache_capacity)
		config->module_cache_capacity = CONFIG_MODULE_CACHE_CAPACITY;
	if (!config->row_cache_entries)
		config->row_cache_entries = ROW_CACHE_ENTRIES;
	if (!config->row_cache_entries)
		config->row_cache_entries = DWUNW_ROW_CACHE_OFF;
	if (!config->process_capacity)
		config->process_capacity = PROCESS_CAPACITY;
	if (!config->file_size_max)
		config->file_size_max = (uint64_t)CONFIG_FILE_SIZE_MAX_MB << 20;
	if (!config->tables_max)
		config->tables_max = DWUNW_TABLES_MAX;
}

/* Bounds of numbers that memory is taken by, and of sums that must not wrap. */
static bool usable(const struct dwunw_config *config)
{
	return config->module_cache_capacity <= CAPACITY_MAX &&
	       config->process_capacity <= CAPACITY_MAX &&
	       (config->row_cache_entries <= CAPACITY_MAX ||
		config->row_cache_entries == DWUNW_ROW_CACHE_OFF) &&
	       config->tables_max <= UINT64_MAX / 4 && !config->reserved;
}

/*
 * One thread at a time may use it; others make their own (dwunw_walker_init()).
 */
static dwunw_status_t make_walker(struct dwunw_context *ctx)
{
	struct dwunw_port *port = ctx->port;
	uint32_t entries = ctx->config.row_cache_entries;
	dwunw_status_t status;

	if (entries == DWUNW_ROW_CACHE_OFF || !IS_ON(CONFIG_ROW_CACHE))
		entries = 0;
	if (entries & (entries - 1))
		return DWUNW_ERR_INVALID_ARG;
	status = dwu_pages_alloc(&port->walker_arena,
				 dwunw_walker_size(entries));
	if (status != DWUNW_OK)
		return status;
	return dwunw_walker_init(&port->walker, entries, &port->walker_arena);
}

/*
 * What was made before a failure is freed by dwunw_shutdown(), which takes a
 * half.
 */
static dwunw_status_t fill_port(struct dwunw_context *ctx)
{
	struct dwunw_port *port = ctx->port;
	dwunw_status_t status;

	status = dwu_modules_init(&port->modules,
				  ctx->config.module_cache_capacity);
	if (status != DWUNW_OK)
		return status;
	port->modules.bytes_max = 4 * ctx->config.tables_max;
	ctx->module_cache_ready = true;
	status = dwu_processes_init(&port->processes);
	return status == DWUNW_OK ? make_walker(ctx) : status;
}

/*
 * The configuration is copied; its pointers (paths, callbacks) stay the
 * caller's.
 */
dwunw_status_t dwunw_init_with(struct dwunw_context *ctx,
			       const struct dwunw_config *config)
{
	dwunw_status_t status;

	if (!ctx || !config)
		return DWUNW_ERR_INVALID_ARG;
	*ctx = (struct dwunw_context){ 0 };
	status = DWUNW_STRUCT_FROM(&ctx->config, sysroot, config);
	if (status != DWUNW_OK)
		return status;
	complete(&ctx->config);
	if (!usable(&ctx->config))
		return DWUNW_ERR_INVALID_ARG;
	ctx->port = dwu_calloc(1, sizeof(*ctx->port));
	if (!ctx->port)
		return DWUNW_ERR_NO_MEMORY;
	if (pthread_mutex_init(&ctx->port->log_lock, NULL)) {
		free(ctx->port);
		ctx->port = NULL;
		return DWUNW_ERR_NO_MEMORY;
	}
	status = fill_port(ctx);
	if (status != DWUNW_OK)
		dwunw_shutdown(ctx);
	return status;
}

dwunw_status_t dwunw_init(struct dwunw_context *ctx)
{
	const struct dwunw_config config = { 0 };

	return dwunw_init_with(ctx, &config);
}

/*
 * No call may be under way. NULL, or a context that was never set up, is well.
 */
void dwunw_shutdown(struct dwunw_context *ctx)
{
	struct dwunw_port *port = ctx ? ctx->port : NULL;

	if (!port)
		return;
	dwu_processes_free(&port->processes);
	dwu_modules_free(&port->modules);
	dwu_pages_free(&port->walker_arena);
	pthread_mutex_destroy(&port->log_lock);
	free(port);
	ctx->port = NULL;
	ctx->module_cache_ready = false;
}
