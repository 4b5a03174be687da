#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Paths that meet with different stacks, in code without CFI: joins.c's program
# knows its chain, stopped < join_KIND < caller < main, and main's frame is
# found only if that of join_KIND gave back the frame pointer. Live on this
# machine; cores of arm64 and mips32 of both byte orders by qemu-user.
#
# What cannot be told ends with a reason: "lost" keeps sp in memory (the frame
# pointer's chain may go on, marked as such), and blocks of "cases" have one of
# two frames, which only their tables tell.

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp;
use IPC::Open2;
use Test::More;

my $build = abs_path($ENV{BUILD} // 'build/x86_64');
my $dwunw = "$build/dwunw";
my $work = File::Temp->newdir();
my $machine = `uname -m`;
chomp $machine;
$machine = 'arm64' if $machine eq 'aarch64';
my %qemu = (arm64 => 'qemu-aarch64', mips32el => 'qemu-mipsel',
	mips32eb => 'qemu-mips');

my @kinds = map { [split] } (
	'alloca 0', 'alloca 5', 'words 0', 'words 1', 'loop 0', 'loop 3',
	'keep 0', 'keep 2', 'fatal 0', 'fatal_first 0', 'cases 2', 'cases 3',
	'realigned 0', 'realigned 3', 'probed 0', 'lost 0', 'lost 3',
	'branch 0', 'branch 1', 'aligned 0', 'aligned 3');

sub live {
	my ($program, $kind, $n) = @_;
	my $pid = open2(my $out, my $in, $program, 'wait', $kind, $n);
	my $line = <$out>;
	my $text = `'$dwunw' stack $pid 2>&1`;
	print $in "\n";
	close($in);
	waitpid($pid, 0);
	return $text;
}

sub core {
	my ($target, $program, $kind, $n) = @_;
	unlink glob("$work/*core");
	system("cd '$work' && ulimit -c unlimited && exec $qemu{$target} " .
		"'$program' crash $kind $n >/dev/null 2>&1");
	my ($core) = glob("$work/*.core");
	return 'no core' unless $core;
	my $text = `'$dwunw' stack --core '$core' '$program' 2>&1`;
	return $text;
}

# "name (evidence)" of the frames from `stopped` to `main`.
sub frames {
	my ($text) = @_;
	my @frames;
	for (split(/\n/, $text)) {
		next unless /^#\d+ +0x[0-9a-f]+ +([\w.]+)\+0x/;
		my $name = $1;
		next unless @frames || $name eq 'stopped';
		push @frames, $name;
		last if $name eq 'main';
	}
	return join(' < ', @frames);
}

sub judge {
	my ($target, $kind, $n, $text) = @_;
	my $title = "$target: $kind, $n";
	my $chain = "stopped < join_$kind < caller < main";
	if ($kind eq 'cases' && frames($text) ne $chain) {
		is(frames($text), 'stopped < join_cases', "$title: ends") or
			diag($text);
		like($text, qr/contradiction/, "$title: … and says why") or
			diag($text);
		return;
	}
	if ($kind ne 'lost') {
		is(frames($text), $chain, $title) or diag($text);
		return;
	}
	# rightly, or not by a scan, and no false end
	my ($behind) = $text =~ /join_lost\+.*\n(#.*)/;
	ok(frames($text) eq $chain || !defined $behind ||
		$behind !~ /\(scan\)/, "$title: no frame by a scan") or
		diag($text);
	like($text, qr/contradiction|sp unknown|\(fp\)/,
		"$title: a reason") or diag($text);
}

for my $target ('x86_64', 'arm64', 'mips32el', 'mips32eb') {
	my $program = "$build/tests/joins/$target";
	SKIP: {
		skip "$target: no program; no compiler for it?", 1
			unless -x $program;
		my $native = $target eq $machine;
		skip "$target: no $qemu{$target}", 1 unless $native ||
			system("command -v $qemu{$target} >/dev/null") == 0;
		for (@kinds) {
			my ($kind, $n) = @$_;
			judge($target, $kind, $n, $native ?
				live($program, $kind, $n) :
				core($target, $program, $kind, $n));
		}
	}
}
done_testing();
