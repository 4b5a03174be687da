#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every frame of every thread of live programs, beside what gdb says of them.
. "$(dirname "$0")/port.sh"

command -v gdb >/dev/null && gdb -batch -ex 'python 1' 2>/dev/null || {
	echo "1..0 # SKIP no gdb with Python"
	exit 0
}
scratch=$(mktemp -d)
pid=
trap 'kill -9 $pid 2>/dev/null; rm -rf "$scratch"' EXIT
tests=0

# A stdin on which nothing ever comes.
mkfifo "$scratch/silence"
exec 3<>"$scratch/silence"

verdict() {
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		echo "not ok $tests - $2"
		[ -z "$3" ] || sed 's/^/# /' "$3"
	fi
}

# The same lines as threads.c prints. Frames of inlined and of tail calls are
# gdb's reading of the debug information: the stack has no such frame.
cat >"$scratch/stacks.py" <<'PY'
import gdb
for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.ptid[1]):
    thread.switch()
    frame = gdb.newest_frame()
    pcs = []
    while frame is not None and frame.is_valid():
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            pcs.append('%x' % frame.pc())
        frame = frame.older()
    print('STACK', thread.ptid[1], ' '.join(pcs))
PY

by_gdb() {
	gdb -batch -nx -iex 'set debuginfod enabled off' \
		-iex 'set auto-load no' \
		-ex 'set backtrace past-main on' \
		-ex 'set backtrace past-entry on' \
		-p "$1" -x "$scratch/stacks.py" 2>/dev/null |
		sed -n 's/^STACK //p'
}

# A thread that was let go still runs the few instructions that lead back to
# where it was.
wait_state() {
	wait_until in_state "$1"
}
in_state() {
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' \
		"/proc/$pid/status") && [ "$state" = "$1" ]
}
# Until every thread is asleep, with no time on a processor meanwhile.
settled() {
	cat "/proc/$pid"/task/*/stat | sed 's/.*) //' |
		cut -d ' ' -f 1,12,13 >"$scratch/now"
	cmp -s "$scratch/now" "$scratch/before" &&
		! grep -qv '^[ST]' "$scratch/now" && return
	mv "$scratch/now" "$scratch/before"
	return 1
}

# compare TITLE PROGRAM ARGUMENT...: its threads wait for good.
compare() {
	title=$1
	shift
	"$@" <&3 >"$scratch/said" 2>&1 &
	pid=$!
	wait_until grep -q ready "$scratch/said"
	wait_until settled
	by_gdb "$pid" >"$scratch/gdb"
	"$out/threads" "$pid" >"$scratch/stopped" 2>"$scratch/why"
	"$out/threads" "$pid" live >"$scratch/live" 2>&1
	frames=$(wc -w <"$scratch/gdb")
	threads=$(wc -l <"$scratch/gdb")
	[ "$threads" -gt 0 ]
	verdict $? "$title: $threads threads, $((frames - threads)) frames by gdb"
	diff "$scratch/gdb" "$scratch/stopped" >"$scratch/diff"
	verdict $? "$title: the same, stopped" "$scratch/diff"
	diff "$scratch/gdb" "$scratch/live" >"$scratch/diff"
	verdict $? "$title: the same, read live" "$scratch/diff"
	[ ! -s "$scratch/why" ]
	verdict $? "$title: each to its root" "$scratch/why"
	wait_state S
	[ "$state" = S ]
	verdict $? "$title: it sleeps as before ($state)"
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	pid=
	: >"$scratch/said"
}

compare "nine threads" "$out/victim" threads 8
compare "20 libraries" "$out/chain" threads 3
compare "a static program" "$out/static" threads 3
compare "frame pointers" "$out/frames" threads 2
compare "in a signal handler" "$out/victim" signal
[ ! -x /usr/bin/python3 ] || compare "python3" /usr/bin/python3 -c '
import threading, time, re
def deep(n): return deep(n - 1) if n else time.sleep(1000)
for i in range(4): threading.Thread(target=deep, args=(i * 5,), daemon=True).start()
print("ready", flush=True)
sorted([2, 1], key=lambda x: time.sleep(1000))'

# A stopped program stays stopped.
"$out/victim" threads 2 <&3 >"$scratch/said" &
pid=$!
wait_until grep -q ready "$scratch/said"
wait_until settled
kill -STOP "$pid"
wait_state T
"$out/threads" "$pid" >"$scratch/stopped" 2>&1
verdict $? "a program that is stopped already" "$scratch/stopped"
wait_state T
[ "$state" = T ]
verdict $? "stays stopped ($state)"
kill -9 "$pid"
wait "$pid" 2>/dev/null
pid=

# Signals that come while we look are not lost, and the program goes on.
"$out/count" >"$scratch/seen" &
pid=$!
runs=$("$out/threads" "$pid" hammer)
wait "$pid"
pid=
seen=$(cat "$scratch/seen")
[ "$seen" = 20000 ]
verdict $? "20000 signals arrived while it was looked at $runs times ($seen)"

echo "1..$tests"
