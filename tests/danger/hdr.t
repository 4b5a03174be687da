#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A small file with .eh_frame_hdr: cut, flipped, unreadable, in no memory.
. tests/danger/build.sh
{
	core
	program file
	tiny tiny-hdr -Wl,--eh-frame-hdr
} >&2
exec ${EXEC:-} "$out/file" "$out/tiny-hdr"
