#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# `dwunw rows --compare` sees each way in which CFI and code can differ, and
# none where they do not: lies.S, whose CFI lies on purpose.

use strict;
use warnings;
use Test::More;

my $build = $ENV{BUILD} // 'build/x86_64';
my $file = "$build/tests/truth/lies.so";
plan skip_all => 'lies.S is of x86_64, and is not built elsewhere'
	if !-e $file;

# What is said of a place in each function: "kind call|other" => how often.
my (%said, @names);
for (`nm -n '$file'`) {
	my ($vaddr, $type, $name) = split;
	push @names, [hex($vaddr), $name]
		if ($name // '') =~ /^(?:true|lies)_/;
}
for (`'$build/dwunw' rows --compare --verbose '$file'`) {
	next unless /^(diff|register) 0x(\w+) (\S+) (?:(\S+) (\S+))?/;
	my ($what, $vaddr) = ($1, hex($2));
	my ($name) = map { $_->[1] } grep { $_->[0] <= $vaddr } reverse @names;
	$said{$name}{$what eq 'diff' ? "$3 $5" : "register $3"}++ if $name;
}

sub said {
	my ($name) = @_;
	return join(', ', sort keys %{$said{$name} // {}});
}

my %wanted = (
	true_sp => '', true_fp => '', true_leaf => '',
	lies_sp => 'cfa call, cfa other',
	lies_fp => 'cfa call, cfa other',
	lies_varies => 'cfa other, varies call, varies other',
	lies_ra => 'ra-place call, ra-place other',
	lies_saved => 'register r12, register rbx',
);
is(scalar(@names), scalar(keys %wanted), 'all functions are there');
is(said($_), $wanted{$_}, "$_: " . ($wanted{$_} || 'no difference'))
	for sort keys %wanted;
done_testing();
