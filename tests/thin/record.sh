#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# record.sh DIR NAME [SAMPLES] - runs DIR/NAME under qemu-user with the recorder
# and writes DIR/NAME.snap: stacks of a program with their true chains. NAME-each:
# the first of them, at every instruction.
#
# Where no qemu 7.2 is the recording is an empty file: thin.t says so.
set -eu

dir=$1
name=$2
samples=${3:-400}
triple=
options=
plugin=plugin_lr.so
case $name in
x86_64-*)
	qemu="qemu-x86_64 -cpu max"
	plugin=plugin.so ;;
arm64-*)
	triple=aarch64-linux-gnu
	qemu="qemu-aarch64 -cpu max,pauth-impdef=on" ;;
mips32el-*)
	triple=mipsel-linux-gnu
	qemu=qemu-mipsel ;;
mips32eb-*)
	triple=mips-linux-gnu
	qemu=qemu-mips ;;
esac
# the memory of 32-bit guests begins where qemu is told
case $name in
mips*)
	qemu="$qemu -B 0x10000000"
	options=base=0x10000000, ;;
esac
[ -z "$triple" ] || qemu="$qemu -L /usr/$triple"
case $name in
*-signals-*) options=${options}alarm=997, ;;
esac
# -each: every instruction is a sample
program=${name%-each}
case $name in
*-each) period=1 samples=10000 ;;
*-shapes-*) period=1009 ;;
*) period=211 ;;
esac

rm -f "$dir/$name.snap"
${qemu%% *} --version 2>/dev/null | grep -q 'version 7\.2' || {
	: >"$dir/$name.snap"
	exit 0
}
# the same stacks each time: addresses and AT_RANDOM
fixed=
! setarch -R true 2>/dev/null || fixed="setarch -R"
# shellcheck disable=SC2086 # commands
$fixed env -i PATH=/usr/bin:/bin LC_ALL=C $qemu -seed 1 -singlestep \
	-plugin \
	"$dir/$plugin,out=$dir/$name.part,label=$name,${options}period=$period,steps=100000000,samples=$samples,cap=131072,seed=1" \
	"$dir/$program" </dev/null >/dev/null 2>"$dir/$name.log" || true
grep -a -q "^$name: .* samples" "$dir/$name.log" || {
	echo "$name: no recording:" >&2
	tail -n 3 "$dir/$name.log" >&2
	exit 1
}
mv "$dir/$name.part" "$dir/$name.snap"
