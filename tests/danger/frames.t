#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# How many frames `dwunw stack` prints: of a thread as many as 8 MiB of stack can
# hold, of a core as many as DWUNW_CORE_FRAMES_MAX says; what is left out is told.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Hostile;
use Test::More;

my $dir = dir();
my $dwunw = ($ENV{BUILD} || "$FindBin::Bin/../../build/" .
	(split ' ', `uname -m`)[0]) . '/dwunw';
my $x86 = $targets[0];

# Frames that are printed of a core, what is said, the exit status.
sub frames {
	my $count = 0;
	open(my $in, '-|', "'$dwunw' stack --core '$dir/core' 2>'$dir/said'") or
	    die "$dwunw: $!";
	while (<$in>) {
		$count++ if /^#/;
	}
	close($in);
	my $status = $? >> 8;
	open(my $said, '<', "$dir/said") or die "$dir/said: $!";
	local $/;
	return ($count, scalar(<$said>) // '', $status);
}

# A function that calls, and the place behind that: 8 bytes of stack a frame.
my $text = text();
substr($text->{data}, 0, 5) = "\xe8\0\0\0\0";
elf("$dir/file", $x86, [$text, eh_frame(cie($x86) .
	fde($x86, length cie($x86), TEXT, 256))]);
for my $case ([1, 524_288, 0], [9, 4_194_304, 1]) {
	my ($threads, $count, $status) = @$case;
	core("$dir/core", $x86, file => "$dir/file", pc => TEXT + 5,
		stack => pack('Q<', TEXT + 5) x 524_300, threads => $threads);
	my ($frames, $said, $ended) = frames();
	is($frames, $count, "$threads threads of 524,300 frames each");
	is($ended, $status, '… the exit status');
	like($said, qr/4194304 frames, the bound of 4194304: 1 of its 9 threads are not shown/,
		'… what is left out') if $status;
}
done_testing();
