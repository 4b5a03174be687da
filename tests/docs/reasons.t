#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# doc/troubleshooting.md has a heading for each reason why a stack ends, with the
# words that the tools print; a line for each result of a scan, and for each mark
# of a frame. So has its Chinese edition, and neither has one that is gone.

use strict;
use warnings;
use File::Basename;
use Test::More;
use lib dirname(__FILE__);
use Blocks;

chdir dirname(__FILE__) . '/../..' or die $!;

# The numbers of an enum, without their prefix.
sub enumerators {
	my ($header, $enum, $prefix) = @_;
	my $text = Blocks::slurp($header) =~ s{/\*.*?\*/}{ }gsr;
	my ($body) = $text =~ /\benum\s+$enum\s*\{([^}]*)\}/ or
		die "$header: no enum $enum";
	return map { /^\s*\Q$prefix\E(\w+)/ ? $1 : () } split(/,/, $body);
}

my $walk = 'include/dwunw/walk.h';
my @reasons = enumerators($walk, 'dwunw_stop_reason', 'DWUNW_STOP_');
my @results = enumerators('include/dwunw/scan.h', 'dwunw_scan_result',
	'DWUNW_SCAN_');
my @hows = enumerators($walk, 'dwunw_frame_how', 'DWUNW_HOW_');
cmp_ok(scalar(@reasons), '>=', 15, 'reasons are read: ' . @reasons);
cmp_ok(scalar(@results), '>=', 10, 'results of scans are read: ' . @results);
cmp_ok(scalar(@hows), '>=', 8, 'evidence is read: ' . @hows);

# The texts that are printed for a reason, by its case or the function that this
# calls.
my $printed = Blocks::slurp('port/linux/stop_text.c');
sub words_of {
	my ($reason) = @_;
	my ($case) = $printed =~ /\bcase DWUNW_STOP_$reason:(.*?)\bbreak;/s;
	return () unless defined $case;
	$case = $1 if $case =~ /^\s*(\w+_text)\(/ &&
		$printed =~ /^static void $1\(.*?\n\{\n(.*?)^\}/ms;
	$case =~ s/"\s*\n\s*"//g;
	return $case =~ /"((?:[^"\\]|\\.)*)"/g;
}

sub is_list {
	my ($got, $want, $name) = @_;
	is(join(', ', sort @$got), join(', ', sort @$want), $name);
}

# The first column of the table whose heading's first cell is $head.
sub column {
	my ($text, $head) = @_;
	my ($rows) = $text =~ /^\| $head \|[^\n]*\n\|[-|]*\n((?:\|[^\n]*\n)+)/m or
		return ();
	return map { /^\| `?([^|`]*?)`? \|/ ? $1 : () } split(/\n/, $rows);
}

my %editions = ('doc/troubleshooting.md' => ['mark', 'instructions'],
	'doc/zh/troubleshooting.md' => ['标记', '指令']);
for my $path (sort keys %editions) {
	my ($mark, $instructions) = @{$editions{$path}};
	my $text = Blocks::slurp($path);
	my %headings;
	push @{$headings{$2}}, $1
		while $text =~ /^## (.*) \(([A-Z][A-Z_]*)\)(?: *<a id=[^>]*><\/a>)?$/mg;

	# a stack that is whole is explained before the first heading
	is_list([keys %headings], [grep { $_ ne 'ROOT' } @reasons],
		"$path: a heading for each reason");
	is_list([grep { @{$headings{$_}} > 1 } keys %headings], [],
		"$path: … one for each");
	for my $reason (sort keys %headings) {
		my $all = join("\n", words_of($reason));
		# "0x… is in no mapping; … is no code": each has its fixed words
		my @missing = grep { length && index($all, $_) < 0 }
			map { s/^\s+|\s+$//gr }
			map { split /0x…|…|FILE|\(STATUS\)|;/ }
			$headings{$reason}[0];
		is(join(', ', @missing), '', "$path: the words of $reason") or
			diag("printed: $all");
	}
	is_list([column($text, $instructions)],
		[map { lc(s/_/ /gr) } grep { $_ ne 'OK' } @results],
		"$path: a line for each result of a scan");
	is_list([column($text, $mark)], ['guess', 'bad cfi', map { lc }
		grep { !/^(?:EVENT|CFI)$/ } @hows], "$path: a line for each mark");
}

# dwunw_stop_name() has a word for each, which SPEC.md explains.
my $names = Blocks::slurp('core/base/names.c');
is_list([$names =~ /\[DWUNW_STOP_(\w+)\] = /g], \@reasons,
	'dwunw_stop_name() has a name for each reason');
done_testing();
