#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# How many lines of each .c file have a comment, in % of the lines that are not blank:
# "# 23 % core/base/bytes.c". Fails where a folder has less than its share, or a file
# of 60 lines and more less than the least: a reader is told there neither which
# section of which standard, nor what may be hostile, nor why a loop ends. A bar is
# what was reached; who writes a new file below it writes down what the file takes,
# what it gives, and what it relies on.

use strict;
use warnings;
use Test::More;

# folder, its files, the share of all of them, the least share of one of 60 lines
my @BARS = (
	[ 'core', 'core/*/*.c', 23, 17 ],
	[ 'arch', 'arch/*.c arch/*/*.c', 21, 15 ],
	[ 'trace', 'trace/*.c', 16, 12 ],
	[ 'port/linux', 'port/linux/*.c', 15, 10 ],
);

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

for my $bar (@BARS) {
	my ($folder, $globs, $share, $least) = @$bar;
	my ($all, $all_said, @poor) = (0, 0);
	my @files = sort map { glob } split / /, $globs;
	for my $path (@files) {
		my ($lines, $said) = lines_of($path);
		$all += $lines;
		$all_said += $said;
		note(sprintf '%3d %% %s', 100 * $said / $lines, $path);
		push @poor, $path if $lines >= 60 && 100 * $said < $least * $lines;
	}
	ok(@files > 10, "files of $folder were looked at");
	my $has = sprintf '%.1f', 100 * $all_said / ($all || 1);
	cmp_ok($has, '>=', $share, "$folder: $has % of its lines have comments");
	is(join(' ', @poor), '', "$folder: no file has less than $least %");
}
done_testing();
