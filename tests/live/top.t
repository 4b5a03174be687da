#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw top: its sums are the program's own, on a terminal (terminal.py) and off it; keys
# sort and unfold; no line is wider than the terminal, which is left as it was.
use strict;
use warnings;
use FindBin;
use JSON::PP;
use Test::More;
use lib $FindBin::Bin;
use Live ();

Live::need_bpf();
my $dwunw = "$Live::build/dwunw";
my $events = "$Live::build/tests/count/events";
my $kinds = "$Live::build/tests/record/kinds";
qx{$dwunw top --help 2>&1} =~ /usage/ or do {
	print "1..0 # SKIP this build has no dwunw top\n";
	exit 0;
};

# The last table of what was printed: [amount, growth, count, stack].
sub table {
	my ($text) = @_;
	my ($last) = $text =~ /.*(^\d\d:\d\d:\d\d .*)/ms;
	return ($last // '', map { [split ' ', $_, 4] } ($last // '') =~ /^ +(\S+ +\S+ +\S+ \S.*)$/mg);
}

# --- events ------------------------------------------------------------------------

for my $sort (qw(amount growth count)) {
	my $pid = Live::start($events);
	my ($said, $status) = Live::watch($dwunw, qw(top -i 100ms --ring-size 32M --sort), $sort, '-e',
		'uprobe:events:counted', '-p', $pid);
	Live::stop($pid);
	is($status, 0, "--sort $sort") or diag($said);
	my ($text, $head, @rows) = table($said);
	like($text, qr/^\d\d:\d\d:\d\d 1250 uprobe:events:counted events, 3 stacks$/m,
		'… its sums are the program\'s');
	is(join(' ', map { "$_->[0] $_->[2]" } @rows), '750 750 250 250 250 250',
		'… most first');
	like($rows[0][3] // '', qr/^counted < first_way < way < calls < main/, '… and where');
	unlike($said, qr/\x1b/, '… no sequence where there is no terminal');
}

# --- a terminal ------------------------------------------------------------------------

my $pid = Live::start($kinds, 'on');
sub on_terminal {
	my ($size, @steps) = @_;
	open(my $out, '-|', 'python3', "$FindBin::Bin/terminal.py", $size, @steps, '--',
		$dwunw, qw(top -i 200ms -p), $pid) or die $!;
	local $/;
	return decode_json(scalar <$out>);
}
my $r = on_terminal('70x14', 'until leak_here', 'show', 'key \r', 'until (?m)^ +_start',
	'show', 'key \r', 'until (?s)^(?!.*inlined).*leak_here', 'show', 'key g', 'until by growth',
	'show', 'key n', 'until by count', 'key r', 'key q', 'end');
is($r->{status}, 0, 'on a terminal, until q') or diag(explain $r);
my ($folded, $open, $again, $growth) = @{$r->{shown}};
my ($bytes, $blocks) = $folded->[0] =~ /^\d\d:\d\d:\d\d (\d+) bytes in (\d+) allocations, 1 stacks$/;
is($bytes, 100 * ($blocks // 0), '… each block has its 100 bytes') or diag(explain $folded);
cmp_ok($blocks, '>', 0, '… of which there are some');
like($folded->[3], qr/ get < leak_here < main </, '… a stack is a line');
like("@$open[4 .. 7]", qr/get \S+kinds\.c:\d+ \(inlined\) .*leak_here \S+kinds\.c:\d+ .*main/,
	'… enter unfolds it') or diag(explain $open);
is(scalar(grep { /inlined/ } @$again), 0, '… and folds it');
like($growth->[1], qr/^by growth/, '… g sorts by growth');
cmp_ok($r->{widest}, '<=', 70, '… no line is wider');
ok($r->{echo}, '… the terminal echoes again');
like($r->{plain}, qr/\d+ bytes in \d+ allocations, 1 stacks\r?\n.*leak_here/s,
	'… and has the last table');

for my $columns (12, 27, 43) {
	$r = on_terminal("${columns}x6", 'until (?s)bytes.*\n +\d', 'show', 'key q', 'end');
	cmp_ok($r->{widest}, '<=', $columns, "$columns columns: no line is wider");
	cmp_ok(scalar(@{$r->{shown}[0]}), '<=', 6, '… nor more than there are lines');
	is(scalar(grep { /growth/ } @{$r->{shown}[0]}[2 .. 3]), $columns < 28 ? 0 : 1,
		'… numbers that have no room are left out');
}
$r = on_terminal('80x20', 'until leak_here', 'size 30x8', 'key j',
	'until ^(?:[^\n]{0,30}\n)*[^\n]{0,30}$', 'show', 'key q', 'end');
cmp_ok($_, '<=', 30, 'a terminal that gets smaller') for map { length } @{$r->{shown}[0]};
Live::stop($pid);

# --- what is refused -------------------------------------------------------------------------

for ([qr/one of -p PID, -a and --cgroup/], [qr/a process is -p PID/, '1'],
	[qr/--max-live is about -e alloc/, qw(-e cpu --max-live 9 -p 1)],
	[qr/--sort.*'bytes'.*amount\|growth\|count/, qw(--sort bytes -p 1)]) {
	my ($like, @words) = @$_;
	my ($said, $status) = Live::run($dwunw, 'top', @words);
	is($status, 2, "dwunw top @words: refused");
	like($said, $like, '… and why');
}
done_testing();
