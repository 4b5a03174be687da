#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Names in every tool, of a live process: of inlined calls, of code made at run
# time, of a program whose file was deleted, then replaced by another build.
cd "$(dirname "$0")/../.." || exit 1
. tests/house/tap.sh
BUILD=${BUILD:-build/$(uname -m)}
at=$BUILD/tests/symbols
dwunw=$BUILD/dwunw
examples=$BUILD/examples
[ "${FOREIGN:-}" != 1 ] || skip_all "a process of this machine is looked at"
[ -x "$at/waits" ] || skip_all "no $at/waits: make test-programs"

cp "$at/waits" "$work/waits"
chmod 755 "$work"
"$work/waits" >"$work/ready" &
pid=$!
trap 'kill $pid 2>/dev/null; rm -rf "$work" "/tmp/perf-$pid.map"' EXIT
while [ ! -s "$work/ready" ]; do
	kill -0 $pid 2>/dev/null || skip_all "this machine lets nobody write code"
	sleep 0.1
done

# says PATTERN... -- COMMAND...: its output has lines of every pattern
says() {
	: >"$work/patterns"
	while [ "$1" != -- ]; do
		echo "$1" >>"$work/patterns"
		shift
	done
	shift
	"$@" >"$work/said" 2>&1
	head -n 60 "$work/said"
	! grep wrong_name "$work/said" || return 1
	! grep stale_code "$work/said" || return 1
	while read -r pattern; do
		grep -q "$pattern" "$work/said" || {
			echo "no $pattern"
			return 1
		}
	done <"$work/patterns"
}
# The same of a tool that watches for a while: on a busy machine the program may
# not have run meanwhile, so the tool is run again.
says_at_last() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		says "$@" && return
		! grep -e wrong_name -e stale_code "$work/said" || break
	done
	return 1
}
has() {
	command -v "$1" >/dev/null
}
x86() {
	[ "$(uname -m)" = x86_64 ]
}

# all WHEN: every tool
all() {
	if x86; then
		first='made_sleep+0x[0-9a-f]*$'
		leak='made_leak+0x'
	else
		first='main+0x'
		leak='outer+0x'
	fi
	ok "$1: dwunw stack" says "$first" -- "$dwunw" stack $pid
	[ "$(id -u)" = 0 ] || {
		skip "$1: not root"
		return
	}
	tool=$examples/bpf_memleak/memleak_user
	if [ -x "$tool" ]; then
		ok "$1: memleak_user" says_at_last 'outer+0x.*waits.c' 'main+0x' "$leak" \
			'innermost (inlined)' -- "$tool" -p $pid -d 2 -n 1
	else
		skip "$1: no $tool"
	fi
	tool=$examples/memleak_bcc_dwunw/memleak_dwunw_user
	if [ -x "$tool" ]; then
		ok "$1: memleak_dwunw_user" says_at_last 'outer+0x.*waits.c' 'main+0x' \
			"$leak" 'middle (inlined)' -- "$tool" -p $pid -o 0 2 1
		ok "$1: --folded" says_at_last \
			';main;outer;middle;innermost [0-9]*$' -- \
			"$tool" --folded -p $pid -o 0 2 1
		! x86 || ok "$1: --folded, made code" says_at_last \
			';made_leak [0-9]*$' -- "$tool" --folded -p $pid -o 0 2 1
	else
		skip "$1: no $tool"
	fi
	tool=$examples/libdw_bpf/syscall
	if [ -x "$tool" ] && x86; then
		ok "$1: libdw_bpf" says_at_last 'made_sleep+0x' -- timeout -s INT 2 \
			"$tool" $pid 0 nanosleep 8
	else
		skip "$1: no $tool"
	fi
}
all "its file is there"
rm "$work/waits"
all "deleted"
cp "$at/waits-other" "$work/waits"
all "replaced"

# Whoever has no privileges still has /proc/PID/exe of processes of their own.
kill $pid
wait $pid 2>/dev/null
rm -f "/tmp/perf-$pid.map"
if [ "$(id -u)" = 0 ] && has setpriv; then
	cp "$at/waits" "$work/own"
	: >"$work/ready"
	chmod 777 "$work" "$work/ready"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$work/own" plain \
		>"$work/ready" &
	pid=$!
	while [ ! -s "$work/ready" ]; do
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	rm "$work/own"
	ok "deleted, without privileges" says 'main+0x.*waits.c' -- \
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$dwunw" stack $pid
else
	skip "only root can become another user"
fi
done_testing
