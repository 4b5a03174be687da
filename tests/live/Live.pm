# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Live.pm - what the live tests share: targets, memleak_user, its report.
package Live;
use strict;
use warnings;
use Exporter 'import';
use File::Basename;
use File::Temp 'tempdir';
use Cwd 'abs_path';
use POSIX 'WNOHANG';
use Time::HiRes qw(sleep time);
use Test::More;

our @EXPORT = qw(need_bpf have_musl program built
	start stop
	memleak parse chain by_function counters_ok run watch slurp
	by_itself leaked all_done
	hold let_go
	$dir $root);

our $root = abs_path(dirname(__FILE__) . '/../..');
our $build = $ENV{BUILD} || "$root/build/" . (split ' ', `uname -m`)[0];
our $dir = tempdir('dwunw-live-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $examples = "$build/examples/bpf_memleak";
my %running;

END {
	my $status = $?;
	stop($_) for keys %running;
	$? = $status;
}

sub slurp {
	my ($path) = @_;
	open(my $file, '<', $path) or die "$path: $!";
	local $/;
	return scalar <$file>;
}

# A command to its end: stdout, stderr and the exit status.
sub outcome {
	my (@command) = @_;
	my ($out, $err) = ("$dir/out", "$dir/err");
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open(STDOUT, '>', $out) && open(STDERR, '>', $err) or die $!;
		exec @command or die "$command[0]: $!";
	}
	waitpid $pid, 0;
	return (slurp($out), slurp($err), $? >> 8);
}

# A command in the background, both streams in a file; its pid.
sub background {
	my ($out, @command) = @_;

	unlink $out; # what was printed before would be taken for this one's
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	open(STDOUT, '>', $out);
	open(STDERR, '>&', \*STDOUT);
	exec { $command[0] } @command or die "$command[0]: $!";
}

# Output (both streams) and exit status of a command.
sub run {
	my (@command) = @_;
	my $out = "$dir/run.out";
	my $pid = background($out, @command);
	waitpid($pid, 0);
	return (slurp($out), $? >> 8);
}

# The same of a tool that watches: when it says that it does, or has ended, what
# was started is told to begin (begin.h). The tool is interrupted when
# $until->(what it has printed) holds: without $until, when all that was started
# has done what it does. Nothing depends on how fast that is; after five minutes
# it is given up, and the test says what is missing. { held => 1 } before $until:
# the tool reads nothing until something that was started is halfway.
sub watch {
	my $held = ref $_[0] eq 'HASH' ? shift->{held} : 0;
	my $until = ref $_[0] ? shift : \&all_done;
	my (@command) = @_;
	my $out = "$dir/watch.out";
	unlink $out; # what the one before said is no sign
	my $pid = background($out, @command);
	my $ended = 0;
	my $soon = sub { sleep 0.05;
		return $ended ||= waitpid($pid, WNOHANG) == $pid; };
	my $last = time + 300;

	1 until watches($out) || $soon->();
	hold($pid) if $held && !$ended;
	begin();
	sleep 0.01 until !$held || time > $last ||
	    grep { -e "$dir/begin.$_.half" } keys %running;
	let_go($pid) if $held;
	1 until $soon->() || $until->(slurp($out)) || time > $last;
	kill 'INT', $pid unless $ended;
	waitpid($pid, 0) unless $ended;
	return (slurp($out), $? >> 8);
}

# It has told so by a file (begin.h), or is gone.
sub all_done {
	for (keys %running) {
		next if -e "$dir/begin.$_.done";
		my ($state) = -e "/proc/$_/stat" ?
		    slurp("/proc/$_/stat") =~ /\) (\S)/ : 'Z';
		return 0 if $state ne 'Z';
	}
	return 1;
}

# For $until: the tool ends by itself.
sub by_itself { return sub { 0 } }

# A report has NUMBER of blocks by each of these functions.
sub leaked {
	my ($number, @functions) = @_;
	return sub {
		my $r = parse($_[0]);
		return !grep { by_function($r, $_)->{count} < $number }
		    @functions;
	};
}

# All of a process is stopped: it reads nothing, until it is let go.
sub hold {
	my ($pid) = @_;
	kill 'STOP', $pid or die "$pid: $!";
	sleep 0.01 while grep { (slurp($_) =~ /\) (\S)/)[0] ne 'T' }
	    glob "/proc/$pid/task/*/stat";
}

sub let_go { kill 'CONT', $_[0] }

sub watches { return -s $_[0] && slurp($_[0]) =~ /^(?:recording|event|ready)/m }

sub begin {
	for (keys %running) {
		next unless -d $dir;
		open(my $file, '>', "$dir/begin.$_") or die "begin.$_: $!";
	}
}

sub skip_all {
	print "1..0 # SKIP @_\n";
	exit 0;
}

