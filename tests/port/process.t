#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
. "$(dirname "$0")/build.sh"
chain_libraries || exit 1
target victim "$here/victim.c" -pthread -ldl || exit 1
target frames "$here/victim.c" -O0 -fno-omit-frame-pointer -pthread -ldl ||
	exit 1
target static "$here/victim.c" -DSTATIC -static -no-pie -pthread || exit 1
target plugin_a.so -shared -fPIC -DNAME=plugin_a "$here/plugin.c" || exit 1
target plugin_b.so -shared -fPIC -DNAME=plugin_b -DPAD=1000 \
	"$here/plugin.c" || exit 1
run_test process
