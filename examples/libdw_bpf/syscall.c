/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * syscall TGID TID NAME [DEPTH] - prints the stack of every call of a system
 * call: "read", "openat", "clock_nanosleep".
 */
#include "attach_syscall.h"
#include "object.h"
#include "streams.h"

int main(int argc, char **argv)
{
	static struct tool tool = { .name = "syscall" };
	int status = tool_arguments(&tool, argv, 1, "NAME");

	(void)argc;
	if (status >= 0)
		return streams_end(tool.name, status);
	status = tool_open(&tool, bpf_object_start, bpf_object_size());
	if (!status)
		status = attach_syscall(&tool, tool.operands[0]);
	if (!status)
		status = tool_run(&tool);
	tool_close(&tool);
	return streams_end(tool.name, status);
}
