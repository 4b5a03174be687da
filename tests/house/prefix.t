#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Names of the hosted libraries: what a program links beside them never meets a
# name of its own. libdwunw-core.a: symbols.t.
set -u
. tests/house/tap.sh

NM=${NM:-nm}
for lib in "$BUILD"/libdwunw*.a; do
	name=$(basename "$lib")
	[ "$name" != libdwunw-core.a ] || continue
	allowed='^dwunw_\|^dwu_'
	# libdwunw.a: the five calls of libdw-bpf and what goes with them
	[ "$name" != libdwunw.a ] ||
		allowed="$allowed\\|^machine__\\|^bpf_unwind_ctx__\\|^bpf_dl_iterate_phdr\$"
	$NM -P -g "$lib" | awk '$2 !~ /[Uwv]/ && NF > 1 { print $1 }' | sort -u \
		>"$work/global"
	ok "nm reads $name" test -s "$work/global"
	grep -v "$allowed" "$work/global" >"$work/names"
	ok "its global names begin with dwunw_ or dwu_" empty "$work/names"
done
done_testing
