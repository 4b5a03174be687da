#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Stacks of programs and libraries by each linker: dwunw says the chain that
# the program told before, address by address and name by name, down to _start;
# of the live process, and of the core file that the kernel writes. Then with
# mappings split, in part gone, and with code moved to memory without a file.

use strict;
use warnings;
use Cwd 'abs_path';
use File::Temp 'tempdir';
use Test::More;

my $build = $ENV{BUILD} // 'build/x86_64';
my $dwunw = abs_path("$build/dwunw");
my $dir = abs_path("$build/tests/linkers") // '';
my $work = tempdir(CLEANUP => 1);
# nothing is to be looked up in what a program has unmapped
$ENV{LD_BIND_NOW} = 1;

my @all = grep { -f } glob("$dir/*-*");
plan skip_all => 'no programs: make test-programs, on x86_64' unless @all;
for my $linker (qw(bfd gold lld mold)) {
	ok(scalar(grep { m{/$linker-} } @all), "programs by $linker")
		or diag("is there no ld.$linker?");
}

# The words that a program printed: [address, function] of each frame.
sub told {
	my ($from) = @_;
	my @chain;
	while (my $line = <$from>) {
		return @chain if $line =~ /^end/;
		push @chain, [$1, $2] if $line =~ /^0x([0-9a-f]+) (\w+)$/;
	}
	return;
}

# [address, function] of each frame that dwunw prints, and other lines.
sub stack {
	my $text = `$dwunw stack @_ 2>&1`;
	my (@frames, @other);
	for (split /\n/, $text) {
		next if /^(PID|TID) \d+/;
		if (/^#\d+ +0x0*([0-9a-f]+)(?:  ([^\s+]+)\+0x)?/) {
			push @frames, [$1, $2 // '?'];
		} else {
			push @other, $_;
		}
	}
	return (\@frames, \@other, $text);
}

sub agrees {
	my ($title, $told, @how) = @_;
	my ($frames, $other, $text) = stack(@how);
	my $want = join ' ', map { "$_->[0]:$_->[1]" } @$told;
	my $got = join ' ', map { "$_->[0]:$_->[1]" } @$frames;
	my $right = @$told == 4 && index($got, $want) >= 0 && !@$other &&
		@$frames > 5 && $frames->[-1][1] eq '_start';
	ok($right, $title) or diag("want … $want … _start\n$text");
	return $right;
}

# Starts a program in a directory of its own, where a core file may fall.
sub start {
	my ($program, $how, $end) = @_;
	pipe(my $from, my $to) or die $!;
	my $pid = fork() // die $!;
	if (!$pid) {
		open(STDOUT, '>&', $to) or die $!;
		open(STDERR, '>', '/dev/null') or die $!;
		chdir($work) or die $!;
		exec 'sh', '-c', 'ulimit -c unlimited; exec "$@"', 'sh',
			$program, $how, $end;
		die $!;
	}
	close($to);
	return ($pid, told($from));
}

sub live {
	my ($program, $how) = @_;
	my ($name) = $program =~ m{([^/]+)$};
	my ($pid, @told) = start($program, $how, 'wait');
	# it changes its mappings after it told, and pauses then
	for (1 .. 500) {
		open(my $in, '<', "/proc/$pid/syscall") or last;
		last if (<$in> // '') =~ /^34 /;
		select(undef, undef, undef, 0.01);
	}
	agrees("$name, $how", \@told, $pid);
	kill('KILL', $pid);
	waitpid($pid, 0);
}

my $pattern = `cat /proc/sys/kernel/core_pattern`;

sub core {
	my ($program, $how) = @_;
	my ($name) = $program =~ m{([^/]+)$};
	SKIP: {
		skip "cores go elsewhere: $pattern", 1 if $pattern =~ m{[|/]};
		my ($pid, @told) = start($program, $how, 'abort');
		waitpid($pid, 0);
		my ($core) = glob("$work/*core*");
		skip "$name left no core file", 1 unless $core;
		agrees("$name, $how, its core", \@told, '--core', $core);
		unlink($core);
	}
}

for my $program (@all) {
	live($program, $_) for qw(plain split part);
	core($program, 'plain');
	# code that comes first in its file has no piece of it before it
	next if $program =~ m{/(gold-\w+|\w+-norose|\w+-joined)$} &&
		$program ne "$dir/lld-joined" && $program ne "$dir/mold-joined";
	live($program, 'moved');
	core($program, 'moved');
}

SKIP: {
	skip 'no rustc', 1 unless -x "$dir/rust";
	my $pid = open(my $from, '-|', "$dir/rust") // die $!;
	readline($from);
	my ($frames, $other, $text) = stack($pid);
	my $names = join(' ', map { $_->[1] } @$frames);
	like($names, qr/chain::inner chain::middle chain::outer chain::main /,
		'a program by rustc: names') or diag($text);
	ok($frames->[-1][1] eq '_start' && !grep({ !/\(inlined\)/ } @$other),
		'… to its start') or diag($text);
	kill('KILL', $pid);
}
done_testing;
