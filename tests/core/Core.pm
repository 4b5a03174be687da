# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Programs, their core files, and their stacks by dwunw and by gdb.

package Core;

use strict;
use warnings;
use Cwd;
use File::Temp;
use FindBin;
use IO::Select;

my $here = $FindBin::Bin;
my $top = Cwd::abs_path("$here/../..");

sub build_dir { $ENV{BUILD} || Cwd::abs_path("$top/build/x86_64") }

sub dwunw { build_dir() . '/dwunw' }

# A directory of this test's own, which is gone when it ends.
sub dir { return File::Temp::tempdir('dwunw-core-XXXXXX', TMPDIR => 1, CLEANUP => 1) }

# A program of rules.mk; undef if it is not there, for want of a compiler.
sub built {
	my ($name) = @_;
	my $path = build_dir() . "/tests/core/$name";
	return -x $path ? $path : undef;
}

# Standard output, standard error, exit status (of a signal: its text).
sub run {
	my ($dir, @words) = @_;
	my $quoted = join(' ', map { my $w = $_; $w =~ s/'/'\\''/g; "'$w'" }
		@words);
	my $said = `$quoted 2>'$dir/stderr'`;
	my $status = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
	open(my $in, '<', "$dir/stderr") or die "$dir/stderr: $!";
	local $/;
	return ($said, scalar(<$in>), $status);
}

# Starts a program that prints "ready"; its pid, or undef.
sub start {
	my (@words) = @_;
	my $pid = open(my $out, '-|', @words) or return;
	my $select = IO::Select->new($out);
	if ($select->can_read(120) && (readline($out) // '') =~ /ready/) {
		select(undef, undef, undef, 0.2);
		return ($pid, $out);
	}
	kill('KILL', $pid);
	return;
}

# Lets a program die with a core file in dir; its path, or undef.
sub dump_core {
	my ($dir, @words) = @_;
	my $pid = fork() // die "fork: $!";
	if (!$pid) {
		chdir($dir) or exit(1);
		open(STDERR, '>', '/dev/null');
		exec('sh', '-c', 'ulimit -c unlimited && exec "$@"', 'sh',
			@words) or exit(1);
	}
	waitpid($pid, 0);
	my ($core) = glob("$dir/core*");
	return $core;
}

# tid => [ pcs ], innermost first; and tid => text
sub by_dwunw {
	my ($text) = @_;
	my (%pcs, %text, $tid);
	for (split(/^/, $text)) {
		if (/^TID (\d+):/) {
			$tid = $1;
			$pcs{$tid} = [];
			$text{$tid} = '';
		} elsif (defined $tid) {
			$text{$tid} .= $_;
			push @{$pcs{$tid}}, $1 if /^#\d+ +0x0*([0-9a-f]+)  /;
		}
	}
	return (\%pcs, \%text);
}

# gdb's, past main up to the start. The words say what to look at.
sub by_gdb {
	my ($dir, @words) = @_;
	my ($said, $errors) = run($dir, 'gdb', '-nx', '-batch',
		'-iex', 'set debuginfod enabled off',
		'-iex', 'set auto-load safe-path /',
		'-iex', 'set backtrace past-main on', @words,
		'-x', "$here/frames.py");
	my (%pcs, $tid);
	for (split(/^/, $said)) {
		if (/^T (\d+)$/) {
			$tid = $1;
			$pcs{$tid} = [];
		} elsif (/^F ([0-9a-f]+)$/) {
			push @{$pcs{$tid}}, $1;
		}
	}
	return \%pcs;
}

# "" or how the two differ.
sub difference {
	my ($got, $want) = @_;
	my %tids = (%$got, %$want);
	my $text = '';
	for my $tid (sort { $a <=> $b } keys %tids) {
		my $g = join(' ', @{$got->{$tid} // ['no such thread']});
		my $w = join(' ', @{$want->{$tid} // ['no such thread']});
		$text .= "thread $tid\n  got  $g\n  want $w\n" if $g ne $w;
	}
	return $text;
}

1;
