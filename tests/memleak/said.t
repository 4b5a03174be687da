#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What `dwunw leaks` says to somebody who has just met it: where a report goes, what
# was too small, what was meant by a wrong word. The programs are leaky.c, which has
# known leaks, and faults.c.

use strict;
use warnings;
use FindBin;
use File::Temp 'tempdir';
use IPC::Open3;
use JSON::PP;
use POSIX ();
use Symbol 'gensym';
use Test::More;
use Time::HiRes 'sleep';
use lib "$FindBin::Bin/../live", $FindBin::Bin;
use Live ();

Live::need_bpf();
my $build = $ENV{BUILD} || "$Live::root/build/" . (split ' ', `uname -m`)[0];
my $dwunw = "$build/dwunw";
my $leaky = "$build/examples/bpf_memleak/leaky_glibc";
my $faults = Live::built('faults', 'memleak');
my $dir = tempdir('dwunw-said-XXXXXX', TMPDIR => 1, CLEANUP => 1);
if (`$dwunw leaks --help 2>&1` !~ /^usage: dwunw leaks/) {
	print "1..0 # SKIP CONFIG_LEAKS is off\n";
	exit 0;
}
# one report, at the end
my @last = ('-o', 0, '-i', '10000s');

# Its stdout, stderr, status.
sub run {
	my (@args) = @_;
	my ($in, $out, $err) = (undef, undef, gensym);
	my $pid = open3($in, $out, $err, 'timeout', '-k', 5, 300,
		$dwunw, 'leaks', @args);
	close $in;
	my $text = do { local $/; <$out> } // '';
	my $said = do { local $/; <$err> } // '';
	waitpid($pid, 0);
	return ($text, $said, $? >> 8);
}

# The same on a process: it is told to stop when $until->() holds. `talk` is called
# when it records, with its pid.
sub watch {
	my ($args, $talk, $until) = @_;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open(STDOUT, '>', "$dir/watch.out");
		open(STDERR, '>', "$dir/watch.err");
		exec $dwunw, 'leaks', @$args or POSIX::_exit(99);
	}
	sleep 0.05 until -e "$dir/watch.err" &&
	    Live::slurp("$dir/watch.err") =~ /^recording/m ||
	    waitpid($pid, POSIX::WNOHANG()) == $pid;
	$talk->($pid);
	my $tries = 0;
	sleep 0.05 until $until->() || $tries++ > 6000;
	kill 'INT', $pid;
	waitpid($pid, 0);
	my $status = $? >> 8;
	my @text = map { Live::slurp("$dir/watch.$_") } qw(out err);
	unlink "$dir/watch.out", "$dir/watch.err";
	return (@text, $status);
}

my ($text, $said, $status);

# --- the report and what the command writes ---------------------------------------

my @talks = ('/bin/sh', '-c', "echo from the command; $leaky 1 1");
($text, $said, $status) = run(@last, '--json', '--', @talks);
ok(eval { decode_json($text) }, '--json to stdout: nothing else is there')
    or diag $text;
like($said, qr/^from the command$/m, '… what the command writes is on stderr');
($text, $said) = run(@last, '--folded', '--', @talks);
is(join("\n", grep { !/^(?:\[\w+\]|[^;]+;.*) \d+$/ } split /\n/, $text), '', '--folded: the same');
like($said, qr/^from the command$/m, '… and its lines');
($text, $said, $status) = run(@last, '--output', "$dir/report", '--', @talks);
is($status, 0, '--output: status') or diag $said;
is($text, "from the command\n", '--output: stdout is the command\'s');
like(Live::slurp("$dir/report"), qr/^48 bytes in 1 allocations from stack/m,
	'… and the report is in the file');
($text, $said, $status) = run('--output', "$dir/no/such", '--', 'true');
is($status, 1, '--output to nowhere: status');
like($said, qr{--output \Q$dir\E/no/such: No such file}, '… and why');
($text, $said, $status) = run('--output', "$dir/x", '--json', '1');
is($status, 2, '--output and --json to stdout exclude each other');

# --- a command that is none, and one that starts slowly -------------------------------

