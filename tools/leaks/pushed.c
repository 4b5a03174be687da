/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* pushed.c - the run of a leak tool whose reports go to a server as well. */
#include "leak.h"

#include <stdlib.h>

bool leak_take_label(void *into, const char *text)
{
	struct leak *leak = into;

	return push_take_label(&leak->push_options, text);
}

static void push_one(struct leak *leak)
{
	push_report(leak->push, &leak->report);
}

int leak_run_pushed(struct leak *leak)
{
	int status = 0;

	for (struct leak *at = leak; !status && at; at = at->next) {
		status = push_open(&at->push, &at->push_options,
				   at->config.tool);
		if (!status && at->push)
			at->on_report = push_one;
	}
	if (!status)
		status = leak_run(leak);
	for (; leak; leak = leak->next)
		if (!push_close(leak->push) && !status)
			status = EXIT_FAILURE;
	return status;
}
