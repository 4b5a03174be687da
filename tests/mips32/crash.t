#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# examples/crash_mips32 under qemu-user, in both byte orders: each way to
# crash prints the chain of calls that the source has, down to the start;
# whole, stripped and without section headers. Names are those that nm gives
# the printed addresses, and those that the program prints itself.
use strict;
use warnings;
use File::Temp 'tempdir';
use FindBin;
use lib "$FindBin::Bin/../firmware";
use Chain qw(missing symbols name_at);
use Test::More;

my @targets = (
	[ 'el', 'mipsel-linux-gnu-', 'qemu-mipsel' ],
	[ 'eb', 'mips-linux-gnu-', 'qemu-mips' ],
);
my @kinds = qw(abicalls firmware);
my $built = ($ENV{BUILD} || 'build/x86_64') . '/tests/mips32';
my @crash = qw(write_register set_led parse_packet dispatch poll_device crash);
my @start = qw(run_mode firmware_run crash_main _start);
my @raise = ('TRAMPOLINE', qw(dwunw_mips32_syscall DIRECT raise_usr1), @start);
my %chains = (
	null => [ @crash, @start ],
	signal => [ @crash, 'usr1_siginfo', @raise ],
	plain => [ @crash, 'usr1_plain', @raise ],
	wild => [ 'NOWHERE', 'wild_call', @start ],
);
my $work = tempdir(CLEANUP => 1);

# What the program prints: frames as hashes, the end, the exit status.
sub crash {
	my ($qemu, $file, $mode) = @_;
	my @out = `$qemu $file $mode 2>&1`;
	my %got = (frames => [], end => '', status => $? >> 8, out => "@out");
	for (@out) {
		$got{end} = $1 if /^stack ends: (.*)$/;
		next unless /^\#(\d+)\s+0x([0-9a-f]{8})\s\s(\S+)
			(?:\s\s(\w+)\+0x([0-9a-f]+))?\s\s\[(\w+)\]
			(\ signal\ trampoline)?$/x;
		push @{$got{frames}}, { index => $1, pc => hex $2,
			module => $3, symbol => $4, how => $6, signal => $7 };
	}
	return \%got;
}

# The chain by nm. The helper between a system call and its user has no name
# in the source's promise; it may be there or be inlined.
sub chain {
	my ($symbols, $got) = @_;
	my (@names, $exact);
	for (@{$got->{frames}}) {
		my $at = $_->{how} =~ /^(event|signal)$/ ? $_->{pc} :
			$_->{pc} - 1;
		push @names, $_->{signal} ? 'TRAMPOLINE' :
			$_->{module} eq '?' ? 'NOWHERE' : name_at($symbols, $at);
		pop @names if $names[-1] =~ /^(call3|dwunw_mips32_kill)$/;
	}
	return @names;
}

