#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The commands of doc/first-leak-server.md.
set -u
tool=$BUILD/dwunw
[ -x "$tool" ] || {
	echo "no $tool"
	exit 77
}
gcc -O2 -fomit-frame-pointer -o "$TREE/server" "$TREE/server.c" || exit 1
"$TREE/server" &
target=$!
sleep 0.2
"$tool" leaks "$target" --interval 2 --count 2
status=$?
kill "$target"
wait "$target" 2>/dev/null
exit $status
