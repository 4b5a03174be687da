#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Each switch of Kconfig off by itself: the rest builds without a warning, and
# the unit tests pass or say what they miss. Building is what is tested: each build
# is in a directory of this test's own. Without DWUNW_LONG=1 two of those of scans:
# a build for each takes minutes.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
python=/usr/bin/python3
unset MAKEFLAGS MAKELEVEL MFLAGS SANITIZE O V BUILD CC

$python -c 'import kconfiglib' 2>/dev/null || skip_all "no python3-kconfiglib"
[ "$(uname -m)" = x86_64 ] || skip_all "builds for x86_64 as the host"

# choose TARGET: sets what make and the programs need
choose() {
	target=$1
	case $target in
	x86_64) cross='' exec='' ;;
	arm64) cross=aarch64-linux-gnu- \
		exec='qemu-aarch64 -L /usr/aarch64-linux-gnu' ;;
	esac
}

# configured SYMBOL: all as by default, but that off
configured() {
	config=$work/$target-$1/$target/.config
	mkdir -p "${config%/*}"
	grep -v "^CONFIG_$1=" port/linux/defconfig >"$config"
	echo "# CONFIG_$1 is not set" >>"$config"
	KCONFIG_CONFIG=$config $python -m olddefconfig &&
		! grep "^CONFIG_$1=" "$config"
}

# -O0: what is asked is whether it compiles and links, and time is short
built() {
	$make -j2 O="$work/$target-$1" ARCH="$target" CFLAGS=-O0 \
		CC="${cross}gcc" CROSS_COMPILE="$cross" WERROR=1 \
		all unit-programs
}

units() {
	# shellcheck disable=SC2046 # a list
	prove -Q -e "$exec" $(find "$work/$target-$1/$target/tests/unit" \
		-type f -executable | sort)
}

switched() {
	ok "$target without $1: is configured" configured "$1"
	ok "$target without $1: builds" built "$1"
	ok "$target without $1: unit tests" units "$1"
	rm -rf "${work:?}/$target-$1"
}

choose x86_64
scans="SCAN SCAN_ROWS SCAN_X86_64 SCAN_ARM64 SCAN_MIPS32"
few=$scans
[ -n "${DWUNW_LONG:-}" ] || few="SCAN SCAN_MIPS32"
for symbol in $few; do
	switched "$symbol"
done
if [ -n "${DWUNW_LONG:-}" ]; then
	awk '/^config / { name = $2 } /^\tbool "/ { print name }' Kconfig \
		port/linux/Kconfig | grep -v -x -F -e ARCH_X86_64 -e WERROR \
		-e OPTIMIZE_SPEED -e OPTIMIZE_SIZE |
		grep -v -x "$(echo "$scans" | sed 's/ /\\|/g')" >"$work/switches"
	while read -r symbol; do
		switched "$symbol"
	done <"$work/switches"
	choose arm64
	for symbol in $scans; do
		switched "$symbol"
	done
fi
done_testing
