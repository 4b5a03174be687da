#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The memory of the small tool: dwunw leaks, of small_defconfig for x86_64, static with musl, on a
# program whose stacks lead through twenty libraries (many.c), by each way. What is resident
# (proc_pid_smaps(5)), its own file's pages included, but for pages of BPF maps: those
# are the kernel's, and are printed beside (3,400 to 3,532 KiB; 4,296 of a tool with glibc).
set -u
. tests/house/tap.sh
built=${BUILD:-build/$(uname -m)}/tests/openwrt
small=$built/small-own/$(uname -m)/dwunw
most=4096

[ -x "$small" ] || {
	skip "no small tool: no musl-gcc or no clang"
	done_testing
	exit
}
[ "$(id -u)" = 0 ] || {
	skip "not root: no probes"
	done_testing
	exit
}

# run NAME OPTION...: $work/NAME.said, $work/NAME.rss: "own KiB, maps KiB"
run() {
	name=$1
	shift
	mkfifo "$work/$name.in"
	"$built/many/many" <"$work/$name.in" &
	target=$!
	exec 8>"$work/$name.in"
	"$small" leaks -o 0 -i 1 "$@" "$target" >"$work/$name.said" 2>&1 &
	tool=$!
	sleep 6
	awk '/^[0-9a-f]+-/ { map = $6 ~ /bpf-map/ } /^Rss:/ { sum[map] += $2 }
		END { print sum[0] + 0, sum[1] + 0 }' "/proc/$tool/smaps" >"$work/$name.rss"
	kill -INT $tool
	wait $tool
	exec 8>&-
	wait $target
}
in_room() {
	read -r own maps <"$work/$1.rss"
	echo "$1: $own KiB, want at most $most; and $maps of BPF maps"
	[ "$own" -gt 0 ] && [ "$own" -le $most ]
}
# the last report: part0 below part1 … part19, main
whole() {
	awk '/^\[/ { n = -1; good = 0 }
		/^\t#/ { name = $3; sub(/\+.*/, "", name)
			if (name == "part0") n = 0
			else if (n >= 0 && name == "part" (n + 1)) n++
			else if (n == 19 && name == "main") { good++; n = -1 } }
		END { print good + 0 " stacks through all of them"; exit !good }' \
		"$work/$1.said"
}
for way in kernel copy no-bpf; do
	case $way in
	no-bpf) run $way --no-bpf ;;
	*) run $way --walk=$way ;;
	esac
	ok "$way: stacks lead through twenty libraries" whole $way
	ok "$way: within $most KiB" in_room $way
	note "$way: $(sed 's/ / KiB, and of BPF maps /' "$work/$way.rss") KiB"
done
done_testing
