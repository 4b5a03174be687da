#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# sstrip.pl FROM TO - a copy of an ELF file as OpenWrt's sstrip leaves it: no
# section headers, and an end behind the last byte in a segment that is not 0.
# Either class, either byte order. Prints how many zeros at the end of segments
# were cut off.
use strict;
use warnings;

my ($from, $to) = @ARGV;
open(my $in, '<:raw', $from) or die "$from: $!\n";
my $file = do { local $/; <$in> };
my $wide = ord(substr($file, 4, 1)) == 2;
my $order = ord(substr($file, 5, 1)) == 2 ? '>' : '<';
my ($word, $n) = $wide ? ("Q$order", 8) : ("L$order", 4);
my ($p_offset, $p_filesz, $p_flags) = $wide ? (8, 32, 4) : (4, 16, 24);

sub word { return unpack($word, substr($file, $_[0], $n)) }
sub half { return unpack("S$order", substr($file, $_[0], 2)) }

my $table = word($wide ? 32 : 28);
my ($size, $count) = map { half($_) } $wide ? (54, 56) : (42, 44);
my @headers = map { $table + $_ * $size } 0 .. $count - 1;
my $end = $table + $size * $count;
my $least = $end; # what cannot be written cannot be filled with zeros either
for (@headers) {
	my ($off, $filesz) = (word($_ + $p_offset), word($_ + $p_filesz));
	$end = $off + $filesz if $off + $filesz > $end;
	my $flags = unpack("L$order", substr($file, $_ + $p_flags, 4));
	$least = $off + $filesz if !($flags & 2) && $off + $filesz > $least;
}
my $whole = $end;
$end-- while $end > $least && substr($file, $end - 1, 1) eq "\0";
for (@headers) {
	my $off = word($_ + $p_offset);
	next if $off + word($_ + $p_filesz) <= $end;
	substr($file, $_ + $p_filesz, $n) =
		pack($word, $off < $end ? $end - $off : 0);
}
substr($file, $wide ? 40 : 32, $n) = pack($word, 0); # e_shoff
substr($file, $wide ? 60 : 48, 4) = "\0\0\0\0"; # e_shnum, e_shstrndx
open(my $out, '>:raw', $to) or die "$to: $!\n";
print $out substr($file, 0, $end);
close $out or die "$to: $!\n";
chmod 0755, $to;
print $whole - $end, "\n";
