# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Compares `dwunw rows --raw FILE` with readelf, FDE by FDE and row by row.
#
# The oracle is readelf of binutils 2.40: -wF (frames-interp) for rows and
# -wf (frames) for what -wF does not show. N keeps it to this file, without
# separate debug files. What has to be known of it (binutils/dwarf.c,
# display_debug_frames and frame_display_row):
#
#  - A column is printed for each register that the CIE or the FDE mentions
#    at all. `u` in it is "undefined by DW_CFA_undefined" and also "no rule
#    at this row"; the two are told apart by -wf, see below.
#  - The return address's column is called `ra`; the CIE line has its number. So
#    is x1 of RISC-V, also where the return address is t0 (libgcc's save-restore).
#  - A row is printed at each advance of the location, by zero too, and one at
#    the end of the program: neighbours may be equal.
#  - An FDE whose program is empty or only DW_CFA_nop gets no row and no
#    column line. Its only row is that of its CIE, printed under the CIE with
#    location 0; it is taken from there.
#  - DW_CFA_restore of a register that the CIE does not mention prints `u`.
#  - DW_CFA_GNU_args_size makes no row and no column.
#  - Expressions are `exp` and `vexp`. Their text is in -wf. Here the bytes
#    that dwunw gives are decoded and compared with that text.
#  - -wF has no end of a row: it must be the start of the next row or the end
#    of the FDE.
#  - Some registers have no column in dwunw (regset.h; on x86_64 those from 17
#    on: xmm0 …, saved by libffi for the ABI of Windows): a row cannot have
#    them. Their rules are counted as `untracked` and shown, never dropped in
#    silence.
#  - A zero terminator is printed, and records behind it are printed as well.
#  - DW_CFA_AARCH64_negate_ra_state makes no column.
#  - .zdebug_frame keeps its name; dwunw calls it .debug_frame.
#  - The debug file of a program has PT_INTERP but not its bytes; readelf
#    complains of that and goes on.
#
# For FDEs with an expression, a DW_CFA_undefined or a change of the return
# address's signature, in themselves or in their CIE, the program as printed by
# -wf is run here for just that: which register has which expression or is
# undefined, is the return address signed, at which row.

package Rows;

use strict;
use warnings;
use Test::More;
no warnings 'portable'; # hex() of 64 bits

# By e_machine: registers as readelf names them, and which have a column. A
# register without a name is r and its number.
my %machines = (
	62 => { # x86-64 psABI, figure 3.36
		names => [qw(rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12
			r13 r14 r15 rip), map { "xmm$_" } 0 .. 15],
		tracked => sub { $_[0] <= 16 },
	},
	183 => { # AADWARF64 4.1; v8 .. v15
		names => [(map { "x$_" } 0 .. 30), 'sp', undef, 'elr',
			(undef) x 30, map { "v$_" } 0 .. 31],
		tracked => sub { $_[0] <= 31 || $_[0] >= 72 && $_[0] <= 79 },
	},
	243 => { # RISC-V psABI; fs0, fs1, fs2 .. fs11
		names => [qw(zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5
			a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6
			ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3
			fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10
			fs11 ft8 ft9 ft10 ft11)],
		tracked => sub { $_[0] <= 31 || $_[0] == 40 || $_[0] == 41 ||
			$_[0] >= 50 && $_[0] <= 59 },
	},
	8 => { # GCC's numbers; $f20 .. $f31
		names => [],
		tracked => sub { $_[0] <= 31 || $_[0] >= 52 && $_[0] <= 63 },
	},
);

# Of the file that is being compared.
my ($machine, %number, $big_endian, $address_size);

sub look_at {
	my ($file) = @_;
	open(my $in, '<:raw', $file) or die "$file: $!";
	read($in, my $head, 20) == 20 or die "$file: no ELF header";
	my ($class, $data) = unpack('x4 C C', $head);
	$big_endian = $data == 2;
	$address_size = $class == 2 ? 8 : 4;
	my $number = unpack($big_endian ? 'x18 n' : 'x18 v', $head);
	$machine = $machines{$number} or
		die "$file: machine $number is not known to this test";
	my $names = $machine->{names};
	%number = map { $names->[$_] => $_ } grep { defined $names->[$_] }
		0 .. $#$names;
}

sub register_number {
	my ($name) = @_;
	return $number{$name} // ($name =~ /^r(\d+)$/ ? $1 : undef);
}

# How many differences of one file are shown.
our $shown_max = 10;

