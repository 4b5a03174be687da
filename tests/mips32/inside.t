#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# tests/mips32/inside.c in both byte orders: whole, stripped, and without
# section headers; with position-independent code and without.
set -u
. tests/mips32/build.sh

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

sources="tests/mips32/inside.c examples/crash_mips32/memory.c
	examples/crash_mips32/start.S"

# build DIRECTORY ORDER [FLAG...]
build() {
	library "$@" || return
	dir=$1
	order=$2
	shift 2
	# shellcheck disable=SC2086
	program "$dir" "$order" inside $sources "$@"
}

run() {
	kind=$1
	order=$2
	place=$work/$order-$kind
	shift 2
	ok "$order, $kind: builds" build "$place" "$order" "$@"
	ok "$order, $kind: looks at itself" passes "$place/inside"
	note "$(sed -n 's/^# stack of/stack of/p' "$work/tap")"
	"${prefix}strip" -o "$place/stripped" "$place/inside"
	ok "$order, $kind, stripped" passes "$place/stripped"
	tests/sstrip.pl "$place/inside" "$place/bare" >"$work/cut"
	ok "$order, $kind, without section headers" passes "$place/bare"
}

config_header
for order in el eb; do
	missing=$(why_not $order)
	if [ -n "$missing" ]; then
		skip "$order: $missing"
		continue
	fi
	run abicalls $order
	run firmware $order -mno-abicalls -fno-pic -fno-pie -G0
done
done_testing
