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

# A command in the background, both streams in a file; its pid.
sub background {
	my ($out, @command) = @_;
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
# was started is told to begin (begin.h).
sub watch {
	my (@command) = @_;
	my $out = "$dir/watch.out";
	unlink $out; # what the one before said is no sign
	my $pid = background($out, @command);
	my $ended = 0;
	sleep 0.05 until watches($out) ||
	    ($ended = waitpid($pid, WNOHANG) == $pid);
	begin();
	waitpid($pid, 0) unless $ended;
	return (slurp($out), $? >> 8);
}

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

sub memleak {
	my (@args) = @_;
	return parse(watch(program('memleak_user'), @args));
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