sub check {
	my ($title, $qemu, $file, $mode, $symbols, $named, $plain) = @_;
	my $got = crash($qemu, $file, $mode);
	my @want = grep { $_ ne 'DIRECT' } @{$chains{$mode}};
	my @names = chain($symbols, $got);
	my $good = is_deeply(\@names, \@want, "$title: the chain to the start");
	$good &= is($got->{end}, 'root', "$title: is the program's start");
	$good &= is($got->{status}, 139, "$title: 128 + SIGSEGV");
	diag($got->{out}) unless $good;
	my @indices = map { $_->{index} } @{$got->{frames}};
	is_deeply(\@indices, [0 .. $#indices], "$title: frames are numbered");
	my @how = map { $_->{how} } @{$got->{frames}};
	my @by_words = grep { $_ eq 'signal' } @how;
	is(scalar @by_words, scalar(grep { $_ eq 'TRAMPOLINE' } @want),
		"$title: trampolines by their words, all else by CFI or by code");
	like("@how", qr/\bscan\b/, "$title: functions without CFI by their code")
		if $plain;
	my @printed = grep { defined } map { $_->{symbol} } @{$got->{frames}};
	if ($named) {
		my @expected = grep { !/^[A-Z]+$/ } @want;
		@printed = grep { !/^(call3|dwunw_mips32_kill)$/ } @printed;
		is_deeply(\@printed, \@expected, "$title: names it prints");
	} else {
		is_deeply(\@printed, [], "$title: it has no names");
	}
}

# Of a recursion that has used up the stack, the innermost frames and those that
# began it; the program counts none of them, so all are summed up here.
sub overflow {
	my ($title, $qemu, $file, $symbols) = @_;
	my $got = crash($qemu, $file, 'overflow');
	my @frames = @{$got->{frames}};
	my @names = chain($symbols, $got);
	is(scalar @frames, 64, "$title: 64 frames");
	is(join(' ', @names), join(' ', ('recurse') x 60, @start),
		"$title: the first ones, and the last ones to the start");
	my ($left_out) = $got->{out} =~ /^ ?\.\.\. (\d+) frames left out$/m;
	cmp_ok($left_out // 0, '>', 10000, "$title: it says how many it leaves out");
	is_deeply([map { $_->{index} } @frames],
		[0 .. 47, map { 48 + $left_out + $_ } 0 .. 15],
		"$title: and numbers those behind them so");
	is($got->{end}, 'root', "$title: it ends at the program's start");
	is($got->{status}, 139, "$title: on a stack of its own")
		or diag($got->{out});
}

# What is no way to crash; help and version are on stdout.
sub answers {
	my ($title, $qemu, $file) = @_;
	for (['-h', 0, qr/\Ausage: crash_mips32/],
		['--help', 0, qr/\Ausage: crash_mips32/],
		['-V', 0, qr/\Acrash_mips32 \d+\.\d+\.\d+\n\z/],
		['--version', 0, qr/\Acrash_mips32 \d+\.\d+\.\d+\n\z/],
		['nul', 2, qr/\A\z/]) {
		my ($word, $status, $wanted) = @$_;
		my $said = `$qemu $file $word 2>$work/errors`;
		is($? >> 8, $status, "$title: $word: status");
		like($said, $wanted, "$title: $word: on stdout");
		my $errors = `cat $work/errors`;
		is($errors, $status ? "nul: no way to crash; " .
			"Try 'crash_mips32 --help'.\n" : '',
			"$title: $word: on stderr");
	}
}

for (@targets) {
	my ($order, $prefix, $qemu) = @$_;
	my $why = missing("${prefix}nm", $qemu);
	$why ||= 'not built: no compiler for it'
	    unless -e "$built/$order-firmware/.made";
	SKIP: {
		skip "$order: $why", 1 if $why;
		for my $kind (@kinds) {
			my $dir = "$work/$order-$kind";
			my $file = "$built/$order-$kind/crash_mips32";
			mkdir($dir);
			answers("$order $kind", $qemu, $file);
			my $symbols = symbols("${prefix}nm", $file);
			system("${prefix}strip", '-o', "$dir/stripped", $file);
			`tests/sstrip.pl $file $dir/bare`;
			for my $form (['whole', $file],
				['stripped', "$dir/stripped"],
				['no section headers', "$dir/bare"]) {
				my $title = "$order $kind, $form->[0]";
				check("$title, $_", $qemu, $form->[1], $_,
					$symbols, $form->[0] eq 'whole')
					for sort keys %chains;
				overflow("$title, overflow", $qemu, $form->[1],
					$symbols);
			}
			$file = "$built/$order-$kind/crash_plain";
			$symbols = symbols("${prefix}nm", $file);
			`tests/sstrip.pl $file $dir/plain`;
			for my $mode (sort keys %chains) {
				check("$order $kind, no CFI, $mode", $qemu, $file,
					$mode, $symbols, 1, 1);
				check("$order $kind, neither CFI nor headers, $mode",
					$qemu, "$dir/plain", $mode, $symbols, 0, 1);
			}
			overflow("$order $kind, no CFI, overflow", $qemu, $file,
				$symbols);
		}
	}
}
done_testing();
