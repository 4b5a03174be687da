#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# `dwunw symbolize` beside addr2line and llvm-symbolizer: function, file, line
# and inlined calls of random addresses. Where those two agree, 99.9 % must be
# the same. DWUNW_NAMES says how many addresses (25000; the whole test is
# 200000 and more, of which some programs have fewer).
. "$(dirname "$0")/names.sh"
needs NAMES_LINES
# raw: of a C++ function without a linkage name, the oracles say the symbol
needs DEMANGLE

for tool in addr2line llvm-symbolizer readelf python3; do
	has $tool || skip_all "no $tool"
done
addresses=${DWUNW_NAMES:-25000}

# TITLE ADDR2LINE FILE...: compares, and remembers the sums
compare() {
	title=$1
	addr2line=$2
	shift 2
	has "$addr2line" || {
		skip "$title: no $addr2line"
		return
	}
	tests=$((tests + 1))
	python3 tests/names/compare.py "$dwunw" "$addr2line" llvm-symbolizer \
		"$each" 1 "$@" >"$work/sums" 2>"$work/errors" || {
		echo "not ok $tests - $title: a program failed"
		sed 's/^/# /' "$work/errors"
		return
	}
	grep -v '^all ' "$work/sums" | sed 's/^/# /'
	grep '^all ' "$work/sums" >>"$work/all"
	verdict "$title" "$work/sums" 980
}

# TITLE SUMS PER_MILLE: at least a quarter agreed upon, and so many of those
# the same. A few hundred addresses may hit a label without a type, in _start.
verdict() {
	if awk -v n="$tests" -v title="$1" -v least="$3" '/^all / {
		asked += $2; agreed += $3; same += $4
	} END {
		good = agreed * 4 >= asked && same * 1000 >= agreed * least &&
			asked > 0
		printf "%sok %d - %s: %d of %d agreed upon, of %d asked\n",
			good ? "" : "not ", n, title, same, agreed, asked
		exit !good
	}' "$2"; then
		return 0
	fi
}

files=
for f in "$out"/*/program; do
	case $f in
	*/arm64/* | */mips32*/* | */dwz/* | */split* | */clang-split* | \
		*/gcc5-64/*) ;;
	*) files="$files $f" ;;
	esac
done
[ "$(uname -m)" != x86_64 ] || files="$files $dwunw"
libc=$(sh tests/names/libc-debug.sh)
[ -z "$libc" ] || files="$files $libc"
note "libc's debug file: ${libc:-not there}"
[ -f "$out/rust/program" ] || note "no rustc: no Rust program"

# shellcheck disable=SC2086
each=$((addresses / ($(echo $files | wc -w) + 6) + 1))
# shellcheck disable=SC2086
compare "this machine's programs" addr2line $files
for target in arm64:aarch64 mips32el:mipsel mips32eb:mips; do
	files=
	for f in "$out/${target%:*}/program" "$BUILD/../${target%:*}/dwunw"; do
		[ ! -f "$f" ] || files="$files $f"
	done
	if [ -n "$files" ]; then
		# shellcheck disable=SC2086
		compare "${target%:*}" "${target#*:}-linux-gnu-addr2line" $files
	else
		skip "${target%:*}: no compiler"
	fi
done
tests=$((tests + 1))
verdict "all" "$work/all" 999
done_testing
