#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# run.sh [GUEST...] - the capture on kernels of the other targets, in qemu.
#
#   mipsel       Debian's 4kc-malta kernel
#   mips         big-endian: $GUEST_KERNEL_BE (.xz accepted; "none" leaves this
#                guest out), or built from linux-source by kernel-be.sh
#   arm64        Debian's cloud kernel, two CPUs
#   arm64-pac    the same, with pointer authentication
#   x86_64-5.10 x86_64-6.1 x86_64-6.12 arm64-5.10   Debian's cloud kernels of 11, 12
#                and 12's backports: the walk in the kernel alone (walk_plan)
#
# Each boots with init.c, the tools and two targets in its initramfs: leaky.c
# under each way of capture and by memleak_dwunw_user, and tests/libdw_bpf's
# target.c under the tools of examples/libdw_bpf where Debian has libbpf for it.
# check.pl judges what the console shows.
#
#   mipsel-recorded mips-recorded arm64-recorded   record a program that is stripped,
#                and desk.pl reports the recordings here, with its unstripped files
#
#   mipsel-router   the commands of doc/router.md: those of the device in the guest, by
#                busybox and the program that the page builds, the others by router.pl
#
# Kernels are kept in build/cache/guests with their SHA-256 and are fetched or
# built when they are not there; DWUNW_OFFLINE=1 skips those guests instead.
# No root, no KVM, no network in the guest. GUEST_ONLY_LEAKS=1: dwunw leaks alone;
# GUEST_ONLY_WALK=1: the walk in the kernel alone, GUEST_PAIRS of them (5000);
# GUEST_ONLY_INSIDE=1: the recorder inside programs alone (inside_plan);
# GUEST_ONLY_COST=1: instructions of a pair of malloc and free, by each way (cost_plan).
# Then the guest has one processor whose clock is the count of its instructions, a
# nanosecond each, so figures do not depend on this machine and its load.
set -u

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
top=$PWD
MAKE=${MAKE:-make}
CLANG=${CLANG:-clang}
built=${ROOT:-$top/build}/guests
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

# --- programs ----------------------------------------------------------------

# bpf_object SOURCE: $dir/NAME.bpf.o
bpf_object() {
	bpf=bpfel target=$arch
	case $arch in
	mips32eb) bpf=bpfeb target=mips32 ;;
	mips32el) target=mips32 ;;
	esac
	$CLANG -std=gnu11 -O2 -g -target $bpf -mcpu=v3 -ffreestanding \
		-Wall -Wextra -Werror -Iinclude -Ibpf -Itests/walk -idirafter \
		"/usr/include/$(gcc -print-multiarch)" \
		"-DDWUNW_TARGET=$target" \
		-c "$1.bpf.c" -o "$dir/${1##*/}.bpf.o"
}

# walk_programs ARCH TRIPLE DEFCONFIG: what walk_plan() needs. On x86_64, too, our
# own loader in a static program, which tells how much the kernel verified.
walk_programs() {
	dir=$built/$1
	set -- "$1" "$2" "$3" "$MAKE" ARCH="$1" O="$built" \
		CROSS_COMPILE="$2-" CC="$2-gcc" CXX="$2-g++" AR="$2-ar" \
		NM="$2-nm" SIZE="$2-size" SANITIZE= \
		DEFCONFIG=port/linux/defconfig
	arch=$1 triple=$2 config=$3
	shift 3
	[ "$arch" != x86_64 ] || set -- "$@" LDFLAGS=-static DWUNW_LIBBPF=n
	[ -f "$dir/.config" ] || "$@" "$config" || return 1
	"$@" all && walk_check
}

walk_check() {
	flags="-std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -static"
	bpf_object tests/walk/check || return 1
	# shellcheck disable=SC2086 # a list
	$triple-gcc $flags tests/guests/init.c -o "$dir/init" &&
		$triple-gcc $flags -funwind-tables tests/guests/leaky.c \
			-o "$dir/leaky" &&
		$triple-gcc $flags -Iinclude -Ibpf -Itests/walk \
			tests/walk/check.c "$dir/libdwunw-trace.a" \
			"$dir/libdwunw.a" -pthread -o "$dir/check" &&
		$triple-gcc -O2 -static -funwind-tables -fomit-frame-pointer \
			tests/walk/odd.c -pthread -ldl -o "$dir/odd"
}

