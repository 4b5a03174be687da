#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# No test compiles anything: what tests run is built by make beforehand
# (tests/*/rules.mk), so that it is made once, in parallel, with its
# prerequisites. The tests below may: there compiling is what is tested. Each
# does it in a directory of its own.
use strict;
use warnings;
use Test::More;

my %may = map { $_ => 1 } (
	# the build system and the headers themselves
	qw(tests/house/arch-subset.t tests/house/config.t tests/house/headers.t
	tests/house/make.t tests/house/musl.t tests/house/random.t
	tests/house/compilers.t tests/house/size.t
	tests/house/stack.t tests/house/symbols.t tests/house/tap.t
	tests/libdw_bpf/headers.t tests/scan/switches.t tests/install/install.t
	tests/install/debian.t),
	# blocks of documents, by the documents' own commands
	qw(tests/docs/Blocks.pm tests/docs/blocks.t tests/docs/runs.t tests/guests/router.pl
	tests/docs/outputs/crash_mips32.sh
	tests/docs/outputs/first-leak.sh
	tests/libdw_bpf/guide.t),
	# which files make would run
	'tests/house/tiers.t',
	# these have compilers' names in tables that break documents
	qw(tests/docs/zh.t tests/docs/editions.pl),
	# not tests: what make runs to build, and figures
	qw(tests/mips32/build.sh tests/stacks/build.sh tests/fuzz/seeds.sh
	tests/scan/corpus.sh tests/memleak/compare.sh tests/bench/run.sh
	tests/bench/names.sh tests/bench/bars.sh tests/guests/run.sh tests/guests/kernel-be.sh
	tests/guests/check.sh),
	'tests/house/nobuild.t');

# A compiler or make, and what looks like its first argument.
my $tool = qr/(?:gcc|g\+\+|cc|clang|clang\+\+|musl-gcc|rustc)/;
my $named = qr/(?<![\w.\/])(?:[\w\${}]+-)*$tool(?!\w)/;
my $variable = qr/\$(?:\{?(?:CC|CXX|CLANG|LINK|MAKE)\b(?::-[^}]*)?\}?|cc\b|make\b)/;
my $call = qr/(?:$named|$variable|\bmake)["']?(?:\s+|,\s*)["']?(?:-[a-zA-Z]|\$|[A-Z]+=)/;

sub calls {
	my ($path) = @_;
	open(my $in, '<', $path) or die "$path: $!";
	my @found;
	while (<$in>) {
		next if /^\s*#/;
		push @found, "$path:$.: $_" if /$call/;
	}
	return @found;
}

my @files = sort(glob('tests/*/*.t'), glob('tests/*/*.pm'), glob('tests/*/*.sh'),
	glob('tests/*/*/*.sh'), glob('tests/*/*.pl'));
for my $path (@files) {
	next if $may{$path};
	my @calls = calls($path);
	ok(!@calls, "$path compiles nothing") or diag(@calls);
}
ok(-e $_, "$_ is there") for sort keys %may;

# this test sees one
for my $line ('gcc -O2 x.c -o "$work/x"', '"$CC" -c x.c', "system('gcc', '-c')",
	'$make -C x', '"$triple-gcc" -c x.c', '`clang -c x.c`', '${CC:-gcc} -c x.c',
	"run('musl-gcc', \$source)", 'make O="$work" libs', "\$cc -O2 x.c",
	'"${prefix}gcc" $flags x.c') {
	like($line, $call, "seen: $line");
}
done_testing();
