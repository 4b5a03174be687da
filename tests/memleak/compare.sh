#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# compare.sh - memleak_dwunw_user beside upstream's memleak on the same leaking
# programs: both reports, and a table of complete stacks, bytes, cost and memory.
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

${CC:-gcc} -O2 -fomit-frame-pointer -w -o "$work/pair" tests/memleak/pair.c ||
	exit 1

# cost NAME COMMAND...: the median of the rounds; memory in the middle of them.
cost() {
	name=$1
	shift
	"$work/pair" 20000 20 "$rounds" >"$work/pairs" &
	target=$!
	watched=
	if [ $# -gt 0 ]; then
		sleep 0.3
		"$@" -p $target 1000 >"$work/cost.$name" 2>&1 &
		watched=$!
		sleep 3
	fi
	memory='-'
	if [ -n "$watched" ]; then
		memory=$(awk '/VmRSS/ { printf "%d", $2 }' \
			/proc/$watched/status 2>/dev/null)
		maps=0
		for info in /proc/$watched/fdinfo/*; do
			bytes=$(awk '/^memlock:/ { print $2 }' "$info" 2>/dev/null)
			maps=$((maps + ${bytes:-0}))
		done
		memory="tool $memory KiB, maps $((maps / 1024)) KiB"
	fi
	wait $target
	target=
	[ -z "$watched" ] || { kill -INT "$watched" 2>/dev/null; wait "$watched"; }
	median=$(sort -n "$work/pairs" | awk '{ v[NR] = $1 }
		END { print v[int((NR + 1) / 2)] }')
	printf '%-34s %9.0f ns a pair   %s\n' "$name" "$median" "$memory" |
		tee -a "$work/costs"
}

printf '\n=== cost of malloc and free, twenty functions deep, without frame pointers\n'
cost 'not traced'
# shellcheck disable=SC2086
cost "$upstream_name" $UPSTREAM
cost 'as upstream, cheap probes' "$tool" --dwunw-mode=off
cost 'dwunw, first instructions' "$tool" --entry-probes
cost 'dwunw' "$tool"
cost 'dwunw, no stack (-z 1000)' "$tool" -z 1000
cost 'dwunw, one for 64 KiB' "$tool" --sample-bytes=65536

printf '\n=== the same programs\n'
cat "$work/table"
printf '\n=== cost\n'
cat "$work/costs"
awk -v name="$upstream_name" 'index($0, name) == 1 && !theirs {
	sub(/ns a pair.*/, ""); theirs = $NF }
	/^dwunw  / { sub(/ns a pair.*/, ""); ours = $NF }
	END { if (ours) printf "ratio: %.1f\n", theirs / ours }' "$work/costs"
