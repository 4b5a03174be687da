#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The same with .debug_frame alone.
. tests/danger/build.sh
{
	core
	program file
	tiny tiny-debug -g -fno-asynchronous-unwind-tables
	objcopy -R .debug_info -R .debug_abbrev -R .debug_line -R .debug_str \
		-R .debug_line_str -R .debug_aranges -R .debug_loclists \
		-R .debug_rnglists "$out/tiny-debug"
} >&2
exec ${EXEC:-} "$out/file" "$out/tiny-debug"
