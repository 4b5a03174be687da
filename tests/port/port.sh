# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What the tests of the port share; sourced. Their programs are below
# $BUILD/tests/port (rules.mk).

top=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$top/build/$(uname -m)}
out=$BUILD/tests/port

# own_directory: $scratch, which is gone at the end
own_directory() {
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
}

# wait_until COMMAND...: until it is true; a minute, however busy the machine is
wait_until() {
	for _ in $(seq 600); do
		"$@" && return
		sleep 0.1
	done
	echo "# waited in vain until $*"
	return 1
}

run_test() {
	own_directory
	TARGETS=$out SCRATCH=$scratch "$out/$1"
}
