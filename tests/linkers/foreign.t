#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Cores of static arm64 and mips32 programs by each linker, which qemu-user
# writes: the chain that the program told, from its own words; also with mappings
# split, in part gone, and with code moved to memory without a file (program.c).

use strict;
use warnings;
use Cwd 'abs_path';
use File::Temp 'tempdir';
use Test::More;

my $build = $ENV{BUILD} // 'build/x86_64';
my $dwunw = abs_path("$build/dwunw");
my $dir = abs_path("$build/tests/linkers") // '';
my %qemu = (aarch64 => 'qemu-aarch64', mipsel => 'qemu-mipsel',
	mips => 'qemu-mips');
my @all = glob("$dir/*-linux-gnu/*-*");
plan skip_all => 'no programs: make test-programs, with cross compilers'
	unless @all;

sub judge {
	my ($machine, $name, $program, $how) = @_;
	my $work = tempdir(CLEANUP => 1);
	my $said = `cd $work && { (ulimit -c unlimited
		$qemu{$machine} $program $how abort); } 2>/dev/null`;
	my @told = $said =~ /^0x([0-9a-f]+ \w+)$/mg;
	my ($core) = glob("$work/*.core");
	SKIP: {
		skip "$qemu{$machine} left no core file", 1 unless $core;
		my $text = `$dwunw stack --core $core $program 2>&1`;
		my @got = $text =~ /^#\d+ +0x0*([0-9a-f]+)  ([^\s+]+)\+0x/mg;
		my $got = '';
		$got .= shift(@got) . ' ' . shift(@got) . ', ' while @got;
		my $want = join(', ', @told);
		ok(@told == 4 && $got =~ /\Q$want\E, .*_start, $/,
			"$machine, $name, $how") or diag("$said\n$text");
	}
}

for my $program (@all) {
	my ($machine, $name) = $program =~ m{/(\w+)-linux-gnu/([^/]+)$};
	my $qemu = $qemu{$machine};
	unless (system("command -v $qemu >/dev/null") == 0) {
		SKIP: { skip "no $qemu", 1 }
		next;
	}
	judge($machine, $name, $program, $_) for qw(plain split part moved);
}
done_testing;
