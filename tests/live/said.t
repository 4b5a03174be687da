#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The command line of every program: help and version on stdout; what is wrong
# is said with the option, the value and what is allowed; what names nothing
# that is there is said, too.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use Test::More;

my $examples = "$Live::build/examples";
my $memleak = "$examples/memleak_bcc_dwunw/memleak_dwunw_user";
plan skip_all => "$memleak is not built (make examples)" unless -x $memleak;

# stdout, stderr and the exit status.
sub both {
	my (@command) = @_;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>', "$dir/stdout");
		open(STDERR, '>', "$dir/stderr");
		exec { $command[0] } @command or die "$command[0]: $!";
	}
	waitpid($pid, 0);
	return (slurp("$dir/stdout"), slurp("$dir/stderr"), $?);
}

# Refused with status 2, and in the first line each of these texts.
sub refused {
	my ($command, @wanted) = @_;
	my ($out, $errors, $status) = both(@$command);
	my ($line) = $errors =~ /\A(.*)\nTry '[\w ]+ --help'\.\n\z/;
	my $name = join ' ', map { s{.*/(?=\w)}{}r } @$command;
	is($status >> 8, 2, "$name: refused");
	is($out, '', "$name: nothing on stdout");
	is(join(', ', grep { index($line // '', $_) < 0 } @wanted), '',
		"$name: it says why") or diag($errors);
}

# --- every program -------------------------------------------------------------

my @programs = ([$memleak], ["$examples/bpf_memleak/memleak_user"],
	["$examples/utils/symbolize_demo"], ["$Live::build/dwunw"],
	map({ ["$Live::build/dwunw", $_] } qw(stack rows symbolize)),
	map({ -x "$examples/libdw_bpf/$_" ? ["$examples/libdw_bpf/$_"] : () }
		qw(uprobe syscall syscall_parallel pwrite64_event)));
my $leaky = "$examples/bpf_memleak/leaky_glibc";
for (qw(-h --help -V --version)) {
	my ($out, $errors, $status) = both($leaky, $_);
	is($status, 0, "leaky $_: status");
	like($out, qr/leaky/, "leaky $_: on stdout");
}
for my $program (@programs) {
	my $name = join ' ', map { s{.*/}{}r } @$program;
	my ($word) = split / /, $name;
	my ($help) = both(@$program, '--help');

	for (['-h', qr/\Ausage: \Q$name\E/], ['--help', qr/\Ausage: \Q$name\E/],
		['-V', qr/\A\Q$word\E \d+\.\d+\.\d+\n\z/],
		['--version', qr/\A\Q$word\E \d+\.\d+\.\d+\n\z/]) {
		my ($option, $wanted) = @$_;
		my ($out, $errors, $status) = both(@$program, $option);
		is($status, 0, "$name $option: status");
		like($out, $wanted, "$name $option: on stdout");
		is($errors, '', "$name $option: nothing on stderr");
	}
	# an option that the help names is there, and is meant by what is near it;
	# of dwunw alone they are its commands'
	my %options = map { $_ => 1 } $help =~ /(?<![\w-])--([a-z][\w-]+)/g;
	delete $options{'debug-dump'}; # readelf's
	%options = (help => 1, version => 1) if $name eq 'dwunw';
	refused([@$program, "--zz$_"], "--zz$_: no such option",
		"did you mean --$_?") for grep { length > 7 } sort keys %options;
	refused([@$program, '-@'], '-@: no such option');
}
refused(["$Live::build/dwunw", 'symbolise'], "'symbolise'",
	'did you mean symbolize?');

# --- values ----------------------------------------------------------------------

for ([['-s', 0], "-s: '0'", 'a number from 1 to 4294967295'],
	[['-s0'], "-s: '0'"], [['--sample-rate=0'], "--sample-rate: '0'"],
	[['-T', 'x'], "-T: 'x'", 'a number from 1'],
	[['-T', '010'], "-T: '010'"], [['-T', '1 '], "-T: '1 '"],
	[['-T', '0x'], "-T: '0x'"], [['-T', 4294967296], "-T: '4294967296'"],
	[['-z', '5Q'], "-z: '5Q'", 'bytes', 'K, M or G'],
	[['-Z', '18446744073709551616'], "-Z: '18446744073709551616'"],
	[['-Z', '17179869184G'], "-Z: '17179869184G'"],
	[['-z', '-1'], "-z: '-1'"], [['-z', '5', '-Z', '4'], '-z', '-Z'],
	[['-o', '5x'], "-o: '5x'", 'milliseconds from 0 to 4294967295', 'ms, s, m, h'],
	[['-o', 'nan'], "-o: 'nan'"], [['-o', '1e3'], "-o: '1e3'"],
	[['-p', 'x'], "-p: 'x'", 'process ids'], [['-p', '1,'], "-p: '1,'"],
	[['-p', '1,,2'], "-p: '1,,2'"], [['-p', '0'], "-p: '0'"],
	[['-O', ''], "-O: ''", 'not empty'], [['-S', ''], "-S: ''", 'prefix'],
	[['--allocator', 'je_'], "--allocator: 'je_'", 'a pattern with a *'],
	[['--dwunw-mode', 'on'], "--dwunw-mode: 'on'", 'off|fallback|force'],
	[['--sample-bytes', '2G'], "--sample-bytes: '2G'", 'to 1073741824'],
	[['--budget', 0], "--budget: '0'", 'from 1'],
	[['--stack-storage-size', 0], "--stack-storage-size: '0'"],
	[['--perf-max-stack-depth', 1025], "--perf-max-stack-depth: '1025'",
		'from 1 to 1024'],
	[['--stack-bytes', '28K1'], "--stack-bytes: '28K1'", 'from 1 to 28672'],
	[['--ring-size', '12K'], "--ring-size: '12K'", 'power of two'],
	[['--max-live', '67108865'], "--max-live: '67108865'"],
	[['--symbol', 'malloc'], "--symbol: 'malloc'", 'NAME=0xOFFSET'],
	[['-p', 1, '--symbol', 'mallox=0x10'], 'mallox', 'malloc, free'],
	[['-p', 1, '-S', 'je_', '--symbol', 'malloc=0x10'], "'malloc'", 'pattern'],
	[['--stats=1'], '--stats: takes no value', "'1'"],
	[['--sample', 2], '--sample: no such option; did you mean --sample-rate or --sample-bytes?'],
	[['--sample-r', 2], '--sample-r: no such option; did you mean --sample-rate?'],
	[['-T'], '-T: without a value', 'a number from 1'],
	[['-O', 'x'], '-O', '-p, -c, --all'], [['-p', 1, '-c', 'a'], '-c, -p, --all and --cgroup'],
	[['-p', 1, 0], "INTERVAL: '0'", 'seconds from 10ms to 1000000'],
	[['-p', 1, 1, 0], "INTERVALS: '0'", 'a number from 1'],
	[['-p', 1, 1, 1, 1], "'1' is one too many"],
	[["-T\e[31m"], "-T: '?[31m'"]) {
	my ($args, @wanted) = @$_;
	refused([$memleak, @$args], @wanted);
}
my (undef, $missing, $none) = both($memleak, qw(-p 1 --debug-file /no/file));
is($none >> 8, 1, 'no debug file: status');
like($missing, qr{--debug-file /no/file: No such file}, 'and which');

# --- what names nothing ------------------------------------------------------------

SKIP: {
	my $pid = start('/bin/sleep', 60);
	my (undef, $refused, $may) = both($memleak, '-p', $pid, '0.1', 1);
	skip('BPF is not permitted here', 1) if $may >> 8 == 77;
	sub watched {
		my (@args) = @_;
		my ($out, $errors, $status) = both($memleak, @args, '0.1', 1);
		return ($errors, $status >> 8);
	}
	my ($said, $status) = watched('-p', "$pid,4194300");
	is($status, 0, '-p GOOD,DEAD: goes on');
	like($said, qr/no process 4194300\n/, 'says which is dead');
	like($said, qr/^Attaching to pid $pid,/m, 'and follows the other');
	like($said, qr/without 1 of the 2 processes/, 'and that it is without one');
	($said, $status) = watched('-p', 4194300, '-p', 4194301);
	is($status, 1, 'all dead: an error');
	like($said, qr/4194300\n.*4194301\n/s, 'all are named');
	if (slurp('/proc/2/comm') =~ /kthreadd/) {
		($said, $status) = watched('-p', "2,$pid");
		is($status, 0, 'a kernel thread and a program: goes on');
		like($said, qr/pid 2: a kernel thread/, 'says what it is');
	}
	($said, $status) = watched('-p', $pid, '-O', 'libno.so');
	is($status, 1, '-O of nothing: an error');
	like($said, qr/pid $pid: -O libno\.so: no mapped file is that; looked at:\n\t/,
		'it is named');
	($said, $status) = watched('-p', $pid, '-O', 'sleep');
	is($status, 1, '-O of a file without an allocator: an error');
	like($said, qr/no mapped file of -O sleep defines malloc/, 'it is named');
	($said, $status) = watched('-p', $pid, '-S', 'je_', '--allocator', '*_hook');
	is($status, 1, '-S of nothing: an error');
	like($said, qr/defines je_malloc, malloc_hook; looked at/, 'all are named');
	($said, $status) = watched('-p', $pid, '--allocator', '*', '-S', 'je_',
		'--debug-file', $memleak, '--symbol', 'malloc=0x10@libno');
	is($status, 0, 'one of two patterns, a symbol, a debug file of nothing');
	like($said, qr/je_\*: not used/, 'the pattern is named');
	unlike($said, qr/^\S+ -S or --allocator \*: not used/m, 'the other is not');
	like($said, qr/--symbol malloc=0x10\@libno: not used/, 'the symbol is named');
	like($said, qr/--debug-file \Q$memleak\E: not used/, 'and the debug file');
	(undef, $said, $status) = both($memleak, '-O', 'libno.so', '-c', '/bin/true');
	like($said, qr/-O libno\.so: not used/, '-c: at the end');
	(undef, $said, $status) = both($memleak, '-S', 'je_', '-c', '/bin/true');
	like($said, qr/je_\*: not used/, '-c: of a pattern, too');
	stop($pid);
}

done_testing();