# Ends the test with a reason where BPF can't run.
sub need_bpf {
	skip_all("not root") if $> != 0;
	skip_all("no uprobes in this kernel")
	    unless -e '/sys/bus/event_source/devices/uprobe';
	skip_all("$examples/memleak_user is not built (make examples)")
	    unless -x "$examples/memleak_user";
	my $pid = start('/bin/sleep', 20);
	my ($out, $status) = run("$examples/memleak_user", '-p', $pid,
		'-d', '0.1', '-n', 1);
	stop($pid);
	skip_all("BPF is not permitted here") if $status == 77;
}

sub have_musl {
	return -x "$examples/leaky_musl";
}

# One of the programs built by examples/bpf_memleak/rules.mk.
sub program {
	return "$examples/$_[0]";
}

# One of tests/live/rules.mk, or of another directory's.
sub built {
	my ($name, $of) = @_;
	my $path = "$build/tests/" . ($of // 'live') . "/$name";
	-e $path or die "$path: not built (make test-programs)\n";
	return $path;
}

sub start { return start_to('/dev/null', @_) }

# … with its output in a file
sub start_to {
	my ($out, @command) = @_;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		$ENV{BEGIN} = "$dir/begin.$$";
		open(STDOUT, '>', $out);
		exec { $command[0] } @command or die "$command[0]: $!";
	}
	$running{$pid} = 1;
	sleep 0.2;
	return $pid;
}

sub stop {
	my ($pid) = @_;
	return unless delete $running{$pid};
	kill 'KILL', $pid;
	waitpid($pid, 0);
}

# … which reports every fifth of a second until it is interrupted (watch).
sub memleak {
	my @until = ref $_[0] ? shift : ();
	my (@args) = @_;
	return parse(watch(@until, program('memleak_user'), '-d', 0.2, @args));
}

# The last report of an output, as data.
sub parse {
	my ($text, $status) = @_;
	my %r = (text => $text, status => $status, stacks => []);
	my ($report) = $text =~ /.*^(\[\d\d:\d\d:\d\d\] .*)/ms;
	my $stack;

	for (split /\n/, $report // '') {
		if (/^(\d+) bytes in (\d+) allocations from stack$/) {
			$stack = { bytes => $1, count => $2, frames => [],
				ends => '' };
			push @{ $r{stacks} }, $stack;
		} elsif (/^\t#(\d+) +0x([0-9a-f]{16})(.*)/) {
			my %f = (index => $1, pc => $2, text => $3);
			($f{name}) = $f{text} =~ /^  ([\w.@]+)\+0x[0-9a-f]+/;
			($f{module}) = $f{text} =~ /  \[([^]]*)\]/;
			($f{how}) = $f{text} =~ /\((\w[\w ]*)\)$/;
			push @{ $stack->{frames} }, \%f;
		} elsif (/^\tends here: (.*)/) {
			$stack->{ends} = $1;
		} elsif (/^calls (\d+) = events (\d+) \+ drops (\d+) \(no scratch slot (\d+), buffer full (\d+), too many threads (\d+)\)/) {
			@r{qw(calls events drops slot buffer threads)} =
			    ($1, $2, $3, $4, $5, $6);
		} elsif (/^received (\d+), not unwound (\d+), live map full (\d+)/) {
			@r{qw(received not_unwound full)} = ($1, $2, $3);
		} elsif (/^memory: tool (\d+) KiB, maps (\d+) KiB, (\d+) bytes an event/) {
			@r{qw(rss maps event_bytes)} = ($1, $2, $3);
		} elsif (/^\[\S+\] pid \d+: (\d+) bytes in (\d+) allocations are live/) {
			@r{qw(bytes blocks)} = ($1, $2);
		} elsif (/^(\d+) bytes in (\d+) allocations from stacks that/) {
			$r{unknown} = $_;
			@r{qw(lost_bytes lost_blocks)} = ($1, $2);
		}
	}
	return \%r;
}

# "make_name … main libc _start": function names, frames of a libc as one.
sub chain {
	my ($stack) = @_;
	my @names;

	for my $f (@{ $stack->{frames} }) {
		my $name = $f->{name} // '?';
		$name = 'libc' if ($f->{module} // '') =~ /^(libc|ld)[.-]/;
		push @names, $name
		    unless @names && $name eq 'libc' && $names[-1] eq 'libc';
	}
	return join ' ', @names;
}

# The stack whose innermost frame is in that function.
sub by_function {
	my ($report, $name) = @_;
	for (@{ $report->{stacks} }) {
		return $_ if ($_->{frames}[0]{name} // '') eq $name;
	}
	return { bytes => 0, count => 0, frames => [], ends => "no such stack" };
}

# calls = events + drops, and what was sent was received.
sub counters_ok {
	my ($r, $title) = @_;
	ok(defined $r->{calls} && $r->{calls} == $r->{events} + $r->{drops} &&
		$r->{drops} == $r->{slot} + $r->{buffer} + $r->{threads} &&
		$r->{received} == $r->{events} && $r->{calls} > 0,
		"$title: calls = events + drops, all events received") or
	    diag($r->{text} // 'no output');
}

1;
