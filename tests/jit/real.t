#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Whole stacks through code that runtimes make while they run: node, a JVM with
# -XX:+PreserveFramePointer, mono, and a Go program that waits in C. `dwunw
# stack` beside eu-stack at the same stop: in each thread that stands still, at
# least every frame that eu-stack has, up to its first that is in no code; and
# what the program itself knows of its stack.
#
# A package that is missing (scripts/deps long) is a failure in .ci/run, which
# sets CI.

use strict;
use warnings;
no warnings "portable";
use FindBin;
use IO::Select;
use Test::More;

my $build = $ENV{BUILD} || "$FindBin::Bin/../../build/x86_64";
my $made = "$build/tests/jit";
my $here = $FindBin::Bin;

plan skip_all => 'the runtimes are asked for on x86_64'
	if `uname -m` !~ /^x86_64/;

sub have { return !system("command -v $_[0] >/dev/null 2>&1") }

sub missing {
	my ($what) = @_;
	return fail("$what is here") if $ENV{CI};
	SKIP: { skip("$what is not installed", 1) }
}

# Waits for "ready"; pid, what it reads from, what it says.
sub start {
	my (@words) = @_;
	pipe(my $in, my $to) or die;
	pipe(my $from, my $out) or die;
	my $pid = fork() // die;
	if (!$pid) {
		open(STDIN, '<&', $in);
		open(STDOUT, '>&', $out);
		close($to);
		exec(@words) or exit 127;
	}
	close($in);
	close($out);
	my $select = IO::Select->new($from);
	while ($select->can_read(60)) {
		my $line = readline($from) // last;
		return ($pid, $to, $from) if $line =~ /ready/;
	}
	kill('KILL', $pid);
	waitpid($pid, 0);
	return;
}

# tid => [[pc, the rest of the line], …]
sub stacks {
	my ($command) = @_;
	my (%stacks, $tid);
	for (`$command 2>/dev/null`) {
		$tid = $1 if /^TID (\d+)/;
		push @{$stacks{$tid}}, [hex($1), $2]
			if /^#\d+\s+0x(\w+)\s*(.*)/;
		push @{$stacks{"$tid end"}}, $1 if /^    (\S.*)/ &&
			!/\(inlined\)/;
	}
	return \%stacks;
}

sub executable {
	my ($pid) = @_;
	open(my $maps, '<', "/proc/$pid/maps") or return;
	return map { /^(\w+)-(\w+) ..x/ ? [hex($1), hex($2)] : () } <$maps>;
}

sub pcs { return join(' ', map { $_->[0] } @{$_[0] // []}) }

# How many frames eu-stack has that may be right.
sub in_code {
	my ($frames, @code) = @_;
	my $count = 0;
	for my $frame (@$frames) {
		my $pc = $frame->[0] - ($count > 0);
		last if !grep { $_->[0] <= $pc && $pc < $_->[1] } @code;
		$count++;
	}
	return $count;
}

sub compare {
	my ($name, $pid) = @_;
	my $before = stacks("eu-stack -p $pid");
	my $ours = stacks("'$build/dwunw' stack $pid");
	my $after = stacks("eu-stack -p $pid");
	my @code = executable($pid);
	my ($threads, $frames, $more) = (0, 0, 0);
	my @short;
	for my $tid (sort { $a <=> $b } grep { /^\d+$/ } keys %$before) {
		next if pcs($before->{$tid}) ne pcs($after->{$tid});
		my $want = in_code($before->{$tid}, @code);
		my @got = @{$ours->{$tid} // []};
		my $same = 0;
		$same++ while $same < @got && $same < $want &&
			$got[$same][0] == $before->{$tid}[$same][0];
		$threads++;
		$frames += $want;
		$more += @got - $want;
		push @short, sprintf('TID %d: %d of %d: want 0x%x %s, got %s',
			$tid, $same, $want, @{$before->{$tid}[$same]},
			$same < @got ? $got[$same][1] :
				$ours->{"$tid end"}[0] // 'the end')
			if $same < $want;
	}
	ok($threads && !@short, "$name: each frame of eu-stack, and $more more " .
		"($threads threads, $frames frames)");
	diag($_) for @short;
	return ($ours->{$pid} ? $ours->{$pid} : [], $ours);
}

sub stop {
	my ($pid) = @_;
	kill('KILL', $pid);
	waitpid($pid, 0);
}

# Frames of one thread at one address: the recursion.
sub deepest {
	my ($stacks) = @_;
	my $most = 0;
	for my $tid (grep { /^\d+$/ } keys %$stacks) {
		my %count;
		$count{$_->[0]}++ for @{$stacks->{$tid}};
		for (values %count) { $most = $_ if $_ > $most }
	}
	return $most;
}

sub names { return join(' ', map { $_->[1] } @{$_[0]}) }

sub run_one {
	my ($name, $check, @words) = @_;
	my ($pid, @pipes) = start(@words);
	ok($pid, "$name: starts") or return;
	my ($main, $all) = compare($name, $pid);
	$check->($main, $all, $pid);
	stop($pid);
}

if (!have('eu-stack')) {
	missing('eu-stack (elfutils)');
	done_testing();
	exit;
}

if (have('node')) {
	run_one('node', sub {
		my ($main, $all) = @_;
		cmp_ok(deepest($all), '>=', 20, 'node: the recursion');
		like(names($main), qr/node::Start.*_start/,
			'node: to the program\'s start');
	}, 'node', "$here/deep.js");
} else {
	missing('node (nodejs)');
}

if (have('java') && -e "$made/Deep.class") {
	run_one('JVM', sub {
		my ($main, $all) = @_;
		cmp_ok(deepest($all), '>=', 19, 'JVM: the recursion');
	}, 'java', '-XX:+PreserveFramePointer', '-cp', $made, 'Deep');
} else {
	missing('a JDK (openjdk-17-jdk-headless)');
}

if (have('mono') && -e "$made/deep.exe") {
	run_one('mono', sub {
		my ($main) = @_;
		like(names($main), qr/mono_main.*_start/,
			'mono: to the program\'s start');
	}, 'mono', "$made/deep.exe");
} else {
	missing('mono (mono-runtime, mono-mcs)');
}

if (-e "$made/gocgo") {
	run_one('Go with cgo', sub {
		my ($main, $all, $pid) = @_;
		my $deep = () = names($main) =~ /main\.deep/g;
		is($deep, 21, 'Go: from C through its runtime');
		like(names($main), qr/main\.main.*runtime\.main.*goexit/,
			'Go: to the goroutine\'s start');
		like($all->{"$pid end"}[0] // '', qr/the start of a context/,
			'Go: which says so');
	}, "$made/gocgo");
} else {
	missing('Go (golang-go)');
}
done_testing();
