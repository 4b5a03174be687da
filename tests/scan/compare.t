#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Rows from instructions beside the call frame information of the same code,
# at every instruction of the corpus (corpus.list), with the functions' bounds
# from symbols and as in a stripped file.
#
# A place is right when CFA and return address are: strictly, or by the lenient
# rule, which takes either place of a return address that was saved while
# CFI still says "in its register". Which of the two holds there is decided
# by execution: tests/scan/decide.t.
#
# compare.list has what was right of each file before scans were a data flow, by
# a judge that took some luck for right: at most 0.2 points below that are
# allowed.
#
# zlib and lua of each target, on mips32 also as MIPS16e (lua once more, in
# one file with mips32 code); with DWUNW_LONG=1 all of the corpus, which takes
# minutes to build. With DWUNW_OFFLINE=1 what build/cache has.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../rows";
use RowFiles;
use Test::More;

$| = 1;
my $dwunw = RowFiles::dwunw();
my $dir = RowFiles::dir();
my $all = $ENV{DWUNW_LONG};
my @targets = qw(mips32el mips32eb arm64 x86_64);
my %triple = (x86_64 => 'x86_64-linux-gnu', arm64 => 'aarch64-linux-gnu',
	mips32el => 'mipsel-linux-gnu', mips32eb => 'mips-linux-gnu');

# What must be right, in percent: of call sites without symbols and with them;
# of all instructions by the lenient rule, and strictly where symbols are. The
# first line that matches counts.
my @wanted = (
	# printed only: libraries of hand-written code or of C++
	[qr/libstdc|libcrypto|libpython|^arm64 libc/, 0, 0, 0, 0],
	[qr/^mips32el libc\.so/, 99.5, 99.5, 0, 95],
	# the static one has libgcc's and libc's of mips32 besides
	[qr/mips16/, 99.5, 99.8, 99, 98.5],
	[qr/^mips32/, 99.9, 99.9, 99.5, 95],
	# its CFI leaves out epilogues
	[qr/^arm64 .*-clang/, 99, 99, 0, 0],
	[qr/^arm64 .*-pac/, 0, 98, 0, 99.5],
	[qr/^arm64/, 99, 99, 0, 99.5],
	# large, -O2, with parts of functions far away
	[qr/^x86_64 libc\.so/, 99.5, 99.9, 0, 98],
	[qr/^x86_64/, 99.8, 99.9, 0, 98],
);

sub wanted {
	my ($name) = @_;
	my ($found) = grep { $name =~ $_->[0] } @wanted;
	return @$found[1 .. 4];
}

# Points of a hundred.
my $below = 0.2;
my %before; # by "TARGET NAME": percent of call sites, no symbols, and symbols
open(my $list, '<', "$FindBin::Bin/compare.list") or
	die "tests/scan/compare.list: $!";
while (<$list>) {
	$before{"$1 $2"} = [$3, $4] if /^(\w\S*)\s+(\S+)\s+([\d.]+)\s+([\d.]+)$/;
}
close($list);

# { 'call-sites' and 'pcs': { all, strict, mid, lenient }, classes, text }
sub compare {
	my ($path, @options) = @_;
	my %sum = (classes => {});
	my $said = `'$dwunw' rows --compare @options '$path' 2>&1`;
	return { text => $said } if $?;
	for (split(/\n/, $said)) {
		if (/^total (\S+) (\d+) strict (\d+) mid (\d+) lenient (\d+)$/) {
			$sum{$1} = { all => $2, strict => $3, mid => $4,
				lenient => $5 };
		} elsif (/^class (\S+) (\d+) calls (\d+)$/) {
			$sum{classes}{$1} = [$2, $3];
		} elsif (/^(skipped|unjudged) +(\d+) /) {
			$sum{$1} = $2;
		}
	}
	$sum{text} = $said unless $sum{'call-sites'} && $sum{pcs};
	return \%sum;
}

sub share {
	my ($counts, $rule) = @_;
	return $counts->{all} ? 100 * $counts->{$rule} / $counts->{all} : 0;
}

# At least so many percent, not rounded up.
sub enough {
	my ($counts, $rule, $percent) = @_;
	return $counts->{all} &&
		$counts->{$rule} * 100 >= $percent * $counts->{all};
}

# Instructions, and the calls among them once more.
sub counted {
	my ($sum) = @_;
	return $sum->{pcs}{all} + $sum->{'call-sites'}{all} + $sum->{unjudged};
}

