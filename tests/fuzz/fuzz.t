#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every fuzz target for DWUNW_FUZZ_SECONDS (2), after what once was wrong.
set -u
here=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-$here/../../build/$(uname -m)}
export BUILD
CLANG=${CLANG:-clang}
targets="elf eh_frame eh_frame_hdr debug_frame expr event search scan lines told go"

if ! command -v "$CLANG" >/dev/null || ! echo 'int LLVMFuzzerTestOneInput(
	const unsigned char *d, unsigned long n) { (void)d; return n > n; }' |
	"$CLANG" -x c -fsanitize=fuzzer,address - -o /dev/null 2>/dev/null; then
	echo "1..0 # SKIP no $CLANG with libFuzzer"
	exit 0
fi
tests=1
if "$here/build.sh" >&2; then
	echo "ok 1 - the targets build"
else
	echo "not ok 1 - the targets build"
	echo "1..1"
	exit 1
fi
for t in $targets; do
	tests=$((tests + 1))
	if line=$("$here/run.sh" "${DWUNW_FUZZ_SECONDS:-2}" $t 2>&1); then
		echo "ok $tests - $line"
	else
		echo "not ok $tests - $t"
		echo "$line" | sed 's/^/# /'
	fi
done
echo "1..$tests"
