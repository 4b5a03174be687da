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
	# room for every event, however seldom the tool runs
	my $r = memleak(leaked(11, keys %leak), '-p', $pid, '--ring-size',
		1 << 24, @args);
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

# musl has no unwind information: its qsort, raise and start code are crossed
# by their instructions. Its _start is a label without a size, which may have no
# name.
for (['leaky_musl', 'libc'], ['leaky_musl_static', 'libc_start_main_stage2']) {
	my ($name, $start_code) = @$_;
	next unless have_musl();
	my $r = leaks($name);
	for my $function (sort keys %leak) {
		my $s = by_function($r, $function);
		my $want = expected($function, "$start_code (_start|\\?)");
		$want =~ s/ libc / (\\S+ ){1,4}/ if $name =~ /static/;
		like(chain($s), qr/^$want$/, "$function: the whole stack");
		is($s->{ends}, '', "$function: it ends at the start");
	}
	like($r->{text}, qr/start: 7 of 7 stacks \(100 %\)/, "100 % complete");
	my %how = map { $_ => join ' ', map { $_->{how} // () }
		@{ by_function($r, $_)->{frames} } } qw(compare note_signal);
	like($how{note_signal}, qr/signal/, "musl's signal trampoline is known");
	like($how{compare}, qr/scan/, "musl's qsort is crossed by a scan");
}

# File offsets of a program's allocating functions, as options.
sub symbols {
	my ($path) = @_;
	my ($vaddr, $off) = `readelf -lW '$path'` =~
	    /^ +LOAD +0x(\S+) 0x(\S+) .* R E /m ? (hex($2), hex($1)) : die;
	my %known = map { $_ => 1 } qw(malloc free calloc realloc memalign
		aligned_alloc posix_memalign mmap munmap);
	return map { /^(\w+) [TW] (\w+)$/ && $known{$2} ?
		('--symbol', sprintf('%s=0x%x', $2, hex($1) - $vaddr + $off)) :
		() } `nm '$path'`;
}

# Size of a leak => how many frames its stack has; they are all different.
sub depths {
	my ($r) = @_;
	return { map { $_->{bytes} / $_->{count} => scalar @{ $_->{frames} } }
		@{ $r->{stacks} } };
}

# One without symbols and section headers: nothing says where functions are.
SKIP: {
	skip 'no musl-gcc', 2 unless have_musl();
	my $path = program('leaky_musl_static');
	my $bare = "$dir/leaky_bare";
	system('perl', "$root/tests/sstrip.pl", $path, $bare) == 0
	    or die "sstrip.pl\n";
	my %found;
	for my $program ($path, $bare) {
		my $pid = start($program, 0, 20);
		$found{$program} = memleak(sub { @{ parse($_[0])->{stacks} } == 7 },
			'-p', $pid, symbols($path));
		stop($pid);
	}
	like($found{$bare}{text}, qr/start: 7 of 7 stacks \(100 %\)/,
		'no symbols, no sections: 100 % complete') or
	    diag($found{$bare}{text});
	is_deeply(depths($found{$bare}), depths($found{$path}),
		'no symbols, no sections: as many frames');
}

done_testing();
