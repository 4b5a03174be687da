#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw record with -e given several times: one file of all, of a command and of a
# process that runs; each event is what the program says of itself, and what a run
# of that event alone records; each format says which event it is of and has the sums of
# the text; cut, damaged, killed, bounded, added up, compared.
use strict;
use warnings;
use FindBin;
use JSON::PP;
use List::Util 'sum0';
use Test::More;
use lib $FindBin::Bin;
use lib "$FindBin::Bin/../live";
use Events;
use Live ();

Events::need();
my ($dwunw, $events, $dir) = ($Events::dwunw, $Events::events, $Live::dir);
my $golden = "$Live::root/tests/record/golden";
qx{$dwunw report --help 2>&1} =~ /usage/ or do {
	print "1..0 # SKIP this build has no dwunw report\n";
	exit 0;
};
$ENV{TZ} = 'UTC';
my $file = "$dir/file.dwr";
my $calls = "uprobe:$Events::base:counted";
my $asks = 'tracepoint:syscalls:sys_enter_getpgid';

sub dwunw { return Live::outcome($dwunw, @_) }

sub put {
	my ($name, $bytes) = @_;
	open(my $out, '>:raw', "$dir/$name") or die $!;
	print $out $bytes;
	close $out or die $!;
	return "$dir/$name";
}

