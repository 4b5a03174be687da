#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The statuses that doc/api.md promises: errors.c.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build/$(uname -m)}
[ "$(uname -m)" = x86_64 ] || {
	echo "1..0 # SKIP its registers are those of x86_64"
	exit 0
}
if grep -q '^# CONFIG_\(SCAN_ROWS\|NAMES_TEXT\|LIBDW_BPF\|ARCH_ARM64\) is not' \
	"$BUILD/.config"; then
	echo "1..0 # SKIP what it asks for is not in this build"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "not an ELF file, by far" >"$work/no_elf"
gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -g -Iinclude -iquote tests \
	-fsanitize=address,undefined -o "$work/errors" tests/docs/errors.c \
	"$BUILD/libdwunw.a" -lpthread || exit 1
"$work/errors" "$work"
