# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What the tests of the port share; sourced. Builds a test and the programs
# that it looks at below $BUILD/tests/port.

top=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$top/build/$(uname -m)}
CC=${CC:-gcc}
here=$top/tests/port
out=$BUILD/tests/port
mkdir -p "$out"

# Builds into a name of our own first: tests may run side by side.
compile() {
	target=$1
	shift
	"$CC" -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror \
		-Wno-unused-command-line-argument \
		-o "$target.$$" "$@" && mv "$target.$$" "$target"
}

# A program without frame pointers that the tests look at.
target() {
	name=$1
	shift
	compile "$out/$name" -fomit-frame-pointer "$@"
}

chain_libraries() {
	previous=
	for n in $(seq 20 -1 1); do
		target "libchain$n.so" -shared -fPIC -DN="$n" "$here/chain.c" \
			$previous -Wl,-rpath,"$out" || return
		previous=$out/libchain$n.so
	done
	target chain "$here/victim.c" -DCHAIN "$out/libchain1.so" \
		-Wl,-rpath,"$out" -pthread -ldl
}

# prepare_test NAME: tests/port/NAME.c, linked with the library, and a
# directory of its own that is removed at the end.
prepare_test() {
	compile "$out/$1" -Wno-missing-field-initializers \
		-I"$top/include" -I"$top/tests" "$here/$1.c" \
		"$BUILD/libdwunw.a" -pthread || exit 1
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
}

run_test() {
	prepare_test "$1"
	TARGETS=$out SCRATCH=$scratch "$out/$1"
}