# --- DWARF expressions, from bytes to readelf's text ------------------------

my %plain = (0x06 => 'deref', 0x12 => 'dup', 0x13 => 'drop', 0x14 => 'over',
	0x16 => 'swap', 0x17 => 'rot', 0x19 => 'abs', 0x1a => 'and',
	0x1b => 'div', 0x1c => 'minus', 0x1d => 'mod', 0x1e => 'mul',
	0x1f => 'neg', 0x20 => 'not', 0x21 => 'or', 0x22 => 'plus',
	0x24 => 'shl', 0x25 => 'shr', 0x26 => 'shra', 0x27 => 'xor',
	0x29 => 'eq', 0x2a => 'ge', 0x2b => 'gt', 0x2c => 'le', 0x2d => 'lt',
	0x2e => 'ne', 0x96 => 'nop');
# name, unpack template, size
my %fixed = (0x08 => ['const1u', 'C', 1], 0x09 => ['const1s', 'c', 1],
	0x0a => ['const2u', 'S', 2], 0x0b => ['const2s', 's', 2],
	0x0c => ['const4u', 'L', 4], 0x0d => ['const4s', 'l', 4],
	0x0e => ['const8u', 'Q', 8], 0x0f => ['const8s', 'q', 8],
	0x15 => ['pick', 'C', 1], 0x28 => ['bra', 's', 2],
	0x2f => ['skip', 's', 2], 0x94 => ['deref_size', 'C', 1]);

# The first bytes as the file's byte order has them.
sub ordered {
	my ($template, $size, $bytes) = @_;
	$template .= $big_endian ? '>' : '<' if $size > 1;
	return unpack($template, pack('C*', splice(@$bytes, 0, $size)));
}

sub uleb {
	my ($bytes) = @_;
	my ($value, $shift) = (0, 0);
	while (@$bytes) {
		my $byte = shift @$bytes;
		$value |= ($byte & 0x7f) << $shift if $shift < 64;
		$shift += 7;
		last unless $byte & 0x80;
	}
	return ($value, $shift);
}

sub sleb {
	my ($bytes) = @_;
	my ($value, $shift) = uleb($bytes);
	return $value unless $shift && $value >> ($shift - 1) & 1 &&
		$shift < 64;
	return -((1 << $shift) - $value);
}

sub register_text { $machine->{names}[$_[0]] // "r$_[0]" }

sub operation {
	my ($bytes) = @_;
	my $op = shift @$bytes;
	return "DW_OP_$plain{$op}" if $plain{$op};
	if (my $f = $fixed{$op}) {
		return "DW_OP_$f->[0]: " .
			ordered($f->[1], $f->[2], $bytes);
	}
	return 'DW_OP_lit' . ($op - 0x30) if $op >= 0x30 && $op <= 0x4f;
	if ($op >= 0x50 && $op <= 0x6f) {
		$op -= 0x50;
		return "DW_OP_reg$op (" . register_text($op) . ')';
	}
	if ($op >= 0x70 && $op <= 0x8f) {
		$op -= 0x70;
		return "DW_OP_breg$op (" . register_text($op) . '): ' .
			sleb($bytes);
	}
	if ($op == 0x92) {
		my ($reg) = uleb($bytes);
		return "DW_OP_bregx: $reg (" . register_text($reg) . ') ' .
			sleb($bytes);
	}
	return sprintf('DW_OP_addr: %x', ordered($address_size == 8 ? 'Q' : 'L',
		$address_size, $bytes)) if $op == 0x03;
	return 'DW_OP_constu: ' . (uleb($bytes))[0] if $op == 0x10;
	return 'DW_OP_consts: ' . sleb($bytes) if $op == 0x11;
	return 'DW_OP_plus_uconst: ' . (uleb($bytes))[0] if $op == 0x23;
	return sprintf('op 0x%02x is not known to this test', $op);
}

sub expression_text {
	my ($hex) = @_;
	my @bytes = unpack('C*', pack('H*', $hex));
	my @text;
	push @text, operation(\@bytes) while @bytes;
	return join('; ', @text);
}

# --- readelf -wF --------------------------------------------------------------

# "rsp+8" -> "r7+8", "exp" -> "e"
sub cfa {
	my ($text) = @_;
	return $machine->{cfa_memo}{$text} //= do {
		my ($register, $offset) = $text =~ /^([a-z]\w*)([+-]\d+)$/;
		my $number = register_number($register // '');
		$text eq 'exp' ? 'e' :
		defined $number ? "r$number$offset" : "unknown:$text";
	};
}

my %rule_memo;
sub rule {
	my ($text) = @_;
	return $rule_memo{$text} //= do {
		$text =~ /^(?:[us]|[cv][+-]\d+|r\d+)$/ ? $text :
		$text eq 'exp' ? 'e' :
		$text eq 'vexp' ? 've' : "unknown:$text";
	};
}

