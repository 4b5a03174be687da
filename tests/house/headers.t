#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Each public header compiles alone, and twice: as C11 and as C++, with gcc and
# clang. Each is a file of its own; a compiler is started once for all of them.
set -u
. tests/house/tap.sh

strict="-Wall -Wextra -Wpedantic -Wshadow -Wundef -Wconversion -Werror"

for path in include/dwunw/*.h; do
	header=$(basename "$path")
	for kind in c cc; do
		printf '#include <dwunw/%s>\n#include <dwunw/%s>\n%s\n' \
			"$header" "$header" 'extern int dwunw_not_empty;' \
			>"$work/${header%.h}.$kind"
	done
done
note "$(ls "$work"/*.c | wc -l) headers"
ok "there are headers" test -f "$work/dwunw_api.c"

# compiles KIND COMPILER OPTION...
compiles() {
	kind=$1
	shift
	if ! command -v "$1" >/dev/null; then
		skip "no $1"
		return
	fi
	ok "every header: $*" "$@" -Iinclude $strict -fsyntax-only \
		"$work"/*."$kind"
}

for compiler in gcc clang; do
	compiles c $compiler -std=c11
	compiles c $compiler -std=c11 -ffreestanding
	compiles cc $compiler -std=c++11
	compiles cc $compiler -std=c++17
done

rm "$work"/*.c
echo '#include <dwunw/event.h>' >"$work/event.c"
compiles c clang -std=gnu11 -O2 -target bpfel -ffreestanding
compiles c clang -std=gnu11 -O2 -target bpfeb -ffreestanding

done_testing
