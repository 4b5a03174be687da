#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# seeds.sh DIR - first inputs for each fuzz target, from small real programs
# that are built here, as DIR/TARGET/*.
set -eu
mkdir -p "$1"
dir=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
CC=${CC:-gcc}
for t in elf eh_frame eh_frame_hdr debug_frame expr event search scan lines told go; do
	mkdir -p "$dir/$t"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/seed.c" "$work/seed.c"
cd "$work"

flags="-Os -nostdlib -static -Wl,--build-id=sha1 -Wl,-z,noseparate-code"
$CC $flags -fomit-frame-pointer -Wl,--eh-frame-hdr seed.c -o hdr
$CC $flags -fno-omit-frame-pointer seed.c -o plain
$CC $flags -g -gdwarf-4 -fno-asynchronous-unwind-tables seed.c -o debug4
$CC $flags -g -gdwarf-5 -fno-asynchronous-unwind-tables seed.c -o debug5

section() { # FILE SECTION OUT
	objcopy -O binary --only-section="$2" --set-section-flags "$2"=alloc \
		"$1" "$3" 2>/dev/null || :
	[ -s "$3" ] || rm -f "$3"
}
for f in hdr plain debug4 debug5; do
	objcopy --strip-debug "$f" "$dir/elf/$f"
	[ "$(wc -c <"$f")" -gt 16384 ] || cp "$f" "$dir/elf/$f-full"
	section "$f" .eh_frame "$dir/eh_frame/$f"
	section "$f" .eh_frame_hdr "$dir/eh_frame_hdr/$f"
	section "$f" .debug_frame "$dir/debug_frame/$f"
done
cp "$dir/eh_frame/"* "$dir/search/"

# scan.c's input: target, way to read, memory, place; then code
for f in hdr plain; do
	section "$f" .text text
	for place in '\000' '\100' '\300'; do
		{ printf "\\000\\001\\200$place"; cat text; } \
			>"$dir/scan/$f$(printf %s "$place" | tr -d '\\')"
	done
done

# lines.c's input: flags, then each section behind its size
lines() { # FILE OUT SUFFIX FLAGS
	printf "$4\\000" >"$2"
	for part in info abbrev line line_str str str_offsets addr rnglists \
		ranges aranges; do
		rm -f part
		case $part in
		addr | ranges | aranges) section "$1" .debug_$part part ;;
		*) section "$1" ".debug_$part$3" part ;;
		esac
		[ -f part ] || : >part
		perl -e 'print pack("S<", -s "part")' >>"$2"
		cat part >>"$2"
	done
}
for v in 2 4 5; do
	$CC $flags -gdwarf-$v seed.c -o lines$v
	lines lines$v "$dir/lines/gcc$v" "" '\004'
	$CC $flags -O2 -gdwarf-$v seed.c -o lines$v
	lines lines$v "$dir/lines/inlined$v" "" '\004'
done
if command -v "${CLANG:=clang}" >/dev/null; then
	for v in 4 5; do
		$CLANG $flags -O2 -gdwarf-$v seed.c -o lines$v
		lines lines$v "$dir/lines/clang$v" "" '\004'
	done
fi

# eh_frame_hdr.c's own .eh_frame has 8 functions of 0x20 bytes from 0x1000 on,
# 20 bytes a record behind a CIE of 24
perl -e '
my $fde = 24;
print pack("CCCCl<L<", 1, 0x1b, 0x03, 0x3b, 0x2000 - 0x3004, 8),
	map { pack("l<l<", 0x1000 + $_ * 0x20 - 0x3000,
		0x2000 + $fde + $_ * 24 - 0x3000) } 0 .. 7' \
	>"$dir/eh_frame_hdr/own"

# expressions: the PLT entry that linkers write, and one of each operation
perl -e 'print pack("H*", "00770880003f1a3b2a332422")' >"$dir/expr/plt"
perl -e 'print pack("H*", "08" . "06230812130694041206940806940106")' \
	>"$dir/expr/deref"
