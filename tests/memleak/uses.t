#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Ways to use an allocator (uses.c): each tool says what counter.so, which stands
# between program and allocator, has counted: blocks and bytes.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Count;
use Truth;
use Leak;
use Test::More;

need_tool();

# A package's tree, if it is to be had.
sub unpacked {
	my ($package) = @_;
	chomp(my $machine = `dpkg --print-architecture 2>/dev/null`);
	chomp(my $tree = $machine &&
		`$Live::root/tests/cross/package $machine $package`);
	return $tree || ();
}

my $only = $ENV{DWUNW_ONLY} || '.'; # a pattern for titles
my $user = Live::program('memleak_user');
my $file = "$dir/uses";
my $ring = '--ring-size 33554432 --stack-bytes 2048';
my $leak = tool() . " $ring --max-live 500000 -o 0 -T 100000";

# name, command, how its report is read, does it follow children
my @tools = (
	['memleak_dwunw_user', "$leak -p PID 600", \&parse_leak, 0],
	['with perf probes', "$leak --perf-probes -p PID 600", \&parse_leak, 0],
	['memleak_user', "$user $ring -d 600 -p PID", \&Live::parse, 0],
	['memleak_user, perf', "$user --capture perf $ring -d 600 -p PID",
		\&Live::parse, 0],
);
my @follow = (
	['memleak_dwunw_user -f', "$leak -f -p PID 600", \&parse_leak, 1],
	['-f with perf probes', "$leak --perf-probes -f -p PID 600",
		\&parse_leak, 1],
);

# The program has begun, and its libc is there.
my $is_there = q{
	until grep -q "^uses" /proc/$pid/comm &&
	    grep -q "r-xp.*\(libc\|musl\)" /proc/$pid/maps; do
		sleep 0.05
	done
};

# One program by one tool.
sub check {
	my ($title, $tool, $program, $use, %how) = @_;
	my ($name, $command, $parse) = @$tool;
	return unless "$title, $name" =~ /$only/;
	my $counter = counter_dir('counter');
	my $r = $parse->(observe(files => [$file], env => { FIND => $is_there },
		timeout => $how{timeout}, held => $how{held},
		around => $how{around},
		truth => join(' ', 'env', "LD_PRELOAD=$how{preload}",
			"COUNTER=$counter", $how{env} // (), $program, $file,
			$use),
		tool => $command . ($how{options} // '')));
	my $sum = counted_by($counter);
	is($r->{status}, 0, "$title, $name: it ran") or diag($r->{text});
	cmp_ok($sum->{processes}, '>=', $how{processes} // 1,
		"$title, $name: the counter was in all");
	same_ok($r, $sum, "$title, $name", $how{library});
	return $r;
}

# Without BPF a call that finds no room is lost, with the block: so many have room
# in half of the ring (some 400 bytes for a malloc and its return) though the tool
# gets no processor before the last of them.
sub count_for {
	my ($tool, $use) = @_;
	return $use eq 'many' && $tool->[0] =~ /, perf$/ ? 'COUNT=20000' : undef;
}

my @libcs = ([glibc => built('uses'), built('counter.so')]);
push @libcs, [musl => built('uses_musl'), built('counter_musl.so')]
    if Live::have_musl();
my @uses = qw(plain realloc reallocarray calloc aligned posix_memalign large deep
	library handler longjmp context other threads cancel mmap munmap mremap
	many);
for my $libc (@libcs) {
	my ($libc_name, $program, $preload) = @$libc;
	my $glibc = $libc_name eq 'glibc'; # the others have no more to tell
	for my $use (@uses) {
		check("$libc_name, $use", $_, $program, $use,
			preload => $preload, env => count_for($_, $use))
		    for $glibc ? @tools : @tools[0, 3];
	}
	for my $row ([fork => 5], [exec => 5], [vfork => 5], [spawn => 5],
		[processes => 65]) {
		my ($use, $processes) = @$row;
		# musl's loader is the C library itself: what it maps for a program that
		# is executed is seen by the tool, from its first instruction on, and
		# not by the counter, which is not there yet
		my $library = !$glibc && $use =~ /exec|vfork|spawn/ ?
		    qr/^(libc\.so|ld-musl.*)$/ : undef;
		for my $tool ($glibc ? @follow : $follow[0]) {
			my $r = check("$libc_name, $use", $tool, $program, $use,
				preload => $preload, processes => $processes,
				library => $library,
				env => $glibc ? 'LD_LIBRARY_PATH=' . own_libc() : '');
			next unless $library && $r;
			my $count = 0;
			$count += $_->{count} for alone_in($r, $library);
			ok($count && $count % ($processes - 1) == 0,
				"$libc_name, $use: the loader of each child is seen ($count)")
			    or diag($r->{text});
		}
	}
}

# The tool learns of nothing until all is over; all run on one processor, so that a
# thread and the one that made it follow each other there.
for my $use (qw(fork processes)) {
	check("glibc, $use, on one processor, read late", $follow[0], built('uses'),
		$use, preload => built('counter.so'), held => 1,
		around => ['taskset', '-c', 0],
		processes => $use eq 'fork' ? 5 : 65,
		env => 'LD_LIBRARY_PATH=' . own_libc());
}

# Ten million live blocks: the tools' memory.
if ($ENV{DWUNW_LONG}) {
	for my $tool (["ten million, memleak_dwunw_user",
			tool() . " $ring --max-live 12000000 --stats -o 0 " .
			"-p PID 600", \&parse_leak],
		["ten million, memleak_user", "$user $ring --max-live " .
			'12000000 -d 600 -p PID', \&Live::parse]) {
		my $r = check('glibc', $tool, built('uses'), 'many',
			preload => built('counter.so'),
			env => 'COUNT=10000000', timeout => 3600) or next;
		diag("$tool->[0]: $r->{drops} stacks lost; tool $r->{rss} KiB, " .
			"maps $r->{maps} KiB");
	}
}

# Other allocators, preloaded, as programs are started with them.
for my $row ([jemalloc => 'libjemalloc2', 'libjemalloc.so.2'],
	[tcmalloc => 'libtcmalloc-minimal4', 'libtcmalloc_minimal.so.4'],
	[mimalloc => 'libmimalloc2.0', 'libmimalloc.so.2.0']) {
	my ($name, $package, $library) = @$row;
	my ($path) = map { glob "$_/usr/lib/*/$library" } unpacked($package);
	SKIP: {
		skip "$package is not to be had", 1 unless $path;
		check("$name, several", $_, built('uses'), 'several',
			preload => built('counter.so') . ":$path",
			env => 'NO_PVALLOC=1') for @tools;
	}
}

done_testing();
