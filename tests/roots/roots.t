#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Where stacks end: at the start of the program, of a thread, of a context, and
# with a reason where a return address was overwritten, where CFI leads inward,
# and where it cannot be used. Programs know their own chain (roots.c); cores of
# four targets, by qemu-user, with the file whole, stripped, and without CFI and
# section headers; and live.
set -u
. tests/house/tap.sh
. tests/core/told.sh

BUILD=${BUILD:-$PWD/build/$(uname -m)}
dwunw=$BUILD/dwunw
made=$BUILD/tests/roots

[ -d "$made" ] || skip_all "make test-programs has built nothing here"

stack()
{
	"$dwunw" stack --core "$core" "$1" >"$work/stack" 2>&1
	told "$work/stack" >"$work/told"
	cat "$work/stack"
}

# FILE PATTERN: the names and the end of its stack
ends()
{
	stack "$1"
	grep -Eq "$2" "$work/told"
}

# FILE: the first frame in memory without a file is marked as a guess
guess()
{
	stack "$1"
	grep '^#.*  ??' "$work/stack" | sed 1q | grep 'guess)$'
}

# FILE: numbers of any size stand apart from their addresses
numbers()
{
	stack "$1" >/dev/null
	grep -E '^#[0-9]+ +0x[0-9a-f]{16}  deep' "$work/stack" >"$work/deep"
	sed -n '1p;$p' "$work/deep"
	[ "$(wc -l <"$work/deep")" = 1200 ]
}

# The same pcs and the same end in another copy of the file.
same()
{
	stack "$1/full"
	grep '^#' "$work/stack" | cut -d ' ' -f 1-3 >"$work/pcs"
	sed 's/, at 0x.*//' "$work/told" | sed 's/.* : //' >"$work/end"
	stack "$1/$2"
	grep '^#' "$work/stack" | cut -d ' ' -f 1-3 | diff "$work/pcs" - &&
		sed 's/, at 0x.*//' "$work/told" | sed 's/.* : //' |
		diff "$work/end" -
}

