#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Calls of svc.cc by C++ names and offsets, as often as it says of itself; and what
# is refused, in which words, as no probe may be there.
use strict;
use warnings;
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use lib "$FindBin::Bin/../live";
use Events;
use Live ();
use Places;

Events::need();
my $dwunw = $Events::dwunw;
my ($svc, $stripped) = ($Places::svc, $Places::stripped);
my ($handle_at, $next, $within) = Places::of_handle();
$ENV{BEGIN} = '/'; # it is there: begins at once

for (
	['uprobe:svc:app::Handler::handle', 8],
	['uprobe:svc:app::Handler::handle(int) const', 8],
	['uretprobe:svc:app::twice(int)', 3],
	['uprobe:svc:app::twice(long)', 4],
	['uprobe:svc:chosen_wide', 10],
	["uprobe:svc:$next", 8],
	["uretprobe:svc-stripped:$handle_at", 8, $stripped],
) {
	my ($event, $want, $program) = @$_;
	my ($said, $status) = Live::run($dwunw, 'count', '-e', $event, '--',
		$program // $svc);
	is($status, 0, "$event: status") or diag($said);
	like($said, qr/^dwunw: events $want = stacks $want \+ drops 0/m,
		"$event: $want") or diag($said);
	like($said, qr/^served$/m, "$event: it lives");
}
for (
	["uprobe:svc:$within", qr/\Q$within\E of svc is within an instruction, that of $next/],
	["uretprobe:svc:$next", qr/\Q$next\E of svc is no function's start: that of \S+ at $handle_at/],
	['uprobe:libc.so.6:strlen', qr/strlen is chosen at load time \(IFUNC\): name an implementation/],
	['uprobe:svc:app::twice', qr/app::twice is the name of 2 functions of svc/],
	['uprobe:svc:app::nothing', qr/a C\+\+ function may be named as linked: nm svc/],
) {
	my ($event, $want) = @$_;
	my ($said, $status) = Live::run($dwunw, 'count', '-e', $event, '--', $svc);
	is($status, 1, "$event: status") or diag($said);
	like($said, $want, "$event: why");
	unlike($said, qr/not attached/, "$event: once");
}
for (
	[qr/\Q$within\E of svc is within an instruction/, '--symbol', "malloc=$within\@svc"],
	[qr/\Q$next\E of svc is no function's start/, '--symbol', "malloc=$next\@svc"],
	[qr/malloc_chosen is chosen at load time/, '--allocator', '*_chosen'],
) {
	my ($want, @options) = @$_;
	my ($said, $status) = Live::run($dwunw, 'leaks', @options, '--', $svc);
	isnt($status, 0, "leaks @options: status") or diag($said);
	like($said, $want, "leaks @options: why");
	unlike($said, qr/not attached/, "leaks @options: once");
}

done_testing();
