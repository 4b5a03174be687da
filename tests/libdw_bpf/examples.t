#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The four tools of examples/libdw_bpf on target.c, whose source says what
# every stack is: in a plain program, a signal handler, a thread, a dlopen'ed
# library, a forked child and after exec, of glibc and of musl, shared and static.
# Each address is the one that the target has noted or that gdb finds: by CFI,
# and in musl, which has none, by single steps (gdb_stack.py).
use strict;
use warnings;
no warnings 'portable'; # 64-bit numbers in hex
use Cwd 'abs_path';
use File::Basename;
use lib dirname(__FILE__);
use Stacks;
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

# Waits until it is true, however busy the machine is; two minutes at most.
sub until_true {
	my ($what) = @_;
	my $end = time + 120;
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
	my $status = $? >> 8;
	my $r = read_report(slurp("$dir/$name.out"));
	@$r{qw(text errors status)} = (slurp("$dir/$name.out"),
		slurp("$dir/$name.err"), $status);
	return $r;
}

# A tool to its end; it is to fail.
sub fails {
	my ($tool, @args) = @_;
	my ($pid) = start('tool', "$tools/$tool", @args);
	return finish($pid, 'tool');
}

sub blocks { return () = slurp("$dir/tool.out") =~ /^\S+ \d+\/\d+ /mg }

