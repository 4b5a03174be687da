#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# 1,000 and 100,000 allocations a second: what is sent and what is lost is
# counted exactly. A tool that stands still does not stop the program.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Leak;
use Test::More;

need_tool();
my $load = Live::compile('load', 'gcc', 'load.c', '-pthread');
my $seconds = $ENV{DWUNW_LONG} ? 60 : 6;

{
	my $pid = start($load, 1000, $seconds);
	my $r = leak('--stats', '-p', $pid, $seconds + 4);
	stop($pid);
	sent_ok($r, '1,000 a second');
	cmp_ok($r->{allocations}, '>=', $seconds * 1000, 'all of them');
	cmp_ok($r->{drops}, '<', $r->{allocations} / 100, 'under 1 % lost');
	is($r->{received}, $r->{events}, 'all that was sent was read');
	diag("1,000/s: $r->{allocations} allocations, $r->{drops} lost, "
		. "tool $r->{rss} KiB, maps $r->{maps} KiB, "
		. "$r->{event_bytes} bytes an event");
	cmp_ok($r->{maps}, '<', 16 << 10, 'maps under 16 MiB');
}

# As fast as it goes: no less than 100,000 a second is what a processor of its
# own would do.
{
	my $pid = start($load, 0, $seconds);
	my $r = leak('--stats', '-p', $pid, 60);
	stop($pid);
	sent_ok($r, 'as fast as it goes');
	is($r->{allocations}, $seconds * 25000 + 1, 'all of them') or
	    diag($r->{text});
	is($r->{received}, $r->{events}, 'all that was sent was read');
	my $leaked = $r->{unknown} // 0;
	$leaked += $_->{count} for grep { names($_) =~ /^allocate/ } @{ $r->{stacks} };
	is($leaked + $r->{full}, $seconds * 2500 + 1,
		'the leak, to the block, with a stack or without') or
	    diag($r->{text});
	diag("at full speed: $r->{allocations} allocations, $r->{drops} lost");
}

# The tool stands still, its buffer full: malloc goes on.
{
	my $pair = build('pair', 'pair.c');
	my $out = "$dir/pair.out";
	my $pid = fork // die;
	if (!$pid) {
		open(STDOUT, '>', $out);
		exec $pair, 20000, 20, 10 or die;
	}
	my $tool = fork // die;
	if (!$tool) {
		open(STDOUT, '>', '/dev/null');
		open(STDERR, '>', '/dev/null');
		exec tool(), '-p', $pid, 100 or die;
	}
	sleep 5;
	kill 'STOP', $tool;
	my $before = () = slurp($out) =~ /\n/g;
	sleep 10;
	kill 'CONT', $tool;
	my @rows = map { [split] } split /\n/, slurp($out);
	waitpid($pid, 0);
	kill 'INT', $tool;
	waitpid($tool, 0);
	my @running = sort { $a <=> $b } map { $_->[1] } @rows[1 .. $before - 1];
	my @stopped = sort { $a <=> $b } map { $_->[1] } @rows[$before + 1 .. $#rows];
	my ($was, $is) = ($running[@running / 2], $stopped[@stopped / 2]);
	cmp_ok($is // 1e9, '<', 3 * ($was // 0),
		'p99.9 of malloc while the tool stands still: within 3 times');
	diag("p99.9 of malloc: running $was ns, stopped $is ns");
}

done_testing();
