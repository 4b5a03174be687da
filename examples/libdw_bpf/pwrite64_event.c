/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * pwrite64_event TGID TID [DEPTH] - prints the stack of every pwrite64(2), by
 * its tracepoint.
 */
#include "object.h"
#include "streams.h"
#include "tool.h"

int main(int argc, char **argv)
{
	static struct tool tool = { .name = "pwrite64_event" };
	int status = tool_arguments(&tool, argv, 0, "");

	(void)argc;
	if (status >= 0)
		return streams_end(tool.name, status);
	status = tool_open(&tool, bpf_object_start, bpf_object_size());
	if (!status)
		status = tool_run(&tool);
	tool_close(&tool);
	return streams_end(tool.name, status);
}
