#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Walks recorded stacks of arm64, riscv64 and mips32 programs on this machine and compares
# every frame with a shadow call stack; then once more on a big-endian host.
#
# "full" programs are built wholly with -funwind-tables: each must be exact, from
# the sampled pc to the program's start, in 99.9 % of its samples. On mips32 the
# start is main()'s caller, and with musl: the start code has no FDE there. In the
# "plain" ones the prefix up to the first frame without CFI must be. Each place
# that was taken to have no CFI is looked up with readelf.
#
# The recordings are made by make (rules.mk), below $BUILD/tests/cross/shadow.
set -u
. tests/house/tap.sh

[ "$(uname -m)" = x86_64 ] || skip_all "the recorder is a plugin of x86_64's qemu"
for qemu in qemu-aarch64 qemu-riscv64 qemu-mipsel qemu-mips; do
	$qemu --version 2>/dev/null | grep -q 'version 7\.2' ||
		skip_all "needs $qemu 7.2 (qemu-user of Debian 12)"
done
for tool in aarch64-linux-gnu riscv64-linux-gnu mipsel-linux-gnu \
	mips-linux-gnu; do
	command -v $tool-g++ > /dev/null || skip_all "needs $tool-g++"
done

BUILD=${BUILD:-$PWD/build/$(uname -m)}
stacks=tests/stacks
snaps=$BUILD/tests/cross/shadow
check=$BUILD/tests/stacks/bin/check

said() # the remarks of the last test, without its misses
{
	grep -v '^    step ' "$work/output" | sed 's/^/# /'
}

# rejected N SNAP...: of all samples at most N in 1000 were rejected
rejected()
{
	limit=$1
	shift
	for snap; do
		grep -ah ' samples, rejected ' "${snap%.snap}.log"
	done | awk -v limit="$limit" '{ kept += $4; bad += $7 + $9 + $11 }
		END { print bad " of " kept + bad
		      exit bad * 1000 > kept * limit }'
}

enough()
{
	awk -v at_least="$1" '$1 == "total" { n += $3 }
		END { print n " samples"; exit !(n >= at_least) }' "$work/totals"
}

# By the steps that a walk tells, as tests/stacks/shadow.t has it.
resumed()
{
	"$check" --resume "$@" > "$work/resumed" || {
		cat "$work/resumed"
		return 1
	}
	grep '^resumed:' "$work/resumed"
	awk '/^resumed:/ { exit !($8 * 1000 >= $10 * 999 && $2 > 100000) }' \
		"$work/resumed"
}

for target in arm64 riscv64 mips32el mips32eb; do
	to_main=
	case $target in mips32*) to_main=--main ;; esac
	# riscv64's libc has no FDEs for memcpy() and memmove(), and nothing else
	# tells there: what is right up to that and ends is no miss. How many
	# samples are in there is the recording's luck (sparks -Os: 9 of 7,999)
	gaps=
	[ $target != riscv64 ] || gaps=--gaps
	: > "$work/totals"
	ok "$target: the recorder rejected at most 0.1 % of the samples in C" \
		rejected 1 "$snaps/$target"-full-chains*.snap
	said
	# libgcc's uw_install_context_1() rewrites the frame that it will land
	# with: samples in there have no truth
	ok "$target: at most 0.4 % where exceptions are thrown" \
		rejected 4 "$snaps/$target"-full-sparks*.snap
	said
	for snap in "$snaps/$target"-full-*.snap; do
		name=${snap##*/}
		to=$to_main
		case $name in *-musl*) to=--main ;; esac
		ok "${name%.snap}: 99.9 % exact, prefix and row cache as well" \
			"$check" --verbose --backend dwunw --min 99.9 \
			--prefix 99.9 $gaps $to "$snap"
		grep ' dwunw ' "$work/output" | sed 1q | sed 's/^/# /'
		grep '^total' "$work/output" >> "$work/totals"
	done
	ok "$target: the same by dwunw_capture() and a memory callback" \
		"$check" --min 99.9 --main $gaps --backend dwunw-capture \
		--backend dwunw-callback "$snaps/$target"-full-*.snap

	ok "$target: walks from all outer frames go on as the whole ones" \
		resumed "$snaps/$target"-*.snap
	said

	rejected 1000 "$snaps/$target"-plain-*.snap > "$work/output"
	note "$target plain: rejected $(cat "$work/output")"
	# riscv64 has no scan: in a handler without CFI that has moved sp the
	# link register leads to the trampoline, no signal's frame is at sp, and
	# the stack ends there, as "no call". That is 1.6 to 2.4 % of signals.c's
	# samples, by where its timer came, and 0.5 % of all
	prefix=99.9
	[ $target != riscv64 ] || prefix=99
	ok "$target: plain programs, prefix without CFI gaps $prefix % right" \
		"$check" --verbose --backend dwunw --prefix $prefix \
		--gap-list "$work/gaps" "$snaps/$target"-plain-*.snap
	said
	grep '^total' "$work/output" >> "$work/totals"
	# shellcheck disable=SC2086 # an option or nothing
	# readelf finds nothing without section headers, right or wrong
	"$check" --main --prefix 1 --gap-list "$work/gaps-full" \
		$(ls "$snaps/$target"-full-*.snap | grep -v bare) > /dev/null
	sort -u "$work/gaps" "$work/gaps-full" > "$work/all-gaps"
	ok "$target: readelf finds no FDE where dwunw found none" \
		$stacks/gaps.pl "$work/all-gaps"
	awk '{ n += $2 } END { print n " places in " NR " files" }' \
		"$work/output" | sed 's/^/# /'
	# C code of riscv64 has no CFI by itself: fewer programs
	least=50000
	[ $target != riscv64 ] || least=30000
	ok "$target: at least $least samples" enough $least
	said
