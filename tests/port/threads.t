#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every frame of every thread of live programs, beside what gdb says of them.
. "$(dirname "$0")/build.sh"

command -v gdb >/dev/null && gdb -batch -ex 'python 1' 2>/dev/null || {
	echo "1..0 # SKIP no gdb with Python"
	exit 0
}
chain_libraries || exit 1
target victim "$here/victim.c" -pthread -ldl || exit 1
target static "$here/victim.c" -DSTATIC -static -no-pie -pthread || exit 1
target frames "$here/victim.c" -O0 -fno-omit-frame-pointer -pthread -ldl ||
	exit 1
compile "$out/threads" -I"$top/include" "$here/threads.c" \
	"$BUILD/libdwunw.a" -pthread || exit 1

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
	for i in 1 2 3 4 5 6 7 8 9 10; do
		state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' \
			"/proc/$pid/status")
		[ "$state" != "$1" ] || break
		sleep 0.1
	done
}

# compare TITLE PROGRAM ARGUMENT...: its threads wait for good.
compare() {
	title=$1
	shift
	"$@" <&3 >"$scratch/said" 2>&1 &
	pid=$!
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ ! -s "$scratch/said" ] || break
		sleep 0.1
	done
	sleep 0.2
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
def deep(n): return deep(n - 1) if n else time.sleep(100)
for i in range(4): threading.Thread(target=deep, args=(i * 5,), daemon=True).start()
print("ready", flush=True)
sorted([2, 1], key=lambda x: time.sleep(100))'

# A stopped program stays stopped.
"$out/victim" threads 2 <&3 >"$scratch/said" &
pid=$!
sleep 0.3
kill -STOP "$pid"
sleep 0.1
"$out/threads" "$pid" >"$scratch/stopped" 2>&1
verdict $? "a program that is stopped already" "$scratch/stopped"
wait_state T
[ "$state" = T ]
verdict $? "stays stopped ($state)"
kill -9 "$pid"
wait "$pid" 2>/dev/null
pid=

# Signals that come while we look are not lost, and the program goes on.
"$CC" -std=c11 -D_GNU_SOURCE -O2 -o "$scratch/count" -x c - <<'C' || exit 1
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
static volatile sig_atomic_t seen;
static void on(int n)
{
	(void)n;
	seen++;
}
static void send(pid_t to)
{
	struct timespec pause = { 0, 20000 };
	union sigval value = { .sival_int = 0 };

	for (int i = 0; i < 20000; i++) {
		while (sigqueue(to, SIGRTMIN, value) && errno == EAGAIN)
			nanosleep(&pause, NULL);
	}
	kill(to, SIGTERM);
	_exit(0);
}
int main(void)
{
	struct sigaction action = { .sa_handler = on };
	struct timespec none = { 0, 0 };
	pid_t self = getpid();
	sigset_t term;

	alarm(60);
	sigaction(SIGRTMIN, &action, NULL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	if (!fork())
		send(self);
	while (sigtimedwait(&term, NULL, &none) != SIGTERM)
		;
	printf("%d\n", (int)seen);
	return 0;
}
C
"$scratch/count" >"$scratch/seen" &
pid=$!
runs=$("$out/threads" "$pid" hammer)
wait "$pid"
pid=
seen=$(cat "$scratch/seen")
[ "$seen" = 20000 ]
verdict $? "20000 signals arrived while it was looked at $runs times ($seen)"

echo "1..$tests"
