#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The freestanding promise: what libdwunw-core.a needs is within the published
# list, it links without any library, and it has no variables.
set -u
. tests/house/tap.sh

CC=${CC:-gcc}
NM=${NM:-nm}
lib=$BUILD/libdwunw-core.a

# promise TARGET NM LIB: what LIB needs is in the published list of TARGET.
promise() {
	awk -v arch="$1" '$1 == "all" || $1 == arch { print $2 }' \
		tests/house/symbols.list | sort >"$work/allowed"
	$2 -P "$3" 2>"$work/errors" | awk '$2 != "U" && NF > 1 { print $1 }' |
		sort -u >"$work/defined"
	$2 -P -u "$3" 2>"$work/errors" | awk 'NF > 1 { print $1 }' | sort -u |
		comm -23 - "$work/defined" >"$work/needed"
	comm -23 "$work/needed" "$work/allowed" >"$work/beyond"
	ok "nm reads $1's libdwunw-core.a" grep -q dwunw_walk "$work/defined"
	ok "what it needs is within tests/house/symbols.list" \
		empty "$work/beyond"
	note "needed: $(tr '\n' ' ' <"$work/needed")"
}

# Compiled, and no more, by every compiler for every host: without warnings,
# needing nothing else. The core asks no libc's headers, so gcc -m32 needs none.
compiled() {
	host=$1 title=$2 nm=$3
	shift 3
	dir=$work/$(echo "$title" | tr -c 'a-z0-9\n' -)
	lib_made=$dir/$host/libdwunw-core.a
	mkdir -p "$dir/$host"
	[ ! -f "$config" ] || cp "$config" "$dir/$host/.config"
	ok "$title compiles the core for $host" env -u MAKEFLAGS -u MAKELEVEL \
		-u MFLAGS -u BUILD -u NM -u SIZE -u EXEC -u CC -u CXX \
		-u CROSS_COMPILE -u SANITIZE -u V make -j2 O="$dir" \
		ARCH="$host" "$@" "$lib_made"
	promise "${promised:-$host}" "$nm" "$lib_made"
	rm -rf "$dir"
}
foreign() {
	host=$1 triple=$2
	case $host:$CC in
	"$ARCH":*gcc) ;; # that is $lib, below
	*)
		if command -v "$triple-gcc" >/dev/null; then
			compiled "$host" "$triple-gcc" "$triple-nm" \
				CC="$triple-gcc" CROSS_COMPILE="$triple-"
		else
			skip "$host: no $triple-gcc"
		fi ;;
	esac
	if command -v clang >/dev/null && command -v llvm-nm >/dev/null; then
		compiled "$host" "clang --target=$triple" llvm-nm CC=clang \
			CROSS_COMPILE="$triple-" AR=llvm-ar
	else
		skip "$host: no clang, or no llvm"
	fi
}
config=$BUILD/.config
every="x86_64:x86_64-linux-gnu arm64:aarch64-linux-gnu
	mips32el:mipsel-linux-gnu mips32eb:mips-linux-gnu"
[ -z "${FOREIGN:-}" ] || every= # once is enough: where this machine's are built
for host in $every; do
	foreign "${host%%:*}" "${host#*:}"
done
if [ "$(uname -m)" = x86_64 ] && [ -n "$every" ]; then
	promised=i386
	for cc in "gcc -m32" "clang -m32"; do
		if command -v "${cc% *}" >/dev/null; then
			compiled x86_64 "$cc" nm CC="$cc" AR=ar
		else
			skip "no $cc"
		fi
	done
	promised=
	if command -v musl-gcc >/dev/null; then
		compiled x86_64 musl-gcc nm CC=musl-gcc
	else
		skip "no musl-gcc"
	fi
fi
promise "$ARCH" "$NM" "$lib"

$NM -P -g "$lib" | awk '$2 != "U" && NF > 1 { print $1 }' | sort -u |
	grep -v -e '^dwunw_' -e '^dwu_' >"$work/names"
ok "global names begin with dwunw_ or dwu_" empty "$work/names"

# the shifts of symbols.list are libgcc's
case $ARCH in
mips32*) shifts=-lgcc ;;
*) shifts= ;;
esac
$CC -O2 -ffreestanding -fno-tree-loop-distribute-patterns -std=c11 \
	-c tests/house/freestanding_stub.c -o "$work/stub.o" 2>"$work/errors" ||
	$CC -O2 -ffreestanding -fno-builtin -std=c11 \
		-c tests/house/freestanding_stub.c -o "$work/stub.o"
ok "links with -nostdlib -ffreestanding and four functions" \
	$CC -nostdlib -ffreestanding -static -o "$work/linked" "$work/stub.o" \
	-Wl,--whole-archive "$lib" -Wl,--no-whole-archive $shifts
ok "links as a position-independent program as well" \
	$CC -nostdlib -ffreestanding -static-pie -o "$work/linked" \
	"$work/stub.o" -Wl,--whole-archive "$lib" -Wl,--no-whole-archive $shifts

# Tables of pointers are constant after relocation (.data.rel.ro).
${OBJDUMP:-${NM%nm}objdump} -h "$lib" | awk '
	/file format/ { object = $1; sub(/:$/, "", object) }
	$2 ~ /^\.(data|bss|tdata|tbss)/ && $2 !~ /^\.data\.rel\.ro/ &&
		$3 !~ /^0+$/ { print object ": " $2 " has 0x" $3 " bytes" }
	$2 ~ /^\.(init_array|ctors)/ { print object ": has " $2 }
' >"$work/variables"
ok "no variables, only constants" empty "$work/variables"

done_testing
