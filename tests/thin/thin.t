#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Thin evidence: recorded stacks of four targets, walked with what tells how to
# walk them taken away: CFI, some of it, symbols, section headers, registers,
# stack words, the rest of a copy, return addresses. Every walk is held against
# a shadow call stack (thin.c says what is counted).
#
# What must be: no frame that is not true and not marked as a guess, no false
# end; of frames marked as a guess at most 1 % wrong; and in each cell at least
# as many exact walks as in today.list, which commit 29867a9 gave.
#
# Recordings named -each have the first instructions of a program, each of them.
#
# Short: every 3rd sample; of the cells of registers, words, copies and return
# addresses every 30th. THIN_LONG=1: every sample, and every recording in $BUILD/stacks
# as well. THIN_ONLY: names, by a regular expression. THIN_LIST: a file that
# today.list can be made from.

use strict;
use warnings;
use File::Basename;
use File::Temp;
use Test::More;

my @targets = qw(x86_64 arm64 mips32el mips32eb);
my @columns = qw(walks exact short guess wrong false right unright ends);
my $build = $ENV{BUILD} // 'build/x86_64';
my $dir = "$build/tests/thin";
my $here = dirname(__FILE__);
my $only = $ENV{THIN_ONLY} // '.';
my $every = $ENV{THIN_EVERY} // ($ENV{THIN_LONG} ? 1 : 30);
my $work = File::Temp->newdir();

plan skip_all => 'the recorder is a plugin of x86_64\'s qemu'
	if `uname -m` !~ /^x86_64/;
plan skip_all => "$dir/thin is not built: make test-programs"
	if !-x "$dir/thin";

# --- the files that evidence is taken from ---

# FDEs, sections, symbols of functions, as readelf reads them.
sub counts {
	my ($file) = @_;
	my $fdes = grep { / FDE / } `readelf -wF '$file' 2>&1`;
	my $complaints = grep { /Warning|Error|corrupt/i }
		`readelf -wF '$file' 2>&1`;
	my $sections = grep { /^ +\[ *\d+\]/ } `readelf -SW '$file' 2>/dev/null`;
	my $symbols = 0;
	my $table = '';
	for (`readelf -sW '$file' 2>/dev/null`) {
		$table = $1 if /^Symbol table '(\S+)'/;
		$symbols++ if $table eq '.symtab' && / FUNC /;
	}
	return ($fdes, $sections, $symbols, $complaints);
}

sub left_of {
	my ($program, $cell) = @_;
	system("$dir/thin", '--save', $cell, $program, "$work/left") == 0 or
		return (-1, -1, -1, 1);
	return counts("$work/left");
}

for my $name (qw(x86_64-shapes-gcc-O2-d mips32eb-shapes-gcc-O2debug)) {
	SKIP: {
		my $program = "$dir/$name";
		skip "no $name", 5 if !-x $program;
		my ($fdes, $sections, $symbols) = counts($program);
		my ($less, undef, undef, $bad) = left_of($program, 'fdes-70');
		ok(!$bad && $less > 0.6 * $fdes && $less < 0.8 * $fdes,
			"$name: of $fdes FDEs $less are left");
		my @left = left_of($program, 'no-cfi');
		is($left[0], 0, "$name: without CFI none is left");
		is($left[2], $symbols, "$name: and the $symbols symbols are");
		@left = left_of($program, 'no-symbols');
		is($left[2], 0, "$name: without symbols none is left");
		@left = left_of($program, 'no-sections');
		is($left[1], 0, "$name: of $sections sections none is left");
	}
}

# --- walks ---

my @snaps = grep { /$only/ } glob("$dir/*.snap");
push @snaps, grep { /$only/ } glob("$build/stacks/*.snap " .
	"$build/stacks/scan/*.snap $build/stacks/cross/*.snap")
	if $ENV{THIN_LONG};
plan skip_all => 'nothing is recorded: qemu-user 7.2 is needed (Debian 12)'
	if !grep { -s } @snaps;

# Two at a time.
sub walk_all {
	for my $half (0, 1) {
		my $pid = fork() // die "fork: $!\n";
		next if $pid;
		my @mine = @snaps[grep { $_ % 2 == $half } 0 .. $#snaps];
		exec('sh', '-c', 'every=$1 out=$2; shift 2;
			for snap; do
				case $snap in
				*-each.snap) set -- --every 1 --files ;;
				*) set -- --every $every ;;
				esac
				"$0" "$@" "$snap" || exit
			done >"$out"', "$dir/thin", $every,
			"$work/$half.out", grep { -s } @mine);
	}
	my $good = 1;
	while (wait() > 0) {
		$good = 0 if $?;
	}
	return $good;
}
ok(walk_all(), scalar(@snaps) . ' recordings are walked');