# inside_programs ARCH TRIPLE DEFCONFIG: what inside_plan() needs: the recorder with
# both libraries, and programs for it that are stripped of all. $dir/inside has them
# as they were before, for the report.
inside_programs() {
	dir=$built/$1
	set -- "$1" "$2" "$3" "$MAKE" ARCH="$1" CROSS_COMPILE="$2-" CC="$2-gcc" \
		CXX="$2-g++" AR="$2-ar" NM="$2-nm" SIZE="$2-size" SANITIZE=
	arch=$1 triple=$2 config=$3
	shift 3
	flags="-std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE"
	set -- "$@" O="$built" DEFCONFIG=port/linux/defconfig
	[ -f "$dir/.config" ] || "$@" "$config" || return 1
	"$@" all || return 1
	inside_built
}

# … of which `programs` has made the tool.
inside_built() {
	small=port/inproc/defconfig
	[ "$arch" != arm64 ] || small=port/linux/defconfig
	$MAKE ARCH="$arch" CC=musl-gcc O="$built/musl" DEFCONFIG=$small SANITIZE= \
		"$built/musl/$arch/libdwunw-preload.so" || return 1
	musl=$(env -u CC scripts/musl "$arch") || return 1
	rm -rf "$dir/inside" && mkdir -p "$dir/inside" || return 1
	linker=-Wl,-dynamic-linker,/lib/ld-musl.so.1
	no_cfi="-Os -fno-unwind-tables -fno-asynchronous-unwind-tables"
	plain="-O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE"
	# shellcheck disable=SC2086 # lists
	for part in "$dir/inside/inside-%" "$dir/inside/plugin-%.so -DPLUGIN -shared -fPIC"; do
		$triple-gcc $plain tests/guests/inside.c -pthread -ldl \
			-o $(echo "$part" | sed s/%/glibc/) || return 1
		$musl $plain $no_cfi tests/guests/inside.c $linker \
			-o $(echo "$part" | sed s/%/musl/) || return 1
	done
	for name in inside-glibc inside-musl plugin-glibc.so plugin-musl.so; do
		tests/sstrip.pl "$dir/inside/$name" "$dir/inside-$name" || return 1
	done
	tests/sstrip.pl "${musl%/bin/*}/lib/libc.so" "$dir/libc-musl" &&
		$triple-gcc -O2 -w tests/inproc/pairs.c -pthread -o "$dir/pairs" &&
		$triple-gcc -std=gnu11 -O2 -D_GNU_SOURCE -static tests/guests/init.c \
			-o "$dir/init" || return 1
	loader=$("$triple-readelf" -l "$dir/inside/inside-glibc" |
		sed -n 's,.*interpreter: /\(.*\)\],\1,p')
	mkdir -p "$dir/inside/lib" "$dir/inside/${loader%/*}" &&
		cp "${musl%/bin/*}/lib/libc.so" "$dir/inside/lib/ld-musl.so.1" || return 1
	for file in "$loader" lib/libc.so.6; do
		from=$($triple-gcc -print-file-name="${file##*/}")
		echo "$file=$from"
		cp "$from" "$dir/inside/$file" || return 1
	done >"$dir/inside/shared"
}

# programs ARCH TRIPLE DEFCONFIG: the tool and the programs of the tests. A router's
# configuration has no reports, so no leak tools: the full one.
programs() {
	dir=$built/$1
	set -- "$1" "$2" "$3" "$MAKE" ARCH="$1" O="$built" \
		CROSS_COMPILE="$2-" CC="$2-gcc" CXX="$2-g++" AR="$2-ar" \
		NM="$2-nm" SIZE="$2-size" SANITIZE= \
		DEFCONFIG=port/linux/defconfig
	arch=$1 triple=$2 config=$3
	shift 3
	[ -f "$dir/.config" ] || "$@" "$config" || return 1
	"$@" all bpf_memleak memleak_bcc_dwunw || return 1
	bpf_object tests/live/returns && bpf_object examples/libdw_bpf/uprobe &&
		walk_check || return 1
	# shellcheck disable=SC2086 # a list
	$triple-gcc $flags -Iinclude -Ibpf tests/live/probe.c \
		"$dir/libdwunw-trace.a" "$dir/libdwunw.a" -o "$dir/probe" ||
		return 1
	musl_programs leaky && target_programs && libdw_programs "$@" &&
		inside_built || return 1
	[ "$arch" != arm64 ] || signed_programs
}

