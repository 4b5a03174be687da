#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Configurations: the extremes build, an existing one builds without Python,
# the defconfigs are minimal and survive the round trip.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
unset MAKEFLAGS MAKELEVEL MFLAGS SANITIZE O V BUILD
export CC="${CC:-gcc}"

in_dir() {
	dir=$1
	shift
	$make O="$work/$dir" ARCH="$ARCH" "$@"
}
config() {
	echo "$work/$1/$ARCH/.config"
}

/usr/bin/python3 -c 'import kconfiglib' 2>/dev/null ||
	skip_all "no python3-kconfiglib"

for extreme in allnoconfig allyesconfig mips32_defconfig; do
	ok "$extreme is made" in_dir $extreme $extreme
	ok "$extreme builds" in_dir $extreme all
done
has_arch() {
	grep '^CONFIG_ARCH_.*=y' "$(config allnoconfig)"
}
ok "allnoconfig still has a target" has_arch

# What ARCH= chooses, whether its compiler is here or not.
begins() {
	at=$work/begins/$1/.config
	rm -rf "$work/begins"
	env -u DEFCONFIG $make O="$work/begins" ARCH="$1" "$2" || return
	shift 2
	for line; do
		grep -x "$line" "$at" || { echo "no $line"; return 1; }
	done
}
for arch in x86_64 arm64 mips32el mips32eb; do
	case $arch in
	mips32*)
		own=MIPS32
		ok "$arch begins as a router, position independent" \
			begins $arch defconfig CONFIG_ARCH_MIPS32_ALONE=y \
			CONFIG_SCAN_MEMORY_KB=48 CONFIG_PIC=y ;;
	*)
		own=$(echo $arch | tr a-z A-Z)
		ok "$arch begins with every target" \
			begins $arch defconfig CONFIG_ARCH_X86_64=y \
			CONFIG_ARCH_ARM64=y CONFIG_ARCH_MIPS32=y ;;
	esac
	ok "allnoconfig of $arch can unwind $arch" \
		begins $arch allnoconfig "CONFIG_ARCH_$own=y"
done
# A compiler that finds no library of them: nothing that would not build.
nothing_missing() {
	printf '#!/bin/sh\necho "$2"\n' >"$work/bare-gcc" && chmod +x "$work/bare-gcc"
	other=arm64
	[ "$ARCH" != arm64 ] || other=mips32el
	$make O="$work/cross" ARCH=$other CC="$work/bare-gcc" allyesconfig &&
		! grep -E '^CONFIG_(INFLATE_Z|MINIDEBUGINFO|DEMANGLE).*=y' \
			"$work/cross/$other/.config"
}
ok "a library that is missing for another target is not offered" nothing_missing

# Without Python: neither in PATH nor at its usual place.
mkdir -p "$work/bin" "$work/existing/$ARCH"
for tool in sh env make cc gcc clang musl-gcc as ld ar nm awk sed cmp cat cp \
	mv rm mkdir rmdir ln touch echo printf find basename dirname uname \
	date "$CC"; do
	for place in $(echo "$PATH" | tr : ' '); do
		[ ! -x "$place/$(basename "$tool")" ] || {
			ln -sf "$place/$(basename "$tool")" "$work/bin/"
			break
		}
	done
done
cp "$(config mips32_defconfig)" "$(config existing)"
without_python() {
	! PATH=$work/bin command -v python3 &&
		PATH=$work/bin in_dir "$@" HOSTPYTHON=/nonexistent/python3
}
ok "an existing .config builds without Python" without_python existing all
touch -d 2000-01-01 "$(config existing)"
ok "so does one older than Kconfig" without_python existing all
kept() {
	grep -x CONFIG_FILE_SIZE_MAX_MB=256 "$(config existing)"
}
ok "and it is used as it is" kept

says_what_is_missing() {
	without_python none all >"$work/said" 2>&1 && return 1
	cat "$work/said"
	grep -q python3-kconfiglib "$work/said" &&
		grep -q 'existing configuration' "$work/said"
}
ok "without either, make names the package" says_what_is_missing

