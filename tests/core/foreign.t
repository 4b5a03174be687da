#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Cores of arm64 and mips32 programs, both byte orders, read on this machine.
# qemu-user writes them; they name no files, so the program is named instead.
set -u
. tests/house/tap.sh

BUILD=${BUILD:-$PWD/build/$(uname -m)}
source=$PWD/tests/core/crash.c

# crash TRIPLE QEMU FLAG...: $work/TRIPLE/crash and $core
crash()
{
	triple=$1 qemu=$2
	shift 2
	mkdir -p "$work/$triple" && cd "$work/$triple" || return 1
	rm -f ./*.core
	"$triple-gcc" -O2 -funwind-tables "$@" "$source" -o crash || return 1
	(
		ulimit -c unlimited
		$qemu ./crash
	) 2>/dev/null
	core=$(ls "$work/$triple"/qemu_crash_*.core)
}

names()
{
	sed -n 's/^#[0-9]* *0x[0-9a-f]*  \([a-z_]*\)+0x.*/\1/p' "$work/output" |
		head -n 4 | tr '\n' ' '
}

right()
{
	"$BUILD/dwunw" stack --core "$core" "$work/$triple/crash" \
		>"$work/output" 2>&1
	cat "$work/output"
	[ "$(names)" = "store middle outer main " ]
}

for target in aarch64:qemu-aarch64 mipsel:qemu-mipsel mips:qemu-mips; do
	triple=${target%:*}-linux-gnu qemu=${target#*:}
	if ! command -v "$triple-gcc" >/dev/null || ! command -v "$qemu" >/dev/null
	then
		skip "${target%:*}: no $triple-gcc or no $qemu"
		continue
	fi
	for flags in -static "-static -Wl,-Ttext-segment=0x10000000"; do
		here=$PWD
		# shellcheck disable=SC2086 # a list
		crash "$triple" "$qemu" $flags
		cd "$here" || exit 1
		ok "${target%:*}: $flags: the stack up to main" right
	done
	"$triple-gcc" -O2 -static -xc - -o "$work/other" <<-'END'
		int main(void) { return 0; }
	END
	ok "${target%:*}: another program is refused" sh -c \
		"! '$BUILD/dwunw' stack --core '$core' '$work/other' 2>&1 |
			grep -q '^#1'"
done
done_testing
