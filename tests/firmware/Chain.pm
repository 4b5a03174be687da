# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What examples/crash_firmware prints, beside the chain of calls that its source
# has; names of addresses are nm's.
package Chain;
use strict;
use warnings;
no warnings 'portable'; # addresses of 64 bits
use Exporter 'import';
use Test::More;
our @EXPORT_OK = qw(missing symbols name_at reports wants is_report);

our @crash = qw(write_register set_led parse_packet poll_device crash);
use constant DEPTH => 1000; # of program.c

sub missing {
	for my $tool (@_) {
		return "no $tool" if system("command -v $tool >/dev/null");
	}
	return '';
}

# [address, name] of every function, in order; of equal ones the shortest name comes last.
sub symbols {
	my ($nm, $file) = @_;
	my @all;
	for (`$nm -f sysv $file`) {
		# nm for mips32 extends the sign of an address
		push @all, [hex $2, $1]
			if /^(\w+)\s*\|(?:f{8})?([0-9a-f]+)\|.*\|\s*FUNC\|/;
	}
	return [sort { $a->[0] <=> $b->[0] || length $b->[1] <=> length $a->[1] } @all];
}

sub name_at {
	my ($symbols, $addr) = @_;
	my $name = '?';
	for (@$symbols) {
		last if $_->[0] > $addr;
		$name = $_->[1];
	}
	return $name;
}

# One report for each "stack ends": frames, what is left out, the end.
sub reports {
	my ($symbols, @lines) = @_;
	my @all = ({ frames => [] });
	for (@lines) {
		my $now = $all[-1];
		if (/^\#(\d+)\s+0x([0-9a-f]+)\s\s(\S+)\s\s\[([\w, ]+)\](.*)$/) {
			my ($index, $pc, $label, $how, $mark) =
				($1, hex $2, $3, $4, $5);
			my $at = $how =~ /^(?:event|signal)$/ ? $pc : $pc - 1;
			push @{$now->{frames}}, { index => $index, how => $how,
				name => $mark ? 'TRAMPOLINE' :
					$label =~ /^(?:\?|\[memory\])/ ? 'NOWHERE' :
					name_at($symbols, $at) };
		}
		$now->{left_out} = $1 if /^\.\.\. (\d+) frames left out$/;
		if (/^stack ends: (.*)$/) {
			$now->{end} = $1;
			push @all, { frames => [] };
		}
	}
	pop @all;
	return @all;
}

# The bytes that it says it wants.
sub wants {
	my ($bytes) = join("\n", @_) =~ /^a stack wants, bytes: (\d+)$/m;
	return $bytes;
}

# The whole stack is: the mode's chain, then @start. Of a deep one the first 48
# frames and the last 16 are told, and the numbers are those of the whole stack.
sub is_report {
	my ($title, $report, $mode, @start) = @_;
	my @whole = $mode eq 'wild' ? ('NOWHERE', 'wild_call') :
		$mode eq 'deep' ? (@crash, ('recurse') x DEPTH) : @crash;
	push @whole, @start;
	my @index = @whole <= 64 ? (0 .. $#whole) :
		(0 .. 47, @whole - 16 .. $#whole);
	my @frames = @{$report->{frames}};
	my $good = is(join(' ', map { $_->{name} } @frames),
		join(' ', @whole[@index]), "$title: the chain of the source");
	$good &= is(join(' ', map { $_->{index} } @frames), "@index",
		"$title: numbered as in the whole stack");
	$good &= is($report->{left_out} // 0, @whole - @index,
		"$title: so many are left out");
	$good &= is($report->{end}, 'root', "$title: to the start");
	return $good;
}

1;
