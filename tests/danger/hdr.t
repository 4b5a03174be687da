#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A small file with .eh_frame_hdr: cut, flipped, unreadable, in no memory.
out=${BUILD:-build/$(uname -m)}/tests/danger
exec ${EXEC:-} "$out/file" "$out/tiny-hdr"