done

# --- from any host: big-endian, 32 bits ---

# Everything printed, with a digest of every field of every frame.
same_there()
{
	"$check" --digest --prefix 1 "$@" > "$work/here"
	qemu-mips "$BUILD/tests/cross/check-eb" --digest --prefix 1 "$@" \
		> "$work/there"
	diff "$work/here" "$work/there" && grep '^digest .* [1-9]' "$work/here"
}
# An emulator's minutes: two kinds of programs, or all with DWUNW_LONG=1.
there_too()
{
	if [ -n "${DWUNW_LONG:-}" ]; then
		ls "$snaps/$1"-*.snap
	else
		ls "$snaps/$1"-*-chains*.snap "$snaps/$1"-*-signals*.snap
	fi
}
for target in arm64 riscv64 mips32el mips32eb; do
	# shellcheck disable=SC2046 # a list
	ok "$target: every frame the same on a big-endian host" \
		same_there $(there_too $target)
	said
done
ok "x86_64: every frame the same on a big-endian host" \
	same_there "$BUILD"/tests/stacks/micro-*.snap
said

# --- ids of stacks ---

# By SPEC.md alone, a second time (ids.py), and by a big-endian host.
ids()
{
	for snap in "$@"; do
		"$check" --ids "$snap" > "$work/here" &&
			$stacks/ids.py < "$work/here" &&
			qemu-mips "$BUILD/tests/cross/check-eb" --ids "$snap" \
				> "$work/there" &&
			cmp "$work/here" "$work/there" || return 1
	done
}
if [ -x /usr/bin/python3 ]; then
	for target in arm64 riscv64 mips32el mips32eb; do
		ok "$target: ids of stacks, computed three times" ids \
			"$snaps/$target-full-chains.snap" \
			"$snaps/$target-plain-signals.snap" \
			"$snaps/$target-plain-frames-static.snap"
		said
	done
	ok "x86_64: ids of stacks, computed three times" ids \
		"$BUILD/tests/stacks/micro-signals-gccO2.snap" \
		"$BUILD/tests/stacks/micro-frames-gccO2.snap"
	said
else
	skip "ids: no /usr/bin/python3"
fi

# --- the check itself ---

# The innermost true pc of one sample changed: header 184, record 24, 33 regs.
wrong_truth()
{
	cp "$snaps/$1-full-chains.snap" "$work/wrong.snap" || return 1
	printf '\001' | dd of="$work/wrong.snap" bs=1 seek=472 conv=notrunc \
		2> "$work/dd" || return 1
	# shellcheck disable=SC2086 # an option or nothing
	! "$check" --prefix 100 $2 "$work/wrong.snap"
}
ok "arm64: a wrong true chain is noticed" wrong_truth arm64 ""
ok "mips32eb: a wrong true chain is noticed" wrong_truth mips32eb --main

# A place inside an FDE, given out as a gap.
wrong_gap()
{
	file=$snaps/bin/mips32eb-full-chains
	main=$(nm "$file" | sed -n 's/ T main$//p')
	echo "$main $file" > "$work/wrong-gap"
	! $stacks/gaps.pl "$work/wrong-gap"
}
ok "a gap that has an FDE is noticed" wrong_gap

done_testing
