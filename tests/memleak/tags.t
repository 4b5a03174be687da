#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every dwunw-added in the example, and in the parts that it is made of, has a
# number, and the README's table has those numbers and no others.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/house/tap.sh
example=examples/memleak_bcc_dwunw
parts="$example heap report tools/leaks bpf/heap.bpf.c bpf/stack.bpf.h"

grep -R 'dwunw-added' $parts --include='*.[chS]' --include=rules.mk |
	grep -v 'dwunw-added [0-9]' | grep -v 'are marked$\|dwunw-added, with' \
	>"$work/without"
ok "each tag has its number" empty "$work/without"
grep -Rho 'dwunw-added [0-9]*' $parts --include='*.[chS]' --include=rules.mk |
	awk '{ print $2 }' | sort -nu >"$work/source"
sed -n 's/^| \([0-9][0-9]*\) | .*/\1/p' $example/README.md | sort -nu \
	>"$work/table"
ok "the table has the same numbers" diff "$work/source" "$work/table"
ok "there are some" test "$(wc -l <"$work/source")" -ge 10
done_testing
