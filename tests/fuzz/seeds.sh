#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# seeds.sh DIR TARGET... - first inputs for each fuzz target, from small real
# programs that are built here, as DIR/TARGET/*, and DIR/program, the process of
# record.c. TRIPLES: the other targets that there is a compiler for.
set -eu
mkdir -p "$1"
dir=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
CC=${CC:-gcc}
shift
for t; do
	mkdir -p "$dir/$t"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/seed.c" "$work/seed.c"
cd "$work"

common="-Os -nostdlib -Wl,-e,_start -Wl,--build-id=0x0102 -Wl,-z,noseparate-code"

# section FILE SECTION OUT: OUT is empty where there is none
section() {
	: >"$3"
	${tools}objcopy --dump-section "$2=$3" "$1" none 2>/dev/null || :
}
# chunk FILE: behind its size
chunk() {
	perl -e 'print pack("S<", -s $ARGV[0])' "$1"
	cat "$1"
}
byte() { # NUMBER
	perl -e 'print chr $ARGV[0]' "$1"
}

# lines.c's input: flags, then each section behind its size; .debug_addr may be
# another file's
lines() { # FILE OUT SUFFIX FLAGS [FILE]
	{
		byte "$4"
		byte 0
		for part in info abbrev line line_str str str_offsets addr \
			rnglists ranges aranges; do
			case $part in
			addr | ranges | aranges) suffix= ;;
			*) suffix=$3 ;;
			esac
			from=$1
			[ $part != addr ] || from=${5:-$1}
			section "$from" ".debug_$part$suffix" part
			chunk part
		done
	} >"$2"
}

