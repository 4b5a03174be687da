#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The commands of doc/first-leak-server.md.
set -u
tool=$BUILD/examples/memleak_bcc_dwunw/memleak_dwunw_user
[ -x "$tool" ] || {
	echo "no $tool"
	exit 77
}
gcc -O2 -fomit-frame-pointer -o "$TREE/server" "$TREE/server.c" || exit 1
"$TREE/server" &
target=$!
sleep 0.2
"$tool" -p "$target" 2 2
status=$?
kill "$target"
wait "$target" 2>/dev/null
exit $status