for my $args ([], ['--json']) {
	($text, $said, $status) = run(@$args, '--', "$dir/no/such");
	is($status, 127, "@$args: no such command: status");
	is($text, '', '… and no report');
	like($said, qr{\Q$dir\E/no/such: No such file}, '… but why');
}
($text, $said, $status) = run(@last, '--', '/bin/sh', '-c', 'exit 127');
is($status, 0, 'a command that ends with 127 was executed');
isnt($text, '', '… and has a report');

# the interval begins with the probes: the start of a program takes longer than this
($text, $said) = run('-n', 1, '-i', '10ms', '-o', 0, '--', $leaky, 1, 100_000);
like($said, qr/^probes on /m, '-n 1 waits for the probes');

# --- what was too small is said when it is ----------------------------------------------

($text, $said) = run(@last, '--max-live', 100, '--', $faults, 'sizes');
like($said, qr/^dwunw: the map of live blocks is full \(100\).*--max-live/m,
	'--max-live is full: said, with the option');
is(scalar(() = $said =~ /live blocks is full/g), 1, '… once');
unlike($text, qr/were not sent/, '… and no stack is said to be missing');
($text, $said) = run(@last, '--max-stacks', 100, '--', $faults, 'stacks');
like($said, qr/^dwunw: 100 different stacks .*--max-stacks/m,
	'--max-stacks is full: said, with the option');
like($text, qr/^\d+ bytes in \d+ allocations from stacks that were not kept: 100 different ones are \(--max-stacks\)$/m,
	'… and the sum of the others is called so');
unlike($text, qr/were not sent/, '… not "not sent"');
($text, $said) = run(@last, '--stack-bytes', 64, '--', $leaky, 1, 1);
like($text, qr/^\tends here: .* beyond the copied stack.*\n\t.*one entry: --stack-bytes/m,
	'a cut stack: which option shows more');
($text) = run(@last, '--stats', '--', $leaky, 1, 1);
like($text, qr/^dwunw: stacks to the start [1-9]\d*, only to main 0,/m,
	'--stats: whole stacks are not "to main 0"');

# --- which process -------------------------------------------------------------------------

my $sleeper = Live::start($leaky, 0, 100_000);
{
	my $zombie = fork // die;
	POSIX::_exit(0) unless $zombie;
	sleep 0.01 until Live::slurp("/proc/$zombie/stat") =~ /\) Z/;
	($text, $said, $status) = run($zombie);
	is($status, 1, 'a zombie: status');
	is($said, "dwunw: leaks: process $zombie has ended (a zombie)\n",
		'… and nothing else is said');
	($text, $said, $status) = watch([@last, "$zombie,$sleeper"], sub { },
		sub { 1 });
	is($status, 0, 'a zombie and a process: status');
	like($said, qr/^dwunw: leaks: process $zombie has ended/m, '… it is named');
	like($said, qr{^probes on /proc/$sleeper/}m, '… the other is followed');
	unlike($said, qr{^probes on /(?!proc)}m, '… and nobody else');
	waitpid($zombie, 0);
}
($text, $said, $status) = watch([@last, "$sleeper,$sleeper"], sub { }, sub { 1 });
is(scalar(() = $said =~ /^Attaching to pid/mg), 1, 'P,P is P');
unlike($said, qr/is stopped/, '… which runs');
kill 'STOP', $sleeper;
sleep 0.01 until Live::slurp("/proc/$sleeper/stat") =~ /\) T/;
($text, $said, $status) = watch([@last, $sleeper], sub { }, sub { 1 });
kill 'CONT', $sleeper;
is($status, 0, 'a stopped process: status');
like($said, qr/^dwunw: leaks: process $sleeper is stopped: .*kill -CONT $sleeper/m,
	'… and that is said');
{
	# the tool has threads itself
	my ($tool, $thread);
	watch([@last, $sleeper], sub {
		($tool) = @_;
		($thread) = grep { $_ != $tool }
		    map { m{(\d+)$} } glob "/proc/$tool/task/*";
		($text, $said, $status) = run($thread);
	}, sub { 1 });
	is($status, 1, "a thread's number: status");
	is($said, "dwunw: leaks: $thread is a thread of process $tool\n",
		'… whose thread it is, and no more');
}
Live::stop($sleeper);

$said = `sh -c 'exec "$Live::build/dwunw" leaks \$\$' 2>&1`;
like($said, qr/^dwunw: leaks: process \d+ is this one itself$/, 'the tool as its own target');

