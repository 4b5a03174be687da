#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# build.sh - builds every fuzz target into $BUILD/fuzz, core and all with
# -fsanitize=fuzzer,address,undefined, and makes the first inputs.
# Environment: BUILD (where config.h is), CLANG.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-$top/build/$(uname -m)}
CONFIG_H=${CONFIG_H:-$BUILD/config.h}
CLANG=${CLANG:-clang}
out=$BUILD/fuzz

[ -f "$CONFIG_H" ] || {
	echo "fuzz: $CONFIG_H is missing: make first" >&2
	exit 1
}
mkdir -p "$out/obj"
cd "$top"
flags="-std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer
	-fsanitize=address,undefined -fno-sanitize-recover=all
	-Wall -Wextra -Iinclude -iquote . -iquote core -iquote arch
	-iquote tests -include $CONFIG_H"

# all of it anew when anything is newer than the last build
if [ ! -f "$out/.built" ] || [ -n "$(find core arch include port/linux tests/fuzz \
	tests/unit/make_elf.h "$CONFIG_H" -newer "$out/.built" \
	-name '*.[ch]')" ]; then
	rm -f "$out/.built"
	objs=
	for f in core/*.c arch/*.c; do
		obj=$out/obj/$(echo "${f%.c}" | tr / -).o
		$CLANG $flags -fsanitize=fuzzer-no-link -c "$f" -o "$obj"
		objs="$objs $obj"
	done
	for t in elf eh_frame eh_frame_hdr debug_frame expr event search scan \
		lines told go; do
		# what the target is about, where that is a part of the port
		case $t in
		told) more="code perfmap jitdump" ;;
		go) more=go ;;
		*) more= ;;
		esac
		$CLANG $flags -fsanitize=fuzzer "tests/fuzz/$t.c" $objs \
			$(for m in $more; do echo port/linux/names_$m.c; done) \
			-o "$out/$t"
	done
	touch "$out/.built"
fi
[ -d "$out/seeds/go" ] || "$here/seeds.sh" "$out/seeds"
