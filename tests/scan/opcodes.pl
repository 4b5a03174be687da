#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Prints every opcode of all maps of x86-64 as raw code, under prefixes and
# with operands of each form, one in 16 bytes that end in nops. Where one is
# no instruction, objdump says so.

use strict;
use warnings;

binmode STDOUT;

# ModRM and SIB: each form of memory, each register, each opcode extension.
my @operands = map { chr } 0x00, 0x04, 0x05, 0x0d, 0x14, 0x44, 0x54, 0x84,
	0x8d, 0xb5, 0xc0, 0xc8, 0xd1, 0xda, 0xe3, 0xec, 0xf5, 0xfe,
	0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38;
my @few = map { chr } 0x04, 0x05, 0x44, 0x8d, 0xc1, 0xd9;
my @prefixes = ('', "\x66", "\xf2", "\xf3", "\x48", "\x66\x48", "\xf3\x4c",
	"\x67", "\x2e", "\x64\x41");
# an SIB without a base, then a displacement and an immediate
my $rest = "\x25\x11\x22\x33\x04\x05\x06\x07\x08";

# Not one-byte opcodes, but prefixes of one kind or another.
my %prefix = map { $_ => 1 } 0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x40 .. 0x4f, 0x62,
	0x64 .. 0x67, 0x8f, 0x9b, 0xc4, 0xc5, 0xf0, 0xf2, 0xf3;

sub put {
	my $code = join('', @_);
	print $code, "\x90" x (16 - length($code));
}

# Under 66 processors disagree about the size of a displacement.
sub disputed {
	my ($prefix, $map, $opcode) = @_;
	return 0 if $prefix ne "\x66";
	return $map eq '' ? $opcode == 0xe8 || $opcode == 0xe9 :
		$map eq "\x0f" && ($opcode & 0xf0) == 0x80;
}

sub legacy {
	my ($opcode) = @_;
	for my $map ('', "\x0f", "\x0f\x38", "\x0f\x3a") {
		next if $map eq '' && $prefix{$opcode};
		next if $map eq "\x0f" && ($opcode == 0x38 || $opcode == 0x3a);
		for my $prefix (@prefixes) {
			next if disputed($prefix, $map, $opcode);
			put($prefix, $map, chr($opcode), $_, $rest)
				for @operands;
		}
	}
}

sub vex {
	my ($opcode, $pp, $operand) = @_;
	put("\xc5", chr(0xf8 | $pp), chr($opcode), $operand, $rest);
	for my $wl (0x78, 0x7c, 0xf8, 0xfc) {
		put("\xc4", chr(0xe0 | $_), chr($wl | $pp), chr($opcode),
			$operand, $rest) for 1 .. 3;
	}
}

sub evex {
	my ($opcode, $pp, $operand) = @_;
	for my $w (0x7c, 0xfc) {
		for my $length (0x08, 0x28, 0x48, 0x18) {
			put("\x62", chr(0xf0 | $_), chr($w | $pp),
				chr($length), chr($opcode), $operand, $rest)
				for 1, 2, 3, 5, 6;
		}
	}
}

sub xop {
	my ($opcode, $operand) = @_;
	for my $w (0x78, 0xf8) {
		put("\x8f", chr(0xe0 | $_), chr($w), chr($opcode), $operand,
			$rest) for 8 .. 10;
	}
}

for my $opcode (0 .. 255) {
	legacy($opcode);
	for my $operand (@few) {
		for my $pp (0 .. 3) {
			vex($opcode, $pp, $operand);
			evex($opcode, $pp, $operand);
		}
		xop($opcode, $operand);
	}
}
put("\x8f", chr, $rest) for 0x00, 0x04, 0x44, 0xc0; # pop