my %untracked; # of the file that is being read, by register
my $negations;

sub row_text {
	my ($columns, $cfa, $rules) = @_;
	my $text = cfa($cfa);
	# DW_CFA_register prints as "r5 (rdi)"
	$rules =~ s/(?<=\d) \(\w+\)//g;
	my @rules = split(' ', $rules);
	return "bad row: @rules" if @rules != @$columns;
	for my $i (0 .. $#rules) {
		my $rule = rule($rules[$i]);
		next if $rule eq 'u';
		if ($columns->[$i] =~ /^\d+$/ &&
			!$machine->{tracked}($columns->[$i])) {
			$untracked{register_text($columns->[$i])}++;
		} else {
			$text .= " r$columns->[$i]=$rule";
		}
	}
	return $text;
}

# What readelf prints, its complaints among it.
sub readelf {
	my ($option, $file) = @_;
	open(my $in, '-|', 'sh', '-c', 'exec readelf "$@" 2>&1', 'sh',
		$option, $file) or die "readelf: $!";
	return $in;
}

# "section off" -> { start, end, cie, rows: [ [start, text], … ] }
sub read_oracle {
	my ($file, $complaints) = @_;
	my (%cies, %fdes, $section, $record, $ra, $columns);

	my $in = readelf('-wNF', $file);
	while (my $line = <$in>) {
		if ($line =~ /^([0-9a-f]{16}|[0-9a-f]{8}) (\S+) +(.*)$/) {
			my ($first, $second, $rest) = ($1, $2, $3);
			if ($rest =~ /^[0-9a-f]+ CIE "[^"]*" .*ra=(\d+)/) {
				$record = $cies{"$section $first"} =
					{ ra => $1, rows => [] };
				$ra = $1;
			} elsif ($rest =~ /^[0-9a-f]+ FDE cie=([0-9a-f]+) pc=([0-9a-f]+)\.\.([0-9a-f]+)/) {
				my $cie = $cies{"$section $1"};
				$record = {
					start => hex($2), end => hex($3),
					cie => $cie, rows => [],
				};
				$ra = $cie->{ra};
				$fdes{"$section " . sprintf('%x', hex($first))}
					= $record;
			} elsif ($second eq 'ZERO') {
				next;
			} else {
				push @{$record->{rows}}, [hex($first),
					row_text($columns, $second, $rest)];
			}
		} elsif ($line =~ /^   LOC +CFA +(.*)$/) {
			$columns = [map { $_ eq 'ra' ? $number{ra} // $ra :
				register_number($_) // "unknown:$_" }
				split(' ', $1)];
		} elsif ($line =~ /^Contents of the \.z?(\S+) section/) {
			$section = ".$1";
		} elsif ($line =~ /^readelf: /) {
			push @$complaints, $line unless $line =~
				/Unable to find program interpreter name/;
		}
	}
	close($in);
	for my $fde (values %fdes) {
		next if @{$fde->{rows}};
		$fde->{rows} = [map { [$fde->{start}, $_->[1]] }
			@{$fde->{cie}{rows}}];
	}
	return \%fdes;
}

# --- readelf -wf -----------------------------------------------------------------

# Runs a program for what only -wf tells; a state per row.
sub special_rows {
	my ($lines, $state, $initial, $cie) = @_;
	my (@rows, @stack);

	for (@$lines) {
		if (/^  DW_CFA_(?:advance_loc|set_loc|MIPS_adv)/) {
			push @rows, { %$state } unless $cie;
		} elsif (/^  DW_CFA_undefined: r(\d+)/) {
			$state->{$1} = 'u';
		} elsif (/^  DW_CFA_def_cfa_expression \((.*)\)$/) {
			$state->{cfa} = $1;
		} elsif (/^  DW_CFA_expression: r(\d+)(?: \(\w+\))? \((.*)\)$/) {
			$state->{$1} = "e:$2";
		} elsif (/^  DW_CFA_val_expression: r(\d+)(?: \(\w+\))? \((.*)\)$/) {
			$state->{$1} = "ve:$2";
		} elsif (/^  DW_CFA_restore(?:_extended)?: r(\d+)/) {
			delete $state->{$1};
			$state->{$1} = $initial->{$1} if $initial->{$1};
		} elsif (/^  DW_CFA_(?:offset|val_offset|same_value|register|GNU_neg)\w*: r(\d+)/) {
			delete $state->{$1};
		} elsif (/^  DW_CFA_def_cfa(?:_sf|_register)?:/) {
			delete $state->{cfa};
		} elsif (/^  DW_CFA_AARCH64_negate_ra_state/) {
			$negations++;
			$state->{signed} = 1 unless delete $state->{signed};
		} elsif (/^  DW_CFA_remember_state/) {
			push @stack, { %$state };
		} elsif (/^  DW_CFA_restore_state/) {
			$state = pop(@stack) // {};
		}
	}
	push @rows, { %$state };
	return \@rows;
}

