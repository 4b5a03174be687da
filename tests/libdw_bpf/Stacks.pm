# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Stacks.pm - what the tools of examples/libdw_bpf print of target.c, and what
# that program says its stacks are; for this machine and for guests.
package Stacks;
use strict;
use warnings;
no warnings 'portable'; # 64-bit numbers in hex
use Exporter 'import';
our @EXPORT = qw(read_report chain due is_ours noted shadow_missed print_table
	@modes);

our @modes = qw(plain signal thread plugin fork exec);
# target.c's functions below the call that is seen, in each situation
my %due = (
	plain => 'inner middle outer in_plain main _start',
	signal => 'inner middle outer in_signal raise_signal main _start',
	thread => 'inner middle outer in_thread',
	plugin => 'plugin_inner middle outer turn in_plugin main _start',
	fork => 'inner middle outer turn in_fork main _start',
	exec => 'inner middle outer in_plain main _start',
);
my %ours = map { $_ => 1 } 'probe_me', map { split ' ' } values %due;

# A tool's output: { stacks => [{ comm, tgid, tid, frames => [{ ip, name,
# module, how }], ends }], count, whole, cut, not_unwound, lost, strange }.
sub read_report {
	my ($text) = @_;
	my %r = (stacks => []);
	my $stack;
	for (split /\n/, $text) {
		if (m{^(\S+) (\d+)/(\d+) \d+\.\d{6}$}) {
			$stack = { comm => $1, tgid => $2, tid => $3,
				frames => [], ends => '' };
			push @{ $r{stacks} }, $stack;
		} elsif (/^\t#(\d+) +0x([0-9a-f]+) (\S+?)(?:\+0x[0-9a-f]+)?(?: \[(.*?)\]?\])?(?: \(([\w ]+)\))?$/) {
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

sub due {
	my ($tool, $mode) = @_;
	return ($tool eq 'uprobe' ? 'probe_me ' : '') . $due{$mode};
}

# Is a frame one of the target's own functions?
sub is_ours { return $ours{$_[0]{name}} }

# The target's own functions of a stack, innermost first.
sub chain {
	my ($stack, $musl) = @_;
	# mips calls it __start
	my $chain = join ' ', grep { $ours{$_} }
	    map { $_->{name} =~ s/^__start$/_start/r } @{ $stack->{frames} };
	# musl leaves it by a jump, or has no name for it
	$chain =~ s/main$/main _start/ if $musl;
	return $chain;
}

# The return addresses that the target says it has noted, as lists.
sub noted {
	my ($said) = @_;
	my %lines = map { $_ => 1 } $said =~ /^(?:\| )?shadow (.*)/mg;
	return map { [map { hex } split ' '] } sort keys %lines;
}

# Does a stack hold these return addresses, one directly behind the other, from
# inner's on? Behind a handler's libc may stand, which has raised the signal.
sub is_noted {
	my ($stack, @noted) = @_;
	my @frames = @{ $stack->{frames} };
	my ($at) = grep { $frames[$_]{name} =~ /^(plugin_)?inner$/ } 0 .. $#frames;
	my $raised;
	for my $address (@noted) {
		return 0 unless defined $at;
		my $handler = $frames[$at++]{name} eq 'in_signal';
		if ($raised) {
			$at++ while $at < @frames &&
			    $frames[$at]{ip} != $address - 1;
		}
		# a trampoline is where the thread itself is
		return 0 unless $at < @frames &&
		    $frames[$at]{ip} == $address - ($handler ? 0 : 1);
		$raised = $handler;
	}
	return 1;
}

# "", or what is wrong: a call may be made from two places in turn.
sub shadow_missed {
	my ($stack, @noted) = @_;
	for (@noted) {
		return '' if is_noted($stack, @$_);
	}
	return join ' ', 'none of the noted:', map { sprintf '%x', $_->{ip} }
	    @{ $stack->{frames} };
}

# $cells->{row}{mode}
sub print_table {
	my ($title, $cells) = @_;
	print "# $title\n";
	printf "# %-28s" . '%8s' x @modes . "\n", '', @modes;
	for my $row (sort keys %$cells) {
		printf "# %-28s" . '%8s' x @modes . "\n", $row,
		    map { $cells->{$row}{$_} // '-' } @modes;
	}
}

1;