# where FILE SECTION: its address, 16 bits
where() {
	perl -e 'my ($at) = map { /\s\Q$ARGV[0]\E\s+\S+\s+([0-9a-f]+)/ ?
		hex $1 : () } <STDIN>; print pack("S<", ($at // 0) & 65535)' \
		"$2" <<-EOT
	$(LC_ALL=C readelf -SW "$1")
	EOT
}

# plt.c's input
stubs() { # FILE OUT NUMBER
	{
		byte "$3"
		for part in .plt .plt.sec .MIPS.stubs; do
			where "$1" $part
		done
		for part in .plt .plt.sec .MIPS.stubs .dynsym .dynstr \
			.rela.plt .rela.dyn .rel.plt; do
			section "$1" $part part
			chunk part
		done
	} >"$2"
}

# What stands behind calls in FILE, the address of each, one a line.
returns() {
	${tools}objdump -d --no-show-raw-insn "$1" | perl -ne '
		next unless /^\s*([0-9a-f]+):\s+(\S+)/;
		print "$1\n" if defined $wait && !$wait--;
		undef $wait if defined $wait && $wait < 0;
		$wait = /\s(jal|jalr|bal)\s/ ? 1 : 0
			if $2 =~ /^(call|bl|blr|jal|jalr|bal)$/'
}

# whole.c's and dump.c's inputs: a stack of return addresses, at each function
stacks() { # FILE NAME NUMBER
	returns "$1" >calls
	${tools}nm "$1" >symbols
	perl -e '
my ($file, $name, $number, $dir) = @ARGV;
my $big = $number == 3 ? ">" : "<";
my $wide = $number < 2;
my $word = $wide ? "Q$big" : "L$big";
sub slurp { open my $in, "<", $_[0] or die; binmode $in; local $/; <$in> }
my $bytes = slurp($file);
my @calls = map { hex } split /\n/, slurp("calls");
my @at = map { /^([0-9a-f]+) t (leaf|middle|outer)/ ? hex $1 : () }
	split /\n/, slurp("symbols");
my $base = 0x400000;
my $i = 0;
for my $at (map { ($_, $_ + 8, $_ + 24) } @at) {
	my @words = map { $calls[($_ + $i) % @calls] } 0 .. 47;
	my $stack = pack("$word*", @words);
	open my $out, ">", "$dir/whole/$name$i";
	print $out pack("CCS<S<", $number, (0, 4, 16, 24, 1, 20)[$i % 6], ($at - $base) & 0xffff,
		($calls[$i % @calls] - $base) & 0xffff),
		pack("S<", length $stack), $stack,
		pack("S<", length $bytes), $bytes;
	close $out;
	core($at, $stack) if $i++ % 4 == 1;
}
sub note {
	my ($type, $desc) = @_;
	return pack("L$big" . "3a8", 5, length $desc, $type, "CORE") . $desc .
		"\0" x (-length($desc) & 3);
}
sub core {
	my ($pc, $stack) = @_;
	my ($size, $regs, $at, $reg, $pcs, $sps) = $wide ?
		$number ? (392, 8, 112, 30, 32, 31) : (336, 8, 112, 0, 16, 19) :
		(256, 4, 72, 37, 40, 35);
	my $status = "\0" x $size;
	substr($status, $wide ? 32 : 24, 4) = pack("L$big", 7);
	substr($status, $at + $regs * $_->[0], $regs) = pack($word, $_->[1])
		for [$reg, $calls[0]], [$pcs, $pc], [$sps, 0x7fff0000];
	my $length = length $bytes;
	my $notes = note(1, $status) . note(6, pack("$word*", 9, $calls[0], 3,
		$base + 64, 0, 0)) . note(0x46494c45, pack("$word*", 1, 4096,
		$base, $base + ($length + 4095 & ~4095), 0) . "/900\0");
	my $head = $wide ? 64 : 52;
	my $each = $wide ? 56 : 32;
	my $off = $head + 3 * $each;
	my @heads = ([4, 4, $off, 0, length $notes, 0],
		[1, 5, 0, $base, 0, $length],
		[1, 6, $off + length $notes, 0x7fff0000, length $stack,
			length $stack]);
	my $core = "\x7fELF" . pack("C3x9S$big" . "2L$big$word" . "3L$big" .
		"S$big" . "6", $wide ? 2 : 1, $number == 3 ? 2 : 1, 1, 4,
		(62, 183, 8, 8)[$number], 1, 0, $head, 0, 0x50001000 * !$wide,
		$head, $each, 3, 0, 0, 0);
	$core .= $wide ? pack("L${big}2Q${big}6", @$_[0, 1, 2, 3], 0, @$_[4, 5],
		1) : pack("L${big}8", @$_[0, 2, 3], 0, @$_[4, 5, 1], 1)
		for @heads;
	$core .= $notes . $stack;
	for my $flags (0 .. 1) {
		open my $out, ">", "$dir/dump/$name$i-$flags";
		print $out pack("CS<", $flags, length $bytes), $bytes,
			pack("S<", length $core), $core;
	}
}' "$1" "$2" "$3" "$dir"
}

# debug.c's input: what is needed, then two files
pair() { # NAME HOW FIRST SECOND
	{
		byte "$2"
		chunk "$3"
		chunk "$4"
	} >"$dir/debug/$1"
}

echo 'int other(int), more(int); int f(int); int f(int n)
{ return other(n) + more(n + 1) + other(more(n)); }' >plt.c

cat >seed.cc <<'EOT'
namespace outer { namespace {
volatile int sink;
enum kind { ONE, TWO };
union both { int i; float f; };
} struct shape { int sides; both b; int area(int n) const; virtual int f(int);
	static inline int twice(int n) { return sink > 3 ? n * 2 : sink; }
	template <class T> T times(T n) { if (n > 7) sink = (int)n; return n; } };
int shape::area(int n) const { return twice(n) + twice(sides) + (n ? ONE : TWO); }
__attribute__((noinline)) int shape::f(int n) { return times(n) + times(2l); }
} extern "C" void _start() { outer::shape *s = 0; for (;;)
	outer::sink = s->area(3) + s->outer::shape::f(2); }
EOT

# What there is of one target. Its number is that of fuzz_specs[].
target() { # COMPILER NUMBER NAME
	n=$2
	flags="$common -static"
	$1 $flags -fomit-frame-pointer -fasynchronous-unwind-tables \
		-Wl,--eh-frame-hdr seed.c -o hdr
	$1 $flags -fno-omit-frame-pointer -fasynchronous-unwind-tables seed.c \
		-o plain
	$1 $flags -g -gdwarf-4 -fno-asynchronous-unwind-tables seed.c -o debug4
	$1 $flags -O0 -g -gdwarf-5 -fno-asynchronous-unwind-tables seed.c \
		-o debug5
	$1 $common -shared -fPIC plt.c -o stubs 2>/dev/null
	$1 $common -shared -fPIC -Wl,--hash-style=sysv plt.c -o sysv 2>/dev/null
	$1 $common -static-pie -fPIE -O2 seed.c -o pie
	for f in hdr plain debug4 debug5; do
		${tools}objcopy --strip-debug $f "$dir/elf/$3-$f"
		[ "$(wc -c <$f)" -gt 16384 ] || cp $f "$dir/elf/$3-$f-full"
		for s in eh_frame debug_frame; do
			section $f .$s part
			[ ! -s part ] || { byte "$n"; cat part; } \
				>"$dir/$s/$3-$f"
		done
		section $f .text part
		for place in 0 64 192; do
			{ byte "$n"; byte 1; byte 128; byte $place; cat part; } \
				>"$dir/scan/$3-$f-$place"
		done
	done
	cp stubs "$dir/elf/$3-stubs"
	stubs stubs "$dir/plt/$3" "$n"
	stacks hdr "$3-hdr" "$n"
	stacks plain "$3-plain" "$n"
	stacks debug5 "$3-debug" "$n"
	${tools}strip --strip-all -R .eh_frame -R .eh_frame_hdr plain -o bare
	cp bare "$dir/elf/$3-bare"
	stacks_bare "$3-bare" "$n"
	perl "$here/../sstrip.pl" pie bare >/dev/null
	stacks_bare "$3-pie" "$n"
	${tools}objcopy --only-keep-debug debug4 g 2>/dev/null
	${tools}objcopy --strip-debug --add-gnu-debuglink=g debug4 f
	pair "$3-id" 6 f g
	pair "$3-link" 1 f g
	${tools}objcopy -R .note.gnu.build-id debug4 noid
	${tools}objcopy --only-keep-debug noid g 2>/dev/null
	${tools}objcopy --strip-debug --add-gnu-debuglink=g noid f
	pair "$3-crc" 2 f g
	${tools}objcopy --strip-all noid f
	pair "$3-same" 8 f noid
	for z in zlib zlib-gnu zstd; do
		${tools}objcopy --compress-debug-sections=$z debug4 f \
			2>/dev/null || continue
		pair "$3-$z" 0 f noid
		${tools}objcopy --strip-debug noid g
		pair "$3-$z-of" 6 g f
	done
	perl "$here/../sstrip.pl" stubs f >/dev/null
	cp f "$dir/elf/$3-sstrip"
	for f in sysv pie; do
		perl "$here/../sstrip.pl" $f "$dir/elf/$3-$f" >/dev/null
	done
	pair "$3-sstrip" 8 f stubs
	if command -v xz >/dev/null; then
		xz -k -f g
		${tools}objcopy --strip-all --add-section .gnu_debugdata=g.xz \
			noid f
		pair "$3-mini" 1 f g
		pair "$3-mini-frame" 0 f g
	fi
	for v in 2 4 5; do
		$1 $flags -gdwarf-$v seed.c -o lines$v
		lines lines$v "$dir/lines/$3-gcc$v" "" $((4 | $4))
		$1 $flags -O2 -gdwarf-$v seed.c -o lines$v
		lines lines$v "$dir/lines/$3-inlined$v" "" $((4 | $4))
		# a cross compiler may come without C++
		$1 $flags -O2 -ffunction-sections -gdwarf-$v -x c++ \
			-fno-exceptions -fno-rtti seed.cc -o lines$v \
			2>/dev/null || continue
		lines lines$v "$dir/lines/$3-classes$v" "" $((4 | $4))
	done
}
# The same stacks in a file without symbols, sections' names or CFI.
stacks_bare() {
	cp plain with-symbols
	returns plain >calls
	for f in "$dir/whole/${1%-*}-plain"*; do
		perl -e 'open my $in, "<", $ARGV[0]; local $/; my $text = <$in>;
		my $stack = unpack("x6S<", $text);
		open my $file, "<", "bare"; my $bytes = <$file>;
		open my $out, ">", $ARGV[1]; print $out substr($text, 0, 8 +
			$stack), pack("S<", length $bytes), $bytes' \
			"$f" "$dir/whole/$1${f##*plain}"
	done
}

tools=
target "$CC" 0 x86_64 0
$CC -Os -nostdlib -static -fomit-frame-pointer seed.c -o "$dir/program"
if command -v "${CLANG:=clang}" >/dev/null; then
	for v in 4 5; do
		$CLANG $common -static -O2 -gdwarf-$v seed.c -o lines$v
		lines lines$v "$dir/lines/clang$v" "" 4
	done
fi
section hdr .eh_frame_hdr "$dir/eh_frame_hdr/hdr"
section hdr .eh_frame "$dir/search/hdr"
section plain .eh_frame "$dir/search/plain"
for v in 4 5; do
	$CC $common -static -O2 -ffunction-sections -gsplit-dwarf -gdwarf-$v \
		-c seed.c -o split.o
	$CC $common -static split.o -o split
	lines split "$dir/lines/skeleton$v" "" 4
	for flag in 12 13; do
		lines split.dwo "$dir/lines/dwo$v-$flag" .dwo $((flag & 12)) split
	done
done
for triple in ${TRIPLES:-}; do
	tools=$triple-
	case $triple in
	aarch64*) target $triple-gcc 1 arm64 0 ;;
	mipsel*) target $triple-gcc 2 mips32el 1 ;;
	mips-*) target $triple-gcc 3 mips32eb 3 ;;
	esac
