#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What a process beside it costs loses none of a process's stacks: it maps files
# that are made to cost time and memory, and allocates through their code. Both
# figures are printed, with it and without.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../danger";
use Leak;
use Hostile;
use Test::More;

need_tool();

# Code that calls its second argument with its first one.
my %code = (
	x86_64 => [0, "\x48\x83\xec\x08\xff\xd6\x48\x83\xc4\x08\xc3"],
	aarch64 => [1, pack('L<*', 0xa9bf7bfd, 0xd63f0020, 0xa8c17bfd,
		0xd65f03c0)],
);
my ($machine) = split ' ', `uname -m`;
plan skip_all => "no code for $machine" unless $code{$machine};
my ($number, $code) = @{ $code{$machine} };
my $target = $targets[$number];

sub code { my $text = text(); substr($text->{data}, 0, length $code) = $code; $text }

my $cie = cie($target);
my $fde = fde($target, length $cie, TEXT, 256, "\x44\x0e\x10");
my %made = (
	'.eh_frame of 500 MB, without a table' => sub {
		elf($_[0], $target, [code(), eh_frame($cie . $fde, 500 << 20)])
	},
	'.eh_frame of 2 GB, with one' => sub {
		elf($_[0], $target, [code(), hdr($target, [TEXT, length $cie]),
			eh_frame($cie . $fde, 2 << 30)])
	},
	'1,000,000 FDEs, without a table' => sub {
		my $all = $cie;
		for my $i (1 .. 1_000_000) {
			$all .= fde($target, length $all, TEXT, 256);
		}
		elf($_[0], $target, [code(), eh_frame($all)])
	},
	'code of 500 MB, without CFI' => sub {
		my $text = code();
		$text->{vaddr} = 0x10000000;
		$text->{size} = 500 << 20;
		elf($_[0], $target, [$text])
	},
);

# How many of the honest process's allocations have no stack; its report when the
# process has made them all. There is room for two seconds of them: a busy machine
# does not let a tool wait that long.
sub lost {
	my (@others) = @_;
	my @pids = map { start(built('beside'), @$_) } [2000, 8, '-', 0], @others;
	my $r = leak_done('--stats', '--ring-size', 1 << 22, '-o', 0, '-T', 100,
		'-p', join(',', @pids));
	stop($_) for @pids;
	my $shown = 0;
	for my $stack (@{ $r->{stacks} }) {
		$shown += $stack->{count} if names($stack) =~ /by_own main/;
	}
	return (21 * 800 - $shown, $r);
}

my ($alone, $r) = lost();
is($r->{status}, 0, 'alone: it ran') or diag($r->{text});
is($alone, 0, "alone: $alone of 16800 stacks lost") or diag($r->{text});
for my $name (sort keys %made) {
	my $file = "$dir/hostile";
	$made{$name}->($file);
	my ($beside, $r) = lost(([100, 8, $file, 4096]) x 2);
	is($r->{status}, 0, "$name: it ran") or diag($r->{text});
	cmp_ok($beside, '<=', $alone, "$name: $beside of 16800 stacks lost, " .
		"without it $alone; the tool took " .
		($r->{rss} // '?') . ' KiB')
	    or diag($r->{text});
	unlink $file;
}
done_testing();
