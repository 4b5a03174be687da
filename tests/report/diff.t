#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw diff, on recordings of a program that leaks by a known amount a round: what
# grew by stack, in every format; the exit status; suppressions, also of leaks and report.

use strict;
use warnings;
use FindBin;
use JSON::PP;
use Test::More;
use lib "$FindBin::Bin/../live";
use Live ();

Live::need_bpf();
my $build = $ENV{BUILD} || "$Live::root/build/" . (split ' ', `uname -m`)[0];
my ($dwunw, $leaky) = ("$build/dwunw", "$build/tests/memleak/debugged");
my $dir = $Live::dir;
Live::skip_all('CONFIG_LEAKS, CONFIG_RECORD or CONFIG_REPORT is off')
    if `$dwunw record --help 2>&1` !~ /^usage/ || `$dwunw diff --help 2>&1` !~ /^usage/;

sub run { my $text = `timeout 300 $dwunw @_ 2>$dir/said`; return ($text, $? >> 8) }
sub said { open(my $in, '<', "$dir/said") or return ''; local $/; return scalar <$in> // '' }
sub file { my ($name, $text) = @_; open(my $out, '>', "$dir/$name") or die; print $out $text; close $out; return "$dir/$name" }

# what leaky.c leaks a round, by the function that allocates
my %bytes = (make_name => 48, compare => 100, note_signal => 200, grow_table => 4000,
	leak_by_calloc => 300, leak_aligned => 640, leak_mapping => 8192);
my $round = 0;
$round += $_ for values %bytes;
for (5, 9) {
	my (undef, $status) = run("record -o $dir/r$_ -- $leaky $_ 1");
	is($status, 0, "a recording of $_ rounds") or diag(said());
}

my ($text, $status) = run("diff $dir/r5 $dir/r9 --top 100 --json=$dir/json --folded=$dir/folded --metrics $dir/prom");
is($status, 0, 'diff') or diag(said());
like($text, qr/^\[[\d:]+\] @{[4 * $round]} bytes in 28 allocations more from 7 stacks$/m, 'four rounds more') or diag($text);
my %grown = map { $_->{frames}[0]{function} => $_->{bytes} } @{decode_json(`cat $dir/json`)->{stacks}};
is_deeply(\%grown, { map { $_ => 4 * $bytes{$_} } keys %bytes }, 'each stack by what it leaks in them');
my $sum = 0;
$sum += $1 while `cat $dir/folded` =~ / (\d+)$/mg;
is($sum, 4 * $round, 'folded: the sum');
like(`cat $dir/prom`, qr/^dwunw_live_bytes @{[4 * $round]}$/m, 'metrics: the sum');
like($text, qr/^32768 bytes in 4 allocations from stack$/m, 'of no process: they are of two runs');

($text) = run("diff $dir/r9 $dir/r5");
like($text, qr/^\[[\d:]+\] -@{[4 * $round]} bytes in -28 allocations more/m, 'the other way round');
($text) = run("diff $dir/r9 $dir/r9");
like($text, qr/^\[[\d:]+\] 0 bytes in 0 allocations more from 0 stacks$/m, 'with itself: nothing');

# --- the exit status -----------------------------------------------------------------

my $more = 4 * $round;
for (["$more", 0], [$more - 1, 3], [0, 3], ['1M', 0], ['52K', 3], ['53K', 0]) {
	my ($limit, $want) = @$_;
	(undef, $status) = run("diff $dir/r5 $dir/r9 --fail-if-growth $limit");
	is($status, $want, "--fail-if-growth $limit");
}
like((run("diff $dir/r5 $dir/r9 --fail-if-growth 7"), said())[2],
	qr/^dwunw: diff: stacks have grown by $more bytes, more than 7$/m, 'and says why');
is((run("diff $dir/r9 $dir/r5 --fail-if-growth 0"))[1], 0, 'what is less does not fail');
for (['-1'], ['1X'], ['']) {
	is((run("diff $dir/r5 $dir/r9 --fail-if-growth '$_->[0]'"))[1], 2, "'$_->[0]' bytes are refused");
}
is((run("diff $dir/r5"))[1], 2, 'a single recording is refused');
is((run("diff $dir/r5 $dir/no-such-file"))[1], 1, 'a file that is not there');
like(said(), qr/no-such-file: No such file/, 'is named');

# --- suppressions -----------------------------------------------------------------------

my $known = file('known', "# the table\nleak:^grow_table\$\nleak:leak_map*ng\n");
($text, $status) = run("diff $dir/r5 $dir/r9 --suppressions $known --fail-if-growth 5152");
is($status, 0, 'suppressed ones have not grown');
like($text, qr/^@{[4 * (4000 + 8192)]} bytes in 8 allocations are suppressed$/m, 'and are a sum');
unlike($text, qr/leak_mapping|grow_table/, 'without stacks');
is((run("diff $dir/r5 $dir/r9 --suppressions $known --fail-if-growth 5151"))[1], 3, 'to the byte');
($text) = run("report $dir/r5 --suppressions $known");
like($text, qr/^\[[\d:]+\] @{[5 * ($round - 4000 - 8192)]} bytes in 25 allocations are live/m, 'report --suppressions');
($text, $status) = run("leaks -o 0 -i 10000s --suppressions $known -- $leaky 3 1");
is($status, 0, 'leaks --suppressions') or diag(said());
like($text, qr/^\[[\d:]+\] @{[3 * ($round - 4000 - 8192)]} bytes in 15 allocations are live, from 5 stacks$/m, 'its sum');
my $bad = file('bad', "leak:a\nrace:b\n");
for my $command ("leaks --suppressions $bad -- $leaky 1 1", "report $dir/r5 --suppressions $bad",
		"diff $dir/r5 $dir/r9 --suppressions $bad") {
	($text, $status) = run($command);
	is("$status|$text", '1|', "$command: refused");
	like(said(), qr/--suppressions \S+bad: line 2 is neither leak:PATTERN nor a comment/, '… with the line');
}
unlink glob("$dir/*");
done_testing();
