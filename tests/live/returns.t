#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# capture.bpf.h: uretprobes on outer functions, with and without the notes of
# their return addresses; entry events; the cap of the copy; process events.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use Test::More;

need_bpf();
my $object = built('returns.bpf.o');
my $probe = built('probe');
my $outer = built('outer');

# Runs probe on a program; its events.
sub events {
	my ($pid, $file, @args) = @_;
	my ($out, $status) = watch(sub { (() = $_[0] =~ /^event .*kind=1 /mg) > 40 },
		$probe, $object, $pid, $file, 600, @args);
	is($status, 0, "probe @args") or diag($out);
	my @events = grep { /^event/ && /kind=1 / } split /\n/, $out;
	my ($calls, $events) = $out =~ /calls=(\d+) events=(\d+)/;
	is($calls, $events, 'no drops');
	cmp_ok(scalar @events, '>', 5, 'events came');
	unlike($_, qr/status=[^O]/, 'it was unwound') for $events[0];
	return @events;
}

# How often each distinct stack came.
sub stacks {
	my %stacks;
	for (@_) {
		$stacks{$1}++ if /frames: (.*?; stop=[\w ]+)/;
	}
	return \%stacks;
}

my $tail = 'chain main \S+ __libc_start_main(_impl)? _start; stop=root';
my %whole = (
	qr/^f3 f2\(entry\) f1 $tail$/ => 1,
	qr/^f3 f2\(entry\) f1 again again $tail$/ => 1,
);

sub only_whole {
	my ($stacks, $title) = @_;
	for my $stack (sort keys %$stacks) {
		ok((grep { $stack =~ $_ } keys %whole), "$title: true chain") or
		    diag("$stack ($stacks->{$stack} times)");
	}
	for my $whole (sort keys %whole) {
		ok((grep { $_ =~ $whole } keys %$stacks), "$title: $whole came");
	}
}

my $pid = start($outer);
only_whole(stacks(events($pid, $outer, 'at_entry=f3')), 'no uretprobe');

my @noted = map { ("note=$_", "drop=$_\@return") } qw(f1 f2 again);
my @events = events($pid, $outer, @noted, 'at_entry=f3');
# what was entered before the probes were there has no notes
shift @events while @events && $events[0] !~ /returns=4/;
like($events[0] // 'none', qr/returns=4 /, 'the returns are attached');
only_whole(stacks(@events), 'returns noted');

@events = events($pid, $outer, 'nothing=f1@return', 'nothing=f2@return',
	'at_entry=f3');
my $stacks = stacks(@events[2 .. $#events]);
is(join(' | ', sort keys %$stacks), 'f3 f2(entry); stop=trampoline',
	'returns not noted: it stops with that reason');

# The cap: the stack is cut there, and the walk says so.
@events = events($pid, $outer, '-c', 160, 'at_entry=f3');
like($events[0], qr/flags=3 .*stack=160 /, 'capped at 160 bytes');
like($events[0], qr/stop=truncated/, 'the walk names the cut');
stop($pid);

# One slot for two CPUs: who gets none is counted.
my $load = built('load');
$pid = start($load, 0, 1, 4);
my ($out) = watch($probe, $object, $pid, $load, 600, '-s', 1, 'at_entry=allocate');
stop($pid);
my ($calls, $events, $slot, $buffer) =
    $out =~ /calls=(\d+) events=(\d+) slot=(\d+) buffer=(\d+)/;
is($calls, $events + $slot + $buffer, 'one slot: calls = events + drops');
# its three other threads are FORK events
cmp_ok($calls, '>=', 100007, 'one slot: all calls are counted');
is(scalar(() = $out =~ /^event status=OK/mg), $events,
	'one slot: every event that was sent is whole');
diag("one slot: calls $calls, no slot $slot, buffer full $buffer");

# At the entry of a musl function, and on through musl's start code: no CFI is
# needed for either.
SKIP: {
	skip 'no musl-gcc', 3 unless have_musl();
	my $musl = '/usr/lib/x86_64-linux-musl/libc.so';
	my $target = built('outer_musl');
	$pid = start($target);
	@events = events($pid, -e $musl ? $musl : '/lib/ld-musl-x86_64.so.1',
		'at_entry=malloc');
	like($events[-1], qr/frames: malloc f3\(entry\) f2 f1 (again again )?chain main \S+ \S+\(scan\); stop=root; $/,
		"musl's malloc: from its caller to the program's start");
	stop($pid);
}

done_testing();
