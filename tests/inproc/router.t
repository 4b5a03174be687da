#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The recorder as a router has it (port/inproc/defconfig): musl, mips32 of both byte
# orders, as MIPS32 code and as MIPS16e code. Its size; stacks, by rows and by
# dwunw_walk(); and what a program of another machine has left, reported here.

use strict;
use warnings;
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use Inproc;

need_inproc();

my %qemu = (mips32el => 'qemu-mipsel', mips32eb => 'qemu-mips');
my %triple = (mips32el => 'mipsel-linux-gnu', mips32eb => 'mips-linux-gnu');
# bytes of text, and of the file without its symbols
my %budget = (mips32 => 141_000, mips16 => 107_000);

# Runs a program of it, with the recorder: as run_with().
sub run_there {
	my ($target, $place, $env, @command) = @_;
	local $ENV{EXEC} = $qemu{$target};
	local $Inproc::foreign = 1;
	local $Inproc::preload = "$place/libdwunw-preload.so";
	local @Inproc::libraries = ();
	return run_with({ env => $env }, @command);
}

sub check {
	my ($target, $kind) = @_;
	my $place = built("router/$target-$kind");
	my $title = "$target, $kind";
	if (!-e "$place/.made" || !grep { -x "$_/$qemu{$target}" } split /:/, $ENV{PATH}) {
		ok(1, "$title # skip not built, or no $qemu{$target}");
		return;
	}
	my ($text) = `$triple{$target}-size $place/libdwunw-preload.so` =~ /^\s*(\d+)/m;
	cmp_ok($text, '<=', $budget{$kind}, "$title: bytes of text");
	diag("$title: $text bytes of text");
	my $r = run_there($target, $place, {}, "$place/blocks");
	my ($count, $bytes) = split ' ', $r->{out};
	my $report = `$build/dwunw report $r->{file} 2>&1`;
	my $sum = 0;
	for my $outer ('main', 'start') {
		my ($size) = $report =~ /^(\d+) bytes in 1000 allocations from stack
	#0 .* malloc\+0x0 .*
	#1 .* work\+.*
	#2 .* $outer\+/m;
		ok($size, "$title: the stack below $outer()") or diag $report;
		$sum += $size // 0;
	}
	is($sum, $bytes, "$title: they have the bytes that the program says");
	like($report, qr/main\+.*\n.*\n.*_start_c\+.*\n.*#\d+ .* _start\+.*\n\d/,
		"$title: main()'s goes on to the program's start");
	for my $use (qw(jumps signals threads plugins)) {
		$r = run_there($target, $place, { DWUNW_INPROC_CHECK => 1 },
			"$place/uses", $use);
		is("$r->{status} $r->{differ}", '0 0', "$title, $use: no stack differs")
		    or diag $r->{err};
		cmp_ok($r->{checked}, '>', 2500, "$title, $use: so many were compared");
	}
}

for my $target (sort keys %qemu) {
	check($target, $_) for qw(mips32 mips16);
}
done_testing();
