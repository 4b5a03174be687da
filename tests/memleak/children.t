#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Children, all processes, those of a cgroup: a child is watched from its first
# instruction on, and what it counts itself is what the tool says (truth.c).
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Truth;
use Leak;
use Test::More;

need_tool();
my $truth = built('truth');
my $file = "$dir/truth";
my @children = map { "$file.$_" } 0 .. 7;
my $options = '--ring-size 33554432 --stack-bytes 2048 -o 0 -T 2000';

sub run_on {
	my ($mode, $files, $how, %more) = @_;
	return parse_leak(observe(files => $files,
		truth => "$truth $file $mode",
		tool => tool() . " $options $how", %more));
}

# The code of malloc in a process, as it stands in memory.
sub malloc_of {
	my ($pid) = @_;
	open(my $maps, '<', "/proc/$pid/maps") or return "maps: $!";
	my ($libc) = grep { m{/libc\.so\.6$} && / r-xp / } <$maps>;
	my ($start, $off, $path) =
	    $libc =~ /^(\w+)-\S+ \S+ (\w+) \S+ \S+\s+(\S+)/ or return 'no libc';
	my ($malloc) = `nm -D $path` =~ /^(\w+) T malloc@/m or return 'no malloc';
	open(my $memory, '<', "/proc/$pid/mem") or return "mem: $!";
	# the segment's addresses as linked are its offsets, in Debian's libc
	sysseek($memory, hex($start) + hex($malloc) - hex($off), 0);
	sysread($memory, my $code, 32) or return "read: $!";
	return unpack('H*', $code);
}

# Probes are in the target, and not in another process that maps the same file.
{
	my $before = malloc_of($$);
	like($before, qr/^[0-9a-f]{64}$/, 'the code of malloc');
	my ($target, $self);
	my $r = run_on('forks', [$file, @children], '-f -p PID', watching => sub {
		my ($pid) = $_[0] =~ /Attaching to pid (\d+)/;
		($target, $self) = (malloc_of($pid), malloc_of($$));
	});
	isnt($target, $before, '-f: a breakpoint in the target');
	is($self, $before, '-f: and none in another process');
}

# By fork: none is missed. Eight with one stack are one entry.
for my $way ('', '--perf-probes') {
	my $r = run_on('forks', [$file, @children], "$way -f -p PID");
	is($r->{status}, 0, "fork, $way: it ran") or diag($r->{text});
	told_ok($r, "fork, $way: nothing of a child is missed", $file, @children);
	is(find($r, 'in_child')->{processes}, 8, "fork, $way: one entry of 8");
	unlike($r->{text}, qr/before is missed/, "fork, $way: and none late");
}
{
	my $r = run_on('forks', [$file, @children], '--processes -f -p PID');
	told_ok($r, '--processes: the same', $file, @children);
	my @apart = grep { names($_) =~ /^in_child / } @{ $r->{stacks} };
	is(scalar @apart, 8, '--processes: eight entries');
	is(scalar(grep { $_->{bytes} == 104950 } @apart), 8, 'each its own');
}

# Those that have been there before the tool.
{
	my $r = run_on('early', [$file, @children], '-f -p PID');
	told_ok($r, 'children of before', $file, @children);
	like($r->{text}, qr/^and 8 that they have started already$/m,
		'and it says how many') or diag($r->{text});
}

# A child that has ended at once, before anyone could look at it.
# Its blocks are in one report: in the last, if there was none before.
told_ok(run_on('short', [$file, @children], '-f -p PID 600'),
	'children that have ended', $file, @children);
{
	unlink $file, @children;
	my $r = Leak::with_target([$truth, $file, 'short'],
		[split(/ /, $options), '-f'], 0.5, 20);
	my @reports = split /^(?=\[\d\d:\d\d:\d\d\])/m, $r->{text};
	my @with = grep { $reports[$_] =~ / in_child\+/ } 0 .. $#reports;
	ok(@with && $with[-1] < $#reports,
		'children that have ended: their blocks go after a report') or
	    diag($r->{text});
	my $parent = counted($file);
	my $told = told($r);
	is($told->{by_malloc}, $parent->{by_malloc},
		"children that have ended: their parent's stay");
}

# exec of a file that has probes: none is missed.
for my $mode ('execs', 'vforks') {
	my @files = $mode eq 'execs' ? @children : ($children[0]);
	my $r = run_on($mode, [$file, @files], '-f -p PID');
	is($r->{status}, 0, "$mode: it ran") or diag($r->{text});
	told_ok($r, "$mode: nothing is missed", $file, @files);
	unlike($r->{text}, qr/before is missed/, "$mode: and none late");
}

# … of one that has none: the report says how much is missed.
SKIP: {
	skip 'no musl-gcc', 2 unless Live::have_musl();
	my $r = run_on('musl', [$file, @children], '-f -p PID',
		env => { OTHER => built('truth_musl') });
	is($r->{status}, 0, 'another libc: it ran') or diag($r->{text});
	like($r->{text}, qr/^dwunw: \d+ programs had their first probes after their exec, \d+ ms in all/m,
		'another libc: how much is missed') or diag($r->{text});
}

# Every process of the machine: these are among them. What others allocate in the
# same time may fill the buffer; then the stacks that are not there were lost,
# and the report says so.
{
	my $r = run_on('forks', [$file, @children], '--all --only truth ' .
		'-z 1000 -Z 1099');
	is($r->{status}, 0, '--all: it ran') or diag($r->{text});
	my $s = find($r, 'in_child');
	ok($s->{count} == 800 && $s->{bytes} == 839600 ||
		$s->{count} < 800 && ($r->{unknown} // 0) >= 800 - $s->{count},
		'--all: blocks of all, or their stacks are counted as lost') or
	    diag($r->{text});
	diag("--all: $s->{count} of 800, stacks lost: ", $r->{drops} // '?');
}

# A cgroup, and one below it, in which the program is started.
SKIP: {
	my ($mount) = `cat /proc/mounts` =~ m{^\S+ (\S+) cgroup2 }m;
	my $group = ($mount // '') . "/dwunw-test-$$";
	skip 'no cgroup v2', 4 unless $mount && mkdir($group);
	my $below = "$group/below";
	mkdir $below;
	# the program joins it before it begins, and after the tool has
	open(my $join, '>', "$dir/join") or die;
	print $join "echo \$\$ >$below/cgroup.procs && exec $truth $file forks\n";
	close $join;
	my $r = run_on('forks', [$file, @children], "--cgroup $group",
		truth => "sh $dir/join");
	is($r->{status}, 0, '--cgroup: it ran') or diag($r->{text});
	told_ok($r, '--cgroup: all of it, and nothing else', $file, @children);
	for my $of ($below, $group) { # until the children are gone
		for (1 .. 200) {
			last if rmdir $of;
			select(undef, undef, undef, 0.05);
		}
	}
	$r = run_on('leaks', [$file], '--cgroup /tmp');
	is($r->{status}, 1, '--cgroup of no cgroup: refused');
	like($r->{text}, qr{--cgroup /tmp: not a directory of cgroup v2},
		'and why');
}
is((Live::run(tool(), '--all', '-p', $$))[1], 2, '--all -p: refused');

done_testing();
