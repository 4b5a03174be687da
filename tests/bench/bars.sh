#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# The figures that changes are measured by, and how they grow; for `make bench`.
#
#	BUILD=dir CC=gcc tests/bench/bars.sh [bars|growth|first]
#
# bars: each figure as it was on 2026-11-29, as it is now, and what is asked.
# Ratios are of one run; times are of CPU, instructions by callgrind. growth:
# a first stack of a process that is large in one way. first: time to the first
# stack alone, a line for each program and unwinder.
#
# BENCH is tests/bench/program's; BENCH_TIME and BENCH_WALKS are files of what its
# `time` and `walks` have printed. Without them they are run.

set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
BUILD=${BUILD:-$top/build/$(uname -m)}
CC=${CC:-gcc}
what=${1:-all}
snaps=$BUILD/tests/stacks
bench=${BENCH:-}
work=$(mktemp -d)
started=
trap 'for p in $started; do kill "$p" 2>/dev/null; done; rm -rf "$work"' EXIT

has()
{
	printf '%s\nint main(void) { return 0; }\n' "$1" |
		"$CC" -xc - -o /dev/null $2 >/dev/null 2>&1
}

build()
{
	flags= libs=
	if has '#include <elfutils/libdwfl.h>' -ldw; then
		flags=-DHAVE_LIBDWFL libs=-ldw
	fi
	if has '#include <libunwind-ptrace.h>' \
		"-lunwind-ptrace -lunwind-x86_64 -lunwind"; then
		flags="$flags -DHAVE_LIBUNWIND_PTRACE"
		libs="$libs -lunwind-ptrace -lunwind-x86_64 -lunwind"
	fi
	# shellcheck disable=SC2086 # lists
	"$CC" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Iinclude $flags \
		tests/bench/live.c "$BUILD/libdwunw.a" $libs -lpthread \
		-o "$work/live"
	"$CC" -std=c11 -D_GNU_SOURCE -O2 -fno-optimize-sibling-calls \
		-fomit-frame-pointer -Wall -Wextra tests/bench/grow.c -ldl \
		-lpthread -o "$work/grow"
}

# target COMMAND...: its process id in $pid once it is ready
target()
{
	mkfifo "$work/ready"
	"$@" >"$work/ready" 2>/dev/null </dev/null &
	pid=$!
	started="$started $pid"
	read -r line <"$work/ready" || true
	rm "$work/ready"
	[ "${line:-}" = ready ]
}

done_with()
{
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# field N of a line
field()
{
	shift "$1"
	echo "$1"
}

# minimum FIRST|AGAIN BACKEND COUNT PID: us of CPU
minimum()
{
	# shellcheck disable=SC2046
	field 2 $("$work/live" "$1" "$2" "$3" "$4" 2>/dev/null || echo 0 0)
}

ratio()
{
	awk -v a="$1" -v b="$2" 'BEGIN {
		if (a > 0 && b > 0) printf "%.2f\n", a / b; else print "-" }'
}

bar()
{
	printf '%-56s %12s %12s %12s\n' "$1" "$2" "$3" "$4"
}

# instructions BACKEND SNAP SAMPLES: a frame, of passes 10 to 13
instructions()
{
	for passes in 9 13; do
		valgrind --tool=callgrind --callgrind-out-file=/dev/null \
			"$bench" repeat "$1" $passes "$3" "$snaps/$2.snap" \
			>"$work/frames" 2>"$work/log" || return 0
		sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p' "$work/log"
	done >"$work/counts"
	awk -v frames="$(cat "$work/frames")" '{ n[NR] = $1 }
		END { if (frames > 0 && NR == 2)
			printf "%.0f\n", (n[2] - n[1]) / 4 / frames }' \
		"$work/counts"
}

# a program that waits, with many files open
start_python()
{
	target "${PYTHON:-/usr/bin/python3}" -c '
import sys, time
def down(n):
    if n:
        return down(n - 1)
    print("ready", flush=True)
    time.sleep(100000)
down(5)'
}

start_gdb()
{
	target gdb -q -nx -batch -ex 'python print("ready", flush=True)' \
		-ex 'python import time; time.sleep(100000)'
}

recordings()
{
	find "$snaps" -name '*.snap' ! -name 'micro-*' | sort
}

# the figures of all recordings together: `all BACKEND figure...` a line
measure()
{
	# shellcheck disable=SC2046 # a list
	[ -n "${BENCH_TIME:-}" ] || {
		BENCH_TIME=$work/time
		"$bench" time $(recordings) >"$BENCH_TIME"
	}
	# shellcheck disable=SC2046
	[ -n "${BENCH_WALKS:-}" ] || {
		BENCH_WALKS=$work/walks
		"$bench" walks $(recordings) >"$BENCH_WALKS"
	}
}

# of FILE PROGRAM BACKEND COLUMN
of()
{
	awk -v p="$2" -v b="$3" -v c="$4" \
		'$1 == p && $2 == b { print $c }' "$1"
}

