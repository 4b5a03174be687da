#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What cannot work ends with a reason that names the file: cut, foreign and
# wrong files, processes that are not there, command lines that make no sense.

use strict;
use warnings;
use Cwd;
use File::Basename;
use FindBin;
use lib $FindBin::Bin;
use Core;
use Test::More;

my $out = Core::dir();
my $dwunw = Core::dwunw();

# Runs dwunw; checks its exit status and a pattern of its standard error.
sub check {
	my ($title, $status, $pattern, @words) = @_;
	my ($said, $errors, $got) = Core::run($out, $dwunw, @words);
	is($got, $status, "$title: exit status");
	like($errors, $pattern, "$title: the reason");
	return $said;
}

# --- command lines --------------------------------------------------------------

for (['no command'], ['unknown command', 'unwind'], ['no pid', 'stack'],
	['a pid that is none', 'stack', 'init'], ['pid 0', 'stack', '0'],
	['a huge pid', 'stack', '99999999999'],
	['two pids', 'stack', '1', '2'],
	['unknown option of stack', 'stack', '--fast', '1'],
	['--core without a file', 'stack', '--core'],
	['--sysroot without a directory', 'stack', '--sysroot'],
	['--debug-dir without a directory', 'rows', '--debug-dir'],
	['no file', 'rows'], ['unknown option of rows', 'rows', '-x', 'file'],
	['a pc that is none', 'rows', '/bin/sh', 'main'],
	['three operands', 'rows', '/bin/sh', '1', '2']) {
	my ($title, @words) = @$_;
	check($title, 2, qr/^dwunw: .*\nTry 'dwunw(?: \w+)? --help'\.\n\z/, @words);
}
for (['help', qr/^usage: dwunw stack PID/, '--help'],
	['version', qr/^dwunw \d+\.\d+\.\d+\n\z/, '--version']) {
	my ($title, $pattern, @words) = @$_;
	like(check($title, 0, qr/^\z/, @words), $pattern, "$title: text");
}
SKIP: {
	skip 'no /dev/full', 2 unless -e '/dev/full';
	my (undef, $errors, $status) = Core::run($out, 'sh', '-c',
		"'$dwunw' --help >/dev/full");
	is($status, 1, 'a full disk: exit status');
	like($errors, qr/stdout: No space left/, 'a full disk: the reason');
}

# --- files and processes that are not ---------------------------------------------

check('no such process', 1, qr/^dwunw: .*\b4194303\b.*\n\z/, 'stack',
	'4194303');
check('no such ELF file', 1, qr/^dwunw: \/no\/file: No such file.*\n\z/,
	'rows', '/no/file');
check('not ELF', 1, qr/^dwunw: \/etc\/passwd: not an ELF file.*\n\z/, 'rows',
	'/etc/passwd');
check('a device', 1, qr/^dwunw: \/dev\/null: .*\n\z/, 'rows', '/dev/null');
check('a directory', 1, qr/^dwunw: \/etc: .*\n\z/, 'rows', '/etc');
check('a pc without FDE', 1, qr/^dwunw: \/bin\/sh: no FDE covers 0x1: .*\n\z/,
	'rows', '/bin/sh', '1');
check('no such core', 1, qr/^dwunw: \/no\/core: No such file.*\n\z/, 'stack',
	'--core', '/no/core');
check('a core that is a program', 1, qr/^dwunw: \/bin\/sh: not a core file/,
	'stack', '--core', '/bin/sh');
check('a core that is a device', 1, qr/^dwunw: \/dev\/zero: not a regular/,
	'stack', '--core', '/dev/zero');

# --- a core file, and what can be wrong with it ---------------------------------------

# A copy, which is moved about.
my $path = "$out/threads";
Core::run($out, 'cp', Core::built('threads'), $path);
my $core = Core::dump_core($out, $path, 'abort');
if (!$core) {
	SKIP: { skip 'the kernel writes no core file here', 1 }
	done_testing();
	exit 0;
}

my $whole = check('the whole core', 0, qr/^\z/, 'stack', '--core', $core);
my $frames = () = $whole =~ /^#/mg;

is(check('its program by name', 0, qr/^\z/, 'stack', '--core', $core, $path),
	$whole, 'its program by name: the same stacks');
check('a wrong EXE', 1,
	qr/^dwunw: \/bin\/sh: not the file that \S*core\S* was made with/,
	'stack', '--core', $core, '/bin/sh');
check('a library as EXE', 1, qr/^dwunw: \S+: not the file that/, 'stack',
	'--core', $core, '/lib64/ld-linux-x86-64.so.2');
check('an EXE that is none', 1, qr/^dwunw: \/etc\/passwd: /, 'stack', '--core',
	$core, '/etc/passwd');
check('no such EXE', 1, qr/^dwunw: \/no\/exe: No such file/, 'stack', '--core',
	$core, '/no/exe');

for (['another build', 'other-id'],
	['another program without build id', 'other-none']) {
	my ($title, $name) = @$_;
	check($title, 1, qr/^dwunw: \S+\/$name: not the file/, 'stack',
		'--core', $core, Core::built($name));
}

# Moved away: its frames are named by address, and the reason by file.
rename($path, "$out/moved") or die "rename: $!";
my $lost = check('the program is gone', 0, qr/\Q$path\E: No such file/, 'stack',
	'--core', $core);
