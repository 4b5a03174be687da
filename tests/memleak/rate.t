#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# 1,000 and 100,000 allocations a second: what is sent and what is lost is
# counted exactly. A tool that stands still does not stop the program. The
# kernel's memory stays below what was promised.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Leak;
use Test::More;
use Time::HiRes 'sleep';

need_tool();
my $load = Live::built('load');
my $seconds = $ENV{DWUNW_LONG} ? 60 : 6;

{
	my $pid = start($load, 1000, $seconds);
	my $r = leak_done('--stats', '-p', $pid);
	stop($pid);
	sent_ok($r, '1,000 a second');
	cmp_ok($r->{allocations}, '>=', $seconds * 1000, 'all of them');
	cmp_ok($r->{drops}, '<', $r->{allocations} / 100, 'under 1 % lost')
	    if $ENV{DWUNW_LONG};
	is($r->{received}, $r->{events}, 'all that was sent was read');
	diag("1,000/s: $r->{allocations} allocations, $r->{drops} lost, "
		. "tool $r->{rss} KiB, maps $r->{maps} KiB, "
		. "$r->{event_bytes} bytes an event");
}

# pair in the background, its output in a file.
sub start_pair {
	my ($out, @args) = @_;
	return Live::start_to($out, 'nice', '-n', -10, built('pair'), @args);
}

# 100,000 a second, by the program's clock. What the tool has to know of blocks is
# that of a second or more: it has 78 MiB on an idle machine. Where it comes late,
# its inbox has up to 64 MiB of events as well (DWUNW_INBOX_MAX). All of 1,200,000
# blocks would be 167 MiB without such events.
{
	my $seconds = 2 * $seconds;
	my $out = "$dir/paced.out";
	my $pid = start_pair($out, 100_000, 10, $seconds, 'paced');
	my $r = leak('--stats', '-p', $pid, 500);
	stop($pid);
	sent_ok($r, '100,000 a second');
	is($r->{allocations}, $seconds * 100_000 + 1,
		'all of them, and the buffer of stdout') or diag($r->{text});
	is($r->{received}, $r->{events}, 'all that was sent was read');
	my $rate = 0 + slurp($out);
	# a matter of how busy the machine is
	cmp_ok(abs($rate - 100_000), '<', 10_000, 'in a second, by its clock')
	    if $ENV{DWUNW_LONG};
	cmp_ok($r->{rss}, '<', 150 << 10,
		'the tool does not grow with what is freed');
	diag("100,000/s: $r->{allocations} allocations, $r->{drops} lost, "
		. "tool $r->{rss} KiB, $rate in a second, $r->{event_bytes} bytes an event");
}

# As fast as it goes.
{
	my $pid = start($load, 0, $seconds);
	# room for all that leaks: a full map would lose others as well
	my $r = leak('--stats', '--max-live', 200_000, '-p', $pid, 60);
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
	# one in ten leaks
	cmp_ok($r->{unknown} // 0, '<=', $r->{drops} / 5 + 100,
		'no stack that was sent is forgotten before its block');
	diag("at full speed: $r->{allocations} allocations, $r->{drops} lost");
}

# The tool stands still, its buffer full: malloc goes on.
{
	my $out = "$dir/pair.out";
	my $told = "$dir/pair.told";
	my $pid = start_pair($out, 20000, 20, 10);
	my $tool = Live::background($told, tool(), '--stats', '-p', $pid, 1000);
	my $lines = sub { my $n = () = slurp($out) =~ /\n/g; return $n };
	sleep 0.1 until Live::watches($told);
	Live::begin();
	sleep 0.1 until $lines->() >= 4;
	kill 'STOP', $tool;
	my $before = $lines->();
	# it goes on, or this waits for good
	sleep 0.1 until $lines->() >= 10;
	pass('malloc goes on while the tool stands still');
	my @rows = map { [split] } split /\n/, slurp($out);
	kill 'CONT', $tool;
	waitpid($tool, 0); # its target has ended
	stop($pid);
	my @running = sort { $a <=> $b } map { $_->[1] } @rows[1 .. $before - 1];
	my @stopped = sort { $a <=> $b } map { $_->[1] } @rows[$before + 1 .. $#rows];
	my ($was, $is) = ($running[@running / 2], $stopped[@stopped / 2]);
	# a matter of how busy the machine is
	cmp_ok($is // 1e9, '<', 3 * ($was // 0),
		'p99.9 of malloc while the tool stands still: within 3 times')
	    if $ENV{DWUNW_LONG};
	$_ //= 0 for $was, $is;
	diag("p99.9 of malloc: running $was ns, stopped $is ns");
	my $r = parse_leak(slurp($told), 0);
	sent_ok($r, 'the tool stood still');
	# with those of the list of times, of qsort and stdout
	my $beyond = $r->{allocations} - 10 * 2 * 20000;
	ok($beyond >= 0 && $beyond <= 20, 'all allocations are counted') or
	    diag("$beyond beyond those of the rounds");
	cmp_ok($r->{buffer}, '>', 20000, 'most as lost');
}

# More live blocks than there is room for: the map is full, so it has grown as
# large as it gets. By the kernel's own account (memlock in fdinfo).
{
	my $pair = built('pair');
	for (['by default', 16_000_000, 81920],
		["with a router's defaults", 4_000_000, 16384,
			'--ring-size', 1 << 20, '--max-live', 16384]) {
		my ($title, $most, $live, @options) = @$_;
		my $r = leak('--stats', @options, '-c',
			"$pair 120000 20 1 leak");
		cmp_ok($r->{full}, '>=', 120000 - $live, "$title: live map full");
		cmp_ok(1024 * $r->{maps}, '<', $most,
			"$title: maps under $most bytes");
		diag("$title, full: maps $r->{maps} KiB");
	}
}

done_testing();
