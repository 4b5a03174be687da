#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# make bench: dwunw, libunwind, libdwfl and, where Debian's crates and cargo can be
# had, framehop on the same recorded stacks in one run, through the same kind of
# memory callback. Figures only; nothing fails because of a time.
#
#	BUILD=dir CC=gcc tests/bench/run.sh [NAME...]
#
# NAME restricts it to these recordings (python3, openssl-rsa, ...).
# tests/bench/plot draws what it prints.

set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
BUILD=${BUILD:-$top/build/$(uname -m)}
CC=${CC:-gcc}
case $CC in
*musl*) CC=gcc ;;
esac
export BUILD CC
snaps=$BUILD/tests/stacks
# samples walked under callgrind, and of which recordings
counted_samples=400
counted="python3 openssl-rsa exceptions sqlite3"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bench=$(tests/bench/program 2> "$work/framehop")

head_line()
{
	printf '\n== %s\n' "$*"
}

backends=$(cat "$snaps/bin/backends")
others="dwunw-callback dwunw-uncached bare"
case $bench in
*-framehop) others="$others framehop framehop-callback" ;;
esac

if [ $# -gt 0 ]; then
	counted="$*"
	files=
	for name in "$@"; do
		files="$files $snaps/$name.snap"
	done
else
	files=$(find "$snaps" -name '*.snap' ! -name 'micro-*' | sort)
fi

head_line "machine"
sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort | uniq -c
echo "load $(cut -d ' ' -f 1-3 /proc/loadavg); back ends: $backends"
for package in libunwind8 libdw1; do
	dpkg-query -W "$package" 2> /dev/null || true
done
cat "$work/framehop"

head_line "time of the processor (dwunw: stack copy at hand, row cache of" \
	"16384; -callback: every read by the callback the others have;" \
	"bare: rsp and rbp by a table, no unwinder)"
# shellcheck disable=SC2086 # a list
"$bench" time $files | tee "$work/time"

head_line "one walk, warm (-capture: one call of dwunw_capture())"
# shellcheck disable=SC2086
"$bench" walks $files | tee "$work/walks"

head_line "dwunw_capture(), one call, and how deep the stacks are"
# shellcheck disable=SC2086
"$bench" capture $files

head_line "a probed program's stack, beyond an empty BPF program, by depth" \
	"(copy: nothing is unwound; frame pointers of a build that has them)"
walk=$BUILD/tests/walk
if [ "$(id -u)" != 0 ] || [ ! -x "$walk/bench" ]; then
	echo "not root, or not built"
else
	# its walk by CFI is newer than what distributions have
	bpftrace=tests/bench/bpftrace
	$bpftrace 2>&1 || {
		echo "bpftrace's dw_ustack(): not measured"
		bpftrace=
	}
	"$walk/bench" "$walk/check.bpf.o" "$walk/depth" "$walk/depth_fp" \
		$bpftrace || echo "BPF is not permitted here"
fi

head_line "a malloc and its free with a recorder inside the program, ns of" \
	"thread CPU: median (minimum); sampled: one of 512 KiB"
if [ -x "$BUILD/tests/inproc/pairs" ]; then
	for threads in 1 2; do
		echo "threads: $threads"
		tests/inproc/bench.sh $threads
	done
else
	echo "not built"
fi

head_line "figures that changes are measured by, and how they grow"
BENCH=$bench BENCH_TIME=$work/time BENCH_WALKS=$work/walks tests/bench/bars.sh

head_line "private memory after one pass (dwunw: files mapped by the caller)"
for name in $backends; do
	# each in a process of its own, so that nothing is reused
	for file in $files; do
		"$bench" memory "$name" "$file"
	done
done | sort

head_line "memory of a module: opened by path, tables copied (the default)"
# shellcheck disable=SC2086
"$bench" modules $files

head_line "scans of instructions, without symbols"
"$CC" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Iinclude tests/bench/scan.c \
	"$BUILD/libdwunw.a" -lpthread -o "$snaps/bin/scan"
# shellcheck disable=SC2046 # a list
"$snaps/bin/scan" $(ls /lib/ld-musl-x86_64.so.1 \
	build/cache/musl-*/lib/libc.so build/cache/corpus/mips32el/busybox \
	"$(gcc -print-file-name=libcrypto.so.3)" 2>/dev/null)

head_line "names: functions, lines and inlined calls"
tests/bench/names.sh

head_line "instructions per frame by callgrind: (five passes over" \
	"$counted_samples samples - one pass) / 4"
if ! command -v valgrind > /dev/null; then
	echo "no valgrind"
	exit 0
fi

# collected BACKEND PASSES FILE: instructions of the whole process
collected()
{
	valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		"$bench" repeat "$1" "$2" "$counted_samples" "$3" \
		> "$work/frames" 2> "$work/log" || {
		tail -n 3 "$work/log" >&2
		return 1
	}
	sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p' "$work/log"
}

for snap in $counted; do
	for name in $backends $others; do
		one=$(collected "$name" 1 "$snaps/$snap.snap") || continue
		five=$(collected "$name" 5 "$snaps/$snap.snap") || continue
		awk -v a="$one" -v b="$five" -v frames="$(cat "$work/frames")" \
			-v snap="$snap" -v name="$name" 'BEGIN {
			printf "%-16s %-18s %7.0f\n", snap, name,
				(b - a) / 4 / frames }'
	done
done