like($lost, qr/cannot be used: cannot be read$/m, 'the program is gone: stacks say so');
is(check('the moved program as EXE', 0, qr/^\z/, 'stack', '--core', $core,
	"$out/moved") =~ s/\[moved\]/[threads]/gr, $whole,
	'the moved program as EXE: the same stacks');

# A copy of all files below a directory.
my $sysroot = "$out/sysroot";
my ($headers) = Core::run($out, $dwunw, 'stack', '--paths', '--core', $core,
	"$out/moved");
my %files = map { $_ => 1 } grep { -r } $headers =~ /\[(\/\S+)\]/g;
for my $file (sort keys %files) {
	Core::run($out, 'mkdir', '-p', $sysroot . dirname($file));
	Core::run($out, 'cp', '-L', $file, "$sysroot$file");
}
Core::run($out, 'mkdir', '-p', $sysroot . dirname($path));
rename("$out/moved", "$sysroot$path") or die "rename: $!";
is(check('--sysroot', 0, qr/^\z/, 'stack', '--sysroot', $sysroot, '--core',
	$core), $whole, '--sysroot: the same stacks');
rename("$sysroot$path", $path) or die "rename: $!";
check('--sysroot of nothing', 0, qr/^dwunw: \/no\/root\S*: No such file/m,
	'stack', '--sysroot', '/no/root', '--core', $core);

# --- truncated ----------------------------------------------------------------------

my $size = -s $core;
sub cut {
	my ($to) = @_;
	my $cut = "$out/cut";
	Core::run($out, 'cp', '--sparse=always', $core, $cut);
	truncate($cut, $to) or die "$cut: $!";
	return $cut;
}

check('cut in the ELF header', 1, qr/^dwunw: \S+\/cut: not a core file, or cut/,
	'stack', '--core', cut(40));
check('cut in the program headers', 1,
	qr/^dwunw: \S+\/cut: not a core file, or cut/, 'stack', '--core',
	cut(200));
my ($notes) = `readelf -lW '$core'` =~ /^ +NOTE +(0x[0-9a-f]+)/m;
check('cut in the notes', 1,
	qr/^dwunw: \S+\/cut: its notes, .* truncated before the registers/,
	'stack', '--core', cut(hex($notes) + 700));
my $half = check('cut in half', 0,
	qr/^dwunw: warning: \S+\/cut: truncated: has \d+ of \d+ bytes; memory from 0x[0-9a-f]+ on is missing\n/,
	'stack', '--core', cut(int($size / 2)));
is(scalar(() = $half =~ /^TID /mg), 8, 'cut in half: every thread is there');
my $rest = () = $half =~ /^#/mg;
cmp_ok($rest, '<', $frames, "cut in half: $rest of $frames frames");
like($half, qr/^    memory at 0x[0-9a-f]+ cannot be read/m,
	'cut in half: stacks say where they end');

my %statuses;
my @points = map { int($size * $_ / 40) } 0 .. 39;
push @points, map { 64 + 97 * $_ } 0 .. 39;
for my $point (@points) {
	my (undef, $errors, $status) =
		Core::run($out, $dwunw, 'stack', '--core', cut($point));
	$statuses{$status}++;
	$statuses{'silent'}++ if $errors !~ /^dwunw: .*cut/;
}
is(join(' ', sort keys %statuses), '0 1', 'cut at ' . @points .
	' places: always a warning or an error');

# Bits of the headers and notes turned over, some at a time.
%statuses = ();
my $flipped = cut($size);
open(my $image, '+<:raw', $flipped) or die "$flipped: $!";
for my $round (0 .. 99) {
	my %bytes;
	srand($round);
	for (0 .. 3) {
		my $at = 16 + int(rand(hex($notes) + 4000));
		sysseek($image, $at, 0);
		sysread($image, my $byte, 1) or die "$flipped: $!";
		$bytes{$at} //= $byte;
		sysseek($image, $at, 0);
		syswrite($image, $byte ^ chr(1 << int(rand(8))));
	}
	my (undef, undef, $status) = Core::run($out, 'timeout', '120', $dwunw,
		'stack', '--core', $flipped);
	$statuses{$status}++;
	while (my ($at, $byte) = each %bytes) {
		sysseek($image, $at, 0);
		syswrite($image, $byte);
	}
}
close($image);
is(join(' ', grep { !/^[01]$/ } keys %statuses), '',
	'flipped bits: always an exit of its own');

# --- a process that is not ours -------------------------------------------------------

SKIP: {
	skip 'only root can become somebody else', 2 if $> ||
		`setpriv --version 2>&1` !~ /setpriv/;
	my ($pid, $pipe) = Core::start($path, 'wait');
	my $copy = "$out/dwunw";
	chmod(0755, $out);
	Core::run($out, 'cp', $dwunw, $copy);
	my ($said, $errors, $status) = Core::run($out, 'setpriv',
		'--reuid=65534', '--regid=65534', '--clear-groups', $copy,
		'stack', $pid);
	is($status, 1, 'no permission: exit status');
	like($errors, qr/^dwunw: .*$pid.*CAP_SYS_PTRACE/,
		'no permission: the reason');
	my $traced = `gdb -nx -batch -p $pid -ex 'shell "$dwunw" stack $pid 2>&1' 2>&1`;
	like($traced, qr/thread $pid .* traced by/, 'traced already: the reason');
	kill('KILL', $pid);
	close($pipe);
}

done_testing();
