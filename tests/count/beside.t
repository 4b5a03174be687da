#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw count beside bpftrace, and dwunw record -e cpu beside perf record --call-graph
# dwarf: on the same process at the same time they count the same, and dwunw's
# stacks are whole and named where theirs are not (C++, Rust, no frame pointers, a
# frame of 12 KB). Then each alone, and what it costs: printed.
use strict;
use warnings;
no warnings 'portable'; # addresses
use FindBin;
use List::Util qw(sum0 max);
use POSIX 'mkfifo';
use Time::HiRes qw(sleep time);
use Test::More;
use lib $FindBin::Bin;
use lib "$FindBin::Bin/../live";
use Events;
use Live ();

Events::need();
my $dwunw = $Events::dwunw;
my ($hz, $ms, $calls) = (999, 4000, 20000);
my $many = 50_000; # calls, for their cost
my %tool;
for (qw(bpftrace perf)) {
	chomp($tool{$_} = `command -v $_ 2>/dev/null`);
	Live::skip_all("no $_") unless $tool{$_};
}

# --- tools ----------------------------------------------------------------------------

# A tool in the background: when it says that it is ready, and when it ended.
sub begin_tool {
	my ($name, @command) = @_;
	my $out = "$Live::dir/$name.out";
	return { name => $name, out => $out, pid => Live::background($out, @command) };
}

sub wait_until {
	my ($title, $is_so) = @_;
	my $last = time + 900;
	sleep 0.05 until $is_so->() || time > $last;
	time <= $last or BAIL_OUT("$title: not in a quarter of an hour");
}

# Seconds of a processor that children have used.
sub spent { my @times = times; return $times[2] + $times[3] }

# Its text, exit status, and seconds of a processor that it has used.
sub end_tool {
	my ($tool, $signal) = @_;
	my $before = spent();
	kill $signal, $tool->{pid} if $signal;
	waitpid($tool->{pid}, 0);
	my $status = $? >> 8;
	return { text => Live::slurp($tool->{out}), status => $status,
		seconds => spent() - $before };
}

# At the first byte of a function of a process: whoever probes it has done so.
sub is_probed {
	my ($pid, $program) = @_;
	my $byte;
	my ($at) = qx{nm $program} =~ /^0*(\w+) T counted$/m;
	my ($start) = Live::slurp("/proc/$pid/maps") =~ /^(\w+)-\w+ \S+ 00000000 .*\Q$program\E$/m;
	open(my $mem, '<:raw', "/proc/$pid/mem") or return 0;
	seek($mem, hex($start) + hex($at), 0);
	return read($mem, $byte, 1) && $byte eq "\xcc";
}

sub start_bpftrace {
	my ($pid, $program) = @_;
	my $tool = begin_tool('bpftrace', $tool{bpftrace}, '-p', $pid, '-e',
		"uprobe:$program:counted { \@[ustack(127)] = count(); }");
	wait_until('bpftrace', sub { is_probed($pid, $program) });
	return $tool;
}

# perf record is told to begin by a pipe, and says that it has.
sub start_perf {
	my ($pid) = @_;
	my ($control, $answer) = map { "$Live::dir/perf.$_" } qw(control answer);
	unlink $control, $answer, "$Live::dir/perf.data";
	mkfifo($control, 0600) && mkfifo($answer, 0600) or die $!;
	open(my $said, '+<', $answer) or die $!;
	my $tool = begin_tool('perf', $tool{perf}, 'record', '-e', 'cpu-clock', '-F', $hz,
		'--call-graph', 'dwarf', '-D', '-1', "--control=fifo:$control,$answer",
		'-o', "$Live::dir/perf.data", '-p', $pid);
	open(my $tell, '+>', $control) or die $!;
	syswrite $tell, "enable\n";
	my $line = '';
	wait_until('perf', sub { my $set = ''; vec($set, fileno($said), 1) = 1;
		sysread($said, $line, 64, length $line) if select($set, undef, undef, 0) > 0;
		$line =~ /ack/ });
	$tool->{pipes} = [$said, $tell];
	return $tool;
}

sub start_dwunw {
	my ($name, @words) = @_;
	my $tool = begin_tool($name, $dwunw, @words);
	wait_until($name, sub { Live::watches($tool->{out}) });
	return $tool;
}

# --- stacks: { "innermost … outermost" => how often } -----------------------------------

