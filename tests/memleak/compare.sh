#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# compare.sh - memleak_dwunw_user beside upstream's memleak on the same leaking
# programs: both reports, and a table of complete stacks, bytes, cost and memory.
# All costs are taken RUNS times (5) in turn, ROUNDS rounds (5) each: what is
# printed is the median of all rounds, and between which two nine of ten are;
# and how many times less ours is, the median of the turns: upstream's and ours
# come one after the other, so that what else the machine does is in both.
#
# Upstream is the newest memleak-libbpf that Debian has (UPSTREAM_SUITE, sid),
# unpacked below CACHE with the libraries that it wants and run by their own
# ld.so; UPSTREAM='command' names another one. Where it cannot be had, our own
# tool does what upstream does: --dwunw-mode=off --entry-probes. Needs root.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build/$(uname -m | sed 's/aarch64/arm64/')}
programs=$BUILD/examples/bpf_memleak
tool=$BUILD/examples/memleak_bcc_dwunw/memleak_dwunw_user
cache=$(realpath -m "${DWUNW_CACHE:-build/cache}")/upstream-memleak
rounds=${ROUNDS:-5}
runs=${RUNS:-5}
work=$(mktemp -d) || exit 1
target=

clean_up() {
	[ -z "$target" ] || kill "$target" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# --- upstream ----------------------------------------------------------------

unpack_upstream() {
	scripts/apt-private "$cache/apt" "$(dpkg --print-architecture)" \
		true || return 1
	sed -i "s/bookworm main/${UPSTREAM_SUITE:-sid} main/
		/bookworm-/d" "$cache/apt/sources.list"
	(
		export APT_CONFIG="$cache/apt/apt.conf"
		cd "$cache" || exit 1
		apt-get update && apt-get download libbpf-tools libc6 \
			libelf1t64 zlib1g libzstd1 libbpf1 || exit 1
		for package in *.deb; do
			dpkg -x "$package" root || exit 1
		done
	) >"$work/apt" 2>&1
}

find_upstream() {
	[ -z "${UPSTREAM:-}" ] || return 0
	loader=$(find "$cache/root" -name 'ld-linux-*.so.*' 2>/dev/null | head -n 1)
	if [ -z "$loader" ] && [ -z "${DWUNW_OFFLINE:-}" ]; then
		unpack_upstream
		loader=$(find "$cache/root" -name 'ld-linux-*.so.*' 2>/dev/null |
			head -n 1)
	fi
	binary=$cache/root/usr/sbin/memleak-libbpf
	if [ -n "$loader" ] && [ -x "$binary" ]; then
		UPSTREAM="$loader --library-path $(dirname "$loader") $binary"
		upstream_name="upstream ($(basename "$(ls "$cache"/libbpf-tools_*)" |
			cut -d_ -f2))"
	else
		UPSTREAM="$tool --dwunw-mode=off --entry-probes"
		upstream_name="as upstream"
	fi
}

upstream_name=upstream
mkdir -p "$cache"
find_upstream

# --- stacks ------------------------------------------------------------------

# Of the last report in a file: stacks, those that reach main, bytes.
sum_up() {
	awk '/Top [0-9]+ stacks/ { n = 0; whole = 0; bytes = 0 }
	/ bytes in [0-9]+ allocations from stack/ { n++; bytes += $1; seen = 0 }
	/^\t[0-9]+ \[<.*\] main\+0x/ && !seen { whole++; seen = 1 }
	END { printf "%d of %d stacks to main, %d bytes", whole, n, bytes }' "$1"
}

# both PROGRAM: each tool for two seconds on a new process of it.
both() {
	for who in upstream dwunw; do
		"$programs/$1" 0 20 &
		target=$!
		sleep 0.3
		object=
		command=$UPSTREAM
		[ $who = upstream ] || command=$tool
		# upstream would look for glibc in a musl process
		case $who-$1 in
		upstream-leaky_musl) object="-O $(sed -n \
			's/.* \(\/.*musl.*\/libc\.so\)$/\1/p' \
			"/proc/$target/maps" | head -n 1)" ;;
		upstream-*_static) object="-O $programs/$1" ;;
		esac
		# shellcheck disable=SC2086
		timeout 30 $command -p "$target" $object 2 1 \
			>"$work/$who.$1" 2>"$work/$who.$1.err"
		kill "$target"
		wait "$target" 2>/dev/null
		target=
		printf '\n=== %s: %s\n' "$1" "$who"
		head -n 24 "$work/$who.$1"
		printf '%-20s %-10s %s\n' "$1" $who "$(sum_up "$work/$who.$1")" \
			>>"$work/table"
	done
}

