#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# names.sh - names: 100 addresses warm, and the first answer in a file with
# more than 30 MB of DWARF, beside libdw, libbacktrace, addr2line and
# llvm-symbolizer in the same run. Figures only.
#
#	BUILD=dir CC=gcc tests/bench/names.sh [TIMES]
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
BUILD=${BUILD:-$top/build/$(uname -m)}
CC=${CC:-gcc}
times=${1:-20}
out=$BUILD/bench-names
mkdir -p "$out"

# one program with libbacktrace, one with libdw: both have symbols named alike
build() { # NAME FLAGS... -- LIBRARIES...
	name=$1
	shift
	# shellcheck disable=SC2068 # words
	$CC -std=c11 -D_GNU_SOURCE -O2 -Iinclude tests/bench/names.c -o \
		"$out/$name" "$BUILD/libdwunw.a" $@ -lpthread 2>"$out/log"
}
build names -static -no-pie
backends=dwunw
if build names-libbacktrace -DWITH_LIBBACKTRACE -static -no-pie -lbacktrace; then
	backends="$backends libbacktrace"
else
	echo "no libbacktrace: $(head -n 1 "$out/log")"
fi
if build names-libdw -DWITH_LIBDW -ldw -lelf; then
	backends="$backends libdw"
else
	echo "no libdw: $(head -n 1 "$out/log")"
fi

# many times the same unit: only its addresses differ
if [ ! -f "$out/large" ]; then
	cat >"$out/unit.cc" <<-'END'
	#include <iostream>
	#include <map>
	#include <regex>
	#include <sstream>
	static std::map<std::string, std::vector<int>> values;
	int main(int argc, char **argv)
	{
		std::regex wanted("a(b|c)*d");
		for (int i = 0; i < argc * 10; i++) {
			std::ostringstream text;
			text << i << argv[0];
			values[text.str()].push_back(i);
			if (std::regex_match(text.str(), wanted))
				std::cout << i;
		}
		return 0;
	}
	END
	g++ -O1 -g -c "$out/unit.cc" -o "$out/unit.o"
	set --
	for i in $(seq 1 24); do
		cp "$out/unit.o" "$out/unit$i.o"
		set -- "$@" "$out/unit$i.o"
	done
	g++ -no-pie -Wl,--allow-multiple-definition "$@" -o "$out/large"
	rm -f "$out"/unit*.o
fi
bytes=$(readelf -SW "$out/large" | sed 's/^ *\[ *[0-9]*\]//' |
	awk '$1 ~ /^\.debug_/ { print $5 }' |
	while read -r hex; do echo $((0x$hex)); done |
	awk '{ sum += $1 } END { print int(sum / 1000000) }')
echo "== the file: $bytes MB of DWARF, $(readelf -SW "$out/large" |
	grep -c '\.debug_') sections"
start=$(readelf -SW "$out/large" | sed 's/^ *\[ *[0-9]*\]//' |
	awk '$1 == ".text" { print $3, $5 }')
first=$((0x${start% *}))
size=$((0x${start#* }))
pcs=$(awk -v first=$first -v size=$size 'BEGIN { srand(3)
	for (i = 0; i < 100; i++) printf "%d ", first + int(rand() * size) }')
pc=$((first + size / 2))

echo "== 100 addresses of one module, warm (asked: under 200 us)"
# shellcheck disable=SC2086
"$out/names" warm "$out/large" $pcs
libc=$(sh tests/names/libc-debug.sh)
if [ -n "$libc" ]; then
	pcs=$(awk 'BEGIN { srand(3); for (i = 0; i < 100; i++)
		printf "%d ", 160000 + int(rand() * 1300000) }')
	# shellcheck disable=SC2086
	"$out/names" warm "$libc" $pcs
fi

echo "== the first answer, process start to end, page cache warm:" \
	"least, median, most memory of $times"
for name in $backends; do
	program=$out/names-$name
	[ -f "$program" ] || program=$out/names
	printf '%-18s' "$name"
	"$out/names" cold "$times" "$program" "$name" "$out/large" $pc
done
hex=$(printf '0x%x' $pc)
for tool in addr2line eu-addr2line llvm-symbolizer; do
	command -v $tool >/dev/null || continue
	printf '%-18s' "$tool"
	"$out/names" cold "$times" $tool -f -i -e "$out/large" "$hex"
done
printf '%-18s' "dwunw symbolize"
"$out/names" cold "$times" "$BUILD/dwunw" symbolize "$out/large" "$hex"
echo "== what they say of $hex"
for name in $backends; do
	program=$out/names-$name
	[ -f "$program" ] || program=$out/names
	"$program" "$name" "$out/large" $pc | sed "s/^/$name: /"
done