# recorded_programs ARCH TRIPLE DEFCONFIG: what record_plan() needs.
recorded_programs() {
	dir=$built/$1
	set -- "$1" "$2" "$3" "$MAKE" ARCH="$1" O="$built" \
		CROSS_COMPILE="$2-" CC="$2-gcc" CXX="$2-g++" AR="$2-ar" \
		NM="$2-nm" SIZE="$2-size" SANITIZE= \
		DEFCONFIG=port/linux/defconfig
	arch=$1 triple=$2 config=$3
	shift 3
	flags="-std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -static"
	[ -f "$dir/.config" ] || "$@" "$config" || return 1
	# shellcheck disable=SC2086 # a list
	"$@" "$dir/dwunw" && musl_programs recorded &&
		$triple-gcc $flags tests/guests/init.c -o "$dir/init"
}

# router_programs ARCH TRIPLE DEFCONFIG: what router_plan() needs. dwunw is built as the
# page says, in a tree of links, where musl-gcc is the target's.
router_programs() {
	recorded_programs "$@" || return 1
	tests/guests/router.pl prepare "$dir/router" || return 1
	busybox=$(tests/cross/package mipsel busybox-static) || return 1
	cp "$busybox/bin/busybox" "$dir/busybox" || return 1
	mkdir -p "$dir/router/tree/build" "$dir/router/bin" || return 1
	ln -sfn "$musl" "$dir/router/bin/musl-gcc"
	ln -sfn "$top/build/cache" "$dir/router/tree/build/cache"
	for file in "$top"/*; do
		[ "$file" = "$top/build" ] || ln -sfn "$file" "$dir/router/tree/"
	done
	(
		cd "$dir/router/tree" || exit 1
		for name in MAKEFLAGS MAKELEVEL MFLAGS CC CXX AR NM SIZE ARCH O BUILD ROOT EXEC; do
			unset $name
		done
		PATH=$dir/router/bin:$PATH sh -e ../build.sh
	)
}

signed_programs() {
	flags="$flags -funwind-tables -mbranch-protection=standard"
	# shellcheck disable=SC2086 # a list
	$triple-gcc $flags tests/guests/leaky.c -o "$dir/leaky-pac" &&
		$triple-gcc $flags tests/libdw_bpf/target.c -pthread \
			-o "$dir/target-pac"
}

# musl_programs NAME: a program and a libc as OpenWrt ships them: no CFI, no section
# headers. Its symbols stay outside, for --debug-file.
musl_programs() {
	musl=$(env -u CC scripts/musl "$arch") || return 1
	no_cfi="-Os -fno-unwind-tables -fno-asynchronous-unwind-tables"
	# shellcheck disable=SC2086 # a list
	$musl ${flags% -static} $no_cfi "tests/guests/$1.c" \
		-Wl,-dynamic-linker,/lib/ld-musl.so.1 \
		-o "$dir/$1-musl.symbols" &&
		tests/sstrip.pl "$dir/$1-musl.symbols" "$dir/$1-musl" || return 1
	cp "${musl%/bin/*}/lib/libc.so" "$dir/libc-musl.symbols" &&
		tests/sstrip.pl "$dir/libc-musl.symbols" "$dir/libc-musl"
}

# target.c with both libraries, shared and static, and its plugins. $dir/shared
# lists what a shared program of glibc loads.
target_programs() {
	source=tests/libdw_bpf/target.c
	shared=${flags% -static}
	linker=-Wl,-dynamic-linker,/lib/ld-musl.so.1
	# shellcheck disable=SC2086 # lists
	$triple-gcc $shared -funwind-tables -rdynamic $source -pthread \
		-o "$dir/target-glibc" &&
		$triple-gcc $shared -funwind-tables -shared -fPIC -DPLUGIN \
			$source -o "$dir/plugin-glibc.so" &&
		$triple-gcc $flags -funwind-tables $source -pthread \
			-o "$dir/target-glibc-static" &&
		$musl $shared $no_cfi -rdynamic $source $linker \
			-o "$dir/target-musl" &&
		$musl $shared $no_cfi -shared -fPIC -DPLUGIN $source \
			-o "$dir/plugin-musl.so" &&
		$musl $flags $no_cfi $source -o "$dir/target-musl-static" ||
		return 1
	loader=$("$triple-readelf" -l "$dir/target-glibc" |
		sed -n 's,.*interpreter: /\(.*\)\],\1,p')
	for file in "$loader" lib/libc.so.6; do
		echo "$file=$($triple-gcc -print-file-name="${file##*/}")"
	done >"$dir/shared"
}

