#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The ways to find .eh_frame: with a usable, a missing or a broken
# .eh_frame_hdr, with section headers and without. All must give the rows of
# the file as it was, in sequence and by address.

use strict;
use warnings;
no warnings 'portable';
use FindBin;
use lib $FindBin::Bin;
use RowFiles;
use Test::More;

our $TODO;
my $out = RowFiles::dir();
my $dwunw = RowFiles::dwunw();
my $random = RowFiles::random();

# enum dwunw_cfi_source
use constant { EH_HDR => 1, EH_FRAME => 2, EH_SEARCH => 3 };

# --- an ELF64 file as bytes -------------------------------------------------------

sub slurp {
	my ($path) = @_;
	open(my $in, '<:raw', $path) or die "$path: $!";
	local $/;
	return <$in>;
}

sub spew {
	my ($path, $bytes) = @_;
	open(my $to, '>:raw', $path) or die "$path: $!";
	print $to $bytes;
	close($to) or die "$path: $!";
}

# File offset of the program header of .eh_frame_hdr, and of its bytes.
sub find_hdr {
	my ($bytes) = @_;
	my ($phoff) = unpack('x32 Q<', $$bytes);
	my ($phnum) = unpack('x56 v', $$bytes);
	for my $i (0 .. $phnum - 1) {
		my $at = $phoff + 56 * $i;
		my ($type, $flags, $off) = unpack("x$at V V Q<", $$bytes);
		return ($at, $off) if $type == 0x6474e550;
	}
	return;
}

# Each changes $$bytes; $at and $off as find_hdr() gives them. The header:
# version, eh_frame_ptr's, fde_count's and the table's encoding, one byte
# each; eh_frame_ptr and fde_count, 4 bytes each; the table (LSB 10.6.2).
my %change = (
	none => sub { },
	'no PT_GNU_EH_FRAME' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $at, 4) = pack('V', 0);
	},
	'unsorted table' => sub {
		my ($bytes, $at, $off) = @_;
		my $first = substr($$bytes, $off + 12, 8);
		substr($$bytes, $off + 12, 8) = substr($$bytes, $off + 20, 8);
		substr($$bytes, $off + 20, 8) = $first;
	},
	'table unsorted in the middle' => sub {
		my ($bytes, $at, $off) = @_;
		my ($count) = unpack('x' . ($off + 8) . ' V', $$bytes);
		my $middle = $off + 12 + 8 * ($count >> 1);
		my $entry = substr($$bytes, $middle, 8);
		substr($$bytes, $middle, 8) = substr($$bytes, $middle + 8, 8);
		substr($$bytes, $middle + 8, 8) = $entry;
	},
	'entries point beside FDEs' => sub {
		my ($bytes, $at, $off) = @_;
		my ($count) = unpack('x' . ($off + 8) . ' V', $$bytes);
		for my $i (0 .. $count - 1) {
			my $entry = $off + 16 + 8 * $i;
			substr($$bytes, $entry, 4) = pack('V',
				unpack("x$entry V", $$bytes) + 4);
		}
	},
	'count far too large' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $off + 8, 4) = pack('V', 0x7fffffff);
	},
	'count one too large' => sub {
		my ($bytes, $at, $off) = @_;
		my ($count) = unpack('x' . ($off + 8) . ' V', $$bytes);
		substr($$bytes, $off + 8, 4) = pack('V', $count + 1);
	},
	'count zero' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $off + 8, 4) = pack('V', 0);
	},
	'count halved' => sub {
		my ($bytes, $at, $off) = @_;
		my ($count) = unpack('x' . ($off + 8) . ' V', $$bytes);
		substr($$bytes, $off + 8, 4) = pack('V', $count >> 1);
	},
	'version 2' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $off, 1) = "\x02";
	},
	'no eh_frame_ptr' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $off + 1, 1) = "\xff";
	},
	'no table' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $off + 2, 2) = "\xff\xff";
	},
	'LEB table' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $off + 3, 1) = "\x31";
	},
	'unknown encodings' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $off + 1, 3) = "\x7f\x7f\x7f";
	},
	'pc-relative table' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $off + 3, 1) = "\x1b";
	},
	'wrong eh_frame_ptr' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $off + 4, 4) = pack('V', 0x12345678);
	},
	'eh_frame_ptr 8 bytes on' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $off + 4, 4) =
			pack('V', 8 + unpack('x' . ($off + 4) . ' V', $$bytes));
	},
	'header of 5 bytes' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $at + 32, 8) = pack('Q<', 5);
	},
	'header outside the file' => sub {
		my ($bytes, $at, $off) = @_;
		substr($$bytes, $at + 8, 8) = pack('Q<', 1 << 40);
	},
);

