#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A program of each target with libdwunw.a and musl, statically linked, runs.
# The musl that build/cache does not have is built with DWUNW_MUSL=1 only, as
# `make test-others` does: a minute of one processor each.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
unset MAKEFLAGS MAKELEVEL MFLAGS SANITIZE O V BUILD NM SIZE EXEC CROSS_COMPILE \
	CC CXX ARCH
[ "${DWUNW_MUSL:-}" = 1 ] || export DWUNW_OFFLINE=1

says() {
	got=$($run "$work/hello") || {
		echo "status $?: $got"
		return 1
	}
	want="OK $target, 4 targets, 2.4167"
	[ "$got" = "$want" ] || {
		echo "want '$want'"
		echo "got  '$got'"
		return 1
	}
}

# no instruction of the FPU at all, or some
floats() {
	case $target in mips32el) objdump=mipsel ;; *) objdump=mips ;; esac
	"$objdump-linux-gnu-objdump" -d "$1" | awk -v soft="$float" '
		$3 ~ /^(m[tf]h?c1|[ls][dw]x?c1|[a-z.0-9]*\.[sdw])$/ {
			if (!count++ && soft == "soft")
				print
		}
		END {
			print count + 0 " instructions of the FPU"
			exit (soft == "soft") != (count == 0)
		}'
}

program() {
	$cc -std=c11 -Os -Iinclude -static -o "$work/hello" tests/house/musl.c \
		"$dir/$target/libdwunw.a" -Wl,--gc-sections,--fatal-warnings
}

one() {
	target=$1 float=$2 run=$3
	what="$target musl, $float-float"
	if ! cc=$(scripts/musl "$target" "$float" 2>"$work/why"); then
		if [ "${DWUNW_MUSL:-}" = 1 ]; then
			ok "$what" cat "$work/why" -
			return
		fi
		skip "$what: $(sed -n 's/^musl: //p' "$work/why" | head -n 1)"
		return
	fi
	command -v "$run" >/dev/null || {
		skip "$what: no $run"
		return
	}
	dir=$work/$target-$float
	ok "$what: libdwunw.a" $make -j2 O="$dir" ARCH="$target" CC="$cc" \
		"$dir/$target/libdwunw.a"
	ok "$what: a static program" program
	case $target in
	mips32*) ok "$what: is that" floats "$work/hello" ;;
	esac
	ok "$what: it runs" says
}

while read -r target float run; do
	one "$target" "$float" "$run"
done <<'END'
arm64 hard qemu-aarch64
mips32el hard qemu-mipsel
mips32el soft qemu-mipsel
mips32eb hard qemu-mips
mips32eb soft qemu-mips
END
done_testing
