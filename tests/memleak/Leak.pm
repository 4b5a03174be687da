# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Leak.pm - what the tests of memleak_dwunw_user share: it, and its report.
package Leak;
use strict;
use warnings;
use Exporter 'import';
use FindBin;
use Time::HiRes qw(sleep time);
use Test::More;
use lib "$FindBin::Bin/../live";
use Live ();

our @EXPORT = qw(need_tool tool built leak leak_done with_target parse_leak
	find names sent_ok start stop slurp $dir);
our $dir = $Live::dir;
*start = \&Live::start;
*stop = \&Live::stop;
*slurp = \&Live::slurp;

sub tool {
	return ($ENV{BUILD} || "$Live::root/build/" . (split ' ', `uname -m`)[0])
	    . '/examples/memleak_bcc_dwunw/memleak_dwunw_user';
}

sub need_tool {
	Live::need_bpf();
	return if -x tool();
	print "1..0 # SKIP ", tool(), " is not built (make examples)\n";
	exit 0;
}

# One of the programs of rules.mk.
sub built { return Live::built($_[0], 'memleak') }

# One run: its last report. Options, then INTERVAL INTERVALS. A command's run
# has one report, at its end.
sub leak {
	my (@args) = @_;
	push @args, 60 if @args > 1 && $args[-2] eq '-c';
	return parse_leak(Live::watch(Live::by_itself(), 'timeout', 600,
		tool(), @args));
}

# One run, by options: its report when all that was started has done what it does
# (begin.h), however long that takes, and a second more: blocks younger than half of
# one are not shown.
sub leak_done {
	my $done;
	my $until = sub {
		$done //= time if Live::all_done();
		return $done && time > $done + 1;
	};
	return parse_leak(Live::watch($until, tool(), @_, 3600, 1));
}

# The tool on a program that is started for it: leak(@$args, -p, its pid, @rest), or
# leak_done() without @rest.
sub with_target {
	my ($target, $args, @rest) = @_;
	my $pid = start(@$target);
	my @words = (@$args, '-p', $pid);
	my $r = @rest ? leak(@words, @rest) : leak_done(@words);
	stop($pid);
	return $r;
}

# The last report of an output, as data.
sub parse_leak {
	my ($text, $status) = @_;
	my %r = (text => $text, status => $status, stacks => []);
	my ($report) = $text =~ /.*^(\[\d\d:\d\d:\d\d\] Top .*)/ms;
	my $stack;

	for (split /\n/, $report // '') {
		if (/^(\d+) bytes in (\d+) allocations from stack(?: of (\d+) processes(?: or more)?)?(?: of pid (\d+) \((.*?)\))?(?: of thread (\d+) \((.*?)\))?$/) {
			$stack = { bytes => $1, count => $2, processes => $3,
				pid => $4, program => $5, tid => $6, thread => $7,
				frames => [], blocks => [], ends => '' };
			push @{ $r{stacks} }, $stack;
		} elsif (/^\t(\d+) \[<([0-9a-f]{16})>\] (.+)/) {
			my %f = (index => $1, pc => $2, text => $3);
			($f{name}) = $f{text} =~ /^(.+)\+0x[0-9a-f]+(?: |$)/;
			($f{file}) = $f{text} =~ / \[([^]]*)\](?: \(|$)/;
			($f{how}) = $f{text} =~ /\] \((\w[\w ]*)\)$/;
			push @{ $stack->{frames} }, \%f;
		} elsif (/^\taddr = 0x([0-9a-f]+) size = (\d+)/) {
			push @{ $stack->{blocks} }, [$1, $2];
		} elsif (/^\tends here: (.*)/) {
			$stack->{ends} = $1;
		} elsif (/^(\d+) bytes in (\d+) allocations from stacks that/) {
			@r{qw(unknown_bytes unknown)} = ($1, $2);
		} elsif (/^dwunw: allocations (\d+) = stacks (\d+) \+ drops (\d+) \(over budget (\d+), no scratch slot (\d+), buffer full (\d+)\); live map full (\d+)/) {
			@r{qw(allocations sent drops budget slot buffer full)} =
			    ($1, $2, $3, $4, $5, $6, $7);
		} elsif (/^dwunw: stacks to the start (\d+), only to main (\d+), shorter (\d+), by frame pointers (\d+), not unwound (\d+)/) {
			@r{qw(whole to_main shorter by_fp not_unwound)} =
			    ($1, $2, $3, $4, $5);
		} elsif (/^dwunw: events (\d+), received (\d+), memory: tool (\d+) KiB, maps (\d+) KiB, (\d+) bytes/) {
			@r{qw(events received rss maps event_bytes)} =
			    ($1, $2, $3, $4, $5);
		} elsif (/late children (\d+), ignored allocations (\d+)/) {
			@r{qw(late ignored)} = ($1, $2);
		}
	}
	return \%r;
}

# "leak caller main …": function names, outwards; of C++ without their types.
sub names {
	my ($stack) = @_;
	my @names = map { $_->{name} // '?' } @{ $stack->{frames} };
	s/\(.*//, s/ /_/g for @names;
	return join ' ', @names;
}

# The stack in which that function is; { bytes => 0 … } without one.
sub find {
	my ($r, $name) = @_;
	for (@{ $r->{stacks} }) {
		return $_ if names($_) =~ /(^| )\Q$name\E( |$)/;
	}
	return { bytes => 0, count => 0, frames => [], blocks => [],
		ends => 'no such stack' };
}

# allocations = stacks + drops, by cause.
sub sent_ok {
	my ($r, $title) = @_;
	ok(defined $r->{allocations} && $r->{allocations} > 0 &&
		$r->{allocations} == $r->{sent} + $r->{drops} &&
		$r->{drops} == $r->{budget} + $r->{slot} + $r->{buffer},
		"$title: allocations = stacks + drops") or diag($r->{text});
}

1;
