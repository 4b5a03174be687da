#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# tests/mips32/inside.c in both byte orders: whole, stripped, and without
# section headers; with position-independent code and without.
set -u
. tests/mips32/mips32.sh

# A program's own TAP becomes one test here.
passes() {
	"$qemu" "$1" >"$work/tap" 2>&1
	status=$?
	grep -e '^not ok' -e '^#' "$work/tap"
	plan=$(sed -n 's/^1\.\.//p' "$work/tap")
	good=$(grep -c '^ok' "$work/tap")
	[ $status = 0 ] && [ -n "$plan" ] && [ "$good" = "$plan" ] || {
		echo "exit status $status, $good of ${plan:-?} passed"
		tail -n 3 "$work/tap"
		return 1
	}
}

run() {
	kind=$1
	order=$2
	place=$built/$order-$kind
	ok "$order, $kind: looks at itself" passes "$place/inside"
	note "$(sed -n 's/^# stack of/stack of/p' "$work/tap")"
	"${prefix}strip" -o "$work/stripped" "$place/inside"
	ok "$order, $kind, stripped" passes "$work/stripped"
	tests/sstrip.pl "$place/inside" "$work/bare" >"$work/cut"
	ok "$order, $kind, without section headers" passes "$work/bare"
}

for order in el eb; do
	missing=$(why_not $order)
	if [ -n "$missing" ]; then
		skip "$order: $missing"
		continue
	fi
	target $order
	run abicalls $order
	run firmware $order
done
done_testing
