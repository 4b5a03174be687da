#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# examples/crash_firmware on boards without an operating system, under
# qemu-system: the exception handler prints on the UART the chain of calls that the
# source has, for a program whose functions have no CFI.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Chain qw(missing symbols reports wants is_report);
use Test::More;

my %boards = (
	arm64 => ['aarch64-linux-gnu-',
		'qemu-system-aarch64 -M virt -cpu cortex-a57 -m 64'],
	mips32eb => ['mips-linux-gnu-',
		'qemu-system-mips -M malta -cpu 24Kc -m 64 -vga none'],
	mips32el => ['mipsel-linux-gnu-',
		'qemu-system-mipsel -M malta -cpu 24Kc -m 64 -vga none'],
);
my $built = ($ENV{BUILD} || 'build/x86_64') . '/tests/firmware/bare';

sub board {
	my ($arch, $prefix, $qemu, $file) = @_;
	my @out = `timeout 60 $qemu -nographic -no-reboot -nic none -kernel $file </dev/null 2>&1`;
	s/\r?\n\z// for @out;
	my $symbols = symbols("${prefix}nm", $file);
	my @reports = reports($symbols, @out);
	my $good = is(scalar @reports, 3, "$arch: three crashes, one boot");
	for my $mode (qw(null wild deep)) {
		my $report = shift @reports // { frames => [] };
		$good &= is_report("$arch, $mode", $report, $mode,
			qw(run_mode program_run bare_main _start));
		my %how = map { $_->{how} => 1 } @{$report->{frames}};
		$good &= ok(!$how{cfi} && $how{scan},
			"$arch, $mode: none of them has CFI");
	}
	my $wants = wants(@out) // 0;
	$good &= ok($wants > 48 << 10 && $wants < 96 << 10,
		"$arch: it says beforehand what it wants ($wants bytes)");
	$good &= is($out[-1], 'end', "$arch: and goes on behind each");
	diag(join "\n", @out) unless $good;
}

for my $arch (sort keys %boards) {
	my ($prefix, $qemu) = @{$boards{$arch}};
	my $file = "$built/$arch/examples/crash_firmware/bare/crash_bare";
	my $why = missing("${prefix}nm", (split / /, $qemu)[0]);
	$why ||= 'not built: no compiler for it' unless -e "$built/$arch/.made";
	SKIP: {
		skip "$arch: $why", 1 if $why;
		board($arch, $prefix, $qemu, $file);
	}
}
done_testing();
