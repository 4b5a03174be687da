#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The leak tools with the k-th allocation, the k-th system call failing: each
# run ends by itself; blocks are shown as they are, or it is said that something
# was short; none is invented.
#
# Of each sweep some numbers, spread over all, and the first malloc, calloc and
# realloc in it, and those in the middle. DWUNW_LONG=1: each number of each.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Leak;
use POSIX ();
use Test::More;

need_tool();
my $build = $Live::build;
my $preload = "$build/tests/symbols/failing.so";
my $inject = "$build/tests/core/inject";
my $bcc = built('memleak_dwunw_user');
my $small = built('memleak_user');
my $program = built('pair') . ' 50 3 1 leak';
my $long = $ENV{DWUNW_LONG};
$ENV{BEGIN} = '/'; # what is watched from its start waits for nobody

# stdout and stderr together, the status; how many there were to fail.
sub attempt {
	my (@command) = @_;
	my $child = fork // die "fork: $!";
	if (!$child) {
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>', "$dir/out");
		open(STDERR, '>&', \*STDOUT);
		$^F = 9;
		open(my $nine, '>', "$dir/nine");
		POSIX::dup2(fileno($nine), 9) if fileno($nine) != 9;
		exec 'timeout', '-k', 5, 100, @command;
	}
	waitpid($child, 0);
	my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	return (slurp("$dir/out"), $status);
}
sub count { return slurp("$dir/nine") =~ /(\d+)/ ? $1 : 0 }

# Numbers of [1, $count] to fail: $most of them, and of each kind of allocation.
sub points {
	my ($count, $most) = @_;
	return 1 .. $count if $long || $count <= $most;
	my %at = map { int(1 + $_ * ($count - 1) / ($most - 1)) => 1 }
		0 .. $most - 1;
	my ($kinds) = slurp("$dir/nine") =~ /^([mcr]+)$/m;
	for my $kind (qw(m c r)) {
		my @all = grep { substr($kinds // '', $_ - 1, 1) eq $kind }
			1 .. length($kinds // '');
		$at{$_} = 1 for @all ? ($all[0], $all[@all / 2]) : ();
	}
	return sort { $a <=> $b } keys %at;
}

# The 50 blocks of 100 bytes that `leak` has made: bytes shown with its stack,
# and with one that is not known.
sub shown {
	my ($r) = @_;
	my $known = find($r, 'leak')->{bytes};
	return ($known, $known + ($r->{unknown_bytes} // 0));
}

sub wrong {
	my ($text, $status) = @_;
	return "ends with status $status" if $status > 2 && $status != 77 &&
	    $status != 127;
	return if $status && $text ne '';
	return 'ends with an error and no word' if $status;
	my ($known, $all) = shown(parse_leak($text, $status));
	return "shows $known bytes of 5000" if $known > 5000;
	return if $known == 5000;
	return if $all >= 5000 && $text =~ /stacks that were not sent|not unwound/;
	return if $text =~ /may be missing|not attached|no memory|out of memory|Cannot allocate|Too many open|note:|dwunw: pid|without/;
	return "shows $known bytes of 5000, and no word why";
}

sub sweep {
	my ($title, $most, $once) = @_;
	my ($text, $status) = $once->(0);
	my $count = count();
	is(wrong($text, $status), undef, "$title: as it is") or diag($text);
	my ($bad, $tried) = (0, 0);
	my @points = points($count, $most);
	for my $k (@points) {
		last if $bad == 4;
		($text, $status) = $once->($k);
		my $why = wrong($text, $status);
		$tried++;
		next unless $why;
		$bad++;
		diag("$title: number $k of $count: it $why\n$text");
	}
	ok(!$bad && $tried == @points && $tried >= 3,
		"$title: $tried of $count");
}

sub by_allocator {
	my ($on, @command) = @_;
	return sub {
		my ($k) = @_;
		return attempt('env', "LD_PRELOAD=$preload", 'FAIL_KINDS=1',
			$k ? "FAIL_AT=$k" : (), $on && $k ? 'FAIL_ON=1' : (),
			@command);
	};
}
# what is preloaded is for the tool alone
my $plain = "env -u LD_PRELOAD $program";
my @bcc = ($bcc, '-o', 0, '-c', $plain, 60);
sweep('memleak_dwunw_user, an allocation', 6, by_allocator(0, @bcc));
sweep('memleak_dwunw_user, all from one on', 3, by_allocator(1, @bcc));
SKIP: {
	skip('no tests/core/inject here', 1) unless -x $inject;
	for my $error (qw(EMFILE EINTR EIO ENOMEM)) {
		sweep("memleak_dwunw_user, $error", 5, sub {
			my ($k) = @_;
			return attempt($inject, $error, $k, tool(), '-o', 0,
				'-c', $program, 60);
		});
	}
}

# The other tool, in its ways: it ends, with a word.
for my $way (qw(bpf-ring perf)) {
	my $pid = start(Live::program('leaky_glibc'), 0, 20);
	my @command = ($small, '-p', $pid, '-d', '0.2', '-n', 1, '--capture', $way);
	attempt('env', "LD_PRELOAD=$preload", 'FAIL_KINDS=1', @command);
	my $count = count();
	my ($bad, $tried) = (0, 0);
	for my $at (points($count, 4)) {
		last if $bad >= 4;
		for my $on (0, 1) {
			my ($text, $status) = by_allocator($on, @command)
			    ->($at);
			$tried++;
			next if ($status <= 1 || $status == 77) &&
			    ($status ? $text ne '' : $text =~ /are live/);
			$bad++;
			diag("memleak_user, $way: number $at: " .
				"status $status\n$text");
		}
	}
	ok(!$bad && $tried >= 8, "memleak_user, $way: $tried of $count");
	stop($pid);
}

done_testing();
