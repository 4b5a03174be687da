#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# examples/utils/symbolize_demo: what it can't do fails, and nothing is left out.
cd "$(dirname "$0")/../.." || exit 1
. tests/house/tap.sh
demo=$BUILD/examples/utils/symbolize_demo
[ -x "$demo" ] || skip_all "no $demo"
command -v nm >/dev/null || skip_all "no nm"

# gives CODE TEXT ARGUMENT...: its exit code, and text in what it prints
gives() {
	want=$1
	text=$2
	shift 2
	"$demo" "$@" >"$work/got" 2>&1
	code=$?
	cat "$work/got"
	[ "$code" = "$want" ] && grep -qF -- "$text" "$work/got"
}
ok "its own main" gives 0 'main: '
main=0x$(nm "$demo" | awk '$3 == "main" { print $1 }')
ok "a name" gives 0 'main+0x0' "$demo" "$main"
ok "a name, and an address without one" gives 1 '?? nothing is known of it' "$demo" \
	"$main" 0x1
ok "no such file" gives 1 'cannot be read' "$work/none" 0x1
ok "--help" gives 0 usage: --help
ok "no address" gives 2 'which addresses' "$demo"
ok "64 addresses" gives 0 main+0x0 "$demo" $(yes "$main" | head -n 64)
ok "65 addresses" gives 2 'more than 64' "$demo" $(yes "$main" | head -n 65)
for number in x '' 0x 0x1g -1 99999999999999999999; do
	ok "'$number'" gives 2 "ADDRESS: '$number' is wrong" "$demo" "$number"
done
# Names are printable as the library hands them out, whatever the file has.
evil=$(printf 'ev\033[31mil\302\233\177\n\303\244')
objcopy --redefine-sym "main=$evil" "$BUILD/tests/names/main.o" \
	"$work/evil.o" &&
	ok "control characters in a name" \
		gives 0 "$(printf '  ev?[31mil????\303\244+0x0')" "$work/evil.o" 0x0
full() {
	"$demo" >/dev/full 2>"$work/got"
	[ $? = 1 ] && grep -q 'No space left' "$work/got"
}
[ ! -c /dev/full ] || ok "stdout is full" full
done_testing
