#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Separate debug files, compressed ones and MiniDebugInfo: each is found where
# it should be, and refused where it is not the one.
. "$(dirname "$0")/port.sh"
set -u
for tool in objcopy strip readelf nm xz llvm-objcopy perl; do
	command -v $tool >/dev/null || {
		echo "1..0 # SKIP no $tool"
		exit 0
	}
done
own_directory
scratch=$(cd "$scratch" && pwd -P)
cases=$scratch/cases
: >"$cases"

configured() {
	grep -q "CONFIG_$1 1" "$BUILD/config.h"
}

# add TITLE FILE DIR SYSROOT NAME FDES LOG: the last case, at $vaddr
add() {
	echo "$1|$2|$3|$4|$vaddr|$5|$6|$7" >>"$cases"
}

# facts FILE: $vaddr, $seen and $fdes
facts() {
	vaddr=$(nm "$1" | awk '$3 == "hidden_52" { print $1 }')
	seen=$(nm "$1" | awk '$3 == "seen_61" { print $1 }')
	fdes=$(readelf --debug-dump=frames "$1" 2>/dev/null | awk '
		/^Contents of the/ { in_it = / \.z?debug_frame/ }
		in_it && / FDE / { n++ } END { print n + 0 }')
}
section_off() {
	readelf -SW "$1" | sed 's/^ *\[ *[0-9]*\]//' |
		awk -v name="$2" '$1 == name { print $4; exit }'
}
# poke FILE OFFSET TEXT: printf's escapes
poke() {
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
# byte FILE OFFSET: made another one
flip() {
	old=$(od -An -tu1 -j "$2" -N1 "$1")
	poke "$1" "$2" "\\$(printf %o $((old ^ 255)))"
}

for name in full plain other another; do
	cp "$out/$name.so" "$scratch/"
done
full=$scratch/full.so
plain=$scratch/plain.so
other=$scratch/other.so
facts "$full"
bare=$scratch/bare.so
strip -o "$bare" "$full"
add "a file with its own" "$full" - - hidden_52 "$fdes" -
add "a stripped file alone" "$bare" - - - 0 -

# --- compressed sections -----------------------------------------------------

packed() {
	option=$1 form=$2
	file=$scratch/$form.so
	objcopy --compress-debug-sections="$form" "$full" "$file" || {
		echo "# objcopy knows no $form"
		return
	}
	case $form in
	zlib-gnu) section=.zdebug_frame head=12 ;;
	*) section=.debug_frame head=24 ;;
	esac
	[ -n "$(section_off "$file" $section)" ] || {
		echo "# $form: no $section"
		return
	}
	if ! configured "$option"; then
		add "$form, not in this build" "$file" - - hidden_52 0 -
		return
	fi
	add "$form" "$file" - - hidden_52 "$fdes" -
	off=$((0x$(section_off "$file" $section)))
	cp "$file" "$scratch/$form-bad.so"
	flip "$scratch/$form-bad.so" $((off + head + 40))
	add "$form, corrupt" "$scratch/$form-bad.so" - - hidden_52 0 -
	# the size of the content: the lowest byte, and one of the highest
	case $form in
	zlib-gnu) low=$((off + 11)) high=$((off + 5)) ;;
	*) low=$((off + 8)) high=$((off + 14)) ;;
	esac
	cp "$file" "$scratch/$form-size.so"
	flip "$scratch/$form-size.so" $low
	add "$form, another size" "$scratch/$form-size.so" - - hidden_52 0 -
	cp "$file" "$scratch/$form-bomb.so"
	flip "$scratch/$form-bomb.so" $high
	add "$form, a huge size" "$scratch/$form-bomb.so" - - hidden_52 0 -
}
packed INFLATE_ZLIB zlib
packed INFLATE_ZLIB zlib-gnu
packed INFLATE_ZSTD zstd

# --- by build id ---------------------------------------------------------------

id=$(readelf -n "$full" | awk '/Build ID/ { print $3 }')
id_file=.build-id/$(echo "$id" | cut -c 1-2)/$(echo "$id" | cut -c 3-).debug
mkdir -p "$scratch/dir/${id_file%/*}" "$scratch/wrong/${id_file%/*}" \
	"$scratch/fifo/${id_file%/*}"
