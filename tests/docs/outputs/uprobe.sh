#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What examples/libdw_bpf/uprobe prints of tests/libdw_bpf/target.c.
set -u
tool=$BUILD/examples/libdw_bpf/uprobe
[ -x "$tool" ] || {
	echo "no $tool"
	exit 77
}
cp "$BUILD/tests/libdw_bpf/target_glibc" "$TREE/target"
mkfifo "$TREE/in"
exec 3<>"$TREE/in"
"$TREE/target" plain <"$TREE/in" >"$TREE/said" &
target=$!
# tracefs in a mount namespace of its own, where the machine has none mounted
unshare -m sh -c 'mount -t tracefs none /sys/kernel/tracing 2>/dev/null
	exec "$@"' sh "$tool" "$target" 0 "$TREE/target" probe_me \
	>"$TREE/stacks" 2>"$TREE/errors" 3>&- &
tool=$!
echo >&3
waited=0
while kill -0 $tool 2>/dev/null && [ $waited -lt 600 ] &&
	[ "$(grep -c '^target' "$TREE/stacks")" -lt 3 ]; do
	sleep 0.1
	waited=$((waited + 1))
done
kill -INT $tool 2>/dev/null
kill $target
wait $tool
status=$?
cat "$TREE/errors" "$TREE/stacks"
exit $status
