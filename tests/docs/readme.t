#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The README's example compiles without a warning and prints its own caller's
# stack: this shell's, which is waiting for it.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$top" || exit 1

perl tests/docs/Blocks.pm README.md "$work"
echo 1..2
if ${CC:-gcc} -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude \
	"$work/example.c" "$BUILD/libdwunw.a" -lpthread -o "$work/example" \
	2>"$work/log"; then
	echo "ok 1 - the example compiles"
else
	sed 's/^/# /' "$work/log"
	echo "not ok 1 - the example compiles"
fi
sleep 60 &
sleeper=$!
# it has to reach its system call first
while ! grep -q sleep "/proc/$sleeper/comm"; do sleep 0.1; done
sleep 0.2
"$work/example" "$sleeper" >"$work/out" 2>&1
kill "$sleeper"
if [ "$(grep -c '^#' "$work/out")" -ge 4 ]; then
	echo "ok 2 - the example prints a stack to the program's start"
else
	sed 's/^/# /' "$work/out"
	echo "not ok 2 - the example prints a stack to the program's start"
fi
