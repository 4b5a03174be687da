#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Stack of core and arch: no recursion, no frame of unknown size, the largest
# frame and the deepest chain of direct calls within tests/house/stack.budget.
set -u
. tests/house/tap.sh

case $(${CC:-gcc} --version 2>/dev/null | head -n 1) in
*gcc* | *Free\ Software*) ;;
*) command -v gcc >/dev/null || skip_all "no gcc" ;;
esac

ok "gcc reports stack use" sh -c \
	'CC="$1" scripts/stack >"$2/stack"' - "${CC:-gcc}" "$work"
ok "every function is there" grep -q '^frame.*dwunw_walk' "$work/stack"

grep '^cycle' "$work/stack" | cut -f 4 >"$work/cycles"
ok "no recursion by direct calls" empty "$work/cycles"
# bounded: arguments are pushed for a call, and counted
awk -F '\t' '$1 == "frame" && $4 != "static" && $4 != "dynamic,bounded" {
	print $3 ": " $4 }' \
	"$work/stack" >"$work/dynamic"
ok "no frame of unknown size" empty "$work/dynamic"

# within KIND: the largest of that kind is not above the budget
within() {
	budget=$(awk -v arch="$ARCH" -v kind="$1" \
		'$1 == arch && $2 == kind { print $3 }' tests/house/stack.budget)
	worst=$(awk -F '\t' -v kind="$1" '$1 == kind && $2 > worst {
		worst = $2 } END { print worst + 0 }' "$work/stack")
	if [ -z "$budget" ]; then
		echo "no budget for $ARCH $1: $worst bytes"
		return 1
	fi
	[ "$worst" -le "$budget" ] || {
		echo "want at most $budget bytes, got $worst;"
		echo "if that is right, raise '$ARCH $1' in" \
			"tests/house/stack.budget and say why in the commit"
		return 1
	}
}
if grep -q 'CONFIG_OPTIMIZE_SPEED 1' "$CONFIG_H"; then
	ok "the largest frame is within the budget" within frame
	ok "the deepest chain is within the budget" within chain
else
	skip "the budget is for -O2"
	skip "the budget is for -O2"
fi

note "the largest frames, in bytes:"
grep '^frame' "$work/stack" | sort -t "$(printf '\t')" -k 2,2nr | head -n 10 |
	awk -F '\t' '{ printf "# %8d %s\n", $2, $3 }'
note "the deepest chains, in bytes (*: ends in a call through a pointer):"
grep '^chain' "$work/stack" | sort -t "$(printf '\t')" -k 2,2nr | head -n 3 |
	awk -F '\t' '{ printf "# %8d %s\n", $2, $4 }'

done_testing
