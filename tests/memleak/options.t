#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What may be asked for, and what comes out.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Leak;
use JSON::PP;
use Test::More;

need_tool();
my $faults = built('faults');
my ($r, $text, $status);

# JSON: it is, and the same as the text.
($text, $status) = Live::run(tool(), '-o', 0, '--json', '-c',
	"$faults arguments 1234");
my ($line) = grep { /^\{/ } split /\n/, $text;
my $json = eval { decode_json($line // '') };
ok($json, '--json is JSON') or diag($text);
is($json->{last}, JSON::PP::true, 'of the end');
my ($s) = grep { $_->{bytes} == 1234 } @{ $json->{stacks} };
is(join(' ', map { $_->{function} } @{ $s->{frames} }[0 .. 2]),
	'leak_some with_arguments main', 'a stack in it');
is($json->{allocations}, $json->{stacks_sent}, 'and the counters');

# Folded: as flame-graph scripts read it.
($text, $status) = Live::run(tool(), '-o', 0, '--folded', '-c',
	"$faults arguments 1234");
like($text, qr/^faults;_start;[^ ]*;main;with_arguments;leak_some 1234$/m,
	'--folded') or diag($text);
my @lines = grep { !/^(probes|note|recording)/ } split /\n/, $text;
is(scalar(grep { !/^[^ ]+ \d+$/ } @lines), 0, 'nothing else on any line');

# Sampling by bytes: 2,000,000 bytes by each of three sizes, one sample for
# 20,000 bytes on average. The estimate's standard deviation is size * sqrt of
# sum over blocks of (1/p - 1): 0.2 million for the small and middle ones.
{
	my %sum;
	my $rounds = 4;
	my $ignored = 0;
	for (1 .. $rounds) {
		$r = leak('-o', 0, '--stats', '--sample-bytes', 20000, '-c',
			"$faults sizes");
		$sum{$_} += find($r, $_)->{bytes} / $rounds
		    for qw(small_ones middle_ones large_ones);
		$ignored += $r->{ignored};
	}
	for (['small_ones', 1000], ['middle_ones', 10000],
		['large_ones', 100000]) {
		my ($name, $size) = @$_;
		my $count = 2e6 / $size;
		my $p = 1 - exp(-$size / 20000);
		my $sigma = $size * sqrt($count * (1 / $p - 1) / $rounds);
		cmp_ok(abs($sum{$name} - 2e6), '<', 4 * $sigma + 1,
			"--sample-bytes: $name within 4 sigma of 2,000,000: "
			. int($sum{$name}) . ', sigma ' . int($sigma));
	}
	cmp_ok($ignored, '>', 4 * 1800, 'most small ones cost no stack');
}

# One of N, scaled.
$r = leak('-o', 0, '-s', 4, '-c', "$faults sizes");
{
	my $count = find($r, 'small_ones')->{count};
	cmp_ok(abs($count - 2000), '<', 4 * sqrt(2000 * 3),
		"-s 4: about 2000 ($count)");
	like($r->{text}, qr/estimated from samples/, 'called an estimate');
}

# Sizes, inclusive.
$r = leak('-o', 0, '-z', 10000, '-Z', 10000, '-c', "$faults sizes");
is_deeply([map { [$_->{bytes}, $_->{count}] } @{ $r->{stacks} }],
	[[2000000, 200]], '-z and -Z: from and to');

# A budget: the rest keeps its bytes, and is counted.
$r = leak('-o', 0, '--budget', 50, '-c', "$faults sizes");
sent_ok($r, '--budget');
cmp_ok($r->{budget}, '>', 1000, 'stacks over the budget are not sent');
{
	my $bytes = $r->{unknown_bytes};
	$bytes += $_->{bytes} for @{ $r->{stacks} };
	is($bytes, 6000000 + 5555, 'all bytes are there') or diag($r->{text});
}

# Only stacks with a function; addresses.
$r = leak('-o', 0, '-a', '--only', 'large_*', '-c', "$faults sizes");
is(scalar @{ $r->{stacks} }, 1, '--only');
is(scalar @{ $r->{stacks}[0]{blocks} }, 20, '-a: each block') or diag($r->{text});
is(scalar(grep { $_->[1] == 100000 } @{ $r->{stacks}[0]{blocks} }), 20,
	'and its size');
$r = leak('-o', 0, '-T', 1, '-c', "$faults sizes");
is(scalar @{ $r->{stacks} }, 1, '-T');

# A line for each call.
($text) = Live::run(tool(), '-o', 0, '-t', '-c', "$faults free-old");
my ($addr) = $text =~ /^alloc pid \d+ tid \d+ size = 5555, result = ([0-9a-f]+)$/m;
like($text, qr/^free pid \d+ tid \d+ address = $addr$/m,
	'-t: the malloc and its free') or diag($text);

# A live map that is too small: told.
$r = leak('-o', 0, '--max-live', 100, '-c', "$faults sizes");
cmp_ok($r->{full}, '>', 2000, '--max-live: what found no room is counted');

# Storage for stacks: what comes after keeps its bytes.
$r = leak('-o', 0, '-T', 5000, '--stats', '--stack-storage-size', 100, '-c',
	"$faults stacks");
is(scalar @{ $r->{stacks} }, 100, '--stack-storage-size');
cmp_ok($r->{unknown}, '>', 1900, 'the rest is counted') or diag($r->{text});

# Depth.
$r = leak('-o', 0, '--perf-max-stack-depth', 3, '-c', "$faults some");
is(scalar @{ find($r, 'leak_some')->{frames} }, 3, '--perf-max-stack-depth');

# The other buffer; the other probes.
for my $args (['--perf-buffer'], ['--entry-probes'], ['--perf-probes']) {
	$r = leak('-o', 0, @$args, '-c', "$faults forks");
	is(find($r, 'after_exec')->{bytes}, 3000, "@$args") or diag($r->{text});
	sent_ok($r, "@$args");
}

# By what this kernel has, and as before it. Either way a library that is mapped
# where another one was has its own names and frames.
{
	my @so = map { Live::built("$_.so") } qw(a b);
	my $plugs = built('plugs');
	my ($major, $minor) = `uname -r` =~ /^(\d+)\.(\d+)/;
	my $way = $major * 1000 + $minor >= 6013 ? 'uprobe_multi' : 'perf events';
	for (["by $way", 'perf records'],
		['by perf events', 'tracepoints', '--perf-probes']) {
		my ($probes, $mappings, @args) = @$_;
		$r = leak(@args, '-o', 0, '--stats', '-c', "$plugs @so");
		like($r->{text}, qr/^dwunw: probes \d+ \Q$probes\E, .*mappings by \Q$mappings\E,/m,
			"@args: probes $probes, mappings by $mappings");
		is($r->{received}, $r->{events}, "@args: all was read");
		for (['a_inner', 1111], ['b_inner', 2222]) {
			my ($function, $size) = @$_;
			$s = find($r, $function);
			# it may be gone before a busy machine lets the tool see it
			cmp_ok(abs($s->{bytes} - 200 * $size), '<=', 40 * $size,
				"@args: $function: most of 200 blocks") or
			    diag($r->{text});
			like(names($s), qr/^$function plugin_leak call_plugin main /,
				"@args: $function: its stack");
		}
	}
}

# Children of -p, if they are asked for.
{
	my $pid = start($faults, 'wait:forks');
	$r = leak_done('-f', '-o', 0, '--stats', '-p', $pid);
	stop($pid);
	is(find($r, 'in_parent')->{bytes}, 1000, '-f: the parent');
	is(find($r, 'in_child')->{bytes}, 2000, "-f: fork's child") or
	    diag($r->{text});
}

# More threads than have room at a time, one after the other: those that have
# ended make room.
$r = leak('-o', 0, '-c', built('pair') . ' 5000 1 1 threads');
is(find($r, 'leak_one')->{count}, 5000, '5,000 threads, one block each') or
    diag($r->{text});
like($r->{text}, qr/, too many threads 0$/m, 'never too many');

# What is refused.
for my $bad (['-s', 0, '-p', 1], ['-z', 5, '-Z', 4, '-p', 1], ['-p', 'x'],
	['-c', 'a', '-p', 1], ['--dwunw-mode=on', '-p', 1], ['-P', '-p', 1],
	['--folded', '--json', '-p', 1], ['-p', 1, 0], ['--ring-size', 5000]) {
	($text, $status) = Live::run(tool(), @$bad);
	is($status, 2, "@$bad: refused");
}
is(leak('-p', 999999999)->{status}, 1, 'no such process');

done_testing();
