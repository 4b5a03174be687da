# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Files of four targets that lie about sizes, and what it costs to look at them.
# Large ones are holes: they take a few KB of disk.
package Hostile;

use strict;
use warnings;
use Cwd;
use Exporter 'import';
use File::Temp;
use FindBin;

our @EXPORT = qw(dir elf core run_cost cie fde text eh_frame hdr uleb
	@targets TEXT EH HDR);

use constant { TEXT => 0x10000, EH => 0x20000, HDR => 0x18000 };

# Name, e_machine, class, byte order by pack's letters, e_flags; the registers of
# the CFA and of the return address; sizes in struct elf_prstatus: all, a
# register; where pc and sp are.
our @targets = (
	['x86_64', 62, 2, '<', 0, 7, 16, 336, 8, 112 + 16 * 8, 112 + 19 * 8],
	['arm64', 183, 2, '<', 0, 31, 30, 392, 8, 112 + 32 * 8, 112 + 31 * 8],
	['mips32el', 8, 1, '<', 0x70001005, 29, 31, 256, 4, 72 + 40 * 4,
		72 + 35 * 4],
	['mips32eb', 8, 1, '>', 0x70001005, 29, 31, 256, 4, 72 + 40 * 4,
		72 + 35 * 4],
);

my $top = Cwd::abs_path("$FindBin::Bin/../..");

sub build_dir { $ENV{BUILD} || "$top/build/" . (split ' ', `uname -m`)[0] }

# A directory of this test's own, which is gone when it ends.
sub dir { File::Temp::tempdir('dwunw-danger-XXXXXX', TMPDIR => 1, CLEANUP => 1) }

sub word { ($_[0][2] == 2 ? 'Q' : 'L') . $_[0][3] }

sub uleb {
	my ($n, $out) = (@_, '');
	do {
		my $byte = $n & 0x7f;
		$n >>= 7;
		$out .= chr($byte | ($n ? 0x80 : 0));
	} while ($n);
	return $out;
}

sub padded { $_[0] . "\0" x (-length($_[0]) % 4) }

sub record {
	my ($target, $body) = @_;
	return pack("L$target->[3]", length $body) . $body;
}

