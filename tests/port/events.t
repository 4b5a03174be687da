#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
. "$(dirname "$0")/build.sh"
chain_libraries || exit 1
target victim "$here/victim.c" -pthread -ldl || exit 1
run_test events
