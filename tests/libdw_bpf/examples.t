#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The four tools of examples/libdw_bpf on target.c, whose source says what
# every stack is: in a plain program, a signal handler, a thread, a dlopen'ed
# library, a forked child and after exec, of glibc and of musl. And beside gdb.
use strict;
use warnings;
no warnings 'portable'; # 64-bit numbers in hex
use Cwd 'abs_path';
use File::Basename;
use File::Temp 'tempdir';
use IO::Handle;
use Test::More;
use Time::HiRes qw(sleep time);

my $here = abs_path(dirname(__FILE__));
my $top = abs_path("$here/../..");
my $machine = (split ' ', `uname -m`)[0];
my $build = $ENV{BUILD} || "$top/build/$machine";
my $tools = "$build/examples/libdw_bpf";
my $dir = tempdir('dwunw-libdw-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my (%running, $reason);

END {
	my $status = $?;
	stop($_) for keys %running;
	$? = $status;
}

sub slurp {
	my ($path) = @_;
	open(my $file, '<', $path) or return '';
	local $/;
	return scalar(<$file>) // '';
}

sub stop {
	my ($pid) = @_;
	return unless delete $running{$pid};
	kill 'KILL', $pid;
	waitpid($pid, 0);
}

# Waits until it is true, a few seconds at most.
sub until_true {
	my ($what) = @_;
	my $end = time + 15;
	while (time < $end) {
		return 1 if $what->();
		sleep 0.02;
	}
	return 0;
}

# A program, its output in "$dir/NAME.out" and .err; pid and its input.
sub start {
	my ($name, @command) = @_;
	unlink "$dir/$name.out", "$dir/$name.err";
	pipe(my $read, my $write) or die "pipe: $!";
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open(STDIN, '<&', $read);
		open(STDOUT, '>', "$dir/$name.out");
		open(STDERR, '>', "$dir/$name.err");
		close $write;
		exec { $command[0] } @command or die "$command[0]: $!";
	}
	$running{$pid} = 1;
	$write->autoflush(1);
	return ($pid, $write);
}

sub finish {
	my ($pid, $name) = @_;
	delete $running{$pid};
	waitpid($pid, 0);
	return parse(slurp("$dir/$name.out"), slurp("$dir/$name.err"), $? >> 8);
}

# A tool to its end; it is to fail.
sub fails {
	my ($tool, @args) = @_;
	my ($pid) = start('tool', "$tools/$tool", @args);
	return finish($pid, 'tool');
}