# what recorded stacks tell; columns 3, 4, 5 of `time` are cold, warm, hot
recorded_bars()
{
	measure
	for row in "hot,_stack_at_hand,_against_framehop dwunw framehop 0.82 0.55" \
		"hot,_against_a_bare_table_with_a_pc_cache dwunw bare 4.0 2.5" \
		"hot,_by_callback,_against_framehop dwunw-callback \
			framehop-callback 1.43 0.9"; do
		# shellcheck disable=SC2086
		set -- $row
		bar "$(echo "$1" | tr _ ' ')" "$4" \
			"$(ratio "$(of "$BENCH_TIME" all "$2" 5)" \
				"$(of "$BENCH_TIME" all "$3" 5)")" "$5"
	done
	bar "one dwunw_capture(), warm, p95, us" "4.1 to 4.4" \
		"$(of "$BENCH_WALKS" all dwunw-capture 4)" 2.5
	bar "the same, share under 2 us, %" 74 \
		"$(of "$BENCH_WALKS" all dwunw-capture 6)" 93
	bar "first pass over clang's stacks, against libunwind" 17 \
		"$(ratio "$(of "$BENCH_TIME" clang dwunw 3)" \
			"$(of "$BENCH_TIME" clang libunwind 3)")" 1.0
}

first_of()
{
	name=$1
	shift
	"$@" || return 0
	for backend in dwunw libdwfl libunwind; do
		line=$("$work/live" first $backend 31 "$pid" 2>/dev/null) ||
			continue
		# shellcheck disable=SC2086
		printf 'first %s %s %s %s %s %s\n' "$name" $backend $line
	done
	done_with "$pid"
}

bars()
{
	bar figure "2026-11-29" now asked
	recorded_bars
	if command -v valgrind >/dev/null; then
		for row in "python3 dwunw 300 487 260" \
			"python3 dwunw-callback 300 875 -" \
			"python3 dwunw-uncached 50 5498 2500" \
			"cc1 dwunw-uncached 50 25250 10000"; do
			# shellcheck disable=SC2086
			set -- $row
			[ ! -f "$snaps/$1.snap" ] || bar \
				"instructions a frame, $1, $2" "$4" \
				"$(instructions "$2" "$1" "$3")" "$5"
		done
	fi
	for row in "start_gdb gdb 7.8 0.8" "start_python python3 5.9 0.8"; do
		# shellcheck disable=SC2086
		set -- $row
		$1 || continue
		bar "open and first stack, $2, CPU, against libdwfl" "$3" \
			"$(ratio "$(minimum first dwunw 51 "$pid")" \
				"$(minimum first libdwfl 51 "$pid")")" "$4"
		done_with "$pid"
	done
	target "$work/grow" frames 20
	bar "a stopped process again, 24 frames, against libdwfl" 11.8 \
		"$(ratio "$(minimum again dwunw 1000 "$pid")" \
			"$(minimum again libdwfl 1000 "$pid")")" 1.0
	done_with "$pid"
	# shellcheck disable=SC2046
	bar "private memory of dwunw_init(), KiB" 1300 \
		"$(field 2 $("$work/live" init))" 100
}

library()
{
	{
		echo 'int call(int (*next)(void)) { return next() + 1; }'
		awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
			printf "asm(\".text\\nf%d: .cfi_startproc\\npush %%rbx\\n"\
			".cfi_def_cfa_offset 16\\npop %%rbx\\nret\\n"\
			".cfi_endproc\");\n", i }'
	} | "$CC" -xc - -O1 -shared -fPIC -fno-optimize-sibling-calls -o "$2"
}

grown()
{
	# shellcheck disable=SC2086
	printf '%-12s %9s %10.0f us %8s frames %8s KiB\n' "$1" "$2" "$4" "$5" "$6"
}

growth()
{
	echo "a first stack: CPU us (minimum of 5), frames, private memory"
	for row in "frames 10" "frames 100" "frames 1000" "frames 10000" \
		"mappings 10" "mappings 1000" "mappings 10000" \
		"mappings 30000" "mappings 60000" "modules 1" "modules 10" "modules 100" \
		"modules 500" "functions 1000" "functions 10000" \
		"functions 100000" "functions 1000000"; do
		# shellcheck disable=SC2086
		set -- $row
		file=
		case $1 in
		modules) library 10 "$work/lib.so" && file=$work/lib.so ;;
		functions) library "$2" "$work/lib.so" && file=$work/lib.so ;;
		esac
		# shellcheck disable=SC2086
		if ! target "$work/grow" "$1" "$2" $file; then
			echo "$1 $2: not permitted here"
			continue
		fi
		# shellcheck disable=SC2046
		grown "$1" "$2" $("$work/live" first dwunw 5 "$pid")
		done_with "$pid"
		rm -f "$work"/lib.so*
	done
	echo "all threads: CPU us, private memory"
	for n in 1 10 100 1000 5000; do
		target "$work/grow" threads $n || continue
		# shellcheck disable=SC2046
		printf 'threads      %9s %10.0f us %24s KiB\n' $n \
			$("$work/live" threads "$pid")
		done_with "$pid"
	done
}

firsts()
{
	echo "open and first stack: median and least us of CPU, frames, KiB"
	first_of python3 start_python
	first_of gdb start_gdb
}

build
case $what in
growth | first) ;;
*) [ -n "$bench" ] || bench=$(tests/bench/program) ;;
esac
case $what in
bars) bars ;;
growth) growth ;;
first) firsts ;;
*)
	bars
	firsts
	growth
	;;
esac
