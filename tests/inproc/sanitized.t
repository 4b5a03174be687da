#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Programs that were built with AddressSanitizer or ThreadSanitizer: the recorder before
# their runtime, which stands before the C library's functions, also before memcpy().
# They run, neither runtime has anything to report, and the sums are right.

use strict;
use warnings;
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use Inproc;

need_inproc();

# AddressSanitizer is asked to bear another library before it; blocks that are left are
# not to be its report
my %env = (
	ASAN_OPTIONS => 'verify_asan_link_order=0:detect_leaks=0',
	TSAN_OPTIONS => 'report_bugs=1:exitcode=66',
	DWUNW_INPROC_CHECK => 1,
);

for my $kind (qw(thread address)) {
	if (!-e built("blocks-$kind")) {
		ok(1, "$kind # skip not built");
		next;
	}
	my $r = run_with({ env => \%env }, built("blocks-$kind"));
	is($r->{status}, 0, "$kind: it ends well") or diag $r->{err};
	unlike($r->{err}, qr/Sanitizer/, "$kind: no report");
	is($r->{differ}, 0, "$kind: no stack differs");
	my ($count, $bytes) = split ' ', $r->{out};
	my ($sum, $blocks) = (0, 0);
	my $report = `$build/dwunw report -T 1000 $r->{file} 2>&1`;
	while ($report =~ /^(\d+) bytes in (\d+) allocations from stack\n\t#0 .*malloc.*\n\t#1 .* work\+/mg) {
		$sum += $1;
		$blocks += $2;
	}
	is("$blocks $sum", "$count $bytes", "$kind: what is left, as the program says")
	    or diag $report;
	# TSan holds signals back, and wants larger stacks than those of `threads`
	for my $use ('jumps', $kind eq 'address' ? qw(signals own threads) : ()) {
		$r = run_with({ env => \%env }, built("uses-$kind"), $use);
		is("$r->{status} $r->{differ}", '0 0', "$kind, $use: no stack differs")
		    or diag $r->{err};
		unlike($r->{err}, qr/Sanitizer/, "$kind, $use: no report");
		cmp_ok($r->{checked}, '>', 5000, "$kind, $use: so many were compared");
	}
}
done_testing();
