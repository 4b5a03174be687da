#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Names of code that has no file: a JIT's, by its perf-PID.map, and the
# kernel's, by /proc/kallsyms.
. "$(dirname "$0")/names.sh"
needs NAMES_TEXT

"$out/jit" >"$work/ready" &
pid=$!
map=/tmp/perf-$pid.map
trap 'kill $pid 2>/dev/null; rm -rf "$work" "$map"' EXIT
while [ ! -s "$work/ready" ]; do
	kill -0 $pid 2>/dev/null || skip_all "this machine lets nobody write code"
done
says() {
	"$dwunw" stack $pid >"$work/said" 2>&1
	cat "$work/said"
	grep -q "$1" "$work/said"
}
if [ "$(uname -m)" = x86_64 ]; then
	ok "a function by the map" says '^#0 .*  second name+0x[0-9a-f]*$'
	mv "$map" "$map.real"
	ln -s "$map.real" "$map"
	ok "not through a link" says '^#0 .*  ??$'
	rm "$map"
	mv "$map.real" "$map"
	ok "and again without one" says '^#0 .*  second name+'
	if [ "$(id -u)" = 0 ]; then
		chown 65534 "$map"
		ok "not of another user" says '^#0 .*  ??$'
	else
		skip "only root can give files away"
	fi
else
	skip "code for x86_64 only"
fi

address=$(sed -n 's/^\([0-9a-f]*\) T vfs_read$/\1/p' /proc/kallsyms)
case $address in
*[1-9a-f]*)
	kernel() {
		"$dwunw" symbolize '[kernel.kallsyms]' "0x$address" |
			grep '^  vfs_read+0x0$'
	}
	ok "a function of the kernel" kernel ;;
*) skip "the kernel tells no addresses" ;;
esac
done_testing
