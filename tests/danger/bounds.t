#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Each bound of dwunw/bounds.h: what is just within it works, what is just beyond
# is refused with a line that says so. What lies about its size costs at most 2
# seconds of processor time and 64 MiB, whoever looks at it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Compress::Zlib ();
use Hostile;
use Test::More;

my $dir = dir();
my $file = "$dir/file";
my $dwunw = ($ENV{BUILD} || "$FindBin::Bin/../../build/" .
	(split ' ', `uname -m`)[0]) . '/dwunw';
my $x86 = $targets[0];
my %cost; # the largest

# One run: what it says matches `want`, its status is that, and it is cheap.
sub costs { costs_within(2000, @_) }

sub costs_within {
	my ($limit, $title, $status, $want, @words) = @_;
	my ($said, $errors, $ended, $ms, $mib) = run_cost($dir, $dwunw, @words);
	my $all = "$said$errors";
	$all =~ s/\Q$dir\E/DIR/g;
	ok($ended eq $status && $all =~ $want, "$title: $ended, " .
		(($all =~ /($want)/)[0] // 'not said'))
	    or diag("$status, $want\n", substr($all, 0, 2000));
	ok($ms <= $limit && $mib <= 64, "$title: $ms ms, $mib MiB");
	$cost{ms} = $ms if $ms > ($cost{ms} // 0) && $limit <= 2000;
	$cost{mib} = $mib if $mib > ($cost{mib} // 0);
}

# All that looks at a file of that target: want of rows, and of the stack of a core.
sub looked_at {
	my ($title, $target, $status, $rows, $stack) = @_;
	my $pc = sprintf '0x%x', TEXT + 4;
	costs("$title, rows of a pc", $status, $rows, 'rows', $file, $pc);
	costs("$title, rows", $status, $rows, 'rows', $file);
	core("$dir/core", $target, file => $file);
	costs("$title, stack", 0, $stack, 'stack', '--core', "$dir/core");
	costs("$title, names", 0, qr/$pc/, 'symbolize', $file, $pc);
}

my $row = qr/FDE cie=|no rows/;
my $frame = qr/#0  0x/;

# --- records ---------------------------------------------------------------------

for my $target (@targets) {
	my $name = $target->[0];
	my $cie = cie($target);
	my $head = length($cie) - 8;
	my @cies = (cie($target, 512 - $head), cie($target, 516 - $head));
	for my $i (0, 1) {
		my $size = length($cies[$i]) - 8;
		elf($file, $target, [text(), eh_frame($cies[$i] .
			fde($target, length $cies[$i], TEXT, 256))]);
		looked_at("$name: a CIE of $size bytes", $target, $i,
			$i ? qr/the CIE at 0x0 of \.eh_frame has 516 bytes, more than the bound of 512/ : $row,
			$i ? qr/the CIE at 0x0 of \.eh_frame has 516 bytes/ : $frame);
	}
	for my $i (0, 1) {
		my $fde = fde($target, length $cie, TEXT, 256,
			"\0" x ((256 << 10) - 9 + 4 * $i));
		elf($file, $target, [text(), hdr($target, [TEXT, length $cie]),
			eh_frame($cie . $fde)]);
		my $off = sprintf '0x%x', length $cie;
		looked_at("$name: an FDE of " . (length($fde) - 8) . ' bytes',
			$target, $i, $i ? qr/the FDE at $off of \.eh_frame has 262148 bytes, more than the bound of 262144/ : $row,
			$frame);
	}
}

# --- sections of any size -----------------------------------------------------------

# A CIE that nobody uses fills a section.
sub filler { my ($t, $size) = @_; pack("L$t->[3]2", $size - 4, 0) }

for my $target (@targets) {
	my $name = $target->[0];
	my $cie = cie($target);
	my $fde = fde($target, length $cie, TEXT, 256);
	my @table = hdr($target, [TEXT, length $cie]);

	elf($file, $target, [text(), eh_frame($cie . $fde, 500 << 20)]);
	looked_at("$name: .eh_frame of 500 MB, a hole", $target, 0, $row, $frame);
	elf($file, $target, [text(), @table, eh_frame($cie . $fde, 500 << 20)]);
	looked_at("$name: the same with a table", $target, 0, $row, $frame);
	for my $mib (31, 33) {
		elf($file, $target, [text(), eh_frame($cie . $fde .
			filler($target, $mib << 20), ($mib << 20) +
			length "$cie$fde")]);
		looked_at("$name: .eh_frame of $mib MiB without a table",
			$target, $mib == 33 ? 1 : 0, $mib == 31 ? $row :
			qr/its tables \(\.eh_frame of \d+ bytes, \S+ 0, \S+ 0\) would take \d+ bytes of memory, more than the bound of 33554432 \(tables_max\)/,
			$frame);
	}
	elf($file, $target, [text(), { %{ eh_frame($cie . $fde) },
		claims => 1 << 31 }]);
	looked_at("$name: a section behind the file's end", $target, 1,
		qr/no FDE covers|has no call frame information/, $frame);
}

my $cie = cie($x86);
my $fde = fde($x86, length $cie, TEXT, 256);
my @table = hdr($x86, [TEXT, length $cie]);
elf($file, $x86, [text(), @table, eh_frame($cie . $fde, (4 << 30) - (1 << 20))],
	end => 4 << 30);
looked_at('a file of 4 GiB', $x86, 0, $row, $frame);
truncate($file, (4 << 30) + 1) or die;
costs('a file of 4 GiB and a byte', 1, qr/larger than files may be/, 'rows',
	$file);
elf($file, $x86, [text(), eh_frame($cie . $fde, 400 << 20)],
	end => 300 << 20);
looked_at('an .eh_frame that the file ends in', $x86, 1, qr/no FDE covers|has no/,
	$frame);

# FDEs all over 40 MiB of .eh_frame, found by their table.
my @pairs;
my $all = $cie;
for my $i (0 .. 255) {
	my $at = length $all;
	push @pairs, [TEXT + $i, $at];
	$all .= fde($x86, $at, TEXT + $i, 1, "\0" x 163_840);
}
elf($file, $x86, [text(), hdr($x86, @pairs), eh_frame($all)]);
costs('.eh_frame of 40 MiB, rows of a pc', 0, $row, 'rows', $file,
	sprintf '0x%x', TEXT + 255);
costs('.eh_frame of 40 MiB, all rows', 1,
	qr/of its \.eh_frame of \d+ bytes \d+ are in use, more than the bound of 33554432/,
	'rows', $file);
costs('.eh_frame of 40 MiB, the last rows, --memory-max 128M', 0, $row, 'rows',
	'--memory-max', '128M', $file, sprintf('0x%x', TEXT + 255));

# A CIE of 1 MB and 30,000 FDEs; one of 400 MB.
$all = cie($x86, 1 << 20);
$all .= fde($x86, length $all, TEXT, 256) for 1 .. 30_000;
elf($file, $x86, [text(), eh_frame($all)]);
looked_at('a CIE of 1 MB, 30,000 FDEs', $x86, 1,
	qr/the CIE at 0x0 of \.eh_frame has \d+ bytes, more than the bound of 512/,
	qr/no FDE can be used: the CIE at 0x0/);
$all = cie($x86, 440);
$all .= fde($x86, length $all, TEXT, 256) for 1 .. 30_000;
elf($file, $x86, [text(), eh_frame($all)]);
looked_at('a CIE of 464 bytes, 30,000 FDEs', $x86, 0, $row, $frame);
$all = pack('L<', (400 << 20) - 4) . substr($cie, 4);
elf($file, $x86, [text(), @table, eh_frame($all . "\0" x 16, (400 << 20) + 100)]);
looked_at('a CIE of 400 MB', $x86, 1, qr/no FDE covers|cannot be read|has no/,
	$frame);

# --- headers --------------------------------------------------------------------

my @filled = map { { name => '', type => 1, data => '' } } 1 .. 65_532;
for my $i (0, 1) {
	elf($file, $x86, [text(), eh_frame($cie . $fde), @filled,
		({ name => '', type => 1, data => '' }) x $i]);
	# it is found all the same
	looked_at((65_536 + $i) . ' sections', $x86, 0, $i ?
		qr/its section headers are not used: damaged, or more than the bound of 65536/ :
		$row, $frame);
}
for my $count (4095, 4096) { # and .text's
	elf($file, $x86, [text(), { %{ eh_frame($cie . $fde) }, flags => 0 }],
		segments => [map { [1, 4, 0, 1 << 32, 0] } 1 .. $count]);
	my ($status, $want) = $count == 4095 ? (0, $row) :
	    (1, qr/has 4097 PT_LOADs, more than the bound of 4096/);
	costs(($count + 1) . ' PT_LOADs', $status, $want, 'rows', $file);
}
elf($file, $x86, [text(), { name => '.note', type => 7, data => '',
	size => 1 << 30 }], segments => [([4, 4, 8192, 0, 1 << 30]) x 100]);
looked_at('notes of 1 GB, a hole', $x86, 1, qr/no FDE covers|has no/, $frame);

# --- core files ---------------------------------------------------------------------

for my $target (@targets) {
	my $name = $target->[0];
	elf($file, $target, [text(), eh_frame(cie($target) .
		fde($target, length cie($target), TEXT, 256))]);
	core("$dir/core", $target, file => $file, notes => 200 << 20);
	costs("$name: notes of 200 MB, a hole", 0, qr/warning: \S+ has more than 1048576 notes, the bound/,
		'stack', '--core', "$dir/core");
	core("$dir/core", $target, notes => 200 << 20, heads => 16);
	costs("$name: 16 PT_NOTEs of it", 0, qr/has more than 1048576 notes, the bound/,
		'stack', '--core', "$dir/core");
}
for my $threads (65_536, 65_537) {
	core("$dir/core", $x86, threads => $threads, pc => 0);
	costs("$threads threads", $threads > 65_536 ? 1 : 0, $threads > 65_536 ?
		qr/has more than 65536 threads, the bound/ : qr/TID 4711/,
		'stack', '--core', "$dir/core");
}
for my $count (262_144, 262_145) {
	my $maps = pack('Q<*', $count, 1, map { ($_ << 12, ($_ << 12) + 1, 0) }
		1 .. $count) . "f\0" x $count;
	core("$dir/core", $x86, more => Hostile::note($x86, 0x46494c45, $maps));
	costs("NT_FILE of $count mappings", $count > 262_144 ? 1 : 0,
		$count > 262_144 ? qr/NT_FILE contradicts itself: 262145/ :
		qr/TID 4711|cannot be used/, 'stack', '--core', "$dir/core")
	    if $count > 262_144;
}
core("$dir/core", $x86, notes => 0x2000000, more =>
	pack('L<3', 5, 16777217, 0x46494c45) . "CORE\0\0\0\0");
costs('NT_FILE of 16 MiB and a byte', 1, qr/NT_FILE of 16777217 bytes, more than the bound of 16777216/,
	'stack', '--core', "$dir/core");

for my $count (262_144, 262_145) {
	core("$dir/core", $x86, pc => 0, empty => $count - 2);
	costs("$count program headers", $count > 262_144 ? 1 : 0,
		$count > 262_144 ? qr/has 262145 program headers, more than the bound of 262144/ :
		qr/TID 4711/, 'stack', '--core', "$dir/core");
}

# --- names ------------------------------------------------------------------------

sub symbol { pack('L<CCSQ<Q<', @_) }
my $first = symbol(0, 0, 0, 0, 0, 0);
my $function = symbol(1, 0x12, 0, 1, TEXT, 256);
my $pc = sprintf '0x%x', TEXT + 4;

sub symtab {
	my ($symbols, $size, $strings, $strings_size) = @_;
	return { name => '.symtab', type => 2, data => $symbols, size => $size,
		 link => 3, entsize => 24 },
	    { name => '.strtab', type => 3, data => $strings,
	      size => $strings_size };
}
my $bound = qr/its symbols and their names would take \d+ bytes, more than the bound of 134217728/;
elf($file, $x86, [text(), symtab($first . $function, undef, "\0f\0")]);
costs('a symbol', 0, qr/\bf\+0x4/, 'symbolize', $file, $pc);
elf($file, $x86, [text(), symtab($first . $function, 240 << 20, "\0f\0")]);
costs('10 million symbols', 1, $bound, 'symbolize', $file, $pc);
elf($file, $x86, [text(), symtab($first . $function, undef, "\0f\0", 500 << 20)]);
costs('strings of 500 MB, a hole', 1, $bound, 'symbolize', $file, $pc);
elf($file, $x86, [text(), symtab($first . $function, undef,
	"\0" . 'f' x (40 << 20))]);
costs('strings without an end', 0, qr/$pc/, 'symbolize', $file, $pc);
elf($file, $x86, [text(), symtab(symbol(1, 0x12, 0, 1, TEXT, 0) x 1_000_000,
	undef, "\0f\0")]);
costs('a million symbols without a size', 0, qr/\bf\+0x4/, 'symbolize', $file,
	$pc);

# A debug file that only its CRC tells to be the right one.
sub crc_of {
	my ($path) = @_;
	open(my $in, '<:raw', $path) or die "$path: $!";
	my ($crc, $bytes) = (0);
	$crc = Compress::Zlib::crc32($bytes, $crc)
		while read($in, $bytes, 1 << 20);
	return $crc;
}
for my $more (0, 1) {
	my $size = (512 << 20) + $more;
	elf("$dir/far.debug", $x86, [text(), symtab($first . $function, undef,
		"\0f\0")], end => $size);
	elf($file, $x86, [text(), { name => '.gnu_debuglink', type => 1, data =>
		"far.debug\0\0\0" . pack('L<', crc_of("$dir/far.debug")) }]);
	costs("a debug file of $size bytes, by its CRC", 0, $more ?
		qr/too large for its CRC to be made \(the bound of 512 MiB\)/ :
		qr/\bf\+0x4/, 'symbolize', $file, $pc);
}

sub section { { name => $_[0], type => 1, data => $_[1], size => $_[2] } }

my $abbrev = "\1\x11\0\x10\x17\x11\1\x12\7\0\0\0";
my $unit = pack('S<L<C', 4, 0, 8) . "\1" . pack('L<Q<Q<', 0, TEXT, 256);
$unit = pack('L<', length $unit) . $unit;
my $table = pack('S<L<C3cC2', 4, 30, 1, 1, 1, -5, 14, 13) .
    pack('C12', 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1) . "\0a.c\0\0\0\0\0" .
    "\0\x09\2" . pack('Q<', TEXT) . "\3\x09\1\2\x80\2\0\1\1";
substr($table, 2, 4) = pack('L<', 6 + 12 + 9);
my @dwarf = (section('.debug_info', $unit), section('.debug_abbrev', $abbrev));
for my $size (64 << 20, (64 << 20) + 1) {
	elf($file, $x86, [text(), @dwarf, section('.debug_line',
		pack('L<', $size) . $table, $size + 4)]);
	costs("a line table of $size bytes", 0, $size > 64 << 20 ?
		qr/\?\?|nothing is known/ : qr/a\.c:10/, 'symbolize', $file, $pc);
}
elf($file, $x86, [text(), section('.debug_info', '', 2 << 30),
	section('.debug_abbrev', $abbrev)]);
costs('.debug_info of 2 GB, a hole', 0, qr/$pc/, 'symbolize', $file, $pc);
elf($file, $x86, [text(), section('.debug_info', pack('L<S<L<CC', 8, 4, 0, 8,
	0) x 4_000_000), section('.debug_abbrev', "\0")]);
costs('4 million units', 0, qr/$pc/, 'symbolize', $file, $pc);
{
	# one unit of 400,000 functions, of 40 bytes each in memory
	my $abbrevs = "\1\x11\1\x11\1\x12\7\0\0\2\x2e\0\x11\1\x12\7\0\0\0";
	my $large = pack('S<L<C', 4, 0, 8) . "\1" . pack('Q<Q<', TEXT, 256) .
	    ("\2" . pack('Q<Q<', TEXT, 256)) x 400_000 . "\0";
	elf($file, $x86, [text(), section('.debug_info', pack('L<',
		length $large) . $large), section('.debug_abbrev', $abbrevs)]);
	costs('a unit of 400,000 functions', 0, qr/$pc/, 'symbolize', $file,
		$pc);
	costs('the same with less memory', 0, qr/its DWARF, or the unit of $pc, takes more memory than there is, or than the bound of 8388608 bytes \(memory_max\)/,
		'symbolize', '--memory-max', '8M', $file, $pc);
}
elf($file, $x86, [text(), @dwarf, section('.debug_aranges', '', 1 << 30)]);
costs('.debug_aranges of 1 GB, a hole', 0, qr/$pc/, 'symbolize', $file, $pc);

# A compressed section: an Elf64_Chdr before what zlib made.
sub packed {
	my ($name, $content) = @_;
	return { name => $name, type => 1, flags => 0x800, data =>
		pack('L<2Q<2', 1, 0, length $content, 1) .
		Compress::Zlib::compress($content, 9) };
}
srand 1;
my $noise = join '', map { chr rand 256 } 1 .. 40_000;
for my $mib (2, 4) { # 40 KB and what zeros take: 50 for each byte, and 95
	elf($file, $x86, [text(), packed('.debug_info', $unit . $noise .
		"\0" x ($mib << 20)), section('.debug_abbrev', $abbrev),
		section('.debug_line', pack('L<', length $table) . $table)]);
	costs("$mib MiB of DWARF in 44 KB", 0, $mib == 4 ?
		qr/its compressed debug sections are not used: damaged, or beyond the bounds of 268435456 bytes/ :
		qr/a\.c:10/, 'symbolize', $file, $pc);
}
elf($file, $x86, [text(), packed('.debug_info', "\0" x (100 << 20)), $dwarf[1]]);
costs('100 MB of zeros, packed', 0, qr/compressed debug sections are not used/,
	'symbolize', $file, $pc);
elf($file, $x86, [text(), packed('.debug_frame', "\0" x (100 << 20))]);
costs('100 MB of zeros as .debug_frame', 1, qr/has no call frame/, 'rows', $file);

elf($file, $x86, [text(), section('.gopclntab', pack('L<CCCC', 0xfffffff1, 0, 0,
	1, 8), 500 << 20)]);
costs('.gopclntab of 500 MB', 0, qr/its \.gopclntab has 524288000 bytes, more than the bound of 33554432/,
	'symbolize', $file, $pc);
elf($file, $x86, [text(), section('.gopclntab', pack('L<CCCCQ<*', 0xfffffff1, 0,
	0, 1, 8, 1 << 40, (1 << 40) x 7), 30 << 20)]);
costs('.gopclntab that lies', 0, qr/$pc/, 'symbolize', $file, $pc);

# --- code ----------------------------------------------------------------------

for my $target (@targets) {
	my $text = text();
	$text->{vaddr} = 0x1000000;
	$text->{size} = 500 << 20;
	elf($file, $target, [$text]);
	core("$dir/core", $target, file => $file);
	costs("$target->[0]: code of 500 MB, without CFI", 0, $frame, 'stack',
		'--core', "$dir/core");
}

# A walk through four libraries of 62 MiB without CFI, a function in each that
# calls itself. A large program needs that much; so this may cost more.
{
	# push rbx, call itself, call what stands behind it, pop rbx, ret
	my $function = "\x53\xe8" . pack('l<', -6) . "\xe8" . pack('l<', 5) .
	    "\x5b\xc3\xcc\xcc\xcc\xc3";
	my $half = 31 << 20;
	my @bases = map { $_ << 28 } 1 .. 4;
	my @files;
	for my $base (@bases) {
		my $path = sprintf '%s/far-%x', $dir, $base;
		elf($path, $x86, [{ %{ text() }, vaddr => $base, size => 2 * $half }]);
		open(my $out, '+<:raw', $path) or die;
		seek($out, 4096 + $half, 0);
		print $out $function;
		close($out) or die;
		push @files, [$path, 4096, $base, 2 * $half];
	}
	my @pcs = map { $_ + $half + 6 } @bases;
	core("$dir/core", $x86, files => \@files, pc => $pcs[0], stack =>
		join('', map { pack('Q<2', 0, $_) } @pcs[1 .. 3]) . "\0" x 4096);
	costs_within(6000, 'four libraries of 62 MiB', 0,
		qr/#3  0x0*4.*\n.*unbounded/, 'stack', '--core', "$dir/core");
}

note("at most: $cost{ms} ms, $cost{mib} MiB");
done_testing();
