#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# check.sh [GUEST...] - `dwunw check` on each kernel of kernels.sh beside the truth about
# it, which is in two sources: the file of the kernel's options, and whether dwunw leaks
# finds leaky.c's leaks by that way. Twice on each kernel: with that file in /boot, and
# without it, where check tries the options (check_ways.pl judges).
#
# The tool is the small one, static, of each target. No root, no KVM, no network.
set -u

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
top=$PWD
MAKE=${MAKE:-make}
built=${ROOT:-$top/build}/guests/check
timeout=${GUEST_TIMEOUT:-600}
mkdir -p "$built"
work=$(mktemp -d) || exit 1
qemu=
clean_up() {
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
. tests/guests/kernels.sh

# small ARCH TRIPLE: $dir/dwunw and what runs beside it
small() {
	arch=$1 triple=$2 dir=$built/$1
	set -- "$MAKE" ARCH="$arch" O="$built" CROSS_COMPILE="$triple-" \
		CC="$triple-gcc" CXX="$triple-g++" AR="$triple-ar" NM="$triple-nm" \
		SIZE="$triple-size" SANITIZE= DWUNW_LIBBPF=n LDFLAGS=-static
	[ -f "$dir/.config" ] || "$@" small_defconfig || return 1
	flags="-std=gnu11 -O2 -g -Wall -Wextra -D_GNU_SOURCE -static"
	# shellcheck disable=SC2086 # a list
	"$@" "$dir/dwunw" &&
		$triple-gcc $flags tests/guests/init.c -o "$dir/init" &&
		$triple-gcc $flags -funwind-tables tests/guests/leaky.c -o "$dir/leaky"
}

# The same three ways as check's, on a program whose leaks are known.
plan() {
	leaks="PID --mode=force -o 0 -i 600s"
	echo "run told - /dwunw check -v"
	[ ! -s "$work/config" ] || {
		echo "forget boot/config-$release"
		echo "run tried - /dwunw check"
	}
	echo "run kernel /leaky /dwunw leaks --walk=kernel $leaks"
	echo "run copy /leaky /dwunw leaks --walk=copy $leaks"
	echo "run perf /leaky /dwunw leaks --no-bpf --ring-size 4194304 $leaks"
}

# boot NAME ARCH TRIPLE QEMU...
boot() {
	name=$1
	image=$(kernel "$name") || {
		echo "ok - $name # SKIP no kernel for it" >>"$work/tap"
		return
	}
	small "$2" "$3" >"$work/log" 2>&1 || {
		tail -n 20 "$work/log" | sed 's/^/# /' >>"$work/tap"
		echo "not ok - $name: its programs compile" >>"$work/tap"
		return
	}
	shift 3
	: >"$work/config"
	config=$(kernel_config "$name")
	[ -z "$config" ] || cp "$config" "$work/config"
	release=$(sed -n 's/^# release //p' "$work/config")
	set_files=
	[ -z "$release" ] || set_files="boot/config-$release=$work/config"
	plan >"$work/plan"
	# shellcheck disable=SC2086 # a list
	tests/guests/cpio.pl "$work/initramfs" "init=$dir/init" "dwunw=$dir/dwunw" \
		"leaky=$dir/leaky" "plan=$work/plan" $set_files || return 1
	timeout -k 5 "$timeout" "$@" -nographic -no-reboot -nic none \
		-kernel "$image" -initrd "$work/initramfs" \
		</dev/null >"$work/console" 2>&1 &
	qemu=$!
	wait $qemu
	qemu=
	cp "$work/console" "$built/$name.log"
	tests/guests/check_ways.pl "$name" "$work/console" "$work/config" >>"$work/tap"
}

line='rdinit=/init panic=-1 quiet console='
guest() {
	case $1 in
	mipsel) boot "$1" mips32el mipsel-linux-gnu qemu-system-mipsel -M malta -m 256 \
		-vga none -append "${line}ttyS0" ;;
	mips | mips-5.10 | mips-bare)
		boot "$1" mips32eb mips-linux-gnu qemu-system-mips -M malta -cpu 24Kc \
			-m 256 -vga none -append "${line}ttyS0" ;;
	arm64*) boot "$1" arm64 aarch64-linux-gnu qemu-system-aarch64 -M virt \
		-cpu cortex-a57 -m 512 -append "${line}ttyAMA0" ;;
	x86_64-*) boot "$1" x86_64 x86_64-linux-gnu qemu-system-x86_64 -M q35 \
		-cpu max,cx16=off -m 512 -vga none \
		-append "${line}ttyS0 no_timer_check" ;;
	*)
		echo "check.sh: no guest $1" >&2
		exit 2 ;;
	esac
}

: >"$work/tap"
for name in ${*:-x86_64-5.10 x86_64-6.1 x86_64-6.12 arm64-5.10 arm64 mipsel mips \
	mips-5.10 mips-bare}; do
	guest "$name"
done
awk '/^(not )?ok/ { count++ } END { print "1.." count + 0 }' "$work/tap"
awk '/^(not )?ok - / { sub(/ok - /, "ok " ++count " - ") } { print }' "$work/tap"
! grep -q '^not ok' "$work/tap"
