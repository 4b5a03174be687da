#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw count -e offcpu: how often a thread leaves its processor is what getrusage(2)
# says of it, and how long what is left of the time when its processor time is taken
# off, by whole stacks, whoever walks.
use strict;
use warnings;
use FindBin;
use JSON::PP;
use List::Util 'sum0';
use Test::More;
use lib $FindBin::Bin;
use lib "$FindBin::Bin/../live";
use Events;
use Live ();

Events::need();
my $json = "$Live::dir/json";

# Events and microseconds of the stacks of a folded or JSON line that have these
# functions one behind the other.
sub through {
	my ($text, @chain) = @_;
	my ($events, $us) = (0, 0);
	for my $stack (@{decode_json($text)->{stacks}}) {
		my $names = join ' ', map { $_->{function} // '?' } @{$stack->{frames}};
		$names =~ /(?:^| )\Q@chain\E .*\b_start\b/ or next;
		$events += $stack->{events};
		$us += $stack->{amount};
	}
	return ($events, $us);
}

for my $walk (qw(copy kernel)) {
	my $r = Events::counted('offcpu', 'naps', '--walk', $walk, "--json=$json");
	SKIP: {
		skip("--walk $walk: $r->{said}", 1)
		    if $r->{status} && $walk eq 'kernel';
		is($r->{status}, 0, "--walk $walk") or diag($r->{said});
		my ($lost) = $r->{said} =~ /^dwunw: events \d+ = stacks \d+ \+ drops (\d+)/m;
		is($lost, 0, '… nothing is lost');
		my $report = Live::slurp($json);
		my ($all) = map { sum0(map { $_->{amount} } @{$_->{stacks}}) }
		    decode_json($report);
		is(sum0(values %{$r->{counts}}), $all, '… folded stacks have the same sum');
		for (@{$r->{truth}}) {
			my ($what, @chain) = @$_;
			my $want = pop @chain;
			my ($events, $us) = through($report, @chain);
			# those while the clocks are read may count or not
			my ($doubtful, $doubt) = through($report, 'times_now', @chain);
			cmp_ok(abs($events - $want), '<=', $doubtful,
				"… @chain: $events times of $want")
			    if $what eq 'away';
			cmp_ok(abs($us / 1e6 - $want), '<',
				0.02 * $want + 0.005 + $doubt / 1e6,
				"… @chain: $us us of $want s") if $what eq 'off';
		}
		like(join("\n", keys %{$r->{counts}}),
			qr/nanosleep (?:\S*nanosleep )?(?:nap ){41}long_naps naps main/,
			'… to their depth');
	}
}

# A thread that nothing wakes counts until the report.
for my $walk (qw(copy kernel)) {
	my $r = Events::counted('offcpu', 'waits', '--walk', $walk, "--json=$json");
	SKIP: {
		skip("--walk $walk: $r->{said}", 1)
		    if $r->{status} && $walk eq 'kernel';
		my $report = Live::slurp($json);
		my ($stack) = grep { grep { ($_->{function} // '') eq 'waits_forever' }
			@{$_->{frames}} } @{decode_json($report)->{stacks}};
		ok($stack && $stack->{events}, "--walk $walk: one that waits until its end");
		cmp_ok($stack->{amount} // 0, '>', 0, '… has its time');
	}
}
{
	my $pid = Live::start($Events::events, 'stays');
	my ($said, $status) = Live::watch($Events::dwunw, qw(count -e offcpu),
		"--json=$json", '-p', $pid);
	Live::stop($pid);
	my ($stack) = grep { grep { ($_->{function} // '') eq 'waits_forever' }
		@{$_->{frames}} } @{decode_json(Live::slurp($json))->{stacks}};
	is($stack && $stack->{events}, 1, '-p PID: one that still waits has left once');
	# the main thread slept half a second meanwhile
	cmp_ok($stack->{amount} // 0, '>', 450000, '… and its time so far');
}
done_testing();
