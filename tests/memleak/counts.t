#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every tool counts what the program has counted itself (truth.c): a first thread
# that ends, threads' stacks, mappings that are cut.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Truth;
use Leak;
use Test::More;
use Time::HiRes qw(sleep time);

need_tool();
my $user = Live::program('memleak_user');
my $file = "$dir/truth";
my $ring = '--ring-size 33554432';
my @tools = (
	['memleak_dwunw_user', tool() . " $ring -o 0 -T 2000 -p PID",
		\&parse_leak],
	['with perf probes', tool() . " $ring --perf-probes -o 0 -T 2000 -p PID",
		\&parse_leak],
	['memleak_user', "$user $ring -d 60 -p PID", \&Live::parse],
	['memleak_user, perf', "$user --capture perf $ring --stack-bytes 2048 " .
		'-d 60 -p PID', \&Live::parse],
);
my @programs = ([glibc => built('truth')]);
push @programs, [musl => built('truth_musl')] if Live::have_musl();

# The first thread has ended. Some tools put probes anew then, and say so; the
# others are given three seconds to be wrong in.
sub begin_late {
	my ($name, $said) = @_;
	my $anew = $name =~ /perf probes/;
	my $last = time + ($anew ? 200 : 3);
	sleep 0.05 until time > $last ||
	    (() = $said->() =~ /^probes on /mg) > 1;
	open(my $file, '>', "$dir/begin.late") or die;
}

for my $libc (@programs) {
	my ($libc_name, $program) = @$libc;
	for my $mode (qw(leaks ended ends stacks maps)) {
		for my $tool (@tools) {
			my ($name, $text, $parse) = @$tool;
			my $title = "$libc_name, $mode, $name";
			my $r = $parse->(observe(files => [$file],
				$mode eq 'ends' ? (begun =>
					sub { begin_late($name, @_) }) : (),
				truth => "$program $file $mode", tool => $text));
			is($r->{status}, 0, "$title: it ran") or
			    diag($r->{text});
			told_ok($r, "$title: its counts", $file);
			next unless $mode eq 'stacks';
			like($r->{text}, qr/^(\d+) bytes in (\d+) allocations are threads' stacks.*threads now: 8$/m,
				"$title: threads' stacks are a line") or
			    diag($r->{text});
		}
	}
}

# They are marked in JSON.
my ($text) = observe(files => [$file], truth => "$programs[0][1] $file stacks",
	tool => tool() . " $ring --json -o 0 -p PID");
like($text, qr/"of_thread":true/, '--json: threads\' stacks are marked');

done_testing();
