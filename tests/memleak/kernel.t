#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The kernel's own allocations, by tracepoints: pipes that stay open, with the
# names of /proc/kallsyms; percpu memory; options.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Leak;
use POSIX 'WNOHANG';
use Test::More;
use Time::HiRes 'sleep';

need_tool();
my $pipes = built('pipes');
my ($text, $status, $r);

my $pid = start($pipes);
my $out = "$dir/kernel.out";
my $tool = Live::background($out, 'timeout', 300, tool(), '-T', 1000, 3600, 1);
my $ended = 0;
sleep 0.05 until -e $out && slurp($out) =~ /^Attaching/m ||
    ($ended = waitpid($tool, WNOHANG) == $tool);
Live::begin();
sleep 0.05 until $ended || Live::all_done() ||
    ($ended = waitpid($tool, WNOHANG) == $tool);
sleep 1; # by default what is younger than half of one is not shown
kill 'INT', $tool unless $ended;
waitpid($tool, 0) unless $ended;
($text, $status) = (slurp($out), $? >> 8);
is($status, 0, 'it runs without -p and -c') or diag($text);
$r = parse_leak($text, 0);
# others make pipes, too
my ($s) = sort { $b->{count} <=> $a->{count} }
    grep { names($_) =~ /alloc_pipe_info/ } @{ $r->{stacks} };
cmp_ok($s->{count} // 0, '>=', 50, 'fifty pipes are found') or
    diag(substr($text, 0, 2000));
like(names($s // { frames => [] }), qr/alloc_pipe_info .*do_pipe.*do_syscall/,
	'their stack has names, outwards');
my ($allocations, $none, $full, $maps) = $text =~
    /^dwunw: allocations (\d+), freed \d+, without a stack (\d+), live map full (\d+),.* maps (\d+) KiB/m;
cmp_ok($allocations, '>', 100, 'allocations are counted');
is($none, 0, 'each has a stack');
cmp_ok($maps, '<', 16 << 10, 'maps under 16 MiB');

stop($pid);
($text) = Live::run('timeout', 60, tool(), '-z', 4096, '-Z', 4096, '-o', 0,
	'-T', 1000, 1, 1);
$r = parse_leak($text, 0);
is(scalar(grep { $_->{bytes} != 4096 * $_->{count} } @{ $r->{stacks} }), 0,
	'-z, -Z: pages only');

($text, $status) = Live::run('timeout', 60, tool(), '-P', '-o', 0, 1, 1);
is($status, 0, '-P: percpu allocations');
like($text, qr/^dwunw: allocations \d+/m, 'counted as well');
($text, $status) = Live::run('timeout', 60, tool(), '-F', 1, 1);
is($status, 0, '-F');
is((Live::run(tool(), '--json', 1, 1))[1], 2, '--json without -p: refused');

done_testing();
