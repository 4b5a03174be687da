#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The same program in other forms of DWARF has the same names: where the usual
# oracles cannot read a form, the program without it is the oracle, which
# addr2line.t has compared.
. "$(dirname "$0")/names.sh"
needs NAMES_LINES

[ -f "$out/gcc5/program" ] || skip_all "no g++"
# all of .text and what is around it
seq 4096 3 13000 >"$work/pcs"

# same TITLE FILE ORACLE
same() {
	file=$out/$2
	case $2 in /*) file=$2 ;; esac
	if [ ! -f "$file" ] || [ ! -f "$out/$3" ]; then
		skip "$1: not built"
		return
	fi
	"$dwunw" symbolize "$file" <"$work/pcs" >"$work/a"
	"$dwunw" symbolize "$out/$3" <"$work/pcs" >"$work/b"
	# how a path begins depends on where the compiler was started
	sed -i "s,$out/[^/]*/,," "$work/a" "$work/b"
	note "$(grep -c '(inlined)' "$work/b") inlined calls," \
		"$(grep -c ':[0-9]' "$work/b") lines"
	[ "$(grep -c '(inlined)' "$work/b")" -gt 1000 ] || {
		echo "the oracle has no inlined calls" >"$work/a"
	}
	ok "$1" cmp "$work/a" "$work/b"
}
same "dwz: units that share" dwz/single gcc4/program
same "dwz -m: a file that is shared" dwz/program gcc4/program
same "split DWARF 4" split4/program gcc4/program
same "split DWARF 5" split5/program gcc5/program
same "split DWARF 5 of clang" clang-split5/program clang5/program
same "64-bit DWARF 5" gcc5-64/program gcc5/program
same "64-bit DWARF 4" gcc4-64/program gcc4/program
same "zlib" zlib/program gcc5/program

# the debug file of a stripped one
if has objcopy; then
	mkdir -p "$work/.debug"
	objcopy --only-keep-debug "$out/gcc5/program" \
		"$work/.debug/program.debug"
	strip -o "$work/program" "$out/gcc5/program"
	objcopy --add-gnu-debuglink="$work/.debug/program.debug" \
		"$work/program"
	same "stripped, by debuglink" "$work/program" gcc5/program
fi
done_testing