# The tools of examples/libdw_bpf need libbpf: Debian's, unpacked and linked
# statically. $dir/libdw lists them then; a library of its own configuration is
# below $built/libbpf.
libdw_programs() {
	: >"$dir/libdw"
	case $arch in
	arm64) debian=arm64 ;;
	mips32el) debian=mipsel ;;
	*) return 0 ;;
	esac
	bpf_dev=$(tests/cross/package $debian libbpf-dev) &&
		elf_dev=$(tests/cross/package $debian libelf-dev) &&
		z_dev=$(tests/cross/package $debian zlib1g-dev) || return 0
	tools=$built/libbpf/$arch
	set -- "$@" O="$built/libbpf" DWUNW_LIBBPF=y \
		LIBBPF_CFLAGS="-isystem $bpf_dev/usr/include" \
		LIBBPF_LDLIBS="$bpf_dev/usr/lib/$triple/libbpf.a \
		$elf_dev/usr/lib/$triple/libelf.a \
		$z_dev/usr/lib/$triple/libz.a"
	[ -f "$tools/.config" ] || "$@" defconfig || return 1
	"$@" libdw_bpf || return 1
	for tool in syscall syscall_parallel pwrite64_event uprobe; do
		echo "$tool=$tools/examples/libdw_bpf/$tool"
	done >"$dir/libdw"
}

# --- one guest -----------------------------------------------------------------

# A sample of perf alone brings 16 KiB of stack along, used or not: the whole run
# fits its buffer, so that a slow host loses none.
memleak() {
	room=
	[ "$2" != perf ] || room=" --ring-size 4194304"
	echo "/$1 /memleak_user -p PID -d 600 --capture $2$room"
}

# libdw_run TOOL LIBC MODE [ARGUMENT...]: a tool of examples/libdw_bpf
libdw_run() {
	case $1 in
	syscall*) call=$blocking ;;
	uprobe) call="/target-$2 probe_me" ;;
	*) call= ;;
	esac
	what=/target-$2,$3,/plugin-$2.so
	run=$1:$2:$3 tool=$1
	shift 3
	echo "run libdw:$run${1:+:$1} $what /$tool ${1:+$1 }PID 0 $call"
}

# Each situation of target.c. A static program loads no plugin.
libdw_plan() {
	for mode in plain signal thread plugin fork exec; do
		for libc in glibc musl glibc-static musl-static; do
			case $mode,$libc in
			plugin,*-static) ;;
			*) libdw_run syscall $libc $mode ;;
			esac
		done
		libdw_run pwrite64_event musl $mode
		libdw_run uprobe musl $mode
	done
	libdw_run pwrite64_event glibc thread
	libdw_run uprobe glibc thread
	libdw_run syscall glibc-static signal --regs=stack
	libdw_run pwrite64_event glibc-static signal --regs=stack
	libdw_run syscall_parallel glibc thread
}

