#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Walks recorded stacks of real programs and compares every frame with a
# shadow call stack, beside libunwind and libdwfl on the same bytes.
#
# The recordings are made by make (rules.mk), below $BUILD/tests/stacks.
set -u
. tests/house/tap.sh

BUILD=${BUILD:-$PWD/build/$(uname -m)}
snaps=$BUILD/tests/stacks

[ "$(uname -m)" = x86_64 ] || skip_all "recordings are of x86_64"
qemu-x86_64 --version 2>/dev/null | grep -q 'version 7\.2' ||
	skip_all "needs qemu-x86_64 7.2 (qemu-user of Debian 12)"
backends=$(cat "$snaps/bin/backends")

programs=
for snap in "$snaps"/*.snap; do
	case $snap in
	*/micro-*) ;;
	*) programs="$programs $snap" ;;
	esac
done
micro=$(ls "$snaps"/micro-*.snap 2>/dev/null)

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

# gdb as a third voice: it must find the chains that the recorder wrote. gdb
# too walks by the rows of the files, and a row can be wrong (an epilogue of
# libclang-cpp changes its row 9 bytes late), so one in 100 may differ; which
# samples are taken depends on how many the machine's own files gave.
gdb_compares()
{
	rm -rf "$work/gdb" && mkdir "$work/gdb" &&
		"$snaps/bin/snapcore" "$1" 12 "$work/gdb" || return 1
	timeout 120 gdb -batch -nx -x "$work/gdb/gdb.commands" \
		> "$work/gdb/out" 2>&1
	grep '^sample ' "$work/gdb/out" > "$work/gdb/got"
	diff "$work/gdb/truth" "$work/gdb/got"
	awk -v same=0 'NR == FNR { truth[$2] = $0; n++; next }
		truth[$2] == $0 { same++ }
		END { print n, same }' "$work/gdb/truth" "$work/gdb/got" \
		>> "$work/compared"
}

gdb_agrees()
{
	: > "$work/compared"
	for snap in "$@"; do
		gdb_compares "$snap" || return 1
	done
	awk '{ n += $1; same += $2 }
		END { print same " of " n " samples are the same in gdb"
		      exit !(n > 0 && (n - same) * 100 <= n) }' "$work/compared"
}
if gdb -batch -nx -ex 'python print(1)' 2> /dev/null | grep -q 1; then
	# shellcheck disable=SC2086 # a list
	ok "gdb agrees with the recorder" gdb_agrees $programs \
		"$snaps/micro-signals-gccO2.snap" \
		"$snaps/micro-expressions.snap" \
		"$snaps/micro-throw-static.snap"
	sed 's/^/# /' "$work/output"
else
	skip "no gdb with Python"
fi

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

# --- the micro programs ---

# A walk may end early only at code that has no unwind information at all:
# .init and .fini, crtbegin.o, glibc's clone behind its system call.
for snap in $micro; do
	name=${snap##*/micro-}
	ok "micro ${name%.snap}: every sample exact, or ends at a gap" \
		"$snaps/bin/check" --verbose --min 100 --gaps \
		--backend dwunw "$snap"
	grep "^micro" "$work/output" | sed 's/^/# /'
done

# --- walks that begin at an outer frame, by the steps that a walk tells ---

# At each frame that such steps reach: nearly all, but those of hand-written
# expressions (micro-expressions), whose rows have no packed form.
resumed()
{
	"$snaps/bin/check" --resume "$@" > "$work/resumed" || {
		cat "$work/resumed"
		return 1
	}
	grep '^resumed:' "$work/resumed"
	awk '/^resumed:/ { exit !($8 * 1000 >= $10 * 999 && $2 > 100000) }' \
		"$work/resumed"
}
# shellcheck disable=SC2086 # lists
ok "walks from all outer frames go on as the whole ones" resumed $programs \
	$(printf '%s\n' $micro | grep -v expressions)
sed 's/^/# /' "$work/output"

# --- the check itself ---

# One byte of a true chain changed: that sample must count as a miss.
wrong_truth()
{
	cp "$snaps/micro-jumps-gccO2.snap" "$work/wrong.snap" || return 1
	# header 184, record 24, regs 17 * 8: chain[0].pc
	printf '\001' | dd of="$work/wrong.snap" bs=1 seek=344 conv=notrunc \
		2> "$work/dd" || return 1
	! "$snaps/bin/check" --min 100 --backend dwunw "$work/wrong.snap"
}
ok "a wrong true chain is noticed" wrong_truth

cut_file()
{
	head -c 5000 "$snaps/micro-jumps-gccO2.snap" > "$work/cut.snap"
	! "$snaps/bin/check" --backend dwunw "$work/cut.snap"
}
ok "a recording cut short is refused" cut_file

done_testing
