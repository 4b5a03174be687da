#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# run.sh [SECONDS [TARGET...]] - fuzzes each target for SECONDS (20), and
# replays what once was wrong first (regressions/TARGET-*). What is found is
# kept in FOUND ($BUILD/tests/fuzz/found), what was learnt in CORPUS ($BUILD/tests/
# fuzz/corpus). An input that takes more than FUZZ_SLOW (10) seconds is a failure.
# `run.sh --list` says which targets there are.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-$top/build/$(uname -m)}
all=$(grep -lE 'LLVMFuzzerTestOneInput|^RECORDS' "$here"/*.c |
	sed 's|.*/||; s|\.c$||')
if [ "${1:-}" = --list ]; then
	echo $all
	exit
fi
seconds=${1:-20}
[ $# -gt 0 ] && shift
targets=${*:-$all}

out=$BUILD/tests/fuzz
found=${FOUND:-$out/found}
corpus=${CORPUS:-$out/corpus}
mkdir -p "$found"
TMPDIR=$(mktemp -d)
trap 'rm -rf "$TMPDIR"' EXIT
FUZZ_PROGRAM=$out/seeds/program
export TMPDIR FUZZ_PROGRAM
failed=0

# How long an input may be: what is found in a long one is found in a short one.
longest() {
	case $1 in
	scan) echo 512 ;;
	whole | dump | debug | lines) echo 12288 ;;
	*) echo "${FUZZ_MAX:-8192}" ;;
	esac
}

# $spent: seconds of processor time that what was started has taken so far.
measure() {
	times >"$TMPDIR/times"
	spent=$(perl -ne '$. == 2 && /(\d+)m([\d.]+)s (\d+)m([\d.]+)s/ and
		printf "%d", 60 * ($1 + $3) + $2 + $4' "$TMPDIR/times")
}

for t in $targets; do
	measure
	before=$spent
	mkdir -p "$corpus/$t"
	log=$found/$t.log
	set -- "$here/regressions/$t-"*
	[ -e "$1" ] || set --
	if { [ $# -eq 0 ] || "$out/$t" -timeout=${FUZZ_SLOW:-10} "$@" \
		>"$log" 2>&1; } &&
		"$out/$t" -max_total_time="$seconds" -timeout=${FUZZ_SLOW:-10} \
		-max_len="$(longest $t)" -rss_limit_mb=1024 \
		-use_value_profile=1 -artifact_prefix="$found/$t-" \
		-print_final_stats=1 \
		"$corpus/$t" "$out/seeds/$t" >"$log" 2>&1; then
		measure
		echo "$t: $# regressions," \
			"$(sed -n 's/^stat::number_of_executed_units: *//p' \
			"$log") inputs in $seconds s," \
			"$((spent - before)) s of a processor," \
			"$(grep -c . <<-EOT || :
			$(ls "$corpus/$t")
			EOT
			) in the corpus"
	else
		echo "$t: FAILED, see $log"
		grep -E 'ERROR|SUMMARY|runtime error|broken law|Test unit' \
			"$log" | head -8
		failed=1
	fi
done
exit $failed
