#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Cores of arm64, riscv64 and mips32 programs, both byte orders, read on this machine.
# qemu-user writes them; they name no files, so the program is named instead.
set -u
. tests/house/tap.sh

BUILD=${BUILD:-$PWD/build/$(uname -m)}
# crash PROGRAM QEMU: $core
crash()
{
	rm -rf "$work/cores" && mkdir "$work/cores" || return 1
	(
		cd "$work/cores" && ulimit -c unlimited && $2 "$1"
	) 2>/dev/null
	core=$(ls "$work/cores"/qemu_crash*.core)
}

names()
{
	sed -n 's/^#[0-9]* *0x[0-9a-f]*  \([a-z_]*\)+0x.*/\1/p' "$work/output" |
		head -n 4 | tr '\n' ' '
}

right()
{
	"$BUILD/dwunw" stack --core "$core" "$program" \
		>"$work/output" 2>&1
	cat "$work/output"
	[ "$(names)" = "store middle outer main " ]
}

for target in aarch64:qemu-aarch64 mipsel:qemu-mipsel mips:qemu-mips; do
	triple=${target%:*}-linux-gnu qemu=${target#*:}
	built=$BUILD/tests/core/$triple
	if [ ! -x "$built/crash" ] || ! command -v "$qemu" >/dev/null; then
		skip "${target%:*}: no $triple-gcc or no $qemu"
		continue
	fi
	for program in "$built/crash" "$built/crash-high"; do
		crash "$program" "$qemu"
		ok "${target%:*}: ${program##*/}: the stack up to main" right
	done
	ok "${target%:*}: another program is refused" sh -c \
		"! '$BUILD/dwunw' stack --core '$core' '$built/other' 2>&1 |
			grep -q '^#1'"
done

# qemu-riscv64 writes none: the program does, by its own headers
program=$BUILD/tests/core/riscv64-linux-gnu/dumps core=$work/riscv64.core
if [ ! -x "$program" ] || ! command -v qemu-riscv64 >/dev/null; then
	skip "riscv64: no riscv64-linux-gnu-gcc or no qemu-riscv64"
else
	qemu-riscv64 "$program" "$core"
	ok "riscv64: dumps: the stack up to main" right
fi
done_testing
