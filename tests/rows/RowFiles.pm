# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Which files the row tests look at, and what they build.

package RowFiles;

use strict;
use warnings;
use Cwd;
use File::Basename;
use File::Path;

my $here = Cwd::abs_path(dirname(__FILE__));
my $top = Cwd::abs_path("$here/../..");

sub build_dir { $ENV{BUILD} || Cwd::abs_path("$top/build/x86_64") }

sub dwunw { build_dir() . '/dwunw' }

sub dir {
	my ($name) = @_;
	my $dir = build_dir() . "/tests/rows/$name";
	File::Path::make_path($dir);
	return $dir;
}

# True, or what the compiler said.
sub run {
	my @words = map { "'$_'" } @_;
	my $said = `@words 2>&1`;
	return $? ? ($said || "exit status $?") : undef;
}

sub cc { run(split(' ', $ENV{CC} || 'cc'), @_) }

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

sub installed {
	my ($long) = @_;
	my @patterns = (
		(map { "$lib/$_" } qw(libc.so.6 libm.so.6 libstdc++.so.6
			libgcc_s.so.1 libcrypto.so.3 libssl.so.3
			libpython3.*.so.1.0 libunwind.so.8 libunwind-x86_64.so.8
			libelf.so.1 libdw.so.1 libz.so.1 liblzma.so.5
			libsqlite3.so.0 libzstd.so.1 libgcrypt.so.20
			libffi.so.8)),
		'/lib64/ld-linux-x86-64.so.2',
		(map { "/usr/bin/$_" } qw(python3 bash perl gdb git openssl
			sqlite3 gawk mawk gzip xz tar ssh curl qemu-x86_64
			qemu-x86_64-static dash make)),
		'/usr/lib/gcc/x86_64-linux-gnu/*/cc1',
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

# name, compiler, arguments
my @recipes = (
	['every rule', 'cc', '-nostdlib', '-static', 'cfi.S'],
	['every rule, shared', 'cc', '-nostdlib', '-shared', 'cfi.S'],
	['.debug_frame, CIE version 1', 'cc', '-nostdlib', '-static',
		'-DDEBUG_FRAME', '-Wa,--gdwarf-cie-version=1', 'cfi.S'],
	['.debug_frame, CIE version 3', 'cc', '-nostdlib', '-static',
		'-DDEBUG_FRAME', '-Wa,--gdwarf-cie-version=3', 'cfi.S'],
	['.debug_frame, CIE version 4', 'cc', '-nostdlib', '-static',
		'-DDEBUG_FRAME', '-Wa,--gdwarf-cie-version=4', 'cfi.S'],
	['every encoding', 'cc', '-nostdlib', '-static', '-no-pie', 'hand.S'],
	['static without .eh_frame_hdr', 'cc', '-O2', '-static',
		'-Wl,--no-eh-frame-hdr', 'program.c'],
	['static', 'cc', '-O2', '-static', 'program.c'],
	['static-pie', 'cc', '-O2', '-static-pie', 'program.c'],
	['gcc -gdwarf-2 .debug_frame', 'gcc', '-O2', '-gdwarf-2',
		'-fno-asynchronous-unwind-tables', 'program.c'],
	['gcc -gdwarf-4 .debug_frame', 'gcc', '-O2', '-gdwarf-4',
		'-fno-asynchronous-unwind-tables', 'program.c'],
	['gcc -gdwarf-5 .debug_frame', 'gcc', '-O2', '-gdwarf-5',
		'-fno-asynchronous-unwind-tables', 'program.c'],
	['gcc 64-bit DWARF .debug_frame', 'gcc', '-O2', '-g', '-gdwarf64',
		'-fno-asynchronous-unwind-tables', 'program.c'],
	['clang -gdwarf-2 .debug_frame', 'clang', '-O2', '-gdwarf-2',
		'-fno-asynchronous-unwind-tables', 'program.c'],
	['clang -gdwarf-5 .debug_frame', 'clang', '-O2', '-gdwarf-5',
		'-fno-asynchronous-unwind-tables', 'program.c'],
	['clang -O2', 'clang', '-O2', 'program.c'],
	['gcc -O2 frame pointer', 'gcc', '-O2', '-fno-omit-frame-pointer',
		'program.c'],
	['musl dynamic', 'musl-gcc', '-O2', 'program.c'],
	['musl static', 'musl-gcc', '-O2', '-static', 'program.c'],
);

# { name, path or why } for each recipe.
sub build {
	my ($dir) = @_;
	my @made;
	for my $recipe (@recipes) {
		my ($name, $compiler, @args) = @$recipe;
		my $source = pop @args;
		(my $path = "$dir/$name") =~ s/[^\w\/.-]+/_/g;
		my $why = ($compiler eq 'cc' ? \&cc : sub {
			run($compiler, @_)
		})->(@args, "$here/$source", '-o', $path);
		push @made, { name => $name,
			defined $why ? (why => (split(/\n/, $why))[0]) :
				(path => $path) };
	}
	return @made;
}

# True where the dwunw of this build unpacks sections of a kind.
sub unpacks {
	my ($kind) = @_;
	my $config = $ENV{CONFIG_H} || build_dir() . '/config.h';
	open(my $in, '<', $config) or die "$config: $!";
	return scalar grep { /^#define CONFIG_INFLATE_$kind 1/ } <$in>;
}

# The program that looks rows up by address.
sub random {
	my ($dir) = @_;
	my $why = cc('-std=c11', '-O2', '-D_GNU_SOURCE', '-Wall', '-Wextra',
		'-Werror', "-I$top/include", "$here/random.c", '-o',
		"$dir/random", build_dir() . '/libdwunw.a', '-lpthread',
		$ENV{SANITIZE} ? '-fsanitize=address,undefined' : ());
	die "random.c: $why" if defined $why;
	return "$dir/random";
}

1;
