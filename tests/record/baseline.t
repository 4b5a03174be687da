#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# --baseline FILE of dwunw leaks and report: what --folded=FILE had written before is left
# out, by names, also of another build; what is new is shown, and the exit status is 3.
use strict;
use warnings;
use FindBin;
use Test::More;
use lib "$FindBin::Bin/../live";
use Live ();

my $dwunw = "$Live::build/dwunw";
my $programs = "$Live::build/tests/record";
my ($known, $some, $file) = map { "$Live::dir/$_" } qw(known some file.dwr);
qx{$dwunw report --help 2>&1} =~ /--baseline/ or do {
	print "1..0 # SKIP this build has no dwunw report\n";
	exit 0;
};

sub put { my ($name, $text) = @_; open(my $out, '>', $name) or die $!; print $out $text; close $out }
sub known { my ($text) = @_; return $text =~ /^(\d+) bytes in (\d+) allocations are of stacks that the baseline has$/m }
sub shown { my ($text) = @_; return $text =~ /^\[[\d:]+\] (\d+) bytes in (\d+) allocations are live, from (\d+) stacks/m }

# --- recordings ---------------------------------------------------------------------------

my $golden = "$Live::root/tests/record/golden/1-plain.dwr";
my ($text, $status) = Live::run($dwunw, 'report', "--folded=$known", $golden);
is($status, 0, 'a recording');
($text, $status) = Live::run($dwunw, 'report', '--baseline', $known, $golden);
is($status, 0, '… and its own stacks as the baseline');
is(join(' ', known($text)), '637 7', '… are a sum apart') or diag($text);
is(join(' ', shown($text)), '0 0 0', '… and no others are left');
put($some, "# nothing of it\n\nleaky;main;other 9\n");
($text, $status) = Live::run($dwunw, 'report', '--baseline', $some, $golden);
is($status, 3, 'another baseline: exit status 3');
is(join(' ', shown($text)), '637 7 1', '… and all is shown');
for (["leaky;main", 1], ["# good\nleaky;main 1\n12\n", 3], [" 12\n", 1]) {
	my ($lines, $line) = @$_;
	put($some, $lines);
	($text, $status) = Live::run($dwunw, 'report', '--baseline', $some, $golden);
	like("$status $text", qr/^1 .*--baseline \Q$some\E: line $line is neither a folded stack/s,
		'a line that is none is named');
}
($text, $status) = Live::run($dwunw, qw(report --baseline /none), $golden);
like("$status $text", qr/^1 .*No such file/s, 'a file that is not there');

# --- live ------------------------------------------------------------------------------------

Live::need_bpf() if $> == 0;
SKIP: {
	skip('not root', 1) if $>;
	($text, $status) = Live::run($dwunw, qw(leaks -i 1h), "--folded=$known", '--',
		"$programs/kinds");
	is($status, 0, 'a program') or diag($text);
	my ($bytes, $blocks, $stacks) = shown($text);
	for my $again ('', 'other/') {
		($text, $status) = Live::run($dwunw, qw(leaks -i 1h --baseline), $known, '--',
			"$programs/${again}kinds");
		is($status, 0, "the same ${again}kinds again");
		is(join(' ', known($text)), "$bytes $blocks", '… all of it is known') or diag($text);
	}
	my @lines = split /^/, Live::slurp($known);
	my ($new) = grep { /keep_here/ } @lines;
	put($some, join '', grep { $_ ne $new } @lines);
	($text, $status) = Live::run($dwunw, qw(leaks -i 1h --record), $file, '--baseline', $some,
		'--', "$programs/kinds");
	is($status, 3, 'one that is new: exit status 3');
	my ($value) = $new =~ /(\d+)$/;
	is((shown($text))[0], $value, '… it alone is shown') or diag($text);
	is((known($text))[0], $bytes - $value, '… and the others are a sum');
	like($text, qr/^\t#0 .*keep_here/m, '… with its stack');
	my ($report, $code) = Live::run($dwunw, 'report', '--baseline', $some, $file);
	is($code, 3, 'a report of the recording of the same run');
	is((shown($report))[0], $value, '… says the same');
	($text, $status) = Live::run($dwunw, qw(leaks --baseline /none --), "$programs/kinds");
	like("$status $text", qr/^1 .*No such file/s, 'a file that is not there, before anything runs');
	unlike($text, qr/leak_here/, '… and nothing ran');
	($text, $status) = Live::run($dwunw, qw(leaks --kernel --baseline), $known);
	like("$status $text", qr/^2 .*--baseline/s, 'not of the kernel');
}
done_testing();
