/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * One line a problem, once: a broken file meets every event of its process, and
 * a tool would print the same line thousands of times a second.
 *
 * For example, dwu_log(ctx, "%s: %s", path, why): the line is made, bytes that
 * would steer a terminal become '?', its hash is looked up among the last
 * DWU_LOG_SLOTS, and only a new one reaches the user's callback. Two lines that
 * share a slot push each other out, so one may come again; none is lost.
 */
#include "context.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * FNV-1a, 64 bits: offset basis and prime of draft-eastlake-fnv. For buckets
 * and lines seen before; nothing trusts it against somebody who wants two to be
 * equal.
 */
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

/* The C1 controls are the first 32 of two bytes in UTF-8. */
static bool is_control(const char *text)
{
	unsigned char c = (unsigned char)text[0];
	unsigned char next = (unsigned char)text[1];

	return c < 0x20 || c == 0x7f ||
	       (c == 0xc2 && next >= 0x80 && next < 0xa0);
}

/* UTF-8 stays as it is; what is no UTF-8 is the terminal's to show. */
bool dwu_is_printable(const char *text)
{
	while (*text && !is_control(text))
		text++;
	return !*text;
}

/* In place, a '?' for each byte. */
void dwu_make_printable(char *text)
{
	for (; *text; text++) {
		if (!is_control(text))
			continue;
		if ((unsigned char)text[0] == 0xc2)
			*text++ = '?';
		*text = '?';
	}
}

/*
 * A long line is cut. The callback runs with locks held and calls nothing of
 * ours.
 */
void dwu_log(struct dwunw_context *ctx, const char *format, ...)
{
	char line[DWU_LOG_LINE];
	va_list args;

	if (!ctx->config.log)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	dwu_make_printable(line);
	if (!seen_before(ctx->port, line))
		ctx->config.log(ctx->config.log_ctx, line);
}
