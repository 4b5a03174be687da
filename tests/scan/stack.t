#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Whole stacks through code that has no CFI: static programs without symbols and
# section headers, with musl and with glibc, of all four targets, single-stepped
# under qemu-user. Every frame is compared with a shadow call stack, from the
# sampled pc through seven levels, a call through a pointer, a switch, a frame of
# 80 KB, alloca, a callback inside qsort, signal handlers and libc's start code
# to the program's first function. On mips32 also with MIPS16e functions that
# call libc's of mips32 and are called by them. Then a thread of a running program.
#
# The recordings are made by make (rules.mk), below $BUILD/tests/scan/recorded.
set -u
. tests/house/tap.sh

[ "$(uname -m)" = x86_64 ] || skip_all "the recorder is a plugin of x86_64's qemu"
for qemu in qemu-x86_64 qemu-aarch64 qemu-mipsel qemu-mips; do
	$qemu --version 2>/dev/null | grep -q 'version 7\.2' ||
		skip_all "needs $qemu 7.2 (qemu-user of Debian 12)"
done

BUILD=${BUILD:-$PWD/build/$(uname -m)}
snaps=$BUILD/tests/scan/recorded
programs=$BUILD/tests/scan/bin
check=$BUILD/tests/stacks/bin/check

for target in x86_64 arm64 mips32el mips32eb; do
	ok "$target: there are recordings" ls "$snaps/$target-chain-musl.snap"
	for snap in "$snaps/$target"-*.snap; do
		name=${snap##*/}
		name=${name%.snap}
		min=99.9
		case $name in
		*-lua) continue ;;
		# musl's wrapper_cmp(): one jump, behind a call that does not
		# return, reached by pointer only; without symbols nothing
		# says that it is a function
		x86_64-signals-musl) min=99.5 ;;
		esac
		ok "$name: $min % whole and true, by snapshot and row cache" \
			"$check" --verbose --backend dwunw --min $min "$snap"
		sed -n 1p "$work/output" | sed 's/^/# /'
		grep '^    step ' "$work/output" | sed 's/^/# /'
	done
done

# --- a thread, live: both stacks end, and stripping changes no frame ---------------

stack_of() # PROGRAM
{
	"$1" >"$work/said" &
	pid=$!
	for _ in $(seq 600); do
		[ ! -s "$work/said" ] || break
		sleep 0.1
	done
	"$BUILD/dwunw" stack $pid
	status=$?
	kill $pid
	wait $pid 2>/dev/null
	return $status
}

threads()
{
	stack_of "$programs/x86_64-threads.full" >"$work/full" &&
		stack_of "$programs/x86_64-threads" >"$work/bare"
}

# The names of each thread's stack in a line, innermost first.
names()
{
	awk '/^TID/ { if (n++) print line; line = "" }
		/^#/ { sub(/\+.*/, "", $3); line = line $3 " " }
		END { print line }' "$work/full"
}

known_chains()
{
	names >"$work/names"
	cat "$work/full" "$work/bare"
	grep -Eq '(^| )main libc_start_main_stage2 (_start|\?\?) $' \
		"$work/names" &&
		grep -Eq '(^| )sleep inner middle outer start __clone $' \
			"$work/names"
}

same_frames()
{
	sed -n 's/^\(#[0-9]* *0x[0-9a-f]*\) .*/\1/p' "$work/full" >"$work/a"
	sed -n 's/^\(#[0-9]* *0x[0-9a-f]*\) .*/\1/p' "$work/bare" >"$work/b"
	diff "$work/a" "$work/b" && [ -s "$work/a" ]
}

# Of a stack that did not come to its end, the reason is printed.
no_reasons()
{
	[ -s "$1" ] && ! grep -v -E '^(PID|TID|#)' "$1"
}

if [ -x "$programs/x86_64-threads" ]; then
	ok "x86_64-threads: dwunw stack prints both" threads
	ok "x86_64-threads: the chains are the true ones" known_chains
	ok "x86_64-threads: both come to their end" no_reasons "$work/full"
	ok "x86_64-threads: stripped, the same frames" same_frames
	ok "x86_64-threads: stripped, both come to their end" \
		no_reasons "$work/bare"
else
	skip "x86_64-threads: not built"
fi

done_testing
