#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The k-th allocation fails, the k-th system call fails, for all k: `dwunw` says
# what it says without that, or why it does not. No frame is invented, nothing
# is written behind a block, and no run ends by a signal.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Core;
use Test::More;

plan skip_all => 'what is preloaded is this machine\'s' if $ENV{FOREIGN};
my $build = Core::build_dir();
my $inject = "$build/tests/core/inject";
my $preload = "$build/tests/symbols/failing.so";
plan skip_all => "no $inject" unless -x $inject;
plan skip_all => "no $preload" unless -f $preload;
my $out = Core::dir();
my $dwunw = Core::dwunw();
my $long = $ENV{DWUNW_LONG};

my $program = "$build/tests/port/victim";
pipe(my $its, my $ours) or die "pipe: $!"; # it waits for a line
open(STDIN, '<&', $its);
my ($pid, $stream) = Core::start($program, 'wait');
plan skip_all => "no $program" unless $pid;

# stdout, stderr, exit status; `9` is what went to that descriptor.
sub run {
	my (@command) = @_;
	my $child = fork // die "fork: $!";
	if (!$child) {
		$^F = 9; # it is to stay open
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>', "$out/stdout");
		open(STDERR, '>', "$out/stderr");
		open(my $nine, '>', "$out/nine");
		require POSIX;
		POSIX::dup2(fileno($nine), 9) if fileno($nine) != 9;
		exec { $command[0] } @command or POSIX::_exit(126);
	}
	waitpid($child, 0);
	my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	return (slurp("$out/stdout"), slurp("$out/stderr"), $status);
}

sub slurp {
	open(my $in, '<', $_[0]) or return '';
	local $/;
	return readline($in) // '';
}

# The pcs of each thread's frames; other lines.
sub frames {
	my ($text) = @_;
	my (%frames, $tid);
	for (split /\n/, $text) {
		$tid = $1 if /^TID (\d+)/;
		push @{ $frames{$tid // ''} }, $1 if /^#\d+ +(0x[0-9a-f]+)/;
	}
	return \%frames;
}

# undef: it is right, or says why it is short.
sub wrong {
	my ($clean, $said, $errors, $status) = @_;
	return "ends with status $status" if $status > 2 && $status != 127;
	return if $said eq $clean && !$status;
	return if $status && $errors ne '' && $said eq '';
	my ($want, $got) = (frames($clean), frames($said));
	for my $tid (keys %$got) {
		my @want = @{ $want->{$tid} // [] };
		my @got = @{ $got->{$tid} };
		return "frame $got[$_] of thread $tid is none"
		    for grep { $got[$_] ne ($want[$_] // '') } 0 .. $#got;
	}
	return if $errors ne '';
	# a stack that is short may say so below its last frame
	my %clean = map { $_ => 1 } split /\n/, $clean;
	return if grep { /^    \S/ && !$clean{$_} } split /\n/, $said;
	return 'is not what it is without that, and no word why';
}

# All failures of one kind, or some of them.
sub sweep {
	my ($title, $most, $once, @command) = @_;
	my ($clean, $errors, $status) = run(@command);
	$once->(0, @command);
	my ($count) = slurp("$out/nine") =~ /(\d+)/;
	my ($bad, $tried) = (0, 0);
	# those of the loader are not the program's
	$once->(0, $command[0], '--version');
	my ($from) = slurp("$out/nine") =~ /(\d+)/;
	$count -= $from;
	cmp_ok($count, '>', 0, "$title: $count to fail") or return;
	my $step = $long || $count <= $most ? 1 : $count / $most;
	for (my $at = 1; $at <= $count + 0.5 && $bad < 5; $at += $step) {
		my $k = $from + int $at;
		my ($said, $told, $code) = $once->($k, @command);
		my $why = wrong($clean, $said, $told, $code);
		$tried++;
		next unless $why;
		$bad++;
		diag("$title: number $k: it $why");
		diag($told, $said);
	}
	ok(!$bad, "$title: $tried of them");
}

sub by_allocator {
	my ($on) = @_;
	return sub {
		my ($k, @command) = @_;
		local $ENV{LD_PRELOAD} = $preload;
		local $ENV{FAIL_AT} = $k;
		local $ENV{FAIL_ON} = 1;
		delete local $ENV{FAIL_ON} unless $on;
		delete local $ENV{FAIL_AT} unless $k;
		return run(@command);
	};
}

sub by_call {
	my ($error) = @_;
	return sub {
		my ($k, @command) = @_;
		return run($inject, $error, $k, @command);
	};
}

# The core is that of a program that ends by a signal.
my $dumped = Core::dump_core($out, Core::built('threads'));
my @pcs = map { /^0*([0-9a-f]+) [Tt] (?:main|outer\d|leaf)$/ ? "0x$1" : () }
    split /\n/, `nm '$program'`;
my @commands = (
	['stack PID', 'stack', $pid],
	['rows', 'rows', $program],
	['rows --scan', 'rows', '--scan', $program],
	['rows --compare', 'rows', '--compare', $program],
	['symbolize', 'symbolize', $program, @pcs],
);
push @commands, ['stack --core', 'stack', '--core', $dumped] if $dumped;
for (@commands) {
	my ($title, @words) = @$_;
	sweep("$title, an allocation", 30, by_allocator(0), $dwunw, @words);
	sweep("$title, all from one on", 12, by_allocator(1), $dwunw, @words);
	sweep("$title, $_", 20, by_call($_), $dwunw, @words)
	    for qw(EMFILE EIO EINTR ENOMEM);
}
kill 'KILL', $pid if $pid;

done_testing();
