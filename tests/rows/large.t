#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# As rows.t, of large programs: half a million rows.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Rows;
use RowFiles;
use Test::More;

plan skip_all => 'readelf is not installed' if `readelf --version` !~ /readelf/;
my @files = RowFiles::large();
Rows::agree($_, Rows::compare(RowFiles::dwunw(), $_)) for @files;
cmp_ok(scalar(@files), '>=', 4, 'at least 4 large files');
done_testing();
