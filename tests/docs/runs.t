#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The documents' commands are run in a tree as a reader has it, and their outputs
# are what is printed now: see Blocks.pm for how a fence says which.

use strict;
use warnings;
use Cwd;
use File::Basename;
use File::Temp;
use Test::More;
use lib dirname(__FILE__);
use Blocks;

my $top = Cwd::abs_path(dirname(__FILE__) . '/../..');
chdir $top or die "$top: $!";
chomp(my $machine = `uname -m`);
$machine = 'arm64' if $machine eq 'aarch64';
my $build = Cwd::abs_path($ENV{BUILD} // "build/$machine");
my $root = dirname($build);
my $work = File::Temp->newdir;
my $serial = 0;

# The commands are a user's: they know nothing of the make that runs this.
delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS CC CXX AR NM SIZE ARCH EXEC FOREIGN
	CLANG CROSS_COMPILE SANITIZE V O MAKE BUILD CONFIG_H)};

# --- shell -----------------------------------------------------------------------

# The tree as who has cloned and built it sees it, with the document's files.
my %trees;
sub tree_of {
	my ($path) = @_;
	return $trees{$path} if $trees{$path};
	my $tree = $trees{$path} = "$work/tree" . ++$serial;
	mkdir $tree;
	mkdir "$tree/build";
	symlink "$top/$_", "$tree/$_"
		for grep { !/^build$/ } map { basename($_) } glob "$top/*";
	symlink $_, "$tree/build/" . basename($_) for glob "$root/*";
	for my $block (Blocks::of($path)) {
		Blocks::put("$tree/$block->{name}", $block->{text})
			if $block->{class} =~ /^(file|bpf)$/;
	}
	return $tree;
}

sub run_sh {
	my ($title, $block) = @_;
	my $tree = tree_of($block->{path});
	my $script = "$work/" . ++$serial . '.sh';
	Blocks::put($script, $block->{text});
	my $said = `cd '$tree' && DWUNW='$tree' sh -e '$script' 2>&1`;
	is($? >> 8, 0, $title) or diag($said);
}

# --- what is printed ----------------------------------------------------------------

# Numbers, addresses and spaces differ from run to run, shares do not.
sub shape {
	my ($line) = @_;
	$line =~ s/\b(?:0x[0-9a-f]+|[0-9a-f]*[0-9][0-9a-f]*)\b(?! %)/N/g;
	$line =~ s/\s+/ /g;
	$line =~ s/^ | $//g;
	return $line;
}

# The document's lines follow one another in what was printed; "…" is any
# number of lines.
sub follows {
	my ($wanted, $printed) = @_;
	my @want = map { shape($_) } split /\n/, $wanted;
	my @got = map { shape($_) } split /\n/, $printed;
	my $first = 0;
	START: for my $start (0 .. $#got) {
		my $at = $start;
		for my $i (0 .. $#want) {
			if ($want[$i] eq '…') {
				my $next = $want[$i + 1];
				$at++ while defined $next && $at <= $#got &&
					$got[$at] ne $next;
				next;
			}
			$first = $i if $i > $first;
			next START unless $at <= $#got && $got[$at] eq $want[$i];
			$at++;
		}
		return '';
	}
	return "not printed: $want[$first]";
}

sub compare {
	my ($title, $block) = @_;
	my $script = "tests/docs/outputs/$block->{name}.sh";
	return ok(0, "$title: there is no $script") unless -x $script;
	my $tree = tree_of($block->{path});
	my $printed = `BUILD='$build' TREE='$tree' '$script' 2>&1`;
	my $status = $? >> 8;
	SKIP: {
		chomp(my ($why) = split /^/, $printed || "no reason given\n");
		skip("$title: $why", 1) if $status == 77;
		is($status ? "exit status $status" :
			follows($block->{text}, $printed), '', $title) or
			diag($printed);
	}
}

# --- all of them ----------------------------------------------------------------------

my %how = (run => \&run_sh, output => \&compare);
my %needs = (
	run => [$machine eq 'x86_64', 'its commands are those for x86_64'],
);
my @documents = @ARGV ? @ARGV : Blocks::documents();
Blocks::each_of(\@documents, \%how, \%needs);
done_testing();
