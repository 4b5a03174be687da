#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Walks recorded stacks of real programs and compares every frame with a
# shadow call stack, beside libunwind and libdwfl on the same bytes.
#
# The recordings are made by make (rules.mk), below $BUILD/tests/stacks.
. tests/stacks/shadow.sh
backends=$(cat "$snaps/bin/backends")

programs= deep=
for snap in "$snaps"/*.snap; do
	case $snap in
	*/micro-deep-gccOs.snap | */micro-deep-clangO2.snap) deep="$deep $snap" ;;
	*/micro-*) ;;
	*) programs="$programs $snap" ;;
	esac
done

# --- figures of the recordings themselves ---

# rejected SNAP...: of all samples at most one in 1000 was rejected
rejected()
{
	for snap in "$@"; do
		grep -h ' samples, rejected ' "${snap%.snap}.log"
	done | awk '{ kept += $4; bad += $7 + $9 + $11 }
		END { print bad " of " kept + bad; exit bad * 1000 > kept }'
}
# shellcheck disable=SC2086 # a list
ok "the recorder rejected at most 0.1 % of the samples" rejected $programs
sed 's/^/# rejected: /' "$work/output"

# shellcheck disable=SC2086 # a list
agrees_with_gdb $programs

# --- the programs ---

compared="--backend dwunw"
for name in $backends; do
	[ "$name" = dwunw ] || compared="$compared --backend $name"
done
# shellcheck disable=SC2086
ok "at least 99.99 % exact, not below the others, row cache or not" \
	"$snaps/bin/check" --verbose --min 99.99 $compared $programs
cp "$work/output" "$work/programs"
sed 's/^/# /' "$work/output"

enough()
{
	awk -v programs="$(echo "$programs" | wc -w)" '
		$1 == "total" && $2 == "dwunw" { n = $3 }
		END { print n " samples of " programs " recordings"
		      exit !(n >= 60000 && programs >= 8) }' "$work/programs"
}
ok "at least 60,000 samples of at least 8 programs" enough

for name in openssl-rsa openssl-digest exceptions lazy python3; do
	ok "$name is among them" test -s "$snaps/$name.snap"
done

# shellcheck disable=SC2086
ok "the same by dwunw_capture() and by a memory callback alone" \
	"$snaps/bin/check" --min 99.99 --backend dwunw-capture \
	--backend dwunw-callback $programs

# shellcheck disable=SC2086 # a list
ok "a thousand frames, more than micro.t has" "$snaps/bin/check" --min 100 \
	--gaps --backend dwunw $deep

# RSA of libcrypto works on a stack of its own, with its CFA by an expression
# (rsp + 40, dereferenced): a third of its frames lie beyond.
# shellcheck disable=SC2046 # a list
ok "walks from all outer frames go on as the whole ones" resumed 997 \
	$(printf '%s\n' $programs | grep -v '/openssl-rsa\.snap')
sed 's/^/# /' "$work/output"
ok "… of openssl-rsa, too" resumed 650 "$snaps/openssl-rsa.snap"
sed 's/^/# /' "$work/output"

done_testing
