#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# bpf/walk.bpf.h: each walk of the kernel is the walk of user space over the copy
# of the same moment, frame by frame, with the same evidence, marks, end and name.
# WALK_PAIRS=100000 for each program instead of 3,000.
use strict;
use warnings;
use Test::More;

plan skip_all => 'not root' if $> != 0;
plan skip_all => 'no uprobes in this kernel'
	unless -e '/sys/bus/event_source/devices/uprobe';
my $walk = $ENV{BUILD} . '/tests/walk';
my $pairs = $ENV{WALK_PAIRS} // 3000;

# The lines of both streams.
sub command {
	my (@command) = @_;
	open(my $from, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command)
		or die "$command[0]: $!";
	my @lines = <$from>;
	close $from;
	plan skip_all => 'BPF is not permitted here' if $? >> 8 == 77;
	return @lines;
}

# What check says of a program; at least `$least` of 100 pairs are whole.
sub check {
	my ($title, $least, $options, @command) = @_;
	# a small buffer, so that the kernel soon has the rows that it asks for
	my $out = join '', command("$walk/check", '-q', 1 << 20, @$options,
		"$walk/check.bpf.o", $pairs, @command);
	my ($all, $whole, $part, $different) = $out =~
		/^pairs (\d+) whole (\d+) part (\d+) different (\d+)/m;
	is($different, 0, "$title: no walk is different") or diag($out);
	cmp_ok($all // 0, '>=', $pairs, "$title: there were pairs");
	cmp_ok($whole // 0, '>=', ($all // 0) * $least / 100,
		"$title: $least % of them are whole") or diag($out);
	note($out);
}

check('signals, stacks of their own, realigned frames, threads', 25, [],
	"$walk/odd");
check('the same, while rows change places', 25, ['-t'], "$walk/odd");
my @plug = map { "$walk/$_" } qw(plug plug_a.so plug_b.so);
# each is called before the tool has read that it is there: few are whole
check('two libraries at one address', 1, [], @plug, 50);
check('the same, the first call of each is answered', 75, [], @plug, 50, 'first');
if (-x "$walk/odd_musl") {
	my ($libc) = map { m{(\S+/libc\.so|\S+/ld-musl-\S+\.so\.1)} } `readelf -lW $walk/odd_musl`;
	$libc =~ s/\]$//;
	check('musl', 25, ['-f', "$libc:malloc"], "$walk/odd_musl");
	check('musl, static', 25, ['-f', "$walk/odd_musl_static:malloc"],
		"$walk/odd_musl_static");
}
check('fork and exec', 25, ['-i'], "$walk/family");

done_testing();
