#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What never comes: memory that nobody fills, files that nobody serves, threads
# that nothing interrupts. `dwunw stack` ends, says why, shows the other threads
# whole, and the target runs as before.
. "$(dirname "$0")/port.sh"
cd "$top" || exit 1
. tests/house/tap.sh
dwunw=$BUILD/dwunw
pid= server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	[ -z "$pid" ] || kill -9 $pid $(children $pid) 2>/dev/null
	umount -l "$work/mount" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
children() {
	cat /proc/"$1"/task/*/children 2>/dev/null
}

start() {
	: >"$work/said"
	"$out/hang" "$@" >"$work/said" 2>"$work/error" &
	pid=$!
	wait_until started
}
started() {
	[ -s "$work/said" ] || ! kill -0 "$pid" 2>/dev/null
}
stop() {
	kill -9 $pid $(children $pid) 2>/dev/null
	wait "$pid" 2>/dev/null
	pid=
}
# How many threads there are of each state; one that runs may sleep a moment later.
states() {
	cat /proc/"$pid"/task/*/stat | sed 's/^.*) \(.\).*/\1/; s/R/S/' | sort |
		uniq -c | tr -s ' \n' '  '
}
# A tool that hangs is a failure of the test, and not the test's end.
stack() {
	timeout -s KILL 120 "$dwunw" stack "$@" "$pid" >"$work/stack" \
		2>"$work/stack.error"
	echo $? >"$work/code"
}
# stack_of TID: its lines
stack_of() {
	sed -n "/^TID $1:/,/^TID/p" "$work/stack" | sed '1d;/^TID/d'
}
others_are_whole() {
	whole=0
	for task in /proc/"$pid"/task/*; do
		tid=${task##*/}
		[ "$tid" != "$pid" ] || continue
		stack_of "$tid" >"$work/one"
		grep -q 'other+' "$work/one" && grep -q clone "$work/one" &&
			! grep -q '^    ' "$work/one" && whole=$((whole + 1))
	done
	[ "$whole" = "${1:-3}" ] || {
		echo "$whole stacks are whole" && cat "$work/stack"* && return 1
	}
}
ends_with() {
	[ "$(cat "$work/code")" = "$1" ] || {
		cat "$work/code" "$work/stack" "$work/stack.error" && return 1
	}
}
is_in() {
	grep -q "$2" "$1" || { cat "$work/stack"* && return 1; }
}
is_as_before() {
	[ "$(states)" = "$before" ]
}
# A thread that wakes up, or whose tracer lets it go, is another for a moment.
runs_as_before() {
	wait_until is_as_before || {
		echo "was '$before', is '$(states)'" && return 1
	}
}
# Those of this test: they have its environment.
no_helper() {
	for process in /proc/[0-9]*; do
		! grep -q '^dwunw-helper' "$process/comm" 2>/dev/null ||
			! grep -aq "HANG_TEST=$work" "$process/environ" \
				2>/dev/null || return
	done
}
export HANG_TEST="$work"

# --- memory --------------------------------------------------------------------

start memory
if [ ! -s "$work/said" ]; then
	skip "memory of a userfaultfd: $(cat "$work/error")"
else
	before=$(states)
	stack
	ok "userfaultfd: it ends" ends_with 0
	ok "userfaultfd: and says why" \
		is_in "$work/stack" 'memory at 0x.* was not there in time'
	ok "userfaultfd: the other threads' stacks" others_are_whole
	ok "userfaultfd: the target runs as before" runs_as_before
	stack --timeout 1
	ok "userfaultfd: --timeout 1" \
		is_in "$work/stack" 'memory at 0x.* was not there in time'
	ok "userfaultfd: the target runs as before" runs_as_before
	kill -STOP "$pid"
	stopped() {
		states | grep -q '4 T'
	}
	wait_until stopped
	before=$(states)
	stack
	ok "stopped by a signal: it ends" ends_with 0
	ok "stopped by a signal: its stacks" others_are_whole
	ok "stopped by a signal: it stays so" runs_as_before
	kill -CONT "$pid"
fi
stop

# serve: /file is callback.so, until SIGUSR1
serve() {
	: >"$work/served"
	"$out/stall" "$work/mount" "$out/callback.so" >"$work/served" 2>&1 &
	server=$!
	wait_until [ -s "$work/served" ]
}
serve_no_more() {
	kill "$server"
	wait "$server" 2>/dev/null
	server=
}

# --- files that are served by nobody --------------------------------------------

mkdir "$work/mount"
serve
if grep -q '^ready' "$work/served"; then
	start load "$work/mount/file"
	before=$(states)
	stack
	ok "FUSE: a library that is served" is_in "$work/stack" 'calls_back+'
	kill -USR1 "$server"
	stack
	ok "FUSE: status 1, as names may be missing" ends_with 1
	ok "FUSE: says why" is_in "$work/stack.error" 'no answer in time'
	ok "FUSE: the other threads' stacks" others_are_whole
	ok "FUSE: the target runs as before" runs_as_before
	serve_no_more # first: not even SIGKILL ends who waits for it
	stop
	serve
	start map "$work/mount/file"
	before=$(states)
	kill -USR1 "$server"
	stack
	ok "FUSE memory: it ends" ends_with 0
	ok "FUSE memory: says why" \
		is_in "$work/stack" 'memory at 0x.* was not there in time'
	ok "FUSE memory: the other threads' stacks" others_are_whole
	ok "FUSE memory: the target runs as before" runs_as_before
	serve_no_more # first: not even SIGKILL ends who waits for it
	stop
else
	skip "FUSE: $(cat "$work/served")"
	server=
fi

# --- a FIFO where a mapped file was ----------------------------------------------

cp "$out/callback.so" "$work/library"
start load "$work/library"
rm "$work/library"
mkfifo "$work/library"
before=$(states)
stack
ok "a FIFO in place of a file: it ends" ends_with 0
ok "a FIFO in place of a file: the other threads' stacks" others_are_whole
ok "a FIFO in place of a file: the target runs as before" runs_as_before
stop

# --- threads that nothing stops ---------------------------------------------------

start vfork
before=$(states)
stack
ok "vfork: status 1" ends_with 1
ok "vfork: says why" is_in "$work/stack.error" \
	"thread $pid of process $pid .*: it sleeps in the kernel"
ok "vfork: the other threads' stacks" others_are_whole
ok "vfork: the target runs as before" runs_as_before
kill -9 $(children "$pid")
ended() {
	! kill -0 "$pid" 2>/dev/null
}
ok "vfork: its child ends, and it goes on" wait_until ended
stop

start load "$out/callback.so"
if command -v strace >/dev/null; then
	before=$(states)
	strace -qq -f -p "$pid" -o /dev/null 2>/dev/null &
	tracer=$!
	traced() {
		grep -q "^TracerPid:	$tracer" /proc/"$pid"/status
	}
	wait_until traced
	stack
	ok "traced already: status 1" ends_with 1
	ok "traced already: says by whom" is_in "$work/stack.error" \
		"traced by pid $tracer already"
	kill "$tracer"
	wait "$tracer" 2>/dev/null
	ok "traced already: the target runs as before" runs_as_before
	stack
	ok "traced no more" others_are_whole
else
	skip "traced already: there is no strace"
fi
stop

ok "no helper is left" wait_until no_helper
done_testing
