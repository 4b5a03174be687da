#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
. "$(dirname "$0")/build.sh"
command -v nm >/dev/null && command -v strip >/dev/null || {
	echo "1..0 # SKIP no binutils"
	exit 0
}
chain_libraries || exit 1
target victim "$here/victim.c" -Wl,--build-id -pthread -ldl || exit 1
prepare_test symbols
strip -o "$scratch/stripped" "$out/victim"
cp "$BUILD/tests/port/symbols" "$scratch/subject"
nm -S --defined-only "$scratch/subject" |
	TARGETS=$out SCRATCH=$scratch "$out/symbols"
