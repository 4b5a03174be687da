#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Records stacks of programs without CFI, with their true chains, into
# $BUILD/stacks/scan: TARGET-NAME.snap each.
#
#	BUILD=dir tests/scan/record.sh bare|lua TARGET...
#
# TARGET is x86_64, arm64, mips32el or mips32eb. `bare` programs are static and
# without symbols and section headers (tests/sstrip.pl); those of glibc keep what
# CFI glibc has, which on mips32 is almost none. What is copied of a stack holds
# a frame of 80 KB and what is around it. `lua` is that of the corpus, looked at
# often. Recordings are kept as tests/stacks/shadow/record.sh keeps them. JOBS
# (2) run at a time. Without DWUNW_CROSS=1 no musl is built but that of mips32el,
# and what would need one is left out.
#
# shellcheck disable=SC2034,SC2317 # recording.sh uses them; spawn calls by name

set -eu
cd "$(dirname "$0")/../.."
here=$PWD/tests/stacks/shadow
micro=$PWD/tests/stacks/micro
own=$PWD/tests/scan/programs
leaky=$PWD/examples/bpf_memleak/leaky.c
what=${1:?what}
shift
BUILD=$(mkdir -p "${BUILD:-build/stacks-test}" && cd "${BUILD:-build/stacks-test}" && pwd)
JOBS=${JOBS:-2}
DWUNW_CROSS=${DWUNW_CROSS:-}
dir=$BUILD/stacks/scan
bin=$dir/bin
input=$dir/input
mkdir -p "$bin" "$input"
export LC_ALL=C

# shellcheck source=tests/stacks/shadow/recording.sh
. "$here/recording.sh"

choose()
{
	target=$1 based= so=shadow_lr.so source=plugin_lr.c
	case $1 in
	x86_64) triple=x86_64-linux-gnu qemu="qemu-x86_64 -cpu max"
		so=shadow.so source=plugin.c ;;
	arm64) triple=aarch64-linux-gnu qemu="qemu-aarch64 -cpu
		max,pauth-impdef=on" ;;
	mips32el) triple=mipsel-linux-gnu qemu=qemu-mipsel ;;
	mips32eb) triple=mips-linux-gnu qemu=qemu-mips ;;
	*) die "no target $1" ;;
	esac
	# the 32-bit guests' memory begins where qemu is told
	case $1 in
	mips*) qemu="$qemu -B 0x10000000" based=base=0x10000000, ;;
	esac
	${qemu%% *} --version 2>/dev/null | grep -q 'version 7\.2' ||
		die "needs ${qemu%% *} 7.2 (qemu-user of Debian 12)"
	make_plugin $so $source
}

flags="-std=gnu11 -static -no-pie -fomit-frame-pointer -fno-unwind-tables
	-fno-asynchronous-unwind-tables"

# NAME COMPILER ARGS...: NAME, and NAME.full with symbols
build_bare()
{
	bare=$bin/$1
	shift
	build "${bare##*/}.full" "$@" || return 1
	perl tests/sstrip.pl "$bare.full" "$bare.new" >/dev/null || return 1
	cmp -s "$bare.new" "$bare" || mv "$bare.new" "$bare"
}

# NAME PERIOD STEPS SAMPLES WORDS COMPILER ARGS...: the program is given the WORDS
record()
{
	one=$target-$1 one_options=${based}period=$2,steps=$3,samples=$4
	words=$5
	shift 5
	build_bare "$one" "$@" || return 1
	# shellcheck disable=SC2086 # words
	record_with "$one" "$qemu" "$one_options,cap=131072" "$bin/$one" $words
}

# musl's compiler; nothing where it is not at hand and need not be built
musl_of()
{
	case $target$DWUNW_CROSS in
	x86_64*) echo musl-gcc; return ;; # Debian's, as the demo has it
	mips32el | *1) offline=${DWUNW_OFFLINE:-0} ;;
	*) offline=1 ;;
	esac
	env -u CC DWUNW_OFFLINE="$offline" scripts/musl "$target" \
		2>"$dir/musl.log" || {
		tail -n 1 "$dir/musl.log" >&2
		[ "$DWUNW_CROSS" != 1 ] || [ "$offline" = 1 ]
	}
}

record_bare()
{
	gcc=$triple-gcc
	musl=$(musl_of) || die "no musl of $target"
	# shellcheck disable=SC2086 # lists
	spawn record chain-glibc 150 3000000 1500 "" \
		$gcc $flags -Os "$own/chain.c"
	# the program's code is MIPS16e, that of libc is not
	# shellcheck disable=SC2086 # lists
	case $target in
	mips32*)
		spawn record chain-mips16 80 3000000 1500 "" \
			$gcc $flags -Os -mips16 "$own/chain.c"
		spawn record signals-mips16 150 3000000 1500 "" \
			$gcc $flags -Os -mips16 "$own/signals.c"
		[ -z "$musl" ] || spawn record chain-musl-mips16 80 3000000 \
			1500 "" "$musl" $flags -Os -mips16 "$own/chain.c" ;;
	esac
	# shellcheck disable=SC2086 # lists
	[ -z "$musl" ] || {
		spawn record chain-musl 80 3000000 1500 "" \
			"$musl" $flags -Os "$own/chain.c"
		spawn record chain-musl-O2 80 3000000 1500 "" \
			"$musl" $flags -O2 "$own/chain.c"
		spawn record signals-musl 150 3000000 1500 "" \
			"$musl" $flags -Os "$own/signals.c"
		spawn record leaky-musl 60 3000000 1500 "40 0" \
			"$musl" $flags -O2 "$leaky"
		spawn record jumps-musl 40 3000000 1500 "" \
			"$musl" $flags -Os "$micro/jumps.c"
		[ "$target" != x86_64 ] || build_bare x86_64-threads \
			"$musl" $flags -Os -pthread "$own/threads.c"
		[ "$target" != arm64 ] ||
			spawn record chain-pac 80 3000000 1500 "" "$musl" $flags \
				-O2 -mbranch-protection=standard "$own/chain.c"
	}
}

record_lua()
{
	# shellcheck disable=SC2046 # words
	set -- $(tests/scan/corpus.sh "$target/lua")
	[ -f "${4:-}" ] || die "no lua: $*"
	spawn record_with "$target-lua" "$qemu -L /usr/$triple" \
		"${based}period=9,steps=20000000,samples=100000,cap=1024" \
		"$4" "$own/busy.lua"
}

for t; do
	choose "$t"
	"record_$what"
	wait_all || die "some programs of $t were not recorded"
done
