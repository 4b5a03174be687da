#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Plugins opened after attach, closed, and another at the same address.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use Test::More;

need_bpf();
my @so = (built('a.so'), built('b.so'));
my $plugged = built('plugged');

my $pid = start($plugged, @so);
my $r = memleak(leaked(6, 'a_inner', 'b_inner'), '-p', $pid);
stop($pid);
counters_ok($r, 'two plugins in turn');
my @pcs;
for (['a_inner', 1111], ['b_inner', 2222]) {
	my ($function, $size) = @$_;
	my $s = by_function($r, $function);
	cmp_ok($s->{count}, '>', 5, "$function leaks");
	is($s->{bytes}, $s->{count} * $size, "$function: its bytes only");
	is(chain($s), "$function plugin_leak call_plugin main libc _start",
		"$function: the whole stack");
	push @pcs, substr($s->{frames}[1]{pc} // $function, 0, 13);
}
is($pcs[0], $pcs[1], 'both were at one address') or diag($r->{text});
# A plugin may be gone before a busy machine lets the tool read its mappings.
# Then its blocks say so; what they never do is carry other names.
my @odd = grep { !by_plugin($_) && ($_->{bytes} == $_->{count} * 1111 ||
	$_->{bytes} == $_->{count} * 2222) } @{ $r->{stacks} };
sub by_plugin { grep { ($_->{name} // '') =~ /^[ab]_inner$/ }
	@{ $_[0]{frames} } }
is(scalar(grep { $_->{ends} !~ /is in no mapping/ } @odd), 0,
	'a block without its plugin names nobody else') or diag($r->{text});
my $late = 0;
$late += $_->{count} for @odd;
my $known = 0;
$known += by_function($r, $_)->{count} for qw(a_inner b_inner);
cmp_ok($late, '<', $known, "blocks whose plugin was gone: $late of " . ($known + $late)) or
	diag($r->{text});

done_testing();
