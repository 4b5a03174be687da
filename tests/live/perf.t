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

# A program that says "done" and stays, watched up to then; its report.
sub watch_done {
	my ($program, @args) = @_;
	my $said = "$dir/said";
	unlink $said, "$dir/perf.out";
	my $pid = Live::start_to($said, @$program);
	my $out = "$dir/perf.out";
	my $tool = fork // die;
	if (!$tool) {
		open(STDOUT, '>', $out);
		open(STDERR, '>&', \*STDOUT);
		exec program('memleak_user'), '-p', $pid, '-d', 3600, @perf,
		    @args or die;
	}
	sleep 0.05 until -s $out && slurp($out) =~ /^(?:recording|memleak_user:)/m;
	Live::begin();
	my $until = time + 300;
	sleep 0.05 until slurp($said) =~ /done/ || time > $until;
	kill 'INT', $tool;
	waitpid($tool, 0);
	my $status = $? >> 8;
	stop($pid);
	my $r = parse(slurp($out), $status);
	@$r{qw(lost_entries lost_frees lost_returns)} = $r->{text} =~
	    /^lost without BPF: entries (\d+) \(of them frees (\d+)\), returns (\d+)$/m;
	@$r{qw(doubtful_bytes doubtful)} = $r->{text} =~
	    /^(\d+) bytes in (\d+) allocations whose free may have been lost: not shown$/m;
	return $r;
}

# --- what is lost ------------------------------------------------------------------

my $bursts = built('bursts');
for (['one thread', [$bursts, 60, 500], 30000],
	['four threads', [$bursts, 15, 500, 4], 30000]) {
	my ($title, $program, $count) = @$_;
	my $r = watch_done($program, '--ring-size', '16M');
	is($r->{lost_frees}, 0, "$title, a large buffer: no free is lost") or
	    diag($r->{text});
	# pthread_create's own stay: its threads' stacks
	ok($r->{calls} >= $count && $r->{calls} <= $count + 50,
		"$title: each allocation was seen ($r->{calls})");
	ok(!$r->{doubtful}, "$title: nothing in doubt");
	is(by_function($r, 'work')->{count}, 0, "$title: no leak") or
	    diag($r->{text});

	$r = watch_done($program, '--ring-size', '16K');
	counters_ok($r, "$title, a small buffer") unless $r->{calls} == $r->{drops};
	cmp_ok($r->{lost_frees}, '>', 0, "$title, a small one: frees are lost");
	is(by_function($r, 'work')->{count}, 0, "$title: and no leak is shown") or
	    diag($r->{text});
	is($r->{blocks}, $r->{text} =~ /(\d+) allocations from stacks that were not sent/ ? $1 : 0,
		"$title: nor is a block without its stack one of it")
	    if $title eq 'one thread';
	cmp_ok($r->{doubtful} // 0, '>', 0, "$title: what may have been freed is counted");
	my $seen = $r->{calls} + $r->{lost_returns} + $r->{lost_entries};
	cmp_ok($seen, '>=', $count, "$title: what is missing is counted ($seen)");
}

# A leak after the losses is shown, with what is known of it; before, in doubt.
{
	my $r = watch_done([$bursts, 3, 500], '--ring-size', '16M');
	is($r->{lost_entries}, 0, 'no losses: none told');
	is($r->{blocks}, 0, 'and no block');
}

# --- threads -----------------------------------------------------------------------

for (['200 threads, one each millisecond', 200, 1000],
	['100 threads at once', 100, 1]) {
	my ($title, $threads, $gap) = @$_;
	my $r = watch_done([built('spawn'), $threads, $gap],
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
	my $list = `unshare -m sh -c 'mount -t tracefs none /mnt && cat /mnt/uprobe_events' 2>/dev/null`;
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
