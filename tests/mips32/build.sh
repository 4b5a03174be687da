#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# build.sh DIRECTORY ORDER KIND [FLAG...] - for make: libdwunw-mips32.a, by the
# router's configuration, and two programs with no libc at all.
set -eu
dir=$1
order=$2
case $2 in
el) prefix=mipsel-linux-gnu- ;;
eb) prefix=mips-linux-gnu- ;;
esac
shift 3

strict="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror"
common="-std=c11 -Os -ffreestanding -fno-stack-protector -ffunction-sections
	-fdata-sections -Iinclude $strict"

# The router's configuration as a header, with mips32 as the only target; the
# current one where Kconfig's tools are missing.
config_header() {
	if KCONFIG_CONFIG=$dir/.config "${HOSTPYTHON:-/usr/bin/python3}" \
		-m defconfig port/mips32/defconfig >"$dir/kconfig" 2>&1; then
		awk -f scripts/config.awk "$dir/.config" >"$dir/all.h"
	else
		cp "$CONFIG_H" "$dir/all.h"
	fi
	sed -e '/CONFIG_ARCH_/d' -e '/define DWU_/d' -e '/^#define IS_ON_ARG_1/a\
#define CONFIG_ARCH_MIPS32 1\
#define CONFIG_ARCH_MIPS32_ALONE 1\
#define CONFIG_ARCH_32BIT_ONLY 1\
#define DWU_TARGETS(X) X(mips32el) X(mips32eb)\
#define DWU_ALONE "arch/mips32/alone.h"\
#define DWU_SCAN_ALONE "arch/mips32/scan_alone.h"' "$dir/all.h" >"$dir/config.h"
}

# words VARIABLE FILE...: what each objs.mk lists for $dir/config.h.
words() {
	list=$1
	shift
	sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$@" |
		awk -v list="$list" -v config="$dir/config.h" '
		BEGIN {
			on["y"] = 1
			while ((getline line < config) > 0) {
				split(line, f, " ")
				if (f[1] == "#define")
					on["$(" f[2] ")"] = 1
			}
		}
		index($1, list "-") == 1 && on[substr($1, length(list) + 2)] {
			for (i = 3; i <= NF; i++)
				print substr($i, 1, length($i) - 2)
		}'
}

config_header
for source in $(words core core/objs.mk | sed 's,.*,core/&.c,') \
	$(words arch arch/objs.mk arch/mips32/objs.mk | sed 's,.*,arch/&.c,'); do
	"${prefix}gcc" $common "$@" -iquote . \
		-include "$dir/config.h" -c "$source" \
		-o "$dir/$(echo "${source%.c}" | tr / -).o"
done
case $order in
el) id=MIPS32EL ;;
eb) id=MIPS32EB ;;
esac
for source in $(words port-firmware port/firmware/objs.mk | sed 's,.*,port/firmware/&,') \
	$(words port-mips32 port/mips32/objs.mk | sed 's,.*,port/mips32/&,'); do
	[ -f "$source.c" ] && file=$source.c || file=$source.S
	"${prefix}gcc" $common -funwind-tables "$@" -iquote . -DDWU_HOST_ARCH=DWUNW_ARCH_$id \
		-DHOST_LAYOUT='"arch/mips32/layout.h"' -DHOST_NAME=MIPS32 -c "$file" \
		-o "$dir/$(echo "$source" | tr / -).o"
done
"${prefix}ar" rcsD "$dir/libdwunw-mips32.a" "$dir"/core-*.o \
	"$dir"/arch-*.o "$dir"/port-*.o

# program NAME FLAG SOURCE...
program() {
	name=$1
	tables=$2
	shift 2
	"${prefix}gcc" $common $flags "$tables" -Iexamples/crash_mips32 \
		-static -nostdlib -nostartfiles -Wl,--gc-sections \
		-o "$dir/$name" "$@" examples/crash_firmware/memory.c \
		"$dir/libdwunw-mips32.a" -lgcc
}
flags=$*
crash="examples/crash_mips32/firmware.c examples/crash_mips32/trace.c
	examples/crash_mips32/start.S"
program inside -funwind-tables tests/mips32/inside.c examples/crash_mips32/start.S
program crash_mips32 -funwind-tables $crash
# as a compiler for mips makes it by itself: no tables of C
program crash_plain -fno-unwind-tables $crash
