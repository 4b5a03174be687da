#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# examples/common/entry.c: the table of entry.c, and the C library that is here.
set -u
cd "$(dirname "$0")/../.." || exit 1
program=$(mktemp)
trap 'rm -f "$program"' EXIT
${CC:-gcc} -std=c11 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined \
	-Iinclude -Iexamples/common -Itests tests/memleak/entry.c \
	examples/common/entry.c -o "$program" || exit 1
exec "$program"
