# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Count.pm - what counter.so has counted, in the processes that it is preloaded
# to, and what a tool says of them.
package Count;
use strict;
use warnings;
use Exporter 'import';
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use Leak;

our @EXPORT = qw(counter_dir counter_on counted_by said same_ok own_libc
	alone_in);

# counter.c's struct told.
my @fields = qw(busy calls blocks bytes maps map_bytes full);

# An empty directory for it, where nothing is counted before counter_on().
sub counter_dir {
	my ($name) = @_;
	my $counter = "$dir/$name";
	system('rm', '-rf', $counter);
	mkdir $counter or die "$counter: $!";
	chmod 0777, $counter;
	counter_on($counter, 0);
	chmod 0666, "$counter/on";
	return $counter;
}

# In place: processes have it mapped.
sub counter_on {
	my ($counter, $on) = @_;
	open(my $file, -e "$counter/on" ? '+<' : '>', "$counter/on") or
	    die "$counter/on: $!";
	print $file pack('Q', $on);
	close $file;
}

# The sums of all processes, and how many there are; of those alone that are
# given.
sub counted_by {
	my ($counter, @pids) = @_;
	my %sum = (processes => 0, map { $_ => 0 } @fields);
	for my $file (@pids ? map { "$counter/$_" } @pids : glob "$counter/*") {
		next if $file !~ m{/\d+$} || !-e $file;
		my %one;
		@one{@fields} = unpack 'Q*', slurp($file);
		$sum{$_} += $one{$_} // 0 for @fields;
		$sum{processes}++;
	}
	$sum{all} = $sum{blocks} + $sum{maps};
	$sum{all_bytes} = $sum{bytes} + $sum{map_bytes};
	return \%sum;
}

# Stacks of a report all of whose frames are in files of that name.
sub alone_in {
	my ($r, $file) = @_;
	return grep {
		my @frames = @{ $_->{frames} };
		@frames && !grep { ($_->{file} // '') !~ $file } @frames;
	} @{ $r->{stacks} };
}

# "BLOCKS BYTES" of a report, all of it: stacks, threads' tables, what was lost. But
# for the stacks that are alone in `library`.
sub said {
	my ($r, $library) = @_;
	return "$r->{blocks} $r->{bytes}" if defined $r->{blocks}; # memleak_user
	my ($blocks, $bytes) = (0, 0);
	my ($last) = $r->{text} =~ /.*^(\[\d\d:\d\d:\d\d\] Top .*)/ms;
	for (split /\n/, $last // '') {
		next unless /^(\d+) bytes in (\d+) allocations /;
		$bytes += $1;
		$blocks += $2;
	}
	for ($library ? alone_in($r, $library) : ()) {
		$bytes -= $_->{bytes};
		$blocks -= $_->{count};
	}
	return "$blocks $bytes";
}

# A directory with a copy of the C library, for LD_LIBRARY_PATH: where probes are
# put into every process that maps it, these are the test's own alone.
sub own_libc {
	my $own = "$dir/libc";
	return $own if -d $own;
	my ($libc) = `ldd @{[ built('uses') ]}` =~ m{libc\.so\S* => (\S+)};
	mkdir $own or die "$own: $!";
	system('cp', '-L', $libc, $own) == 0 or die $libc;
	return $own;
}

sub same_ok {
	my ($r, $sum, $title, $library) = @_;
	is($sum->{full}, 0, "$title: the counter had room") if $sum->{full};
	is(said($r, $library), "$sum->{all} $sum->{all_bytes}", "$title: blocks and bytes")
	    or diag($r->{text});
}

1;
