#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What counts as an allocation, and what ends it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use Test::More;

need_bpf();

my %want = (
	realloc_fails => 1001,
	realloc_of_null => 1003,
	large_malloc => 1004000,
	aligned_ones => 2048,
	in_thread => 1006,
	map => 5 * 4096,
);

for my $libc ('glibc', 'musl') {
	next if $libc eq 'musl' && !have_musl();
	my $target = built("semantics_$libc");
	my $pid = start($target);
	my $r = memleak('-p', $pid);
	stop($pid);
	counters_ok($r, $libc);
	my %got;
	for (@{ $r->{stacks} }) {
		my $name = $_->{frames}[0]{name};
		$name = 'map' if $_->{frames}[0]{text} =~ / map\+/;
		next if ($_->{frames}[0]{module} // '') =~ /^(libc|ld)/ || !$name;
		$got{$name} += $_->{bytes};
	}
	# musl gives a block for realloc(p, 0), of no bytes
	is(delete $got{realloc_to_zero} // 0, 0, 'realloc to 0 frees');
	is_deeply(\%got, \%want, "$libc: what is live") or diag($r->{text});
}

done_testing();
