#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Code without a file: its frames by the frame pointer, marked so, in cores of
# four targets, by qemu-user, and live; and a reason where there is none.
set -u
. tests/house/tap.sh
. tests/core/told.sh

BUILD=${BUILD:-$PWD/build/$(uname -m)}
dwunw=$BUILD/dwunw
made=$BUILD/tests/jit

[ -d "$made" ] || skip_all "make test-programs has built nothing here"

ends()
{
	"$dwunw" stack --core "$core" "$1" >"$work/stack" 2>&1
	cat "$work/stack"
	told "$work/stack" >"$work/told"
	grep -Eq "$2" "$work/told"
}

for target in x86_64:qemu-x86_64 aarch64:qemu-aarch64 mipsel:qemu-mipsel \
	mips:qemu-mips; do
	triple=${target%:*}-linux-gnu qemu=${target#*:}
	program=$made/$triple/jit
	if ! [ -x "$program" ] || ! command -v "$qemu" >/dev/null; then
		skip "$triple: no compiler or no $qemu"
		continue
	fi
	core "$program" "$qemu" fp
	ok "$triple: by the frame pointer" ends "$program" \
		'^last middle \?\? \?\?\(fp\) main\(fp\) __libc_start.*: complete$'
	core "$program" "$qemu" none
	ok "$triple: without one: a reason" ends "$program" \
		'^last middle \?\? : 0x[0-9a-f]* is in memory without a file$'
done

live()
{
	seen "$made/x86_64-linux-gnu/jit" fp wait
	told "$work/stack" | grep -Eq \
		'^[^:]*last middle \?\? \?\?\(fp\) main\(fp\) __libc_start.*: complete$'
}
if [ "$(uname -m)" = x86_64 ] && [ -x "$made/x86_64-linux-gnu/jit" ]; then
	ok "live" live
else
	skip "live: this is no x86_64"
fi
done_testing