for program in leaky_glibc leaky_glibc_static leaky_musl leaky_musl_static; do
	[ ! -x "$programs/$program" ] || both $program
done

# --- cost --------------------------------------------------------------------

${CC:-gcc} -O2 -fomit-frame-pointer -w -o "$work/pair" -pthread tests/memleak/pair.c ||
	exit 1

# What a process holds of kernel memory in maps.
map_bytes() {
	cat "/proc/$1"/fdinfo/* 2>/dev/null |
		awk '/^memlock:/ { sum += $2 } END { print int(sum) }'
}

# cost FILE NAME COMMAND...: a line for each round; memory in the middle.
cost() {
	file=$work/cost.$1
	printf '%s\n' "$2" >"$file.name"
	shift 2
	nice -n -15 "$work/pair" 20000 20 "$rounds" >"$work/pairs" &
	target=$!
	watched=
	if [ $# -gt 0 ]; then
		sleep 0.3
		"$@" -p $target 1000 >"$file.out" 2>&1 &
		watched=$!
		sleep 3
		awk -v maps="$(map_bytes "$watched")" '/VmRSS/ { printf \
			"tool %d KiB, maps %d KiB\n", $2, maps / 1024 }' \
			"/proc/$watched/status" >"$file.memory" 2>/dev/null
	fi
	wait $target
	target=
	[ -z "$watched" ] || { kill -INT "$watched" 2>/dev/null; wait "$watched"; }
	# the first round warms up, and the tool may not be there yet
	sed 1d "$work/pairs" >>"$file"
}

# One line of a cost's file: median, 5 and 95 of 100.
table_line() {
	sort -n "$1" | awk -v name="$(cat "$1.name")" \
		-v memory="$(cat "$1.memory" 2>/dev/null)" '
		{ v[NR] = $1 }
		END { printf "%-34s %6.0f ns a pair (%.0f to %.0f)   %s\n", name,
			v[int((NR + 1) / 2)], v[int(NR / 20) + 1],
			v[NR - int(NR / 20)], memory }'
}

for run in $(seq "$runs"); do
	echo "turn $run of $runs" >&2
	cost a 'not traced'
	# shellcheck disable=SC2086
	cost b "$upstream_name" $UPSTREAM
	cost c 'dwunw' "$tool"
	cost d 'dwunw, perf events' "$tool" --perf-probes
	cost e 'dwunw, first instructions' "$tool" --entry-probes
	cost f 'as upstream, cheap probes' "$tool" --dwunw-mode=off
	cost g 'dwunw, no stack (-z 1000)' "$tool" -z 1000
	cost h 'dwunw, one for 64 KiB' "$tool" --sample-bytes=65536
done

# What of it is the kernel's: programs that do nothing, on the same places.
hits() {
	${CC:-gcc} -std=gnu11 -O2 -w -Iinclude -Itrace -o "$work/hits" \
		tests/memleak/hits.c "$BUILD/libdwunw-trace.a" \
		"$BUILD/libdwunw.a" && "$work/hits" 21
}

printf '\n=== the same programs\n'
cat "$work/table"
printf '\n=== malloc and free, twenty functions deep, without frame pointers\n'
for file in a b c d e f g h; do
	table_line "$work/cost.$file"
done
printf '\n=== the probe hits alone\n'
hits
for run in $(seq "$runs"); do
	for file in b c; do
		awk -v run="$run" -v n=$((rounds - 1)) \
			'int((NR - 1) / n) + 1 == run' "$work/cost.$file" |
			sort -n | awk '{ v[NR] = $1 }
				END { print v[int((NR + 1) / 2)] }'
	done | awk '{ v[NR] = $1 } END { printf "%.1f\n", v[1] / v[2] }'
done | sort -n | awk '{ v[NR] = $1 } END { printf \
	"\nupstream / dwunw: %.1f, the median of %d turns (%.1f to %.1f)\n",
	v[int((NR + 1) / 2)], NR, v[1], v[NR] }'
