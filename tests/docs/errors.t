#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The statuses that doc/api.md promises: errors.c.
set -u
program=${BUILD:-build/$(uname -m)}/tests/docs/errors
[ -x "$program" ] || {
	echo "1..0 # SKIP what it asks for is not in this build"
	exit 0
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "not an ELF file, by far" >"$work/no_elf"
"$program" "$work"
