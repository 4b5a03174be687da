#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Where functions begin and end, in files that do not say it: programs of four
# targets, glibc, musl and no libc, dynamic, static and static-pie, a library with
# dynamic symbols of some of its functions, stripped and without section headers,
# and the loaders' own code. The symbols of the same
# program before it was stripped are the judge, and its entry point: code there
# is called by nothing, code anywhere else is.

use strict;
use warnings;
use Test::More;

my $build = $ENV{BUILD} // 'build/x86_64';
my $dir = "$build/tests/bounds";
plan skip_all => "no $dir/bounds: make test-programs" unless -x "$dir/bounds";
my @exec = split(' ', $ENV{EXEC} // '');
my @programs = sort glob("$dir/full/*");
plan skip_all => 'no programs: the cross compilers are missing, or the host ' .
	'is not x86_64' unless @programs;

# What libc and the compiler put into each program, and what the program has;
# labels inside a function are none.
my %inside = map { $_ => 1 } qw(hlt __wrap_main);
my $wanted = qr/^(?:_init|_fini|_start|__start|_start_c|deregister_tm_clones|
	register_tm_clones|__do_global_dtors_aux|frame_dummy|call_weak_fn|
	_dl_relocate_static_pie|before_first|before_second|behind|main|first|
	other|run|leaves|made|sizeless|unlisted|filler|known)$/x;

sub lines_of {
	my ($command, @input) = @_;
	my $text = @input ? `printf '%s\\n' @input | $command` : `$command`;
	return split(/\n/, $text);
}

# name => address, of code; and all addresses that begin a function.
sub symbols_of {
	my ($path) = @_;
	my (%at, %starts);

	for (lines_of("nm '$path'")) {
		my ($addr, $type, $name) = split;
		next unless defined $name && $type =~ /^[tTwWi]$/ &&
			$name !~ /^(?:\$|\.)/ && !$inside{$name};
		$at{$name} = hex($addr);
		$starts{hex($addr)} = $name;
	}
	return (\%at, \%starts);
}

sub entry_of {
	my ($path) = @_;
	my ($entry) = map { /Entry point address:\s+0x(\w+)/ ? hex($1) : () }
		lines_of("LC_ALL=C readelf -h '$path'");
	return $entry;
}

# [start, end, is a root] of what is found around each address; undef: nothing.
sub found {
	my ($path, @addrs) = @_;
	my @lines = lines_of("@exec '$dir/bounds' '$path' roots",
		map { sprintf('%x', $_) } @addrs);
	return map { /^\w+ (\w+) (\w+)( root)?$/ ?
		[hex($1), hex($2), defined $3] : undef } @lines;
}

# What is wrong about one function, in words; nothing: it is right.
sub fault {
	my ($name, $addr, $starts, $entry, $got) = @_;
	my $held;

	return "$name is not found" unless $got;
	return sprintf('%s at %x begins at %x', $name, $addr, $got->[0])
		unless $got->[0] == $addr;
	($held) = grep { $_ > $got->[0] && $_ < $got->[1] } keys %$starts;
	return "$name has $starts->{$held} in it" if defined $held;
	return "$name is " . ($got->[2] ? '' : 'not ') . 'called by nothing'
		if $got->[2] != ($addr == $entry);
	return;
}

my %seen;
for my $full (@programs) {
	my ($name) = $full =~ /([^\/]+)$/;
	my ($at, $starts) = symbols_of($full);
	my $entry = entry_of($full);
	my @names = sort grep { $_ =~ $wanted } keys %$at;
	my ($target) = $name =~ /^([^-]+)/;

	$seen{$target}++;
	cmp_ok(scalar(@names), '>=', $name =~ /none/ ? 4 : 8,
		"$name: its functions are known");
	for my $form (qw(full stripped bare)) {
		my @got = found("$dir/$form/$name", map { $at->{$_} } @names);
		my @faults = map { fault($names[$_], $at->{$names[$_]}, $starts,
			$entry, $got[$_]) } 0 .. $#names;
		is("@faults", '', "$name, $form: " . @names . ' functions');
	}
}
is(scalar(keys %seen), 4, 'programs of four targets') or
	diag('is a cross compiler missing? scripts/deps cross');

# --- the loaders: their entry point, and what they run on into from there ----------

for my $ld (glob('/lib64/ld-linux-x86-64.so.2 ' .
	'/usr/*-linux-gnu/lib/ld*.so.1 /usr/lib/x86_64-linux-musl/libc.so')) {
	next unless -e $ld;
	next if $ld =~ /riscv64/; # no scans of its code
	my $entry = entry_of($ld);
	my ($at, $behind, $before) = found($ld, $entry, $entry + 16, $entry - 16);

	is(sprintf('%x', $at ? $at->[0] : 0), sprintf('%x', $entry),
		"$ld: the entry point begins a function");
	ok($at && $at->[2] && $behind && $behind->[2],
		"$ld: … which nothing called");
	ok(!$before || !$before->[2], "$ld: what stands before it is called");
}
done_testing();
