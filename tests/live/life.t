#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The target forks, runs another program, ends half way.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use Test::More;

need_bpf();
my $life = built('life');

my $pid = start($life, 'fork');
my $r = memleak(by_itself(), '-p', $pid);
stop($pid);
counters_ok($r, 'fork');
is(by_function($r, 'leak_in_parent')->{count}, 100, "the parent's leaks");
is(by_function($r, 'leak_in_child')->{count}, 0, "not the child's");
like($r->{text}, qr/pid $pid has ended/, 'its end is told');

$pid = start($life, 'exec', program('leaky_glibc'));
$r = memleak(leaked(11, 'make_name'), '-p', $pid);
stop($pid);
counters_ok($r, 'exec');
is(by_function($r, 'leak_before_exec')->{count}, 0,
	"blocks of the program before are gone");
my $s = by_function($r, 'make_name');
cmp_ok($s->{count}, '>', 10, "the new program's leaks");
is(chain($s), 'make_name make_session open_session handle_request serve ' .
	'leak_nested round_of_leaks main libc _start', 'with their stacks');

$pid = start($life, 'exec', program('leaky_musl'));
$r = memleak(leaked(11, 'make_name'), '-p', $pid);
stop($pid);
$s = by_function($r, 'make_name');
cmp_ok($s->{count}, '>', 10, "exec of a program with another libc");
like($r->{text}, qr/probes on .*musl/, 'probes on it are added');

# It ends while events are under way.
for my $args ([20, 5], [60, 20]) {
	$pid = start('/bin/sh', '-c', 'until [ -e "$BEGIN" ]; do sleep 0.05; done; exec "$@"', 'sh',
		program('leaky_glibc'), @$args);
	$r = memleak(by_itself(), '-p', $pid);
	waitpid($pid, 0);
	stop($pid);
	is($r->{status}, 0, "ended after $args->[0] rounds");
	like($r->{text}, qr/pid $pid has ended/, 'its end is told');
	counters_ok($r, 'it ended');
	ok(!$r->{unknown}, 'every block has a stack') or diag($r->{text});
	for (@{ $r->{stacks} }) {
		my $chain = chain($_);
		next if $chain !~ /round_of_leaks/;
		like($chain, qr/ round_of_leaks main libc _start$/, 'a whole stack');
	}
}

# The events themselves, by capture.bpf.h alone.
my $object = built('returns.bpf.o');
my $probe = built('probe');
# an EXEC's cookie is the first bytes of the program's name
my $name = unpack('Q', "true\0\0\0\0");
for (['fork', 4, 'cookie=[1-9]\d* '], ['fork', 3, ''],
	['exec', 2, "cookie=$name generation=[2-9]"]) {
	my ($how, $kind, $rest) = @$_;
	$pid = start($life, $how, '/bin/true');
	my $event = qr/^event status=OK kind=$kind .*$rest/m;
	my ($out) = watch(sub { $_[0] =~ $event }, $probe, $object, $pid, $life,
		600, 'at_entry=main');
	stop($pid);
	like($out, $event, "$how: an event of kind $kind");
}

done_testing();
