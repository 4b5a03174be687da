#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Each way in which upstream's tool (bcc v0.32.0 to v0.37.0) goes wrong has a
# test here that its behaviour would fail.
use strict;
use warnings;
use File::Spec;
use FindBin;
use lib $FindBin::Bin;
use Leak;
use Test::More;

need_tool();
my $faults = built('faults');
my $r;

# A command that has ended before the first report: names all the same.
$r = leak('-o', 0, '-c', "$faults some");
like(names(find($r, 'leak_some')), qr/^leak_some main \S+ \S+ _start$/,
	'-c, ended at once: the stack has names') or diag($r->{text});
unlike($r->{text}, qr/null sym/, 'no address without a name');
is(find($r, 'leak_some')->{bytes}, 500, 'and its bytes');

# What the tool itself does before the exec is no leak of the command.
is_deeply([sort map { $_->{bytes} } @{ $r->{stacks} }], [500, 5555],
	'-c: nothing of the tool in it') or diag($r->{text});

# Arguments, quotes.
$r = leak('-o', 0, '-c', "'$faults' \"arguments\" 1234");
is(find($r, 'with_arguments')->{bytes}, 1234, "-c 'CMD ARGS'") or
    diag($r->{text});
($r) = leak('-c', "$dir/is-not-there");
is($r->{status}, 127, '-c of nothing: the status of a shell');

# Forks, vfork and exec are followed.
$r = leak('-o', 0, '-c', "$faults forks");
is(find($r, 'in_parent')->{bytes}, 1000, 'the parent');
is(find($r, 'in_child')->{bytes}, 2000, "fork's child, from its first call on");
is(find($r, 'after_exec')->{bytes}, 3000, 'vfork and exec') or diag($r->{text});
sent_ok($r, 'forks');

# A library by a long path, and a short one.
{
	my $libc = (grep { -e } glob('/lib/*-linux-gnu/libc.so.6'))[0];
	my $long = "$dir/" . 'a-directory-of-a-rather-long-name/' x 2;
	system('mkdir', '-p', $long);
	symlink $libc, "${long}libc.so.6";
	cmp_ok(length "${long}libc.so.6", '>', 64, 'a long path');
	for my $object ("${long}libc.so.6", 'libc.so.6') {
		$r = leak('-o', 0, '-O', $object, '-c', "$faults some");
		is(find($r, 'leak_some')->{bytes}, 500, "-O $object");
	}
	my $pid = start($faults, 'wait:some');
	$r = leak('-p', $pid, '-O', 'libno.so', 1, 1);
	stop($pid);
	isnt($r->{status}, 0, '-O of what is not mapped is an error');
	like($r->{text}, qr/-O libno\.so: no mapped file is that/, 'that says so');
}

# musl, and a static program without most of the functions.
SKIP: {
	skip 'no musl-gcc', 6 unless Live::have_musl();
	for my $static ('', '-static') {
		my $musl = built("faults_musl$static");
		$r = leak('-o', 0, '-c', "$musl some");
		is($r->{status}, 0, "musl $static: it runs by defaults") or
		    diag($r->{text});
		is(find($r, 'leak_some')->{bytes}, 500, 'and finds the leak') or
		    diag($r->{text});
		like(names(find($r, 'leak_some')), qr/^leak_some main/,
			'by its stack');
	}
}

# malloc's own mmap; failed realloc and mremap; mremap's sizes; valloc.
$r = with_target([$faults, 'wait:all'], ['--threads']);
is(find($r, 'one_mebibyte')->{bytes}, 1 << 20,
	'malloc(1 MiB): its bytes, not its mapping') or diag($r->{text});
like(names(find($r, 'one_mebibyte')), qr/^one_mebibyte main/,
	'by its caller');
is(find($r, 'realloc_fails')->{bytes}, 1001,
	'realloc failed: the block still leaks');
