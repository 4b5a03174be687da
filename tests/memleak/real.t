#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Real programs, and what gdb says of the same calls.
#
#   one block    of 123,457 bytes: its stack by names is gdb's, from the same
#                call of the same program, traced by -c
#   a minute     (DWUNW_MINUTE=60 seconds; 5 if not said) under load: nothing
#                is unaccounted for, 95 % of the stacks are whole, and all
#                that are reported are stacks that gdb sees in that process, by
#                all their addresses
#   musl         has no CFI for gdb: a program notes its own return addresses
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Leak;
use Load;
use List::Util qw(max min sum0);
use Test::More;
use Time::HiRes 'sleep';

need_tool();
my $size = 123457;
my $seconds = $ENV{DWUNW_MINUTE} || 5;
my @gdb = ('gdb', '-nx', '-batch', '-iex', 'set debuginfod enabled off');
my $only = $ENV{DWUNW_ONLY} || '.'; # a pattern for titles

sub have {
	my ($program) = @_;
	return grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

# --- one block -------------------------------------------------------------------

# Names of the frames from malloc's caller to main, or to the start of what is
# stripped; inlined ones have no address in gdb and no return address on the
# stack.
sub by_gdb {
	my (@command) = @_;
	my ($text) = Live::run('timeout', 300, @gdb,
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

# --- a minute under load ---------------------------------------------------------

# "address address …" outwards => blocks at most, of all reports in a text.
sub stacks_of {
	my ($text) = @_;
	my (%blocks, $count, @pcs);

	for (split(/\n/, $text), '') {
		if (/^\t\d+ \[<0*([0-9a-f]+)>\]/) {
			push @pcs, $1;
			next;
		}
		next if /^\t/; # what is inlined, and why it ends
		$blocks{"@pcs"} = max($count, $blocks{"@pcs"} // 0) if @pcs;
		@pcs = ();
		$count = $1 if /^\d+ bytes in (\d+) allocations from stack/;
	}
	return \%blocks;
}

# Where the tool's probes are in this libc.
my @probes = with_target(['/bin/sleep', 20], ['-v'], 0.2, 1)->{text} =~
    /^probe: (\w+\+0x[0-9a-f]+) in .*libc/mg;

# What gdb sees in a process until it has seen all that is wanted.
sub watch {
	my ($pid, $wanted) = @_;
	local @ENV{qw(WANTED SEEN SECONDS PROBES)} = ("$dir/wanted",
		"$dir/seen", 30 + $seconds, "@probes");
	open(my $out, '>', $ENV{WANTED});
	print $out "$_\n" for keys %$wanted;
	close $out;
	unlink $ENV{SEEN};
	my ($text) = Live::run('timeout', $ENV{SECONDS} + 60, @gdb,
		'-iex', 'set auto-load no', '-iex', 'set backtrace past-main on',
		'-p', $pid, '-x', "$FindBin::Bin/real_gdb.py");
	-e $ENV{SEEN} or diag($text), return {};
	return { map { /^(\d+) (.*)/ ? ($2, $1) : () }
	    split /\n/, slurp($ENV{SEEN}) };
}

# The counters of a run; by how much its stacks are whole.
sub check_report {
	my ($title, $r) = @_;

	is($r->{status}, 0, "$title: it ran") or diag($r->{text});
	sent_ok($r, $title);
	cmp_ok($r->{events} - $r->{received}, '<=', 4,
		"$title: all was read, but for what was on its way at the end");
	is($r->{not_unwound}, 0, "$title: every event was unwound");
	my $whole = $r->{whole} + $r->{to_main};
	my $all = $whole + $r->{shorter} + $r->{by_fp};
	cmp_ok($whole, '>=', 0.95 * $all,
		"$title: at least 95 % of the stacks are whole") or
	    diag($r->{text} =~ /^(.*ends early.*)$/mg);
	return sprintf '%d allocations, %d lost, %.2f %% of %d stacks whole',
	    $r->{allocations}, $r->{drops}, 100 * $whole / ($all || 1), $all;
}

# Those of them that have their outer half in common with one that gdb has seen.
sub known_halves {
	my ($seen, @stacks) = @_;
	my %known;

	for (keys %$seen) {
		my @pcs = split / /;
		$known{join ' ', @pcs[$_ .. $#pcs]} = 1 for 0 .. $#pcs;
	}
	return grep {
		my @pcs = split / /;
		$known{join ' ', @pcs[@pcs / 2 .. $#pcs]};
	} @stacks;
}

# A minute at full speed; then gdb looks on, without the tool, whose return
# probes would stand in its way. The program does the same again and again: each
# stack that the tool has printed, gdb comes to see, to the last address. But
# gdb lets it do some hundred calls a second, the tool more than ten thousand: a
# few stacks that had no more than one block at any time may be so rare
# that gdb has seen no more than the way to them.
sub minute {
	my ($title, $pid, @options) = @_;
	# so long, and until there are some: a slow machine takes longer
	my $until;
	my $enough = sub {
		my ($text) = @_;
		return 0 unless $text =~ /^recording/m;
		$until //= time + $seconds;
		return time >= $until && keys %{stacks_of($text)} > 10;
	};
	my ($text, $status) = Live::watch($enough, tool(), '-o', 0,
		'-T', 100000, '--stats', @options, '-p', $pid, 1);
	my $figures = check_report($title, parse_leak($text, $status));
	my $wanted = stacks_of($text);
	my $seen = watch($pid, $wanted);
	my @unseen = grep { !$seen->{$_} } keys %$wanted;
	my @rare = known_halves($seen, grep { $wanted->{$_} == 1 } @unseen);

	ok(kill(0, $pid), "$title: it still runs");
	cmp_ok(scalar keys %$wanted, '>', 10, "$title: there are stacks");
	is(@unseen - @rare, 0, "$title: each of them is one of gdb's, or rare") or
	    diag(map { "$wanted->{$_} of $_\n" } @unseen[0 .. min(3, $#unseen)]);
	cmp_ok(scalar @rare, '<=', 1 + 0.02 * keys %$wanted,
		"$title: few are rare");
	diag(sprintf '%s: %d s, %s; %d different in reports, gdb saw %d of them, '
		. 'and the way to %d (%d stops, %d different)', $title, $seconds,
		$figures, scalar keys %$wanted, keys(%$wanted) - @unseen,
		scalar @rare, sum0(values %$seen), scalar keys %$seen);
}

# --- a program that knows its own stacks -----------------------------------------

# Is that the chain? =FUNCTION stands for frames of the library up to FUNCTION's.
# A stack that was not copied to its end has to be right as far as it goes.
sub is_chain {
	my ($stack, $chain, $is_own) = @_;
	my (undef, @left) = @{ $stack->{frames} };
	my $is_cut = $stack->{ends} =~ /beyond the copied stack/;

	return 0 if $stack->{ends} && !$is_cut;
	for my $want (@$chain) {
		return 1 if $is_cut && !@left;
		if ($want =~ /^=(.*)/) {
			my $function = $1;
			my $name = '';
			while (@left && $name ne $function) {
				return 0 if $is_own->{$name};
				$name = shift(@left)->{name} // '';
			}
		} else {
			return 0 if !@left || shift(@left)->{pc} !~ /^0*$want$/;
		}
	}
	return 1;
}

# As minute(), but it says itself what is right: chain N is that of N + 2000 bytes.
sub own_minute {
	my ($title, $program, @options) = @_;
	my $pid = start('/bin/sh', '-c',
		"exec $program " . ($seconds + 600) . " >$dir/chains.$title");
	for (1 .. 3000) {
		last if slurp("$dir/chains.$title") =~ /that is all/;
		sleep 0.1;
	}
	my %chain = map { /^(\d+): (.*)/ ? ($1, [split / /, $2]) : () }
	    split /\n/, slurp("$dir/chains.$title");
	my %is_own = map { /^KEEP .*?(\w+)\(/ ? ($1, 1) : () }
	    split /\n/, slurp("$FindBin::Bin/real_musl.c");
	# so long, and until there are enough: a slow machine takes longer
	my $until;
	my $enough = sub {
		my ($text) = @_;
		return 0 unless $text =~ /^recording/m;
		$until //= time + $seconds;
		return 0 if time < $until;
		my %sizes = map { $_ => 1 }
		    map { /^(\d+) bytes in (\d+) / ? $1 / $2 : () }
		    grep { / allocations from stack/ } split /\n/, $text;
		return keys %sizes > 120;
	};
	my ($text, $status) = Live::watch($enough, tool(), '-o', 0, '-T', 100000,
		'--stats', @options, '-p', $pid, 1);
	stop($pid);
	my $figures = check_report($title, parse_leak($text, $status));
	my ($right, @wrong, %seen) = (0);
	for my $report (split /^(?=\[\d\d:\d\d:\d\d\] Top )/m, $text) {
		for (@{ parse_leak($report, 0)->{stacks} }) {
			my $number = $_->{bytes} / $_->{count} - 2000;
			if ($chain{$number} &&
			    is_chain($_, $chain{$number}, \%is_own)) {
				$right++;
				$seen{$number} = 1;
			} else {
				push @wrong, names($_) . " ($_->{bytes} bytes)";
			}
		}
	}
	cmp_ok(scalar keys %seen, '>', 100, "$title: many different stacks");
	is(scalar @wrong, 0, "$title: each is what the program has noted") or
	    diag(map { "$_\n" } @wrong[0 .. min(3, $#wrong)]);
	diag(sprintf '%s: %d s, %s; %d in reports, %d different, %d wrong',
		$title, $seconds, $figures, $right + @wrong,
		scalar keys %seen, scalar @wrong);
}

# --- the programs ----------------------------------------------------------------

my $python = '/usr/bin/python3';

SKIP: {
	skip 'no gdb', 1 unless have('gdb');
	my $bytes = $size - 33; # of a bytes object's header and end
	if ($only eq '.') {
		check('python3', $python, '-S', '-E', '-c',
			"import os; n = $bytes; x = (lambda: [b'x' * n for i in [1]])(); os._exit(0)");
		check('C++', built('real_cc'));
		check('perl', '/usr/bin/perl', '-e',
			'use POSIX; sub deep { my $n = shift; return $n ? deep($n - 1) : "x" x ' .
			($size - 10) . ' } my $x = deep(10); POSIX::_exit(0)')
		    if $ENV{DWUNW_LONG};
	}
	my $long = 3 * $seconds + 100;
	my $warm = 4; # what happens once has happened
	for my $name (@Load::names) {
		my $title = $name eq 'gdb' ? 'gdb, a C++ program' : $name;
		next unless $title =~ /$only/;
		local %ENV = %ENV;
		my $load = Load::of($name, $long);
		skip "$name: not to be had", 1 unless $load;
		my @beside = map { start(@$_) } @{$load->{beside}};
		my $pid = start(@{$load->{command}});
		sleep $warm;
		# a script in Python in gdb in C++: 20 KiB of stack
		minute($title, $pid, ('--stack-bytes=28672') x ($name eq 'gdb'));
		stop($_) for $pid, @beside;
	}
}

SKIP: {
	skip 'no musl-gcc', 1 unless Live::have_musl();
	for (['musl static', '-static'], ['musl', '']) {
		my ($title, $static) = @$_;
		next unless $title =~ /$only/;
		own_minute($title =~ s/ /-/r,
			built("real_musl$static"));
	}
}

done_testing();
