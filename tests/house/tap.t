#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# tests/tap.h says what it saw, and a failed check fails the program.
set -u
. tests/house/tap.sh

cat >"$work/it.c" <<'END'
#include "tap.h"
int main(int argc, char **argv)
{
	(void)argv;
	ok(1, "%s is fine", "this");
	is_u64(argc > 1 ? 17 : 16, 16, "a number");
	is_str(argc > 1 ? NULL : "a", "a", "a string");
	skip(2, "not here");
	note("two\nlines");
	return done();
}
END
cat >"$work/good" <<'END'
ok 1 - this is fine
ok 2 - a number
ok 3 - a string
ok 4 # SKIP not here
ok 5 # SKIP not here
# two
# lines
1..5
END
cat >"$work/bad" <<'END'
ok 1 - this is fine
not ok 2 - a number
# want 0x10 (16)
# got  0x11 (17)
# at it.c:6
not ok 3 - a string
# want "a"
# got  "(NULL)"
# at it.c:7
ok 4 # SKIP not here
ok 5 # SKIP not here
# two
# lines
1..5
END
prints() {
	want=$1
	shift
	"$work/it" "$@" >"$work/got"
	status=$?
	sed "s,^# at .*/,# at ," "$work/got" | diff "$want" - || return 1
	return $status
}
fails() {
	! prints "$@" && diff "$work/output" /dev/null
}

for cc in gcc clang; do
	command -v $cc >/dev/null || {
		skip "no $cc"
		continue
	}
	ok "$cc compiles tap.h" $cc -std=c11 -D_GNU_SOURCE -Wall -Wextra \
		-Wpedantic -Wconversion -Wshadow -Wundef -Werror -iquote tests \
		-o "$work/it" "$work/it.c"
	ok "what passes is said and passes" prints "$work/good"
	ok "what fails is said and fails" fails "$work/bad" fail
done
done_testing
