#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# `dwunw symbolize` with the k-th allocation failing, for every k: it answers,
# or says that memory is out, and never writes behind what it has.
cd "$(dirname "$0")/../.." || exit 1
. tests/house/tap.sh
BUILD=${BUILD:-build/$(uname -m)}
at=$BUILD/tests/symbols
dwunw=$BUILD/dwunw
[ "${FOREIGN:-}" != 1 ] || skip_all "what is preloaded is this machine's"
[ -f "$at/failing.so" ] || skip_all "no $at/failing.so"
preload=$PWD/$at/failing.so
case $at in /*) preload=$at/failing.so ;; esac

# TITLE ARGUMENT...: once to count, then for each, alone and with all behind it
sweep() {
	title=$1
	shift
	count=$(LD_PRELOAD=$preload "$dwunw" "$@" 9>&1 >/dev/null 2>&1)
	[ "$count" -gt 3 ] 2>/dev/null || {
		echo "counted: $count"
		return 1
	}
	echo "$title: $count allocations"
	k=1
	while [ $k -le "$count" ]; do
		for on in '' 1; do
			env LD_PRELOAD="$preload" FAIL_AT=$k \
				${on:+FAIL_ON=1} "$dwunw" "$@" \
				>"$work/out" 2>&1
			code=$?
			[ $code -le 2 ] && continue
			echo "allocation $k${on:+ and all behind}: exit $code"
			cat "$work/out"
			return 1
		done
		k=$((k + step))
	done
}
# a program with many stubs: its list grows several times
step=1
big=$dwunw
for file in /usr/bin/gdb /usr/bin/python3 /usr/bin/perl "$(command -v bash)"; do
	[ -f "$file" ] || continue
	big=$(readlink -f "$file")
	break
done
stub=$(objdump -d -j .plt.sec "$big" 2>/dev/null ||
	objdump -d -j .plt "$big" 2>/dev/null)
stub=$(echo "$stub" | sed -n 's/^0*\([0-9a-f]*\) <.*@plt>:$/0x\1/p' | tail -n 1)
step=1
ok "a file of lines" sweep "$dwunw" symbolize "$dwunw" \
	0x"$(nm "$dwunw" | awk '$3 == "main" { print $1 }')"
step=41
ok "stubs of $big, every 41st" sweep "$big" symbolize "$big" "${stub:-0x1000}"
step=1
export FAIL_REALLOC=1
ok "stubs of $big, where lists grow" sweep "$big" symbolize "$big" \
	"${stub:-0x1000}"
unset FAIL_REALLOC
[ ! -f "$at/go-stripped" ] ||
	ok "Go" sweep go symbolize "$at/go-stripped" 0x481220
for form in clang5 gcc4; do
	[ ! -f "$at/$form-dwp/program.dwp" ] ||
		ok "$form: a package" sweep $form symbolize \
			"$at/$form-dwp/program" 0x1180
done
step=3
ok "the kernel's names" sweep kernel symbolize \
	'[kernel.kallsyms]' 0xffffffff81000000
done_testing
