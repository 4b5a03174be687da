#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw leaks, on programs that leak in known ways (examples/bpf_memleak/leaky.c):
# a process, a command, children of both, --folded, --json, and command lines that
# are wrong. The sizes and the functions are those of leaky.c.

use strict;
use warnings;
use FindBin;
use IPC::Open3;
use JSON::PP;
use Symbol 'gensym';
use Test::More;
use lib "$FindBin::Bin/../live", $FindBin::Bin;
use Live ();

Live::need_bpf();
my $build = $ENV{BUILD} || "$Live::root/build/" . (split ' ', `uname -m`)[0];
my $dwunw = "$build/dwunw";
my $leaky = "$build/examples/bpf_memleak/leaky_glibc";
if (`$dwunw leaks --help 2>&1` !~ /^usage: dwunw leaks/) {
	print "1..0 # SKIP CONFIG_LEAKS is off\n";
	exit 0;
}

my $rounds = 7;
# one report, at the end: a process that has ended is in the next one only
my @last = ('-o', 0, '-i', '10000s');
my %bytes = (make_name => 48, compare => 100, note_signal => 200,
	grow_table => 4000, leak_by_calloc => 300, leak_aligned => 640,
	leak_mapping => 8192);

# Its stdout, stderr and status; `talk` is called with its process's stdin and
# stderr before it is waited for.
sub run {
	my ($args, $talk) = @_;
	my ($in, $out, $err) = (undef, undef, gensym);
	my $pid = open3($in, $out, $err, 'timeout', '-k', 5, 300, $dwunw,
		'leaks', @$args);
	my $said = $talk ? $talk->($in, $err) : '';
	close $in;
	my $text = do { local $/; <$out> } // '';
	$said .= do { local $/; <$err> } // '';
	waitpid($pid, 0);
	return ($text, $said, $? >> 8);
}

