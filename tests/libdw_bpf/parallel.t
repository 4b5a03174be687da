#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Eight threads resolve 200,000 events by one machine, under ThreadSanitizer,
# without a report; and with libdw_bpf.c's locks taken away, with one.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/house/tap.sh

machine=$(uname -m)
BUILD=${BUILD:-build/$machine}
[ "$machine" = x86_64 ] && [ -z "${FOREIGN:-}" ] ||
	skip_all "its records are those of x86_64"
built=$BUILD/tests/libdw_bpf
[ -x "$built/parallel" ] || skip_all "built without CONFIG_LIBDW_BPF"

run() {
	TSAN_OPTIONS="halt_on_error=0 exitcode=66 $2" "$built/$1" "$3" \
		>"$work/out" 2>"$work/report"
	status=$?
	note "$(cat "$work/out")"
}
clean() {
	[ "$status" = 0 ] && [ ! -s "$work/report" ] || {
		head -n 40 "$work/report"
		return 1
	}
}
reported() {
	[ "$status" != 0 ] &&
		grep -q 'WARNING: ThreadSanitizer: data race' "$work/report"
}

run parallel "" 200000
ok "200,000 events by 8 threads: no report" clean
ok "all of them were right" grep -q '^200000 events, 400 changes, 0 wrong$' \
	"$work/out"
# libdw_bpf.c without its locks
run parallel-seeded "halt_on_error=1" 20000
ok "a race is reported" reported
ok "it is that of the list of workers" \
	grep -q 'worker_\(take\|put\)' "$work/report"
done_testing
