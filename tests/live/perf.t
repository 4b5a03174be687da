#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# memleak_user without BPF: nothing that was freed is shown as a leak, however
# much is lost, and what is lost is counted; threads are seen from their first
# call on; probes that a killed tool has left go.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use POSIX ();
use Time::HiRes qw(sleep time);
use Test::More;

need_bpf();
my @perf = ('--capture', 'perf');

# --- the sampler by itself -----------------------------------------------------

{
	my ($said, $status) = run(built('sampler'));
	is($status, 0, 'threads and children, by the ways of three kernels') or
	    diag($said);
}

# memleak_user on a program whose output is in $said: its pid and the tool's.
my ($said, $out) = ("$dir/said", "$dir/perf.out");
sub watched {
	my ($program, @args) = @_;
	unlink $said, $out;
	my $pid = Live::start_to($said, @$program);
	my $tool = fork // die;
	if (!$tool) {
		open(STDOUT, '>', $out);
		open(STDERR, '>&', \*STDOUT);
		exec program('memleak_user'), '-p', $pid, @perf, @args or die;
	}
	wait_for($tool, sub { (-s $out ? slurp($out) : '') =~
		/^(?:recording|memleak_user:)/m });
	return ($pid, $tool);
}

# … while the tool is there, for five minutes at most.
sub wait_for {
	my ($tool, $until) = @_;
	my $last = time + 300;
	sleep 0.05 until $until->() || time > $last ||
	    !kill 0, $tool;
}

sub has_said {
	my ($tool, $line) = @_;
	wait_for($tool, sub { slurp($said) =~ /^\Q$line\E$/m });
}

sub report {
	my $r = parse(slurp($out), $? >> 8);
	my ($last) = $r->{text} =~ /.*^(\[\d\d:\d\d:\d\d\] .*)/ms;
	$last //= '';
	@$r{qw(lost_entries lost_frees lost_returns)} = $last =~
	    /^lost without BPF: entries (\d+) \(of them frees (\d+)\), returns (\d+)$/m;
	@$r{qw(doubtful_bytes doubtful)} = $last =~
	    /^(\d+) bytes in (\d+) allocations whose free may have been lost: not shown$/m;
	return $r;
}

# Its last report, of all that has happened up to now.
sub end_report {
	my ($pid, $tool) = @_;
	kill 'INT', $tool;
	waitpid($tool, 0);
	my $r = report();
	stop($pid);
	return $r;
}

# A program that says "done" and stays, watched up to then; its last report. With
# $held the tool reads nothing until the program says "half".
sub watch_done {
	my ($held, $program, @args) = @_;
	my ($pid, $tool) = watched($program, '-d', 3600, @args);
	hold($tool) if $held;
	Live::begin();
	has_said($tool, 'half') if $held;
	let_go($tool) if $held;
	has_said($tool, 'done');
	return end_report($pid, $tool);
}

# --- what is lost ------------------------------------------------------------------

my $bursts = built('bursts');
for (['one thread', [$bursts, 60, 500], 30000],
	['four threads', [$bursts, 15, 500, 4], 30000]) {
	my ($title, $program, $count) = @$_;
	my $r = watch_done(0, $program, '--ring-size', '16M');
	is($r->{lost_frees}, 0, "$title, a large buffer: no free is lost") or
	    diag($r->{text});
	# pthread_create's own stay: its threads' stacks
	ok($r->{calls} >= $count && $r->{calls} <= $count + 50,
		"$title: each allocation was seen ($r->{calls})");
	ok(!$r->{doubtful}, "$title: nothing in doubt");
	is(by_function($r, 'work')->{count}, 0, "$title: no leak") or
	    diag($r->{text});

	# 64 KiB for samples, on each processor; no stack has room in 16 KiB
	$r = watch_done(1, $program, '--ring-size', '16K');
	is($r->{drops}, $r->{calls}, "$title, a small buffer: no stack came");
	cmp_ok($r->{lost_frees}, '>', 0, "$title, a small one: frees are lost");
	is(by_function($r, 'work')->{count}, 0, "$title: and no leak is shown") or
	    diag($r->{text});
	is($r->{blocks}, $r->{lost_blocks} // 0,
		"$title: nor is a block without its stack one of it")
	    if $title eq 'one thread';
	my $seen = $r->{calls} + $r->{lost_returns} + $r->{lost_entries};
	cmp_ok($seen, '>=', $count, "$title: what is missing is counted ($seen)");
}

# --- which frees are lost is known --------------------------------------------------

# The tool sees blocks that are made, and reads nothing while they are freed, behind
# as many calls as fill its buffer (512 KiB, by samples of 40 bytes and more).
sub go_on { open(my $file, '>', "$dir/begin.$_[0]") or die }

