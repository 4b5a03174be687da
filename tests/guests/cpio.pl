#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# cpio.pl OUT PATH=FILE... - writes an initramfs with these files, all of them
# executable, and /dev/console. No root is needed, since nothing is made on disk
# (Documentation/driver-api/early-userspace/buffer-format.rst).
use strict;
use warnings;

my ($out, @files) = @ARGV;
my ($inode, %made) = (0);
open(my $archive, '>:raw', $out) or die "$out: $!\n";

sub entry {
	my ($name, $mode, $data, $major, $minor) = @_;
	my $head = '070701' . join '', map { sprintf '%08x', $_ } ++$inode,
	    $mode, 0, 0, 1, 0, length $data, 0, 0, $major // 0, $minor // 0,
	    length($name) + 1, 0;
	my $named = "$head$name\0";
	print $archive $named, "\0" x (-length($named) % 4), $data,
	    "\0" x (-length($data) % 4);
}

sub directories {
	my ($path) = @_;
	my $dir = '';
	for (split m{/}, $path =~ s{/?[^/]*$}{}r) {
		$dir .= ($dir eq '' ? '' : '/') . $_;
		entry($dir, 040755, '') unless $made{$dir}++;
	}
}

entry('dev', 040755, '') unless $made{dev}++;
entry('dev/console', 020600, '', 5, 1);
for (@files) {
	my ($path, $file) = split /=/, $_, 2;
	open(my $in, '<:raw', $file) or die "$file: $!\n";
	local $/;
	my $data = <$in> // '';
	directories($path);
	entry($path, 0100755, $data);
}
entry('TRAILER!!!', 0, '');
close($archive) or die "$out: $!\n";
