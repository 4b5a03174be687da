#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Too much for the buffer, for the live map: counted exactly, never silent.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use Test::More;

need_bpf();
my $load = built('load');

for my $args (['bpf-ring', 16384], ['bpf-perf', 16384],
	['bpf-ring', 1048576]) {
	my ($ring, $size) = @$args;
	my $small = $size < 1 << 20;
	my $pid = start($load, 0, 1, 4);
	my $r = memleak({ held => $small }, '-p', $pid, '--capture', $ring,
		'--ring-size', $size);
	stop($pid);
	counters_ok($r, "$ring of $size bytes, 4 threads");
	cmp_ok($r->{calls}, '>=', 100000, 'every call was counted');
	cmp_ok($r->{buffer}, '>', 0, 'the buffer was too small') if $small;
	is($r->{slot}, 0, 'there were enough scratch slots');
	my $s = by_function($r, 'allocate');
	is($s->{bytes}, $s->{count} * 64, 'only the leak is in the report');
	cmp_ok($s->{count}, '<=', 10004, 'no more than there are');
	# and what pthread_create allocates
	ok($r->{blocks} >= 10004 && $r->{blocks} <= 10024,
		'each leak is counted, with its stack or without') or
	    diag($r->{text});
	diag("$ring $size: calls $r->{calls}, drops $r->{drops}, slot $r->{slot}, "
		. "live $r->{blocks}, RSS $r->{rss} KiB");
}

my $pid = start(program('leaky_glibc'), 0, 20);
my $r = memleak(sub { (parse($_[0])->{full} // 0) > 100 }, '-p', $pid,
	'--max-live', 16);
stop($pid);
counters_ok($r, 'a live map of 16');
is($r->{blocks}, 16, '16 blocks are in it');
cmp_ok($r->{full}, '>', 100, 'the others are counted');
is($r->{drops}, 0, 'no event was dropped for that');

done_testing();
