#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# 1,000 allocations a second, for ten seconds, or a minute (DWUNW_LONG=1).
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use Test::More;

need_bpf();
my $load = built('load');
for my $args ($ENV{DWUNW_LONG} ? ['bpf-ring', 60] : (['bpf-ring', 10],
	['bpf-perf', 3])) {
	my ($ring, $seconds) = @$args;
	my $pid = start($load, 1000, $seconds);
	# in the short form there is room for every event, however seldom a busy
	# machine lets the tool run
	my @room = $ENV{DWUNW_LONG} ? () : ('--ring-size', 1 << 26);
	my $r = memleak('-p', $pid, '--capture', $ring, @room);
	stop($pid);
	counters_ok($r, "$ring, $seconds s");
	is($r->{drops}, 0, 'no drops');
	cmp_ok($r->{calls}, '>=', $seconds * 1000, 'all calls');
	my $s = by_function($r, 'allocate');
	is($s->{count}, $seconds * 100, 'the leak, to the block');
	is(chain($s), 'allocate ' . 'deep ' x 9 . 'work main libc _start',
		'its stack');
	diag("$ring: $r->{calls} calls, $r->{drops} drops, tool $r->{rss} KiB, "
		. "maps $r->{maps} KiB, $r->{event_bytes} bytes an event");
}

done_testing();
