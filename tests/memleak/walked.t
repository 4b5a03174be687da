#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw leaks --walk=kernel and --walk=copy, on programs that leave the same blocks in
# each run: the same stacks, by file and address, with the same blocks and bytes. What
# the kernel has only counted is counted as exactly as what was copied.
use strict;
use warnings;
use FindBin;
use IPC::Open3;
use JSON::PP;
use Symbol 'gensym';
use Test::More;
use lib "$FindBin::Bin/../live", $FindBin::Bin;
use Live ();

Live::need_bpf();
my $build = $ENV{BUILD} || "$Live::root/build/" . (split ' ', `uname -m`)[0];
my $dwunw = "$build/dwunw";
my $walked = "$build/tests/memleak/walked";
my @plugs = map { "$build/tests/walk/plug_$_.so" } qw(a b);
my $file = "/tmp/walked.$$.json";
my $printed = "/tmp/walked.$$.txt";
END { unlink $file, $printed if defined $file }
if (`$dwunw leaks --help 2>&1` !~ /^usage: dwunw leaks/) {
	print "1..0 # SKIP CONFIG_LEAKS is off\n";
	exit 0;
}

sub last_report {
	open(my $in, '<', $file) or return {};
	my $text = do { local $/; <$in> };
	return eval { decode_json($text) } // {};
}

# Until the file has a report that will do: 120 s at most.
sub wait_for {
	my ($enough) = @_;
	for (1 .. 1200) {
		return 1 if $enough->(last_report());
		select(undef, undef, undef, 0.1);
	}
	return 0;
}

# The last report of a run, and what was said. A line is written to the program's
# stdin when a report will do (`enough`; undef: none is written).
sub run {
	my ($enough, @args) = @_;
	my ($in, $out, $err) = (undef, undef, gensym);
	unlink $file;
	my $pid = open3($in, $out, $err, 'timeout', '-k', 5, 300, $dwunw, 'leaks',
		'-o', 0, '-i', $enough ? '500ms' : '10000s', "--json=$file",
		'--output', $printed, '--stats',
		# as much as is on its way at any time
		'--ring-size', '64M', @args);
	wait_for($enough) if $enough;
	close $in;
	my $said = do { local $/; <$err> } // '';
	waitpid($pid, 0);
	is($? >> 8, 0, "it ran: @args") or diag($said);
	return (last_report(), $said);
}