sub bpftrace_stacks {
	my ($text) = @_;
	my %stacks;
	while ($text =~ /^\@\[\n((?: .*\n)*)\]: (\d+)$/mg) {
		my ($frames, $count) = ($1, $2);
		$stacks{join ' ', map { s/\+\d+$//r =~ s/ /_/gr } $frames =~ /^ +(.*)$/mg} += $count;
	}
	return \%stacks;
}

sub perf_stacks {
	my $out = "$Live::dir/perf.script";
	my $start = spent();
	system("$tool{perf} script --no-inline -F ip,sym -i $Live::dir/perf.data >$out 2>/dev/null");
	my $read = spent() - $start;
	my %stacks;
	for (split /\n\n+/, Live::slurp($out)) {
		my @names = map { s/ /_/gr } /^\s+[0-9a-f]+ (.*)$/mg;
		$stacks{"@names"}++ if @names;
	}
	return (\%stacks, $read);
}

sub dwunw_stacks {
	my %stacks;
	for (split /\n/, Live::slurp($_[0])) {
		my ($stack, $count) = /^(.*) (\d+)$/ or next;
		$stacks{join ' ', map { s/ /_/gr } reverse split /;/, $stack} += $count;
	}
	return \%stacks;
}

# Of `stacks`, those that these names are in, in this order, and a start of the program.
sub whole {
	my ($stacks, $chain) = @_;
	return sum0(map { $stacks->{$_} } grep { /$chain/ && /(?:^| )_start(?: beside\S*)?$/ } keys %$stacks);
}

sub through {
	my ($stacks, $name) = @_;
	return sum0(map { $stacks->{$_} } grep { /$name/ } keys %$stacks);
}

# --- the same process, at the same time ---------------------------------------------------

my %program = ('C++' => Live::built('beside', 'count'));
$program{Rust} = "$Live::build/tests/count/beside-rust"
    if -x "$Live::build/tests/count/beside-rust";
my %chain = (
	'C++' => [qr/^counted shop::Cart::add\(long\)_const shop::Store<long>::serve\(long\) main /,
		qr/shop::Cart::little/, qr/shop::Cart::much/, qr/shop::Store<long>::work\(long\) main /],
	Rust => [qr/^counted <beside\S*::Cart_as_beside\S*::Add<i64>>::add <beside\S*::Store<beside\S*::Cart>>::serve beside\S*::main /,
		qr/::little/, qr/::much/, qr/<beside\S*::Store<beside\S*::Cart>>::work beside\S*::main /],
);

sub beside_bpftrace {
	my ($what) = @_;
	my $program = $program{$what};
	my $said = "$Live::dir/said";
	my $pid = Live::start_to($said, $program, 'calls', $calls);
	my $bpftrace = start_bpftrace($pid, $program);
	my $count = start_dwunw('count', 'count', '--ring-size', '32M', '-e', "uprobe:$program:counted",
		'-p', $pid, "--folded=$Live::dir/count.folded");
	Live::begin();
	wait_until($program, \&Live::all_done);
	sleep 0.5;
	my $theirs = bpftrace_stacks(end_tool($bpftrace, 'INT')->{text});
	my $end = end_tool($count, 'INT');
	my $ours = dwunw_stacks("$Live::dir/count.folded");
	Live::stop($pid);
	is(sum0(values %$theirs), $calls, "$what: bpftrace counts $calls calls");
	is(sum0(values %$ours), $calls, "$what: dwunw counts as many") or diag($end->{text});
	is(whole($ours, $chain{$what}[0]), $calls, "$what: … by whole stacks with their names")
	    or diag(explain $ours);
	cmp_ok(whole($theirs, qr/counted/), '<', $calls / 100, "$what: whole ones of bpftrace: " .
		whole($theirs, qr/counted/)) or diag(explain $theirs);
}

sub beside_perf {
	my ($what) = @_;
	my $said = "$Live::dir/said";
	my $pid = Live::start_to($said, $program{$what}, 'spin', $ms);
	my $record = start_dwunw('record', 'record', '-e', 'cpu', '-F', $hz, '-p', $pid,
		'-o', "$Live::dir/cpu.dwr");
	my $perf = start_perf($pid);
	Live::begin();
	wait_until($what, \&Live::all_done);
	end_tool($perf, 'INT');
	my $end = end_tool($record, 'INT');
	Live::stop($pid);
	my ($text, $status) = Live::run($dwunw, 'report', "--folded=$Live::dir/cpu.folded", "$Live::dir/cpu.dwr");
	is($status, 0, "$what: dwunw report") or diag($text, $end->{text});
	my $ours = dwunw_stacks("$Live::dir/cpu.folded");
	$_ = int($_ * $hz / 1e9 + 0.5) for values %$ours; # nanoseconds
	my ($theirs) = perf_stacks();
	my ($all, $ours_whole, $theirs_whole) = (0, 0, 0);
	for (1, 2) {
		my $name = $chain{$what}[$_];
		my ($a, $b) = (through($ours, $name), through($theirs, $name));
		my $room = 3 * sqrt(max($a, $b));
		cmp_ok(abs($a - $b), '<=', $room, sprintf '%s: samples of %s: %d, perf %d, within %.0f',
			$what, "$name" =~ s/.*::(\w+).*/$1/r, $a, $b, $room)
		    or diag(explain $ours, Live::slurp($said));
		cmp_ok($a, '>', 0.6 * $hz * $ms / 1000 * ($_ == 1 ? 0.25 : 0.75), '… which are many');
		$all += $a;
	}
	is(whole($ours, $chain{$what}[3]), $all, "$what: all of dwunw's are whole and named")
	    or diag(explain $ours);
	$theirs_whole = whole($theirs, qr/work/);
	cmp_ok($theirs_whole, '<', $all / 100, "$what: whole ones of perf: $theirs_whole");
}

for my $what (sort keys %program) {
	beside_bpftrace($what);
	beside_perf($what);
}

# --- each alone ---------------------------------------------------------------------------

# ns of a processor for a call of counted() while it is watched: the machine may be busy.
sub call_ns {
	my ($start) = @_;
	my $said = "$Live::dir/said";
	my $pid = Live::start_to($said, $program{'C++'}, 'calls', $many);
	my $tool = $start->($pid);
	Live::begin();
	wait_until('calls', \&Live::all_done);
	my $end = $tool ? end_tool($tool, 'INT') : { seconds => 0 };
	Live::stop($pid);
	my ($ns) = Live::slurp($said) =~ /ns (\d+)/;
	return ($ns, $end->{seconds});
}

sub spin_cost {
	my ($start, $file) = @_;
	my $pid = Live::start($program{'C++'}, 'spin', $ms);
	my $tool = $start->($pid);
	Live::begin();
	wait_until('spin', \&Live::all_done);
	my $end = end_tool($tool, 'INT');
	Live::stop($pid);
	return ($end->{seconds}, -s $file);
}

my $program = $program{'C++'};
my @bare = call_ns(sub { undef });
my @bpftrace = call_ns(sub { start_bpftrace($_[0], $program) });
my @count = call_ns(sub { start_dwunw('count', 'count', '-e', "uprobe:$program:counted", '-p', $_[0]) });
note(sprintf '%-44s %10s %16s', 'calls of a function', 'ns a call', 's of the tool');
note(sprintf '%-44s %10d %16.2f', @$_)
    for ['nobody', @bare], ['bpftrace, @[ustack] = count()', @bpftrace], ['dwunw count', @count];

my @perf = spin_cost(\&start_perf, "$Live::dir/perf.data");
my ($stacks, $script) = perf_stacks();
my @record = spin_cost(sub { start_dwunw('record', 'record', '-e', 'cpu', '-F', $hz, '-p', $_[0],
	'-o', "$Live::dir/cpu.dwr") }, "$Live::dir/cpu.dwr");
my $start = spent();
my ($text) = Live::run($dwunw, 'report', "$Live::dir/cpu.dwr");
my $report = spent() - $start;
my ($ours) = $text =~ /in (\d+) cpu events/;
my $theirs = sum0(values %$stacks);
note(sprintf '%-44s %8s %10s %14s %14s %14s', 'processor time', 'samples', 'bytes', 'bytes a sample',
	's of the tool', 's to read');
note(sprintf '%-44s %8d %10d %14.0f %14.2f %14.2f', $_->[0], $_->[1], $_->[3], $_->[3] / max(1, $_->[1]), $_->[2], $_->[4])
    for ['perf record --call-graph dwarf', $theirs, @perf, $script],
	['dwunw record -e cpu', $ours // 0, @record, $report];
cmp_ok($record[1] / max(1, $ours // 0), '<', $perf[1] / max(1, $theirs) / 100,
	'a sample of dwunw has less than a hundredth of the bytes of perf\'s');
done_testing();
