#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# run.sh [--demo] - finds the leaks of leaky.c, built without frame pointers
# with glibc and with musl, and shows beside each stack what the kernel's
# frame-pointer walk gives. --demo: all is installed and built already.

set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build/$(uname -m | sed 's/aarch64/arm64/')}
programs=$build/examples/bpf_memleak
out=$(mktemp) || exit 1
table=$(mktemp) || exit 1
target=

clean_up() {
	[ -z "$target" ] || kill "$target" 2>/dev/null
	rm -f "$out" "$table"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

if [ "${1:-}" != --demo ]; then
	scripts/deps demo || exit 1
	make all examples || exit 1
fi

# Prints "3 of 7 (42 %)" of the line that has this text before it.
share() {
	sed -n "s/.*$1: \([0-9]* of [0-9]*\) stacks (\([0-9]* %\)).*/\1 (\2)/p" \
		"$out"
}

# memleak_user on one program; 77: not permitted.
find_leaks() {
	"$programs/$1" 0 20 &
	target=$!
	sleep 0.2
	printf '\n=== %s: -O2 -fomit-frame-pointer, %s\n' "$1" "$2"
	"$programs/memleak_user" -p "$target" -d 2 -n 1 --fp-walk >"$out"
	status=$?
	if [ $status = 77 ]; then
		printf '\n%s\n%s\n\n' "BPF is not permitted, as told above;" \
			"the program's stack as it is now, by ptrace:"
		"$build/dwunw" stack "$target"
	elif [ $status != 0 ]; then
		exit $status
	else
		cat "$out"
		printf '%-7s %-18s %-18s %s\n' "$2" \
			"$(share 'by frame pointers, to main')" \
			"$(share 'complete to main')" \
			"$(share "complete to the program's start")" >>"$table"
	fi
	kill "$target"
	wait "$target" 2>/dev/null
	target=
	return 0
}

find_leaks leaky_glibc glibc
if [ -x "$programs/leaky_musl" ]; then
	find_leaks leaky_musl musl
else
	echo "no musl-gcc: the musl program was not built"
fi

[ -s "$table" ] || exit 0
printf '\n=== leak stacks that are complete\n'
printf '%-7s %-18s %-18s %s\n' '' 'frame pointers' 'dwunw, to main' \
	"dwunw, to the program's start"
cat "$table"
cat <<'END'

musl's libc has no unwind information: its qsort, signal return and start code
are crossed by their instructions, and such frames say "(scan)".
END