is(find($r, 'remapped')->{bytes}, 5 * 4096, 'mremap: the new size');
is(find($r, 'remapped')->{count}, 1, 'of one mapping');
is(find($r, 'remap_fails')->{bytes}, 3 * 4096, 'mremap failed: the old one');
is(find($r, 'old_valloc')->{bytes}, 1111, 'valloc');

# By thread, with names.
for my $thread (['first', 600], ['second', 700]) {
	my ($s) = grep { $_->{bytes} == $thread->[1] } @{ $r->{stacks} };
	like(names($s // {}), qr/^leak_some in_thread/,
		"$thread->[0] thread: apart");
	ok($s->{tid} && $s->{tid} != $r->{stacks}[0]{tid}, 'with its own number');
}

# Names by a prefix, mremap's among them; by a pattern.
for my $how (['-S', 'my_'], ['--allocator', 'm*_none', '--allocator', 'my_*']) {
	$r = with_target([$faults, 'wait:prefix'], $how);
	is_deeply([map { $_->{bytes} } grep { names($_) =~ /^by_prefix / }
		@{ $r->{stacks} }], [79, 78], "@$how") or diag($r->{text});
}

# A free of what was allocated before; -C has the same sums.
for my $args ([], ['-C']) {
	$r = with_target([$faults, 'wait:free-old'], $args);
	is_deeply([map { [$_->{bytes}, $_->{count}] } @{ $r->{stacks} }],
		[[321, 1]], "@$args: a free without its malloc changes nothing")
	    or diag($r->{text});
	unlike($r->{text}, qr/^0 bytes/m, 'no empty lines');
}
is(leak('-C', '-a', '-p', 1)->{status}, 2, '-C -a: refused, not ignored');
$r = with_target([$faults, 'churn'], ['-C', '-o', 60000], 1, 1);
is(scalar @{ $r->{stacks} }, 0, '-C -o 60000: the age counts');

# Younger than half a second: not shown, if not asked for.
{
	my $pid = start($faults, 'wait:churn');
	$r = leak_done('-p', $pid);
	is(find($r, 'young')->{bytes}, 0, 'by default no block younger than 500 ms');
	is(find($r, 'churn')->{bytes}, 444, 'but the older one');
	# a report may fall into a moment in which there is none
	Live::watch(sub {
		$r = parse_leak($_[0]);
		return find($r, 'young')->{bytes};
	}, tool(), '-p', $pid, '-o', 0, 0.2);
	is(find($r, 'young')->{bytes}, 333, '-o 0: that one too') or
	    diag($r->{text});
	stop($pid);
}

# Many stacks: none takes another's place.
$r = with_target([$faults, 'wait:stacks'], ['-T', 5000]);
my @many = grep { names($_) =~ /many_stacks/ } @{ $r->{stacks} };
is(scalar @many, 2048, '2048 stacks: all there');
is(scalar(grep { $_->{bytes} == 16 && $_->{count} == 1 } @many), 2048,
	'each once');
sent_ok($r, 'many stacks');

# Several processes at once.
{
	my @pids = map { start($faults, 'wait:arguments', 100 * $_) } 1 .. 3;
	$r = leak_done('--processes', '-p', "$pids[0],$pids[1]", '-p', $pids[2]);
	stop($_) for @pids;
	is_deeply({ map { $_->{pid} => $_->{bytes} } @{ $r->{stacks} } },
		{ map { $pids[$_ - 1] => 100 * $_ } 1 .. 3 },
		'three processes, each its own') or diag($r->{text});
}

# A stripped program, by its symbols elsewhere.
system('strip', '-o', "$dir/stripped", $faults) == 0 or die;
$r = leak('-o', 0, '--debug-file', $faults, '-c', "$dir/stripped some");
is(find($r, 'leak_some')->{bytes}, 500, 'stripped: names by --debug-file') or
    diag($r->{text});
$r = leak('-o', 0, '--debug-file', File::Spec->abs2rel($faults), '-c',
	"$dir/stripped some");
is(find($r, 'leak_some')->{bytes}, 500, '… by a path from here') or
    diag($r->{text});

done_testing();
