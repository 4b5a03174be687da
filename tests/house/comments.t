#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# How many lines of each file of core/ have a comment, in % of the lines that are
# not blank: "# 23 % core/base/bytes.c". Fails where a file of 60 lines and more
# has less than $LEAST: a reader is told there neither which section of which
# standard, nor what may be hostile, nor why a loop ends.

use strict;
use warnings;
use Test::More;

my $LEAST = 6;

# (lines that are not blank, lines with a comment, by the first line's licence not
# counted)
sub lines_of {
	my ($path) = @_;
	open(my $in, '<', $path) or die "$path: $!";
	my ($lines, $said, $inside) = (0, 0, 0);
	while (<$in>) {
		next if $. == 1 && /SPDX/;
		next unless /\S/;
		$lines++;
		my $has = $inside || m{/\*};
		$said++ if $has;
		# the last of what opens or closes one in this line
		$inside = 1 if m{.*/\*(?!.*\*/)};
		$inside = 0 if m{.*\*/(?!.*/\*)};
	}
	return ($lines, $said);
}

my ($all, $all_said, @poor) = (0, 0);
my @files = sort glob 'core/*/*.c';
for my $path (@files) {
	my ($lines, $said) = lines_of($path);
	$all += $lines;
	$all_said += $said;
	note(sprintf '%3d %% %s', 100 * $said / $lines, $path);
	push @poor, $path if $lines >= 60 && 100 * $said < $LEAST * $lines;
}
note(sprintf '%.1f %% in %d files', 100 * $all_said / ($all || 1), scalar @files);
ok(@files > 20, 'files of core/ were looked at');
is(join(' ', @poor), '', "none has less than $LEAST % of lines with comments");
done_testing();
