#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A Prometheus scrapes the metrics of models that are made up (fill.c): it takes them,
# the sums are the text's, and a label has the name that it was given.

use strict;
use warnings;
use FindBin;
use JSON::PP;
use Test::More;
use lib "$FindBin::Bin/../live";
use Live ();

my $build = $ENV{BUILD} || "$Live::root/build/" . (split ' ', `uname -m`)[0];
my $fill = "$build/tests/report/fill";
my $dir = $Live::dir;
Live::skip_all('CONFIG_REPORT is off') unless -x $fill;
chomp(my $prometheus = `command -v prometheus 2>/dev/null`);
Live::skip_all('no prometheus') unless $prometheus;

for my $kind (qw(small hostile)) {
	mkdir "$dir/$kind";
	system("$fill metrics $kind >$dir/$kind/metrics") == 0 or die;
	my ($bytes, $blocks) = `$fill text $kind` =~ /\] (\d+) bytes in (\d+) allocations/;
	my @said = map { eval { decode_json($_) } // $_ }
		`python3 $FindBin::Bin/scrape.py $prometheus $dir/$kind $dir/$kind/metrics dwunw_live_bytes dwunw_live_allocations 'sum(dwunw_stack_live_bytes)' dwunw_allocations_total dwunw_stack_live_bytes 2>&1`;
	is_deeply($said[0], [['up', '']], "$kind: scraped without an error") or diag explain \@said;
	my @values = map { ref $_ eq 'ARRAY' && @$_ == 1 ? $_->[0][1] : '?' } @said[1 .. 4];
	is("@values", "$bytes $blocks $bytes 0", "$kind: the sums are the text's");
	my %functions = map { my %labels = map { @$_ } @{$_->[0]}; ($labels{function} // $labels{stack} => $_->[1]) }
		ref $said[5] eq 'ARRAY' ? @{$said[5]} : ();
	if ($kind eq 'small') {
		is($functions{'inner(int)'}, 3001, 'small: the innermost call has the stack');
		is($functions{'[no_stack]'}, 400, 'small: what has no stack');
	} else {
		is($functions{'"quoted" \\ back`tick ${x}'}, 102, 'hostile: quotes and backslashes');
		is($functions{'line?break?[31m'}, 104, 'hostile: no line breaks');
		is($functions{"\x{51fd}\x{6570}"}, 106, 'hostile: UTF-8');
	}
	system('rm', '-rf', "$dir/$kind");
}
done_testing();
