# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Which files the row tests look at: the system's, and those of rules.mk.

package RowFiles;

use strict;
use warnings;
use Cwd;
use File::Basename;
use File::Temp;

my $here = Cwd::abs_path(dirname(__FILE__));
my $top = Cwd::abs_path("$here/../..");

sub build_dir { $ENV{BUILD} || Cwd::abs_path("$top/build/x86_64") }

sub dwunw { build_dir() . '/dwunw' }

# A directory of this test's own, which is gone when it ends.
sub dir { return File::Temp::tempdir('dwunw-rows-XXXXXX', TMPDIR => 1, CLEANUP => 1) }

# undef, or what a command said that failed.
sub run {
	my @words = map { "'$_'" } @_;
	my $said = `@words 2>&1`;
	return $? ? ($said || "exit status $?") : undef;
}

my $lib = '/usr/lib/x86_64-linux-gnu';

# What of each pattern is there, each file once.
sub existing {
	my (%seen, @found);
	for my $path (map { glob } @_) {
		my $real = Cwd::abs_path($path);
		next unless defined $real && -f $real && -r $real;
		push @found, $real unless $seen{$real}++;
	}
	return @found;
}

# Large ones, which take minutes: large.t.
sub large {
	return existing((map { "$lib/$_" } qw(libdw.so.1 libgcrypt.so.20
			libunwind-x86_64.so.8)),
		(map { "/usr/bin/$_" } qw(gdb git qemu-x86_64
			qemu-x86_64-static ssh)),
		'/usr/lib/gcc/x86_64-linux-gnu/*/cc1');
}

sub installed {
	my ($long) = @_;
	my @patterns = (
		(map { "$lib/$_" } qw(libc.so.6 libm.so.6 libstdc++.so.6
			libgcc_s.so.1 libcrypto.so.3 libssl.so.3
			libpython3.*.so.1.0 libunwind.so.8 libelf.so.1
			libz.so.1 liblzma.so.5 libsqlite3.so.0 libzstd.so.1
			libffi.so.8)),
		'/lib64/ld-linux-x86-64.so.2',
		(map { "/usr/bin/$_" } qw(python3 bash perl openssl
			sqlite3 gawk mawk gzip xz tar curl dash make)),
		'/lib/ld-musl-x86_64.so.1',
	);
	push @patterns, "$lib/libLLVM-1*.so.1", "$lib/libclang-cpp.so.1*",
		'/usr/lib/gcc/x86_64-linux-gnu/*/cc1plus',
		'/usr/bin/qemu-*-static', '/usr/bin/cmake', "$lib/libz3.so.4",
		"$lib/lib[a-k]*.so.*" if $long;
	return existing(@patterns);
}

# The vdso of this process as a file, or undef.
sub vdso {
	my ($path) = @_;
	open(my $maps, '<', '/proc/self/maps') or return undef;
	my ($line) = grep { /\[vdso\]/ } <$maps>;
	return undef unless $line && $line =~ /^([0-9a-f]+)-([0-9a-f]+)/;
	no warnings 'portable';
	my ($start, $size) = (hex($1), hex($2) - hex($1));
	open(my $memory, '<:raw', '/proc/self/mem') or return undef;
	sysseek($memory, $start, 0) or return undef;
	return undef unless $size == sysread($memory, my $bytes, $size);
	open(my $out, '>:raw', $path) or die "$path: $!";
	print $out $bytes;
	close($out) or die "$path: $!";
	return $path;
}

# { name, path or why } of each file that rules.mk builds.
sub built {
	return map {
		my $path = build_dir() . "/tests/rows/$_";
		{ name => $_, -f $path ? (path => $path) :
			(why => 'no compiler for it') };
	} qw(rules rules-shared cie1 cie3 cie4 encodings static-no-hdr static
		static-pie gcc-dwarf2 gcc-dwarf4 gcc-dwarf5 gcc-dwarf64 gcc-fp
		clang-dwarf2 clang-dwarf5 clang-O2 musl musl-static);
}

# True where the dwunw of this build unpacks sections of a kind.
sub unpacks {
	my ($kind) = @_;
	my $config = $ENV{CONFIG_H} || build_dir() . '/config.h';
	open(my $in, '<', $config) or die "$config: $!";
	return scalar grep { /^#define CONFIG_INFLATE_$kind 1/ } <$in>;
}

# The program that looks rows up by address.
sub random { return build_dir() . '/tests/rows/random' }

1;
