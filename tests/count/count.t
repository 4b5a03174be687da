#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw count: what it counts of events.c is what that says of itself, by whole
# stacks, whoever walks; and what it says of events that are none.
use strict;
use warnings;
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use lib "$FindBin::Bin/../live";
use Events;
use Live ();

Events::need();
my ($dwunw, $events, $base) = ($Events::dwunw, $Events::events, $Events::base);
sub counted { return Events::counted(@_) }
sub is_truth { return Events::is_truth(@_) }

# --- calls ------------------------------------------------------------------------

for my $walk (qw(copy kernel)) {
	my $r = counted("uprobe:$base:counted", '', '--walk', $walk);
	SKIP: {
		skip("--walk $walk: $r->{said}", 1)
		    if $r->{status} && $walk eq 'kernel';
		is_truth("calls, --walk $walk", $r, 'call', 'counted');
		like($r->{said}, qr/^\t#0 .*  counted\+0x0 /m,
			"calls, --walk $walk: at its first instruction");
	}
}
is_truth('returns', counted("uretprobe:$base:counted", ''), 'call');
is_truth('calls of threads', counted("uprobe:$base:counted", 'threads'), 'call',
	'counted');
is_truth('calls of children', counted("uprobe:$base:counted", 'forks'), 'call',
	'counted');
{
	my ($at) = qx{nm $events} =~ /^0*(\w+) T counted$/m;
	my ($off) = qx{readelf -lW $events} =~
	    /LOAD +(0x\w+) 0x(?:\w+) 0x\w+ 0x\w+ 0x\w+ R E/;
	my ($vaddr) = qx{readelf -lW $events} =~
	    /LOAD +0x\w+ (0x\w+) 0x\w+ 0x\w+ 0x\w+ R E/;
	my $offset = sprintf('0x%x', hex($at) - hex($vaddr) + hex($off));
	is_truth('calls by an offset', counted("uprobe:$events:$offset", ''),
		'call', 'counted');
}

# --- inside the kernel --------------------------------------------------------------

for my $walk (qw(copy kernel)) {
	my $r = counted('tracepoint:syscalls:sys_enter_getpgid', '', '--walk',
		$walk);
	SKIP: {
		skip("--walk $walk: $r->{said}", 1) if $r->{status};
		is_truth("tracepoint, --walk $walk", $r, 'kernel', 'syscall');
	}
}
SKIP: {
	my $r = counted('kprobe:__x64_sys_getpgid', '');
	skip("kprobe: $1", 1) if $r->{said} =~ /(this kernel has no kprobes)/;
	is_truth('kprobe', $r, 'kernel', 'syscall');
}

# --- processor time --------------------------------------------------------------

# A clock of 999 Hz: each function has as many as its seconds say, within three
# standard deviations, and what a busy machine takes away from a clock.
for my $walk (qw(copy kernel)) {
	my $r = counted('cpu', 'spin', '--walk', $walk, '-F', 999);
	SKIP: {
		skip("cpu, --walk $walk: $r->{said}", 1)
		    if $r->{status} && $walk eq 'kernel';
		is($r->{status}, 0, "cpu, --walk $walk") or diag($r->{said});
		for (@{$r->{truth}}) {
			my ($what, @chain) = @$_;
			my $seconds = pop @chain;
			my $samples = 0;
			for my $stack (keys %{$r->{counts}}) {
				$samples += $r->{counts}{$stack}
				    if $stack =~ /^\Q@chain\E .*\b_start\b/;
			}
			$samples /= 1e9 / 999 if $samples > 1e6; # nanoseconds
			my $want = 999 * $seconds;
			my $room = 3 * sqrt($want) + 0.03 * $want;
			cmp_ok(abs($samples - $want), '<=', $room,
				"cpu, --walk $walk: $chain[0], $samples of $want");
		}
	}
}

# --- a process that runs ------------------------------------------------------------

{
	my $pid = Live::start($events);
	my ($said, $status) = Live::watch($dwunw, 'count', '-e',
		"uprobe:$base:counted", '-p', $pid);
	Live::stop($pid);
	is($status, 0, '-p PID');
	like($said, qr/^\[[\d:]+\] 1250 events from 3 stacks/m,
		'-p PID: all of its calls') or diag($said);
}

# --- what is none -------------------------------------------------------------------

for (
	[['-p', 1], qr/-e EVENT is needed/],
	[['-e', 'alloc', '-p', 1], qr/of allocations dwunw leaks tells/],
	[['-e', 'uprobe:x', '-p', 1], qr/-e.*'uprobe:x'.*uprobe:FILE:FUNCTION/],
	[['-e', 'tracepoint:', '-p', 1], qr/tracepoint:SYSTEM:NAME/],
	[['-e', 'cpu'], qr/one of -p PID, -- COMMAND, -a and --cgroup is needed/],
	[['-e', 'cpu', '-d', '1s', '-i', '1s', '-a'], qr/-d and -i exclude/],
	[['-e', 'kprobe:f', '-F', 9, '-a'], qr/-F is about -e cpu/],
	[['-e', 'cpu', '-F', 0, '-a'], qr/-F.*'0'/],
) {
	my ($options, $want) = @$_;
	my ($said, $status) = Live::run($dwunw, 'count', @$options);
	is($status, 2, "count @$options: status");
	like($said, $want, "count @$options: why");
}
for (
	['tracepoint:syscalls:sys_enter_nothing', qr/this kernel has no such event/],
	["uprobe:$base:nothing", qr/that file has no such function|nothing was counted/],
	['uprobe:libnothing.so:malloc', qr/no mapped file is that|nothing was counted/],
) {
	my ($event, $want) = @$_;
	my $r = counted($event, '');
	is($r->{status}, 1, "$event: status");
	like($r->{said}, $want, "$event: why");
}

done_testing();
