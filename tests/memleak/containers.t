#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Pid namespaces, mount namespaces, roots of their own: every tool counts what
# the program has counted itself (truth.c), wherever the two are.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Truth;
use Leak;
use Test::More;

need_tool();
if (system('unshare --pid --mount --fork --mount-proc true 2>/dev/null')) {
	print "1..0 # SKIP unshare --pid is not permitted\n";
	exit 0;
}
my $truth = built('truth');
my $user = Live::program('memleak_user');
my $uprobe = tool() =~ s{memleak_bcc_dwunw/.*}{libdw_bpf/uprobe}r;
my $file = "$dir/truth";
my @own = qw(unshare --pid --mount --fork --mount-proc);
my $own = "@own";

# In $outer's place its child: between them stands a program of util-linux.
my $child = q{
	until inner=$(cat /proc/$pid/task/$pid/children) && [ "$inner" ]; do
		sleep 0.05
	done
	pid=${inner%% *}
};
my $is_truth = q{
	until [ "$(cat /proc/$pid/comm)" = truth ]; do sleep 0.05; done
};

# How each is called, and how its report is read.
my @tools = (
	['memleak_dwunw_user', tool(), '-o 0 -T 100 -p PID', \&parse_leak],
	['with perf probes', tool(), '--perf-probes -o 0 -T 100 -p PID',
		\&parse_leak],
	['memleak_user', $user, '--ring-size 16777216 -d 60 -p PID',
		\&Live::parse],
	['memleak_user, perf', $user, '--capture perf --ring-size 16777216 ' .
		'--stack-bytes 2048 -d 60 -p PID', \&Live::parse],
);

sub check {
	my ($title, $parse, $told, @output) = @_;
	my $r = $parse->(@output);
	is($r->{status}, 0, "$title: it ran") or diag($r->{text});
	told_ok($r, "$title: all blocks", $told);
	return $r;
}

# by_malloc is called 300 times, and the probe sees no other process.
sub check_uprobe {
	my ($title, $text, $status) = @_;
	is($status, 0, "$title, libdw_bpf: it ran") or diag($text);
	my $count = () = $text =~ /^\t#\d+ +0x\w+ by_malloc\+/mg;
	is($count, 300, "$title, libdw_bpf: all calls") or diag($text);
	like($text, qr/^lost 0 /m, "$title, libdw_bpf: none lost");
}

sub cell {
	my ($title, $around, $before, $find) = @_;
	my %how = (truth => "$before $truth $file leaks", files => [$file],
		around => [split / /, $around], env => { FIND => $find });
	for my $tool (@tools) {
		my ($name, $program, $options, $parse) = @$tool;
		check("$title, $name", $parse, $file,
			observe(%how, tool => "$program $options"));
	}
	return unless -x $uprobe;
	my ($libc) = `ldd $truth` =~ m{(/\S*libc\.so\S*)};
	check_uprobe($title, observe(%how, tool => "$uprobe PID 0 $libc malloc"));
}

cell('no namespace', '', '', '');
cell('tool and target in one', $own, '', '');
cell('tool outside, target in', '', $own, $child . $is_truth);
cell('tool in one, target further in', $own, $own, $child . $is_truth);
cell('two further in', $own, "$own unshare --pid --fork",
	$child x 2 . $is_truth);

# Roots of their own, with a /proc and nothing else: no /sys, no tracefs. The
# tools are static.
my @libcs = ([glibc => $truth]);
push @libcs, [musl => built('truth_musl')] if Live::have_musl();
for my $libc (@libcs) {
	my ($name, $program) = @$libc;
	my $root = "$dir/root-$name";
	system('mkdir', '-p', "$root/proc", "$root/bin");
	# musl is one file, and ldd is not its
	my @files = $name eq 'musl' ?
	    `readelf -lW $program` =~ m{interpreter: (/[^]]+)} :
	    `ldd $program` =~ m{(/\S+)(?= \(0x)}g;
	for my $lib (@files) {
		system("mkdir -p \"$root\$(dirname $lib)\" && cp -L $lib $root$lib")
		    == 0 or die $lib;
	}
	system('cp', $program, "$root/bin/truth");
	system('cp', tool(), $user, "$root/bin") == 0 or die "$root/bin";
	for my $tool (@tools) {
		my ($how, $path, $options, $parse) = @$tool;
		my $title = "a root with $name, $how";
		my ($base) = $path =~ m{([^/]+)$};
		my $r = check($title, $parse, "$root/truth", observe(
			begin => "$root/begin", files => ["$root/truth"],
			around => [qw(unshare --pid --mount --fork)],
			env => { BEGIN => '/begin', AROUND =>
				"mount -t proc proc $root/proc && " .
				"mount -t proc proc /proc" },
			truth => "chroot $root /bin/truth /truth leaks",
			tool => "chroot $root /bin/$base $options"));
		unlike($r->{text}, qr/CONFIG_|^note:/m,
			"$title: nothing wrong is told");
	}
}

# What can't be right is refused, and says what helps.
for my $tool ([tool(), '-p'], [$user, '-p'], [$uprobe]) {
	my ($program, @before) = @$tool;
	my ($name) = $program =~ m{([^/]+)$};
	next unless -x $program;
	my @after = $name eq 'uprobe' ? (0, '/lib/libc.so.6', 'malloc') : ();
	my ($text, $status) = Live::run(qw(unshare --pid --fork), $program,
		@before, $$, @after);
	is($status, 1, "$name, another namespace's /proc: refused");
	like($text, qr/\/proc shows another pid namespace.*mount -t proc/,
		"$name: why, and what helps");
	($text, $status) = Live::run(qw(unshare --mount sh -c),
		'mount -t tmpfs none /proc && exec "$@"', 'sh', $program,
		@before, $$, @after);
	is($status, 1, "$name, no /proc: refused");
	like($text, qr/\/proc: No such file.*mount -t proc/,
		"$name: why, and what helps");
}

done_testing();