done
# lines.c's input once more: a function for each form of an attribute, which is its
# name, its start, its size, its ranges or what it refers to; and a list of ranges of
# each kind. Compilers write few of them.
perl -e '
my $dir = $ARGV[0];
sub uleb { my ($v) = @_; my $s = ""; do { my $b = $v & 127; $v >>= 7;
	$s .= chr($b | ($v ? 128 : 0)) } while $v; $s }
my ($name, $low, $high, $spec, $ranges) = (0x03, 0x11, 0x12, 0x47, 0x55);
for my $version (2, 4, 5) {
	my @unit = $version == 5 ? ([0x72, 0x17, pack("L<", 8)],
		[0x73, 0x17, pack("L<", 8)], [0x74, 0x17, pack("L<", 12)]) : ();
	my $top = uleb(1) . join("", map { $_->[2] } @unit) . pack("Q<", 0) .
		"unit\0";
	my $at = ($version == 5 ? 12 : 11) + length $top; # of the first function
	my @forms = ([$name, 0x08, "text\0"], [$name, 0x0e, pack("L<", 1)],
		[$name, 0x1f21, pack("L<", 1)], [$high, 0x05, pack("S<", 8)],
		[$high, 0x06, pack("L<", 8)], [$high, 0x07, pack("Q<", 8)],
		[$high, 0x0b, "\x08"], [$high, 0x0d, "\x08"],
		[$high, 0x0f, "\x08"], [$high, 0x16, uleb(0x0b) . "\x08"],
		[$high, 0x16, uleb(0x16) . uleb(0x0b)],
		[0x2001, 0x03, pack("S<", 1) . "x"],
		[0x2001, 0x04, pack("L<", 1) . "x"], [0x2001, 0x09, "\1x"],
		[0x2001, 0x0a, "\1x"], [0x2001, 0x0c, "\1"],
		[$spec, 0x10, $version == 2 ? pack("Q<", $at) : pack("L<", $at)],
		[$spec, 0x11, chr $at], [$spec, 0x12, pack("S<", $at)],
		[$spec, 0x13, pack("L<", $at)], [$spec, 0x14, pack("Q<", $at)],
		[$spec, 0x15, uleb($at)], [$spec, 0x1f20, pack("L<", $at)]);
	push @forms, [$ranges, 0x17, pack("L<", 0)], [0x2001, 0x18, "\1x"],
		[0x2001, 0x19, ""], [$spec, 0x20, pack("Q<", 1)] if $version > 2;
	push @forms, [$name, 0x1a, "\1"], [$name, 0x25, "\1"],
		[$name, 0x26, pack("S<", 1)], [$name, 0x27, "\1\0\0"],
		[$name, 0x28, pack("L<", 1)], [$name, 0x1d, pack("L<", 1)],
		[$name, 0x1f, pack("L<", 1)], [$low, 0x1b, "\1"],
		[$low, 0x29, "\1"], [$low, 0x2a, pack("S<", 1)],
		[$low, 0x2b, "\1\0\0"], [$low, 0x2c, pack("L<", 1)],
		[$spec, 0x1c, pack("L<", $at)], [$spec, 0x24, pack("Q<", $at)],
		[0x2001, 0x1e, "\0" x 16], [0x2001, 0x22, "\1"],
		[$ranges, 0x23, "\0"] if $version == 5;
	my $abbrev = uleb(1) . uleb(0x11) . "\1" . join("", map {
		uleb($_->[0]) . uleb($_->[1]) } @unit, [$low, 1], [$name, 8]) . "\0\0";
	my $dies = $top;
	my $number = 2;
	for my $tag (0x2e, 0x1d, 0x13) {
		for my $form (@forms) {
			my @own = ($form, [0x01, 0x13, pack("L<", 0)]);
			push @own, [$low, 1, pack("Q<", 0x1000 + 16 * $number)]
				if $form->[0] != $low && $form->[0] != $ranges;
			push @own, [$high, $version < 4 ? 1 : 6, $version < 4 ?
				pack("Q<", 0x1008 + 16 * $number) :
				pack("L<", 8)] if $form->[0] != $high;
			$abbrev .= uleb($number) . uleb($tag) . "\0" . join("",
				map { uleb($_->[0]) . uleb($_->[1]) } @own) .
				"\0\0";
			$dies .= uleb($number++) . join("", map { $_->[2] } @own);
		}
	}
	my $head = $version == 5 ? pack("S<CCL<", 5, 1, 8, 0) :
		pack("S<L<C", $version, 0, 8);
	my $info = pack("L<", length($head . $dies) + 1) . $head . $dies . "\0";
	my $list = pack("CC", 1, 1) . pack("CCC", 2, 0, 1) . pack("CCC", 3, 1, 9) .
		pack("CQ<", 5, 0x2000) . pack("CCC", 4, 1, 9) .
		pack("CQ<Q<", 6, 0x3000, 0x3010) . pack("CQ<C", 7, 0x4000, 16) .
		"\0";
	my $rnglists = pack("L<S<CCL<L<", 12 + length $list, 5, 8, 0, 1, 4) . $list;
	my $addr = pack("L<S<CCQ<3", 28, 5, 8, 0, 0x5000, 0x5010, 0x6000);
	my $pairs = pack("Q<6", 0x10, 0x20, ~0, 0x7000, 0x30, 0x40) .
		pack("Q<2", 0, 0);
	for my $flags (4, 12) {
		open my $out, ">", "$dir/lines/forms$version-$flags";
		print $out pack("CC", $flags, $flags >> 3), map {
			pack("S<", length $_) . $_ } $info, $abbrev . "\0", "",
			"\0one\0two\0", "\0one\0two\0",
			pack("L<S<S<L<3", 16, 5, 0, 1, 5, 1), $addr,
			$rnglists, $pairs, "";
	}
}' "$dir"

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
printf '\004%s\n' 'ffffffff81000000 T _text' 'ffffffff81000000 t start' \
	'ffffffff81000100 T next' 'ffffffffc0000000 t of_module	[module]' \
	>"$dir/told/kernel"

