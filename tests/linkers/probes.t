#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A leak tool on programs and libraries of each linker: its probe is at the
# function, so that it counts, and each stack is the chain that the source has.
# A probe is put at an offset in the file: by the segment that holds the address.

use strict;
use warnings;
use Cwd 'abs_path';
use File::Basename;
use Test::More;

my $build = $ENV{BUILD} // 'build/x86_64';
my $dir = abs_path("$build/tests/linkers/leak") // '';
my $tool = "$build/examples/memleak_bcc_dwunw/memleak_dwunw_user";

plan skip_all => "no $tool: make examples" unless -x $tool;
plan skip_all => 'probes need root' if $>;
plan skip_all => 'this kernel has no uprobes'
	unless -e '/sys/bus/event_source/devices/uprobe/type';
my @all = grep { -x } glob("$dir/*-plain $dir/*-static $dir/*-lib");
plan skip_all => 'no programs: make test-programs, on x86_64' unless @all;

# Functions of the stack of which most is leaked.
sub leaks {
	my ($pid, @how) = @_;
	my $text = `timeout 120 $tool -p $pid @how --older 0 1 1 2>&1`;
	my @names;
	my $in = 0;
	for (split /\n/, $text) {
		$in++ if /bytes in \d+ allocations from stack/;
		push @names, $1 if $in == 1 && /^\t\d+ \[<\w+>\] (\w+)/;
	}
	return (join(' ', @names), $text);
}

for my $program (@all) {
	my $name = basename($program);
	my $pid = fork() // die $!;
	if (!$pid) {
		exec $program;
		die $!;
	}
	my @runs = ([ '-S own_', qr/^request main .*_start$/ ],
		[ '', qr/^own_malloc request main .*_start$/ ]);
	for my $run (@runs) {
		my ($how, $want) = @$run;
		$how .= ' -O ' . dirname($program) . '/libown-' .
			($name =~ s/-lib$//r) . '.so'
			if $how && $name =~ /-lib$/;
		my ($got, $text) = leaks($pid, $how);
		like($got, $want, "$name: " . ($how || 'malloc')) or diag($text);
	}
	kill('KILL', $pid);
	waitpid($pid, 0);
}
done_testing;
