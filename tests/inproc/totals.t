#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What a program has allocated and not freed, by the recorder inside it and by
# counter.so, which stands before it: to the block and to the byte.

use strict;
use warnings;
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use Inproc;

need_inproc();

my $counter = "$dir/counter";
mkdir $counter or die $!;

# Both see the same calls: those of the program, from its first to its last.
sub same {
	my ($title, @command) = @_;
	local $ENV{COUNTER} = $counter;
	my $r = run_with({ before => ["$build/tests/inproc/counter.so"] }, @command);
	my $has = sums($r->{file});
	my $want = counted($counter, $r->{pid});
	is($r->{status}, 0, "$title: it ends well") or diag $r->{err};
	is("$has->{4} $has->{5}", "$want->{blocks} $want->{bytes}",
		"$title: what is live");
	is($has->{0}, $want->{calls}, "$title: what was allocated")
	    unless $title eq 'forms';
	is($has->{0} - $has->{2} . ' ' . ($has->{1} - $has->{3}),
		"$has->{4} $has->{5}", "$title: allocated but for freed is live");
	is("$r->{no_room} $r->{unknown} $want->{full}", '0 0 0',
		"$title: nothing is left out");
	cmp_ok($want->{calls}, '>=', $title eq 'contexts' ? 0 : 7, "$title: something was to be seen");
	return $r;
}

# an area that is cut in two is two, and counter.so counts calls
same('forms', built('uses'), 'forms');
# qemu-user has no MADV_WIPEONFORK, by which counter.so knows a child
same($_, built('uses'), $_) for qw(threads signals own jumps contexts plugins),
    $foreign ? () : 'forks';
same('C++', built('thrown')) if -e built('thrown');
# … of this machine's libc
if (!$foreign && ($ENV{CC} // '') !~ /musl/) {
	same('a real program', 'perl', '-e', 'my %h = map { $_ => "x" x $_ } 1 .. 2000; ' .
		'delete @h{1 .. 1000}; require POSIX; POSIX::_exit(0)');
}

done_testing();
