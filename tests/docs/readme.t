#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The README's example, which make compiles without a warning, prints the stack
# of a program that sleeps.
set -u
. tests/house/tap.sh
example=${BUILD:-build/$(uname -m)}/tests/docs/example

sleep 600 &
sleeper=$!
# it has to reach its system call first
for _ in $(seq 600); do
	grep -q sleep "/proc/$sleeper/comm" &&
		grep -q '^State:.S' "/proc/$sleeper/status" && break
	sleep 0.1
done
prints() {
	"$example" "$sleeper"
	"$example" "$sleeper" | awk '/^#/ { n++ } END { exit n < 4 }'
}
ok "the example prints a stack to the program's start" prints
kill "$sleeper"
done_testing
