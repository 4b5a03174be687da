#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Where a probe may be: offsets against objdump's instructions, names of C++ and
# IFUNCs against what svc.cc says of itself, and who refuses what in which words.
use strict;
use warnings;
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use lib "$FindBin::Bin/../live";
use Live ();
use Places;

my ($START, $WRITTEN) = (1, 2);
my ($svc, $stripped) = ($Places::svc, $Places::stripped);

# "NAME FLAGS" of each => what dwunw_symbol_locate() says.
sub places {
	my ($file, @asked) = @_;
	my $in = "$Live::dir/asked";
	open(my $out, '>', $in) or die;
	print $out map { "$_\n" } @asked;
	close $out;
	return map { chomp; s/^\S+ //r } qx{$Live::build/tests/count/places $file <$in};
}

# --- offsets, by objdump --------------------------------------------------------------

# Each byte of them, but for the last instruction's, whose end objdump does not say.
sub as_objdump {
	my ($title, $file, @functions) = @_;
	my (@asked, @want);
	for (@functions) {
		my ($start, $at) = @$_;
		my %at = map { $_ => 1 } @$at;
		my $last = $start;
		for my $off ($start .. $at->[-1]) {
			$last = $off if $at{$off};
			push @asked, sprintf('0x%x', $off) . ' 0';
			push @want, $at{$off} ? sprintf('0x%x', $off) :
			    sprintf('that of 0x%x', $last);
		}
	}
	my @got = places($file, @asked);
	my @wrong = grep { $got[$_] !~ /\Q$want[$_]\E$/ } 0 .. $#want;
	cmp_ok(scalar(@want), '>', 100, "$title: " . @want . ' offsets');
	is(scalar(@wrong), 0, "$title: all as objdump")
	    or diag(map { "$asked[$_]: $got[$_], not $want[$_]\n" } grep { defined } @wrong[0 .. 9]);
}

SKIP: {
	skip 'objdump of x86_64 is asked', 4
	    if qx{uname -m} !~ /x86_64/ || !qx{objdump --version 2>/dev/null};
	as_objdump('svc', $svc, Places::functions_of($svc));
	my @all = Places::functions_of("$Live::build/dwunw");
	as_objdump('dwunw', "$Live::build/dwunw", @all[map { int($_ * $#all / 60) } 0 .. 60]);
}

my ($handle_at, $next, $within) = Places::of_handle();
# by FDE: stripped, and linked alike
my @got = places($stripped, "$handle_at $START", "$next 0",
	"$within 0", "$next $START");
is($got[0], $handle_at, 'a stripped file: a function, by its FDE');
is($got[1], $next, 'a stripped file: an instruction of it');
like($got[2], qr/is within an instruction, that of $next$/, 'a stripped file: within one');
like($got[3], qr/is no function's start: that of $handle_at/, 'a stripped file: not the start');

my $plain = Places::of_data();
like((places($svc, "$plain 0"))[0], qr/is not in its code$/, 'data');
like((places($svc, '0xffffffffffff 0'))[0], qr/is not in its code$/, 'beyond the end');
like((places($svc, '0x12zz 0'))[0], qr/is no offset/, 'no number');

# --- names -----------------------------------------------------------------------------

for (
	['app::Handler::handle', $handle_at],
	['app::Handler::Handler', qr/^0x/],
	['_ZNK3app7Handler6handleEi', $handle_at],
	['app::twice(int)', qr/^0x/],
	['app::twice(long)', qr/^0x/],
	['app::twice', qr/is the name of 2 functions of svc: .*as linked: _ZN3app5twiceE[il], _ZN3app5twiceE[il]$/],
	['app::Handler::nothing', qr/named as linked: nm svc$/],
	['chosen', qr/^- -3 chosen is chosen at load time \(IFUNC\): name an implementation, e\.g\. .*\bchosen_plain\b/],
) {
	my ($name, $want) = @$_;
	my ($got) = places($svc, "$name $WRITTEN");
	ref $want ? like($got, $want, $name) : is($got, $want, $name);
}
is((places($svc, 'app::Handler::handle 0'))[0], '- -6 ', 'as written only if it is asked');

done_testing();