# target => cell => [counts]
my (%sums, @cells);
sub add {
	my ($target, $cell, @counts) = @_;
	push @cells, $cell if !grep { $_ eq $cell } @cells;
	my $sum = $sums{$target}{$cell} //= [(0) x @columns];
	$sum->[$_] += $counts[$_] for 0 .. $#counts;
}
for my $file (glob("$work/*.out")) {
	open(my $in, '<', $file) or die "$file: $!\n";
	while (<$in>) {
		my ($target, $cell, $label, @counts) = split;
		# an instruction each weighs what a sample does, but is many
		$cell = "each:$cell" if defined $label && $label =~ /-each$/;
		add($target, $cell, @counts) if @counts == @columns;
	}
}
if (defined $ENV{THIN_LIST}) {
	open(my $out, '>', $ENV{THIN_LIST}) or die "$ENV{THIN_LIST}: $!\n";
	for my $target (@targets) {
		printf $out "%-8s %-36s %s\n", $target, $_,
			join(' ', @{$sums{$target}{$_}}) for @cells[grep {
			$sums{$target}{$cells[$_]} } 0 .. $#cells];
	}
	close($out);
}

my %today;
my $list = "$here/today" . ($ENV{THIN_LONG} ? '-long' : '') . '.list';
if (open(my $in, '<', $list)) {
	while (<$in>) {
		my ($target, $cell, @counts) = split(' ', s/#.*//r);
		$today{$target}{$cell} = \@counts if defined $cell;
	}
}

# --- what came out ---

# In the table registers are one row.
sub row {
	my ($all, $target, $name) = @_;
	my @sum = (0) x @columns;
	my $found;
	for (keys %{$all->{$target}}) {
		next if s/-\d+$//r ne $name && $_ ne $name ||
			$name !~ /lost$/ && $_ ne $name;
		my $counts = $all->{$target}{$_};
		$sum[$_] += $counts->[$_] for 0 .. $#columns;
		$found = 1;
	}
	return $found ? \@sum : undef;
}

sub print_table {
	my ($target) = @_;
	diag(sprintf('%-8s %-26s %7s %7s %6s %5s %6s %6s %11s   %s', $target,
		'evidence', 'walks', 'exact', 'short', 'guess', 'wrong',
		'false', 'guesses', 'today: exact wrong false'));
	my %seen;
	for my $cell (map { s/(lost)-\d+$/$1/r } @cells) {
		next if $seen{$cell}++;
		my $now = row(\%sums, $target, $cell) or next;
		my $then = row(\%today, $target, $cell);
		diag(sprintf('%-8s %-26s %7d %7d %6d %5d %6d %6d %5d+%5d   %s',
			'', $cell, @$now[0 .. 7], $then ? sprintf(
			'%7d %6d %6d', @$then[1, 4, 5]) : '-'));
	}
}

# As many exact, by plain count where the recordings are those of the list: as
# many walks in each cell. Others (of other compilers, or another libc) vary: by
# two standard deviations and one walk.
sub same_recordings {
	my ($target) = @_;
	for (keys %{$sums{$target}}) {
		my $then = $today{$target}{$_} or next;
		return 0 if $then->[0] != $sums{$target}{$_}[0];
	}
	return 1;
}

sub as_many {
	my ($now, $then, $same) = @_;
	my $allowed = $same ? 0 : 1 + 2 * sqrt($then->[0] - $then->[1]);
	return $now->[1] / $now->[0] >= ($then->[1] - $allowed) / $then->[0];
}

for my $target (@targets) {
	SKIP: {
		my $sum = $sums{$target};
		skip "$target: no recordings", 5 if !$sum;
		print_table($target);
		my ($walks, $wrong, $false) = (0, 0, 0);
		my $same = same_recordings($target);
		my (@fewer, @guesses);
		for my $cell (sort keys %$sum) {
			my $now = $sum->{$cell};
			my $then = $today{$target}{$cell};
			$walks += $now->[0];
			$wrong += $now->[4];
			$false += $now->[5];
			push @fewer, "$cell: $now->[1] of $now->[0], " .
				"today $then->[1] of $then->[0]"
				if $then && $only eq '.' &&
				!as_many($now, $then, $same);
			push @guesses, "$cell: $now->[7] of " .
				($now->[6] + $now->[7])
				if $now->[7] * 100 > $now->[6] + $now->[7];
		}
		is($wrong, 0, "$target: none of $walks walks has a wrong " .
			'frame that is not marked as a guess');
		is($false, 0, "$target: none ends falsely at the start");
		ok(!@fewer, "$target: as many exact as today" .
			($same ? ', by plain count' : '')) or
			diag(join("\n", @fewer));
		my @poor = grep { /^each:/ && $sum->{$_}[1] <
			0.99 * $sum->{$_}[0] } sort keys %$sum;
		# x86_64's ld.so says by CFI alone what its PLT has pushed
		@poor = grep { !/no-cfi/ } @poor if $target eq 'x86_64';
		ok(!@poor, "$target: of each instruction 99 % are exact") or
			diag(join("\n", @poor));
		ok(!@guesses, "$target: of frames marked as a guess at " .
			'most 1 % are wrong') or diag(join("\n", @guesses));
	}
}
ok(scalar(%today), "$list is there") if $only eq '.' && !$ENV{THIN_LONG};
done_testing();
