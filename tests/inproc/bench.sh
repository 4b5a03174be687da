#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# What a malloc and its free cost, in nanoseconds of thread CPU: median of seven turns
# (minimum). By heaptrack's own preloaded library, which writes to /dev/null, where
# there is one.
#
#	BUILD=dir tests/inproc/bench.sh [THREADS]
set -eu
BUILD=${BUILD:-build/$(uname -m)}
threads=${1:-1}
pairs=$BUILD/tests/inproc/pairs
preload=$BUILD/libdwunw-preload.so
heaptrack=
for file in /usr/lib/heaptrack/libheaptrack_preload.so \
	/usr/lib/*/heaptrack/libheaptrack_preload.so; do
	[ ! -e "$file" ] || heaptrack=$file
done

# measured WAY DEPTH NAME=VALUE...
measured()
{
	way=$1 depth=$2
	shift 2
	count=200000
	[ "$way" != leaf ] || count=1000000
	env "$@" "$pairs" "$depth" "$way" "$threads" 7 $count 2>/dev/null
}

printf '%-10s %14s %14s %14s %14s\n' frames plain heaptrack whole sampled
for way in leaf mixed path; do
	for depth in 5 26 60; do
		with=-
		[ -z "$heaptrack" ] || with=$(measured $way $depth \
			LD_PRELOAD="$heaptrack" DUMP_HEAPTRACK_OUTPUT=/dev/null)
		printf '%-10s %14s %14s %14s %14s\n' "$depth $way" \
			"$(measured $way $depth X=)" "$with" \
			"$(measured $way $depth LD_PRELOAD="$preload" \
				DWUNW_INPROC=/dev/shm/dwunw-bench-%p)" \
			"$(measured $way $depth LD_PRELOAD="$preload" \
				DWUNW_INPROC=/dev/shm/dwunw-bench-%p \
				DWUNW_INPROC_SAMPLE_BYTES=524288)"
		rm -f /dev/shm/dwunw-bench-*
	done
done
