# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A program that dies under qemu-user, and the stack of its core in a line.

# core PROGRAM QEMU ARG: $core
core()
{
	core=$work/core
	rm -rf "$work/die" && mkdir "$work/die" || return 1
	(
		cd "$work/die" && ulimit -c unlimited
		"$2" "$1" "$3"
	) >/dev/null 2>&1
	mv "$work"/die/*.core "$core"
}

# The names of the first stack, innermost first, those by the frame pointer
# marked so; and its end.
told()
{
	awk '
	/^TID/ && line { exit }
	/^#/ {
		sub(/\+.*/, "", $3)
		line = line $3 ($NF == "(fp)" ? "(fp) " : " ")
		end = "complete"
	}
	/^    / { end = $0; sub(/^ */, "", end) }
	END { print line ": " end }' "$1"
}

# seen PROGRAM ARG...: it waits once it has said "ready"; its stacks, in
# $work/stack and on standard output
seen()
{
	"$@" >"$work/said" &
	pid=$!
	until grep -q ready "$work/said" || ! kill -0 $pid; do
		sleep 0.1
	done
	"$dwunw" stack $pid >"$work/stack" 2>&1
	kill $pid
	wait $pid 2>/dev/null
	cat "$work/stack"
}
