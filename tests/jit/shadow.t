#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Recorded stacks through code without a file, on four targets: functions that a
# program makes while it runs, with frame pointers, which call C and are called
# by it, and are interrupted by signals (made.c); and the same where the
# program's own text is in no file either. Every frame is compared with a
# shadow call stack, and with what the walk says of how it was found.
set -u
. tests/house/tap.sh

BUILD=${BUILD:-$PWD/build/$(uname -m)}
snaps=$BUILD/tests/jit/shadow
check=$BUILD/tests/stacks/bin/check

[ "$(uname -m)" = x86_64 ] || skip_all "recordings are made on x86_64"
qemu-x86_64 --version 2>/dev/null | grep -q 'version 7\.2' ||
	skip_all "needs qemu-x86_64 7.2 (qemu-user of Debian 12)"

# The text of its own file is moved: no row of it is by a mapping of the file.
is_moved()
{
	main=$(nm "$snaps/bin/$1" | sed -n 's/ T main$//p')
	grep -a '^[0-9a-f]*-[0-9a-f]* r-x. [0-9a-f]* 00:00 0 \[made\]' \
		"$snaps/$1.snap" | awk -v main="$main" '
		function number(text,	value, i) {
			for (i = 1; i <= length(text); i++)
				value = value * 16 + index("123456789abcdef",
					substr(text, i, 1))
			return value
		}
		{ split($1, at, "-")
		  found += number(at[1]) <= number(main) &&
			number(main) < number(at[2]) }
		END { exit !found }'
}

: >"$work/totals"
for target in x86_64 arm64 mips32el mips32eb; do
	to=
	# to main where the start code has no rows
	case $target in mips*) to=--main ;; esac
	for kind in made moved; do
		name=$target-$kind
		if ! [ -s "$snaps/$name.snap" ]; then
			skip "$name: no compiler for it"
			continue
		fi
		[ $kind != moved ] || ok "$name: its text is in no file" \
			is_moved "$name"
		# shellcheck disable=SC2086 # an option or nothing
		ok "$name: each frame, and how it was found, row cache or not" \
			"$check" --made --verbose --min 99.99 --backend dwunw \
			$to "$snaps/$name.snap"
		grep -E '^(total|made)' "$work/output" | sed 's/^/# /'
		grep '^total' "$work/output" >>"$work/totals"
		# shellcheck disable=SC2086
		ok "$name: the same by dwunw_capture() and a memory callback" \
			"$check" --min 99.99 --backend dwunw-capture \
			--backend dwunw-callback $to "$snaps/$name.snap"
	done
done

total()
{
	awk '{ n += $3; exact += $7 }
		END { print exact " of " n " samples exact"
		      exit !(n >= 10000 && (n - exact) * 10000 <= n) }' \
		"$work/totals"
}
ok "99.99 % of at least 10,000 samples" total
sed 's/^/# /' "$work/output"

done_testing
