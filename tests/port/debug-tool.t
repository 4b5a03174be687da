#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# --debug-dir and --sysroot of the command: `dwunw rows` of a stripped library,
# `dwunw stack` of a stripped program.
. "$(dirname "$0")/port.sh"
for tool in strip objcopy readelf; do
	command -v $tool >/dev/null || {
		echo "1..0 # SKIP no $tool"
		exit 0
	}
done
scratch=$(mktemp -d)
scratch=$(cd "$scratch" && pwd -P)
pid=
trap 'exec 3>&-; [ -z "$pid" ] || kill "$pid" 2>/dev/null
	rm -rf "$scratch"' EXIT
dwunw=$BUILD/dwunw
count=0

# is TITLE GOT WANT
is() {
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		echo "# want $3"
		echo "# got  $2"
	fi
}

# --- rows ------------------------------------------------------------------------

cp "$out/full.so" "$scratch/lib.so"
mkdir "$scratch/bare"
strip -o "$scratch/bare/lib.so" "$scratch/lib.so"
id=$(readelf -n "$scratch/lib.so" | awk '/Build ID/ { print $3 }')
dir=$scratch/debug/.build-id/$(echo "$id" | cut -c 1-2)
mkdir -p "$dir"
objcopy --only-keep-debug "$scratch/lib.so" \
	"$dir/$(echo "$id" | cut -c 3-).debug"
rows() {
	"$dwunw" rows --raw "$@" 2>"$scratch/errors"
}
want=$(rows "$scratch/lib.so" | cksum)
is "the whole file has rows" "$(rows "$scratch/lib.so" | grep -c '^F')" 65
is "the stripped one has none" "$(rows "$scratch/bare/lib.so")" ""
is "and says so" "$(grep -c 'has no call frame information' \
	"$scratch/errors")" 1
is "--debug-dir: the same rows" "$(rows --debug-dir "$scratch/debug" \
	"$scratch/bare/lib.so" | cksum)" "$want"
is "the second of two" "$(rows --debug-dir /nowhere \
	--debug-dir "$scratch/debug" "$scratch/bare/lib.so" | cksum)" "$want"
mkdir -p "$scratch/sysroot$scratch/bare"
cp "$scratch/lib.so" "$scratch/sysroot$scratch/bare/"
is "--sysroot: the same rows" "$(rows --sysroot "$scratch/sysroot" \
	"$scratch/bare/lib.so" | cksum)" "$want"

# --- stack -------------------------------------------------------------------------

cp "$out/victim-no-id" "$scratch/victim"
strip -o "$scratch/bare/victim" "$scratch/victim"
cp "$scratch/victim" "$scratch/sysroot$scratch/bare/"
mkfifo "$scratch/in"
"$scratch/bare/victim" wait <"$scratch/in" >"$scratch/out" &
pid=$!
exec 3>"$scratch/in"
wait_until [ -s "$scratch/out" ]
names() {
	"$dwunw" stack "$@" "$pid" 2>"$scratch/errors" |
		grep -c -e ' outer1+' -e ' outer2+'
}
is "a stripped program has no names" "$(names)" 0
is "--sysroot gives them back" "$(names --sysroot "$scratch/sysroot")" 2
is "… by a path from here as well" \
	"$(cd "$scratch" && names --sysroot sysroot)" 2
printf x | dd of="$scratch/sysroot$scratch/bare/victim" bs=1 conv=notrunc \
	seek=$((0x$(readelf -SW "$scratch/victim" | sed 's/^ *\[ *[0-9]*\]//' |
		awk '$1 == ".text" { print $4 }') + 5)) 2>/dev/null
is "not from another build" "$(names --sysroot "$scratch/sysroot")" 0
is "which is said" "$(grep -c 'of another build' "$scratch/errors")" 1
if [ -d /usr/lib/debug/.build-id ] && [ "$(
	dpkg-query -W -f='${db:Status-Abbrev}' libc6-dbg 2>/dev/null)" = "ii " ]
then
	is "libc's static functions have names" "$("$dwunw" stack "$pid" |
		grep -c ' __libc_start_call_main+')" 1
else
	count=$((count + 1))
	echo "ok $count # SKIP no libc6-dbg"
fi

# --- a library that is not there ------------------------------------------------------

said=$("$top/scripts/unpack-libs" \
	INFLATE_ZLIB:nothing.h:libnothing.a:nothing-dev 2>&1 >/dev/null) &&
	said=
is "the option is named" "$(echo "$said" | grep -c CONFIG_INFLATE_ZLIB)" 1
is "and the Debian package" \
	"$(echo "$said" | grep -c 'apt-get install nothing-dev')" 1
echo "1..$count"
