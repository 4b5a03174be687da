#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What callers are promised (doc/api.md, Stability): the numbers of enums and
# flags, the layout of structs, structs that say their size, the names that the
# design began with; and that the library goes into shared libraries and PIEs.
#
# promise.list has a C expression and its value on a line, after "64" where only
# hosts of 64 bits have it. A new name gets a line; a line that is there stays.

use strict;
use warnings;
use File::Basename;
use Test::More;

chdir dirname(__FILE__) . '/../..' or die $!;
my $dir = ($ENV{BUILD} // 'build/' . `uname -m` =~ s/\s//gr) . '/tests/install';

sub slurp {
	my ($path) = @_;
	open my $in, '<', $path or die "$path: $!\n";
	local $/;
	return scalar <$in>;
}

my @lines = map { [ /^(64)?\t?(.*)\t(-?\d+)$/ ] }
	grep { !/^(?:#|$)/ } split /\n/, slurp('tests/install/promise.list');

# as a program, for make
if (@ARGV && $ARGV[0] eq '--program') {
	print map { "#include <dwunw/$_.h>\n" } qw(dwarf heap libdw_bpf record report sampler symbols);
	print "#include \"capture.h\"\n#include <stdio.h>\nint main(void)\n{\n";
	for (@lines) {
		my ($wide, $what) = @$_;
		print $wide ? "\tif (sizeof(void *) == 8)\n\t" : '',
		    "\tprintf(\"%s\\t%lld\\n\", \"$what\", (long long)($what));\n";
	}
	print "}\n";
	exit 0;
}

# where qemu-user finds another target's ld.so
my @exec = split ' ', $ENV{EXEC} // '';
chomp(my $triple = @exec ? `$ENV{CC} -dumpmachine` : '');
$ENV{QEMU_LD_PREFIX} //= "/usr/$triple" if @exec;
my $nm = $ENV{NM} // 'nm';
sub run { my @said = qx{@exec $dir/$_[0] 2>&1}; return ($?, @said) }

-x "$dir/promised" or plan skip_all => 'this configuration has no port for Linux';

my $pic = slurp($ENV{CONFIG_H} // "$dir/../../config.h") =~ /^#define CONFIG_PIC /m;

# --- numbers --------------------------------------------------------------------

my ($failed, @said) = run('promised');
my %now = map { /^(.*)\t(-?\d+)$/ ? ($1 => $2) : () } @said;
my @other = grep { exists $now{$_->[1]} ? $now{$_->[1]} != $_->[2] : !$_->[0] } @lines;
is(join("\n", map { "$_->[1]: $_->[2]" } @other), '',
	scalar(keys %now) . ' numbers, sizes and offsets are what they were');

my %known = map { $_->[1] => 1 } @lines;
my @new;
for my $path (glob('include/dwunw/*.h'), 'bpf/capture.h') {
	my $text = slurp($path) =~ s{/\*.*?\*/}{}gsr;
	while ($text =~ /\benum\s+\w+\s*\{(.*?)\}/gs) {
		push @new, $1 =~ /\b([A-Z]\w+)\s*(?:=[^,]*)?(?:,|\s*$)/g;
	}
	push @new, $text =~ /^\#define\s+(DWUNW_\w*FLAG_\w+|
		DWUNW_(?:OPTION|WALK|MAPPING|SYMBOL|SCAN)_\w+)[ ]+\d/gmx;
	while ($text =~ /\bstruct\s+(\w+)\s*\{\s*size_t\s+size;(.*?)\n\}/gs) {
		my ($struct, $body) = ($1, $2);
		push @new, map { "offsetof(struct $struct, $_)" }
			map { /\(\*(\w+)\)/ ? $1 : /(\w+)(?:\[\d+\])?\s*$/ ? $1 : () }
			split /;/, $body;
	}
}
# how many there are is no promise
is(join("\n", grep { !$known{$_} && !/_(?:PARTS|RANKS)$|^DWUNW_REPORT_\w*END$/ } @new), '',
	'each enumerator, flag and field of a struct that may grow is in promise.list');
cmp_ok(scalar @new, '>', 150, scalar(@new) . ' of them were looked at');

# --- callers ----------------------------------------------------------------------

for my $program (qw(given seeds)) {
	($failed, @said) = run($program);
	ok(!$failed, "$program runs") or diag(@said);
	is(join('', grep { /^not ok/ } @said), '', '… and finds nothing wrong');
}

my $version = join '.', slurp('include/dwunw/dwunw_api.h') =~
	/VERSION_(?:MAJOR|MINOR|PATCH) (\d+)/g;
for my $how (qw(shared pie)) {
	SKIP: {
		skip("$how: objects that are not position independent", 2)
			unless $pic;
		($failed, @said) = run($how);
		ok(!$failed, "a caller linked as $how runs") or diag(@said);
		is($said[0], "dwunw $version\n", '… and is of this version');
	}
}
SKIP: {
	skip('no shared library', 2) unless $pic;
	my @symbols = `$nm -D '$dir/libguest.so'`;
	is(join('', grep { / [TDBRV] dwu/ } @symbols), '',
		'a shared library does not show the names of the dwunw in it');
	is(scalar(grep { / T guest_version$/ } @symbols), 1, '… but its own');
}
done_testing();
