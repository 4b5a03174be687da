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
echo 'int main(void) { return 0; }' >"$work/try.c"
gcc -fsanitize=thread "$work/try.c" -o "$work/try" 2>/dev/null &&
	"$work/try" || skip_all "no ThreadSanitizer here"

# The library as it is configured, in a root of its own that is kept.
root=$BUILD/tests/libdw_bpf/tsan
made=$root/x86_64
flags="-g -fsanitize=thread"
library() {
	mkdir -p "$made"
	cp "$BUILD/.config" "$made/.config"
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u BUILD -u SANITIZE -u V \
		make O="$root" CC=gcc CFLAGS="$flags" ARCH=x86_64 \
		"$made/libdwunw.a"
}
build() {
	gcc -std=c11 -D_GNU_SOURCE -O2 $flags -fomit-frame-pointer -Wall \
		-Wextra -Werror -Iinclude tests/libdw_bpf/parallel.c "$@" \
		"$made/libdwunw.a" -pthread -o "$work/parallel"
}
seeded() {
	gcc -std=c11 -D_GNU_SOURCE -O2 $flags -Iinclude -include "$made/config.h" \
		-include tests/libdw_bpf/seeded.h \
		-c port/linux/libdw_bpf.c -o "$work/seeded.o"
}
run() {
	TSAN_OPTIONS="halt_on_error=0 exitcode=66 $1" "$work/parallel" "$2" \
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

ok "the library, instrumented" library
ok "parallel.c, instrumented" build
run "" 200000
ok "200,000 events by 8 threads: no report" clean
ok "all of them were right" grep -q '^200000 events, 400 changes, 0 wrong$' \
	"$work/out"
ok "libdw_bpf.c without its locks" seeded
ok "parallel.c with that" build "$work/seeded.o"
run "halt_on_error=1" 20000
ok "a race is reported" reported
ok "it is that of the list of workers" \
	grep -q 'worker_\(take\|put\)' "$work/report"
done_testing
