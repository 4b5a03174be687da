#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Executed truth: programs without CFI, whose functions are of every kind that
# is hard to follow (programs/), run under qemu-user with a shadow call stack;
# each recorded stack is walked twice, with symbols and without symbols and
# section headers, and every frame is held against the chain of calls that was
# seen (judge.c).
#
# What must be: no frame that is not of the chain, no stack that is said to be
# whole and is not, and nearly all of them whole. Stacks of each program are
# recorded anew; TRUTH_SAMPLES says how many (400; with DWUNW_LONG=1 1,200, which
# are at least 20,000 a target), and TRUTH_ONLY names the programs by a regular
# expression. TRUTH_REPORT is a file for every place that was not left exactly.

use strict;
use warnings;
use Cwd;
use File::Basename;
use File::Temp;
use Test::More;

# Whole stacks, in percent.
my %whole = (x86_64 => 95, arm64 => 97, mips32el => 97, mips32eb => 97);
my @targets = qw(x86_64 arm64 mips32el mips32eb);
my %qemu = (
	x86_64 => [qw(qemu-x86_64 -cpu max)],
	arm64 => ['qemu-aarch64', '-cpu', 'max,pauth-impdef=on'],
	# the memory of 32-bit guests begins where qemu is told
	mips32el => [qw(qemu-mipsel -B 0x10000000)],
	mips32eb => [qw(qemu-mips -B 0x10000000)],
);
my $samples = $ENV{TRUTH_SAMPLES} // ($ENV{DWUNW_LONG} ? 1200 : 400);
my $only = $ENV{TRUTH_ONLY} // '.';
my $least = $ENV{DWUNW_LONG} && !defined $ENV{TRUTH_SAMPLES} && $only eq '.' ?
	20_000 : 0;
