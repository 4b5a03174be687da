#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw record and dwunw leaks --record: what is in a recording is what the program
# says of itself (kinds.c), whole or killed; read by dump.c, which knows the library's
# reader alone.
use strict;
use warnings;
use FindBin;
use File::Basename;
use Time::HiRes qw(sleep time);
use Test::More;
use lib "$FindBin::Bin/../live";
use Live ();

Live::need_bpf();
my $dwunw = "$Live::build/dwunw";
my $dump = "$Live::build/tests/record/dump";
my $kinds = "$Live::build/tests/record/kinds";
-x $dump && qx{$dwunw record --help 2>&1} =~ /usage/ or do {
	print "1..0 # SKIP this build has no dwunw record\n";
	exit 0;
};
my $file = "$Live::dir/file.dwr";

# A recording as data: what dump.c prints.
sub dumped {
	my ($path) = @_;
	my %r = (text => scalar qx{$dump $path 2>&1}, stacks => {}, totals => []);
	@r{qw(status end steps bytes why)} = $r{text} =~
	    /^status (\S+) end (\d+) steps (\d+) bytes (\d+) (.*)$/m;
	while ($r{text} =~ /^stack (\d+) (\w+) flags (\w+) (.*) ends (.*)$/mg) {
		$r{stacks}{$1} = { id => $2, flags => hex $3,
			names => [split ' ', $4], ends => $5 };
	}
	while ($r{text} =~ /^total stack (\d+) process (\d+)(.*)$/mg) {
		push @{$r{totals}}, { stack => $1, process => $2,
			map { split /=/ } split ' ', $3 };
	}
	return \%r;
}

# The sum of a field over the stacks that a function is in.
sub sum {
	my ($r, $function, $field) = @_;
	my $sum = 0;
	for my $total (@{$r->{totals}}) {
		my $stack = $r->{stacks}{$total->{stack}} or next;
		$sum += $total->{$field} // 0
		    if grep { $_ eq $function } @{$stack->{names}};
	}
	return $sum;
}

# ... and of a histogram's buckets.
sub buckets {
	my ($r, $function, $first) = @_;
	my $sum = 0;
	$sum += sum($r, $function, $first + $_) for 0 .. 63;
	return $sum;
}

# --- what kinds.c says of itself -------------------------------------------------

sub counts_are_right {
	my ($r, $said, $title) = @_;
	is($r->{end}, 0, "$title: ended") or diag($r->{text});
	for (split /\n/, $said) {
		my ($name, $allocations, $bytes, $frees, $freed, $temporary) =
		    /^(\w+_here) (\d+) (\d+) (\d+) (\d+) (\d+)$/ or next;
		my @got = map { sum($r, $name, $_) } 0 .. 3, 4, 5;
		is("@got", join(' ', $allocations, $bytes, $frees, $freed,
			$allocations - $frees, $bytes - $freed),
			"$title: $name: allocations, frees, what is live");
		is(buckets($r, $name, 64), $allocations, '… by size');
		is(buckets($r, $name, 256), $bytes, '… their bytes');
		is(buckets($r, $name, 128), $frees, '… frees by age');
		is(buckets($r, $name, 192), $allocations - $frees,
			'… live ones by age');
		cmp_ok(sum($r, $name, 8), '>=', $temporary, '… temporary');
	}
}

my ($said, $status) = Live::run($dwunw, qw(record --commands -o), $file, '--',
	$kinds);
is($status, 0, 'dwunw record') or diag($said);
my @stat = stat $file;
is(sprintf('%o', $stat[2] & 07777), '600', 'its owner alone reads it');
my $r = dumped($file);
counts_are_right($r, $said, 'record');
like($r->{text}, qr/^process 1 pid \d+ name kinds command \Q$kinds\E$/m,
	'--commands: the command line is in it');
is(sum($r, 'keep_here', 64 + 10), 10, 'ten blocks of 512 bytes');
is(sum($r, 'keep_here', 256 + 10), 5120, '… which are 5120');
is(sum($r, 'temporary_here', 8), 500, 'each of them is temporary');
is(sum($r, 'keep_here', 8), 0, 'none of these is');

($said, $status) = Live::run($dwunw, qw(leaks -i 1h --record), $file, '--', $kinds);
is($status, 0, 'dwunw leaks --record') or diag($said);
my $live = dumped($file);
counts_are_right($live, $said, 'leaks');
unlike($live->{text}, qr/command \S/, 'no command line unless asked');
my %ids = map { $_->{id} => 1 } values %{$r->{stacks}};
is(scalar(grep { !$ids{$_->{id}} } values %{$live->{stacks}}), 0,
	'stacks have the ids that they had in the other run');
