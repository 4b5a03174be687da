#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Recorded stacks of small programs, each of a kind of frame: every frame is that of a
# shadow call stack. Real programs: shadow.t (`make test-long`).
. tests/stacks/shadow.sh
micro=$(ls "$snaps"/micro-*.snap 2>/dev/null)

agrees_with_gdb "$snaps/micro-signals-gccO2.snap" \
	"$snaps/micro-expressions.snap" "$snaps/micro-throw-static.snap"

# --- the micro programs ---

# A walk may end early only at code that has no unwind information at all:
# .init and .fini, crtbegin.o, glibc's clone behind its system call.
# Of deep ones, a million frames each, one is enough here.
for snap in $(printf '%s\n' $micro | grep -v -e deep-gccOs -e deep-clang); do
	name=${snap##*/micro-}
	ok "micro ${name%.snap}: every sample exact, or ends at a gap" \
		"$snaps/bin/check" --verbose --min 100 --gaps \
		--backend dwunw "$snap"
	grep "^micro" "$work/output" | sed 's/^/# /'
done

# shellcheck disable=SC2046 # a list
ok "walks from all outer frames go on as the whole ones" resumed 997 \
	$(printf '%s\n' $micro | grep -v -e expressions -e micro-deep-)
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