# Where there is no libbpf, and for signed addresses, the program of uprobe
# alone, by probe.c.
probed_plan() {
	for what in glibc-static,plain glibc-static,signal glibc-static,thread \
		musl,plugin musl,signal; do
		libc=${what%,*} mode=${what#*,}
		echo "run probed:$libc:$mode /target-$what,/plugin-musl.so" \
			"/probe /uprobe.bpf.o PID /target-$libc 600" \
			on_call=probe_me
	done
}

# dwunw leaks by copies and by the walk in the kernel: the same leaks.
leaks_plan() {
	leaks="PID --mode=force -o 0 -i 600s --stats"
	for walk in copy kernel auto; do
		echo "run leaks-$walk /leaky /dwunw leaks --walk=$walk $leaks"
	done
	for walk in copy kernel; do
		echo "run leaks-musl-$walk /leaky-musl /dwunw leaks" \
			"--walk=$walk $leaks --debug-file /leaky-musl.symbols"
	done
	echo "jit 0"
	echo "run leaks-kernel-interpreted /leaky /dwunw leaks --walk=kernel" \
		"$leaks"
	echo "jit 1"
}

# On the device, from stripped files: a report with symbols given, and a recording of
# that run; a recording without names; one of a minute.
record_plan() {
	# 25 a second: what a stack costs is bounded (a 10th of the time and 2 s)
	echo "run recorded-live /recorded,20,25 /dwunw leaks PID -T 1000 -o 0" \
		"-i 600s --ring-size 8M --debug-file /recorded.symbols" \
		"--json=/live.json --record /live.dwr"
	echo "run recorded-bare /recorded,20,25 /dwunw record --no-names" \
		"-i 600s --ring-size 8M -o /bare.dwr -p PID"
	echo "run recorded-minute /recorded,60,1000 /dwunw record --no-names" \
		"--ring-size 8M -o /minute.dwr -p PID"
	for file in live.dwr live.json bare.dwr minute.dwr; do
		echo "send $file"
	done
}

# doc/router.md, as a shell on the device runs it.
router_plan() {
	echo "run router-check - /bin/sh -e /check.sh"
	echo "run router-record /usr/sbin/uhttpd,70,50 /bin/sh -e /record.sh"
	echo "run router-leaks /usr/sbin/uhttpd,5,20 /bin/sh -e /leaks.sh"
	echo "send tmp/uhttpd.dwr"
}

# Each walk of the kernel beside the walk over a copy of the same moment; leaks by
# the walk in the kernel; what both have asked the kernel to verify and to keep.
walk_plan() {
	pairs=${GUEST_PAIRS:-5000}
	# -s: not each of these kernels has the helper for user registers
	echo "run walked - /check -s -f /odd:malloc /check.bpf.o $pairs /odd"
	leaks="PID --mode=force -o 0 -i 600s --stats -v"
	echo "run leaks-kernel-told /leaky /dwunw leaks --walk=kernel $leaks"
	# of init, which allocates nothing: what the maps take at the start
	idle="--mode=force -o 0 -i 600s --stats"
	echo "run start /leaky /dwunw leaks 1 $idle"
	echo "run counted /leaky /dwunw count -v" \
		"-e uprobe:/leaky:make_name -p PID --stats"
	echo "run counted-kprobe /leaky /dwunw count -v -e kprobe:do_mmap" \
		"-p PID --stats"
}

# The recorder inside the program: what stripped programs have left, with a thread and
# a plugin; and what a pair of malloc and free costs, untraced, recorded from inside,
# and by probes.
inside_plan() {
	for libc in glibc musl; do
		tool=/dwunw
		[ $libc = glibc ] || tool=/musl/dwunw
		echo "run inside-$libc - $tool leaks --in-process" \
			"--record /inside-$libc.rec -- /inside-$libc" \
			"/plugin-$libc.so"
		echo "send inside-$libc.rec"
	done
	pairs="/pairs 26 leaf 1 7"
	echo "run pairs-untraced - $pairs 20000"
	echo "run pairs-inside - /dwunw leaks --in-process --record /pairs.rec" \
		"-- $pairs 5000"
	echo "run pairs-sampled - /dwunw leaks --in-process --record /pairs.rec" \
		"--sample-bytes 512K -- $pairs 20000"
	echo "run pairs-probes - /dwunw leaks -o 0 -- /pairs 26 leaf 1 3 100"
}

# In instructions, kernel included: a pair of malloc and free 26 calls deep, untraced, by
# each way of a probe, by samples, and recorded from inside.
cost_plan() {
	pairs="/pairs 26 leaf 1 3"
	probes="/dwunw leaks -o 0 -i 600s --mode=force"
	echo "run cost-untraced - $pairs 2000"
	echo "run cost-perf - $probes --no-bpf --ring-size 4194304 -- $pairs 60"
	echo "run cost-copy - $probes --walk=copy -- $pairs 60"
	echo "run cost-kernel - $probes --walk=kernel -- $pairs 60"
	echo "run cost-sampled - $probes --sample-bytes 512K -- $pairs 200"
	echo "run cost-inside - /dwunw leaks --in-process --record /cost.rec -- $pairs 500"
	echo "run cost-inside-sampled - /dwunw leaks --in-process --record /cost.rec" \
		"--sample-bytes 512K -- $pairs 2000"
}

# What init does: a process looked at while it waits; the ways of capture, with
# BPF interpreted and, where there is one, by its compiler; uretprobes on outer
# functions; the other tools.
plan() {
	[ -z "${GUEST_ONLY_LEAKS:-}" ] || {
		leaks_plan
		return
	}
	[ -z "${GUEST_ONLY_WALK:-}" ] || {
		walk_plan
		return
	}
	[ -z "${GUEST_ONLY_COST:-}" ] || {
		cost_plan
		return
	}
	[ -z "${GUEST_ONLY_INSIDE:-}" ] || {
		inside_plan
		return
	}
	[ "$name" = "${name%-recorded}" ] || {
		record_plan
		return
	}
	[ "$name" = "${name%-router}" ] || {
		router_plan
		return
	}
	probe='/leaky /probe /returns.bpf.o PID /leaky 600'
	echo "run live /leaky /dwunw stack PID"
	echo "jit 0"
	for how in bpf-ring bpf-perf perf; do
		echo "run $how $(memleak leaky "$how")"
	done
	echo "jit 1"
	for how in bpf-ring bpf-perf; do
		echo "run $how-jit $(memleak leaky "$how")"
	done
	for how in bpf-ring bpf-perf perf; do
		echo "run musl-$how $(memleak leaky-musl "$how")" \
			"--debug-file /leaky-musl.symbols"
	done
	noted=
	for outer in serve open_session make_session; do
		noted="$noted note=$outer drop=$outer@return"
	done
	echo "run returns-noted $probe$noted at_entry=make_name"
	echo "run returns-not-noted $probe nothing=open_session@return" \
		"nothing=make_session@return at_entry=make_name"
	bcc="/memleak_dwunw_user -o 0 --dwunw-mode=force --stats"
	bcc="$bcc --debug-file /leaky-musl.symbols"
	echo "run musl-bcc /leaky-musl $bcc -p PID 600"
	echo "run musl-bcc-command - $bcc -c /leaky-musl 600"
	leaks_plan
	walk_plan
	inside_plan
	if [ -s "$dir/libdw" ] && [ "$target" = leaky ]; then
		libdw_plan
	else
		probed_plan
	fi
}

# What inside_plan() needs; where a file comes twice, it is the same.
files_of_inside() {
	echo "libdwunw-preload.so=$dir/libdwunw-preload.so"
	echo "musl/dwunw=$dir/dwunw"
	echo "musl/libdwunw-preload.so=$built/musl/$arch/libdwunw-preload.so"
	for file in inside-glibc inside-musl plugin-glibc.so plugin-musl.so; do
		echo "$file=$dir/inside-$file"
	done
	echo "pairs=$dir/pairs"
	echo "lib/ld-musl.so.1=$dir/libc-musl"
	cat "$dir/inside/shared"
}

# What the guest has beside what walk_plan() needs.
files_of_all() {
	echo "probe=$dir/probe"
	echo "memleak_user=$dir/examples/bpf_memleak/memleak_user"
	echo "leaky-musl=$dir/leaky-musl"
	echo "lib/ld-musl.so.1=$dir/libc-musl"
	echo "leaky-musl.symbols=$dir/leaky-musl.symbols"
	echo "memleak_dwunw_user=$dir/examples/memleak_bcc_dwunw/memleak_dwunw_user"
	echo "returns.bpf.o=$dir/returns.bpf.o"
	echo "uprobe.bpf.o=$dir/uprobe.bpf.o"
	echo "target-glibc-static=$dir/$static"
	for file in target-glibc plugin-glibc.so target-musl-static target-musl \
		plugin-musl.so; do
		echo "$file=$dir/$file"
	done
	cat "$dir/shared" "$dir/libdw"
}

files_of_recorded() {
	printf '%s\n' "init=$dir/init" "dwunw=$dir/dwunw" "plan=$work/plan" \
		"lib/ld-musl.so.1=$dir/libc-musl" "recorded=$dir/recorded-musl" \
		"recorded.symbols=$dir/recorded-musl.symbols"
}

files_of_router() {
	printf '%s\n' "init=$dir/init" "plan=$work/plan" \
		"bin/dwunw=$dir/router/tree/build/mips32el/dwunw" \
		"bin/sh=$dir/busybox" "bin/pidof=$dir/busybox" \
		"lib/ld-musl.so.1=$dir/libc-musl" "usr/sbin/uhttpd=$dir/recorded-musl"
	for block in check record leaks; do
		echo "$block.sh=$dir/router/$block.sh"
	done
}

# The files of a guest, as DESTINATION=SOURCE.
files() {
	if [ "$name" != "${name%-router}" ]; then
		files_of_router
		return
	fi
	if [ "$name" != "${name%-recorded}" ]; then
		files_of_recorded
		return
	fi
	if [ -n "${GUEST_ONLY_INSIDE:-}" ]; then
		printf '%s\n' "init=$dir/init" "dwunw=$dir/dwunw" "plan=$work/plan"
		files_of_inside
		return
	fi
	for file in init dwunw check check.bpf.o odd; do
		echo "$file=$dir/$file"
	done
	echo "leaky=$dir/$target"
	echo "plan=$work/plan"
	[ -n "${GUEST_ONLY_WALK:-}" ] || { files_of_all && files_of_inside; } | sort -u
}

# boot NAME KERNEL DIR TARGET QEMU...: adds check.pl's lines to $work/tap
boot() {
	name=$1 kernel=$2 dir=$3 target=$4
	blocking=poll static=target-glibc-static
	[ "$target" = leaky ] || static=target-pac
	case $kernel in arm64*) blocking=ppoll ;; esac
	shift 4
	image=$(kernel "$kernel") || {
		echo "ok - $name # SKIP no kernel for it" >>"$work/tap"
		return
	}
	(plan) >"$work/plan"
	[ -z "${GUEST_ONLY_COST:-}" ] ||
		set -- "$@" -smp 1 -icount shift=0,sleep=off -rtc clock=vm
	# shellcheck disable=SC2046 # a list
	tests/guests/cpio.pl "$work/initramfs" $(files) || return 1
	start=$(date +%s.%N)
	timeout -k 5 "$timeout" "$@" -nographic -no-reboot -nic none \
		-kernel "$image" -initrd "$work/initramfs" \
		</dev/null >"$work/console" 2>&1 &
	qemu=$!
	wait $qemu
	qemu=
	end=$(date +%s.%N)
	[ -n "${GUEST_ONLY_WALK:-}${GUEST_ONLY_INSIDE:-}" ] ||
		[ "$name" != "${name%-recorded}" ] ||
		[ "$name" != "${name%-router}" ] || [ -s "$dir/libdw" ] ||
		echo "ok - $name: tools with libbpf # SKIP none for it here" \
			>>"$work/tap"
	cp "$work/console" "$built/$name.log"
	INSIDE=$dir/inside BUILD=${BUILD:-$top/build/$(uname -m)} \
		tests/guests/check.pl "$name" "$work/console" "$work/plan" \
		>>"$work/tap"
	! grep -q '^run recorded' "$work/plan" ||
		tests/guests/desk.pl "$name" "$work/console" "$dir" "$work" \
			"${BUILD:-$top/build/$(uname -m)}/dwunw" >>"$work/tap"
	! grep -q '^run router' "$work/plan" ||
		tests/guests/router.pl check "$name" "$work/console" "$dir" "$work" \
			"${BUILD:-$top/build/$(uname -m)}/dwunw" >>"$work/tap"
	awk -v name="$name" -v a="$start" -v b="$end" \
		'BEGIN { printf "# %s: %.1f s\n", name, b - a }' >>"$work/tap"
}

