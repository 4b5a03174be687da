/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* One line a problem, once: a broken file meets every event of its process. */
#include "port.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

uint64_t dwu_hash(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * 0x100000001b3u;
	return hash;
}

static bool seen_before(struct dwunw_port *port, const char *line)
{
	uint64_t hash = dwu_hash(line, strlen(line));
	uint64_t *slot = &port->log_seen[hash % DWU_LOG_SLOTS];
	bool seen;

	pthread_mutex_lock(&port->log_lock);
	seen = *slot == hash;
	*slot = hash;
	pthread_mutex_unlock(&port->log_lock);
	return seen;
}

/* Paths are the target's: what could drive a terminal does not get there. */
static void make_printable(char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			*line = '?';
}

void dwu_log(struct dwunw_context *ctx, const char *format, ...)
{
	char line[DWU_LOG_LINE];
	va_list args;

	if (!ctx->config.log)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	make_printable(line);
	if (!seen_before(ctx->port, line))
		ctx->config.log(ctx->config.log_ctx, line);
}
