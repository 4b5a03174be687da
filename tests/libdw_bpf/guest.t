#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The tools on kernels that have kprobes, in qemu: Debian's for arm64, and for
# mipsel, which has no BTF, so that no helper gives registers there. With
# DWUNW_GUESTS=1 only: it fetches the kernels and libbpf's static libraries
# once, and builds the library for both.
use strict;
use warnings;
use Cwd 'abs_path';
use File::Basename;
use File::Temp 'tempdir';
use Test::More;

my $here = abs_path(dirname(__FILE__));
my $top = abs_path("$here/../..");
my $dir = tempdir('dwunw-guest-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $root = $ENV{DWUNW_GUEST_ROOT} || "$top/build/guests-libdw";
my @guests = (
	{ debian => 'arm64', arch => 'arm64', triple => 'aarch64-linux-gnu',
		kernel => 'linux-image-cloud-arm64', suffix => '-unsigned',
		console => 'ttyAMA0', blocking => 'ppoll',
		qemu => [qw(qemu-system-aarch64 -M virt -cpu cortex-a57
			-smp 2 -m 512)] },
	{ debian => 'mipsel', arch => 'mips32el', triple => 'mipsel-linux-gnu',
		kernel => 'linux-image-4kc-malta', suffix => '',
		console => 'ttyS0', blocking => 'poll',
		qemu => [qw(qemu-system-mipsel -M malta -m 256 -vga none)] },
);

sub leave {
	print "1..0 # SKIP @_\n";
	exit 0;
}
leave('for DWUNW_GUESTS=1') unless $ENV{DWUNW_GUESTS};
leave('no clang') if system('command -v clang >/dev/null');
chdir $top or die;

sub missing {
	my ($command) = @_;
	return system("command -v $command >/dev/null") != 0;
}

# The directory of a package, or undef.
sub package_of {
	my ($guest, $name) = @_;
	chomp(my $made = `tests/cross/package $guest->{debian} $name 2>$dir/log`);
	return -d $made ? $made : undef;
}

sub newest_kernel {
	my ($guest) = @_;
	my $cache = $ENV{DWUNW_CACHE} || 'build/cache';
	my $depends = `scripts/apt-private $cache/apt-$guest->{debian} \\
		$guest->{debian} apt-cache depends $guest->{kernel}:$guest->{debian}`;
	$depends =~ /Depends: (linux-image-[^: \n]+)/ or return undef;
	my $made = package_of($guest, $1 . $guest->{suffix}) or return undef;
	return (glob("$made/boot/vmlinuz-*"))[0];
}

sub quiet {
	return system('sh', '-c', 'exec "$@" >"$0" 2>&1', "$dir/log", @_) == 0;
}

# --- what runs there -------------------------------------------------------------

sub make_tools {
	my ($guest, %package) = @_;
	my $triple = $guest->{triple};
	my $lib = "usr/lib/$triple";
	my @make = ('env', map({ ('-u', $_) } qw(MAKEFLAGS MAKELEVEL BUILD EXEC
		FOREIGN)), 'make', "ARCH=$guest->{arch}", "O=$root",
		"CROSS_COMPILE=$triple-", "CC=$triple-gcc", "CXX=$triple-g++",
		map({ uc . "=$triple-$_" } qw(ar nm size)),
		"LIBBPF_CFLAGS=-isystem $package{'libbpf-dev'}/usr/include",
		"LIBBPF_LDLIBS=$package{'libbpf-dev'}/$lib/libbpf.a " .
		"$package{'libelf-dev'}/$lib/libelf.a " .
		"$package{'zlib1g-dev'}/$lib/libz.a");
	quiet(@make, 'defconfig') or return 0;
	# libbpf is given: the configuration does not know that
	local ($^I, @ARGV) = ('', "$root/$guest->{arch}/.config");
	while (<>) {
		s/^CONFIG_BPF_LOADER_OWN=y/# CONFIG_BPF_LOADER_OWN is not set/;
		s/^# CONFIG_BPF_LOADER_LIBBPF is not set/CONFIG_BPF_LOADER_LIBBPF=y/;
		print;
	}
	return quiet(@make, 'libdw_bpf');
}

sub compile {
	my ($guest, $out, $source) = @_;
	return quiet("$guest->{triple}-gcc", qw(-std=gnu11 -O2 -Wall -static
		-fomit-frame-pointer -funwind-tables -pthread -D_GNU_SOURCE),
		"$here/$source", '-o', "$dir/$out");
}

# What its console shows, or undef.
sub boot {
	my ($guest, $kernel) = @_;
	my @tools = qw(syscall syscall_parallel pwrite64_event uprobe);
	ok(compile($guest, 'init', 'guest_init.c') &&
		compile($guest, 'target', 'target.c') &&
		quiet('tests/guests/cpio.pl', "$dir/initramfs",
			map({ "$_=$dir/$_" } qw(init target)),
			map { "$_=$root/$guest->{arch}/examples/libdw_bpf/$_" }
			@tools), "$guest->{debian}: an initramfs") or
	    diag(`tail -n 20 $dir/log`);
	quiet(qw(timeout -k 5 240), @{ $guest->{qemu} },
		qw(-nographic -no-reboot -nic none -append),
		"rdinit=/init panic=-1 quiet console=$guest->{console}",
		'-kernel', $kernel, '-initrd', "$dir/initramfs");
	open(my $log, '<', "$dir/log") or die;
	local $/;
	return <$log> =~ s/\r//gr;
}

# --- what was seen ----------------------------------------------------------------

my %ours = map { $_ => 1 } qw(probe_me inner middle outer turn main _start
	raise_signal in_plain in_signal in_thread in_fork);
my %tail = (
	plain => 'inner middle outer in_plain main _start',
	signal => 'inner middle outer in_signal raise_signal main _start',
	thread => 'inner middle outer in_thread',
	fork => 'inner middle outer turn in_fork main _start',
	exec => 'inner middle outer in_plain main _start',
);
# as guest_init.c runs them
my @runs = (
	['plain', 'syscall'], ['plain', 'syscall', '--regs=stack'],
	['signal', 'syscall', '--regs=stack'], ['thread', 'syscall_parallel'],
	['fork', 'syscall'], ['exec', 'syscall'], ['plain', 'pwrite64_event'],
	['signal', 'pwrite64_event', '--regs=stack'], ['thread', 'uprobe'],
);

sub judge {
	my ($guest, $text) = @_;
	my (undef, @parts) = split /^== \w+\n/m, $text;
	is(scalar @parts, @runs + 1, "$guest->{debian}: every run, and the end")
	    or diag($text);
	for my $i (0 .. $#runs) {
		my ($mode, $tool, @options) = @{ $runs[$i] };
		judge_run($guest, "$guest->{debian}: " .
			join(' ', $tool, @options, $mode), $tool, $mode,
			$parts[$i] // '');
	}
}

# After a fork the child's pages count as not accessed. Where that is noted by
# software (mips, arm64 without FEAT_HAFDBS), BPF cannot read one that the child
# has not touched: its stack may end there, and has to say so.
sub untouched {
	my ($mode, $stack) = @_;
	return $mode eq 'fork' &&
	    $stack =~ /^\tends here: memory at 0x\w+ cannot be read/m;
}

sub judge_run {
	my ($guest, $title, $tool, $mode, $part) = @_;
	my (%chains, $short);
	for (split m{^\S+ \d+/\d+ \d+\.\d{6}\n}m, $part) {
		next if untouched($mode, $_) && ++$short;
		# mips calls it __start
		my @names = grep { $ours{$_} } map { s/^__start$/_start/r } /^\t#\d+ +0x[0-9a-f]+ (\w+)/mg;
		$chains{join ' ', @names}++ if @names;
	}
	my $want = ($tool eq 'uprobe' ? 'probe_me ' : '') . $tail{$mode};
	if ($short) {
		diag("$title: $short stacks end in memory not touched yet");
		$chains{$want}++;
	}
	is(join("\n", sort keys %chains), $want, "$title: every stack") or
	    diag($part);
	my ($count, $whole, $rest) = $part =~
	    /^stacks (\d+), whole (\d+), (cut by DEPTH 0, not unwound 0\nlost 0) /m;
	ok($rest && $count >= 3 && $count == $whole + ($short // 0),
		"$title: " . ($count // 'no') . ' stacks, all whole, none lost');
	like($part, qr/: kprobe on $guest->{blocking}$/m, "$title: by a kprobe")
	    if $tool =~ /^syscall/;
}

for my $guest (@guests) {
	SKIP: {
		my $name = $guest->{debian};
		for ($guest->{qemu}[0], "$guest->{triple}-gcc") {
			skip "$name: no $_", 1 if missing($_);
		}
		my %package = map { $_ => package_of($guest, $_) }
		    qw(libbpf-dev libelf-dev zlib1g-dev);
		my $kernel = newest_kernel($guest);
		skip "$name: its packages cannot be had", 1
		    if !$kernel || grep { !$_ } values %package;
		ok(make_tools($guest, %package), "$name: the tools") or
		    diag(`tail -n 20 $dir/log`);
		judge($guest, boot($guest, $kernel));
	}
}
done_testing();
