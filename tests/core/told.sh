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
