# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Inproc.pm - programs with libdwunw-preload.so in them, and what they recorded.
package Inproc;
use strict;
use warnings;
use Exporter 'import';
use File::Temp qw(tempdir);
use Test::More;

our @EXPORT = qw($build $preload $dir $tool $foreign built run_with sums counted need_inproc);

our $build = $ENV{BUILD} // 'build/x86_64';
our $foreign = $ENV{FOREIGN};
our $preload = "$build/libdwunw-preload.so";
our $dir = tempdir(CLEANUP => 1);

# Another machine's programs run under an emulator: those that are linked statically by
# it alone, others with their libraries, which Debian keeps below /usr/TRIPLE. musl's
# name their loader by its whole path.
our $tool = $ENV{FOREIGN} ? "$ENV{EXEC} " : '';
my ($triple) = ($ENV{CC} // '') =~ m{([^/]+)-gcc$};
our @libraries = ($triple // '') =~ /-musl$/ ? () : ('-L', '/usr/' . ($triple // ''));

sub need_inproc {
	plan skip_all => "$preload is not in this build" unless -e $preload;
}

sub built { return "$build/tests/inproc/$_[0]" }

sub slurp {
	my ($path) = @_;
	open(my $in, '<:raw', $path) or return '';
	local $/;
	return scalar <$in> // '';
}

# Runs a program with the recorder, and libraries of `before` in front of it. What
# comes: status, out, err, and the figures of DWUNW_INPROC_STATS.
sub run_with {
	my ($option, @command) = @_;
	my $file = $option->{file} // "$dir/recording";
	unlink $file;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		my $libraries = join ' ', @{ $option->{before} // [] }, $preload;
		$ENV{LD_PRELOAD} = $libraries unless $foreign;
		unshift @command, $ENV{EXEC}, @libraries, '-E',
		    "LD_PRELOAD=$libraries" if $foreign;
		$ENV{DWUNW_INPROC} = $file;
		$ENV{DWUNW_INPROC_STATS} = 1;
		$ENV{$_} = $option->{env}{$_} for keys %{ $option->{env} // {} };
		open STDOUT, '>', "$dir/out";
		open STDERR, '>', "$dir/err";
		exec @command or exit 127;
	}
	waitpid $pid, 0;
	my %r = (status => $?, pid => $pid, file => $file, out => slurp("$dir/out"),
		err => slurp("$dir/err"));
	@r{qw(stacks walked kept slow checked differ no_room unknown)} =
	    $r{err} =~ /^dwunw-preload: (\d+) stacks: (\d+) frames walked, (\d+) kept, (\d+) by .*; (\d+) checked, (\d+) differ; (\d+) without room, (\d+) unknown$/m;
	return \%r;
}

# The sums of a recording's fields, by its reader (tests/record/dump.c).
sub sums {
	my ($file) = @_;
	my %sum = map { $_ => 0 } 0 .. 5;
	$sum{text} = `$tool$build/tests/inproc/dump $file 2>&1`;
	while ($sum{text} =~ /^total (.*)/mg) {
		my $line = $1;
		$sum{$1} += $2 while $line =~ / (\d+)=(-?\d+)/g;
	}
	return \%sum;
}

# What counter.so has counted of a process: blocks and mappings, and their bytes.
sub counted {
	my ($counter, $pid) = @_;
	my (undef, $calls, $blocks, $bytes, $maps, $map_bytes, $full) =
	    unpack 'Q7', slurp("$counter/$pid");
	return { calls => $calls, blocks => $blocks + $maps,
		bytes => $bytes + $map_bytes, full => $full };
}

1;
