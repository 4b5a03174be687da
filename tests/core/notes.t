#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# NT_FILE of a core whose only mapping has a path of each length: its words have
# the size of the core's class, and the path is the whole one. No file is opened
# by a part of it, relative to here.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Core;
use Cwd;
use Test::More;

my $out = Core::dir();
my $dwunw = Core::dwunw();
my $here = "$out/here";
mkdir $here or die;

# Class, byte order by pack's letters, e_machine, sizes of prstatus.
my @targets = (
	['x86_64', 2, '<', 62, 336, 8, 112 + 16 * 8],
	['arm64', 2, '<', 183, 392, 8, 112 + 32 * 8],
	['mips32el', 1, '<', 8, 256, 4, 72 + 40 * 4],
	['mips32eb', 1, '>', 8, 256, 4, 72 + 40 * 4],
);

sub put_note {
	my ($e, $type, $desc) = @_;
	my $padded = $desc . "\0" x (-length($desc) % 4);
	return pack("L${e}3", 5, length $desc, $type) . "CORE\0\0\0\0" . $padded;
}

# One thread at 0x10010, in a mapping of `path` that is not in the core.
sub core_of {
	my ($target, $path) = @_;
	my (undef, $class, $e, $machine, $size, $word, $pc) = @$target;
	my $w = $word == 8 ? "Q$e" : "L$e";
	my $status = "\0" x $size;
	substr($status, $class == 2 ? 32 : 24, 4) = pack("L$e", 4711);
	substr($status, $pc, $word) = pack($w, 0x10010);
	my $files = pack("${w}*", 1, 4096, 0x10000, 0x20000, 0) . "$path\0";
	my $notes = put_note($e, 1, $status) . put_note($e, 0x46494c45, $files) .
	    put_note($e, 6, pack("${w}*", 9, 0x10000, 0, 0));
	my ($header, $segment) = $class == 2 ? (64, 56) : (52, 32);
	my $at = $header + $segment;
	my $ident = "\x7fELF" . pack('C3', $class, $e eq '<' ? 1 : 2, 1);
	my $head = pack('a16', $ident) . pack("S${e}2L$e", 4, $machine, 1) .
	    pack("${w}3", 0, $header, 0) .
	    pack("L${e}S${e}6", 0, $header, $segment, 1, 0, 0, 0);
	my $program = $class == 2 ?
	    pack("L${e}2Q${e}6", 4, 0, $at, 0, 0, length $notes, 0, 4) :
	    pack("L${e}8", 4, $at, 0, 0, length $notes, 0, 0, 4);
	return $head . $program . $notes;
}

for my $target (@targets) {
	my $name = $target->[0];
	my (@wrong, %opened);
	for my $length (2 .. 40) {
		my $path = '/' . substr('abcdefghijklmnopqrstuvwxyz0123456789ABCDE',
			0, $length - 1);
		open(my $core, '>:raw', "$out/core") or die;
		print $core core_of($target, $path);
		close $core;
		# what a part of it names is there
		for my $tail (map { substr $path, $_ } 1 .. $length - 1) {
			open(my $file, '>', "$here/$tail") or die;
			print $file "no ELF file\n";
		}
		my ($said, $errors, $status) = Core::run($out, 'sh', '-c',
			'cd "$1" && exec "$2" stack --paths --core "$3"', 'sh',
			$here, $dwunw, "$out/core");
		push @wrong, "$length: $errors" unless
		    $errors =~ /^dwunw: \Q$path\E: No such file/m &&
		    $errors !~ /not ELF|not an ELF/;
	}
	is(join("\n", @wrong), '', "$name: paths of 2 to 40 characters");
}

done_testing();
