#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Recorded stacks of programs by lld (four targets) and mold (it has no mips),
# and of one by rustc, whose default linker lld is: every frame is compared with
# a shadow call stack.
#
# While an exception is about to land, libgcc has written the registers of where
# it lands over those that its own frames saved: no row tells the stack there.
# That is one sample in some thousand of programs that throw (sparks, rust); the
# others are exact in each.
set -u
. tests/house/tap.sh

BUILD=${BUILD:-$PWD/build/$(uname -m)}
snaps=$BUILD/tests/linkers/shadow
check=$BUILD/tests/stacks/bin/check

[ "$(uname -m)" = x86_64 ] || skip_all "recordings are made on x86_64"
qemu-x86_64 --version 2>/dev/null | grep -q 'version 7\.2' ||
	skip_all "needs qemu-x86_64 7.2 (qemu-user of Debian 12)"

for wanted in x86_64-lld x86_64-mold arm64-lld arm64-mold mips32el-lld \
	mips32eb-lld; do
	for name in chains sparks; do
		ok "$wanted-$name is recorded" test -s "$snaps/$wanted-$name.snap"
	done
done
ok "a program by rustc is recorded" test -s "$snaps/x86_64-lld-rust.snap"

# to main where the start code has no rows
: >"$work/totals"
for snap in "$snaps"/*.snap; do
	name=${snap##*/}
	name=${name%.snap}
	to= least=99.9
	case $name in mips*) to=--main ;; esac
	case $name in *-chains) least=100 ;; esac
	# shellcheck disable=SC2086 # an option or nothing
	ok "$name: $least % exact, row cache or not" "$check" --verbose \
		--min $least --backend dwunw $to "$snap"
	grep ' dwunw ' "$work/output" | sed 1q | sed 's/^/# /'
	grep '^total' "$work/output" >>"$work/totals"
	# shellcheck disable=SC2086
	ok "$name: the same by dwunw_capture()" "$check" --min $least \
		--backend dwunw-capture $to "$snap"
done

total()
{
	awk '{ n += $3; exact += $7 }
		END { print exact " of " n " samples exact"
		      exit !(n >= 50000 && (n - exact) * 10000 <= n) }' \
		"$work/totals"
}
ok "99.99 % of at least 50,000 samples" total
sed 's/^/# /' "$work/output"

done_testing
