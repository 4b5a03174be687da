#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The same without .eh_frame_hdr.
. tests/danger/build.sh
{
	core
	program file
	tiny tiny-plain -Wl,--no-eh-frame-hdr
} >&2
exec ${EXEC:-} "$out/file" "$out/tiny-plain"