# Not told from good ones so far: in sequence, and by address.
my %known_rows = (
	'eh_frame_ptr 8 bytes on, no section headers' =>
		'.eh_frame is not searched for once its address is known',
);
my %known = (
	%known_rows,
	'count halved' => 'a sorted table that is too short is trusted',
	'count halved, no section headers' =>
		'a sorted table that is too short is trusted',
);

sub strip_headers {
	my ($bytes) = @_;
	substr($$bytes, 40, 8) = pack('Q<', 0); # e_shoff
	substr($$bytes, 60, 4) = pack('v v', 0, 0); # e_shnum, e_shstrndx
}

# --- the checks --------------------------------------------------------------------

sub rows { my ($path) = @_; return scalar(`'$dwunw' rows --raw '$path'`) }

sub fdes { my ($rows) = @_; return scalar(() = $rows =~ /^F \.eh_frame /mg) }

sub check_rows {
	my ($path, $want, $title, $todo) = @_;
	local $TODO = $todo;
	my $fdes = fdes($want);
	ok(rows($path) eq $want && $fdes,
		"$title: the same rows of $fdes FDEs");
}

# $source: how the CFI must have been found, as a pattern.
sub check_pcs {
	my ($path, $want, $title, $source, $todo) = @_;
	local $TODO = $todo;
	my $fdes = fdes($want);
	my $line = `'$random' '$path'`;
	my ($said) = $line =~ /( fdes .*)/;
	like($line, qr/ fdes $fdes .* differing 0 source $source$/m,
		"$title: by address:" . ($said // ''));
}

sub check {
	my ($path, $want, $title, $source) = @_;
	check_rows($path, $want, $title);
	check_pcs($path, $want, $title, $source);
}

my $lib = '/usr/lib/x86_64-linux-gnu';
my @files = grep { -r } "$lib/libc.so.6", "$lib/libgcc_s.so.1",
	"$lib/libstdc++.so.6";
my ($static) = grep { $_->{name} eq 'static-pie' } RowFiles::built();
push @files, $static->{path} if $static->{path};
plan skip_all => 'no file with .eh_frame_hdr' unless @files;

for my $file (@files) {
	my ($name) = $file =~ /([^\/]+)$/;
	my $original = slurp($file);
	my ($at, $off) = find_hdr(\$original);
	my $want = rows($file);

	check($file, $want, "$name as it is", EH_HDR);
	for my $change (sort keys %change) {
		for my $strip (0, 1) {
			my $bytes = $original;
			my $path = "$out/$name.variant";
			my $title = $change . ($strip ?
				', no section headers' : '');
			$change{$change}->(\$bytes, $at, $off);
			strip_headers(\$bytes) if $strip;
			spew($path, $bytes);
			check_rows($path, $want, "$name, $title",
				$known_rows{$title});
			check_pcs($path, $want, "$name, $title", '\d',
				$known{$title});
		}
	}
}

SKIP: {
	skip 'objcopy is not installed', 2 if `objcopy --version` !~ /objcopy/;
	my $path = "$out/removed";
	system('objcopy', '--remove-section=.eh_frame_hdr', $files[0], $path)
		and die 'objcopy';
	check($path, rows($files[0]), 'objcopy --remove-section=.eh_frame_hdr',
		EH_FRAME);
}

done_testing();
