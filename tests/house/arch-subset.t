#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Any non-empty set of targets builds and knows just these; there is no empty
# one; a tree from which a target's folder and its Kconfig line were deleted builds.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
python=/usr/bin/python3
unset MAKEFLAGS MAKELEVEL MFLAGS SANITIZE O V BUILD
CC=${CC:-gcc}

$python -c 'import kconfiglib' 2>/dev/null || skip_all "no python3-kconfiglib"

cat >"$work/ids.c" <<'END'
#include <dwunw/regset.h>
#include <stdio.h>
int main(void)
{
	struct dwunw_regset regs;

	for (uint16_t id = DWUNW_ARCH_X86_64; id <= DWUNW_ARCH_RISCV64; id++) {
		int status = dwunw_regset_prepare(&regs, id);
		const struct dwunw_arch_ops *arch = dwunw_arch_by_id(id);

		if (status == DWUNW_OK && arch)
			printf("%s ", dwunw_arch_name(arch));
		else if (status == DWUNW_ERR_UNSUPPORTED_ARCH && !arch)
			printf("- ");
		else
			printf("status %d ", status);
	}
	putchar('\n');
	return 0;
}
END

# -O0: what is asked is which objects there are, and time is short
libs() {
	(cd "$1" && $make -j2 O="$2" ARCH="$ARCH" CC="$CC" CFLAGS=-O0 libs)
}
knows() {
	$CC -Iinclude -o "$1/ids" "$work/ids.c" \
		"$1/$ARCH/libdwunw-core.a" ${EXEC:+-static} || return
	got=$(${EXEC:-} "$1/ids")
	[ "$got" = "$2 " ] || {
		echo "want '$2 '"
		echo "got  '$got'"
		return 1
	}
}

# configured DIR SYMBOL...: those targets are chosen and no other
configured() {
	config=$1/$ARCH/.config
	mkdir -p "$1/$ARCH"
	shift
	for symbol in ALL X86_64 ARM64 MIPS32 RISCV64; do
		case " $* " in
		*" $symbol "*) echo "CONFIG_ARCH_$symbol=y" ;;
		*) echo "# CONFIG_ARCH_$symbol is not set" ;;
		esac
	done >"$config"
	echo "# CONFIG_PORT_LINUX is not set" >>"$config"
	KCONFIG_CONFIG=$config $python -m olddefconfig
}

n=0
while read -r symbols; do
	n=$((n + 1))
	want=
	for pair in X86_64:x86_64 ARM64:arm64 "MIPS32:mips32el mips32eb" \
		RISCV64:riscv64; do
		case " $symbols " in
		*" ${pair%%:*} "*) want="$want ${pair#*:}" ;;
		*) want="$want $(echo "${pair#*:}" | sed 's/[^ ]\+/-/g')" ;;
		esac
	done
	ok "$symbols: is configured" configured "$work/$n" $symbols
	ok "$symbols: builds" libs . "$work/$n"
	ok "$symbols: knows these alone" knows "$work/$n" "${want# }"
done <<'END'
X86_64
ARM64
MIPS32
RISCV64
X86_64 MIPS32
ARM64 RISCV64
X86_64 ARM64 MIPS32
X86_64 ARM64 MIPS32 RISCV64
END

configured "$work/none" >"$work/log" 2>&1
ok "no target is not a choice" grep -x CONFIG_ARCH_X86_64=y \
	"$work/none/$ARCH/.config"

core_only() {
	echo "# CONFIG_PORT_LINUX is not set" >>"$1"
	(cd "$2" && KCONFIG_CONFIG=$1 $python -m olddefconfig)
}

# without TARGET NAMES: a copy of the tree that never heard of it; of the first all
# libraries are built, of the others core's.
without() {
	tree=$work/without-$1
	mkdir -p "$tree"
	for part in *; do
		case $part in
		build* | doc | tests) ;;
		*) cp -R "$part" "$tree/" ;;
		esac
	done
	rm -r "${tree:?}/arch/$1"
	sed -i "/arch\/$1\/Kconfig/d" "$tree/Kconfig"
	$make -C "$tree" O="$tree/build" ARCH="$ARCH" defconfig &&
		{ [ "$1" = arm64 ] || core_only "$tree/build/$ARCH/.config" "$tree"; } &&
		libs "$tree" "$tree/build" && knows "$tree/build" "$2"
}
ok "without arch/arm64/ the tree builds" without arm64 \
	"x86_64 - mips32el mips32eb riscv64"
ok "without arch/mips32/ the tree builds" without mips32 \
	"x86_64 arm64 - - riscv64"
ok "without arch/riscv64/ the tree builds" without riscv64 \
	"x86_64 arm64 mips32el mips32eb -"
done_testing
