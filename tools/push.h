/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * push.h - --push URL: profiles to a server of profiles, by HTTP or HTTPS. A thread of
 * its own sends them: who reports never waits for a server.
 */
#ifndef DWUNW_TOOLS_PUSH_H
#define DWUNW_TOOLS_PUSH_H

#include "option.h"

#include <dwunw/report.h>

#define PUSH_LABELS 16u

/* Zeroed: nothing is pushed. */
struct push_options {
	const char *url;
	const char *headers; /* a file of "Name: value" lines; NULL: none */
	const char *name;    /* of the service; NULL: the program's */
	const char *labels[PUSH_LABELS]; /* KEY=VALUE */
	uint32_t label_count;
	uint32_t format; /* enum push_format */
};

enum push_format {
	PUSH_PYROSCOPE,
	PUSH_OTLP /* experimental, as it is itself */
};

/* False: no KEY=VALUE, or too many. */
bool push_take_label(struct push_options *options, const char *text);
#define PUSH_LABEL_ALLOWED                                                    \
	"KEY=VALUE, 16 at most; KEY of letters, digits and _, VALUE without " \
	"{ } , = \" and blanks"

/* Option rows of a struct that has a struct push_options `field`; take: calls
 * push_take_label(). */
#define PUSH_ROWS(type, field, function)                        \
	{ .name = "push",                                       \
	  .kind = OPTION_TEXT,                                  \
	  .to = offsetof(type, field.url) },                    \
		{ .name = "push-headers",                       \
		  .kind = OPTION_TEXT,                          \
		  .to = offsetof(type, field.headers) },        \
		{ .name = "push-name",                          \
		  .kind = OPTION_TEXT,                          \
		  .to = offsetof(type, field.name) },           \
		{ .name = "push-format",                        \
		  .kind = OPTION_CHOICE,                        \
		  .to = offsetof(type, field.format),           \
		  .allowed = "pyroscope|otlp" },                \
	{                                                       \
		.name = "push-label", .kind = OPTION_OTHER,     \
		.allowed = PUSH_LABEL_ALLOWED, .take = function \
	}

/* What is wrong with them; NULL: nothing. */
const char *push_contradiction(const struct push_options *options);

struct push;
/* 0; else it cannot be, which is told with `tool` before it. *push NULL: no URL. */
int push_open(struct push **push, const struct push_options *options,
	      const char *tool);
/* What is counted since the one before; what is live, as it is. NULL is well. */
void push_report(struct push *push, struct dwunw_report *report);
/* Waits some seconds for what has not been sent. False, told: some of it is lost. */
bool push_close(struct push *push);

#endif
