# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What the tests of port/mips32 share; sourced from the top directory. Builds
# libdwunw-mips32.a and programs for each byte order below $work, with the
# router's configuration.

. tests/house/tap.sh

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
	for tool in "${prefix}gcc" "${prefix}ar" "${prefix}nm" "$qemu"; do
		command -v "$tool" >/dev/null || {
			echo "no $tool"
			return
		}
	done
}

strict="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror"
common="-std=c11 -Os -ffreestanding -fno-stack-protector -ffunction-sections
	-fdata-sections -Iinclude $strict"

# The router's configuration as a header, with mips32 as the only target; the
# current one where Kconfig's tools are missing.
config_header() {
	if KCONFIG_CONFIG=$work/.config "${HOSTPYTHON:-/usr/bin/python3}" \
		-m defconfig port/mips32/defconfig >"$work/kconfig" 2>&1; then
		awk -f scripts/config.awk "$work/.config" >"$work/all.h"
	else
		cp "$CONFIG_H" "$work/all.h"
	fi
	sed -e '/CONFIG_ARCH_/d' -e '/^#define IS_ON_ARG_1/a\
#define CONFIG_ARCH_MIPS32 1' "$work/all.h" >"$work/config.h"
}

# words VARIABLE FILE: what an objs.mk lists for $work/config.h.
words() {
	sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$2" |
		awk -v list="$1" -v config="$work/config.h" '
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

# library DIRECTORY ORDER [FLAG...]: libdwunw-mips32.a in DIRECTORY.
library() {
	dir=$1
	target "$2"
	shift 2
	mkdir -p "$dir" || return
	for name in $(words core core/objs.mk); do
		"${prefix}gcc" $common "$@" -iquote . -iquote core \
			-iquote arch -include "$work/config.h" \
			-c "core/$name.c" -o "$dir/core-$name.o" || return
	done
	for name in $(words arch arch/objs.mk); do
		"${prefix}gcc" $common "$@" -iquote . -iquote core \
			-iquote arch -include "$work/config.h" \
			-c "arch/$name.c" -o "$dir/arch-$name.o" || return
	done
	for name in $(words port-mips32 port/mips32/objs.mk); do
		source=port/mips32/$name.c
		[ -f "$source" ] || source=port/mips32/$name.S
		"${prefix}gcc" $common -funwind-tables "$@" -c "$source" \
			-o "$dir/port-$name.o" || return
	done
	rm -f "$dir/libdwunw-mips32.a"
	"${prefix}ar" rcsD "$dir/libdwunw-mips32.a" "$dir"/core-*.o \
		"$dir"/arch-*.o "$dir"/port-*.o
}

# program DIRECTORY ORDER NAME SOURCE... [FLAG...]: with no libc at all.
program() {
	dir=$1
	name=$3
	target "$2"
	shift 3
	"${prefix}gcc" $common -funwind-tables -Iexamples/crash_mips32 \
		-static -nostdlib -nostartfiles -Wl,--gc-sections \
		-o "$dir/$name" "$@" "$dir/libdwunw-mips32.a" -lgcc
}

example() {
	dir=$1
	order=$2
	shift 2
	program "$dir" "$order" crash_mips32 examples/crash_mips32/*.c \
		examples/crash_mips32/start.S "$@"
}
