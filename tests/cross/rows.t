#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every row of the other targets' files, read on this machine, against readelf
# (tests/rows/Rows.pm); arm64's signed return addresses against llvm-dwarfdump;
# the same rows by address; and read by a big-endian dwunw.
#
# It downloads Debian packages into build/cache. With DWUNW_OFFLINE=1 it uses what is there.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../rows", $FindBin::Bin;
use CrossFiles;
use Rows;
use RowFiles;
use Test::More;

$| = 1;
plan skip_all => 'readelf is not installed' if `readelf --version` !~ /readelf/;

my $out = RowFiles::dir();
my $dwunw = RowFiles::dwunw();
my @counted = qw(fdes rows expressions signed negations differing missing extra
	untracked);

sub report {
	my ($name, $sum) = @_;
	my $good = ok(!$sum->{differing} && !$sum->{missing} &&
		!$sum->{extra} && $sum->{fdes} == $sum->{oracle_fdes} &&
		$sum->{rows} == $sum->{oracle_rows},
		sprintf('%s: %d FDEs, %d rows, %d differing', $name,
			@$sum{qw(fdes rows differing)}) .
		($sum->{signed} ? ", $sum->{signed} rows signed" : ''));
	my $by = $sum->{untracked_by};
	diag("$name: rules of registers without a column: " . join(', ',
		map { "$by->{$_} of $_" } sort keys %$by)) if %$by;
	diag("FDEs: got $sum->{fdes}, want $sum->{oracle_fdes}; " .
		"rows: got $sum->{rows}, want $sum->{oracle_rows}") if !$good;
	diag($_) for @{$sum->{text}};
	return $good;
}

my (%total, %done);

sub add {
	my ($target, $sum) = @_;
	$total{$target}{$_} += $sum->{$_} for @counted;
}

# Rules of v8 .. v15 and $f20 .. $f31, which a row has as columns only.
my %floating;

# Its path, or nothing for a file that is not there.
sub check {
	my ($target, $file) = @_;
	SKIP: {
		skip "$file->{name}: $file->{why}", 1 unless $file->{path};
		(my $name = $file->{path}) =~ s/.*\/[0-9a-f]{64}\//Debian: /;
		$name = $file->{name} if $file->{short};
		my $sum = Rows::compare($dwunw, $file->{path}, each_row => sub {
			$floating{$target} += () =
				$_[2] =~ / r(?:7[2-9]|4[01]|5[0-9]|6[0-3])=c/g;
		});
		report("$target: $name", $sum);
		like(`readelf -SW '$file->{path}'`, qr/ \.z?debug_frame /,
			"$target: $name: has it") if $name =~ /debug_frame/;
		add($target, $sum);
		push @{$done{$target}}, $file->{path};
		return $file->{path};
	}
	return ();
}

# --- every target's files --------------------------------------------------------

my %missing;
for my $target (@CrossFiles::targets) {
	my @built = CrossFiles::built($target);
	my ($plain) = grep { $_->{path} && $_->{name} eq 'dwarf5' } @built;
	my @files = (CrossFiles::packaged($target),
		CrossFiles::installed($target), @built,
		$plain ? CrossFiles::packed($target, $plain->{path}, $out) : ());
	$missing{$target} = grep { !$_->{path} } @files;
	check($target, $_) for @files;
}

# --- mipsel's libc with its debug package -----------------------------------------

SKIP: {
	my $pair = CrossFiles::debug_pair();
	skip "libc6-dbg: $pair->{why}", 3 if $pair->{why};

	my $plain = "$out/libc6-dbg.plain";
	my $why = RowFiles::run('mipsel-linux-gnu-objcopy',
		'--decompress-debug-sections', $pair->{debug}, $plain);
	is($why, undef, 'libc6-dbg: objcopy unpacks it');
	check('mips32el', { path => $plain }) unless defined $why;

	skip 'this dwunw is built without INFLATE_ZLIB', 2
		unless RowFiles::unpacks('ZLIB');
	my $sum = Rows::compare($dwunw, $pair->{debug});
	report('mips32el: libc6-dbg, compressed', $sum);
	$sum = Rows::compare($dwunw, $pair->{libc}, oracle => $pair->{debug},
		section => '.debug_frame',
		options => ['--debug-dir', $pair->{dir}]);
	report('mips32el: libc6 --debug-dir libc6-dbg', $sum);
}

# --- counts --------------------------------------------------------------------------

for my $target (@CrossFiles::targets) {
	cmp_ok($total{$target}{rows}, '>=', 20000,
		"$target: at least 20000 rows");
	cmp_ok($floating{$target} // 0, '>=', 100, "$target: at least 100 " .
		'rules of floating point registers');
}
cmp_ok($total{arm64}{negations}, '>=', 100,
	'arm64: DW_CFA_AARCH64_negate_ra_state is met');

# --- arm64: signed return addresses ----------------------------------------------------

