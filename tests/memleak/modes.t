#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# --dwunw-mode on programs with and without frame pointers, with and without
# call frame information, with and without the right to read their mappings.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Leak;
use Test::More;

need_tool();
my $leaky = "$Live::root/examples/bpf_memleak/leaky.c";
my @nocfi = qw(-fno-asynchronous-unwind-tables -fno-unwind-tables);
my %program = (
	'CFI only' => Live::compile('cfi', 'gcc', $leaky),
	'CFI, frame pointers' => Live::compile('cfi_fp', 'gcc', $leaky,
		'-fno-omit-frame-pointer'),
	'frame pointers only' => Live::compile('fp', 'gcc', $leaky,
		'-fno-omit-frame-pointer', @nocfi),
);
my $chain = qr/^make_name make_session open_session handle_request serve leak_nested round_of_leaks main/;
my $length = 8;

# Frames of the deepest stack that are right.
sub right_frames {
	my ($r) = @_;
	my @want = split / /, 'make_name make_session open_session handle_request serve leak_nested round_of_leaks main';
	my @got = split / /, names(find($r, 'make_name'));
	my $same = 0;
	$same++ while $same < @want && ($got[$same] // '') eq $want[$same];
	return $same;
}

my @table;
for my $name (sort keys %program) {
	for my $mode (qw(off fallback force)) {
		my $r = with_target([$program{$name}, 0, 20],
			["--dwunw-mode=$mode", '--stats'], 1.5, 1);
		my $right = right_frames($r);
		is($r->{status}, 0, "$name, $mode: it ran") or diag($r->{text});
		sent_ok($r, "$name, $mode") if $mode ne 'off';
		if ($mode ne 'off' || $name =~ /frame p/) {
			is($right, $length, "$name, $mode: the whole stack") or
			    diag($r->{text});
		} else {
			cmp_ok($right, '<=', 2, "$name, $mode: as upstream, cut");
		}
		is($r->{by_fp}, 0, 'no frame pointers used') if $mode eq 'force';
		push @table, sprintf('%-20s %-9s %d of %d frames', $name, $mode,
			$right, $length);
	}
}

# dwunw is made to fail: too little of the stack is copied.
for my $mode (qw(fallback force)) {
	my $r = with_target([$program{'CFI, frame pointers'}, 0, 20],
		["--dwunw-mode=$mode", '--stats', '--stack-bytes=140'], 1.5, 1);
	if ($mode eq 'force') {
		is($r->{status}, 1, 'force: failing is an error');
		like($r->{text}, qr/dwunw failed/, 'that is told');
	} else {
		is(right_frames($r), $length, 'fallback: frame pointers do it') or
		    diag($r->{text});
		cmp_ok($r->{by_fp}, '>', 0, 'counted as such');
	}
	like($r->{text}, qr/^dwunw: a stack ends early: \S+/m, "$mode: why");
}

# No right to read its mappings: not by an LSM, which is not everywhere, but by
# a file that may not be opened in place of /proc/PID/maps.
SKIP: {
	skip 'no unshare or setpriv', 10 if system('unshare -m true 2>/dev/null') ||
	    system('setpriv --version >/dev/null 2>&1');
	my $caps = '-sys_ptrace,-dac_override,-dac_read_search';
	open(my $denied, '>', "$dir/denied");
	chown(65534, 65534, "$dir/denied");
	chmod(0, "$dir/denied");
	for my $mode (qw(off fallback force)) {
		my $pid = start($program{'CFI, frame pointers'}, 0, 20);
		my ($text, $status) = Live::run('unshare', '-m', 'sh', '-c',
			"mount --bind $dir/denied /proc/$pid/maps && " .
			"exec setpriv --bounding-set $caps --inh-caps $caps " .
			tool() . " --dwunw-mode=$mode -p $pid 1.5 1");
		my $r = parse_leak($text, $status);
		stop($pid);
		if ($mode eq 'force') {
			cmp_ok($status, '>', 0, 'denied, force: an error');
			like($text, qr/CAP_SYS_PTRACE/, 'that names what is missing');
			next;
		}
		is($status, 0, "denied, $mode: it ran") or diag($text);
		my ($s) = grep { $_->{bytes} == 48 * $_->{count} } @{ $r->{stacks} };
		cmp_ok(scalar @{ $s->{frames} }, '>=', $length,
			'addresses by frame pointers') or diag($text);
		like($text, qr/^dwunw: pid $pid.*CAP_SYS_PTRACE.*frame pointers/m,
			'fallback says why') if $mode eq 'fallback';
		unlike($text, qr/^dwunw:/m, 'off says nothing') if $mode eq 'off';
	}
}

diag($_) for @table;
done_testing();
