# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Files of the other targets: Debian's, the cross compilers', and those of rules.mk.

package CrossFiles;

use strict;
use warnings;
use Cwd;
use File::Basename;
use RowFiles;

my $here = Cwd::abs_path(dirname(__FILE__));
my $top = Cwd::abs_path("$here/../..");

our @targets = qw(arm64 mips32el mips32eb riscv64);
my %triple = (arm64 => 'aarch64-linux-gnu', mips32el => 'mipsel-linux-gnu',
	mips32eb => 'mips-linux-gnu', riscv64 => 'riscv64-linux-gnu');

sub triple { $triple{$_[0]} }

sub cache { $ENV{DWUNW_CACHE} || "$top/build/cache" }

# Where a Debian package of an architecture is unpacked; dies with the reason.
sub package_dir {
	my ($architecture, $package) = @_;
	my @said = `'$here/package' $architecture $package 2>&1`;
	chomp @said;
	die join(' ', @said) . "\n" if $?;
	return $said[-1];
}

# target => package => what of it: where Debian has no port of a target, its
# cross packages are what there is.
my %packaged = (
	arm64 => [arm64 => {
		'libc6' => ['lib/*/libc.so.6'],
		'libstdc++6' => ['usr/lib/*/libstdc++.so.6'],
		'libssl3' => ['usr/lib/*/libcrypto.so.3'],
		'libpython3.11' => ['usr/lib/*/libpython3.11.so.1.0'],
	}],
	mips32el => [mipsel => {
		'libc6' => ['lib/*/libc.so.6'],
		'libstdc++6' => ['usr/lib/*/libstdc++.so.6'],
	}],
);

# { name, path or why; short: the name says it all } of each.
sub packaged {
	my ($target) = @_;
	my ($architecture, $packages) = @{$packaged{$target} // [undef, {}]};
	my @found;

	for my $package (sort keys %$packages) {
		my $dir = eval { package_dir($architecture, $package) };
		chomp(my $why = $@);
		for my $pattern (@{$packages->{$package}}) {
			my ($path) = defined $dir ?
				RowFiles::existing("$dir/$pattern") : ();
			push @found, { name => "$package: $pattern",
				path => $path,
				why => $why || "no $pattern in $package" };
		}
	}
	return @found;
}

# The same of the cross compiler, and musl where it has been built.
sub installed {
	my ($target) = @_;
	my $lib = "/usr/$triple{$target}/lib";
	my @paths = RowFiles::existing(map { "$lib/$_" } qw(libc.so.6
		libstdc++.so.6 libm.so.6 libgcc_s.so.1 ld*.so.1));
	my @musl = RowFiles::existing(map { cache() . "/musl-$target$_/lib/libc.so" }
		'', '-soft');
	return map { { name => $_, path => $_ } } @paths, @musl;
}

# mipsel's libc has no .debug_frame; its debug file has, compressed.
# { libc, debug, dir } or { why }
sub debug_pair {
	my $libc = eval { package_dir('mipsel', 'libc6') } or
		return { why => $@ =~ s/\n//r };
	my $dir = eval { package_dir('mipsel', 'libc6-dbg') } or
		return { why => $@ =~ s/\n//r };
	($libc) = RowFiles::existing("$libc/lib/*/libc.so.6");
	$dir .= '/usr/lib/debug';
	return { why => 'no libc.so.6 in libc6' } unless $libc;
	my ($id) = `readelf -n '$libc' 2>/dev/null` =~
		/Build ID: ([0-9a-f]+)/ or return { why => "$libc: no build-id" };
	my $debug = sprintf('%s/.build-id/%s/%s.debug', $dir,
		unpack('A2 A*', $id));
	return { why => "no $debug" } unless -f $debug;
	return { libc => $libc, debug => $debug, dir => $dir };
}

# Like packaged(): one for each file that rules.mk builds for a target.
sub built {
	my ($target) = @_;
	my @names = (qw(cxx cxx-static cxx-tables cxx-fp exceptions dwarf2 dwarf5
		dwarf64 musl-static), $target eq 'arm64' ? qw(pac pac-leaf
		pac-exceptions pac-dwarf4 clang-pac) : qw(mips16));
	return map {
		my $path = RowFiles::build_dir() . "/tests/cross/$target/$_";
		{ name => $_, short => 1, -f $path ? (path => $path) :
			(why => 'no compiler for it') };
	} @names;
}

# A file with its debug sections packed in each way: like packaged().
sub packed {
	my ($target, $file, $dir) = @_;
	my %kind = (zlib => 'ZLIB', 'zlib-gnu' => 'ZLIB', zstd => 'ZSTD');
	my @made;
	for my $how (sort keys %kind) {
		my $path = "$dir/$target.$how";
		my $why = RowFiles::unpacks($kind{$how}) ?
			RowFiles::run("$triple{$target}-objcopy",
				"--compress-debug-sections=$how", $file, $path) :
			"this dwunw is built without INFLATE_$kind{$how}";
		push @made, { name => ".debug_frame packed by $how", short => 1,
			defined $why ? (why => $why) : (path => $path) };
	}
	return @made;
}

# --- llvm-dwarfdump ------------------------------------------------------------

# Before LLVM 19 the second DW_CFA_AARCH64_negate_ra_state of a function changes
# nothing (llvm-project, pull request 84128). Dies with the reason.
sub dwarfdump {
	for my $installed (glob('/usr/lib/llvm-*/bin/llvm-dwarfdump')) {
		return $installed if $installed =~ /llvm-(\d+)/ && $1 >= 19;
	}
	chomp(my $own = `dpkg --print-architecture`);
	my $tools = package_dir($own, 'llvm-19');
	my $library = package_dir($own, 'libllvm19');
	my ($so) = glob("$library/usr/lib/*/libLLVM.so.19*") or
		die "no libLLVM.so.19 in libllvm19\n";
	$so =~ s/[^\/]*$//;
	return ('env', "LD_LIBRARY_PATH=$so",
		"$tools/usr/lib/llvm-19/bin/llvm-dwarfdump");
}

# "section off" -> [ [start, signed], … ] of each FDE.
sub signed_rows {
	my ($file, @dwarfdump) = @_;
	my (%fdes, $section, $rows);

	open(my $in, '-|', @dwarfdump, '--eh-frame', $file)
		or die "@dwarfdump: $!";
	while (my $line = <$in>) {
		if ($line =~ /^  0x([0-9a-f]+): CFA=(.*)$/) {
			push @$rows, [hex($1), $2 =~ /reg34=1/ ? 1 : 0];
		} elsif ($line =~ /^([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ (CIE|FDE)/) {
			$rows = [];
			$fdes{"$section " . sprintf('%x', hex($1))} = $rows
				if $2 eq 'FDE';
		} elsif ($line =~ /^(\.\w+) contents:/) {
			$section = $1;
		}
	}
	close($in) or die "@dwarfdump: $file: exit status $?\n";
	return \%fdes;
}

1;
