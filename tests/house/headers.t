#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Each public header compiles alone: as C11 and as C++, with gcc and clang.
set -u
. tests/house/tap.sh

strict="-Wall -Wextra -Wpedantic -Wshadow -Wundef -Wconversion -Werror"

compiles() {
	ok "<dwunw/$header>: $*" "$@" -Iinclude $strict -fsyntax-only \
		"$source"
}

for path in include/dwunw/*.h; do
	header=$(basename "$path")
	for kind in c cc; do
		source=$work/one.$kind
		printf '#include <dwunw/%s>\n#include <dwunw/%s>\n%s\n' \
			"$header" "$header" 'extern int dwunw_not_empty;' \
			>"$source"
		for compiler in gcc clang; do
			if ! command -v $compiler >/dev/null; then
				skip "no $compiler"
				continue
			fi
			if [ $kind = c ]; then
				compiles $compiler -std=c11 -x c
				compiles $compiler -std=c11 -ffreestanding -x c
				continue
			fi
			compiles $compiler -std=c++11 -x c++
			compiles $compiler -std=c++17 -x c++
		done
	done
done

header=event.h
source=$work/one.c
printf '#include <dwunw/%s>\nextern int dwunw_not_empty;\n' $header >"$source"
if command -v clang >/dev/null; then
	compiles clang -std=gnu11 -O2 -target bpfel -ffreestanding
	compiles clang -std=gnu11 -O2 -target bpfeb -ffreestanding
else
	skip "no clang"
fi

done_testing
