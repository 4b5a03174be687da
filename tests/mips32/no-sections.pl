#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# no-sections.pl FROM TO: a copy of an ELF32 file without section headers and
# without what follows the last segment, as sstrip leaves it.
use strict;
use warnings;

my ($from, $to) = @ARGV;
open(my $in, '<:raw', $from) or die "$from: $!";
my $file = do { local $/; <$in> };
my $big = substr($file, 5, 1) eq "\2";
my ($long, $short) = $big ? ('N', 'n') : ('V', 'v');

my $phoff = unpack($long, substr($file, 28, 4));
my ($phentsize, $phnum) = unpack("${short}2", substr($file, 42, 4));
my $end = $phoff + $phentsize * $phnum;
for my $i (0 .. $phnum - 1) {
	my ($type, $off, undef, undef, $size) =
		unpack("${long}5", substr($file, $phoff + $i * $phentsize, 20));
	$end = $off + $size if $type == 1 && $off + $size > $end;
}
substr($file, 32, 4) = pack($long, 0);         # e_shoff
substr($file, 46, 6) = pack("${short}3", 0, 0, 0);
open(my $out, '>:raw', $to) or die "$to: $!";
print $out substr($file, 0, $end);
close $out or die "$to: $!";
chmod 0755, $to;
