#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Samples by bytes: the mean of 200 runs is within three standard errors of what the
# program has left, in blocks and in bytes.

use strict;
use warnings;
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use Inproc;

need_inproc();

my $runs = 200;
my (@blocks, @bytes, @truth, $units);
for (1 .. $runs) {
	my $r = run_with({ env => { DWUNW_INPROC_SAMPLE_BYTES => 4096 } },
		built('blocks'));
	my $has = sums($r->{file});
	($units) = $has->{text} =~ /unit (\d+)/;
	@truth = split ' ', $r->{out};
	push @blocks, $has->{4} / 1024;
	push @bytes, $has->{5} / 1024;
}
is($units, 1024, 'estimates are in parts of 1024');

sub near {
	my ($title, $truth, @values) = @_;
	my ($sum, $square) = (0, 0);
	$sum += $_ for @values;
	my $mean = $sum / @values;
	$square += ($_ - $mean) ** 2 for @values;
	my $error = sqrt($square / (@values - 1) / @values);
	cmp_ok(abs($mean - $truth), '<=', 3 * $error,
		sprintf('%s: a mean of %.1f, an error of %.1f, in truth %d', $title,
			$mean, $error, $truth));
	cmp_ok($error, '<', $truth / 20, "$title: the error is small");
}
near('blocks', $truth[0], @blocks);
near('bytes', $truth[1], @bytes);

done_testing();