my ($bytes) = $said =~ /^\[[\d:]+\] (\d+) bytes/m;
my $sum = 0;
$sum += $_->{5} // 0 for @{$live->{totals}};
is($sum, $bytes, 'its text has the same bytes') or diag($said);

# --- whoever walks ----------------------------------------------------------------

for my $walk (qw(copy kernel)) {
	($said, $status) = Live::run($dwunw, qw(record -o), $file, '--walk',
		$walk, '--', $kinds);
	SKIP: {
		skip("--walk $walk: $said", 1) if $status && $walk eq 'kernel';
		is($status, 0, "--walk $walk") or diag($said);
		counts_are_right(dumped($file), $said, "--walk $walk");
	}
}

# --- without names, from a stripped program ----------------------------------------

($said, $status) = Live::run($dwunw, qw(record --no-names -o), $file, '--',
	"$Live::build/tests/record/stripped/kinds");
my $bare = dumped($file);
is(scalar(grep { $ids{$_->{id}} } values %{$bare->{stacks}}),
	scalar(keys %{$bare->{stacks}}),
	'a stripped program has the same ids: its build id is the same');
is(join(' ', grep { $_ ne '?' } map { @{$_->{names}} }
	values %{$bare->{stacks}}), '', '--no-names: there are none');

# --- killed ---------------------------------------------------------------------------

my $pid = fork // die $!;
if (!$pid) {
	open(STDOUT, '>', '/dev/null');
	open(STDERR, '>&', \*STDOUT);
	exec $dwunw, qw(record -i 50ms -o), "$Live::dir/killed.dwr", '--', $kinds,
		'on';
	die;
}
my ($until, $killed) = time + 120;
do {
	sleep 0.1;
	$killed = -e "$Live::dir/killed.dwr" ?
	    dumped("$Live::dir/killed.dwr") : {};
} until (sum($killed, 'leak_here', 0) || 0) > 200 && $killed->{steps} > 3 ||
    time > $until;
my ($target) = $killed->{text} =~ /^process \d+ pid (\d+) name kinds/m;
kill 'KILL', $pid;
waitpid $pid, 0;
kill 'KILL', $target if $target;
my $after = dumped("$Live::dir/killed.dwr");
is($after->{end}, 1, 'kill -9: readable, and it says so') or diag($after->{text});
cmp_ok($after->{steps}, '>=', $killed->{steps}, '… with every step');
cmp_ok(sum($after, 'leak_here', 0), '>=', sum($killed, 'leak_here', 0),
	'… and its counts');

# --- for so long ----------------------------------------------------------------------

my $running = Live::start($kinds, 'on');
my $begun = time;
($said, $status) = Live::run($dwunw, qw(record -d 1s -i 200ms -o), $file, '-p', $running);
my $took = time - $begun;
my ($alive) = Live::slurp("/proc/$running/stat") =~ /\) (\S)/;
Live::stop($running);
is($status, 0, '-d 1s: it ends by itself') or diag($said);
cmp_ok($took, '>=', 1, '… after a second');
isnt($alive, 'Z', '… and the program goes on');
$r = dumped($file);
is($r->{end}, 0, '… with a recording that is ended');
cmp_ok(sum($r, 'leak_here', 0), '>', 0, '… which has what was allocated meanwhile');
cmp_ok($r->{steps}, '>=', 1, '… and a step at least');

# --- what is refused -----------------------------------------------------------------

sub refused {
	my ($like, @words) = @_;
	my ($text, $code) = Live::run($dwunw, 'record', @words);
	ok($code && $text =~ $like, "dwunw record @words: refused")
		or diag("$code: $text");
}
refused(qr/-o FILE is needed/, '--', $kinds);
refused(qr/one of -p PID/, '-o', $file);
refused(qr/a process is -p PID/, '-o', $file, '1');
refused(qr/no regular file/, '-o', $Live::dir, '--', $kinds);
refused(qr/No such file/, '-o', "$Live::dir/none/file", '--', $kinds);
symlink "$Live::dir/behind", "$Live::dir/link";
refused(qr/no regular file/, '-o', "$Live::dir/link", '--', $kinds);
ok(!-e "$Live::dir/behind", 'nothing is made behind a link');
done_testing();
