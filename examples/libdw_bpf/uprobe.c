/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * uprobe TGID TID BIN FUNC [DEPTH] - prints the stack of every call of a
 * function. BIN: a program or a library, by the path that it has here.
 */
#include "object.h"
#include "streams.h"
#include "tool.h"

#include <dwunw/trace.h>

#include <stdio.h>
#include <stdlib.h>

/* In every process that has BIN mapped; which one counts is decided there, so
 * that children and programs that are executed later are seen as well. */
static int attach(struct tool *tool)
{
	const char *path = tool->operands[0], *function = tool->operands[1];
	struct dwunw_uprobe_place place = { .path = path, .pid = -1 };
	struct dwunw_symbol_place at;
	dwunw_status_t status;

	status = dwunw_symbol_locate(&tool->symbols, path, function,
				     DWUNW_SYMBOL_WRITTEN, &at);
	if (status == DWUNW_ERR_NOT_IMPLEMENTED) {
		fprintf(stderr, "%s: %s\n", tool->name, at.why);
		return EXIT_FAILURE;
	}
	if (status != DWUNW_OK) {
		fprintf(stderr, "%s: %s in %s: %s\n", tool->name, function,
			path,
			status == DWUNW_ERR_NO_DEBUG_DATA ?
				"it defines no such function" :
				dwunw_status_text(status));
		return EXIT_FAILURE;
	}
	place.off = at.off;
	return tool_keep(
		tool, tool_event(tool, "on_call", dwunw_uprobe_event(&place)),
		"the uprobe");
}

int main(int argc, char **argv)
{
	static struct tool tool = { .name = "uprobe" };
	int status = tool_arguments(&tool, argv, 2, "BIN FUNC");

	(void)argc;
	if (status >= 0)
		return streams_end(tool.name, status);
	status = tool_open(&tool, bpf_object_start, bpf_object_size());
	if (!status)
		status = attach(&tool);
	if (!status)
		status = tool_run(&tool);
	tool_close(&tool);
	return streams_end(tool.name, status);
}
