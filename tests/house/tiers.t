#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Each test file runs in exactly one of `make test` and `make test-long`, and
# CI runs both.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
unset MAKEFLAGS MAKELEVEL MFLAGS T ARCH
$make -s list-tests >"$work/list"
ls tests/*/*.t >"$work/there"
awk '{ print $2 }' "$work/list" | sort >"$work/listed"
ok "every file is in a tier, in one of them" diff "$work/there" "$work/listed"
grep -v -e '^test tests/' -e '^test-long tests/' "$work/list" >"$work/others"
ok "there are no other tiers" empty "$work/others"
sed -n '/^test-all:/,/^$/p' Makefile | grep -o '$(MAKE) [a-z-]*' |
	sed 's/.* //' | sort -u >"$work/all"
printf '%s\n' test test-long test-others >"$work/want"
ok "make test-all is all of them" diff "$work/want" "$work/all"
for file in tests/*/*.t; do
	[ -x "$file" ] || echo "$file"
done >"$work/plain"
ok "every file can be run" empty "$work/plain"
ok "CI runs make test" grep -qx 'make test' .ci/run
done_testing
