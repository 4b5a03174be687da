#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# libdwunw-mips32.a is small (-Os, the router's configuration): core and arch
# in 72 KB of text, of which 23 are the instruction scans (position-independent
# code, which gcc 12 makes here by itself, has 84), the port for any program
# (port/firmware/) in another 12, or 14, and what Linux adds (port/mips32/) in 8.5, or
# 10 (CFI of their own included). It has no variables and needs nothing but what
# tests/house/symbols.list has.
set -u
. tests/mips32/mips32.sh

# fits BUDGET OBJECT...
fits() {
	budget=$1
	shift
	"${prefix}size" -t "$@" | awk -v budget="$budget" '
		END { print $1 + 0 " bytes of text, want at most " budget
			exit !($1 > 0 && $1 <= budget) }'
}

run() {
	kind=$1
	order=$2
	place=$built/$order-$kind
	lib=$place/libdwunw-mips32.a
	case $kind in
	firmware) budget=73728 port=12288 linux=8704 ;;
	*) budget=86016 port=14336 linux=10240 ;;
	esac
	ok "$order, $kind: core and arch" fits "$budget" "$place"/core-*.o \
		"$place"/arch-*.o
	ok "$order, $kind: the port" fits $port "$place"/port-firmware-*.o
	ok "$order, $kind: what Linux adds" fits $linux "$place"/port-mips32-*.o
	for part in core arch port-firmware port-mips32; do
		note "$order, $kind: $("${prefix}size" -t "$place/$part"-*.o |
			awk -v part=$part 'END {
				print part ": " $1 " text, " $2 " data, " $3 \
					" bss" }')"
	done
	note "$order, $kind: $("${prefix}size" -t "$lib" | awk 'END {
		print "libdwunw-mips32.a: " $1 " text, " $2 " data, " $3 \
			" bss" }')"
	"${prefix}size" -t "$lib" | awk 'END { if ($3) print $3 " bytes" }' \
		>"$work/bss"
	ok "$order, $kind: no variables" empty "$work/bss"
	"${prefix}nm" -P "$lib" 2>/dev/null |
		awk 'NF > 1 && $2 != "U" { print $1 }' | sort -u >"$work/has"
	awk -v arch="mips32$order" '$1 == "all" || $1 == arch { print $2 }' \
		tests/house/symbols.list | sort >"$work/allowed"
	"${prefix}nm" -P -u "$lib" 2>/dev/null |
		awk 'NF > 1 { print $1 }' | sort -u | comm -23 - "$work/has" |
		comm -23 - "$work/allowed" >"$work/beyond"
	ok "$order, $kind: needs what is listed, and no more" \
		empty "$work/beyond"
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
