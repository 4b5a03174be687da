#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Lengths, flow and targets of x86-64 instructions, against objdump: of all
# code in real libraries (hand assembly with AVX-512 and XOP, code of gcc and
# of clang, musl), and of every opcode of every map.
set -u
. tests/house/tap.sh

decoder=${BUILD:-build/x86_64}/tests/unit/scan_x86_64
[ -x "$decoder" ] || skip_all "no $decoder: make unit-programs"
objdump --help 2>/dev/null | grep -q 'elf64-x86-64' ||
	skip_all "no objdump for x86-64"
${EXEC:-} "$decoder" | grep -q '^1\.\.0 # SKIP' &&
	skip_all "built without CONFIG_SCAN_X86_64"

# compare FILE OBJDUMP-ARGUMENT...: what differs is shown. The last line says
# how many instructions there were: enough, or objdump is not understood.
compare() {
	file=$1
	shift
	objdump -w "$@" "$file" >"$work/dump" || return 1
	${EXEC:-} "$decoder" lengths <"$work/dump" >"$work/differences"
	status=$?
	[ $status -eq 0 ] || head -n 40 "$work/differences"
	last=$(tail -n 1 "$work/differences")
	count=${last#instructions }
	count=${count%% *}
	echo "$last"
	return $status
}

# check FILE: one of the system's.
check() {
	ok "objdump -d $1" compare "$1" -d
	note "$last"
}

lib=/usr/lib/x86_64-linux-gnu
found=
for file in $lib/libc.so.6 $lib/libm.so.6 $lib/ld-linux-x86-64.so.2 \
	$lib/libcrypto.so.3 $lib/libpython3.*.so.1.0 $lib/libstdc++.so.6 \
	$lib/libgmp.so.10 /lib/ld-musl-x86_64.so.1 \
	"${BUILD:-build/x86_64}/dwunw"; do
	[ -r "$file" ] || continue
	found=1
	check "$file"
done
[ -n "$found" ] || skip "no library of x86-64"

perl tests/scan/opcodes.pl >"$work/opcodes"
ok "every opcode" compare "$work/opcodes" -D -b binary -m i386:x86-64
note "$last"
slots=$(($(wc -c <"$work/opcodes") / 16))
ok "objdump knew more than half of $slots" [ "$count" -gt $slots ]

done_testing