bare() {
	grep -v -e '^# SPDX' "$1" >"$work/bare"
	diff "$work/bare" "$2"
}
round_trip() {
	goal=$1
	in_dir $goal $goal && in_dir $goal savedefconfig &&
		saved=$work/$goal/$ARCH/defconfig &&
		cp "$(config $goal)" "$work/before" &&
		KCONFIG_CONFIG=$(config $goal) /usr/bin/python3 -m defconfig \
			"$saved" &&
		diff "$work/before" "$(config $goal)" && bare "$2" "$saved"
}
ok "port/linux/defconfig is what savedefconfig gives" \
	round_trip defconfig port/linux/defconfig
ok "port/mips32/defconfig is what savedefconfig gives" \
	round_trip mips32_defconfig port/mips32/defconfig

# IS_ON, in an `if` and in #if, clean under -Wundef.
cat >"$work/is_on.c" <<'END'
_Static_assert(IS_ON(CONFIG_WERROR) == 1, "y is on");
_Static_assert(IS_ON(CONFIG_NEVER_HEARD_OF) == 0, "unknown is off");
_Static_assert(IS_ON(CONFIG_OPTIMIZE_SIZE) == 0, "n is off");
#if IS_ON(CONFIG_NEVER_HEARD_OF) || !IS_ON(CONFIG_WERROR)
#error IS_ON does not work in #if
#endif
END
is_on() {
	in_dir is_on defconfig && awk -f scripts/config.awk "$(config is_on)" \
		>"$work/config.h" &&
		$CC -std=c11 -Wall -Wextra -Wpedantic -Wundef -Werror \
			-include "$work/config.h" -c -o /dev/null "$work/is_on.c"
}
ok "IS_ON is 1, 0 and clean under -Wundef -Wpedantic" is_on

kconfigs=$(echo Kconfig ./*/Kconfig ./*/*/Kconfig)
ranges() {
	awk '/^config / { name = $2; number = 0 }
		/^\tint/ { number = 1; facts[name] = 0 }
		!number { next }
		/^\trange/ { facts[name] += 1 }
		/^\tdefault/ { facts[name] += 10 }
		/bytes|[KM]i?B|[Cc]osts/ { cost[name] = 100 }
		END {
			for (name in facts)
				if (facts[name] + cost[name] != 111) {
					print name ": range, default or cost?"
					bad = 1
				}
			exit bad
		}' $kconfigs
}
ok "each number has a range, a default and its cost" ranges

# Symbols: each has a user, and each that is used exists.
sed -n 's/^config \([A-Z0-9_]*\)$/CONFIG_\1/p' $kconfigs |
	sort -u >"$work/known"
# but for the kernel's own, and CONFIG_ARCH_TARGET_NAMES of a comment
kernels='CONFIG_(ARCH_TARGET_NAMES|32BIT|BPF_EVENTS|BPF_SYSCALL|FUTEX|PERF_EVENTS)'
kernels="$kernels|CONFIG_(PID_NS|PROC_CHILDREN|UPROBES|UPROBE_EVENTS)"
{
	grep -rhoE '\bCONFIG_[A-Z0-9_]+' core arch port trace heap record report tools \
		--include='*.[ch]' --exclude=kernel_options.c |
		grep -vxE "$kernels"
	grep -rhoE '[(]CONFIG_[A-Z0-9_]+' Makefile core arch port trace heap record tools \
		examples --include=Makefile --include='*.mk' | tr -d '(' |
		grep -v '_$' # a target's name follows
	# in Kconfig itself: if X, depends on X && !Y
	sed -n 's/^.* if //p; s/^.*depends on //p' $kconfigs |
		grep -oE '\b[A-Z0-9_]+\b' | sed -n '/[A-Z]/s/^/CONFIG_/p' |
		grep -Fx -f "$work/known"
} | sort -u >"$work/used"
comm -23 "$work/known" "$work/used" | grep -v \
	-e CONFIG_OPTIMIZE_SPEED -e CONFIG_RECORD_PLAIN -e '^CONFIG_ARCH_.*_NAMES$' \
	>"$work/unused"
comm -13 "$work/known" "$work/used" >"$work/unknown"
ok "each symbol of Kconfig is used" empty "$work/unused"
ok "each symbol that is used is in Kconfig" empty "$work/unknown"

done_testing
