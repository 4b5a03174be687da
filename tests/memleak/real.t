#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Real programs: each makes one block of 123,457 bytes; the stack of it is what
# gdb says at a breakpoint on malloc in the same call of the same program.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Leak;
use Test::More;

need_tool();
my $size = 123457;

sub have {
	my ($program) = @_;
	return grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

# Names of the frames from malloc's caller to main, or to the start of what is
# stripped; inlined ones have no
# address in gdb and no return address on the stack.
sub by_gdb {
	my (@command) = @_;
	my ($text) = Live::run('timeout', 300, 'gdb', '-nx', '-batch',
		'-iex', 'set debuginfod enabled off',
		'-ex', 'set breakpoint pending on',
		'-ex', "break malloc if \$rdi == $size", '-ex', 'run', '-ex', 'bt',
		'--args', @command);
	my @names;
	for (split /\n/, $text) {
		next unless /^#[1-9]\d* +0x[0-9a-f]+ in ([^(]+)/;
		push @names, $1 =~ s/ +$//r =~ s/ /_/gr =~ s/^\?\?$/?/r;
		$names[-1] =~ s/^main\[cold\]$/main.cold/;
		last if $names[-1] =~ /^main(\.cold)?$/;
	}
	return (join(' ', @names), $text);
}

sub quoted {
	return join ' ', map { "'" . s/(["\\'])/$1 eq "'" ? "'\\''" : $1/ger . "'" } @_;
}

sub check {
	my ($title, @command) = @_;
	my ($want, $gdb) = by_gdb(@command);
	my $r = leak('-o', 0, '--stats', '-z', $size, '-Z', $size, '-c',
		quoted(@command));
	my ($s) = grep { $_->{bytes} == $size } @{ $r->{stacks} };
	my $got = names($s // { frames => [] });
	$got =~ s/( main(\.cold)?) .*/$1/;
	s{@@?[\w.]+}{}g for $got, $want;
	like($want, qr/ (main(\.cold)?|_start)$/, "$title: gdb sees it") or diag($gdb);
	is($got, $want, "$title: the same stack, of " .
		scalar(split ' ', $want) . ' frames') or diag($r->{text});
}

SKIP: {
	skip 'no gdb', 1 unless have('gdb');
	my $bytes = $size - 33; # of a bytes object's header and end
	check('python3', '/usr/bin/python3', '-S', '-E', '-c',
		"import os; n = $bytes; x = (lambda: [b'x' * n for i in [1]])(); os._exit(0)")
	    if -x '/usr/bin/python3';
	check('C++', build('real_cc', 'real.cc', 'g++'));
	check('perl', '/usr/bin/perl', '-e',
		'use POSIX; sub deep { my $n = shift; return $n ? deep($n - 1) : "x" x ' .
		($size - 10) . ' } my $x = deep(10); POSIX::_exit(0)')
	    if $ENV{DWUNW_LONG};
}

# A server under load: every stack whole, nothing lost.
SKIP: {
	skip 'no python3', 3 unless -x '/usr/bin/python3';
	my $seconds = $ENV{DWUNW_LONG} ? 60 : 4;
	my $port = 20000 + $$ % 20000;
	my $pid = start('/bin/sh', '-c',
		"cd $dir && exec /usr/bin/python3 -m http.server $port 2>/dev/null");
	sleep 2;
	my $load = start('/usr/bin/python3', '-c',
		"import urllib.request\nwhile True:\n" .
		" urllib.request.urlopen('http://127.0.0.1:$port/').read()");
	my $r = leak('--stats', '-p', $pid, $seconds, 1);
	stop($load);
	stop($pid);
	sent_ok($r, 'http.server');
	my $all = $r->{whole} + $r->{to_main} + $r->{shorter} + $r->{by_fp};
	cmp_ok($r->{whole} + $r->{to_main}, '>=', 0.95 * $all,
		'http.server: at least 95 % of its stacks are whole') or
	    diag($r->{text});
	is($r->{not_unwound}, 0, 'http.server: every event was unwound');
	diag("http.server: $r->{allocations} allocations, $r->{drops} lost, " .
		"$r->{whole} of $all to the start");
}

done_testing();