# "section off" -> states by row, of the FDEs that have any.
sub read_special {
	my ($file) = @_;
	my (%cies, %special, $section, $key, $cie, $kind, @lines);
	my $finish = sub {
		return unless $kind;
		if ($kind eq 'CIE') {
			$cies{$key} = special_rows(\@lines, {}, {}, 1)->[-1];
		} elsif ((my $initial = $cies{$cie}) && (%{$cies{$cie}} ||
			grep { /^  DW_CFA_(?:undefined|\w*expression|AARCH64)/ }
			@lines)) {
			$special{$key} = special_rows(\@lines, { %$initial },
				$initial, 0);
		}
		$kind = undef;
	};

	my $in = readelf('-wNf', $file);
	while (my $line = <$in>) {
		if ($line =~ /^  DW_CFA/) {
			push @lines, $line unless $line =~ /^  DW_CFA_nop/;
		} elsif ($line =~ /^([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ (CIE|FDE)(?: cie=([0-9a-f]+))?/) {
			$finish->();
			$kind = $2;
			$key = "$section " . sprintf('%x', hex($1));
			$cie = "$section " . sprintf('%x', hex($3)) if $3;
			@lines = ();
		} elsif ($line =~ /^Contents of the \.z?(\S+) section/) {
			$finish->();
			$section = ".$1";
		}
	}
	$finish->();
	close($in);
	return \%special;
}

# --- dwunw rows --raw --------------------------------------------------------------

# Which special states a row of ours stands for.
sub special_of {
	my ($raw) = @_;
	my ($cfa, @rules) = split(' ', $raw);
	my %state;

	$state{signed} = 1 if $raw =~ / ra_signed$/;
	$state{cfa} = expression_text($1) if $cfa =~ /^e:(.*)/;
	for (@rules) {
		if (/^r(\d+)=u$/) {
			$state{$1} = 'u';
		} elsif (/^r(\d+)=(v?e):(.*)$/) {
			$state{$1} = "$2:" . expression_text($3);
		}
	}
	return \%state;
}

sub state_text {
	my ($state) = @_;
	return join(', ', map { "$_ $state->{$_}" } sort keys %$state);
}

# What readelf said of a file last: it need not say it again to another dwunw.
my ($known, $known_want, $known_special);

sub oracle {
	my ($file, $complaints) = @_;
	look_at($file);
	if (!defined $known || $known ne $file) {
		%untracked = ();
		$negations = 0;
		$known_want = read_oracle($file, $complaints);
		$known_special = read_special($file);
		$known = @$complaints ? undef : $file;
	}
	return ({ %$known_want }, $known_special);
}

# A check: the file's rows are the oracle's, each of them.
sub agree {
	my ($file, $sum) = @_;
	my $good = ok(!$sum->{differing} && !$sum->{missing} &&
		!$sum->{extra} && $sum->{fdes} == $sum->{oracle_fdes} &&
		$sum->{rows} == $sum->{oracle_rows},
		sprintf('%s: %d FDEs, %d rows, %d expressions, %d differing',
			$file, @$sum{qw(fdes rows expressions differing)}) .
		($sum->{untracked} ?
			", $sum->{untracked} rules of xmm registers" : ''));
	diag("FDEs: got $sum->{fdes}, want $sum->{oracle_fdes}; " .
		"rows: got $sum->{rows}, want $sum->{oracle_rows}") if !$good;
	diag($_) for @{$sum->{text}};
	return $good;
}

# Compares what $dwunw, a program or a list of words, says of a file with
# readelf. Options:
#
#	oracle    the file that readelf reads, when it is another one
#	section   only FDEs of this section count
#	options   for dwunw rows
#	each_row  called with "section off", the row's number in its FDE, and
#	          the row as it was printed
#
# { fdes, rows, expressions, signed, negations, differing, missing, extra,
#   untracked, untracked_by, text: [ … ] }
sub compare {
	my ($dwunw, $file, %with) = @_;
	my @complaints;
	my ($want, $special) = oracle($with{oracle} // $file, \@complaints);
	my %sum = (fdes => 0, rows => 0, expressions => 0, signed => 0,
		differing => 0, missing => 0, extra => 0, oracle_rows => 0,
		untracked => 0, untracked_by => { %untracked },
		negations => $negations, text => []);
	if ($with{section}) {
		delete @$want{grep { !/^\Q$with{section}\E / } keys %$want};
	}
	my ($fde, $key, $states, $at, $open_end);
	my $say = sub {
		my ($title, $got, $wanted) = @_;
		push @{$sum{text}}, "$file: $title\n  got  $got\n  want $wanted"
			if @{$sum{text}} < $shown_max;
	};
	my $differ = sub { $sum{differing}++; $say->(@_) };
	my $finish = sub {
		return unless $fde;
		my $rows = @{$fde->{rows}};
		$differ->("$key: number of rows", $at, $rows) if $at != $rows;
		$differ->("$key: end of the last row", sprintf('%x', $open_end),
			sprintf('%x', $fde->{end}))
			if $at && $open_end != $fde->{end};
		$fde = undef;
	};

	$sum{untracked} += $_ for values %untracked;
	$differ->('readelf complains', '', $_) for @complaints;
	$sum{oracle_rows} += @{$_->{rows}} for values %$want;
	$sum{oracle_fdes} = keys %$want;
	my @words = (ref $dwunw ? @$dwunw : $dwunw, 'rows',
		@{$with{options} // []}, '--raw', $file);
	open(my $in, '-|', @words) or die "@words: $!";
	my $skip = 0;
	while (my $line = <$in>) {
		$skip = $with{section} && $1 ne $with{section}
			if $line =~ /^F (\S+)/;
		next if $skip;
		if ($line =~ /^R ([0-9a-f]+) ([0-9a-f]+) (.*)$/) {
			my ($start, $end, $raw) = (hex($1), hex($2), $3);
			$sum{rows}++;
			next unless $fde;
			my $row = $fde->{rows}[$at];
			my $got = $raw;
			$got =~ s/ r\d+=u(?= |$)//g;
			$got =~ s/(?<=e):[0-9a-f]*//g;
			$got =~ s/ ra_signed$// and $sum{signed}++;
			$with{each_row}->($key, $at, $line) if $with{each_row};
			if (!$row || $row->[1] ne $got ||
				$row->[0] != $start) {
				$differ->(sprintf('%s: row %d at %x', $key,
					$at, $start), $got,
					$row ? sprintf('%s at %x', $row->[1],
						$row->[0]) : 'no row');
			} elsif ($at && $open_end != $start) {
				$differ->("$key: end of row " . ($at - 1),
					sprintf('%x', $open_end),
					sprintf('%x', $start));
			}
			if ($states || $raw =~ /=u|e:|signed/) {
				my $g = state_text(special_of($raw));
				my $w = state_text($states ?
					$states->[$at] // {} : {});
				$sum{expressions} += () = $raw =~ /e:/g;
				$differ->("$key: row $at", $g, $w)
					if $g ne $w;
			}
			$open_end = $end;
			$at++;
		} elsif ($line =~ /^F (\S+) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)$/) {
			$finish->();
			$sum{fdes}++;
			($key, $at) = ("$1 $2", 0);
			$fde = delete $want->{$key};
			$states = $special->{$key};
			if (!$fde) {
				$sum{extra}++;
				$say->("$key: no such FDE in readelf", $line,
					'nothing');
			} elsif ($fde->{start} != hex($3) ||
				$fde->{end} != hex($4)) {
				$differ->("$key: range", "$3..$4",
					sprintf('%x..%x', $fde->{start},
						$fde->{end}));
			}
		}
	}
	$finish->();
	close($in);
	if ($?) {
		$sum{differing}++;
		$say->('dwunw rows', "exit status $?", '0');
	}
	for (sort keys %$want) {
		$sum{missing}++;
		$say->("$_: FDE skipped", 'nothing',
			sprintf('%x..%x', $want->{$_}{start},
				$want->{$_}{end}));
	}
	return \%sum;
}

1;