my $tests = Cwd::abs_path($ENV{BUILD} // 'build/x86_64') . '/tests';
my $dir = "$tests/truth";
my $work = File::Temp->newdir();

plan skip_all => 'the recorder is a plugin of x86_64\'s qemu'
	if `uname -m` !~ /^x86_64/;
for (map { $qemu{$_}[0] } @targets) {
	plan skip_all => "needs $_ 7.2 (qemu-user of Debian 12)"
		if (`$_ --version 2>/dev/null` // '') !~ /version 7\.2/;
}
plan skip_all => "$dir/judge is not built: make test-programs"
	if !-x "$dir/judge";

# Records one program as NAME.snap. Undef, or why not.
sub record {
	my ($name) = @_;
	my ($target) = split(/-/, $name);
	my $plugin = $target eq 'x86_64' ? 'shadow.so' : 'shadow_lr.so';
	my $options = join(',', "out=$work/$name.snap", "label=$name",
		$target =~ /^mips/ ? 'base=0x10000000' : (),
		# libc's start is but a few stacks
		'period=' . ($name =~ /-libc$/ ? 1009 : 211),
		'steps=100000000', "samples=$samples", 'cap=262144', 'seed=1');
	# the same stack addresses wherever the program lies
	my $said = `cd '$dir/full' && env -i PATH=/usr/bin:/bin \\
		@{$qemu{$target}} -singlestep -plugin \\
		'$tests/stacks/$plugin,$options' './$name' 2>&1 </dev/null`;
	return $said =~ /^\Q$name\E: \d+ steps, (\d+) samples/m &&
		$1 >= 0.9 * $samples ? undef : "$name: $said";
}

# { samples, exact, …, misses => [[kind, vaddr, samples, …]] }
sub judge {
	my ($name, @options) = @_;
	my %sum = (misses => []);
	for (`'$dir/judge' @options '$work/$name.snap' 2>&1`) {
		my ($what, @words) = split;
		if ($what eq 'total') {
			%sum = (%sum, @words);
		} elsif ($what eq 'miss') {
			push @{$sum{misses}}, \@words;
		} else {
			warn $_;
		}
	}
	return \%sum;
}

# Names of functions, by address.
sub names_of {
	my ($name) = @_;
	my @names;
	for (`nm -n '$dir/full/$name'`) {
		my ($vaddr, $type, $symbol) = split;
		push @names, [hex($vaddr), $symbol] if defined $symbol &&
			$type =~ /^[tw]$/i && $symbol !~ /^\$|^__(?:pool|pend|jump|jend)_/;
	}
	return \@names;
}

sub name_of {
	my ($names, $vaddr) = @_;
	my ($low, $high) = (0, scalar(@$names));
	while ($low < $high) {
		my $middle = int(($low + $high) / 2);
		if ($names->[$middle][0] <= $vaddr) {
			$low = $middle + 1;
		} else {
			$high = $middle;
		}
	}
	return '?' if $low == 0;
	return sprintf('%s+0x%x', $names->[$low - 1][1],
		$vaddr - $names->[$low - 1][0]);
}

my $report;
if (defined $ENV{TRUTH_REPORT}) {
	open($report, '>', $ENV{TRUTH_REPORT}) or
		die "$ENV{TRUTH_REPORT}: $!\n";
}

# KIND of KINDS by function, over all programs of a target.
sub note_misses {
	my ($name, $how, $sum, $places) = @_;
	return unless @{$sum->{misses}};
	my $names = names_of($name);
	for (@{$sum->{misses}}) {
		my ($kind, $vaddr, $count, $evidence, $stop, $scan, $wanted,
			$got, $step) = @$_;
		my $at = name_of($names, hex($vaddr));
		$places->{$kind}{$at =~ s/\+.*//r} += $count;
		printf $report "%-24s %-7s %-5s %4d %s 0x%s %s %s %s wanted " .
			"%s got 0x%s step %s\n", $name, $how, $kind, $count,
			$at, $vaddr, $evidence, $stop, $scan,
			name_of($names, hex($wanted)), $got, $step if $report;
	}
}

sub one {
	my ($name) = @_;
	my $why = record($name);
	return { why => $why } if defined $why;
	my %sums = (symbols => judge($name),
		none => judge($name, '--files', "'$dir/bare'"));
	unlink "$work/$name.snap";
	return \%sums;
}

# Two at a time; each writes what it found into a file.
sub all_of {
	my (@names) = @_;
	my %found;
	for my $half (0, 1) {
		my $pid = fork() // die "fork: $!\n";
		next if $pid;
		require Storable;
		for (grep { $_ % 2 == $half } 0 .. $#names) {
			Storable::store(one($names[$_]),
				"$work/$names[$_].sums");
		}
		require POSIX;
		POSIX::_exit(0);
	}
	1 while wait() != -1;
	require Storable;
	for (@names) {
		$found{$_} = -e "$work/$_.sums" ?
			Storable::retrieve("$work/$_.sums") :
			{ why => 'it ended early' };
	}
	return \%found;
}

my @columns = qw(samples exact unended short wrong unmarked false);
diag(sprintf('%-26s %-7s' . ' %8s' x @columns . ' %8s', 'stacks', '', @columns,
	'exact %'));

sub print_row {
	my ($name, $how, $sum) = @_;
	diag(sprintf('%-26s %-7s' . ' %8d' x @columns . ' %8.3f', $name, $how,
		(map { $sum->{$_} // 0 } @columns),
		100 * ($sum->{exact} // 0) / ($sum->{samples} || 1)));
}

for my $target (@targets) {
	my @names = grep { /$only/ } map { basename($_) }
		glob("$dir/bare/$target-*");
	SKIP: {
		skip "$target: no programs, as there is no compiler", 1
			unless @names;
		my $found = all_of(@names);
		my %failed = map { ($_ => $found->{$_}{why}) }
			grep { defined $found->{$_}{why} } @names;
		is(join(' ', sort keys %failed), '',
			"$target: all " . @names . ' programs are recorded') or
			diag($_) for values %failed;
		for my $how (qw(symbols none)) {
			my (%total, %places);
			for my $name (@names) {
				my $sum = $found->{$name}{$how} or next;
				print_row($name, $how, $sum);
				$total{$_} += $sum->{$_} for @columns;
				note_misses($name, $how, $sum, \%places);
			}
			print_row($target, $how, \%total);
			for my $kind (sort keys %places) {
				my $of = $places{$kind};
				my @worst = sort { $of->{$b} <=> $of->{$a} ||
					$a cmp $b } keys %$of;
				diag("$target $how $kind: " . join(', ',
					map { "$_ $of->{$_}" }
					@worst[0 .. ($#worst > 11 ? 11 :
						$#worst)]));
			}
			my $want = 0.9 * $samples * @names;
			$want = $least if $want < $least;
			cmp_ok($total{samples}, '>=', $want,
				"$target, $how: $total{samples} stacks");
			is($total{wrong}, 0, "$target, $how: no wrong frame");
			is($total{false}, 0,
				"$target, $how: none is called whole that is " .
				'not');
			cmp_ok($total{exact}, '>=',
				$whole{$target} / 100 * $total{samples},
				"$target, $how: $whole{$target} % are whole");
			is($total{unended}, 0,
				"$target, $how: those that are are known to be");
		}
	}
}
done_testing();
