#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Ids of stacks and identities of files; a second program computes identities by
# SPEC.md alone.
. "$(dirname "$0")/port.sh"
. tests/house/tap.sh

ok "ids" run_test ids
grep -a '^not ok\|^#' "$work/output"

python=/usr/bin/python3
files="$out/victim $out/victim-no-id $out/static $out/frames $out/ids"
same() {
	# shellcheck disable=SC2086 # a list
	"$out/ids" --file $files $(ls /lib/ld-musl-*.so.1 /usr/bin/python3 \
		2>/dev/null) >"$work/ours"
	# shellcheck disable=SC2046,SC2086 # lists
	$python tests/stacks/ids.py --file $files \
		$(ls /lib/ld-musl-*.so.1 /usr/bin/python3 2>/dev/null) \
		>"$work/theirs"
	cat "$work/ours"
	diff "$work/ours" "$work/theirs" && grep -q '[1-9a-f]' "$work/ours"
}
if [ -x $python ]; then
	ok "identities as ids.py computes them" same
	sed 's/^/# /' "$work/output"
	ok "the example of SPEC.md" tests/stacks/ids.py --spec SPEC.md
else
	skip "no $python"
fi
done_testing
