#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw leaks --in-process -- COMMAND, and the recorder by its environment alone: sums
# and names, what a wrong value says, and who records of several processes.

use strict;
use warnings;
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use Inproc;

need_inproc();

sub leaks {
	my (@words) = @_;
	my $out = `$build/dwunw leaks --in-process @words 2>$dir/err`;
	open(my $in, '<', "$dir/err") or die;
	local $/;
	return { out => $out, status => $? >> 8, err => scalar <$in> // '' };
}

# --- the tool ---------------------------------------------------------------------------

my $blocks = built('blocks');
my $r = leaks('-T 100 --', $blocks);
my ($count, $bytes) = $r->{out} =~ /^(\d+) (\d+)$/m;
is($r->{status}, 0, 'it ends well') or diag $r->{err};
my ($stack) = $r->{out} =~ /^(\d+ bytes in \d+ allocations from stack\n\t#0 .* \w*malloc\+.*\n\t#1 .* work\+.*\n\t#2 .* main\+.*)/m;
my ($other) = $r->{out} =~ /^(\d+ bytes in \d+ allocations from stack\n\t#0 .* \w*malloc\+.*\n\t#1 .* work\+.*\n\t#2 .* start_thread\+.*)/m;
ok($stack && $other, 'the stacks of both threads, with names') or diag $r->{out};
my $sum = 0;
$sum += (split ' ')[0] for grep { defined } $stack, $other;
is($sum, $bytes, 'they have the bytes that the program says');

$r = leaks('--json --', $blocks);
like($r->{out}, qr/\A\{"last":true.*\}\n\z/, 'JSON alone is on stdout');
like($r->{err}, qr/^$count $bytes$/m, '… and what the program says is on stderr');

$r = leaks("--record $dir/kept -T 1 --", $blocks);
ok(-s "$dir/kept", '--record keeps the recording');
is(`$build/dwunw report -T 1 $dir/kept` =~ /^\[\d\d:\d\d:\d\d\] (.*)/ ? $1 : 'none',
	$r->{out} =~ /^\[\d\d:\d\d:\d\d\] (.*)/m ? $1 : '?',
	'… and dwunw report says the same of it');

$r = leaks('-- sh -c "exit 3"');
is($r->{status}, 0, 'a command that ends with an error is reported');
$r = leaks("-- sh -c 'kill -9 \$\$'");
is($r->{status}, 0, 'one that is killed as well');
like($r->{err}, qr/^note: the command was ended by signal 9$/m, '… which is said');
is(leaks('-- /no/such')->{status}, 127, 'no such command');
$r = leaks('-f --', $blocks);
is($r->{status}, 2, '-f is not of it');
like($r->{err}, qr/--in-process/, '… which is said');
is(leaks('1,2')->{status}, 2, 'nor are two processes');

# --- the environment ---------------------------------------------------------------------

for ([ DWUNW_INPROC_SAMPLE_BYTES => '0', '1 to 1073741824' ],
	[ DWUNW_INPROC_SAMPLE_BYTES => '4K', '1 to 1073741824' ],
	[ DWUNW_INPROC_CHECK => 'yes', '0, 1' ],
	[ DWUNW_INPROC_CHILDREN => '1', 'a path with %p' ],
	[ DWUNW_INPROC_PID => '-1', "a process's number" ]) {
	my ($name, $value, $allowed) = @$_;
	my $run = run_with({ env => { $name => $value } }, $blocks);
	is($run->{status}, 0, "$name=$value: the program runs");
	like($run->{err}, qr/\Q$allowed\E/, '… what is allowed is said');
	ok(!-e $run->{file}, '… and nothing is recorded');
}
my $run = run_with({ env => { DWUNW_INPROC_PID => 1 } }, $blocks);
ok(!-e $run->{file} && !length $run->{err}, 'another process is silent');

mkdir "$dir/all" or die $!;
run_with({ file => "$dir/all/%p", env => { DWUNW_INPROC_CHILDREN => 1 } },
	built('uses'), 'forks');
my @files = glob "$dir/all/*";
is(scalar @files, 6, 'with DWUNW_INPROC_CHILDREN=1 each process has its own');
# the parent's 500 are freed by it alone, its 1000 by each child
my %live;
$live{ sums($_)->{5} }++ for @files;
is(join(' ', map { "$_:$live{$_}" } sort { $a <=> $b } keys %live),
	'677:1 777:1 877:1 977:1 1077:1 1500:1', 'each has what it has, inherited or not');

for (1 .. 5) {
	my $ended = run_with({}, 'timeout', 20, built('uses'), 'ends');
	is($ended->{status} >> 8, 7, 'a handler that ends the program ends it');
}

$run = run_with({ file => "$dir/no/such/directory" }, $blocks);
is($run->{status}, 0, 'a file that cannot be made: the program runs');
like($run->{err}, qr/No such file or directory: .*no.such/, '… and why is said');

done_testing();
