#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# corpus.sh [PATTERN...] - makes the files of corpus.list that match, as
# TARGET/NAME, and prints "TARGET NAME ROLE PATH DEBUG-FILE" of each.
#
# DEBUG-FILE is - for files that hold their CFI themselves; PATH is - for one
# that cannot be had, and a reason follows. Everything is built with -g: this
# writes call frame information, in .debug_frame, also where code has none
# loaded, and changes no instruction.
#
# CACHE/corpus/TARGET/NAME is the file, CACHE/corpus/source/PACKAGE the source;
# both are used as they are when there. CACHE is $DWUNW_CACHE, else build/cache.
# With DWUNW_OFFLINE=1 nothing is downloaded or built. Needs scripts/deps cross.
#
# shellcheck disable=SC2086 # $cc, $flags and $rest are lists
set -eu

cd "$(dirname "$0")/../.."
top=$PWD
cache=${DWUNW_CACHE:-build/cache}
mkdir -p "$cache/corpus/source"
cache=$(cd "$cache" && pwd)
corpus=$cache/corpus
owrt="-Os -pipe -mno-branch-likely -mips32r2 -mtune=24kc"
owrt="$owrt -fno-caller-saves -fno-plt"
# make's own settings for this repository are not for those of others
unset MAKEFLAGS MAKELEVEL MFLAGS BUILD ARCH AR NM SIZE EXEC O CC CXX
export LC_ALL=C
work=$(mktemp -d "$corpus/tmp.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
	echo "$*" >"$work/why"
	return 1
}

# fetched PACKAGE: its source without Debian's patches
fetched() {
	[ ! -d "$corpus/source/$1" ] || return 0
	[ "${DWUNW_OFFLINE:-0}" != 1 ] || fail "no source of $1" || return
	apt="$top/scripts/apt-private $cache/apt-source source"
	[ -n "$(find "$cache/apt-source/updated" -mtime -1 2>/dev/null)" ] || {
		$apt apt-get update && touch "$cache/apt-source/updated"
	} >"$work/log" 2>&1 || fail "apt-get update failed" || return
	release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	rm -rf "$work/download" "$work/source"
	mkdir "$work/download" "$work/source"
	# The upstream part never changes within a release, but some mirrors
	# have lost the copy of it that stands beside security updates.
	(
		cd "$work/download" &&
			$apt apt-get source -q --download-only "$1/$release" &&
			tar xf "$(find . -name '*.orig.tar.*' ! -name '*.asc')" \
				-C "$work/source" --strip-components 1
	) >"$work/log" 2>&1 || fail "no source of $1" || return
	mv -T "$work/source" "$corpus/source/$1" 2>/dev/null ||
		[ -d "$corpus/source/$1" ] || fail "$corpus is not writable"
	rm -rf "$work/download" "$work/source"
}

# --- one for each package: $source -> $work/out --------------------------------
#
# The file comes last, so that what fails before leaves none.