start='(__libc_start_main|__libc_start_call_main|libc_start_main_stage2)[^:]*'
for target in x86_64-linux-gnu:qemu-x86_64 aarch64-linux-gnu:qemu-aarch64 \
	mipsel-linux-gnu:qemu-mipsel mips-linux-gnu:qemu-mips \
	x86_64-musl:qemu-x86_64; do
	triple=${target%:*} qemu=${target#*:}
	dir=$made/$triple
	if ! [ -x "$dir/full" ] || ! command -v "$qemu" >/dev/null; then
		skip "$triple: no compiler or no $qemu"
		continue
	fi
	chain="^last inner"
	called="^[^ ]*"
	core "$dir/full" "$qemu" plain
	ok "$triple: to the program's start" ends "$dir/full" \
		"$chain whole outer main $start: complete$"
	for kind in stripped bare; do
		[ -e "$dir/$kind" ] || continue
		ok "$triple: $kind: the same" same "$dir" $kind
	done
	core "$dir/full" "$qemu" thread
	ok "$triple: to the thread's start" ends "$dir/full" \
		"$chain whole outer thread (start_thread|start) [^:]*: complete$"
	for kind in stripped bare; do
		[ -e "$dir/$kind" ] || continue
		ok "$triple: $kind: the same" same "$dir" $kind
	done
	if [ "$triple" != x86_64-musl ]; then
		core "$dir/full" "$qemu" context
		ok "$triple: to the context's start" ends "$dir/full" \
			"$chain whole outer context [^:]*: the start of a context"
		for kind in stripped bare; do
			ok "$triple: $kind: the same" same "$dir" $kind
		done
	fi
	core "$dir/full" "$qemu" deep
	ok "$triple: 1200 frames" numbers "$dir/full"
	core "$dir/full" "$qemu" zero
	ok "$triple: a return address of 0" ends "$dir/full" \
		"$chain victim : the return address is 0"
	core "$dir/full" "$qemu" outside
	ok "$triple: … in no mapping" ends "$dir/full" \
		"$chain victim : the return address 0x1230 is in no code"
	core "$dir/full" "$qemu" data
	ok "$triple: … in data" ends "$dir/full" \
		"$chain victim : the return address 0x[0-9a-f]* is in no code"
	core "$dir/full" "$qemu" code
	ok "$triple: … behind no call" ends "$dir/full" \
		"$chain victim : the return address 0x[0-9a-f]* is not behind"
	core "$dir/full" "$qemu" entry
	ok "$triple: … behind no call at the start" ends "$dir/full" \
		"$chain victim : the return address 0x[0-9a-f]* is not behind"
	core "$dir/full" "$qemu" edge
	ok "$triple: … at the first byte of code" ends "$dir/full" \
		"$chain victim : the return address 0x[0-9a-f]* is not behind"
	core "$dir/full" "$qemu" made
	ok "$triple: … in memory without a file: a guess" guess "$dir/full"
	core "$dir/full" "$qemu" inward
	ok "$triple: a caller that is further in" ends "$dir/full" \
		"$chain inward : the caller's frame would not be further out"
	for case in column expression; do
		core "$dir/full" "$qemu" $case
		ok "$triple: CFI of no use: $case" ends "$dir/full" \
			"$chain bad_$case outer main $start: complete$"
		ok "$triple: … and the frame says so" grep -q \
			'outer+0x.*(scan, bad cfi)$' "$work/stack"
	done
	# a stack of mips is executable
	places="null low heap data stack"
	case $triple in
	mips*)
		places=${places% stack}
		core "$dir/full" "$qemu" call-stack
		ok "$triple: a call of a stack that may be code" ends \
			"$dir/full" "$called : 0x[0-9a-f]* is in memory without a file$"
		;;
	esac
	for case in $places; do
		core "$dir/full" "$qemu" call-$case
		ok "$triple: a call of what is no code: $case" ends \
			"$dir/full" "$called caller goes_nowhere outer main $start: complete$"
		ok "$triple: … and the frame says so" grep -Eq \
			' caller\+0x[^(]*\(entry(, guess)?\)$' "$work/stack"
	done
	for kind in stripped bare; do
		[ -e "$dir/$kind" ] || continue
		ok "$triple: $kind: the same" same "$dir" $kind
	done
	core "$dir/full" "$qemu" jump-low
	ok "$triple: … which a jump led to" ends "$dir/full" \
		"$called goes_nowhere outer main $start: complete$"
	core "$dir/full" "$qemu" return-low
	ok "$triple: … or a return: nobody has called" ends "$dir/full" \
		"^[^ ]* : 0x1230 is in no mapping$"
	case $triple in
	x86_64*) ;;
	*)
		core "$dir/full" "$qemu" kept
		ok "$triple: CFI that keeps the link register" ends \
			"$dir/full" "$chain kept_link outer main $start: complete$"
		ok "$triple: … and the frame says so" grep -q \
			'outer+0x.*(scan, bad cfi)$' "$work/stack"
		;;
	esac
	case $triple in
	mips*)
		core "$dir/full" "$qemu" old
		ok "$triple: a return column of 64" ends "$dir/full" \
			"$chain old_column outer main $start: complete$"
		ok "$triple: … by its CFI" sh -c \
			"! grep 'outer+' '$work/stack' | grep '('"
		;;
	esac
done

# CASE PATTERN: the same of a live program
live()
{
	seen "$made/live" "$1" wait
	# the first thread, or the second one
	sed '1,/^TID/d' "$work/stack" | sed '/^TID/,$d' >"$work/first"
	sed '1,/^TID/d' "$work/stack" | sed '1,/^TID/d' >"$work/second"
	{
		told "$work/first"
		told "$work/second"
	} | grep -Eq "last inner $2"
}

# CASE: the same, of a program that waits in its signal handler
live_call()
{
	seen "$made/live" "call-$1" wait
	told "$work/stack" | grep -Eq "wait_there __restore_rt [^ ]* caller \
goes_nowhere outer main $start.*: complete$"
}
if [ -x "$made/live" ]; then
	ok "live: to the program's start" live plain \
		"whole outer main $start.*: complete$"
	ok "live: to the thread's start" live thread \
		"whole outer thread start_thread .*: complete$"
	ok "live: to the context's start" live context \
		"whole outer context .*: the start of a context"
	ok "live: a return address of 0" live zero \
		"victim : the return address is 0"
	ok "live: … behind no call at the start" live entry \
		"victim : the return address 0x[0-9a-f]* is not behind"
	for case in null low stack heap data; do
		ok "live: a call of what is no code: $case" live_call $case
	done
	ok "live: a caller that is further in" live inward \
		"inward : the caller's frame would not be further out"
else
	skip "live: no program"
fi
done_testing