# A CIE at the start of its section; $more: bytes behind its instructions, nops.
sub cie {
	my ($target, $more) = @_;
	my $body = pack("L$target->[3]", 0) . "\1zR\0" . uleb(1) .
	    ($target->[2] == 2 ? "\x78" : "\x7c") . chr($target->[6]) .
	    uleb(1) . "\x1b" . "\x0c" . chr($target->[5]) .
	    uleb($target->[1] == 62 ? 8 : 0) .
	    ($target->[1] == 62 ? "\x90\1" : '');
	return record($target, padded($body . "\0" x ($more // 0)));
}

# An FDE that will stand at $off of .eh_frame, whose CIE is at 0.
sub fde {
	my ($target, $off, $start, $size, $program) = @_;
	my $e = $target->[3];
	return record($target, padded(pack("L$e", $off + 4) .
		pack("l${e}L$e", $start - (EH + $off + 8), $size) . uleb(0) .
		($program // '')));
}

# Code of no consequence, for `size` bytes.
sub text {
	my ($size) = @_;
	return { name => '.text', type => 1, flags => 6, vaddr => TEXT,
		 data => "\x90" x ($size // 256) };
}

sub eh_frame {
	my ($data, $size) = @_;
	return { name => '.eh_frame', type => 1, flags => 2, vaddr => EH,
		 data => $data, size => $size };
}

# A table of pairs [start, offset in .eh_frame].
sub hdr {
	my ($target, @pairs) = @_;
	my $e = $target->[3];
	my $data = "\1\x1b\3\x3b" .
	    pack("l${e}L$e", EH - (HDR + 4), scalar @pairs) .
	    join('', map { pack("l${e}2", $_->[0] - HDR, EH + $_->[1] - HDR) }
		@pairs);
	return { name => '.eh_frame_hdr', type => 1, flags => 2,
		 vaddr => HDR, data => $data };
}

sub segment {
	my ($target, $type, $flags, $off, $vaddr, $size) = @_;
	my $w = word($target);
	return $target->[2] == 2 ?
	    pack("L$target->[3]2${w}6", $type, $flags, $off, $vaddr, $vaddr,
		$size, $size, 4096) :
	    pack("L$target->[3]8", $type, $off, $vaddr, $vaddr, $size, $size,
		$flags, 4096);
}

sub section {
	my ($target, $name, $s, $off, $size) = @_;
	my ($e, $w) = ($target->[3], word($target));
	return pack("L${e}2${w}4L${e}2${w}2", $name, $s->{type}, $s->{flags} // 0,
		$s->{vaddr} // 0, $s->{off} // $off, $s->{claims} // $size,
		$s->{link} // 0, $s->{info} // 0, 1, $s->{entsize} // 0);
}

sub header {
	my ($target, $type, $phoff, $shoff, $phnum, $shnum) = @_;
	my ($e, $w) = ($target->[3], word($target));
	return pack('a16', "\x7fELF" . pack('C3', $target->[2],
		$e eq '<' ? 1 : 2, 1)) .
	    pack("S${e}2L$e${w}3L$e", $type, $target->[1], 1, TEXT, $phoff,
		$shoff, $target->[4]) .
	    pack("S${e}6", $target->[2] == 2 ? (64, 56) : (52, 32),
		$phnum > 0xfffe ? 0xffff : $phnum,
		$target->[2] == 2 ? 64 : 40, $shnum > 0xff00 ? 0 : $shnum,
		$shnum ? $shnum > 0xff00 ? 0xffff : $shnum - 1 : 0);
}

# Writes an ELF file of sections, each a hash: name, type, flags, vaddr, data; size
# (the rest is a hole), claims (what the header says), link, entsize; with flag 2 a
# PT_LOAD. $file{segments}: others; $file{end}: its size.
sub elf {
	my ($path, $target, $sections, %file) = @_;
	my ($ehsize, $phsize) = $target->[2] == 2 ? (64, 56) : (52, 32);
	my @loads = grep { ($_->{flags} // 0) & 2 } @$sections;
	my @others = @{ $file{segments} // [] };
	my $at = $ehsize + $phsize * (@loads + @others);
	my ($names, $headers, $programs) = ("\0", '', '');

	open(my $out, '+>:raw', $path) or die "$path: $!";
	for my $s (@$sections) {
		$at = ($at + 4095) & ~4095 if ($s->{flags} // 0) & 2;
		$at = ($at + 15) & ~15;
		my $size = $s->{size} // length $s->{data};
		seek($out, $at, 0);
		print $out $s->{data};
		$headers .= section($target, length $names, $s, $at, $size);
		$names .= "$s->{name}\0";
		$programs .= segment($target, 1, 4 | (($s->{flags} & 4) ? 1 : 0),
			$at, $s->{vaddr}, $size) if ($s->{flags} // 0) & 2;
		$at += $size;
	}
	my $count = @$sections + 2;
	my $strings = section($target, length $names,
		{ type => 3 }, $at, length($names) + 10);
	seek($out, $at, 0);
	print $out $names, ".shstrtab\0";
	$at += length($names) + 10;
	my $zero = section($target, 0, { type => 0, link => $count - 1,
		claims => $count > 0xff00 ? $count : 0, off => 0 }, 0, 0);
	seek($out, $at, 0);
	print $out $zero, $headers, $strings;
	seek($out, 0, 0);
	print $out header($target, $file{type} // 3, $ehsize,
		$file{headless} ? 0 : $at, @loads + @others,
		$file{headless} ? 0 : $count), $programs,
	    map { segment($target, @$_) } @others;
	truncate($out, $file{end}) if $file{end};
	close($out) or die "$path: $!";
}

sub note {
	my ($target, $type, $desc, $claims) = @_;
	return pack("L$target->[3]3", 5, $claims // length $desc, $type) .
	    "CORE\0\0\0\0" . padded($desc);
}

# A core of $core{threads} threads at address $core{pc}, in file $core{file} mapped
# as it is linked; or in $core{files}, each [path, offset, start, bytes];
# $core{heads} PT_NOTEs over $core{notes} bytes of notes, a hole behind the real
# ones; a stack of $core{stack}; $core{empty} program headers more, which say
# nothing.
sub core {
	my ($path, $target, %core) = @_;
	my ($e, $w) = ($target->[3], word($target));
	my ($name, undef, $class, undef, undef, undef, undef, $size, $word,
	    $pc, $sp) = @$target;
	my $status = "\0" x $size;
	substr($status, $class == 2 ? 32 : 24, 4) = pack("L$e", 4711);
	substr($status, $pc, $word) = pack($w, $core{pc} // TEXT + 4);
	substr($status, $sp, $word) = pack($w, 0x70000000);
	my $notes = note($target, 1, $status) x ($core{threads} // 1);
	my @files = $core{file} ? [$core{file}, ($core{off} // 4096) * 1, TEXT,
		0x1000] : @{ $core{files} // [] };
	$notes .= note($target, 0x46494c45, pack("${w}*", scalar @files, 1,
		map { ($_->[2], $_->[2] + $_->[3], $_->[1]) } @files) .
		join('', map { "$_->[0]\0" } @files)) if @files;
	$notes .= $core{more} // '';
	my $heads = $core{heads} // 1;
	my ($ehsize, $phsize) = $class == 2 ? (64, 56) : (52, 32);
	my $stack = $core{stack} // "\0" x 4096;
	my $count = $heads + 1 + ($core{empty} // 0);
	my $at = $ehsize + $phsize * $count;
	my $behind = $at + length $stack;
	my $end = $behind + ($core{notes} // length $notes);

	open(my $out, '>:raw', $path) or die "$path: $!";
	print $out header($target, 4, $ehsize, $count > 0xfffe ? $end : 0,
		$count, $count > 0xfffe ? 1 : 0),
	    segment($target, 1, 6, $at, 0x70000000, length $stack),
	    segment($target, 4, 4, $behind, 0, $core{notes} // length $notes)
		x $heads, segment($target, 0, 0, 0, 0, 0) x ($core{empty} // 0),
	    $stack, $notes;
	truncate($out, $end);
	# more headers than e_phnum can say: the first section does (gABI, 4)
	seek($out, 0, 2);
	print $out section($target, 0, { type => 0, info => $count }, 0, 0)
	    if $count > 0xfffe;
	close($out) or die "$path: $!";
}

# What a program printed, what it said, its exit status (of a signal: its text),
# milliseconds of processor time, MiB of memory at most.
sub run_cost {
	my ($dir, @words) = @_;
	my $quoted = join(' ', map { my $w = $_; $w =~ s/'/'\\''/g; "'$w'" }
		build_dir() . '/tests/danger/cost', "$dir/cost", @words);
	unlink("$dir/cost");
	system("$quoted >'$dir/stdout' 2>'$dir/stderr'");
	my ($said, $errors, $cost) = map {
		open(my $in, '<', "$dir/$_") or die "$dir/$_: $!";
		local $/;
		scalar(<$in>) // '';
	} qw(stdout stderr cost);
	my ($status, $time, $memory) = split ' ', $cost;
	return ($said, $errors,
		$status & 127 ? 'signal ' . ($status & 127) : $status >> 8,
		$time, int($memory / 1024));
}

1;
