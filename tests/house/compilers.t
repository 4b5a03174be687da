#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# gcc and clang build every target and both defconfigs with -O0, -O3 and -flto,
# without a warning. One build in eleven; all of them with DWUNW_LONG=1, and then
# with gcc 13 and 14 as well, in a root of Debian 13.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
unset MAKEFLAGS MAKELEVEL MFLAGS SANITIZE O V T BUILD CROSS_COMPILE EXEC AR NM SIZE
unset CC CXX DEFCONFIG
compilers=${DWUNW_COMPILERS:-gcc clang}

# builds TARGET CONFIG COMPILER FLAG
builds() {
	set -- "$1" "$2" "$3" -g0 "$4"
	case $3$5 in
	clang-flto) set -- "$@" AR=llvm-ar LDFLAGS=-fuse-ld=lld ;;
	gcc-*-flto) set -- "$1" "$2" "$3" -g0 -flto=auto "AR=gcc-ar-${3#gcc-}" ;;
	*-flto) set -- "$1" "$2" "$3" -g0 -flto=auto ;;
	esac
	arch=$1 config=$2 cc=$3 flags="$4 $5"
	shift 5
	rm -rf "$work/built"
	$make -s -j2 O="$work/built" ARCH="$arch" CC="$cc" CFLAGS="$flags" \
		DEFCONFIG="port/$config/defconfig" all "$@" >"$work/said" 2>&1 ||
		{ tail -20 "$work/said"; return 1; }
	! grep -i 'warning' "$work/said"
}

# A compiler of another target: clang is one for all, but for their headers.
has_target() {
	[ "$1" = "$(uname -m)" ] || command -v "$2-gcc" >/dev/null
}

count=0
for cc in $compilers; do
	command -v "$cc" >/dev/null || {
		skip "no $cc"
		continue
	}
	for target in x86_64:x86_64-linux-gnu arm64:aarch64-linux-gnu \
		mips32el:mipsel-linux-gnu mips32eb:mips-linux-gnu; do
		for config in linux mips32; do
			for flag in -O0 -O3 -flto; do
				count=$((count + 1))
				[ -n "${DWUNW_LONG:-}" ] ||
					[ $((count % 11)) = 0 ] || continue
				what="$cc $flag, ${target%%:*}, port/$config/defconfig"
				has_target "${target%%:*}" "${target#*:}" || {
					skip "$what: no ${target#*:}-gcc"
					continue
				}
				ok "$what" builds "${target%%:*}" $config "$cc" $flag
			done
		done
	done
done

# --- newer compilers ---------------------------------------------------------------

newer() {
	chroot "$work/trixie" env DWUNW_COMPILERS="gcc-13 gcc-14" DWUNW_LONG=1 \
		DWUNW_NATIVE=1 sh -c 'cd /dwunw && tests/house/compilers.t' \
		>"$work/newer" 2>&1
	grep -v SKIP "$work/newer"
	! grep '^not ok' "$work/newer" && grep -q '^ok.*gcc-14 -flto' "$work/newer"
}
if [ -z "${DWUNW_LONG:-}" ] || [ -n "${DWUNW_NATIVE:-}" ]; then
	:
elif scripts/debian-root trixie "$work/trixie" gcc-13 gcc-14 make libc6-dev \
	linux-libc-dev python3-kconfiglib zlib1g-dev libzstd-dev liblzma-dev \
	libiberty-dev >"$work/root" 2>&1; then
	mkdir "$work/trixie/dwunw"
	find . -mindepth 1 -maxdepth 1 ! -name build ! -name .git \
		-exec cp -a {} "$work/trixie/dwunw/" \;
	ok "gcc 13 and 14 of Debian 13" newer
	sed 's/^/# /' "$work/output"
else
	skip "no root of Debian 13: $(tail -n 1 "$work/root")"
fi
done_testing
