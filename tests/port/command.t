#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What the command says where it can't do what was asked: which file or
# process, and why; its exit code; nothing that drives a terminal.
. "$(dirname "$0")/port.sh"
cd "$top" || exit 1
. tests/house/tap.sh
dwunw=$BUILD/dwunw
pid=
trap 'kill -9 $pid 2>/dev/null; rm -rf "$work"' EXIT

# says CODE ERROR COMMAND...: its exit code, and its one line of stderr
says() {
	want=$1
	text=$2
	shift 2
	"$@" >"$work/stdout" 2>"$work/stderr"
	code=$?
	line=$(head -n 1 "$work/stderr")
	[ "$code" = "$want" ] || echo "exit code $code, not $want"
	case $line in
	"dwunw: "$text) ;;
	*) echo "said '$line', not '$text'" && return 1 ;;
	esac
	[ "$code" = "$want" ]
}
silent() {
	[ ! -s "$work/stdout" ] || { cat "$work/stdout" && return 1; }
}

# --- files ---------------------------------------------------------------------

echo '#!/bin/sh' >"$work/script"
: >"$work/empty"
mkfifo "$work/fifo"
ln -s loop "$work/loop"
truncate -s 9T "$work/huge" 2>/dev/null || rm -f "$work/huge"
head -c 4000 "$dwunw" >"$work/cut"
for verb in rows symbolize "rows --scan" "rows --compare"; do
	refused() {
		says 1 "$work/$1: $2" "$dwunw" $verb "$work/$1" </dev/null &&
			silent
	}
	ok "$verb: no such file" refused nothing 'No such file or directory'
	ok "$verb: a directory" refused . 'not a regular file'
	ok "$verb: a FIFO" refused fifo 'not a regular file'
	ok "$verb: a loop of links" refused loop 'Too many levels *'
	ok "$verb: an empty file" refused empty '*not an ELF file, or*'
	ok "$verb: a script" refused script '*not an ELF file, or*'
	[ ! -f "$work/huge" ] ||
		ok "$verb: 9 TB" refused huge 'larger than files may be'
done
ok "rows: a file that was cut" says 1 "$work/cut: *it is truncated*" \
	"$dwunw" rows "$work/cut"
ok "a core file: a directory" says 1 "$work: not a regular file" \
	"$dwunw" stack --core "$work"
ok "rows: no rows, no success" says 1 '*has no call frame information' \
	"$dwunw" rows "$out/nothing.so"
ok "rows --scan: no function, no success" says 1 '*has no function*' \
	"$dwunw" rows --scan "$out/nothing.so"
for option in --debug-dir --sysroot; do
	ok "$option without such a directory" says 0 \
		"warning: $option $work/none: No such file or directory" \
		"$dwunw" symbolize $option "$work/none" "$dwunw" 0x0
	ok "$option of a file" says 0 \
		"warning: $option $work/empty: not a directory" \
		"$dwunw" symbolize $option "$work/empty" "$dwunw" 0x0
done

# --- numbers -------------------------------------------------------------------

for number in 010 0x 0x1g 18446744073709551616 -1 '' ' 1'; do
	ok "symbolize: '$number'" says 1 "symbolize: '$number' is no address" \
		"$dwunw" symbolize "$dwunw" "$number"
	ok "rows: '$number'" says 2 "rows: *" "$dwunw" rows "$dwunw" "$number"
	ok "stack: '$number'" says 2 "stack: *" "$dwunw" stack "$number"
done
ok "stack: 2147483648" says 2 "stack: PID: '2147483648' is wrong*" \
	"$dwunw" stack 2147483648

# --- streams -------------------------------------------------------------------

from_stdin() {
	printf "$1" | "$dwunw" symbolize "$dwunw" >"$work/stdout" 2>&1
	code=$?
	got=$(grep '^[^ ]' "$work/stdout" | tr '\n' ' ')
	[ "$code $got" = "$2" ] || {
		echo "got '$code $got', want '$2'" && return 1
	}
}
long=$(printf '%100s' '')
ok "stdin: lines of any length and end" from_stdin \
	"\t0x10\r\n${long}0x20${long}more\n\n0x30" "0 0x10 0x20 0x30 "
ok "stdin: a directory" says 1 "symbolize: stdin: Is a directory" \
	"$dwunw" symbolize "$dwunw" <"$work"
without() {
	case $1 in
	0) shift && "$@" <&- ;;
	1) shift && "$@" >&- ;;
	esac
}
ok "stdin: closed" says 1 "symbolize: stdin: Bad file descriptor" \
	without 0 "$dwunw" symbolize "$dwunw"
for verb in --help --version "rows $dwunw" "symbolize $dwunw 0"; do
	ok "${verb%% *}: stdout is closed" says 1 "cannot write to stdout: *" \
		without 1 "$dwunw" $verb
done
full() {
	"$@" >/dev/full
}
[ ! -c /dev/full ] || for verb in --help "rows $dwunw"; do
	ok "${verb%% *}: stdout is full" says 1 \
		"cannot write to stdout: No space left on device" \
		full "$dwunw" $verb
done

# --- processes -----------------------------------------------------------------

mkfifo "$work/silence"
exec 3<>"$work/silence"
sh -c 'exit 0' &
gone=$!
wait $gone
ok "no such process" says 1 "pid $gone: no such process" "$dwunw" stack $gone
[ "$(cat /proc/2/comm 2>/dev/null)" != kthreadd ] ||
	ok "a kernel thread" says 1 "pid 2: a kernel thread*" "$dwunw" stack 2
start() {
	: >"$work/said"
	"$@" <&3 >"$work/said" 2>/dev/null &
	pid=$!
	wait_until [ -s "$work/said" ]
}
start "$out/zombie"
zombie=$(cat "$work/said")
ok "a zombie" says 1 "pid $zombie: has exited" "$dwunw" stack "$zombie"
kill -9 "$pid"

# The first thread of it has ended: ptrace says EPERM, as of what it protects.
start "$out/victim" orphan
orphan() {
	"$dwunw" stack "$pid" >"$work/stdout" 2>&1
	code=$?
	cat "$work/stdout"
	grep -q 'has exited' "$work/stdout" &&
		grep -q ' leaf+0x' "$work/stdout" && [ $code = 0 ]
}
ok "the first thread has ended, another one runs" orphan
kill -9 "$pid"

# --- names ---------------------------------------------------------------------

evil=$(printf 'ev\033[31mil\302\233x')
ok "control characters of a name go to no terminal" sh -c '
	objcopy --redefine-sym main="$2" "$3/main.o" "$1/named.o" &&
	"$0" symbolize "$1/named.o" 0 >"$1/stdout" && cat -v "$1/stdout" &&
	grep -qF "ev?[31mil??x+0x0" "$1/stdout"' "$dwunw" "$work" "$evil" "$out"
ok "nor those of a path" says 1 'no?[31mt?: No such file or directory' \
	"$dwunw" rows "$(printf 'no\033[31mt\n')$(printf '\177')"
done_testing
