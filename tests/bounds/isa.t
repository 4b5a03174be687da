#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Files of instruction sets and ABIs that this cannot unwind are refused by
# name, whatever asks, also those that look like one that it can: microMIPS,
# release 6 and n32 have the machine, class and byte order of mips32. And a file
# that is not linked yet has no addresses.

use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $build = $ENV{BUILD} // 'build/x86_64';
my $dir = "$build/tests/bounds/isa";
my $dwunw = "$build/dwunw";
plan skip_all => "no $dwunw" unless -x $dwunw;
plan skip_all => 'no files: clang is missing, or the host is not x86_64'
	unless -e "$dir/n32.o";
my $work = tempdir(CLEANUP => 1);

my %refused = (micromips => 'mips with microMIPS instructions',
	r6 => 'mips release 6', n32 => 'mips n32', n64 => 'mips n64',
	o64 => 'mips o64', arm64be => 'arm64, big-endian',
	ilp32 => 'arm64 ILP32 (addresses of 32 bits)',
	x32 => 'x32 (x86_64 with addresses of 32 bits)', i386 => 'i386',
	arm => 'arm (32 bits)', riscv => 'riscv', ppc64 => 'ppc64',
	s390 => 's390', o64 => 'mips o64', arm64be => 'arm64, big-endian',
	ilp32 => 'arm64 ILP32 (addresses of 32 bits)');
my %known = (o32 => 'mips', x86_64 => 'x86_64', arm64 => 'arm64');

# A copy with another e_type (gABI 4, at 16).
sub copy {
	my ($from, $type) = @_;
	my $to = "$work/file";
	open(my $in, '<:raw', $from) or die "$from: $!";
	my $bytes = do { local $/; <$in> };
	my $order = substr($bytes, 5, 1) eq "\2" ? 'n' : 'v';
	substr($bytes, 16, 2) = pack($order, $type);
	open(my $out, '>:raw', $to) or die "$to: $!";
	print $out $bytes;
	close($out) or die "$to: $!";
	return $to;
}

# What is wrong about a run that must fail with one line that has all of that.
sub fault {
	my ($command, @wanted) = @_;
	my $said = `'$dwunw' $command 2>&1`;
	my $code = $? >> 8;

	return "exit code $code" if $code != 1;
	return "says $said" if ($said =~ tr/\n//) != 1;
	index($said, $_) >= 0 or return "no '$_' in $said" for @wanted;
	return '';
}

for my $isa (qw(o64 ilp32)) {
	next if -e "$dir/$isa.o";
	delete $refused{$isa};
	SKIP: { skip("$isa: no GCC for it", 1); }
}
for my $isa (sort keys %refused) {
	my $file = "$dir/$isa.o";
	my $library = copy($file, 3);

	is(fault("rows '$file'", "$file: code of ", $refused{$isa}), '',
		"$isa: rows of an object file");
	is(fault("rows $_ '$library'", "$library: code of ",
		$refused{$isa}), '', "$isa: rows $_ of a library")
		for '', '--raw', '--scan', '--compare';
	my $core = copy($file, 4);
	is(fault("stack --core '$core'", $core, $refused{$isa}), '',
		"$isa: a core");
}
for my $isa (sort keys %known) {
	my $file = "$dir/$isa.o";

	is(fault("rows $_ '$file'", $file, "a relocatable file of $known{$isa}",
		'before it is linked'), '', "$isa: rows $_ of an object file")
		for '', '--scan', '--compare';
}
done_testing();
