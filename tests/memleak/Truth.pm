# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Truth.pm - a tool on truth.c: what that counted itself is what the tool has to
# say. Shell text runs the two, so that they can be anywhere.
package Truth;
use strict;
use warnings;
use Exporter 'import';
use FindBin;
use POSIX 'WNOHANG';
use Time::HiRes 'sleep';
use Test::More;
use lib $FindBin::Bin;
use Leak;

our @EXPORT = qw(counted told told_ok observe);

# Who allocates, by truth.c's names.
my $who = qr/by_malloc|by_calloc|by_realloc|in_child|by_mmap/;

# FILE as truth.c wrote it: "by_malloc" => "BLOCKS BYTES".
sub counted {
	my (@files) = @_;
	my %sum;
	for my $file (@files) {
		for (split /\n/, slurp($file)) {
			my ($name, $blocks, $bytes) = split / /;
			$sum{$name}[0] += $blocks;
			$sum{$name}[1] += $bytes;
		}
	}
	return { map { $_ => "@{ $sum{$_} }" } keys %sum };
}

# The same of a report (Leak.pm's or Live.pm's), of all stacks with that name.
sub told {
	my ($r) = @_;
	my %sum;
	for my $stack (@{ $r->{stacks} }) {
		my ($name) = map { ($_->{name} // '') =~ /^($who)$/ ? $1 : () }
		    @{ $stack->{frames} };
		$name //= 'another';
		$sum{$name}[0] += $stack->{count};
		$sum{$name}[1] += $stack->{bytes};
	}
	return { map { $_ => "@{ $sum{$_} }" } keys %sum };
}

sub told_ok {
	my ($r, $title, @files) = @_;
	my $want = -e $files[0] ? counted(@files) : { no => 'file' };
	my $got = told($r);
	# pthread_exit of glibc loads libgcc_s
	delete $got->{another} if $r->{text} =~ /pthread_exit/;
	is_deeply($got, $want, $title) or diag($r->{text});
}

# Runs the tool on the program. Both are words for a shell, so that they can be
# anywhere: { truth => …, tool => …, … }. PID in those of the tool is the
# program's process, by `find` (shell text that sets pid, from the number of what
# was started, outer). The tool is told to end when all `files` are there and a
# moment has passed: its last report is of what they say. `around`: what both are
# in; `begin`: the file that the program waits for, under that name here;
# `watching`: called in between, with what the tool has said so far; `begun`: called
# behind that, with a function that says what it has said by then; `held`: the
# tool reads nothing until all `files` are there; `timeout`: seconds, if 300 may not
# be enough.
my $both = q{
	eval "$AROUND"
	$TRUTH & outer=$!
	pid=$outer
	eval "$FIND"
	$(echo "$TOOL" | sed "s/PID/$pid/") & tool=$!
	echo $tool >"$STARTED"
	for file in $FILES; do
		until [ -e "$file" ] || ! kill -0 $tool 2>/dev/null; do
			sleep 0.05
		done
	done
	sleep 0.3
	kill -TERM $tool 2>/dev/null
	wait $tool
	status=$?
	kill -9 $pid $outer 2>/dev/null
	exit $status
};

sub observe {
	my (%how) = @_;
	my $out = "$dir/observe.out";
	my $begin = $how{begin} // "$dir/begin";
	unlink $out, $begin, "$begin.late", @{ $how{files} };
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		%ENV = (%ENV, BEGIN => $begin, AROUND => '', FIND => '',
			TRUTH => $how{truth}, TOOL => $how{tool},
			FILES => "@{ $how{files} }", STARTED => "$dir/tool",
			%{ $how{env} // {} });
		open(STDOUT, '>', $out);
		open(STDERR, '>&', \*STDOUT);
		exec 'timeout', $how{timeout} // 300, @{ $how{around} // [] }, 'sh', '-c', $both;
	}
	my $ended = 0;
	sleep 0.05 until -e $out && slurp($out) =~ /^recording|: ready$/m ||
	    ($ended = waitpid($pid, WNOHANG) == $pid);
	$how{watching}->(slurp($out)) if $how{watching} && !$ended;
	my ($held) = $how{held} && !$ended ? slurp("$dir/tool") =~ /(\d+)/ : ();
	Live::hold($held) if $held;
	open(my $file, '>', $begin) or die "$begin: $!";
	$how{begun}->(sub { slurp($out) }) if $how{begun} && !$ended;
	if ($held) {
		sleep 0.05 while grep { !-e } @{ $how{files} };
		Live::let_go($held);
	}
	waitpid($pid, 0) unless $ended;
	return (slurp($out), $? >> 8);
}

1;
