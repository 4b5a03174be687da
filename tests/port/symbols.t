#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
. "$(dirname "$0")/port.sh"
command -v nm >/dev/null && command -v strip >/dev/null || {
	echo "1..0 # SKIP no binutils"
	exit 0
}
own_directory
strip -o "$scratch/stripped" "$out/victim"
cp "$out/symbols" "$scratch/subject"
nm -S --defined-only "$scratch/subject" |
	TARGETS=$out SCRATCH=$scratch "$out/symbols"
