#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# scripts/pack.c and tools/leaks/unpack.c: what is packed comes back, whatever it is,
# and bytes that are cut or changed break nothing (ASan, UBSan).
set -u
. tests/house/tap.sh
built=${BUILD:-build/$(uname -m)}
pack=$built/scripts/pack
unpack=$built/tests/openwrt/unpack

comes_back() {
	"$pack" "$1" "$work/packed" && "$unpack" "$work/packed" "$1"
}

head -c 100000 /dev/zero >"$work/zeros"
: >"$work/empty"
printf a >"$work/one"
printf abcdabcdabcd >"$work/twelve"
printf abcdabcdabcdabcdabcdab >"$work/runs"
head -c 70000 "$pack" >"$work/program"
cat "$work/program" "$work/zeros" "$work/program" >"$work/far"
openssl rand 3000 >"$work/noise" 2>/dev/null || head -c 3000 /dev/urandom >"$work/noise"
for name in empty one twelve runs zeros program far noise; do
	ok "$name: comes back" comes_back "$work/$name"
done

smaller() {
	[ "$(stat -c %s "$1")" -lt $(($(stat -c %s "$2") / 4)) ]
}
for object in "$built"/bpf/heap.bpf.o "$built"/bpf/walk.bpf.o; do
	[ -f "$object" ] || {
		skip "no $object: no clang"
		continue
	}
	packed=${object%.o}.lz4
	ok "$(basename "$packed"): less than a quarter of the object" \
		smaller "$packed" "$object"
done

done_testing