# "48 bytes in 1 allocations from stack …" and its frames: function -> bytes.
sub of_report {
	my ($text) = @_;
	my ($last) = $text =~ /.*^(\[\d\d:\d\d:\d\d\] .*)/ms;
	my %found;
	$last //= '';
	while ($last =~ /^(\d+) bytes in (\d+) allocations from stack.*\n((?:\t.*\n)+)/mg) {
		my ($bytes, $blocks, $frames) = ($1, $2, $3);
		my ($name) = $frames =~ /^\t#0\s+\S+\s+(\w+)\+/ or next;
		$found{$name} = { bytes => $bytes, blocks => $blocks,
			frames => [$frames =~ /^\t#\d+\s+\S+\s+(\w+)\+/mg] };
	}
	return \%found;
}

sub has_all {
	my ($found, $times, $title) = @_;
	for my $name (sort keys %bytes) {
		my $one = $found->{$name} // { bytes => 'none', blocks => 'none' };
		is("$one->{bytes} in $one->{blocks}",
			$bytes{$name} * $times . " in $times", "$title: $name");
		ok(scalar(grep { $_ eq 'main' } @{$one->{frames} // []}),
			"$title: $name, from main");
	}
}

# --- a command ------------------------------------------------------------------

my ($text, $said, $status) = run([@last, '--', $leaky, $rounds, 1]);
is($status, 0, 'a command: status') or diag $said;
has_all(of_report($text), $rounds, 'a command');
like($text, qr/^dwunw: allocations (\d+) = stacks \1 \+ drops 0 /m,
	'a command: nothing was lost');

# … whose last blocks are younger than -o says when it ends
($text, $said, $status) = run(['-i', '10000s', '--', $leaky, $rounds, 1]);
has_all(of_report($text), $rounds, 'a command that ends at once');

# … without an allocator that is known: no empty report as if all were well
{
	my $bare = "$build/tests/bounds/stripped/x86_64-glibc-static";
	SKIP: {
		skip("no $bare", 2) unless -x $bare;
		($text, $said, $status) = run([@last, '--', $bare]);
		is($status, 1, 'a stripped static command: status') or diag $said;
		like($said, qr/nothing was recorded: the command mapped no file that defines malloc/,
			'… and why');
	}
}

# … and what it starts
($text, $said, $status) = run([@last, '--', '/bin/sh', '-c',
	"$leaky $rounds 1; $leaky $rounds 1; :"]);
has_all(of_report($text), 2 * $rounds, 'children of a command');

# … and each costs little: libc's symbols were read for the first of them, and a stop
# is answered at once. Waits of the tool and its helper are counted, not seconds: a
# program more had 1,800 of them, and has under 100.
sub waits {
	my $usage = "\0" x 144;
	my %getrusage = (x86_64 => 98, aarch64 => 165);
	my $number = $getrusage{(split ' ', `uname -m`)[0]} // return;
	syscall($number, -1, $usage) == 0 or return;
	return (unpack 'q18', $usage)[16];
}
SKIP: {
	my @counts;
	for my $count (1, 11) {
		my $before = waits() // skip('getrusage(2) by number', 1);
		run([@last, '--', '/bin/sh', '-c',
			join ' ', ('/bin/true;') x $count, ':']);
		push @counts, waits() - $before;
	}
	cmp_ok($counts[1] - $counts[0], '<', 10 * 500,
		"ten programs more: @counts waits");
}

# --- a process, and its children ----------------------------------------------------

# A shell that waits for a line, then starts the program: a round of leaks, and it
# sleeps, since what has ended before it is read has no names.
sub process {
	my (@options) = @_;
	my ($in, $out) = (undef, undef);
	my $pid = open3($in, $out, '>&STDERR', '/bin/sh', '-c',
		"read line; $leaky 1 15000; read line");
	my @result = run([@options, @last, $pid], sub {
		my ($unused, $err) = @_;
		my $said = '';
		while (my $line = <$err>) {
			$said .= $line;
			last if $line =~ /^recording/;
		}
		print $in "go\n\n";
		$in->flush;
		close $in;
		return $said;
	});
	waitpid($pid, 0);
	return @result;
}
($text, $said, $status) = process('-f');
is($status, 0, 'a process: status') or diag $said;
has_all(of_report($text), 1, "a process's children by -f");
($text) = process();
is_deeply([grep { $bytes{$_} } keys %{of_report($text)}], [],
	'without -f they are not followed');

# --- reports for programs --------------------------------------------------------------

($text, $said, $status) = run([@last, '--folded', '--', $leaky, $rounds, 1]);
is($status, 0, '--folded: status') or diag $said;
my %folded;
$folded{(split /;/, $1)[-1]} += $2 while $text =~ /^(.*;main;.*) (\d+)$/mg;
is($folded{$_}, $bytes{$_} * $rounds, "--folded: $_") for sort keys %bytes;

($text) = run([@last, '--json', '--', $leaky, $rounds, 1]);
my @lines = split /\n/, $text;
my $json = eval { decode_json($lines[-1]) };
ok($json && $json->{last}, '--json: the last line is the last report') or diag $text;
my %json = map { $_->{frames}[0]{function} // '' => $_ } @{$json->{stacks} // []};
for my $name (sort keys %bytes) {
	is($json{$name}{bytes}, $bytes{$name} * $rounds, "--json: $name");
	is($json{$name}{allocations}, $rounds, "--json: $name, allocations");
}

($text, $said) = run([@last, '--only', 'serve', '--', $leaky, $rounds, 1]);
is_deeply([sort keys %{of_report($text)}], ['make_name'], '--only serve');

# --- the kernel's own allocations: they are never all freed ---------------------------------

# an idle kernel may allocate nothing: pipes are made, and held, meanwhile
my $busy = fork // die;
if (!$busy) {
	my @held;
	for (1 .. 400) {
		for (1 .. 2) {
			push @held, [] if pipe(my $r, my $w);
			push @{ $held[-1] }, $r, $w if @held;
		}
		select(undef, undef, undef, 0.05);
	}
	require POSIX;
	POSIX::_exit(0);
}
($text, $said, $status) = run(['--kernel', '-o', 0, '-n', 1, '-i', 1, '-T', 1]);
kill 'KILL', $busy;
waitpid($busy, 0);
SKIP: {
	skip('this kernel has no such tracepoints', 2)
		if $said =~ /^tracepoint /m;
	is($status, 0, '--kernel: status') or diag $said;
	like($text, qr/Top 1 stacks .*\n[1-9]\d* bytes in [1-9]\d* allocations/,
		'--kernel: a stack');
}

# --- the command line --------------------------------------------------------------------

for my $wrong (
	[[], 'is needed'],
	[['--'], 'is needed'],
	[['0'], "PID: '0' is wrong"],
	[['x'], "PID: 'x' is wrong"],
	[['1', '--', 'true'], 'PID or a command'],
	[['--all', '1'], 'no two of them'],
	[['--kernel', '--json'], 'not of --kernel'],
	[['--mode=some', '1'], "--mode: 'some' is wrong"],
	[['--folded', '--json', '1'], 'exclude each other'],
	[['-z', '2', '-Z', '1', '1'], '-z is larger than -Z'],
	[['--symbol', 'main=0x10', '1'], 'no function that has a probe'],
	[['--no-such', '1'], 'no-such'],
) {
	my ($args, $why) = @$wrong;
	($text, $said, $status) = run($args);
	is($status, 2, "dwunw leaks @$args: status");
	like($said, qr/^dwunw: leaks: .*\Q$why\E/m, "dwunw leaks @$args: why");
	like($said, qr/^Try 'dwunw leaks --help'\.$/m, '… and where to look');
}
($text, $said, $status) = run(['2147483647']);
is($status, 1, 'no such process: status');
like($said, qr/no process 2147483647/, 'no such process: said');
($text, $said, $status) = run(['--', "$build/no/such/program"]);
is($status, 127, 'no such program: status');

# Blocks that are replaced all the time: the last report is of one moment, too, though
# the probes leave one after the other.
SKIP: {
	skip('no python3', 2) unless -x '/usr/bin/python3';
	my $target = Live::start('/usr/bin/python3', '-c', <<'END');
import time
blocks = [bytearray(5000) for _ in range(128)]
while True:
    for i in range(128):
        blocks[i] = bytearray(5000)
    time.sleep(0.01)
END
	sleep(1);
	($text, $said, $status) = run(['--json', '-o', 0, '-i', '1s', '-n', 2, $target]);
	Live::stop($target);
	my @reports = map { decode_json($_) } grep { /^\{/ } split(/\n/, $text);
	my @blocks = map { my $report = $_;
		[map { $_->{allocations} } grep { $_->{bytes} == 5001 * $_->{allocations} }
			@{$report->{stacks}}] } @reports;
	is(scalar(@blocks), 2, 'blocks that are replaced: two reports') or diag($said);
	like("@{$blocks[-1] // []}", qr/\b12[789]\b/, '… the last has all 128');
}

done_testing();
