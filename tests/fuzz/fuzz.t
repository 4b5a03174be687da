#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every fuzz target for DWUNW_FUZZ_SECONDS (1), after what once was wrong. How
# long an input takes is a matter of `make fuzz`: this machine may be busy.
set -u
. tests/house/tap.sh
export FOUND="$work/found" CORPUS="$work/corpus" FUZZ_SLOW=120
BUILD=${BUILD:-build/$(uname -m)}
export BUILD
[ -x "$BUILD/tests/fuzz/elf" ] || skip_all "no clang with libFuzzer"

for t in $(tests/fuzz/run.sh --list); do
	ok "$t" tests/fuzz/run.sh "${DWUNW_FUZZ_SECONDS:-1}" "$t"
	note "$(cat "$work/output")"
done
done_testing
