/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A core file, as `dwunw stack --core` prints it. A byte of flags (bit 0: the
 * program is named; bit 1: no names of files), the program's file, then the core.
 * Where the core names a file it is one below KEPT_ROOT: "/900" is the program.
 */
#include "chunks.h"
#include "kept.h"

#include "core.h"

CHUNKS(1, 2)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	kept_silent();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dwu_core_options options = { .core = KEPT_ROOT "/901" };
	struct dwunw_context ctx = { 0 };
	struct dwu_printer printer = { 0 };
	struct dwunw_span program, core;
	size_t off = 1;
	int code;

	if (size < 3)
		return 0;
	program = chunk_next(data, size, &off);
	kept_file(0, program.data, program.size);
	core = chunk_next(data, size, &off);
	kept_file(1, core.data, core.size);
	options.exe = data[0] & 1 ? KEPT_ROOT "/900" : NULL;
	options.sysroot = data[0] & 2 ? "/nowhere" : KEPT_ROOT;
	LAW(!dwunw_init(&ctx));
	LAW(!dwu_printer_init(&printer, &ctx));
	code = dwu_core_print(&options, &printer);
	LAW(code == CMD_OK || code == CMD_FAILED);
	dwu_printer_free(&printer);
	dwunw_shutdown(&ctx);
	return 0;
}
