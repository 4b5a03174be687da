#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# bpf/walk.bpf.h from inside the kernel: a tracepoint, a kprobe, a clock that
# interrupts user space or the kernel; and return probes on outer frames, the
# tool's own and another tool's. The program has told its return addresses.
use strict;
use warnings;
use Test::More;
use File::Temp;

plan skip_all => 'not root' if $> != 0;
plan skip_all => 'no uprobes in this kernel'
	unless -e '/sys/bus/event_source/devices/uprobe';
my $walk = $ENV{BUILD} . '/tests/walk';
my $entries = "$walk/entries";
my $pairs = $ENV{WALK_PAIRS} // 2000;
my $dir = File::Temp->newdir;

# Without probes, at the addresses that it has with them.
is(system($entries, "$dir/told"), 0, 'the program tells its return addresses');

# The numbers of check's last lines.
sub check {
	my ($title, $mode, @options) = @_;
	open(my $from, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', "$walk/check",
		@options, '-x', "$dir/told", "$walk/check.bpf.o", $pairs,
		$entries, "$dir/ignored", $mode) or die "check: $!";
	my $out = join '', <$from>;
	close $from;
	plan skip_all => 'BPF is not permitted here' if $? >> 8 == 77;
	my %n = map { /^(.*?) (\d+)$/ ? ($1 => $2) : () }
		map { split /, |(?<=\d) (?=[a-z])/ } grep { /^(told|pairs|with|stops)/ }
		split /\n/, $out =~ s/stops of the kernel's walks: //r =~ s/told (\d+) of (\d+)/told $1, some $2/r;
	($n{root}) = $out =~ /kernel's walks:.* root (\d+)/;
	($n{trampoline}) = $out =~ /kernel's walks:.* trampoline (\d+)/;
	($n{within}) = $out =~ /copy ended.* no module (\d+)/;
	$n{$_} //= 0 for qw(told some pairs whole different root trampoline within user kernel);
	is($n{different}, 0, "$title: no walk is different") or diag($out);
	cmp_ok($n{pairs}, '>=', $pairs, "$title: there were pairs") or diag($out);
	is($n{told}, $n{some}, "$title: the frames are those that were told") or diag($out);
	note($out);
	return %n;
}

# Has this kernel the event?
sub can {
	my ($event, $mode) = @_;
	my $out = `$walk/check -e $event $walk/check.bpf.o 1 $entries $dir/ignored $mode 2>&1`;
	return $out !~ /^check: (\Q$event\E|kprobes): No such file/m;
}

# Most of them were walked whole, and through the program's own functions.
sub is_whole {
	my ($title, %n) = @_;
	cmp_ok($n{told}, '>', $pairs * 0.8, "$title: most are through all of them");
	cmp_ok($n{whole}, '>', $pairs * 0.8, "$title: most are whole in the kernel");
}

my $getppid = 'syscalls/sys_enter_getppid';
for my $by ([], ['-s']) {
	my $how = @$by ? 'by the stack' : 'by the helper';
	SKIP: {
		skip 'no tracepoints of system calls', 5 unless can($getppid, 'calls');
		my %n = check("tracepoint, $how", 'calls', @$by, '-e', $getppid);
		is_whole("tracepoint, $how", %n);
	}
	my %n = check("clock, $how", 'works', @$by, '-e', 'cpu');
	is_whole("clock, $how", %n);
	cmp_ok($n{user}, '>', 100, "clock, $how: in user space");
	cmp_ok($n{kernel}, '>', 20, "clock, $how: and in the kernel");
	SKIP: {
		skip 'no kprobes', 5 unless can('kprobe:vfs_read', 'works');
		%n = check("kprobe, $how", 'works', @$by, '-e', 'kprobe:vfs_read');
		is_whole("kprobe, $how", %n);
	}
}

my @third = ('-k', 1, '-f', "$entries:third");
my @own = map { ('-r', $_) } qw(second first);
my %n = check('no return probe', 'again', @third);
is_whole('no return probe', %n);
is($n{'with returns'}, 0, 'no return probe: none is noted');

%n = check('own return probes', 'again', @third, @own);
is_whole('own return probes', %n);
cmp_ok($n{'with returns'}, '>', $pairs * 0.9, 'own return probes: they are there');
is($n{trampoline}, 0, 'own return probes: none ends there');

# the kernel maps its trampoline when the first one is hit
%n = check('own return probes, later', 'again', '-d', @third, @own);
is_whole('own return probes, later', %n);
cmp_ok($n{'with returns'}, '>', $pairs * 0.7, 'own return probes, later: they are there');
is($n{trampoline}, 0, 'own return probes, later: none ends there');

%n = check("another's return probe", 'again', @third, map { ('-R', $_) } qw(second first));
is($n{told}, 0, "another's return probe: nothing is walked beyond it");
cmp_ok($n{trampoline}, '>', $pairs * 0.8, "another's return probe: that is the reason");

%n = check("both, the other's outside", 'again', @third, '-r', 'second', '-R', 'first');
is($n{told}, 0, 'both: it ends with the other one');
cmp_ok($n{trampoline}, '>', $pairs * 0.8, 'both: that is the reason');

%n = check('own return probes and a clock', 'again', '-d', '-e', 'cpu', @own);
# Some machines are in the return probe's system call most of the time, the pc in
# [uprobes]: of that code nothing tells, and the stack ends there.
cmp_ok($n{told}, '>', ($n{pairs} - $n{within}) * 0.2,
	'own return probes and a clock: stacks through them');
cmp_ok($n{'with returns'}, '>', 50, 'own return probes and a clock: they are there');

done_testing();