objcopy --only-keep-debug "$full" "$scratch/dir/$id_file"
objcopy --only-keep-debug "$scratch/another.so" "$scratch/wrong/$id_file"
mkfifo "$scratch/fifo/$id_file"
add "build id" "$bare" "$scratch/dir" - hidden_52 "$fdes" -
add "wrong build id" "$bare" "$scratch/wrong" - - 0 "has another build id"
add "a FIFO as debug file" "$bare" "$scratch/fifo" - - 0 -
if configured INFLATE_ZLIB; then
	mkdir -p "$scratch/packed/${id_file%/*}"
	objcopy --compress-debug-sections=zlib "$scratch/dir/$id_file" \
		"$scratch/packed/$id_file"
	add "build id, zlib" "$bare" "$scratch/packed" - hidden_52 "$fdes" -
fi

# --- by .gnu_debuglink -----------------------------------------------------------

linked() {
	mkdir -p "$scratch/$1"
	strip -o "$scratch/$1/lib.so" "$plain"
	objcopy --only-keep-debug "$plain" "$scratch/lib.debug"
	(cd "$scratch" && objcopy --add-gnu-debuglink=lib.debug "$1/lib.so")
}
linked nowhere
add "debug link to nothing" "$scratch/nowhere/lib.so" - - - 0 -
linked beside
cp "$scratch/lib.debug" "$scratch/beside/"
add "debug link, beside" "$scratch/beside/lib.so" - - hidden_52 "$fdes" -
linked hidden
mkdir "$scratch/hidden/.debug"
cp "$scratch/lib.debug" "$scratch/hidden/.debug/"
add "debug link, in .debug" "$scratch/hidden/lib.so" - - hidden_52 "$fdes" -
mkdir -p "$scratch/dir$scratch/nowhere"
cp "$scratch/lib.debug" "$scratch/dir$scratch/nowhere/"
add "debug link, below a directory" "$scratch/nowhere/lib.so" "$scratch/dir" \
	- hidden_52 "$fdes" -
linked crc
{ cat "$scratch/lib.debug"; echo; } >"$scratch/crc/lib.debug"
add "debug link, wrong CRC" "$scratch/crc/lib.so" - - - 0 "has another CRC"
if [ "$(id -u)" = 0 ]; then
	linked owner
	cp "$scratch/lib.debug" "$scratch/owner/"
	chown 65534 "$scratch/owner/lib.debug"
	add "debug link to another user's file" "$scratch/owner/lib.so" - - - 0 \
		"belongs to another user"
fi
linked up
sed 's|lib\.debug|../a.debu|' "$scratch/up/lib.so" >"$scratch/up/bad.so"
cp "$scratch/lib.debug" "$scratch/a.debu"
add "debug link that goes up" "$scratch/up/bad.so" - - - 0 -

# --- MiniDebugInfo ----------------------------------------------------------------

# as elfutils and GDB's manual make it: functions that .dynsym has not
nm -D "$full" --format=posix --defined-only | awk '{ print $1 }' |
	sort >"$scratch/dynsyms"
nm "$full" --format=posix --defined-only |
	awk '$2 == "T" || $2 == "t" { print $1 }' | sort >"$scratch/funcsyms"
comm -13 "$scratch/dynsyms" "$scratch/funcsyms" >"$scratch/keep"
objcopy -S --keep-section=.debug_frame --keep-symbols="$scratch/keep" \
	"$scratch/dir/$id_file" "$scratch/mini"
xz -k "$scratch/mini"
objcopy --add-section .gnu_debugdata="$scratch/mini.xz" "$bare" \
	"$scratch/mini.so"
if configured MINIDEBUGINFO; then
	add "MiniDebugInfo" "$scratch/mini.so" - - hidden_52 "$fdes" -
	hidden=$vaddr vaddr=$seen
	add "MiniDebugInfo and .dynsym" "$scratch/mini.so" - - seen_61 "$fdes" -
	vaddr=$hidden
	cp "$scratch/mini.so" "$scratch/bad-mini.so"
	off=$((0x$(section_off "$scratch/mini.so" .gnu_debugdata)))
	flip "$scratch/bad-mini.so" $((off + 200))
	add "MiniDebugInfo, corrupt" "$scratch/bad-mini.so" - - - 0 'damaged, or not of the format'
	head -c $(($(wc -c <"$scratch/mini.xz") / 2)) "$scratch/mini.xz" \
		>"$scratch/cut.xz"
	objcopy --add-section .gnu_debugdata="$scratch/cut.xz" "$bare" \
		"$scratch/cut-mini.so"
	add "MiniDebugInfo, cut" "$scratch/cut-mini.so" - - - 0 'damaged, or not of the format'
	head -c 67108865 /dev/zero | xz -1 >"$scratch/bomb.xz"
	objcopy --add-section .gnu_debugdata="$scratch/bomb.xz" "$bare" \
		"$scratch/bomb-mini.so"
	add "MiniDebugInfo, a bomb" "$scratch/bomb-mini.so" - - - 0 'damaged, or not of the format'
