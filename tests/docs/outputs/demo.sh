#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What `make demo` prints for the program with glibc.
set -u
programs=$BUILD/examples/bpf_memleak
[ -x "$programs/memleak_user" ] || {
	echo "no $programs/memleak_user"
	exit 77
}
"$programs/leaky_glibc" 0 20 &
target=$!
sleep 0.2
"$programs/memleak_user" -p "$target" -d 1 -n 1 --fp-walk
status=$?
kill "$target"
wait "$target" 2>/dev/null
exit $status
