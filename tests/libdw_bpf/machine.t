#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# machine.c, and once more with addresses and leaks checked.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/house/tap.sh

machine=$(uname -m)
BUILD=${BUILD:-build/$machine}
[ "$machine" = x86_64 ] && [ -z "${FOREIGN:-}" ] ||
	skip_all "its records are those of x86_64"

machine=$BUILD/tests/libdw_bpf/machine
passes() {
	"$@" >"$work/tap" 2>&1 && ! grep '^not ok' "$work/tap" &&
		grep -q '^1\.\.[1-9]' "$work/tap" || {
		grep -v '^ok' "$work/tap"
		return 1
	}
}

ok "machine.c passes" passes "$machine"
note "$(grep -c '^ok' "$work/tap") checks"
# With libdw_bpf.c itself instrumented. Not under valgrind: what ptrace reads of
# its children are valgrind's own registers.
ok "machine.c passes, and nothing leaks" passes "$machine-asan"
done_testing