my %call = (x86_64 => qr/\tcall\b/, arm64 => qr/\tblr?\t/,
	mips => qr/\t(?:jal|jalr|bal|bgezal|bltzal|jalx)\t/);

# How many calls objdump sees.
sub calls {
	my ($target, $path) = @_;
	my $pattern = $call{$target =~ /^mips/ ? 'mips' : $target};
	my $count = 0;

	open(my $in, '-|', "$triple{$target}-objdump", '-d', '-j', '.text',
		'--no-show-raw-insn', $path) or die "objdump: $!";
	while (<$in>) {
		$count++ if /$pattern/;
	}
	close($in);
	return $count;
}

# --- the corpus -----------------------------------------------------------------

open(my $corpus, '<', RowFiles::build_dir() . '/tests/scan/corpus') or
	die "tests/scan/corpus is not built: $!";
my @files = grep { $all || $_->[1] =~ /^(zlib|lua)(-mips16.*)?$/ }
	map { chomp; [split(' ', $_, 5)] } <$corpus>;
cmp_ok(scalar(@files), '>=', $all ? 38 : 14, 'the corpus is listed');

my (@table, %classes, %sums);

sub row {
	my ($name, $role, $with, $without) = @_;
	push @table, sprintf('%-22s %-5s %7d %6d  %7.3f %7.3f %7.3f  ' .
		'%7.3f %7.3f %7.3f', $name, $role, $with->{pcs}{all},
		$with->{'call-sites'}{all},
		map { share($_->{'call-sites'}, 'lenient'),
			share($_->{pcs}, 'strict'),
			share($_->{pcs}, 'lenient') } $without, $with);
}

sub judge {
	my ($target, $name, $role, $path, $debug) = @_;
	my $title = "$target $name";
	my @debug = $debug eq '-' ? () : ('--debug-file', "'$debug'");
	my $with = compare($path, @debug);
	my $without = compare($path, '--no-symbols', @debug);
	my ($stripped, $bounds, $lenient, $strict) = wanted($title);

	for ($with, $without) {
		return fail("$title: it is compared") || diag($_->{text})
			if defined $_->{text};
	}
	is(counted($without), counted($with),
		"$title: the same instructions with and without symbols");
	# landing pads far from their function are reached by its LSDA alone, and
	# their CFA is in rbp of code that is not seen: 0.55 % of libstdc++
	cmp_ok($without->{unjudged} * 1000, '<=',
		($stripped ? 1 : 10) * $without->{pcs}{all},
		"$title: nearly all are judged");
	cmp_ok($with->{skipped}, '<=', 0.02 * $with->{pcs}{all},
		"$title: $with->{skipped} have no CFI to compare with") if $stripped;
	ok(enough($without->{'call-sites'}, 'strict', $stripped),
		"$title: call sites, no symbols: $stripped %");
	ok(enough($with->{'call-sites'}, 'strict', $bounds),
		"$title: call sites: $bounds %");
	ok(enough($_->{pcs}, 'lenient', $lenient),
		"$title: all instructions, lenient: $lenient %")
		for $without, $with;
	ok(enough($with->{pcs}, 'strict', $strict),
		"$title: all instructions, strict: $strict %");
	row($title, $role, $with, $without);
	my $old = $before{$title};
	if ($old) {
		ok(enough($without->{'call-sites'}, 'strict',
			$old->[0] - $below),
			"$title: call sites, no symbols: $old->[0] % before");
		ok(enough($with->{'call-sites'}, 'strict', $old->[1] - $below),
			"$title: call sites: $old->[1] % before");
	}
	for my $class (keys %{$without->{classes}}) {
		$classes{$target}{$class}[$_] += $without->{classes}{$class}[$_]
			for 0, 1;
	}
	$sums{$title} = $with;
}

for my $file (@files) {
	my ($target, $name, $role, $path, $debug) = @$file;
	SKIP: {
		skip "$target $name: $debug", 1 if $path eq '-';
		judge(@$file);
	}
}

# What is counted is what there is: every call of code that has CFI all over.
for my $file (@files) {
	my ($target, $name, $role, $path) = @$file;
	next if $path eq '-' || $name !~ /^(zlib|lua)/ || $name =~ /mips16/;
	my $counted = $sums{"$target $name"} or next;
	my $seen = calls($target, $path);
	cmp_ok($counted->{'call-sites'}{all}, '>=', 0.97 * $seen,
		"$target $name: the calls that objdump sees: $seen");
	cmp_ok($counted->{'call-sites'}{all}, '<=', $seen,
		"$target $name: … and no more");
}