# maps.c's input
sed "s/@$//" >"$dir/maps/program" <<'EOT'
55d3c6d2b000-55d3c6d2d000 r--p 00000000 fe:01 1321  /usr/bin/cat
55d3c6d2d000-55d3c6d31000 r-xp 00002000 fe:01 1321  /usr/bin/cat
55d3c6d31000-55d3c6d34000 rwxp 00000000 00:00 0@
55d3c6d34000-55d3c6d36000 rw-p 00008000 fe:01 1321  /usr/bin/cat
7f1f5a000000-7f1f5a021000 r-xp 00000000 00:0f 99  /memfd:jit (deleted)
7ffd3c5d1000-7ffd3c5f2000 rw-p 00000000 00:00 0  [stack]
7ffd3c5f8000-7ffd3c5fa000 r-xp 00000000 00:00 0  [vdso]
7fffffffe000-7ffffffff000 --xp 00000000 00:00 0  [uprobes]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]
EOT
sed "s/@$//" >"$dir/maps/moved" <<'EOT'
00400000-00401000 r--p 00000000 08:01 12  /bin/a\012b
00401000-00403000 r-xp 00000000 00:00 0@
00403000-00404000 r--p 00003000 08:01 12  /bin/a\012b
00404000-00405000 r-xs 00000000 00:0f 5  /anon_hugepage (deleted)
EOT

