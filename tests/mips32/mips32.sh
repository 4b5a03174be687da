# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What the tests of port/mips32 share; sourced from the top directory. The
# library and programs for each byte order are in $built/ORDER-KIND (rules.mk).

. tests/house/tap.sh
built=${BUILD:-build/$(uname -m)}/tests/mips32

# The tools and the runner of a byte order (el, eb).
target() {
	case $1 in
	el) prefix=mipsel-linux-gnu- qemu=qemu-mipsel ;;
	eb) prefix=mips-linux-gnu- qemu=qemu-mips ;;
	esac
}

# why_not ORDER: says what is missing, or nothing.
why_not() {
	target "$1"
	if [ ! -e "$built/$1-firmware/.made" ]; then
		echo "not built: no compiler for it"
	elif ! command -v "$qemu" >/dev/null; then
		echo "no $qemu"
	fi
}
