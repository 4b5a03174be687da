#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The same without .eh_frame_hdr.
out=${BUILD:-build/$(uname -m)}/tests/danger
exec ${EXEC:-} "$out/file" "$out/tiny-plain"