build_zlib() {
	$cc $flags -fPIC -shared -D_LARGEFILE64_SOURCE=1 -DHAVE_UNISTD_H \
		-DHAVE_STDARG_H "$source"/*.c -o "$work/out"
}

build_lua5_4() {
	files=$(find "$source/src" -name '*.c' ! -name luac.c | sort)
	$cc $flags -DLUA_USE_LINUX $files -o "$work/out" -lm -ldl
}

build_musl() {
	mkdir "$work/build"
	cd "$work/build"
	CC=$cc CROSS_COMPILE=$triple- CFLAGS=$flags "$source/configure" \
		--target="${triple%-gnu}-musl" --disable-wrapper
	make -j2 lib/libc.so
	mv lib/libc.so "$work/out"
}

build_busybox() {
	cp -r "$source" "$work/build"
	cd "$work/build"
	make defconfig
	# needs headers of older kernels
	sed -i 's/^CONFIG_TC=y/# CONFIG_TC is not set/' .config
	make oldconfig </dev/null
	make -j2 CC="$cc" CROSS_COMPILE="$triple-" EXTRA_CFLAGS="$flags" \
		SKIP_STRIP=y busybox_unstripped
	mv busybox_unstripped "$work/out"
}

build_dropbear() {
	cp -r "$source" "$work/build"
	cd "$work/build"
	# crypt() is no part of the cross compilers' libc
	echo '#define DROPBEAR_SVR_PASSWORD_AUTH 0' >localoptions.h
	CC=$cc CFLAGS=$flags ./configure --host="$triple" --disable-zlib \
		--enable-bundled-libtom --disable-harden
	make -j2 PROGRAMS="dropbear dbclient dropbearkey scp" MULTI=1
	mv dropbearmulti "$work/out"
}

# --- one file -------------------------------------------------------------------

choose() {
	case $1 in
	x86_64) triple=x86_64-linux-gnu debian=amd64 ;;
	arm64) triple=aarch64-linux-gnu debian=arm64 ;;
	mips32el) triple=mipsel-linux-gnu debian=mipsel ;;
	mips32eb) triple=mips-linux-gnu debian=mips ;;
	*) fail "no target $1" ;;
	esac
}

# FROM COMPILER FLAGS...: prints the path
built() {
	from=$1 cc=$2
	shift 2
	case $cc in
	gcc) cc=$triple-gcc ;;
	clang) cc="clang --target=$triple" ;;
	esac
	flags="-g $*"
	case $flags in
	*@owrt*) flags="${flags%%@owrt*}$owrt${flags#*@owrt}" ;;
	esac
	path=$corpus/$target/$name
	version=$($cc --version 2>/dev/null | sed -n 1p)
	[ -n "$version" ] || fail "no ${cc%% *}" || return
	# shellcheck disable=SC2086 # spaces do not count
	key=$(echo 1 "$from" "$version" $flags)
	if [ ! -f "$path" ] || [ "$(cat "$path.key" 2>/dev/null)" != "$key" ]
	then
		[ "${DWUNW_OFFLINE:-0}" != 1 ] || fail "not in $corpus yet" ||
			return
		fetched "$from" || return
		source=$corpus/source/$from
		echo "corpus: building $target/$name" >&2
		rm -rf "$work/build"
		("build_$(echo "$from" | tr . _)") >"$work/log" 2>&1 || {
			tail -n 5 "$work/log" >&2
			fail "the build of $from failed" || return
		}
		rm -rf "$work/build"
		mkdir -p "$corpus/$target"
		rm -f "$path.key"
		mv "$work/out" "$path"
		echo "$key" >"$path.key"
	fi
	echo "$path -"
}

# PACKAGE FILE [DEBUG-PACKAGE]: prints the path and the debug file
packaged() {
	dir=$(tests/cross/package $debian "$1" 2>"$work/log") ||
		fail "$(tail -n 1 "$work/log")" || return
	path=$(echo "$dir"/$2)
	[ -f "$path" ] || fail "no $2 in $1" || return
	debug=-
	if [ $# -gt 2 ]; then
		dir=$(tests/cross/package $debian "$3" 2>"$work/log") ||
			fail "$(tail -n 1 "$work/log")" || return
		id=$(readelf -n "$path" | sed -n 's/.*Build ID: //p')
		debug=$dir/usr/lib/debug/.build-id/$(echo "$id" |
			sed 's,^..,&/,').debug
		[ -f "$debug" ] || fail "no $debug" || return
	fi
	echo "$path $debug"
}

wanted() {
	[ $# -gt 1 ] || return 0
	one=$1
	shift
	for pattern; do
		# shellcheck disable=SC2254
		case $one in
		$pattern) return 0 ;;
		esac
	done
	return 1
}

while read -r target name role from rest; do
	case $target in
	'' | '#'*) continue ;;
	esac
	wanted "$target/$name" "$@" || continue
	choose "$target"
	set -f
	# shellcheck disable=SC2086 # a list
	if [ "$from" = package ]; then
		set +f
		files=$(set -f; set -- $rest; set +f
			packaged "$@") || files="- $(cat "$work/why")"
	else
		set +f
		files=$(built "$from" $rest) || files="- $(cat "$work/why")"
	fi
	echo "$target $name $role $files"
done <tests/scan/corpus.list
