# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What record.sh and record_cross.sh have in common; sourced by them. They set
# here, dir, bin, input and JOBS first.
#
# shellcheck shell=sh
# shellcheck disable=SC3013,SC2154 # dash has -nt; the callers set those

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

# SO SOURCE: a plugin of qemu, and $recorder, which names its version
make_plugin()
{
	plugin=$bin/$1
	recorder=$(cat "$here/$2" "$here/recorder.c" "$here/recorder.h" \
		"$here/snap.h" | cksum)
	[ ! -e "$plugin" ] || [ "$(cat "$plugin.cksum")" != "$recorder" ] ||
		return 0
	gcc -std=c11 -D_GNU_SOURCE -O2 -fPIC -shared -fvisibility=hidden \
		-o "$plugin.new" "$here/$2" "$here/recorder.c" ||
		die "cannot build $plugin"
	mv "$plugin.new" "$plugin"
	echo "$recorder" > "$plugin.cksum"
}

# --- running jobs, JOBS at a time ---

pids=
wait_one()
{
	# shellcheck disable=SC2086 # the list is to be split
	set -- $pids
	wait "$1" || failed=1
	shift
	pids=$*
}
failed=0
spawn()
{
	# shellcheck disable=SC2086
	set -- $pids -- "$@"
	running=0
	while [ "$1" != -- ]; do
		running=$((running + 1))
		shift
	done
	shift
	[ "$running" -lt "$JOBS" ] || wait_one
	"$@" &
	pids="$pids $!"
}

# --- one recording ---

# Whether NAME.snap was made by this recorder with these parameters from the
# files as they are now.
fresh()
{
	[ -s "$dir/$1.snap" ] && [ "$(cat "$dir/$1.key" 2>/dev/null)" = "$2" ] ||
		return 1
	while read -r file; do
		[ -e "$file" ] || return 1
		[ -z "$(find "$file" -cnewer "$dir/$1.snap")" ] || return 1
	done < "$dir/$1.files"
}

# NAME QEMU OPTIONS PROGRAM ARGS...: QEMU is a command with its own options,
# OPTIONS are the plugin's
record_with()
{
	name=$1 qemu=$2 options=$3
	shift 3
	key="$recorder $qemu $options $*"
	! fresh "$name" "$key" || return 0
	rm -f "$dir/$name.snap" "$dir/$name.key"
	# shellcheck disable=SC2086 # a command
	(cd "$input" && env -i PATH=/usr/bin:/bin LC_ALL=C HOME="$input" \
		TZ=UTC $qemu -singlestep -plugin \
		"$plugin,out=$dir/$name.part,label=$name,$options,seed=1" \
		"$@" < "${stdin:-/dev/null}" > /dev/null 2> "$dir/$name.log") ||
		true # the program's own status says nothing
	if ! grep -a "^$name: .* samples" "$dir/$name.log" ||
	   [ ! -s "$dir/$name.part" ]; then
		echo "${0##*/}: $name: no recording:" >&2
		tail -n 3 "$dir/$name.log" >&2
		return 1
	fi
	grep -a -E '^[0-9a-f]+-[0-9a-f]+ [rwxps-]{4} .* /' "$dir/$name.part" |
		sed 's,^[^/]*,,' | sort -u > "$dir/$name.files"
	mv "$dir/$name.part" "$dir/$name.snap"
	echo "$key" > "$dir/$name.key"
}

# --- programs built here ---

# OUT COMPILER... SOURCE...: compiled again when a source or the command changed
build()
{
	out=$bin/$1
	shift
	if [ -e "$out" ] && [ "$(cat "$out.cmd" 2>/dev/null)" = "$*" ]; then
		stale=
		for word in "$@"; do
			case $word in
			*.c | *.cc | *.S) [ "$word" -nt "$out" ] && stale=1 ;;
			esac
		done
		[ -n "$stale" ] || return 0
	fi
	"$@" -o "$out" || die "cannot build $out"
	echo "$*" > "$out.cmd"
}

wait_all()
{
	while [ -n "$pids" ]; do
		wait_one
	done
	return "$failed"
}
