#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# 20,000 allocations a second by 200 threads for SOAK_SECONDS (20; `make soak`:
# 1,800), with both tools on the program: each counts what counter.so has counted,
# to the last block, and its memory stays what it was after a sixth of the time,
# where that is a minute at least.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Count;
use Leak;
use List::Util 'max';
use POSIX 'WNOHANG';
use Test::More;
use Time::HiRes qw(sleep time);

need_tool();
my $seconds = $ENV{SOAK_SECONDS} || 20;
my $rate = 20000;
my $done = "$dir/done";
my $counter = counter_dir('counter');
my @options = qw(--stack-bytes 2048 --ring-size 8388608);
my @tools = (
	{ name => 'memleak_dwunw_user', parse => \&parse_leak, command =>
		[tool(), @options, '--stats', '-o', 0, '-T', 1000, '-p'],
		last => [10] },
	{ name => 'memleak_user', parse => \&Live::parse, command =>
		[Live::program('memleak_user'), @options, '-d', 10, '-p'],
		last => [] },
);

sub resident {
	my ($pid) = @_;
	my ($kib) = slurp("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m;
	return $kib;
}

my $program;
{
	local @ENV{qw(LD_PRELOAD COUNTER SECONDS RATE)} =
	    (built('counter.so'), $counter, $seconds, $rate);
	$program = start(built('uses'), $done, 'soak');
}
for my $tool (@tools) {
	$tool->{out} = "$dir/$tool->{name}.out";
	# the words of the tool, which says when it watches on stderr
	$tool->{pid} = Live::start_to($tool->{out}, 'sh', '-c',
		'exec "$@" 2>&1', 'sh', @{ $tool->{command} }, $program,
		@{ $tool->{last} });
	my $ended = 0;
	sleep 0.1 until -e $tool->{out} &&
	    slurp($tool->{out}) =~ /^recording/m ||
	    ($ended = waitpid($tool->{pid}, WNOHANG));
	ok(!$ended, "$tool->{name}: it watches") or
	    diag(slurp($tool->{out}));
}
my $start = time;
Live::begin();
until (-e $done || waitpid($program, WNOHANG)) {
	sleep 1;
	for my $tool (@tools) {
		push @{ $tool->{memory} }, [time - $start, resident($tool->{pid})];
	}
}
my $took = time - $start;
sleep 1;
for my $tool (@tools) {
	kill 'TERM', $tool->{pid};
	waitpid($tool->{pid}, 0);
	$tool->{report} = $tool->{parse}->(slurp($tool->{out}), $? >> 8);
}
my $sum = counted_by($counter);
ok(-e $done, 'the program has done all of it');
cmp_ok($sum->{calls}, '>=', $rate * $seconds, 'so many allocations');
for my $tool (@tools) {
	my ($name, $r) = @{$tool}{qw(name report)};
	my $calls = $r->{allocations} // $r->{calls}; # … and ends of threads
	my @early = map { $_->[1] } grep { $_->[0] <= $took / 6 }
	    @{ $tool->{memory} };
	my @late = map { $_->[1] } grep { $_->[0] > $took / 6 }
	    @{ $tool->{memory} };

	is($r->{status}, 0, "$name: it ran");
	same_ok($r, $sum, $name);
	is($calls, $sum->{calls}, "$name: each allocation is counted")
	    if $r->{allocations};
	is($r->{received}, $r->{events}, "$name: all that was sent was read");
	cmp_ok(max(@late), '<=', $took < 360 ? 100 << 10 :
			1.05 * max(@early) + 2048,
		"$name: its memory is what it was after a sixth of the time");
	diag(sprintf '%s: %d allocations in %.0f s, %d stacks lost; memory: ' .
		'%d KiB at most in the first sixth, %d KiB later, %d KiB at ' .
		'the end', $name, $calls, $took, $r->{drops}, max(@early),
		max(@late), $late[-1]);
}
stop($program);

done_testing();
