#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A tool whose output nobody reads waits in write(2). Events wait in its memory
# then, 64 MiB of them and no more (trace/inbox.c); what follows is
# dropped by the kernel, and counted: each allocation is in one of the two.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Leak;
use Time::HiRes qw(sleep);
use Test::More;

need_tool();

use constant WAITING => 64 << 20;

sub rss {
	my ($pid) = @_;
	my ($kib) = slurp("/proc/$pid/status") =~ /^VmRSS:\s+(\d+) kB/m;
	return $kib * 1024;
}

# The tool, whose output is this pipe; its pid.
sub begin {
	my ($out, @args) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	open(STDOUT, '>&', $out);
	open(STDERR, '>', "$dir/errors");
	exec tool(), @args or die tool() . ": $!";
}

my $count = 200_000;
my $target = Live::start_to("$dir/said", Live::built('bursts'), $count / 500, 500);
pipe(my $in, my $out) or die "pipe: $!";
my $tool = begin($out, '--stats', '-o', 0, '-p', $target, 1);
close($out);

# the first line tells that it records; then nothing is read
my $first = '';
until ($first =~ /\n/) {
	sysread($in, $first, 1, length $first) or
	    die "the tool ended: ", slurp("$dir/errors");
}
my $before = rss($tool);
# a pipe of one page is full at once, and the tool waits
fcntl($in, 1031, 4096); # F_SETPIPE_SZ
Live::begin();
my $most = 0;
until (slurp("$dir/said") =~ /done/) {
	my $now = rss($tool);
	$most = $now if $now > $most;
	sleep 0.05;
}
cmp_ok($most - $before, '>', WAITING / 2, 'events wait in memory: ' .
	int(($most - $before) / 1024) . ' KiB');
cmp_ok($most - $before, '<', 2 * WAITING, '… and it has a bound');

# Somebody reads again: the report is whole, and so is what it counts.
kill 'INT', $tool;
my $text = $first;
1 while sysread($in, $text, 1 << 16, length $text);
waitpid($tool, 0);
is($? >> 8, 0, 'it ends well') or diag(slurp("$dir/errors"));
my $r = parse_leak($text);
sent_ok($r, 'read again');
cmp_ok($r->{buffer} // 0, '>', 0, 'the kernel dropped what found no room: ' .
	($r->{buffer} // '?'));
cmp_ok($r->{allocations} // 0, '>=', $count, 'each allocation is counted');
stop($target);
done_testing();
