#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# examples/crash_firmware on Linux, static with a libc: a signal handler prints
# the chain of calls that the source has, from a ucontext_t of each target; whole,
# stripped and without section headers.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Chain qw(missing symbols reports wants is_report);
use File::Temp 'tempdir';
use Test::More;

my %targets = (
	x86_64 => ['x86_64-linux-gnu-', 'qemu-x86_64'],
	arm64 => ['aarch64-linux-gnu-', 'qemu-aarch64'],
	mips32el => ['mipsel-linux-gnu-', 'qemu-mipsel'],
	mips32eb => ['mips-linux-gnu-', 'qemu-mips'],
	riscv64 => ['riscv64-linux-gnu-', 'qemu-riscv64'],
);
my $built = ($ENV{BUILD} || 'build/x86_64') . '/tests/firmware/linux';
my $machine = `uname -m`;
chomp $machine;
my $work = tempdir(CLEANUP => 1);

# libc's functions between main and the start, and those that raise a signal, are
# libc's own business: of the chain what the program has is compared.
my %own = map { $_ => 1 } @Chain::crash, qw(wild_call recurse run_mode program_run
	on_user main _start __start NOWHERE TRAMPOLINE);

sub only_own {
	my ($report) = @_;
	my @frames = grep { $own{$_->{name}} } @{$report->{frames}};
	$_->{name} =~ s/^__start$/_start/ for @frames;
	return map { $_->{name} } @frames;
}

sub run_mode {
	my ($title, $run, $file, $symbols, $mode) = @_;
	my @out = `$run $file $mode 2>&1`;
	my $status = $? >> 8;
	chomp @out;
	my ($report) = reports($symbols, @out);
	my @whole = ($mode eq 'wild' ? ('NOWHERE', 'wild_call') : @Chain::crash,
		('recurse') x ($mode eq 'deep' ? Chain::DEPTH : 0), 'run_mode',
		'program_run', $mode eq 'signal' ? ('on_user', 'TRAMPOLINE') : (),
		'main', '_start');
	my @got = only_own($report // { frames => [] });
	my $gap = $report->{left_out} // 0;
	splice @whole, 48, $gap if $gap;
	my $good = is("@got", "@whole", "$title, $mode: the chain of the source");
	$good &= is($report->{end}, 'root', "$title, $mode: to the start");
	$good &= is($status, 139, "$title, $mode: 128 + SIGSEGV");
	diag(join "\n", @out) unless $good;
}

sub target {
	my ($arch, $prefix, $run, $file) = @_;
	my $symbols = symbols("${prefix}nm", $file);
	system("${prefix}strip", '-o', "$work/stripped", $file);
	`tests/sstrip.pl $file $work/bare`;
	for my $form (["whole", $file], ["stripped", "$work/stripped"],
		["no section headers", "$work/bare"]) {
		run_mode("$arch, $form->[0]", $run, $form->[1], $symbols, $_)
			for qw(null wild deep signal);
	}
	my $wants = wants(`$run $file wanted 2>&1`) // 0;
	ok($wants > 48 << 10 && $wants < 96 << 10,
		"$arch: it says beforehand what it wants ($wants bytes)");
	like(`$run $file --help`, qr/\Ausage: crash_firmware/, "$arch: --help");
	like(`$run $file --version`, qr/\Acrash_firmware \d/, "$arch: --version");
	is(`$run $file nul 2>&1`, "nul: no way to crash; Try " .
		"'crash_firmware --help'.\n", "$arch: what is none");
}

for my $arch (sort keys %targets) {
	my ($prefix, $run) = @{$targets{$arch}};
	my $file = "$built/$arch/examples/crash_firmware/crash_firmware";
	$run = '' if $machine eq $arch || ($machine eq 'aarch64' && $arch eq 'arm64');
	my $why = missing("${prefix}nm", $run || 'true');
	$why ||= 'not built: no compiler for it' unless -e "$built/$arch/.made";
	SKIP: {
		skip "$arch: $why", 1 if $why;
		target($arch, $prefix, $run, $file);
	}
}
done_testing();
