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

# --- of BTF what is read of it, and other parts of a small tool ---

own=$built/tests/openwrt/small-parts
read_the_same() {
	"$pack" -b "$1" "$work/trimmed" && "$own" object "$1" "$work/trimmed"
}
trimmed_less() {
	"$pack" "$1" "$work/packed" && "$pack" -b "$1" "$work/trimmed" &&
		[ "$(stat -c %s "$work/trimmed")" -lt "$(stat -c %s "$work/packed")" ]
}
for object in "$built"/bpf/*.bpf.o; do
	[ -f "$object" ] || continue
	ok "$(basename "$object"): maps and programs are the same with BTF of them alone" \
		read_the_same "$object"
	ok "$(basename "$object"): … which is smaller" trimmed_less "$object"
done
refused() {
	! "$pack" -b "$1" "$work/packed" 2>"$work/said" &&
		grep -q "^pack: $1: no BPF object" "$work/said"
}
ok "no object: named" refused "$work/program"
ok "lines of /proc as by sscanf" "$own" lines
ok "names beside patterns as by fnmatch" "$own" names

done_testing
