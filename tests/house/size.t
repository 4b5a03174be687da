#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Text, data, bss and stack are within their budgets, here and for each target
# that can be compiled here: make size.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
ok "make size is within tests/house/size.budget" scripts/size
sed 's/^/# /' "$work/output"

# other TARGET TRIPLE GOAL: in the configuration that its budget is for
other() {
	[ "$1" != "$ARCH" ] || return
	command -v "$2-gcc" >/dev/null || {
		skip "$1: no $2-gcc"
		return
	}
	ok "$1 as by $3 is within it" env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
		-u BUILD -u NM -u SIZE -u EXEC -u CC -u CXX -u CROSS_COMPILE \
		-u SANITIZE -u V -u CONFIG_H -u LINK "$make" -j2 O="$work/$1" \
		ARCH="$1" CC="$2-gcc" CROSS_COMPILE="$2-" "$3" libs size
	cp "$work/output" "$work/said"
	sed -n "s/^$1 /# &/p" "$work/said"
	ok "$1 was compared" grep "^$1 libdwunw-core.a:text" "$work/said"
	rm -rf "${work:?}/$1"
}

# The library as MIPS16e code: scans add 16 KB at most to a program.
as_mips16() {
	command -v mipsel-linux-gnu-gcc >/dev/null || {
		skip "no mipsel-linux-gnu-gcc"
		return
	}
	mips16="env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u BUILD -u NM -u SIZE
		-u EXEC -u CC -u CXX -u CROSS_COMPILE -u SANITIZE -u V -u CONFIG_H
		-u LINK $make -j2 O=$work/mips16 ARCH=mips32el
		CC=mipsel-linux-gnu-gcc CROSS_COMPILE=mipsel-linux-gnu-"
	$mips16 mips32_defconfig >"$work/output" 2>&1
	echo CONFIG_MIPS16=y >>"$work/mips16/mips32el/.config"
	ok "mips32el as MIPS16e code is built" $mips16 size
	cp "$work/output" "$work/said"
	few() {
		awk '/scans add/ { print; few = $NF <= 16384 } END { exit !few }' \
			"$work/said"
	}
	ok "… in which scans add 16 KB at most" few
	rm -rf "$work/mips16"
}

if [ -n "${FOREIGN:-}" ] || ! /usr/bin/python3 -c 'import kconfiglib'; then
	skip "other targets: where the host's own are built, with kconfiglib"
else
	other arm64 aarch64-linux-gnu defconfig
	other mips32el mipsel-linux-gnu mips32_defconfig
	other mips32eb mips-linux-gnu mips32_defconfig
	as_mips16
fi
done_testing
