#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# bpf/walk.bpf.h on real programs, and on others that are hard to walk: each walk of
# the kernel beside the walk of user space over the copy of the same moment.
#
#	DWUNW_LONG=1	100,000 pairs of each, and how many of them the kernel walked
#			whole; else 4,000, which are mostly of the time when it learns
#	DWUNW_ONLY=…	a pattern for titles
#
# It prints a table. "Long enough": of the pairs whose copy holds the whole stack
# (a stack of a signal's own is not in the copy's 28 KiB, as is what is deeper).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../memleak";
use Load;
use Test::More;

plan skip_all => 'not root' if $> != 0;
plan skip_all => 'no uprobes in this kernel'
	unless -e '/sys/bus/event_source/devices/uprobe';
my $walk = $Live::build . '/tests/walk';
my $long = $ENV{DWUNW_LONG};
my $pairs = $ENV{WALK_PAIRS} // ($long ? 100000 : 4000);
my $only = $ENV{DWUNW_ONLY} // '.';
# The kernel has a row some hundred events after the first that asks for it; with
# the buffer that check has of itself it is thousands.
my @near = ('-q', 128 << 10);
my @table;

sub counts_of {
	my ($out) = @_;
	return map { /^pairs/ ? /([a-z]+) (\d+)/g : () } split /\n/, $out;
}

# $least: so many of 100 are whole, of those whose copy was long enough.
sub check {
	my ($title, $least, $options, @command) = @_;
	return if $title !~ /$only/;
	my ($out, $status) = Live::run("$walk/check", @near, @$options,
		"$walk/check.bpf.o", $pairs, @command);
	plan skip_all => 'BPF is not permitted here' if $status == 77;
	my %n = (pairs => 0, whole => 0, cut => 0, different => -1, counts_of($out));
	is($n{different}, 0, "$title: no walk is different") or diag($out);
	cmp_ok($n{pairs}, '>=', $pairs, "$title: there were as many pairs") or diag($out);
	my $enough = $n{pairs} - $n{cut} || 1;
	my $share = 100 * $n{whole} / $enough;
	push @table, sprintf '%-44s %8d %8d %8d %8d %7.2f %%', $title, $n{pairs},
		$n{whole}, $n{pairs} - $n{whole}, $n{different}, $share;
	note($out);
	$least /= 2 unless $long;
	cmp_ok($share, '>=', $least, "$title: at least $least % are walked whole, " .
		'where the copy is long enough') or diag($out);
}

# One that is busy already: what happens once has happened.
sub check_load {
	my ($title, $name, $least) = @_;
	return if $title !~ /$only/;
	local %ENV = %ENV;
	my $load = Load::of($name, $long ? 900 : 120);
	diag("$name: not to be had"), return unless $load;
	my @beside = map { Live::start(@$_) } @{$load->{beside}};
	check($title, $least, ['-w', 4], @{$load->{command}});
	Live::stop($_) for @beside;
}

sub malloc_of_musl {
	my ($libc) = map { m{(\S+/libc\.so|\S+/ld-musl-\S+\.so\.1)} }
		`readelf -lW $walk/odd_musl`;
	return ('-f', ($libc // '') =~ s/\]$//r . ':malloc');
}

check_load('python3, every object a malloc, threads', 'python3', 99.5);
check_load('sqlite3, an SQL script', 'sqlite3', 95);
check_load('nginx, HTTP and TLS', 'nginx', 95);
check_load('gdb (C++, exceptions, Python)', 'gdb', 95);
check('C++: exceptions, closures, patterns', 99, ['-w', 1], "$walk/plus");
check('Rust, linked by lld', 99, ['-w', 1], "$walk/crate") if -x "$walk/crate";
check('signals, their own stacks, realigned', 99, [], "$walk/odd");
check('the same, rows change places', 25, ['-t'], "$walk/odd");
if (-x "$walk/odd_musl") {
	check('the same, musl', 99, [malloc_of_musl()], "$walk/odd_musl");
	check('the same, musl, static', 99, ['-f', "$walk/odd_musl_static:malloc"],
		"$walk/odd_musl_static");
}
my @plug = map { "$walk/$_" } qw(plug plug_a.so plug_b.so);
# each is called before the tool has read that it is there
check('two libraries at one address, at once', 1, [], @plug, 50);
check('the same, the first call is answered', 99, [], @plug, $long ? 4000 : 200,
	'first');
# a process is known some hundred events after its first
check('fork and exec', 99, ['-i', '-q', 32 << 10], "$walk/family", $long ? 200 : 5);

diag(sprintf '%-44s %8s %8s %8s %8s %9s', 'beside the copy', 'pairs', 'whole',
	'in part', 'differ', 'enough');
diag($_) for @table;
done_testing();
