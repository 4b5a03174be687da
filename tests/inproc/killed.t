#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A program that a signal ends, kill -9 among them, leaves a recording: what counter.so
# has counted, to the byte; and at any moment of eight busy threads, all but what each
# was just doing.

use strict;
use warnings;
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use Inproc;

need_inproc();

my $counter = "$dir/counter";
mkdir $counter or die $!;

sub killed {
	my (@words) = @_;
	unlink "$dir/kept";
	my $out = `$build/dwunw leaks --in-process --record $dir/kept @words 2>$dir/err`;
	return { out => $out, status => $? >> 8, err => slurp("$dir/err") };
}

sub slurp {
	my ($path) = @_;
	open(my $in, '<', $path) or return '';
	local $/;
	return scalar <$in> // '';
}

my $uses = built('uses');
{
	local $ENV{LD_PRELOAD} = "$build/tests/inproc/counter.so";
	local $ENV{COUNTER} = $counter;
	my $r = killed('--', $uses, 'killed');
	like($r->{err}, qr/ended by signal 9/, 'it was killed');
	my $has = sums("$dir/kept");
	my ($pid) = $has->{text} =~ /^process .*?\bpid (\d+)/m;
	my $want = counted($counter, $pid);
	is("$has->{4} $has->{5}", "$want->{blocks} $want->{bytes}", 'what is live');
	is($has->{0}, $want->{calls}, 'what was allocated');
	cmp_ok($has->{0}, '>', 48000, '… which is much');
	unlike($has->{text}, qr/damaged|cut/, 'the recording is whole');
}
my ($least, $far) = (1e9, 0);
for (1 .. 20) {
	killed('--', $uses, 'busy');
	my $has = sums("$dir/kept");
	$least = $has->{0} if $has->{0} < $least;
	my $off = abs($has->{0} - $has->{2} - $has->{4});
	$far = $off if $off > $far;
}
cmp_ok($least, '>', 5000, 'killed in the middle, 20 times: all of it is there');
cmp_ok($far, '<=', 16, '… but for what threads were doing') or diag $far;

my $r = killed('--sample-bytes 4096 --', $uses, 'killed');
my $has = sums("$dir/kept");
like($has->{text}, qr/unit 1024/, 'samples as well');
cmp_ok($has->{0} / 1024, '>', 20000, '… with their weights');

# what is wrong with these files is said, or nothing is done
my $none = run_with({ env => { DWUNW_INPROC_TABLES => '/no/such' } }, built('blocks'));
is($none->{status}, 0, 'tables that cannot be: the program runs');
like($none->{err}, qr{cannot map: /no/such}, '… which is said');
ok(-s $none->{file}, '… and is recorded');
open(my $other, '>', "$dir/other") or die;
print $other 'x' x 100_000;
close $other;
for my $rest ('/no/such', '/dev/null', "$dir/other") {
	$none = run_with({ env => { DWUNW_INPROC_REST => $rest } }, built('blocks'));
	is($none->{status} >> 8, 1, "no rest of a program in $rest") or diag $none->{err};
	ok(!-e $none->{file} && !length $none->{out}, '… and no program is run');
}

done_testing();