# Its mappings can't be read and its first thread, which probes would be given to,
# has ended: they would be in every process. (A file that may not be opened stands
# for mappings that may not be read: modes.t.)
SKIP: {
	skip('no unshare or no setpriv', 3) if system('unshare -m true 2>/dev/null') ||
	    system('setpriv --version >/dev/null 2>&1');
	my $ended = Live::start(Live::built('truth', 'memleak'), "$dir/truth", 'ended');
	my $tries = 0;
	sleep 0.05 until Live::slurp("/proc/$ended/stat") =~ /\) Z/ ||
	    $tries++ > 1000;
	open(my $denied, '>', "$dir/denied") or die;
	chown(65534, 65534, "$dir/denied");
	chmod(0, "$dir/denied");
	my $rights = '-sys_ptrace,-dac_override,-dac_read_search';
	my @before = ('unshare', '-m', 'sh', '-c', 'mount --bind "$1" "$2" && ' .
		'shift 2 && exec "$@"', 'sh', "$dir/denied", "/proc/$ended/maps",
		'setpriv', '--bounding-set', $rights, '--inh-caps', $rights);
	my ($out, $code) = Live::run(@before, $dwunw, 'leaks', $ended);
	is($code, 1, 'mappings that are not to be read, without --everywhere: status');
	like($out, qr/every process that maps a C library: --everywhere/, '… and why');
	unlike($out, qr/^probes on/m, '… and no probes');
	Live::stop($ended);
}

# --- a child that has ended before it is looked at has a name ---------------------------------

{
	pipe(my $from, my $to) or die;
	my $shell = fork // die;
	if (!$shell) {
		close $to;
		open(STDIN, '<&', $from);
		open(STDOUT, '>', '/dev/null');
		exec '/bin/sh', '-c',
		    "read line; $leaky 1 1; : >$dir/done; read line";
	}
	close $from;
	($text, $said) = watch(['-f', @last, '--json', $shell], sub {
		my ($tool) = @_;
		Live::hold($tool); # until the child is gone
		syswrite($to, "go\n");
		sleep 0.05 until -e "$dir/done";
		Live::let_go($tool);
	}, sub { 1 });
	close $to;
	waitpid($shell, 0);
	my $json = eval { decode_json((split /\n/, $text)[-1] // '') };
	my %names = map { $_->{program} => 1 }
	    grep { $_->{pid} != $shell } @{ $json->{stacks} // [] };
	is(join(' ', sort keys %names), 'leaky_glibc',
		'a child that runs a program and ends: its name') or diag $text;
}

# --- folded stacks of threads and processes apart --------------------------------------------

($text) = run(@last, '--folded', '--threads', '--processes', '--', $leaky, 1, 1);
like($text, qr/^leaky_glibc-\d+;leaky_glibc-\d+;_start;\S*;main;\S* \d+$/m,
	'--folded: PROGRAM-PID and THREAD-TID where they are apart') or diag $text;

# --- words of others ----------------------------------------------------------------------------

for my $row ([['-p', 1], 'the process is an operand: dwunw leaks PID'],
	[['--pid=1'], 'the process is an operand: dwunw leaks PID'],
	[['-c', 'ls'], 'the command is behind --: dwunw leaks -- COMMAND'],
	[['--obj', 'x', 1], 'did you mean --object?'],
	[['--interv', 1, 1], 'did you mean --interval?'],
	[['--thread', 1], 'did you mean --threads?'],
	[['--max', 1, 1], 'did you mean --max-stacks or --max-size?'],
	[['--jsno', 1], 'did you mean --json?']) {
	my ($args, $hint) = @$row;
	($text, $said, $status) = run(@$args);
	is($status, 2, "@$args: refused");
	like($said, qr/: no such option; .*\Q$hint\E/, '… with a hint');
}

# --- what was asked for and is not there --------------------------------------------------------

for my $args (['-O', 'libnosuch.so'], ['-S', 'nosuch_']) {
	($text, $said, $status) = run(@$args, @last, '--', $leaky, 1, 1);
	is($status, 1, "@$args matches nothing: status");
	like($said, qr/not used: no mapped file/, '… and it is said');
}
($text, $said, $status) = run('--debug-file', '/proc/self/exe', @last, '--', $leaky,
	1, 1);
like($said, qr{--debug-file /proc/self/exe: not used}, '--debug-file of nothing');

done_testing();
