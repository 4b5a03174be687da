#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Builds the programs that walk recorded stacks, for make: `check`, `bench` and
# `snapcore`, with libunwind and libdwfl where they are installed.
#
#	BUILD=dir CC=gcc tests/stacks/build.sh DIRECTORY
#	BUILD=dir CC=gcc tests/stacks/build.sh --static FILE
#	BUILD=dir CC=gcc tests/stacks/build.sh --framehop LIB.a FILE
#
# BUILD must hold libdwunw.a. Prints the back ends. --static: only `check`,
# without the other unwinders, as FILE, which runs under an emulator of CC's
# machine. --framehop: only `bench`, as FILE, with what tests/bench/framehop/build
# has made.

set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
CC=${CC:-gcc}
stacks=$top/tests/stacks
flags="-std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wpedantic -Wconversion
	-Wshadow -Wundef -Werror -I$top/include -DHAVE_DWUNW"
sources="$stacks/image.c $stacks/check_dwunw.c $stacks/resume.c
	$stacks/made.c $stacks/shadow/snap.c"
libs=$BUILD/libdwunw.a
names=dwunw

has()
{
	printf '%s\nint main(void) { return 0; }\n' "$1" |
		"$CC" -xc - -o /dev/null "$2" > /dev/null 2>&1
}

if [ "${1:-}" = --static ]; then
	# shellcheck disable=SC2086 # lists
	"$CC" $flags -static -o "$2" "$stacks/check.c" $sources $libs
	exit
fi
framehop=
if [ "${1:-}" = --framehop ]; then
	framehop=$2
	shift 2
fi
bin=$1
case $BUILD in
*-asan) flags="$flags -fsanitize=address,undefined" ;;
esac
if has '#include <libunwind-x86_64.h>' -lunwind-x86_64; then
	sources="$sources $stacks/check_libunwind.c"
	flags="$flags -DHAVE_LIBUNWIND"
	libs="$libs -lunwind-x86_64"
	names="$names libunwind"
fi
if has '#include <elfutils/libdwfl.h>' -ldw; then
	sources="$sources $stacks/check_libdwfl.c"
	flags="$flags -DHAVE_LIBDWFL"
	libs="$libs -ldw"
	names="$names libdwfl"
fi
bench=$top/tests/bench
benched="$bench/bench.c $bench/bare.c"
if [ -n "$framehop" ]; then
	# shellcheck disable=SC2086 # lists
	"$CC" $flags -DHAVE_FRAMEHOP -o "$bin" $benched "$bench/framehop.c" \
		$sources $libs "$framehop" -lpthread -ldl -lm
	exit
fi
# shellcheck disable=SC2086 # lists
"$CC" $flags -o "$bin/check" "$stacks/check.c" $sources $libs
# shellcheck disable=SC2086
"$CC" $flags -o "$bin/bench" $benched $sources $libs
# shellcheck disable=SC2086
"$CC" $flags -o "$bin/snapcore" "$stacks/shadow/snapcore.c" \
	"$stacks/image.c" "$stacks/shadow/snap.c"
echo "$names"
