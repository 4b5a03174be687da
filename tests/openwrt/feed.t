#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# packaging/openwrt by the stand-in of OpenWrt's rules: both variants of each target
# are built, hardened, stripped, and what the target's musl runs; no Python; the whole
# configurations are those that Kconfig gives; bad input is refused.
set -u
. tests/house/tap.sh
built=${BUILD:-build/$(uname -m)}/tests/openwrt
feed=packaging/openwrt/dwunw

tools() {
	case $1 in
	mips) triple=mips-linux-gnu qemu='qemu-mips -cpu 24Kf' target=mips32eb \
		machine='MIPS R3000' ;;
	mipsel) triple=mipsel-linux-gnu qemu='qemu-mipsel -cpu 24Kf' target=mips32el \
		machine='MIPS R3000' ;;
	aarch64) triple=aarch64-linux-gnu qemu=qemu-aarch64 target=arm64 machine=AArch64 ;;
	esac
}

# is FILE PATTERN...: readelf shows each of them.
shows() {
	file=$1
	shift
	"$triple-readelf" -hlW "$file" >"$work/readelf" || return 1
	for pattern in "$@"; do
		grep -q "$pattern" "$work/readelf" || {
			echo "no $pattern in $file"
			return 1
		}
	done
}

stripped() {
	"$triple-readelf" -SW "$1" | grep -E '\.(symtab|debug)' && return 1
	[ -s "$1" ]
}

# within NAME FILE: not above its line of size.budget, if there is one
within() {
	size=$(stat -c %s "$2")
	budget=$(awk -v t="$target" -v n="$1:file" '$1 == t && $2 == n { print $3 }' \
		tests/house/size.budget)
	echo "$2: $size bytes, want at most ${budget:-any: no line in size.budget}"
	[ "$size" -le "${budget:-$size}" ]
}

# MIPS16e code, as OpenWrt has it by default: what the flags of its file say
mips16() {
	"$triple-readelf" -hW "$1" | grep -q 'Flags:.*mips16'
}

# HOSTPYTHON=false is in the commands
no_python() {
	! grep -iE '/python|-m (defconfig|olddefconfig)|kconfiglib' "$@"
}

variants() {
	root=$built/feed/$1/bin/$1
	for variant in full small; do
		file=$root/dwunw-$variant/usr/sbin/dwunw
		ok "$1, $variant: a $machine program of musl" shows "$file" "$machine" \
			'interpreter: .*/ld-musl' 'GNU_RELRO'
		ok "$1, $variant: stripped" stripped "$file"
		note "$1, $variant: $(stat -c %s "$file") bytes"
		ok "$1, $variant: within its budget" within "feed-$variant" "$file"
		case $1 in
		mips*) [ $variant = full ] || ok "$1, $variant: MIPS16e code" mips16 "$file" ;;
		esac
		ok "$1, $variant: made without Python" \
			no_python "$built/feed/$1/$variant.log"
		ok "$1, $variant: depends on the kernel's options" \
			grep -q '+@KERNEL_PERF_EVENTS +@KERNEL_BPF_EVENTS' \
			"$root/dwunw-$variant.control"
	done
	stage=$built/feed/$1/staging_dir/target-${1}_musl/usr
	ok "$1: libraries and headers are staged" \
		ls "$stage/lib/libdwunw.a" "$stage/lib/libdwunw-firmware.a" \
		"$stage/include/dwunw/dwunw_api.h" "$stage/lib/pkgconfig/dwunw.pc"
}

small() {
	file=$built/small/$1/bin/$1/dwunw-small/usr/sbin/dwunw
	note "$1, small and static: $(stat -c %s "$file") bytes"
	ok "$1, small and static: within its budget" within feed-small-static "$file"
	command -v "${qemu%% *}" >/dev/null || {
		skip "$1: no $qemu"
		return
	}
	# shellcheck disable=SC2086 # a list
	ok "$1, small and static: runs" $qemu "$file" --version
	# shellcheck disable=SC2086
	ok "$1, small and static: has leaks" $qemu "$file" leaks --help
}

for packages in mips mipsel aarch64; do
	[ -e "$built/feed/$packages/.made" ] || {
		skip "$packages: not built: no compiler for it, or no clang"
		continue
	}
	tools $packages
	variants $packages
	small $packages
done

# --- the configurations ---

same_configs() {
	"$feed/update" "$work/configs" && diff -r "$feed/configs" "$work/configs"
}
if /usr/bin/python3 -c 'import kconfiglib' 2>/dev/null; then
	ok "configs/ is what Kconfig gives (packaging/openwrt/dwunw/update)" same_configs
else
	skip "no kconfiglib"
fi

chosen() {
	"$feed/configure" . small mipsel "$work/out" CFI= LINES=y SCAN_MEMORY_KB=64 &&
		grep -qx '# CONFIG_CFI_DEBUG_FRAME is not set' "$work/out/mips32el/.config" &&
		grep -qx 'CONFIG_NAMES_LINES=y' "$work/out/mips32el/.config" &&
		grep -qx 'CONFIG_SCAN_MEMORY_KB=64' "$work/out/mips32el/.config"
}
ok "what the menu says is in the configuration" chosen
without_bpf() {
	"$feed/configure" . small mips "$work/out" BPF= &&
		grep -qx 'CONFIG_BPF_LOADER_NONE=y' "$work/out/mips32eb/.config" &&
		grep -qx '# CONFIG_BPF_LOADER_OWN is not set' "$work/out/mips32eb/.config"
}
ok "the small one without BPF" without_bpf
refused() {
	! "$feed/configure" . "$@" >"$work/said" 2>&1 && grep -q "^configure: .*$pattern" "$work/said"
}
pattern='sparc: dwunw does not know this machine'
ok "a machine that is not known is named" refused small sparc "$work/out"
pattern='configs/tiny-mips32: not there'
ok "a variant that is not there is named" refused tiny mips "$work/out"
pattern='COLOUR=y: not known'
ok "an option that is not known is named" refused small mips "$work/out" COLOUR=y

# --- the text of the packages ---

ok "both variants and the library are packages" grep -q 'BuildPackage,dwunw-small' "$feed/Makefile"
version=$(awk '/define DWUNW_VERSION_(MAJOR|MINOR|PATCH) / { printf "%s%s", dot, $3; dot = "." }' \
	include/dwunw/dwunw_api.h)
ok "the version is the library's" grep -qx "PKG_VERSION:=$version" "$feed/Makefile"
ok "buildroot's as well" grep -qx "DWUNW_VERSION = $version" \
	packaging/buildroot/package/dwunw/dwunw.mk
done_testing
