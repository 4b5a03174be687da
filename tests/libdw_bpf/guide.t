#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# doc/your-own-tool.md: every block is compiled by its own commands, and the
# tool prints the whole stack of a program without frame pointers.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/house/tap.sh

top=$PWD
machine=$(uname -m)
BUILD=${BUILD:-$top/build/$machine}
case $BUILD in
/*) ;;
*) BUILD=$top/$BUILD ;;
esac
[ "$machine" = x86_64 ] && [ -z "${FOREIGN:-}" ] ||
	skip_all "its commands are those for x86_64"
command -v clang >/dev/null || skip_all "no clang"
echo '#include <bpf/libbpf.h>' | gcc -E -o /dev/null - 2>/dev/null ||
	skip_all "no libbpf-dev"

perl tests/docs/Blocks.pm doc/your-own-tool.md "$work"
mv "$work/block1.sh" "$work/build.sh"

# The tree as the commands expect it.
mkdir "$work/tree" "$work/tree/build"
ln -s "$top/bpf" "$top/include" "$work/tree"
ln -s "$BUILD" "$work/tree/build/x86_64"
commands() {
	(cd "$work" && DWUNW=$work/tree sh -e "$1")
}
ok "its commands build mytool" commands build.sh
sed 's/mytool\.bpf/mykernel.bpf/g; /^cc/,$d' "$work/build.sh" >"$work/kernel.sh"
ok "and mykernel.bpf.c" commands kernel.sh
ok "there are no warnings" gcc -std=gnu11 -Wall -Wextra -Werror -Iinclude \
	-fsyntax-only "$work/mytool.c"
lines=$(sed -n '/--- dwunw ---/,/--- until here ---/p' "$work/mytool.c" |
	sed '1d;$d' | grep -vc '^$')
ok "between its marks are 30 lines or less ($lines)" [ "$lines" -le 30 ]

if [ "$(id -u)" != 0 ] || [ ! -e /sys/bus/event_source/devices/uprobe ]; then
	skip "not root, or no uprobes"
	done_testing
	exit 0
fi
cp "$BUILD/tests/libdw_bpf/target_glibc" "$work/target"
: >"$work/stacks"
mkfifo "$work/in"
exec 3<>"$work/in"
"$work/target" plain <"$work/in" >"$work/said" &
pid=$!
# tracefs in a mount namespace of its own, where the machine has none mounted
unshare -m sh -c 'mount -t tracefs none /sys/kernel/tracing 2>/dev/null
	cd "$0" && exec ./mytool "$1" "$0/target" probe_me' \
	"$work" "$pid" >"$work/stacks" 2>"$work/errors" 3>&- &
tool=$!
echo >&3
waited=0
while [ "$(grep -c '^target' "$work/stacks")" -lt 5 ] && [ $waited -lt 600 ]; do
	sleep 0.1
	waited=$((waited + 1))
done
kill $tool $pid
wait $tool $pid 2>/dev/null
exec 3>&-

# Of each stack the names, without what is glibc's own.
awk '/^target/ { if (n++) print ""; next }
	$2 && $2 !~ /libc/ { printf "%s ", $2 }' "$work/stacks" |
	sed '/_start /!d' | sort | uniq -c >"$work/chains"
whole() {
	cat "$work/errors" "$work/chains"
	[ "$(wc -l <"$work/chains")" = 1 ] &&
		grep -q ' probe_me inner middle outer in_plain main _start $' \
			"$work/chains"
}
ok "every stack is whole" whole
done_testing