sub signatures {
	my ($file, @dwarfdump) = @_;
	my $want = CrossFiles::signed_rows($file, @dwarfdump);
	my ($rows, $signed, $differing) = (0, 0, 0);
	my $see = sub {
		my ($key, $at, $line) = @_;
		my ($start) = $line =~ /^R ([0-9a-f]+)/;
		my $got = $line =~ / ra_signed$/ ? 1 : 0;
		my $row = $want->{$key}[$at];
		$rows++;
		$signed += $got;
		return if $row && $row->[0] == hex($start) && $row->[1] == $got;
		diag("$file: $key: row $at: got $start signed $got, want " .
			($row ? sprintf('%x signed %d', @$row) : 'no row'))
			if $differing++ < 5;
	};
	my $sum = Rows::compare($dwunw, $file, each_row => $see);
	$rows -= @$_ for values %$want;
	diag("$file: $rows rows more than llvm-dwarfdump") if $rows;
	$total{llvm}{rows} += $sum->{rows};
	$total{llvm}{signed} += $signed;
	return $differing + abs($rows);
}

SKIP: {
	my @dwarfdump = eval { CrossFiles::dwarfdump() };
	skip 'llvm-dwarfdump 19: ' . $@ =~ s/\n//r, 1 unless @dwarfdump;
	# it reads no .zdebug_frame
	for my $file (grep { !/zlib-gnu$/ } @{$done{arm64}}) {
		(my $name = $file) =~ s/.*\///;
		is(signatures($file, @dwarfdump), 0,
			"$name: signed as llvm-dwarfdump says");
	}
	cmp_ok($total{llvm}{signed}, '>=', 1000, 'arm64: signed rows');

	# it sees a difference
	my ($pac) = grep { /pac-ret$/ } @{$done{arm64}};
	skip 'no pac-ret program', 1 unless $pac;
	my $want = CrossFiles::signed_rows($pac, @dwarfdump);
	my $flips = 0;
	for my $rows (values %$want) {
		$flips += $rows->[$_][1] != $rows->[$_ - 1][1]
			for 1 .. $#$rows;
	}
	cmp_ok($flips, '>=', 100, 'signed rows begin and end inside functions');
}

# --- by address ------------------------------------------------------------------------

my $random = RowFiles::random();
my $by_address = 0;
for my $line (`$random @{[map { "'$_'" } map { @$_ } values %done]}`) {
	if ($line =~ /^#/) {
		diag($line);
		next;
	}
	chomp $line;
	(my $name = $line) =~ s/^.*\/(?=[^\/]*: fdes)//;
	like($line, qr/ differing 0 /, "by address: $name");
	$by_address += $1 if $line =~ / pcs (\d+)/;
}

# --- read by a big-endian dwunw -----------------------------------------------------------

SKIP: {
	(my $big = RowFiles::build_dir()) =~ s/\/[^\/]*$/\/mips32eb\/dwunw/;
	skip "no $big", 1 unless -x $big;
	skip 'no qemu-mips', 1 if `qemu-mips -version 2>&1` !~ /version/;
	my @emulated = ('qemu-mips', $big);
	my %one = (x86_64 => (RowFiles::installed())[0],
		map { $_ => (grep { /libstdc/ } @{$done{$_}})[0] }
		@CrossFiles::targets);
	for my $target (sort keys %one) {
		skip "no libstdc++ of $target", 1 unless $one{$target};
		report("big-endian host: $target",
			Rows::compare(\@emulated, $one{$target}));
	}
	my ($pac) = grep { /pac-ret$/ } @{$done{arm64}};
	report('big-endian host: arm64 pac-ret',
		Rows::compare(\@emulated, $pac)) if $pac;
}

# --- this test sees differences -------------------------------------------------------------

sub broken {
	my ($filter, $file) = @_;
	my $fake = "$out/broken";
	open(my $script, '>', $fake) or die "$fake: $!";
	print $script "#!/bin/sh\n'$dwunw' \"\$\@\" | $filter\n";
	close($script);
	chmod(0755, $fake);
	my $sum = Rows::compare($fake, $file);
	return $sum->{differing} + $sum->{missing} + $sum->{extra};
}
{
	my @broken = (
		['arm64', qr/pac-ret$/, q(sed '0,/ ra_signed/s///'),
			'a lost signature'],
		['arm64', qr/pac-ret$/, q(sed -E '0,/^(R .* r30=c-[0-9]+)$/s//\1 ra_signed/'),
			'a signature too many'],
		['arm64', qr/libpython/, q(sed '0,/ r72=c[^ ]*/s///'),
			'a lost v8'],
		['mips32eb', qr/libstdc/, q(sed '0,/ r52=c[^ ]*/s///'),
			'a lost $f20'],
		['mips32el', qr/libstdc/, q(sed '0,/ r31=c-4/s// r31=c-8/'),
			'a wrong return address'],
	);
	for (@broken) {
		my ($target, $which, $filter, $what) = @$_;
		SKIP: {
			my ($file) = grep { $_ =~ $which } @{$done{$target}};
			skip "no file of $target for it", 1 unless $file;
			cmp_ok(broken($filter, $file), '>', 0, "$what is seen");
		}
	}
}

for my $target (@CrossFiles::targets) {
	diag(sprintf('%s: %d files (%d not at hand): %d FDEs, %d rows, ' .
		'%d expressions, %d differing, %d missing, %d extra; ' .
		'%d negate_ra_state, %d rows signed; ' .
		'%d rules of floating point registers, ' .
		'%d of registers without a column', $target,
		scalar(@{$done{$target}}), $missing{$target},
		@{$total{$target}}{qw(fdes rows expressions differing missing
		extra negations signed)}, $floating{$target} // 0,
		$total{$target}{untracked}));
}
diag("$by_address rows by address");
diag("llvm-dwarfdump: $total{llvm}{rows} rows, $total{llvm}{signed} signed")
	if $total{llvm};
done_testing();
