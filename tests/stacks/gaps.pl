#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# gaps.pl LIST: whether the places that check --gap-list named ("VADDR PATH")
# really have no FDE, as readelf -wF reads the file. Prints those that have
# one, then a count by file. Exit status 1 if any has.

use strict;
use warnings;

my (%places, $bad);

while (<>) {
	my ($vaddr, $path) = /^([0-9a-f]+) (.*)$/ or die "$ARGV:$.: $_";
	$places{$path}{hex $vaddr} = 1;
}

# [start, end) of each FDE, in order of start.
sub fdes {
	my ($path) = @_;
	my @fdes;
	open my $in, '-|', "readelf -wF '$path' 2>/dev/null" or die $!;
	while (<$in>) {
		push @fdes, [hex $1, hex $2]
			if / FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)/;
	}
	close $in;
	return sort { $a->[0] <=> $b->[0] } @fdes;
}

for my $path (sort keys %places) {
	my @fdes = fdes($path);
	my ($at, @wrong) = (0);
	my @vaddrs = sort { $a <=> $b } keys %{$places{$path}};
	for my $vaddr (@vaddrs) {
		$at++ while $at < @fdes && $fdes[$at][1] <= $vaddr;
		push @wrong, $vaddr
			if $at < @fdes && $fdes[$at][0] <= $vaddr;
	}
	printf "%s+0x%x has an FDE\n", $path, $_ for @wrong;
	printf "%s: %d places, %d FDEs\n", $path, scalar @vaddrs,
		scalar @fdes;
	$bad = 1 if @wrong;
}
exit($bad ? 1 : 0);
