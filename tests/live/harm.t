#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Nothing that is looked at is harmed: seccomp filters that see return probes,
# programs of other code, two tools at once.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use POSIX ();
use Test::More;

need_bpf();
my $small = program('memleak_user');
my $large = "$Live::build/examples/memleak_bcc_dwunw/memleak_dwunw_user";
my $nosys = built('nosys');

# How a process is: its state of proc(5); '': it is gone, or a zombie.
sub state_of {
	my ($pid) = @_;
	return '' unless -e "/proc/$pid/stat";
	my ($state) = slurp("/proc/$pid/stat") =~ /\) (\S)/;
	return $state eq 'Z' ? '' : $state;
}

sub tools {
	return (['memleak_user', $small, qw(-d 0.5 -n 1)],
		['memleak_user, perf', $small, qw(--capture perf -d 0.5 -n 1)],
		['memleak_dwunw_user', $large]);
}

# --- a filter that ends who makes a system call that is new ---------------------

for my $capture ('bpf-ring', 'perf') {
	my $pid = start(built('filtered'));
	my $r = memleak(leaked(20, 'leak_filtered'), '--capture', $capture, '-p', $pid);
	is(by_function($r, 'leak_filtered')->{count}, 20, "a filter, $capture: each block")
	    or diag($r->{text});
	isnt(state_of($pid), '', "a filter, $capture: the target lives");
	stop($pid);
}

for (tools()) {
	my ($name, @tool) = @$_;
	my @after = $tool[0] eq $large ? (1, 1) : ();
	my $pid = start(built('filtered'));
	my ($out, $status) =
	    run($nosys, 'uretprobe', @tool, '-p', $pid, @after);
	is($status, 1, "$name: a kernel whose filters see return probes");
	like($out, qr/pid $pid: not probed, its seccomp filter may end it: .*6\.14/,
		"$name: says so");
	isnt(state_of($pid), '', "$name: the target lives");
	stop($pid);

	$pid = start(built('filtered'), 'without');
	($out, $status) = run($nosys, 'uretprobe', @tool, '-p', $pid, @after);
	is($status, 0, "$name: there, a program without a filter");
	like($out, qr/^note: pid $pid: if it sets a seccomp filter now/m,
		"$name: says what it must not do");
	stop($pid);
}

# --- i386 ----------------------------------------------------------------------------

SKIP: {
	my $i386 = eval { built('i386') };
	skip 'no program of i386 here', 1 unless $i386;
	my $pid = start($i386);
	skip 'this kernel runs no program of i386', 1 if state_of($pid) eq '';
	my $why = qr/pid $pid: a program of i386, which this build cannot unwind/;
	my $uprobe = "$Live::build/examples/libdw_bpf/uprobe";

	for (tools(), ['dwunw stack'], ['uprobe']) {
		my ($name, @tool) = @$_;
		my @command = $name eq 'dwunw stack' ?
		    ("$Live::build/dwunw", 'stack', $pid) :
		    $name eq 'uprobe' ? ($uprobe, $pid, $pid, $i386, 'malloc') :
		    $tool[0] eq $large ? (@tool, '-p', $pid, 1, 1) :
		    (@tool, '-p', $pid);
		my ($out, $status) = run(@command);
		is($status, 1, "$name: i386 is refused");
		like($out, $why, "$name: by name");
		isnt(state_of($pid), '', "$name: the target lives");
	}
	my ($out, $status) = run($large, '-c', "$i386 few", 60);
	is($status, 1, 'memleak_dwunw_user -c: i386 is refused');
	my $times = () = $out =~ /a program of i386/g;
	is($times, 1, 'memleak_dwunw_user -c: says it once') or diag($out);
	stop($pid);
}

# --- two tools --------------------------------------------------------------------

# Each counts what there is, whatever the other one's probes do to its stacks.
{
	my $pid = start(built('filtered'), 'without');
	my $other = fork // die "fork: $!";
	if (!$other) {
		open(STDOUT, '>', "$dir/other");
		open(STDERR, '>&', \*STDOUT);
		exec { $large } $large, '-p', $pid, 3600;
	}
	for (1 .. 600) {
		last if -s "$dir/other" && slurp("$dir/other") =~ /^recording/m;
		select(undef, undef, undef, 0.1);
	}
	my $r = memleak(leaked(20, 'leak_filtered'), '-p', $pid);
	kill 'INT', $other;
	waitpid($other, 0);
	is(by_function($r, 'leak_filtered')->{count}, 20,
		'two tools: the one counts each block') or diag($r->{text});
	my ($count) = slurp("$dir/other") =~ /^2000 bytes in (\d+) allocations/m;
	is($count, 20, 'two tools: and so does the other') or
	    diag(slurp("$dir/other"));
	isnt(state_of($pid), '', 'two tools: the target lives');
	stop($pid);
}

# A return probe on a function that is running: only its tool knows who called.
{
	my $file = built('filtered');
	my ($off) = `nm $file` =~ /^0*([0-9a-f]+) t waits_inside$/m;
	my $pid = start($file, 'without');
	my ($out, $status);

	watch(sub {
		return 0 unless all_done();
		($out, $status) = run("$Live::build/dwunw", 'stack', $pid);
		return 1;
	}, $small, '-d', 0.2, '-p', $pid, '--symbol', "malloc=0x$off\@$file");
	is($status, 0, 'a return probe of another tool: dwunw stack');
	like($out, qr/waits_inside.*\n\s+a uretprobe of another tool hides the caller/,
		'it says that the caller is hidden');
	isnt(state_of($pid), '', 'the target lives');
	stop($pid);
}

done_testing();