for (['one thread', 20, 1], ['four threads', 5, 4]) {
	my ($title, $each, $threads) = @$_;
	my ($count, $fill) = ($each * $threads, 20000);
	my ($pid, $tool) = watched([built('held'), $each, $fill, $threads],
		'-d', 0.2, '--ring-size', '1M');
	Live::begin();
	has_said($tool, 1);
	wait_for($tool, sub { by_function(report(), 'work')->{count} == $count });
	my $before = report();
	is(by_function($before, 'work')->{count}, $count,
		"$title: $count blocks are shown") or diag($before->{text});
	is($before->{lost_entries}, 0, "$title: nothing was lost so far");
	hold($tool);
	go_on("$pid.1");
	has_said($tool, 2);
	let_go($tool);
	wait_for($tool, sub { report()->{doubtful} });
	go_on("$pid.2");
	has_said($tool, 3);
	my $r = end_report($pid, $tool);
	counters_ok($r, "$title, to the end");
	ok($r->{lost_frees} >= $count && $r->{lost_frees} <= $count + $fill,
		"$title, stopped: their frees were lost, and others");
	is("$r->{lost_entries} $r->{lost_returns}", "$r->{lost_frees} 0",
		"$title: nothing else was");
	is("$r->{doubtful} $r->{doubtful_bytes}", "$before->{blocks} $before->{bytes}",
		"$title: what may have been freed is counted") or diag($r->{text});
	is(by_function($r, 'work')->{count}, 0, "$title: and is not shown") or
	    diag($r->{text});
	my $later = by_function($r, 'leak_later');
	is("$later->{count} $later->{bytes}", '7 539',
		"$title: a leak after that is") or diag($r->{text});
	is($r->{blocks}, 7, "$title: and nothing else");
}

{
	my $r = watch_done(0, [$bursts, 3, 500], '--ring-size', '16M');
	is($r->{lost_entries}, 0, 'no losses: none told');
	is($r->{blocks}, 0, 'and no block');
}

# --- threads -----------------------------------------------------------------------

for (['200 threads, one each millisecond', 200, 1000],
	['100 threads at once', 100, 1]) {
	my ($title, $threads, $gap) = @$_;
	my $r = watch_done(0, [built('spawn'), $threads, $gap],
		'--ring-size', '32M');
	my @leaks = grep { ($_->{frames}[0]{name} // '') eq 'leak_here' }
	    @{ $r->{stacks} };
	my $count = 0;
	$count += $_->{count} for @leaks;
	is($count, 2 * $threads, "$title, while probes are put on them: each of " .
		'their leaks, and of the threads that they start') or
	    diag($r->{text});
	is(join(' ', map { $_->{bytes} / $_->{count} } @leaks), '77 77',
		"$title: each once");
	unlike($r->{text}, qr/threads whose first calls/, "$title: none is late");
}
# --- probes that are left ------------------------------------------------------------

# All of this tool, by their groups; tracefs is looked at where nobody sees it.
sub left {
	my $list = `unshare -m sh -c 'mount -t tracefs none /mnt && cat /mnt/uprobe_events' 2>&1`;
	diag("uprobe_events cannot be read: $list") if $?;
	my %groups;
	$groups{$1}++ while $list =~ m{^[pr]:(dwunw_\d+_\d+_\d+)/}mg;
	return \%groups;
}
SKIP: {
	skip('no private mounts', 5)
	    if system('unshare -m sh -c "mount -t tracefs none /mnt" 2>/dev/null');
	my $pid = start(program('leaky_glibc'), 0, 20);
	my $begin = sub {
		my $tool = fork // die;
		if (!$tool) {
			open(STDOUT, '>', "$dir/killed");
			open(STDERR, '>&', \*STDOUT);
			exec program('memleak_user'), '-p', $pid, '-d', 3600,
			    @perf or die;
		}
		sleep 0.05 until -s "$dir/killed" &&
		    slurp("$dir/killed") =~ /^(?:recording|memleak_user:)/m;
		unlink "$dir/killed";
		return $tool;
	};
	my $of = sub {
		my ($tool) = @_;
		return grep { /_\Q$tool\E_/ } keys %{ left() };
	};
	my $dead = $begin->();
	ok($of->($dead), 'a tool that runs has probes');
	kill 'KILL', $dead;
	waitpid($dead, 0);
	ok($of->($dead), 'one that was killed has left them');
	my $alive = $begin->();
	ok(!$of->($dead), 'the next one removes them');
	my $other = $begin->();
	ok($of->($alive) && $of->($other), 'but not those of one that lives');
	kill 'INT', $alive, $other;
	waitpid($_, 0) for $alive, $other;
	ok(!$of->($alive) && !$of->($other), 'none are left at the end');
	stop($pid);
}

done_testing();
