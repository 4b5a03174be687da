#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# File, line and inlined calls in the leak tools' reports, as addr2line has them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use Test::More;

need_bpf();
my $addr2line = `addr2line --version 2>/dev/null`;
plan(skip_all => 'no addr2line') unless $addr2line;

my $target = built('inlined');

# addr2line's "function file:line" of the call before an address, inwards first.
sub truth {
	my ($addr) = @_;
	my @lines = split /\n/,
	    `addr2line -f -i -e $target ${\ sprintf '0x%x', $addr - 1}`;
	my @levels;
	while (my ($function, $line) = splice @lines, 0, 2) {
		push @levels, "$function " . $line =~ s/ .*//r;
	}
	return @levels;
}

# The frames of a report: [address, levels as truth() gives them].
sub frames {
	my ($text) = @_;
	my (@frames, @inlined);
	for (split /\n/, $text) {
		if (/^\t +(\S+) \(inlined\) (\S+)/) {
			push @inlined, "$1 $2";
		} elsif (/^\t(?:#?\d+ +)(?:0x|\[<)([0-9a-f]+)(?:>\])? +(\S+)\+0x[0-9a-f]+ (\S+:\d+) +\[inlined\]/) {
			push @frames, [hex $1, @inlined, "$2 $3"];
			@inlined = ();
		}
	}
	return @frames;
}

my $pid = start($target);
my $tool = program('') . '../memleak_bcc_dwunw/memleak_dwunw_user';
my @tools = (['memleak_user', program('memleak_user'), '-p', $pid, '-d', 1,
	'-n', 1]);
push @tools, ['memleak_dwunw_user', $tool, '-p', $pid, 1, 1] if -x $tool;
for (@tools) {
	my ($name, @command) = @$_;
	my ($text) = run('timeout', 60, @command);
	my @frames = frames($text);

	cmp_ok(scalar @frames, '>=', 2, "$name: frames of the program") or
	    diag($text);
	cmp_ok(scalar @{ $frames[0] // [] }, '==', 4,
		"$name: two inlined calls and their function");
	for my $frame (@frames) {
		my ($addr, @levels) = @$frame;
		is_deeply(\@levels, [truth($addr)],
			sprintf '%s: 0x%x: %s', $name, $addr, $levels[-1]);
	}
}
stop($pid);
done_testing();