# record.c's input: records behind their sizes
for f in "$dir/event/"*; do
	perl -e 'open my $in, "<", $ARGV[0]; local $/; my $event = <$in>;
	my $other = $event;
	substr($other, 12, 2) = pack("S<", 2);
	print map { pack("S<", length $_) . $_ } $event, $other, $event' \
		"$f" >"$dir/record/${f##*/}"
done

# recording.c's input: of each chunk its kind and its content; a file as it is
perl -e '
sub slurp { open my $in, "<", $_[0] or die "$_[0]: $!"; binmode $in; local $/; <$in> }
my ($golden, $dir) = @ARGV;
sub put { open my $file, ">", "$dir/$_[0]" or die; print $file $_[1] }
for my $version (1, 2, 3) {
	my ($bytes, $out, $off) = (slurp("$golden/$version-plain.dwr"),
		$version > 1 ? pack("vC", 1, 10 + $version) : "", 16);
	while ($off < length $bytes) {
		my ($kind, $event, $size) = unpack("x4 v x C x4 V", substr($bytes, $off, 24));
		$out .= pack("vC", $size + 1, $kind | ($version > 2 ? $event << 7 : 0)) .
			substr($bytes, $off + 24, $size);
		$off += 24 + $size;
	}
	put("golden-$version", $out);
}
for my $name ("1-plain", "1-zlib", "1-zstd", "2-plain", "3-plain") {
	my $whole = slurp("$golden/$name.dwr");
	put($name, pack("vC", length($whole) + 1, 255) . $whole);
}' "$here/../record/golden" "$dir/recording"