# --- -g changes no instruction ----------------------------------------------------

sub text_of {
	my ($target, $path) = @_;
	my $copy = $dir . "/$target.text";
	my $why = RowFiles::run("$triple{$target}-objcopy", '-O', 'binary', '-j',
		'.text', $path, $copy);
	die "$path: $why\n" if defined $why;
	open(my $in, '<:raw', $copy) or die "$copy: $!";
	local $/;
	return <$in>;
}

sub slurp_if {
	open(my $in, '<', $_[0]) or return undef;
	return scalar(<$in>);
}

# musl's own build asks for no tables. The corpus has one with -g.
for my $file ($all ? grep { $_->[1] eq 'musl' && $_->[3] ne '-' } @files : ()) {
	my ($target, $name, $role, $path) = @$file;
	next if $target =~ /^mips/; # other flags than scripts/musl
	SKIP: {
		my $compiler = slurp_if(RowFiles::build_dir() .
			"/tests/scan/musl-$target");
		skip "no musl of $target", 1 unless $compiler;
		$compiler =~ s/bin\/[^\/]*$/lib\/libc.so/;
		ok(text_of($target, $path) eq text_of($target, $compiler),
			"$target musl: the code is that of a build without -g");
	}
}

# --- this test sees differences -----------------------------------------------------

# A copy of lua in which some functions save their return address one word lower
# than their CFI says, or open a larger frame.
sub altered {
	my ($path, $from, $to) = @_;
	my $copy = $dir . '/altered';
	open(my $in, '<:raw', $path) or die "$path: $!";
	my $bytes = do { local $/; <$in> };
	return undef unless $bytes =~ s/\Q$from\E/$to/g;
	open(my $out, '>:raw', $copy) or die "$copy: $!";
	print $out $bytes;
	close($out) or die "$copy: $!";
	return $copy;
}

my @altered = (
	# sw ra,28(sp); addiu sp,sp,-32
	['mips32el', pack('V', 0xafbf001c), pack('V', 0xafbf0018), 'ra-place'],
	['mips32eb', pack('N', 0xafbf001c), pack('N', 0xafbf0018), 'ra-place'],
	['mips32el', pack('V', 0x27bdffe0), pack('V', 0x27bdffd8), 'cfa'],
	# save 56,ra,s0-s1: 64
	['mips32el', pack('v', 0x64f7), pack('v', 0x64f8), 'cfa', 'lua-mips16'],
	['mips32eb', pack('n', 0x64f7), pack('n', 0x64f8), 'cfa', 'lua-mips16'],
	# stp x29,x30,[sp,-32]!, -48
	['arm64', pack('V', 0xa9be7bfd), pack('V', 0xa9bd7bfd), 'cfa'],
	# push %rbx; sub $16,%rsp: $24
	['x86_64', "\x53\x48\x83\xec\x10", "\x53\x48\x83\xec\x18", 'cfa'],
);
for (@altered) {
	my ($target, $from, $to, $class, $name) = @$_;
	$name //= 'lua';
	SKIP: {
		my ($file) = grep { $_->[0] eq $target && $_->[1] eq $name &&
			$_->[3] ne '-' } @files;
		skip "no $name of $target", 1 unless $file;
		my $copy = altered($file->[3], $from, $to);
		skip "$target: no such instruction", 1 unless defined $copy;
		my $seen = compare($copy);
		my $before = $sums{"$target $name"};
		cmp_ok($seen->{classes}{$class}[0] // 0, '>',
			$before->{classes}{$class}[0] // 0,
			"$target $name: another instruction is seen as '$class'");
		cmp_ok($seen->{pcs}{lenient}, '<', $before->{pcs}{lenient},
			"$target $name: … and counted");
	}
}

# --- figures ---------------------------------------------------------------------------

diag(sprintf('%-22s %-5s %7s %6s  %-23s  %-23s', '', '', '', '', 'no symbols',
	'with symbols'));
diag(sprintf('%-22s %-5s %7s %6s  %7s %7s %7s  %7s %7s %7s', 'percent right', '',
	'insns', 'calls', ('calls', 'strict', 'lenient') x 2));
diag($_) for @table;
for my $target (grep { $classes{$_} } @targets) {
	diag("$target, no symbols, what was not strictly right: " . join(', ',
		map { "$_ $classes{$target}{$_}[0] ($classes{$target}{$_}[1] " .
			'at calls)' } sort keys %{$classes{$target}}));
}
done_testing();
