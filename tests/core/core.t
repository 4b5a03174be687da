#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Stacks of live processes and of core files, all threads, every frame: equal
# to gdb's by pc.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Core;
use Test::More;

my $out = Core::dir();
my $dwunw = Core::dwunw();

plan skip_all => 'gdb with Python is not installed'
	if `gdb -nx -batch -ex 'python print("yes")' 2>&1` !~ /yes/;

my @programs = (
	(map { { name => $_, source => 'threads.c', threads => 8 } }
		qw(threads threads-clang threads-no-pie threads-static
		threads-static-pie)),
	(map { { name => $_, source => 'terminate.cc', threads => 1 } }
		qw(terminate terminate-stripped)),
);

my $frames = 0;
my $threads = 0;

sub compare {
	my ($title, $program, $dwunw_words, $gdb_words) = @_;
	my ($said, $errors, $status) =
		Core::run($out, $dwunw, 'stack', @$dwunw_words);
	my ($got, $text) = Core::by_dwunw($said);
	my $want = Core::by_gdb($out, @$gdb_words);
	my $count = 0;

	$count += @$_ for values %$got;
	$frames += $count;
	$threads += keys %$got;
	is($status, 0, "$title: exit status");
	is($errors, '', "$title: nothing on stderr");
	is(scalar(keys %$got), $program->{threads}, "$title: threads");
	is(Core::difference($got, $want), '',
		"$title: every pc as gdb's, $count frames");
	return $text;
}

# Which functions must be in the stacks, somewhere, in this order.
my %chains = (
	'threads.c' => [
		qr/(?: deep[\w.]*\+.*\n.*){21} deep_thread\+/,
		qr/(?: wide[\w.]*\+.*\n.*){8} wide_thread\+/,
		qr/ stand[\w.]*\+.*\n.* read_thread\+/,
		qr/^#0 .* by_table\+.*\n.* table_thread\+/m,
		qr/ compare[\w.]*\+.*\n(?:.*\n)*.* \w*qsort\w*\+.*\n.* qsort_thread\+/,
		(map { qr/ deep[\w.]*\+.*\n.* handler\+.*\n
			.*(?:<signal\ trampoline>|\ __restore_rt\+).*\n
			.*\ compute\+.*\n.*\ ${_}_thread\+/x }
			qw(signal sigaltstack)),
		qr/ finish[\w.]*\+.*\n.* main\+(?:.*\n)+.* _start\+/,
	],
	'terminate.cc' => [
		qr/ (?:_Z4lasti[\w.]*|last\(int\)(?: \[clone [.\w]+\])?)\+(?:.*\n)+.* main\+(?:.*\n)+.* _start\+/,
	],
);

sub check_names {
	my ($title, $program, $text) = @_;
	my $all = join("\n", values %$text);
	my @lost = grep { $all !~ $_ } @{$chains{$program->{source}}};
	is(scalar(@lost), 0, "$title: functions by name");
	diag("not found: @lost in\n$all") if @lost;
}

for my $program (@programs) {
	my $name = $program->{name};
	my $path = Core::built($name);

	SKIP: {
		skip "$name is not built", 1 if !$path;
		my $dir = "$out/$name.d";
		mkdir($dir);
		my ($pid, $pipe) = Core::start($path, 'wait');
		ok($pid, "$name runs") or next;
		my $text = compare("$name, live", $program, [$pid],
			['-p', $pid]);
		check_names("$name, live", $program, $text)
			if $name !~ /stripped/;

		my $gcore = "$dir/gcore";
		Core::run($out, 'gdb', '-nx', '-batch', '-iex',
			'set debuginfod enabled off', '-p', $pid, '-ex',
			"generate-core-file $gcore");
		kill('KILL', $pid);
		close($pipe);
		SKIP: {
			skip 'gcore wrote nothing', 4 unless -s $gcore;
			compare("$name, gcore", $program, ['--core', $gcore],
				[$path, $gcore]);
		}

		my $core = Core::dump_core($dir, $path, 'abort');
		SKIP: {
			skip 'the kernel writes no core file here', 5
				unless $core;
			$program->{core} = "$dir/kernel";
			rename($core, $program->{core});
			$text = compare("$name, core", $program,
				['--core', $program->{core}],
				[$path, $program->{core}]);
			check_names("$name, core", $program, $text)
				if $name !~ /stripped/;
		}
	}
}

diag("$threads threads, $frames frames equal to gdb's") if $frames;
done_testing();
