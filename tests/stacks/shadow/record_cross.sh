#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Records stacks of programs of the other targets, under qemu-user, with their
# true chains, into $BUILD/stacks/cross: TARGET-KIND-NAME.snap each.
#
#	BUILD=dir tests/stacks/shadow/record_cross.sh [TARGET...]
#
# TARGET is arm64, mips32el or mips32eb. KIND is `full` for programs built
# wholly with -funwind-tables that hardly enter libc; their samples are taken
# below main(), from instruction 20,000 on, when they are set up; among them are
# the same program without section headers, with .debug_frame alone and with
# musl. `plain` are the others, as compilers build them by default.
# Recordings are kept as record.sh keeps them. JOBS (2) run at a time.
#
# shellcheck disable=SC2317 # spawn calls by name

set -eu
here=$(cd "$(dirname "$0")" && pwd)
stacks=$(dirname "$here")
BUILD=$(mkdir -p "${BUILD:-build/stacks-test}" && cd "${BUILD:-build/stacks-test}" && pwd)
JOBS=${JOBS:-2}
[ $# -gt 0 ] || set -- arm64 mips32el mips32eb
dir=$BUILD/stacks/cross
bin=$dir/bin
input=$dir/input
mkdir -p "$bin" "$input"
export LC_ALL=C

# shellcheck source=tests/stacks/shadow/recording.sh
. "$here/recording.sh"

make_plugin shadow_lr.so plugin_lr.c

# the 32-bit guests' memory begins where qemu is told, so that it is known
base=0x10000000

choose()
{
	target=$1
	based=
	case $1 in
	arm64) triple=aarch64-linux-gnu qemu=qemu-aarch64 ;;
	mips32el) triple=mipsel-linux-gnu qemu=qemu-mipsel ;;
	mips32eb) triple=mips-linux-gnu qemu=qemu-mips ;;
	*) die "no target $1" ;;
	esac
	[ "$1" = arm64 ] || based="base=$base,"
	[ "$1" = arm64 ] || qemu="$qemu -B $base"
	version=$(${qemu%% *} --version 2>/dev/null |
		sed -n '1s/.*version \([0-9]*\.[0-9]*\).*/\1/p')
	[ "$version" = 7.2 ] ||
		die "needs ${qemu%% *} 7.2 (Debian 12: qemu-user), found '${version:-none}'"
	command -v "$triple-g++" > /dev/null || die "needs $triple-g++"
}

# PROGRAM: main() minus the entry point
main_offset()
{
	entry=$(readelf -hW "$1" | sed -n 's/.*Entry point address: *//p')
	main=$(nm "$1" | sed -n 's/ T main$//p')
	printf '%u' $((0x$main - entry))
}

# NAME PERIOD STEPS SAMPLES QEMU-OPTIONS COMPILER ARGS...
record_one()
{
	one=$target-$1 one_options="period=$2,steps=$3,samples=$4"
	one_qemu="$qemu -L /usr/$triple $5"
	shift 5
	build "$one" "$@" || return 1
	one_options="$based$one_options,main=$(main_offset "$bin/$one")"
	case $one in
	*-full-*) one_options=$one_options,within=1,skip=20000 ;;
	esac
	record_with "$one" "$one_qemu" "$one_options" "$bin/$one"
}

# NAME OF PERIOD STEPS SAMPLES QEMU-OPTIONS: a program that is built
# already, without section headers.
record_bare()
{
	one=$target-$1 one_options="period=$3,steps=$4,samples=$5"
	one_qemu="$qemu -L /usr/$triple $6"
	"$stacks/../sstrip.pl" "$bin/$target-$2" "$bin/$one.new" > "$bin/$one.cut" &&
		if cmp -s "$bin/$one.new" "$bin/$one"; then
			rm "$bin/$one.new"
		else
			mv "$bin/$one.new" "$bin/$one"
		fi || return 1
	one_options="$based$one_options,main=$(main_offset "$bin/$target-$2")"
	record_with "$one" "$one_qemu" \
		"$one_options,within=1,skip=20000" "$bin/$one"
}

