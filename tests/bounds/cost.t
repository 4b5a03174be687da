#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The first pc without CFI of a library of 50 MB and more costs little beside
# opening it: counted in instructions, by callgrind. All of its code is not
# swept: that would be some fifty instructions a byte.

use strict;
use warnings;
use Test::More;

my $build = $ENV{BUILD} // 'build/x86_64';
my $bounds = "$build/tests/bounds/bounds";
my @exec = split(' ', $ENV{EXEC} // '');
plan skip_all => "no $bounds: make test-programs" unless -x $bounds;
plan skip_all => 'callgrind cannot run programs of another machine' if @exec;
plan skip_all => 'no valgrind' if system('command -v valgrind >/dev/null');

my @large = grep { !-l $_ && -s _ > 50e6 } glob('/usr/lib/x86_64-linux-gnu/libLLVM-1*.so.1 ' .
	'/usr/lib/x86_64-linux-gnu/libclang-cpp.so.1*');
plan skip_all => 'no library of 50 MB: libclang-cpp comes with clang'
	unless @large;

# How many instructions `bounds` executes for these addresses, and its answer.
sub count {
	my ($library, @addrs) = @_;
	my $said = `printf '%s' '@{[map { "$_\n" } @addrs]}' | valgrind \\
		--tool=callgrind --callgrind-out-file=/dev/null \\
		'$bounds' '$library' 2>&1`;
	my ($count) = $said =~ /Collected : (\d+)/;
	return ($count // 0, grep { /^[0-9a-f]+ / } split(/\n/, $said));
}

for my $library (@large[0 .. ($#large > 1 ? 1 : $#large)]) {
	my ($name) = $library =~ /([^\/]+)$/;
	my ($array, $text, $init);

	for (`LC_ALL=C readelf -SW '$library'`) {
		$array = hex($1) if /\.fini_array\s+FINI_ARRAY\s+(\w+)/;
		$text = hex($1) if /\.text\s+PROGBITS\s+\w+ \w+ (\w+)/;
		$init = $1 if /\.init\s+PROGBITS\s+0*(\w+)/;
	}
	# __do_global_dtors_aux: the first one that is called at the end
	my ($last) = map { /^0*(\w+)\s.*RELATIVE\s+(\w+)/ && hex($1) == $array ?
		$2 : () } `LC_ALL=C readelf -rW '$library'`;
	ok(defined $last, "$name: its last function is known") or next;
	my ($open) = count($library);
	my ($all, $found) = count($library, $last);
	my $more = $all - $open;

	like($found, qr/^$last $last /, "$name: where it begins is found");
	cmp_ok($open, '>', 1e5, "$name: opening it is counted: $open");
	cmp_ok($more, '<', 20e6, "$name: the first pc without CFI: $more");
	cmp_ok($more, '<', $text / 2, "$name: … fewer than half its bytes of code");
	my ($twice) = count($library, $last, sprintf('%x', hex($init) + 4));
	cmp_ok($twice - $all, '<', 20e6, "$name: and one far from it: " .
		($twice - $all));
}
done_testing();
