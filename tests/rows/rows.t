#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every row of real files, against readelf (Rows.pm), and the same rows by
# address (random.c). large.t has the large ones; DWUNW_LONG=1 adds the largest files
# of the system.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Rows;
use RowFiles;
use Test::More;

$| = 1;
my $out = RowFiles::dir();
my $dwunw = RowFiles::dwunw();

plan skip_all => 'readelf is not installed' if `readelf --version` !~ /readelf/;

my %total = map { $_ => 0 } qw(fdes rows expressions differing missing extra
	untracked);
my @done;

sub check {
	my ($file) = @_;
	my $sum = Rows::compare($dwunw, $file);
	$total{$_} += $sum->{$_} for keys %total;
	push @done, $file;
	Rows::agree($file, $sum);
	return $sum;
}

# --- installed files -----------------------------------------------------------

my @installed = RowFiles::installed($ENV{DWUNW_LONG});
check($_) for @installed;
cmp_ok(scalar(@installed), '>=', 25, 'at least 25 installed files');

# --- the vdso, and files made here ---------------------------------------------

SKIP: {
	my $vdso = RowFiles::vdso("$out/vdso.so");
	skip 'this process has no vdso', 1 unless $vdso;
	check($vdso);
}

my @built = RowFiles::built();
for my $made (@built) {
	SKIP: {
		skip "$made->{name} is not built: $made->{why}", 2
			unless $made->{path};
		my $sum = check($made->{path});
		cmp_ok($sum->{fdes}, '>', 0, "$made->{name} has FDEs");
	}
}

# ELF lets a debug section be compressed.
SKIP: {
	skip 'this dwunw is built without INFLATE_ZLIB', 2
		unless RowFiles::unpacks('ZLIB');
	my $sum = check(RowFiles::build_dir() . '/tests/rows/gcc-packed');
	cmp_ok($sum->{fdes}, '>', 2, 'compressed .debug_frame has FDEs');
}

# --- by address -----------------------------------------------------------------

my $random = RowFiles::random();
for my $line (`$random @done`) {
	if ($line =~ /^#/) {
		diag($line);
		next;
	}
	chomp $line;
	like($line, qr/ differing 0 /, "by address: $line");
	$total{pcs} += $1 if $line =~ / pcs (\d+)/;
}

# --- text: the same as readelf's ---------------------------------------------------

# Without what only readelf prints: CIEs, terminators, lengths; and without
# FDEs that it leaves without rows.
sub text {
	my ($command) = @_;
	my (%fdes, $key);
	for (`$command`) {
		s/\s+$//;
		if (/^([0-9a-f]{8}) .*FDE (cie=.*)/) {
			$key = "$1 $2";
			$fdes{$key} = '';
		} elsif (/ CIE | ZERO /) {
			$key = undef;
		} elsif (/^Contents|^$/) {
			next;
		} elsif ($key) {
			s/ +/ /g;
			$fdes{$key} .= "$_\n";
		}
	}
	return \%fdes;
}

{
	my $file = $installed[0];
	my $want = text("readelf -wNF $file");
	my $got = text("$dwunw rows $file");
	my @differing = grep { $want->{$_} ne '' &&
		$want->{$_} ne ($got->{$_} // '') } keys %$want;
	is(scalar(@differing), 0, "dwunw rows $file prints as readelf does");
	diag("got\n$got->{$_}want\n$want->{$_}") for grep { defined }
		@differing[0 .. 0];
	my ($start) = `$dwunw rows --raw $file` =~ /^R ([0-9a-f]+)/m;
	like(`$dwunw rows $file 0x$start`, qr/^0*$start /m,
		'dwunw rows ELF PC prints the row that holds it');
}

# --- this test sees differences ----------------------------------------------------

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
	my ($rules) = grep { $_->{name} eq 'rules' } @built;
	my %filters = (
		'a wrong rule' => q(sed '0,/r6=c-16/s//r6=c-24/'),
		'a lost row' => q(sed '5d'),
		'a skipped FDE' => q(sed '/^F .* 18 /d'),
		'a wrong end' => q{sed -E '0,/^R/s/^(R [^ ]*) [^ ]*/\1 1/'},
		'a lost "undefined"' => q(sed 's/ r16=u//'),
		'a wrong byte of an expression' => q(sed 's/e:77a001/e:77a101/'),
	);
	cmp_ok(broken($filters{$_}, $rules->{path}), '>', 0, "$_ is seen")
		for sort keys %filters;
}

diag(sprintf('%d files: %d FDEs, %d rows, %d expressions, %d differing, ' .
	'%d missing, %d extra; %d rules of registers without a column; ' .
	'%d rows by address', scalar(@done), @total{qw(fdes rows expressions
	differing missing extra untracked pcs)}));
done_testing();
