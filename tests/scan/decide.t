#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Where instructions and CFI do not strictly agree on the place of a return
# address in mips32 code, execution decides: lua of the corpus is single-stepped
# and at each such place that it comes by, both rows are held against the
# call that was seen (decide.c).

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../rows";
use RowFiles;
use Test::More;

plan skip_all => 'the recorder is a plugin of x86_64\'s qemu'
	if `uname -m` !~ /^x86_64/;
plan skip_all => 'needs qemu-mipsel 7.2 (qemu-user of Debian 12)'
	if (`qemu-mipsel --version 2>/dev/null` // '') !~ /version 7\.2/;

my $dwunw = RowFiles::dwunw();
my $build = RowFiles::build_dir();
my $dir = RowFiles::dir();
my $scan = "$build/tests/scan";
my $decide = "$scan/decide";
open(my $list, '<', "$scan/corpus") or die "$scan/corpus: $!";
my @corpus = map { [split(' ', $_, 5)] } <$list>;

my %number = (sp => 29, s8 => 30, fp => 30, ra => 31);

# "c=sp+32 ra=c-4" as decide.c wants it; undef: registers it has no number of
sub row {
	my ($text) = @_;
	return '- - -' if $text eq '-';
	my ($reg, $offset, $ra) = $text =~ /^c=(\w+)([+-]\d+) ra=(\S+)$/ or
		return undef;
	$ra = $ra eq 's' ? 'r31' : $ra =~ /^c/ ? $ra :
		defined $number{$ra} ? "r$number{$ra}" : return undef;
	return defined $number{$reg} ? "$number{$reg} $offset $ra" : undef;
}

# The differences of a file: [vaddr, class, right by a milder rule, rows]
sub differences {
	my ($path, @options) = @_;
	my @found;
	for (`'$dwunw' rows --compare --verbose @options '$path'`) {
		my ($vaddr, $class, $rule, $scan, $cfi) =
			/^diff 0x(\w+) (\S+) (\S+) other (.*) ; (.*)$/ or next;
		my @rows = (row($scan), row($cfi));
		push @found, [$vaddr, $class, $rule ne 'lenient', @rows]
			if defined $rows[0] && defined $rows[1];
	}
	return @found;
}

# "vaddr samples right right" of each that was executed
sub decided {
	my ($snap, $path, @differences) = @_;
	return () unless @differences;
	open(my $out, '>', "$dir/differences") or die "$dir/differences: $!";
	print $out "@$_[0, 3, 4]\n" for @differences;
	close($out);
	return map { [split] } `'$decide' '$snap' '$path' <'$dir/differences'`;
}

for my $target (qw(mips32el mips32eb)) {
	SKIP: {
		my ($lua) = grep { $_->[0] eq $target && $_->[1] eq 'lua' } @corpus;
		my (undef, undef, undef, $path, $reason) = @{ $lua // [] };
		skip "$target lua: " . ($reason // 'none'), 1
			if ($path // '-') eq '-';
		my $snap = "$scan/recorded/$target-lua.snap";

		my @all = differences($path);
		my @mild = grep { $_->[2] } @all;
		my @seen = decided($snap, $path, @mild);
		my @scan = grep { $_->[2] == $_->[1] } @seen;
		my @cfi = grep { $_->[3] == $_->[1] } @seen;
		cmp_ok(scalar(@seen), '>=', 50,
			"$target: at least 50 places that differ strictly only");
		is(scalar(@scan), scalar(@seen),
			"$target: the scan is right at each, each time");
		diag(sprintf('%s lua: %d of %d places that differ strictly ' .
			'only were executed: the scan is right at %d, CFI ' .
			'at %d', $target, scalar(@seen), scalar(@mild),
			scalar(@scan), scalar(@cfi)));

		# the others, if any: also those of a stripped file
		for my $how ([], ['--no-symbols']) {
			my @rest = decided($snap, $path,
				grep { !$_->[2] } differences($path, @$how));
			my $right = grep { $_->[2] == $_->[1] } @rest;
			diag("$target lua @$how: of " . @rest . ' executed ' .
				"places that differ otherwise the scan is " .
				"right at $right") if @rest;
		}

		# it sees a wrong row
		my @wrong = map { [@$_[0 .. 2], $_->[3] =~ s/c-4$/c-8/r,
			$_->[4] =~ s/\+(\d+)/'+' . ($1 + 8)/er] } @mild;
		my @refused = grep { $_->[2] == 0 && $_->[3] == 0 }
			decided($snap, $path, @wrong);
		cmp_ok(scalar(@refused), '>=', 0.9 * @seen,
			"$target: rows that are wrong are seen to be");
	}
}
done_testing();
