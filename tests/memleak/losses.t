#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A stack that is lost loses no block: what is live is what the program has
# counted itself, with a buffer that is far too small. And nothing is lost while
# names are looked for, however long that takes.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Truth;
use Leak;
use Time::HiRes 'sleep';
use Test::More;

need_tool();
my $truth = built('truth');
my $user = Live::program('memleak_user');
my $file = "$dir/truth";

# Of the whole report: known stacks and lost ones.
sub sums {
	my ($r) = @_;
	my ($blocks, $bytes) = ($r->{lost_blocks} // $r->{unknown} // 0,
		$r->{lost_bytes} // $r->{unknown_bytes} // 0);
	for (@{ $r->{stacks} }) {
		$blocks += $_->{count};
		$bytes += $_->{bytes};
	}
	return "$blocks $bytes";
}

sub truth_sums {
	my ($blocks, $bytes) = (0, 0);
	for (split /\n/, slurp($file)) {
		my (undef, $these, $size) = split / /;
		$blocks += $these;
		$bytes += $size;
	}
	return "$blocks $bytes";
}

for my $tool (
	['memleak_dwunw_user', tool() . ' --ring-size 16384 -o 0 -p PID',
		\&parse_leak, 'full'],
	['memleak_dwunw_user, perf buffer', tool() . ' --perf-buffer ' .
		'--ring-size 16384 -o 0 -p PID', \&parse_leak, 'full'],
	['memleak_user', "$user --ring-size 16384 -d 60 -p PID", \&Live::parse,
		'buffer'],
	['memleak_user, perf buffer', "$user --capture bpf-perf --ring-size " .
		'16384 -d 60 -p PID', \&Live::parse, 'buffer']) {
	my ($name, $text, $parse, $lost) = @$tool;
	my $r = $parse->(observe(files => [$file], held => 1,
		truth => "$truth $file leaks", tool => $text));
	is($r->{status}, 0, "$name: it ran") or diag($r->{text});
	cmp_ok($r->{$lost eq 'full' ? 'drops' : 'buffer'} // 0, '>', 100,
		"$name: stacks were lost") or diag($r->{text});
	is(sums($r), truth_sums(), "$name: no block was") or diag($r->{text});
}

# The thread that looks for names is held: every event is read all the same, and
# named when it goes on.
for my $tool (['memleak_dwunw_user', tool(), '-v', '-o', 0, 60, '-p'],
	['memleak_user', $user, '-v', '-d', 60, '-p']) {
	my ($name, @words) = @$tool;
	my $out = "$dir/held.out";
	unlink $file, "$dir/held";
	my $pid = start($truth, $file, 'leaks');
	my $tool_pid = Live::start_to($out, 'sh', '-c', 'exec "$@" 2>&1', 'sh',
		@words, $pid);
	sleep 0.05 until slurp($out) =~ /^recording/m ||
	    waitpid($tool_pid, POSIX::WNOHANG()) == $tool_pid;
	my $holder = start(built('hold'), $tool_pid, 'names', "$dir/held");
	sleep 0.05 until -e "$dir/held" ||
	    waitpid($holder, POSIX::WNOHANG()) == $holder;
	ok(-e "$dir/held", "$name: its thread for names is held");
	open(my $begin, '>', "$dir/begin.$pid");
	sleep 0.05 until -e $file;
	my $count = 0;
	for (1 .. 400) { # 20 s, and more where the machine is busy
		$count = () = slurp($out) =~ /^\[dwunw\] pid=$pid /mg;
		last if $count >= 600;
		sleep 0.05;
	}
	# of 700; the last ones may wait in the tool's stdout
	cmp_ok($count, '>=', 600, "$name: events are read meanwhile");
	unlink "$dir/held";
	waitpid($holder, 0);
	kill 'TERM', $tool_pid;
	waitpid($tool_pid, 0);
	my $parse = $words[0] eq $user ? \&Live::parse : \&parse_leak;
	told_ok($parse->(slurp($out), $? >> 8), "$name: with names at last", $file);
	stop($pid);
}

done_testing();