# A tool on a target in one mode: its report, when it has seen some stacks.
sub observe {
	my ($tool, $libc, $mode, @args) = @_;
	my ($tid, $enough, $with_gdb) = (0, 5, 0);
	my @options;
	while (ref $args[0]) {
		my ($key, $value) = @{ shift @args };
		push @options, "--regs=$value" if $key eq 'regs';
		$tid = $value if $key eq 'tid';
		$enough = $value if $key eq 'enough';
		$with_gdb = $value if $key eq 'gdb';
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
	kill 'INT', $watcher;
	my $r = finish($watcher, 'tool');
	$r->{pid} = $pid;
	$r->{noted} = [noted(slurp("$dir/target.out"))];
	look_again($r, $tool, $libc, $mode) if $with_gdb;
	stop($pid);
	return $r;
}

# --- the truth -------------------------------------------------------------------

my %call = (uprobe => 'probe_me', syscall => 'poll',
	syscall_parallel => 'poll', pwrite64_event => 'pwrite64');
my %number = (poll => 7, pwrite64 => 18);
my %start_of; # by libc: what main returns to, and so on, as NAME+OFFSET

# The words behind "ips" or "files".
sub by_gdb {
	my ($wanted, @of) = @_;
	local $ENV{STACK_WANTED} = $wanted;
	open(my $gdb, '-|', 'sh', '-c', 'exec "$@" 2>/dev/null', 'sh',
		qw(timeout 60 gdb -batch -nx -iex), 'set debuginfod enabled off',
		'-iex', 'set auto-load no', '-iex', 'set confirm off',
		'-ex', 'set backtrace past-main on',
		'-ex', 'set backtrace past-entry on', '-x', "$here/gdb_stack.py",
		@of) or die "gdb: $!";
	my ($line) = grep { /^(ips|files) / } <$gdb>;
	my (undef, @words) = split ' ', $line // '';
	close $gdb;
	return @words;
}

# While the target still runs: gdb's view of the same call, and its mappings.
sub look_again {
	my ($r, $tool, $libc, $mode) = @_;
	my $pid = @{ $r->{stacks} } ? $r->{stacks}[0]{tgid} : return;
	my $call = $call{$tool};
	my $musl = $libc =~ /^musl/;
	my $how = $musl && $number{$call} ? "steps $call $number{$call} 1" :
	    "bt $call";
	# musl's name is without the size
	$how =~ s/pwrite64/pwrite/ if $how =~ /^steps/;
	$r->{gdb} = [map { hex } by_gdb($how, '-p', $pid)];
	# the signal comes when raise(3) unblocks it, by its second call of that
	$r->{raised} = [map { hex } by_gdb('steps raise 14 2', '-p', $pid)]
	    if $musl && $mode eq 'signal';
	$r->{maps} = slurp("/proc/$pid/maps");
}

# NAME+OFFSET of addresses.
sub in_files {
	my ($maps, @ips) = @_;
	my @found;
	for my $ip (@ips) {
		for (split /\n/, $maps) {
			my ($low, $high, $off, $path) =
			    /^(\w+)-(\w+) \S+ (\w+) \S+ \d+ *(.*)/ or next;
			next if $ip < hex $low || $ip >= hex $high;
			push @found, sprintf '%s+%x', basename($path),
			    $ip - hex($low) + hex $off;
		}
	}
	return @found;
}

sub ips { return map { $_->{ip} } @{ $_[0]{frames} } }

sub in_hex { return join ' ', map { sprintf '%x', $_ } @_ }

# Where in a stack its outermost function of that name is.
sub place {
	my ($stack, $name) = @_;
	my @at = grep { $stack->{frames}[$_]{name} eq $name }
	    0 .. $#{ $stack->{frames} };
	return @at ? $at[-1] : -1;
}

# How many of gdb's frames in a program of musl are by evidence: all of those
# by single steps; by CFI up to what the target's own functions return to, but
# gdb does not know the trampoline of a stripped musl.
sub reliable {
	my ($stack, $tool, $mode, @gdb) = @_;
	return @gdb if $tool ne 'uprobe';
	return place($stack, 'in_signal') + 1 if $mode eq 'signal';
	return place($stack, $mode eq 'thread' ? 'in_thread' : 'main') + 2;
}

# Is a stack gdb's? A call of the target's may be made from two places in turn,
# of which gdb sees one: such frames may differ, since the target notes them.
sub compare {
	my ($gdb, @frames) = @_;
	my @other = grep { $frames[$_]{ip} != $gdb->[$_] } 0 .. $#frames;
	return 'other' if grep { !is_ours($frames[$_]) } @other;
	return @other ? 'alike' : 'same';
}

sub beside_gdb {
	my ($title, $r, $tool, $libc, $mode) = @_;
	my (%wrong, %seen);
	my $musl = $libc =~ /^musl/;
	for my $stack (@{ $r->{stacks} }) {
		my @frames = @{ $stack->{frames} };
		my @gdb = @{ $r->{gdb} // [] };
		if ($musl) {
			my $count = reliable($stack, $tool, $mode, @gdb);
			splice @frames, $count if @frames > $count;
			splice @gdb, $count if @gdb > $count;
		}
		my $how = @gdb == @frames ? compare(\@gdb, @frames) : 'other';
		$seen{$how}++;
		$wrong{in_hex(map { $_->{ip} } @frames) . "\nis not " .
			in_hex(@gdb)}++ if $how eq 'other';
	}
	ok($seen{same} && !$seen{other}, "$title: by gdb " .
		@{ $r->{gdb} } . ' frames' . ($musl ? ', the inner ones' : '')) or
	    diag(keys %wrong);
}

# What the signal has interrupted in musl, up to the target's function.
sub beside_raise {
	my ($title, $r) = @_;
	my %got;
	for my $stack (@{ $r->{stacks} }) {
		my @ips = ips($stack);
		splice @ips, 0, place($stack, 'in_signal') + 2;
		splice @ips, @{ $r->{raised} };
		$got{in_hex(@ips)}++;
	}
	is(join("\n", keys %got), in_hex(@{ $r->{raised} }),
		"$title: by gdb what was interrupted");
}

# Beyond the target's outermost function stands libc's start.
sub beside_start {
	my ($title, $r, $libc, $mode) = @_;
	my (%got, $due);
	for my $stack (@{ $r->{stacks} }) {
		my @frames = @{ $stack->{frames} };
		splice @frames, 0, 1 +
		    place($stack, $mode eq 'thread' ? 'in_thread' : 'main');
		$got{join ' ', $mode eq 'thread' ?
			map { $_->{module} =~ /^target/ ? $_->{name} : 'libc' }
			@frames : in_files($r->{maps},
				map { $_->{ip} } @frames)}++;
	}
	$due = $mode ne 'thread' ? $start_of{$libc} :
	    $libc eq 'musl' ? 'libc libc' : 'start __clone';
	is(join("\n", keys %got), $due, "$title: the start of musl");
}

my $have_gdb = system('command -v gdb >/dev/null') == 0;
my %whole;

sub whole_stacks {
	my ($tool, $libc, $mode, @args) = @_;
	my $title = "$tool, $libc, $mode";
	my $r = observe($tool, $libc, $mode, [gdb => $have_gdb], @args);
	my (%chains, %missed);
	for (@{ $r->{stacks} }) {
		$chains{chain($_, $libc =~ /^musl/)}++;
		$missed{$_}++ for grep { $_ }
		    shadow_missed($_, @{ $r->{noted} });
	}
	is($r->{status}, 0, "$title: it ran") or diag($r->{errors});
	is(join("\n", sort keys %chains), due($tool, $mode),
		"$title: every stack") or diag($r->{text}, $r->{errors});
	ok(($r->{count} // 0) >= 5 && $r->{whole} == $r->{count} &&
		$r->{count} == @{ $r->{stacks} } && $r->{lost} == 0 &&
		!$r->{strange},
		"$title: " . ($r->{count} // 0) . ' stacks, all whole, none lost') or
	    diag($r->{text}, $r->{errors});
	my @foreign = grep { $mode eq 'fork' ? $_->{tgid} == $r->{pid} :
		$_->{tgid} != $r->{pid} } @{ $r->{stacks} };
	is(scalar @foreign, 0, "$title: of the right process");
	ok(@{ $r->{noted} } && !%missed, "$title: where the target noted") or
	    diag(keys %missed);
	SKIP: {
		skip "$title: no gdb", 1 unless $have_gdb;
		beside_gdb($title, $r, $tool, $libc, $mode);
		beside_start($title, $r, $libc, $mode) if $start_of{$libc};
		beside_raise($title, $r) if $r->{raised};
	}
	$whole{"$tool $libc"}{$mode} = ($r->{whole} // 0) . '/' .
	    ($r->{count} // 0) unless ref $args[0];
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

my @libcs;
my $built = abs_path(($ENV{BUILD} || "$top/build/$machine") . '/tests/libdw_bpf');
for my $libc ('glibc', 'glibc-static', 'musl', 'musl-static') {
	next unless -x "$built/target_$libc";
	# copies: tools look at what is in a directory of this test's own
	for my $file ("target_$libc", $libc =~ /-static/ ? () : "plugin_$libc.so") {
		system('cp', "$built/$file", $dir) == 0 or die $file;
	}
	push @libcs, $libc;
	next if $libc !~ /^musl/ || !$have_gdb;
	$start_of{$libc} = join ' ', by_gdb('start', "$dir/target_$libc");
	like($start_of{$libc}, qr/^\S+\+\w+ target_$libc\+\w+$/,
		"$libc: from its first instruction to main");
}

my %operands = (
	uprobe => sub { ("$dir/target_$_[0]", 'probe_me') },
	syscall => sub { 'poll' },
	syscall_parallel => sub { 'poll' },
	pwrite64_event => sub { () },
);
for my $tool (sort keys %operands) {
	for my $libc (@libcs) {
		next if $tool eq 'syscall_parallel' && $libc =~ /-static/;
		for my $mode (@modes) {
			# a static program loads no library
			next if $libc =~ /-static/ && $mode eq 'plugin';
			my $r = whole_stacks($tool, $libc, $mode,
				$operands{$tool}->($libc));
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
	like($r->{errors}, qr/^pwrite64_event: .*\nTry 'pwrite64_event --help'\.$/m,
		"$title: why, and where the usage is");
}
{
	my $r = fails('pwrite64_event', 4194303, 0);
	is($r->{status}, 1, 'no such process: exit status');
	like($r->{errors}, qr/process 4194303: no such process/, 'no such process: why');
	$r = fails('syscall', $$, 0, 'no_such_call');
	isnt($r->{status}, 0, 'no such system call: exit status');
	like($r->{errors}, qr/sys_enter_no_such_call/, 'no such call: why');
	$r = fails('uprobe', $$, 0, '/proc/self/exe', 'no_such_function');
	is($r->{status}, 1, 'no such function: exit status');
	like($r->{errors}, qr/no_such_function in .*: it defines no such function/,
		'no such function: why');
}

print_table('whole stacks of all, on ' . `uname -sr` =~ s/\n//r, \%whole);
done_testing();
