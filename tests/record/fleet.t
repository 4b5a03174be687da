#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw report over the recordings of many devices (fleet.c): their sums, and time
# and memory, which grow no faster than their number. DWUNW_LONG=1: 10,000 of them.
use strict;
use warnings;
use FindBin;
use Test::More;
use lib "$FindBin::Bin/../live";
use Live ();

my $dwunw = "$Live::build/dwunw";
my $fleet = "$Live::build/tests/record/fleet";
-x $fleet && qx{$dwunw report --help 2>&1} =~ /usage: dwunw report/
    or Live::skip_all('this build has no dwunw report');
delete $ENV{DEBUGINFOD_URLS};

# Seconds of a processor, and the most KiB that it had.
my $usage = 'import resource, subprocess, sys; '
    . 's = subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL).returncode; '
    . 'u = resource.getrusage(resource.RUSAGE_CHILDREN); '
    . 'print("used", s, u.ru_utime + u.ru_stime, u.ru_maxrss)';

my $devices = $ENV{DWUNW_LONG} ? 1000 : 100; # that are different
my $said = `$fleet $Live::dir 0 $devices`;
my ($bytes, $blocks, $size) = $said =~ /^(\d+) bytes in (\d+) blocks, files (\d+)$/
    or BAIL_OUT("fleet: $said");
my @paths = map { "$Live::dir/$_.dwr" } 0 .. $devices - 1;
note(sprintf 'a device and hour: %d bytes', $size / $devices);

# `count` recordings; beyond those that are different, each again under another name.
sub recordings {
	my ($count) = @_;
	my @all;
	for my $i (0 .. $count - 1) {
		my $from = $paths[$i % $devices];
		my $path = $i < $devices ? $from : "$Live::dir/again$i.dwr";
		-e $path or link($from, $path) or die "$path: $!";
		push @all, $path;
	}
	return @all;
}

my @rows;
for my $count (10, 100, 1000, $ENV{DWUNW_LONG} ? 10_000 : ()) {
	my $out = "$Live::dir/text";
	open(my $run, '-|', 'python3', '-c', $usage, $dwunw, 'report', '--output', $out,
		recordings($count)) or die "python3: $!";
	my ($used) = join('', <$run>) =~ /^used (.*)$/m;
	close($run);
	my ($status, $seconds, $kib) = split ' ', $used // '1 0 0';
	my ($sum, $in) = Live::slurp($out) =~ /\] (\d+) bytes in (\d+) allocations/;

	is($status, 0, "$count recordings");
	is(($sum // 0) . ' ' . ($in // 0), join(' ', map { $_ * $count / $devices } $bytes, $blocks),
		'… their sums') if $count % $devices == 0;
	note(sprintf '%6d recordings: %8.2f s, %5.2f ms each, %6d KiB', $count, $seconds,
		1000 * $seconds / $count, $kib);
	push @rows, [$count, $seconds, $kib];
}
for (2 .. $#rows) {
	my ($less, $more) = @rows[$_ - 1, $_];
	cmp_ok($more->[1], '<', 2 * 10 * $less->[1], "$more->[0]: time is linear");
	# a fifth of linear, at most: stacks are the same ones, processes are not
	cmp_ok($more->[2], '<', 2 * $less->[2], '… and memory less than that');
}
done_testing();
