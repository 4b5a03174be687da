#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A tool that stands still for five seconds, beside a program of 200 threads: what
# it has lost are stacks, each of them counted, and no block. A tool that is killed:
# its probes are gone, its target lives on, and the next one counts what is
# allocated from then on.
use strict;
use warnings;
no warnings 'portable'; # hex of an address
use FindBin;
use lib $FindBin::Bin;
use Count;
use Leak;
use POSIX 'WNOHANG';
use Test::More;
use Time::HiRes 'sleep';

need_tool();
my $user = Live::program('memleak_user');
my $file = "$dir/uses";
my $ring = '--ring-size=1048576';
my @leak = (tool(), $ring, '-o', 0, '-T', 1000, '-p');
my @tools = (
	['memleak_dwunw_user', \&parse_leak, [@leak], [600]],
	['with perf probes', \&parse_leak, [tool(), '--perf-probes',
		@leak[1 .. $#leak]], [600]],
	['memleak_user', \&Live::parse, [$user, $ring, '-d', 600, '-p'], []],
	['memleak_user, perf', \&Live::parse, [$user, '--capture', 'perf',
		'--ring-size=16777216', '-d', 600, '-p'], []],
);

sub start_program {
	my ($use, $counter, %env) = @_;
	unlink $file, "$file.0", "$file.1";
	local %ENV = (%ENV, LD_PRELOAD => built('counter.so'),
		COUNTER => $counter, %env);
	return start(built('uses'), $file, $use);
}

# It watches, or has ended.
sub start_tool {
	my ($row, $out, $program) = @_;
	my (undef, undef, $before, $after) = @$row;
	my $pid = Live::background($out, @$before, $program, @$after);
	sleep 0.05 until -e $out && slurp($out) =~ /^recording/m ||
	    waitpid($pid, WNOHANG) == $pid;
	return $pid;
}

sub end_tool {
	my ($row, $out, $pid) = @_;
	sleep 0.3; # what is on its way
	kill 'TERM', $pid;
	waitpid($pid, 0);
	return $row->[1]->(slurp($out), $? >> 8);
}

# While the program has done so much, or is gone.
sub wait_for {
	my ($program, $what) = @_;
	sleep 0.05 until -e $what || !-e "/proc/$program/exe" ||
	    !readlink "/proc/$program/exe";
	return -e $what;
}

# The code of a program's libc, as it is in memory and in the file.
sub libc_code {
	my ($program) = @_;
	my ($from, $to, $off, $path) = slurp("/proc/$program/maps") =~
	    /^(\w+)-(\w+) r-xp (\w+) \S+ \S+ +(\S*libc[.-]\S*)$/m;
	my @code = ('', '');
	open(my $mem, '<:raw', "/proc/$program/mem") or die "mem: $!";
	sysseek($mem, hex $from, 0);
	sysread($mem, $code[0], hex($to) - hex $from);
	open(my $file, '<:raw', $path) or die "$path: $!";
	sysseek($file, hex $off, 0);
	sysread($file, $code[1], hex($to) - hex $from);
	return @code;
}

# How many bytes differ.
sub differ {
	my ($one, $two) = @_;
	my $size = length $one < length $two ? length $one : length $two;
	my $differ = substr($one, 0, $size) ^ substr($two, 0, $size);
	return $differ =~ tr/\0//c;
}

# Breakpoints, but those that somebody has put into all processes.
my $other = start('/bin/sleep', 10000);
sub breakpoints {
	my ($program) = @_;
	return differ((libc_code($program))[0], (libc_code($other))[0]);
}

# --- five seconds ---------------------------------------------------------------

for my $row (@tools[0 .. 2]) {
	my $name = $row->[0];
	my $out = "$dir/stopped.out";
	my $counter = counter_dir('counter');
	my $program = start_program('soak', $counter, SECONDS => 8,
		RATE => 4000);
	my $tool = start_tool($row, $out, $program);
	Live::begin();
	sleep 1;
	kill 'STOP', $tool;
	sleep 5;
	kill 'CONT', $tool;
	ok(wait_for($program, $file), "$name, stopped: the program has done it");
	my $r = end_tool($row, $out, $tool);
	my $sum = counted_by($counter);
	is($r->{status}, 0, "$name, stopped: it ran");
	same_ok($r, $sum, "$name, stopped");
	is($r->{allocations}, $sum->{calls}, "$name, stopped: each allocation")
	    if $r->{allocations};
	cmp_ok($r->{drops}, '>', 1000, "$name, stopped: stacks were lost");
	$row->[1] == \&parse_leak ? sent_ok($r, "$name, stopped") :
	    Live::counters_ok($r, "$name, stopped");
	stop($program);
}

# --- killed, and the next one ------------------------------------------------------

for my $row (@tools) {
	my $name = $row->[0];
	my $out = "$dir/killed.out";
	my $counter = counter_dir('counter');
	my $program = start_program('again', $counter);
	my $tool = start_tool($row, $out, $program);
	cmp_ok(differ(libc_code($program)), '>', 0, "$name: it has put probes");
	Live::begin();
	ok(wait_for($program, "$file.0"), "$name: the program has begun");
	kill 'KILL', $tool;
	waitpid($tool, 0);
	for (1 .. 200) {
		last unless breakpoints($program);
		sleep 0.05;
	}
	is(breakpoints($program), 0, "$name, killed: its probes are gone");
	my $first = counted_by($counter);
	my $next = start_tool($row, $out, $program);
	unlike(join('', map { -r $_ ? slurp($_) : () }
		glob '/sys/kernel/tracing/uprobe_events'), qr/\bdwunw_\d+_${tool}_/,
		"$name: nothing of the killed one is left in tracefs");
	open(my $go, '>', "$file.1") or die;
	ok(wait_for($program, $file), "$name, killed: its target lives on");
	my $r = end_tool($row, $out, $next);
	my $sum = counted_by($counter);
	$sum->{$_} -= $first->{$_} for qw(all all_bytes);
	is($r->{status}, 0, "$name, started again: it ran");
	cmp_ok($sum->{all}, '>', 200, "$name, started again: there are some");
	same_ok($r, $sum, "$name, started again");
	stop($program);
}

done_testing();