perl -e 'print pack("H*", "01" . "0801090100120a0001150016171b1c1d1e1f2021")' \
	>"$dir/expr/binary"
perl -e 'print pack("H*", "02" . "382f0001289300fcff312800ff2ffdff")' \
	>"$dir/expr/branch"

perl -e '
sub event {
	my ($flags, $pc, $returns, @stack) = @_;
	my $sp = 0x7fff00001000;
	my $body = pack("Q<17", (1, 2, 3, $sp + 0x40, 5, 6, $sp + 0x20, $sp),
		(0) x 8, $pc) . pack("Q<*", @$returns) . pack("Q<*", @stack);
	print pack("L<S<S<L<S<S<L<L<Q<Q<Q<Q<L<l<S<S<L<Q<Q<", 0x31455744, 1, 1,
		88 + length $body, 1, $flags, 7, 7, 0, 0, 0, 0, 0, 0, 17,
		@$returns / 2, 8 * @stack, $sp, 0) . $body;
}
my @stack = map { 0x401000 + 0x20 * ($_ % 16) + 5 } 0 .. 63;
open STDOUT, ">", "$ARGV[0]/plain"; event(0, 0x401008, [], @stack);
open STDOUT, ">", "$ARGV[0]/entry"; event(1, 0x401100, [], @stack);
open STDOUT, ">", "$ARGV[0]/capped"; event(2, 0x401045, [], @stack[0 .. 5]);
$stack[1] = 0x7fffffffe000;
open STDOUT, ">", "$ARGV[0]/return";
event(0, 0x401008, [0x7fff00001008, 0x401025], @stack);
' "$dir/event"

# told.c's input: how, then the lines or records
printf '\000%s\n' '1000 100 old' '1080 100 new' '2000 10 third' >"$dir/told/map"
perl -e '
my $load = sub { pack("L<L<Q<L<L<Q<4", 0, 16 + 40 + length($_[2]) + 1 + 4, 0,
	1, 1, $_[0], $_[0], $_[1], 0) . "$_[2]\0code" };
print pack("CL<6Q<2", 3, 0x4a695444, 1, 40, 62, 0, 1, 0, 0),
	$load->(0x1000, 0x100, "first"), $load->(0x1080, 16, "second"),
	pack("L<L<Q<L<L<Q<5", 1, 64, 0, 1, 1, 0, 0x1080, 0x2000, 16, 0)' \
	>"$dir/told/dump"

# go.c's input: flags, then a table of two functions, of Go 1.20 and of 1.2
perl -e '
my $names = "main.main\0main.f\0";
my $pc = pack("C*", 2, 16, 0, 24, 16, 0);
my $file = "/main.go\0";
my @func = map { pack("L<10", $_ * 16, $_ * 10, 0, 0, 0, 0, 3, 0, 0, 0) } 0, 1;
my $tab = pack("L<5", 0, 20, 16, 60, 32);
my @parts = ($names, pack("L<", 0), $file, $pc, $tab . $func[0] . $func[1]);
my ($at, @off) = (8 + 8 * 8);
for (@parts) { push @off, $at; $at += length }
print "\0", pack("L<C4Q<8", 0xfffffff1, 0, 0, 1, 8, 2, 1, 0x1000, @off),
	@parts' >"$dir/go/go120"
perl -e '
my @name = ("main.main\0", "main.f\0");
my $base = 8 + 8 + 5 * 8 + 4;
my $tab = pack("Q<5L<", 0x1000, $base, 0x1010, $base + 40, 0x1020, $base + 80);
my $after = $base + 80 + 8;
print "\0", pack("L<C4Q<", 0xfffffffb, 0, 0, 1, 8, 2), $tab,
	(map { pack("Q<L<8", 0x1000 + $_ * 16, $after + 10 * $_, 0, 0, 0,
	$after + 20, $after + 20, 0, 0) } 0, 1),
	pack("L<2", 2, $after + 26), "main.main\0main.f\0\0\0\0",
	pack("C*", 2, 16, 0, 24, 16, 0), "/main.go\0"' >"$dir/go/go12"