else
	add "MiniDebugInfo, not in this build" "$scratch/mini.so" - - - 0 -
fi

# --- the sysroot --------------------------------------------------------------------

# in_sysroot KIND FULL OTHER TITLE STRIP...: stripped by that, it is found by
# what it is; another build is not, whose files differ in a number of the code
in_sysroot() {
	kind=$1 file=$2 bad=$3 title=$4
	shift 4
	dir=$scratch/sysroot-$kind
	mkdir -p "$dir/target" "$dir/good$dir/target" "$dir/bad$dir/target"
	"$@" "$file" "$dir/target/lib.so" 2>"$dir/errors" || {
		echo "# $title: $(cat "$dir/errors")"
	}
	cp "$file" "$dir/good$dir/target/lib.so"
	cp "$bad" "$dir/bad$dir/target/lib.so"
	facts "$file"
	add "$title" "$dir/target/lib.so" - "$dir/good" hidden_52 "$fdes" -
	add "$title, of another build" "$dir/target/lib.so" - "$dir/bad" - 0 \
		"of another build"
}
# strip as `CMD FILE OUT`
stripped() {
	tool=$1 option=$2
	$tool $option -o "$4" "$3"
}
sstripped() { # FILE OUT; there is something to cut off
	[ "$(tests/sstrip.pl "$1" "$2")" -gt 0 ]
}
number=0
every_strip() {
	machine=$1 prefix=$2 first=$3 second=$4
	for how in "strip --strip-all" "strip --strip-unneeded"; do
		number=$((number + 1))
		in_sysroot $number "$first" "$second" "$machine: $how" \
			stripped "$prefix${how% *}" "${how#* }"
	done
	for how in --strip-all --strip-sections; do
		number=$((number + 1))
		in_sysroot $number "$first" "$second" \
			"$machine: llvm-objcopy $how" llvm-objcopy $how
	done
	number=$((number + 1))
	in_sysroot $number "$first" "$second" "$machine: sstrip" sstripped
}
differ=$(cmp -l "$plain" "$other" | wc -l)
echo "# two builds of equal size differ in $differ bytes"
every_strip native '' "$plain" "$other"
in_sysroot same-id "$full" "$scratch/another.so" "with a build id: strip" \
	stripped strip --strip-all
for target in mipsel:mipsel-linux-gnu mips:mips-linux-gnu \
	arm64:aarch64-linux-gnu; do
	triple=${target#*:}
	machine=${target%%:*}
	[ -f "$out/$machine.so" ] || {
		echo "# no $triple-gcc"
		continue
	}
	every_strip "$machine" "$triple-" "$out/$machine.so" \
		"$out/$machine-other.so"
done
# a link in the sysroot leads to a file of the sysroot
dir=$scratch/sysroot-1
mkdir -p "$dir/links$dir/target"
cp "$plain" "$dir/links/real.so"
ln -s /real.so "$dir/links$dir/target/lib.so"
facts "$plain"
add "a link in the sysroot" "$dir/target/lib.so" - "$dir/links" hidden_52 \
	"$fdes" -

# --- the system's own ------------------------------------------------------------------

libc=$(ldd /bin/sh | awk '$1 == "libc.so.6" { print $3 }')
id=$(readelf -n "${libc:-/nonexistent}" 2>/dev/null |
	awk '/Build ID/ { print $3 }')
debug=/usr/lib/debug/.build-id/$(echo "$id" | cut -c 1-2)/$(echo "$id" |
	cut -c 3-).debug
if [ -f "$debug" ]; then
	vaddr=$(nm "$debug" |
		awk '$3 == "__libc_start_call_main" { print $1 }')
	add "a static function of libc" "$libc" - - __libc_start_call_main - -
else
	echo "# no libc6-dbg"
fi

"$out/debug" <"$cases"
