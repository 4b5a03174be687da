#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every leak of leaky.c by its whole stack, with four libcs, by both buffers.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Live;
use Test::More;

need_bpf();

my $start = 'round_of_leaks main';
my %leak = (
	make_name => [48, 'make_session open_session handle_request serve leak_nested'],
	compare => [100, 'libc leak_in_callback'],
	note_signal => [200, 'on_signal libc send_signal leak_in_signal'],
	grow_table => [4000, 'leak_by_realloc'],
	leak_by_calloc => [300, ''],
	leak_aligned => [640, ''],
	leak_mapping => [8192, ''],
);

sub leaks {
	my ($name, @args) = @_;
	my $pid = start(program($name), 0, 20);
	my $r = memleak('-p', $pid, '-d', 1, '-n', 1, @args);
	stop($pid);
	is($r->{status}, 0, "$name @args: it ran") or diag($r->{text});
	is(scalar @{ $r->{stacks} }, keys %leak, "one stack for each leak") or
	    diag($r->{text});
	counters_ok($r, "$name @args");
	is($r->{drops}, 0, "nothing was dropped");
	for my $function (sort keys %leak) {
		my $s = by_function($r, $function);
		cmp_ok($s->{count}, '>', 10, "$function leaks each round");
		is($s->{bytes}, $s->{count} * $leak{$function}[0],
			"$function: its bytes");
	}
	return $r;
}

sub expected {
	my ($function, $tail) = @_;
	my $chain = join ' ', $function, $leak{$function}[1], $start, $tail;
	$chain =~ s/  +/ /g;
	return $chain;
}

# glibc: to the program's start.
for my $args ([], ['--capture', 'bpf-perf'], ['--capture', 'perf'], ['--fp-walk']) {
	my $r = leaks('leaky_glibc', @$args);
	for my $function (sort keys %leak) {
		my $s = by_function($r, $function);
		is(chain($s), expected($function, 'libc _start'),
			"$function: the whole stack");
		is($s->{ends}, '', "$function: it ends at the start");
	}
	like($r->{text}, qr/start: 7 of 7 stacks \(100 %\)/, "100 % complete");
	like($r->{text}, qr/by frame pointers, to main: 0 of 7/,
		"frame pointers: none") if "@$args" eq '--fp-walk';
}

# A static program: the same, and libc's functions have names.
{
	my $r = leaks('leaky_glibc_static');
	for my $function (sort keys %leak) {
		my $chain = chain(by_function($r, $function));
		my $want = expected($function,
			'__libc_start_call_main __libc_start_main(_impl)? _start');
		$want =~ s/ libc / (\\S+ ){3}/;
		like($chain, qr/^$want$/, "$function: the whole stack");
	}
}

# musl has no unwind information: up to main, where its code is not crossed;
# its end is named by file and address.
for my $name (qw(leaky_musl leaky_musl_static)) {
	next unless have_musl();
	my $r = leaks($name);
	my $file = $name eq 'leaky_musl' ? 'libc\.so' : $name;
	for my $function (sort keys %leak) {
		my $s = by_function($r, $function);
		like($s->{ends}, qr{no unwind information for 0x[0-9a-f]+ in \S*/$file$},
			"$function: the end is named");
		my $want = expected($function, '');
		$want =~ s/ libc .*//;
		like(chain($s), qr/^$want\b/, "$function: all frames to there");
	}
	next if $name ne 'leaky_musl';
	my ($how) = map { $_->{how} // () }
	    @{ by_function($r, 'note_signal')->{frames} };
	is($how, 'signal', "musl's signal trampoline is crossed");
}

done_testing();
