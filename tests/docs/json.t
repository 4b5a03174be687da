#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The keys of --json: those that report/json.c prints are in the tables of doc/memleak.md,
# of its Chinese edition and of dwunw-leaks(1), and no others are.

use strict;
use warnings;
use File::Basename;
use Test::More;
use lib dirname(__FILE__);
use Blocks;

chdir dirname(__FILE__) . '/../..' or die $!;

sub sorted {
	my %all = map { $_ => 1 } @_;
	return join ' ', sort keys %all;
}

my $code = Blocks::slurp('report/json.c');
my $printed = sorted($code =~ /\\"(\w+)\\":/g);
cmp_ok(scalar(split / /, $printed), '>', 30, 'keys that are printed');

for my $path ('doc/memleak.md', 'doc/zh/memleak.md') {
	my ($chapter) = Blocks::slurp($path) =~ /^## `--json`\n(.*?)^## /ms;
	is(sorted(($chapter // '') =~ /^\| `(\w+)` \|/mg), $printed, $path);
}
my ($chapter) = Blocks::slurp('packaging/man/dwunw-leaks.1.in') =~
	/^\.SH "JSON KEYS"\n(.*?)^\.SH /ms;
is(sorted(($chapter // '') =~ /^\.B (\w+)$/mg), $printed, 'dwunw-leaks(1)');

done_testing();