# NAME PERIOD STEPS SAMPLES QEMU-OPTIONS COMPILER ARGS...
both()
{
	name=$1
	shift
	spawn record_one "$name" "$@"
	spawn record_one "$name-static" "$@" -static
}

# Names bound at the start: nothing of ld.so's resolver is in these chains.
now="-E LD_BIND_NOW=1"

record_full()
{
	p=$stacks/programs
	cc="$triple-gcc -std=gnu11 -funwind-tables -fomit-frame-pointer"
	cxx="$triple-g++ -funwind-tables -fomit-frame-pointer"
	own="-D_GNU_SOURCE -DOWN_OBJECTS"
	# shellcheck disable=SC2086 # commands
	{
		both full-chains 1200 200000000 8000 "$now" \
			$cc -O2 "$p/chains.c"
		spawn record_one full-sparks 1500 200000000 8000 "$now" \
			$cxx $own -O2 "$p/sparks.cc"
		spawn record_one full-sparks-static 1500 200000000 8000 \
			"$now" $cxx -O2 "$p/sparks.cc" -static
		spawn record_one full-chains-Os 1200 200000000 4000 "$now" \
			$cc -Os "$p/chains.c"
		spawn record_one full-sparks-Os 1500 200000000 8000 "$now" \
			$cxx $own -Os "$p/sparks.cc"
	}
	# shellcheck disable=SC2086 # a command
	spawn record_one full-chains-debug 1200 200000000 4000 "$now" \
		${cc% -funwind*} -O2 -fomit-frame-pointer -g \
		-fno-unwind-tables -fno-asynchronous-unwind-tables \
		"$p/chains.c"
	musl=$(env -u CC scripts/musl "$target")
	# shellcheck disable=SC2086
	spawn record_one full-chains-musl 1200 200000000 4000 "$now" \
		"$musl" ${cc#* } -O2 "$p/chains.c" -static
	[ "$target" = arm64 ] || return 0
	# shellcheck disable=SC2086
	both full-chains-pac 1200 200000000 5000 "$now -cpu max,pauth-impdef=on" \
		$cc -O2 -mbranch-protection=standard "$p/chains.c"
	# shellcheck disable=SC2086
	both full-sparks-pac 1500 200000000 5000 "$now -cpu max,pauth-impdef=on" \
		$cxx -O2 -mbranch-protection=standard "$p/sparks.cc"
}

# Of what record_full() has built.
record_bare_ones()
{
	for linked in '' -static; do
		spawn record_bare "full-chains-bare$linked" \
			"full-chains$linked" 1200 200000000 8000 "$now"
	done
}

record_plain()
{
	m=$stacks/micro
	cc="$triple-gcc -std=gnu11 -pthread -O2"
	cxx="$triple-g++ -O2"
	# shellcheck disable=SC2086 # commands
	{
		both plain-exceptions 8000 100000000 7000 "" \
			$cxx "$stacks/programs/exceptions.cc"
		both plain-throw 400 10000000 3000 "$now" $cxx "$m/throw.cc"
		both plain-signals 100 10000000 4000 "$now" $cc "$m/signals.c"
		both plain-jumps 100 10000000 3000 "$now" $cc "$m/jumps.c"
		both plain-frames 400 10000000 3000 "$now" $cc "$m/frames.c"
		both plain-children 20 10000000 1500 "$now" $cc "$m/children.c"
		spawn record_one plain-deep 2000 10000000 300 "$now" \
			$cc "$m/deep.c"
	}
}

for t; do
	choose "$t"
	record_full
	record_plain
	wait_all || die "some programs of $t were not recorded"
	record_bare_ones
	wait_all || die "some bare programs of $t were not recorded"
done