# Of one event: the folded stacks by functions outwards, and their sum.
sub folded {
	my ($event, $from) = @_;
	my ($text, $err, $code) = dwunw('report', '-e', $event, '--folded', $from // $file);
	like("$code$err", qr/^0(?:dwunw: report: \S+: at 0x\w+: its tool has not ended it; .*)?$/,
		"report -e $event") or return ({}, -1);
	my $counts = Events::counts_of($text);
	return ($counts, sum0(values %$counts));
}

# The pieces of the text, by the line before each.
sub texts_of { return $_[0] =~ /^-e (\S+)\n(\[.*?)(?=^-e |\z)/msg }

# --- what the program says of itself ----------------------------------------------------

my $returns = "uretprobe:$Events::base:counted";
my @several = ('-e', 'alloc', '-e', 'cpu', '-F', 199, '-e', $calls, '-e', $returns);
my @names = ('alloc', 'cpu', $calls, $returns);

sub is_truth {
	my ($title, $said, $from, $alloc) = @_;
	my $truth = Events::truth_of($said);
	push @$truth, [split ' ', $1] while $said =~ /^(live .*)$/mg;
	my %events = (call => [[$calls, 'counted'], [$returns]], live => [['alloc']]);
	for (@$truth) {
		my ($kind, @chain) = @$_;
		my $count = pop @chain;
		for (@{$events{$kind} // []}) {
			my ($event, @before) = @$_;
			my ($counts) = folded($event, $from);
			is(Events::through({ counts => $counts }, @before, @chain), $count,
				"$title: $event: @before @chain")
			    or diag(map { "$counts->{$_} $_\n" } keys %$counts);
		}
	}
	cmp_ok(scalar(grep { $_->[0] =~ /^(?:call|live)$/ } @$truth), '>=', $alloc + 2,
		"$title: it has said so") or diag($said);
}

# A command, with what it starts.
{
	local $ENV{BEGIN} = '/';
	my ($said, $err, $code) = dwunw('record', '--ring-size', '32M', @several, '-o',
		"$dir/forks.dwr", '--', $events, 'forks');
	is($code, 0, 'a command and its children: status') or diag($err);
	is_truth('a command', $said, "$dir/forks.dwr", 0);
	($said, $err, $code) = dwunw('record', '--ring-size', '32M', '-i', '200ms', @several, '-o',
		$file, '--', $events, 'mixed');
	is($code, 0, 'four events of a command: status') or diag($err);
	like($err, qr/^\Q$file\E: \Q$_\E: \d+ stacks$/m, "… $_ is named") for @names;
	is_truth('a command', $said, $file, 1);
	my ($counts) = folded('cpu');
	cmp_ok(sum0(map { $counts->{$_} } grep { /^burn_/ } keys %$counts), '>', 5e8,
		'… cpu: most of a second and a half');
}
is((stat $file)[2] & 0777, 0600, 'one file, of its owner alone');
is(join(' ', unpack 'x8 V V', Live::slurp($file)), '3 4', '… of version 3 and four events');

# A process that runs, until it has done what it does.
{
	my $pid = Live::start_to("$dir/said", $events, 'mixed');
	my $tool = Live::background("$dir/tool", $dwunw, 'record', '--ring-size', '32M', @several,
		'-d', '100s', '-o', "$dir/process.dwr", '-p', $pid);
	select(undef, undef, undef, 0.05) until Live::watches("$dir/tool");
	Live::begin();
	waitpid($tool, 0);
	is($? >> 8, 0, 'a process: status') or diag(Live::slurp("$dir/tool"));
	is_truth('a process', Live::slurp("$dir/said"), "$dir/process.dwr", 1);
	Live::stop($pid);
}

# --- formats ---------------------------------------------------------------------------

my ($text, $err, $code) = dwunw('report', $file);
is("$code$err", '0', 'the text of all');
my %text = texts_of($text);
is(join(' ', sort keys %text), join(' ', sort @names), '… says which event each is');
my %json;
{
	my ($lines, $why, $status) = dwunw('report', '--json', $file);
	is("$status$why", '0', 'JSON of all');
	my @all = map { decode_json($_) } split /\n/, $lines;
	is(scalar @all, 4, '… a line for each');
	$json{$_->{event} // 'alloc'} = $_ for @all;
	is(join(' ', sort keys %json), join(' ', sort @names), '… which says what it is of');
}
my $go = grep { -x "$_/go" } split /:/, $ENV{PATH};

# What the last sample value of each stack adds up to: the type at that place.
sub pprof_sum {
	my ($raw) = @_;
	my ($types, $samples) = $raw =~ /^Samples:\n(.*)\n((?: +.*\n)*)/m;
	my @sums;
	for (split /\n/, $samples // '') {
		/^ *((?:-?\d+ +)*-?\d+):/ or next;
		my @values = split ' ', $1;
		$sums[$_] += $values[$_] for 0 .. $#values;
	}
	return ($types // '', @sums);
}

sub formats_agree {
	my ($event) = @_;
	my ($one) = (dwunw('report', '-e', $event, $file))[0];
	is($one, $text{$event} =~ s/\n\n\z/\n/r, "$event: -e has the text that it has among all");
	my (undef, $why, $status) = dwunw('report', '-e', $event, (map { ("--$_", "$dir/$_") }
		qw(pprof speedscope html metrics)), "--json=$dir/json", "--folded=$dir/all.folded", $file);
	is("$status$why", '0', "$event: each format");
	my $data = decode_json(Live::slurp("$dir/json"));
	my $alloc = $event eq 'alloc';
	my $amount = exists $data->{unit};
	my $key = $alloc ? 'bytes' : $amount ? 'amount' : 'events';
	my $sum = sum0(map({ $_->{$key} } @{$data->{stacks}}), $data->{"unknown_$key"} // 0,
		$data->{"unkept_$key"} // 0);
	cmp_ok($sum, '>', 0, "$event: $sum $key");
	is(JSON::PP->new->canonical->encode($data), JSON::PP->new->canonical->encode($json{$event}),
		'… JSON is that among all');
	is(sum0(values %{Events::counts_of(Live::slurp("$dir/all.folded"))}), $sum, '… folded stacks');
	my %by = map { $_->{name} => sum0(@{$_->{weights}}) }
	    @{decode_json(Live::slurp("$dir/speedscope"))->{profiles}};
	ok((grep { $_ == $sum } values %by), '… speedscope') or diag(explain \%by);
	my $page = Live::slurp("$dir/html");
	$alloc ? like($page, qr/"event":""/, '… the page is of allocations') :
	    like($page, qr/"event":"\Q$event\E"/, '… the page names the event');
	my $metrics = Live::slurp("$dir/metrics");
	$alloc ? like($metrics, qr/^dwunw_stack_live_bytes\{/m, '… metrics: of live bytes') :
	    like($metrics, qr/^dwunw_events\{event="\Q$event\E"\} /m, '… metrics name it');
	SKIP: {
		skip('no go', 2) unless $go;
		local $ENV{HOME} = $dir;
		my ($types, @sums) = pprof_sum(scalar qx{go tool pprof -raw $dir/pprof 2>&1});
		like($types, $alloc ? qr{inuse_space/bytes} : $amount ? qr{cpu/nanoseconds} :
			qr{^samples/count}, '… pprof: its types');
		ok((grep { $_ == $sum } @sums), '… and its sum') or diag("$types: @sums, not $sum");
	}
}
formats_agree($_) for @names;
for my $option ('--html', '--pprof', '--output', '--folded', '--metrics', '--json', '--speedscope') {
	(undef, $err, $code) = dwunw('report', "$option=$dir/none", $file);
	my $named = $option eq '--json' ? '--json=FILE' : $option;
	like("$code $err", qr/^1 .*\Q$named\E is of one event, and .* has several: say which: -e alloc, -e cpu, -e uprobe/,
		"$option without -e is refused");
	ok(!-e "$dir/none", '… and nothing is written');
}
(undef, $err, $code) = dwunw('report', '-e', 'offcpu', $file);
like("$code $err", qr/^1 .*has no event offcpu; it has: -e alloc, -e cpu/, 'an event that it has not');
(undef, $err, $code) = dwunw('report', '-e', 'cpu', "$golden/1-plain.dwr");
like("$code $err", qr/^1 .*has no event cpu; it has: -e alloc/, '… nor a recording of one');
(my $one) = dwunw('report', '-e', 'alloc', "$golden/1-plain.dwr");
is($one, (dwunw('report', "$golden/1-plain.dwr"))[0], 'the one event of a recording by its name');

# --- several files, and a difference ----------------------------------------------------

($text) = dwunw('report', '-e', $calls, "$dir/forks.dwr", "$dir/forks.dwr");
like($text, qr/^\[[\d:]+\] 12500 events from/m, 'an event of two files is added up');
($text, $err, $code) = dwunw('diff', "$dir/forks.dwr", "$dir/forks.dwr");
is($code, 0, 'diff') or diag($err);
my %diff = texts_of($text);
like($diff{$_} // '', qr/^\[[\d:]+\] 0 /m, "… $_: none") for $calls, 'alloc';
($text, $err, $code) = dwunw('report', '-e', 'cpu', $file, "$golden/1-plain.dwr");
like("$code $err", qr/^1 .*1-plain\.dwr: it counts alloc/, 'a file without the event');
like($text, qr/cpu events/, '… what the others have is told');

# --- cut, damaged, killed, bounded -------------------------------------------------------

my $bytes = Live::slurp($file);
($text, $err, $code) = dwunw('report', put('cut.dwr', substr($bytes, 0, -20)));
is($code, 1, 'cut: it fails');
like($err, qr/cut off within/, '… and says so');
%text = texts_of($text);
is(scalar keys %text, 4, '… what stands before is reported, of each event');
put('changed.dwr', substr($bytes, 0, -60) . (substr($bytes, -60, 1) ^ "\1") . substr($bytes, -59));
($text, $err, $code) = dwunw('report', "$dir/changed.dwr");
like("$code $err", qr/^1 .*(?:checksum differs|no chunk begins|more than 16 MiB|cut off)/s, 'damaged: so is that');

{
	my $pid = Live::start_to("$dir/said", $events, 'mixed');
	my $tool = Live::background("$dir/tool", $dwunw, 'record', '-i', '50ms', @several, '-o',
		"$dir/killed.dwr", '-p', $pid);
	select(undef, undef, undef, 0.05) until Live::watches("$dir/tool");
	Live::begin();
	my $last = time + 100;
	my $sum = 0;
	while (!$sum && time < $last) { # while it is written it can be read
		select(undef, undef, undef, 0.1);
		$sum = (folded($calls, "$dir/killed.dwr"))[1];
	}
	kill 'KILL', $tool;
	waitpid($tool, 0);
	cmp_ok($sum, '>', 0, "read while it is written: $sum");
	($text, $err, $code) = dwunw('report', "$dir/killed.dwr");
	is($code, 0, 'killed -9: it is read') or diag($err);
	like($err, qr/its tool has not ended it/, '… which is said');
	%text = texts_of($text);
	is(scalar keys %text, 4, '… of each event');
	Live::stop($pid);
}

{
	local $ENV{BEGIN} = '/';
	(undef, $err, $code) = dwunw('record', '--ring-size', '32M', '-i', '10ms', '--max-size', '192K',
		'-e', $calls, '-e', 'cpu', '-e', 'alloc', '-o', "$dir/small.dwr", '--', $events, 'mixed');
	is($code, 0, 'bounded') or diag($err);
	cmp_ok(-s "$dir/small.dwr", '<=', 192 << 10, '… ' . (-s "$dir/small.dwr") . ' bytes');
	cmp_ok((folded($_, "$dir/small.dwr"))[1], '>', 0, "… $_ is in it") for 'cpu', 'alloc', $calls;
}

# --- what is refused ----------------------------------------------------------------------

for ([qr/the same -e twice/, '-e', 'cpu', '-e', 'cpu'],
	[qr/-F is about -e cpu/, '-F', 99, '-e', 'alloc', '-e', 'offcpu'],
	[qr/-s is about -e alloc/, '-s', 9, '-e', 'cpu', '-e', 'offcpu'],
	[qr/--max-size: at least 64K for each -e/, '--max-size', '100K', '-e', 'cpu', '-e', 'alloc'],
	[qr/-e/, map { ('-e', "kprobe:do_$_") } 1 .. 9]) {
	my ($like, @words) = @$_;
	(undef, $err, $code) = dwunw('record', @words, '-o', "$dir/none", '--', $events);
	is($code, 2, "dwunw record @words: refused");
	like($err, $like, '… and why');
	ok(!-e "$dir/none", '… and no file');
}
for my $command ('count', 'top') {
	(undef, $err, $code) = dwunw($command, '-e', 'cpu', '-e', 'offcpu', '-p', "$$");
	like("$code $err", qr/^2 .*a run has one -e/s, "$command takes a single one");
}
(undef, $err, $code) = dwunw('record', '-e', 'alloc', '-e', 'uprobe:events:no_such_function', '-o',
	"$dir/none", '-d', '300ms', '-p', "$$");
isnt($code, 0, 'a function that is not there') or diag($err);
like($err, qr/no_such_function: no mapped file is that/, '… is said');
ok(!-e "$dir/none", '… and no file');
(undef, $err, $code) = dwunw('record', '-e', 'alloc', '-e', 'cpu', '-o', "$dir/none", '--', 'no-such-command');
is($code, 127, 'a command that is not there') or diag($err);
ok(!-e "$dir/none", '… no file');
done_testing();
