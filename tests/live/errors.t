#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What can't be done is said, with its cause and what helps.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use Test::More;

need_bpf();
my $tool = program('memleak_user');

# Each says the option, the value and what is allowed.
for ([[qw(-p 0)], "-p: '0'", 'a number from 1 to 2147483647'],
	[[qw(-d 1)], '-p PID is needed'],
	[[qw(-p 1 --capture x)], "--capture: 'x'", 'one of bpf-ring|bpf-perf|perf'],
	[[qw(-p 1 -q)], '-q: no such option'],
	[[qw(-p 1 --ring-size 5000)], "--ring-size: '5000'", 'a power of two'],
	[[qw(-p 1 --stack-bytes 28673)], "--stack-bytes: '28673'",
		'bytes from 1 to 28672'],
	[[qw(-p 1 --stack-bytes 28K1)], "--stack-bytes: '28K1'", 'bytes'],
	[[qw(-p 1 --symbol malloc)], "--symbol: 'malloc'", 'NAME=0xOFFSET'],
	[[qw(-p 1 more)], "'more'"],
	[[qw(-p 1 --symbol bogus=0x10)], '--symbol bogus=0x10', 'malloc, free'],
	[[qw(-p 1 -n 3x)], "-n: '3x'", 'a number from 1'],
	[[qw(-p 1 -d 0.001)], "-d: '0.001'", 'seconds from 10ms'],
	[[qw(-p 1 --symbol malloc=0x10zz)], "--symbol: 'malloc=0x10zz'",
		'NAME=0xOFFSET'],
	[[qw(-p 1 --symbol malloc=16)], "--symbol: 'malloc=16'", '0xOFFSET'],
	[['-p', 1, '--max-live', 1 << 25], "--max-live: '33554432'",
		'from 1 to 16777216'],
	[[qw(-p 1 --fp-walk --capture perf)], '--fp-walk', '--capture perf'],
	[[qw(-p 1 --rng-size 4K)], '--rng-size', 'did you mean --ring-size?'],
	[[qw(-p 1 --ring-size)], '--ring-size: without a value', 'power of two']) {
	my ($args, @wanted) = @$_;
	my ($out, $status) = run($tool, @$args);
	is($status, 2, "@$args is refused");
	my ($line) = $out =~ /^(memleak_user: .*)\nTry 'memleak_user --help'\.\n\z/;
	is(join(', ', grep { index($line // '', $_) < 0 } @wanted), '',
		'it says why') or diag($out);
}

my ($out, $status) = run($tool, '-p', 4194300);
is($status, 1, 'no such process');
like($out, qr/no process 4194300$/m, 'it is named');

($out, $status) = run($tool, '-p', $$, '--debug-file', '/nowhere/file');
is($status, 1, 'a debug file that is not there');
like($out, qr{--debug-file /nowhere/file: No such file}, 'it is named');

# Names that are nobody's.
{
	my $pid = start(program('leaky_glibc'), 0, 20);
	($out, $status) = run($tool, '-p', $pid, '-d', '0.1', '-n', 1,
		'--symbol', 'malloc=0x10@no/such/file', '--debug-file',
		'/proc/self/exe');
	is($status, 0, 'a symbol and a debug file of nothing: it runs');
	like($out, qr{^memleak_user: --symbol malloc=0x10\@no/such/file: not used}m,
		'the symbol is named');
	like($out, qr{^memleak_user: --debug-file /proc/self/exe: not used}m,
		'the debug file is named');
	stop($pid);
	($out, $status) = run($tool, '-p', 2, '-n', 1) if slurp('/proc/2/comm') =~ /kthreadd/;
	like($out, qr/pid 2: a kernel thread/, 'a kernel thread: why');
	unlike($out, qr/: IO$/m, 'and no bare name of an error');
}

# A kernel that was built without it: what it lacks, and nothing else.
for (['bpf', 'CONFIG_BPF_SYSCALL', 'bpf-ring'],
	['perf_event_open', 'CONFIG_PERF_EVENTS', 'perf'],
	['perf_event_open', 'CONFIG_PERF_EVENTS', 'bpf-perf']) {
	my ($call, $option, $capture) = @$_;
	my $pid = start(program('leaky_glibc'), 0, 20);
	($out, $status) = run(built('nosys'), $call, $tool, '-p', $pid, '-n', 1,
		'-d', '0.1', '--capture', $capture);
	stop($pid);
	is($status, 77, "no $call: not to be had");
	is(join(' ', $out =~ /(CONFIG_\w+)/g), $option,
		"--capture $capture without $call: $option, and no other") or
	    diag($out);
}

# A stripped static program: no malloc by name.
my $stripped = "$dir/leaky_stripped";
my $full = program('leaky_glibc_static');
system('strip', '-o', $stripped, $full) == 0 or die;
my $pid = start($stripped, 0, 20);
($out, $status) = run($tool, '-p', $pid, '-d', 1, '-n', 1);
is($status, 1, 'a stripped static program');
like($out, qr/no mapped file defines malloc; looked at:\n\t\S*leaky_stripped\n/,
	'the files are named');
like($out, qr/--debug-file.*--symbol/s, 'what helps is told');

my $r = memleak(leaked(11, 'make_name'), '-p', $pid, '--debug-file', $full);
is($r->{status}, 0, '--debug-file') or diag($r->{text});
my $s = by_function($r, 'make_name');
cmp_ok($s->{count}, '>', 10, 'it finds the leak');
like(chain($s), qr/^make_name make_session .* main /, 'with names');

my @symbols;
for (qw(malloc free calloc realloc posix_memalign mmap munmap)) {
	my ($vaddr) = `nm $full` =~ /^([0-9a-f]+) [TtWi] $_$/m;
	my ($off, $base) = `readelf -lW $full` =~
	    /LOAD +(0x\w+) (0x\w+) \S+ \S+ \S+ R E/;
	push @symbols, '--symbol', sprintf('%s=0x%x', $_,
		hex($vaddr) - hex($base) + hex($off));
}
$r = memleak(sub { @{ parse($_[0])->{stacks} } == 7 }, '-p', $pid, @symbols);
is($r->{status}, 0, '--symbol') or diag($r->{text});
is(scalar @{ $r->{stacks} }, 7, 'it finds all leaks') or diag($r->{text});
is($r->{stacks}[-1]{bytes}, $r->{stacks}[-1]{count} * 48, 'and no other');

# Not permitted: what is missing is named.
SKIP: {
	skip 'no setpriv', 3 unless -x '/usr/bin/setpriv';
	($out, $status) = run('/usr/bin/setpriv', '--reuid=65534',
		'--clear-groups', '--bounding-set=-all', '--inh-caps=-all',
		$tool, '-p', $pid, '-d', 1, '-n', 1);
	is($status, 77, 'without any capability');
	like($out, qr/missing capability: CAP_BPF\n/, 'it is named') or diag($out);
	like($out, qr/setcap cap_bpf/, 'and how to give it');
}
stop($pid);

done_testing();
