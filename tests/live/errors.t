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

for (['-p', 0], ['-d', 1], ['-p', 1, '--capture', 'x'], ['-p', 1, '-q'],
	['-p', 1, '--ring-size', 5000], ['-p', 1, '--stack-bytes', 28673],
	['-p', 1, '--symbol', 'malloc'], ['-p', 1, 'more'],
	['-p', 1, '--symbol', 'bogus=0x10'], ['-p', 1, '-n', '3x'],
	['-p', 1, '--symbol', 'malloc=0x10zz'], ['-p', 1, '--max-live', 1 << 25]) {
	my ($out, $status) = run($tool, @$_);
	is($status, 2, "@$_ is refused");
	like($out, qr/^memleak_user: .*\nmemleak_user -p PID/, 'with the usage');
}

my ($out, $status) = run($tool, '-p', 4194300);
is($status, 1, 'no such process');
like($out, qr/pid 4194300: /, 'it is named');

($out, $status) = run($tool, '-p', $$, '--debug-file', '/nowhere/file');
is($status, 1, 'a debug file that is not there');
like($out, qr{--debug-file /nowhere/file: No such file}, 'it is named');

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
