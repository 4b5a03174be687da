#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# coverage.sh - the branches of core/ and arch/ that are reached, by file, as
# llvm-cov counts them (each condition has two): by the unit tests, the fuzz
# targets' seeds and regressions, and what `make fuzz` has learnt so far. A failure
# below FUZZ_BRANCHES (85) percent. FUZZ_SHOW=FILE: its lines, too.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-$top/build/$(uname -m)}
out=$BUILD/tests/fuzz
counted=$out/coverage
TMPDIR=$(mktemp -d)
trap 'rm -rf "$TMPDIR"' EXIT
FUZZ_PROGRAM=$out/seeds/program
export TMPDIR FUZZ_PROGRAM

objects=
for t in $("$here/run.sh" --list); do
	for from in "$out/corpus/$t" "$out/seeds/$t" "$here/regressions/$t-"*; do
		[ -e "$from" ] || continue
		LLVM_PROFILE_FILE=$TMPDIR/%p.profraw "$counted/$t" -runs=0 \
			-timeout=120 "$from" >"$TMPDIR/log" 2>&1 || {
			echo "coverage.sh: $t $from failed" >&2
			tail -20 "$TMPDIR/log" >&2
			exit 1
		}
	done
	objects="$objects -object $counted/$t"
done
for u in "$counted/unit/"*; do
	[ -x "$u" ] || continue
	LLVM_PROFILE_FILE=$TMPDIR/%p.profraw "$u" >"$TMPDIR/log" 2>&1 || {
		echo "coverage.sh: $u failed" >&2
		exit 1
	}
	objects="$objects -object $u"
done
llvm-profdata merge -o "$TMPDIR/all" "$TMPDIR/"*.profraw
cd "$top"
files="$(echo core/*/*.c arch/*.c arch/*/*.c)"
llvm-cov report ${objects# -object} -instr-profile="$TMPDIR/all" $files \
	>"$TMPDIR/report" 2>"$TMPDIR/errors"
[ -z "${FUZZ_SHOW:-}" ] || llvm-cov show ${objects# -object} \
	-instr-profile="$TMPDIR/all" -show-branches=count "$FUZZ_SHOW"
perl -ne '
next unless /^(\S+\.c|TOTAL)\s.*\s(\d+)\s+(\d+)\s+([\d.]+)%\s*$/;
printf "%-24s %5d of %5d branches  %6.2f %%\n", $1, $2 - $3, $2, $4;
($total = $4), $seen++ if $1 eq "TOTAL";
END { exit 1 if !$seen || $total < $ARGV0 }
BEGIN { $ARGV0 = shift }' "${FUZZ_BRANCHES:-85}" "$TMPDIR/report" || {
	echo "coverage.sh: less than ${FUZZ_BRANCHES:-85} %" >&2
	exit 1
}
