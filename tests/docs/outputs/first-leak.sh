#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The commands of doc/first-leak-server.md, block by block, in a tree that is built:
# that is the first block, which `make test` has done in its own way.
set -u
[ "$(uname -m)" = x86_64 ] || {
	echo "its commands are those for x86_64"
	exit 77
}
[ -x "$BUILD/dwunw" ] || {
	echo "no $BUILD/dwunw"
	exit 77
}
blocks=$TREE/blocks
mkdir -p "$blocks"
perl tests/docs/Blocks.pm doc/first-leak-server.md "$blocks" || exit 1
[ "$(cat "$blocks"/block*.sh | wc -l)" = 5 ] || {
	echo "its commands are other ones now: first-leak.sh knows three blocks"
	exit 1
}
cd "$TREE" || exit 1
# We are root, and other programs here may be named server.
sudo() { "$@"; }
pidof() { echo "$server"; }
. "$blocks/block2.sh"
server=$!
sleep 0.2
. "$blocks/block3.sh"
status=$?
kill "$server"
wait "$server" 2>/dev/null
exit $status