build() {
	maker=programs
	[ -z "${GUEST_ONLY_WALK:-}" ] || maker=walk_programs
	[ -z "${GUEST_ONLY_COST:-}" ] || GUEST_ONLY_INSIDE=1
	[ -z "${GUEST_ONLY_INSIDE:-}" ] || maker=inside_programs
	[ "$name" = "${name%-recorded}" ] || maker=recorded_programs
	[ "$name" = "${name%-router}" ] || maker=router_programs
	$maker "$@" >"$work/build.log" 2>&1 && return 0
	sed 's/^/# /' "$work/build.log" >>"$work/tap"
	echo "not ok - $1: its programs compile" >>"$work/tap"
	return 1
}

line='rdinit=/init panic=-1 quiet console='
guest() {
	case $1 in
	mipsel | mipsel-recorded | mipsel-router)
		build mips32el mipsel-linux-gnu defconfig &&
			boot "$1" mipsel "$built/mips32el" leaky \
				qemu-system-mipsel -M malta -m 256 -vga none \
				-append "${line}ttyS0" ;;
	mips | mips-recorded)
		build mips32eb mips-linux-gnu defconfig &&
			boot "$1" mips "$built/mips32eb" leaky \
				qemu-system-mips -M malta -cpu 24Kc -m 256 \
				-vga none -append "${line}ttyS0" ;;
	arm64 | arm64-recorded)
		build arm64 aarch64-linux-gnu defconfig &&
			boot "$1" arm64 "$built/arm64" leaky \
				qemu-system-aarch64 -M virt -cpu cortex-a57 \
				-smp 2 -m 512 -append "${line}ttyAMA0" ;;
	arm64-pac)
		build arm64 aarch64-linux-gnu defconfig &&
			boot arm64-pac arm64 "$built/arm64" leaky-pac \
				qemu-system-aarch64 -M virt \
				-cpu max,pauth-impdef=on -m 512 \
				-append "${line}ttyAMA0" ;;
	arm64-5.10)
		GUEST_ONLY_WALK=1
		build arm64 aarch64-linux-gnu defconfig &&
			boot "$1" "$1" "$built/arm64" leaky \
				qemu-system-aarch64 -M virt -cpu cortex-a57 \
				-smp 2 -m 512 -append "${line}ttyAMA0" ;;
	x86_64-*)
		# behind a cmpxchg16b of qemu 7.2 a 6.12 kernel once had flags that
		# were half of an address, and a double fault
		GUEST_ONLY_WALK=1
		build x86_64 x86_64-linux-gnu defconfig &&
			boot "$1" "$1" "$built/x86_64" leaky \
				qemu-system-x86_64 -M q35 -cpu max,cx16=off -smp 2 \
				-m 512 -vga none -append "${line}ttyS0" ;;
	*)
		echo "run.sh: no guest $1" >&2
		exit 2 ;;
	esac
}

: >"$work/tap"
for name in ${*:-mipsel mips arm64 arm64-pac mipsel-recorded mips-recorded arm64-recorded \
	mipsel-router}; do
	before=$(wc -l <"$work/tap")
	guest "$name"
	tail -n +$((before + 1)) "$work/tap" | grep '^#  *[a-z]*.*: .* s$' >&2
done
# numbered, behind the plan
awk '/^(not )?ok/ { count++ } END { print "1.." count + 0 }' "$work/tap"
awk '/^(not )?ok - / { sub(/ok - /, "ok " ++count " - ") } { print }' "$work/tap"
! grep -q '^not ok' "$work/tap"