# "file+address file+address …" => [blocks, bytes], but for what pthread_create
# allocates: a thread's stack may be one of before.
sub stacks_of {
	my ($report) = @_;
	my %stacks;
	for my $stack (@{$report->{stacks} // []}) {
		next if $stack->{of_thread};
		my $key = join ' ', $stack->{thread} // (), map {
			($_->{file} // '') . '+' . ($_->{file_address} // '?') .
			"/$_->{found_by}" } @{$stack->{frames}};
		push @{$stacks{"$key: $stack->{ends}"}},
			"$stack->{allocations} blocks, $stack->{bytes} bytes";
	}
	@$_ = sort @$_ for values %stacks;
	return \%stacks;
}

# The stacks of the last text, by how far they go: each is counted once.
sub sum_of_lengths {
	my ($line) = Live::slurp($printed) =~ /.*^(dwunw: stacks to the start .*?), not/ms;
	my $sum = 0;
	$sum += $_ for ($line // '') =~ /(\d+)/g;
	return $sum;
}

my $only = $ENV{WALKED_ONLY} // ''; # a part, for whom it fails

# Both ways of the same program. `counted`: so many of its last allocations at least
# have to be counted only (the share of all).
sub same {
	my ($title, $options, $waits, $counted, @command) = @_;
	my %found;
	return if index($title, $only) < 0;
	for my $way (qw(copy kernel)) {
		my $enough = sub {
			my ($report) = @_;
			return ($report->{$way eq 'copy' ? 'allocations' :
				'stacks_counted'} // 0) > 2000;
		};
		my ($report, $said) = run($waits && $enough, "--walk=$way",
			@$options, '--', @command);
		is($report->{allocations} // 'none', $report->{stacks_sent},
			"$title, $way: nothing was lost");
		is($report->{unknown_allocations}, 0,
			"$title, $way: each block has its stack");
		is($report->{stacks_counted}, 0, "$title: none is counted")
			if $way eq 'copy';
		cmp_ok($report->{stacks_counted}, '>=',
			$counted * $report->{allocations},
			"$title: most are only counted") if $way eq 'kernel';
		is(sum_of_lengths(), $report->{allocations},
			"$title, $way: each is counted by its length");
		my $full = $said =~ /^note: 32 processes are walked in the kernel; the stacks of others are copied$/m;
		is(!!$full, $title =~ /^more/ && $way eq 'kernel',
			"$title, $way: are there too many processes?");
		# a thread's stack is copied to its start, not to the cap (12 KB)
		if ($title eq 'threads' && $way eq 'copy') {
			my ($bytes) = Live::slurp($printed) =~ /.* (\d+) bytes an event/s;
			cmp_ok($bytes // 1e9, '<', 5000,
				"$title, $way: bytes of an event");
		}
		note("$title, $way: $report->{allocations} allocations, " .
			"$report->{stacks_counted} only counted, " .
			@{$report->{stacks}} . ' stacks');
		$found{$way} = stacks_of($report);
	}
	cmp_ok(scalar keys %{$found{copy}}, '>', 5, "$title: there are stacks");
	is_deeply($found{kernel}, $found{copy},
		"$title: the same stacks, blocks and bytes");
}

# always copied or walked; until 32 stacks were whole copied, with frame pointers
for my $mode (qw(force fallback)) {
	same("frames of all kinds, --mode=$mode", ['--mode', $mode], 1, 0.5,
		$walked, 'odd');
}
same('threads', [], 1, 0.5, $walked, 'threads');
same('stacks that change', ['--mode=force'], 1, 0.5, $walked, 'stacks');
same('children', [], 0, 0.3, $walked, 'forks');
# the first 32 are walked, and that is said
same('more processes than are walked', [], 0, 0.1, $walked, 'many');
same('other programs', [], 0, 0.3, $walked, 'execs');
same('three frames', ['--mode=force', '--depth', 3], 1, 0.5, $walked, 'odd');
same('each thread apart', ['--mode=force', '--threads'], 1, 0.5, $walked, 'threads');
# a copy is walked by the mappings of its moment where each change is counted
same('two libraries at one address', ['--mode=force', '--perf-probes'], 0, 0.3,
	$walked, 'plugs', @plugs);

{
	local @ENV{qw(PYTHONMALLOC PYTHONHASHSEED)} = ('malloc', 0);
	same('python3', ['-z', 2000000], 1, 0.5, '/usr/bin/python3', '-S',
		"$FindBin::Bin/walked.py") if -x '/usr/bin/python3';
}

# --- where the kernel does not walk ---------------------------------------------

for my $case ([['--mode=off'], 'frame pointers'], [['-t'], 'told, not counted']) {
	my ($options, $why) = @$case;
	my ($report, $said) = run(undef, @$options, '--', '/bin/true');
	like($said, qr/^note: stacks are copied, not walked in the kernel: .*\Q$why\E/m,
		"@$options: said");
	($report, $said) = run(undef, '--walk=copy', @$options, '--', '/bin/true');
	unlike($said, qr/^note:/m, "@$options: not where nobody has asked");
	my $err = `$dwunw leaks --walk=kernel @$options -- /bin/true 2>&1 >/dev/null`;
	is($? >> 8, 1, "--walk=kernel @$options: status");
	like($err, qr/^dwunw: leaks: --walk=kernel: .*\Q$why\E/m, '… and why');
}

done_testing();