sub parse {
	my ($text, $errors, $status) = @_;
	my %r = (text => $text, errors => $errors, status => $status,
		stacks => []);
	my $stack;
	for (split /\n/, $text) {
		if (m{^(\S+) (\d+)/(\d+) \d+\.\d{6}$}) {
			$stack = { comm => $1, tgid => $2, tid => $3,
				frames => [], ends => '' };
			push @{ $r{stacks} }, $stack;
		} elsif (/^\t#(\d+) +0x([0-9a-f]+) (\S+?)(?:\+0x[0-9a-f]+)?(?: \[(.*?)\])?(?: \(([\w ]+)\))?$/) {
			push @{ $stack->{frames} }, { ip => hex $2, name => $3,
				module => $4 // '', how => $5 // 'cfi' };
		} elsif (/^\tends here: (.*)/) {
			$stack->{ends} = $1;
		} elsif (/^stacks (\d+), whole (\d+), cut by DEPTH (\d+), not unwound (\d+)$/) {
			@r{qw(count whole cut not_unwound)} = ($1, $2, $3, $4);
		} elsif (/^lost (\d+) /) {
			$r{lost} = $1;
		} else {
			push @{ $r{strange} }, $_;
		}
	}
	return \%r;
}

# Frames of a libc count as one; the program's start has no name in musl's.
sub chain {
	my ($stack) = @_;
	my @names;
	my $last = $stack->{frames}[-1];
	for my $f (@{ $stack->{frames} }) {
		my $name = $f->{name};
		$name = '_start' if $f == $last && $name eq '?' &&
		    $f->{module} =~ /^target/;
		$name = 'libc' if $f->{module} =~ /^(libc|ld)[.-]/;
		push @names, $name
		    unless $name eq 'libc' && @names && $names[-1] eq 'libc';
	}
	return join ' ', @names;
}

sub blocks { return () = slurp("$dir/tool.out") =~ /^\S+ \d+\/\d+ /mg }

# A tool on a target in one mode: its report, when it has seen some stacks.
sub observe {
	my ($tool, $libc, $mode, @args) = @_;
	my ($tid, $enough) = (0, 5);
	my @options;
	while (ref $args[0]) {
		my ($key, $value) = @{ shift @args };
		push @options, "--regs=$value" if $key eq 'regs';
		$tid = $value if $key eq 'tid';
		$enough = $value if $key eq 'enough';
	}
	my ($pid, $in) = start('target', "$dir/target_$libc", $mode,
		"$dir/plugin_$libc.so");
	until_true(sub { slurp("$dir/target.out") =~ /ready/ }) or
	    die "target_$libc $mode";
	my ($watcher) = start('tool', "$tools/$tool", @options, $pid,
		$tid eq 'main' ? $pid : $tid, @args);
	until_true(sub { slurp("$dir/tool.err") =~ /ready|tool:|: / });
	until_true(sub { slurp("$dir/tool.err") =~ /: ready/ ||
		!kill(0, $watcher) });
	print $in "\n";
	$enough ? until_true(sub { blocks() >= $enough }) : sleep 0.5;
	my $gdb = $tool eq 'syscall' && $mode eq 'plain' ? by_gdb($pid) : undef;
	kill 'INT', $watcher;
	my $r = finish($watcher, 'tool');
	$r->{pid} = $pid;
	$r->{gdb} = $gdb;
	stop($pid);
	return $r;
}

# What gdb says the frames' pcs are, while the target is inside poll(2).
sub by_gdb {
	my ($pid) = @_;
	my $text = `gdb -batch -nx -iex 'set debuginfod enabled off' \\
		-iex 'set auto-load no' -ex 'set backtrace past-main on' \\
		-ex 'set backtrace past-entry on' -p $pid -ex bt 2>/dev/null`;
	return { map { /^#(\d+)\s+(?:0x([0-9a-f]+) in)?/ ?
		($1 => hex($2 // '0')) : () } split /\n/, $text };
}

my %tail = (
	plain => 'inner middle outer in_plain main libc _start',
	signal => 'inner middle outer in_signal libc raise_signal main libc _start',
	thread => 'inner middle outer in_thread libc',
	plugin => 'plugin_inner middle outer turn in_plugin main libc _start',
	fork => 'inner middle outer turn in_fork main libc _start',
	exec => 'inner middle outer in_plain main libc _start',
);
my @modes = sort keys %tail;

sub whole_stacks {
	my ($tool, $libc, $mode, @args) = @_;
	my $title = "$tool, $libc, $mode";
	my $r = observe($tool, $libc, $mode, @args);
	my $want = ($tool eq 'uprobe' ? 'probe_me ' : 'libc ') . $tail{$mode};
	my %chains;
	$chains{chain($_)}++ for @{ $r->{stacks} };
	is($r->{status}, 0, "$title: it ran") or diag($r->{errors});
	is(join("\n", sort keys %chains), $want, "$title: every stack") or
	    diag($r->{text}, $r->{errors});
	ok(($r->{count} // 0) >= 5 && $r->{whole} == $r->{count} &&
		$r->{count} == @{ $r->{stacks} } && $r->{lost} == 0 &&
		!$r->{strange},
		"$title: " . ($r->{count} // 0) . ' stacks, all whole, none lost') or
	    diag($r->{text}, $r->{errors});
	my @foreign = grep { $mode eq 'fork' ? $_->{tgid} == $r->{pid} :
		$_->{tgid} != $r->{pid} } @{ $r->{stacks} };
	is(scalar @foreign, 0, "$title: of the right process");
	return $r;
}

sub plan_skip {
	print "1..0 # SKIP @_\n";
	exit 0;
}

plan_skip('another machine\'s programs') if $ENV{FOREIGN};
plan_skip('target.c is compiled for x86_64') if $machine ne 'x86_64';
plan_skip('not root') if $> != 0;
plan_skip("$tools/uprobe is not built (make examples)")
    unless -x "$tools/uprobe";
{
	my $r = fails('pwrite64_event', $$ + 0, 0, '0');
	plan_skip('BPF is not permitted here') if $r->{status} == 77;
}

my @libcs = ('glibc');
my @flags = qw(-O2 -fomit-frame-pointer -Wall -Wextra -Werror);
for my $libc ('glibc', 'musl') {
	my $cc = $libc eq 'musl' ? $ENV{MUSL_CC} || 'musl-gcc' : 'gcc';
	next if system("command -v $cc >/dev/null");
	my @build = ($cc, @flags, "$here/target.c");
	system(@build, qw(-rdynamic -pthread -ldl -o), "$dir/target_$libc") == 0 &&
	    system(@build, qw(-shared -fPIC -DPLUGIN -o),
		"$dir/plugin_$libc.so") == 0 or die "target_$libc";
	push @libcs, 'musl' if $libc eq 'musl';
}

my %operands = (
	uprobe => sub { ("$dir/target_$_[0]", 'probe_me') },
	syscall => sub { 'poll' },
	syscall_parallel => sub { 'poll' },
	pwrite64_event => sub { () },
);
for my $tool (sort keys %operands) {
	for my $libc (@libcs) {
		for my $mode (@modes) {
			my $r = whole_stacks($tool, $libc, $mode,
				$operands{$tool}->($libc));
			beside_gdb($r) if $r->{gdb} && $libc eq 'glibc';
			is_name($r, $mode);
			at_entry($r) if $tool eq 'uprobe';
		}
	}
}

# The name is the thread's at the time: exec changes it.
sub is_name {
	my ($r, $mode) = @_;
	my %names = map { $_->{comm} => 1 } @{ $r->{stacks} };
	my $want = $mode eq 'exec' ? qr/^exe$/ : qr/^target_/;
	like(join(' ', keys %names), $want, "$mode: the thread's name");
}

# The record says that nothing has been pushed yet: no other evidence is asked.
sub at_entry {
	my ($r) = @_;
	my %how = map { ($_->{frames}[1]{how} // '') => 1 } @{ $r->{stacks} };
	is(join(' ', keys %how), 'entry', 'the caller by the entry rule');
}

# An ip is gdb's pc, minus 1 where that is a return address.
sub beside_gdb {
	my ($r) = @_;
	my @ips = map { $_->{ip} } @{ $r->{stacks}[-1]{frames} };
	my $same = grep { exists $r->{gdb}{$_} &&
		$ips[$_] == $r->{gdb}{$_} - ($_ ? 1 : 0) } 0 .. $#ips;
	SKIP: {
		skip 'no gdb', 1 unless %{ $r->{gdb} };
		is("$same " . keys %{ $r->{gdb} }, @ips . ' ' . @ips,
			'the same frames as gdb') or
		    diag(map { sprintf "%s %x %x\n", $_, $ips[$_] // 0,
			$r->{gdb}{$_} // 0 } sort { $a <=> $b } keys %{ $r->{gdb} });
	}
}

# Registers from the kernel's stack, as where the helper is missing.
for my $tool ('syscall', 'pwrite64_event') {
	for my $mode ('plain', 'signal', 'thread') {
		whole_stacks($tool, 'glibc', $mode, [regs => 'stack'],
			$operands{$tool}->('glibc'));
	}
}

# DEPTH in is one thing, depth out another: it does not shrink.
for my $depth (1, 3) {
	my $r = observe('pwrite64_event', 'glibc', 'plain', $depth);
	my %depths = map { scalar(@{ $_->{frames} }) => 1 } @{ $r->{stacks} };
	is(join(' ', keys %depths), $depth, "DEPTH $depth: every stack");
	ok($r->{cut} == $r->{count} && $r->{cut} >= 5, "DEPTH $depth: all cut");
	is($r->{stacks}[0]{ends}, 'DEPTH', "DEPTH $depth: the end says so");
}
{
	my $deep = observe('pwrite64_event', 'glibc', 'plain', 10);
	is($deep->{whole}, $deep->{count}, 'DEPTH 10: nine frames are whole');
}

# TID: the first thread calls nothing.
{
	my $r = observe('pwrite64_event', 'glibc', 'thread', [tid => 'main'],
		[enough => 0]);
	is($r->{count}, 0, 'TID of a thread that calls nothing: no stack');
	$r = observe('pwrite64_event', 'glibc', 'plain', [tid => 'main']);
	cmp_ok($r->{count}, '>=', 5, 'TID of one that does: stacks');
}

# --- what cannot work ----------------------------------------------------------

for (['no argument'], ['no TID', 1], ['a TGID that is none', 'x', 0],
	['TGID 0', 0, 0], ['DEPTH 0', $$, 0, 0], ['DEPTH 1025', $$, 0, 1025],
	['one too many', $$, 0, 3, 4], ['--regs', '--regs=else', $$, 0]) {
	my ($title, @args) = @$_;
	my $r = fails('pwrite64_event', @args);
	is($r->{status}, 2, "$title: exit status");
	like($r->{errors}, qr/^usage: pwrite64_event /, "$title: usage");
}
{
	my $r = fails('pwrite64_event', 4194303, 0);
	is($r->{status}, 1, 'no such process: exit status');
	like($r->{errors}, qr/process 4194303: IO/, 'no such process: why');
	$r = fails('syscall', $$, 0, 'no_such_call');
	isnt($r->{status}, 0, 'no such system call: exit status');
	like($r->{errors}, qr/sys_enter_no_such_call/, 'no such call: why');
	$r = fails('uprobe', $$, 0, '/proc/self/exe', 'no_such_function');
	is($r->{status}, 1, 'no such function: exit status');
	like($r->{errors}, qr/no_such_function in .*: NO_DEBUG_DATA/,
		'no such function: why');
}

done_testing();
