# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# events.c under `dwunw count`: what was counted, and what the program says of itself.
package Events;
use strict;
use warnings;
use FindBin;
use List::Util 'sum0';
use Test::More;
use lib "$FindBin::Bin/../live";
use Live ();

our $dwunw = "$Live::build/dwunw";
our $events = "$Live::build/tests/count/events";
our $base = 'events';
our $folded = "$Live::dir/folded";

sub need {
	Live::need_bpf();
	qx{$dwunw count --help 2>&1} =~ /usage/ and return;
	print "1..0 # SKIP this build has no dwunw count\n";
	exit 0;
}

# "outermost;…;innermost N" lines -> "innermost … outermost" => N
sub counts_of {
	my ($text) = @_;
	my %counts;
	for (split /\n/, $text) {
		my ($stack, $count) = /^(.*) (-?\d+)$/ or next;
		$counts{join ' ', reverse split /;/, $stack} += $count;
	}
	return \%counts;
}

# The truth that the program prints: [what, functions…, number].
sub truth_of { return [map { [split] } $_[0] =~ /^((?:call|kernel|cpu|away|off) .*)$/mg] }

# One run of it under `dwunw count`: what that says, the counts by functions
# outwards ("counted first_way way … _start" => 750), and the program's truth.
sub counted {
	my ($event, $what, @options) = @_;
	unlink $folded;
	local $ENV{BEGIN} = '/'; # it is there: begins at once
	# room for what comes before anything is known of its code
	my ($said, $status) = Live::run($dwunw, qw(count --ring-size 32M -e), $event, @options,
		"--folded=$folded", '--', $events, $what ? $what : ());
	return { said => $said, status => $status,
		counts => counts_of(-e $folded ? Live::slurp($folded) : ''),
		truth => truth_of($said) };
}

# The sum of those that have these functions one behind the other, and go on to a
# start of the program or of a thread.
sub through {
	my ($r, @chain) = @_;
	return sum0(map { $r->{counts}{$_} } grep {
		/(?:^| )\Q@chain\E .*\b(?:_start|clone3?|__clone3?)\b/
	} keys %{$r->{counts}});
}

sub is_truth {
	my ($title, $r, $kind, @before) = @_;
	is($r->{status}, 0, "$title: status") or diag($r->{said});
	my ($events, $lost) = $r->{said} =~
	    /^dwunw: events (\d+) = stacks \d+ \+ drops (\d+)/m;
	is($lost, 0, "$title: nothing is lost") or diag($r->{said});
	for (@{$r->{truth}}) {
		my ($what, @chain) = @$_;
		my $count = pop @chain;
		next if $what ne $kind;
		is(through($r, @before, @chain), $count,
			"$title: @before @chain")
		    or diag(map { "$r->{counts}{$_} $_\n" } keys %{$r->{counts}});
	}
	is(sum0(values %{$r->{counts}}), $events, "$title: all are in the file");
}

1;
