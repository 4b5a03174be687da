#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw record -e EVENT and dwunw count --record: dwunw report has the live report's
# text and stacks, each format has its sums, and these are what the program says of
# itself; cut, damaged, of two kinds, of two processes.
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
my ($dwunw, $events, $base, $dir) = ($Events::dwunw, $Events::events, $Events::base, $Live::dir);
my $golden = "$Live::root/tests/record/golden";
qx{$dwunw report --help 2>&1} =~ /usage/ or do {
	print "1..0 # SKIP this build has no dwunw report\n";
	exit 0;
};
$ENV{TZ} = 'UTC';
my $file = "$dir/file.dwr";

sub dwunw { return Live::outcome($dwunw, @_) }
sub text_of { my ($text) = $_[0] =~ /(^\[\d\d:\d\d:\d\d\].*)/ms; return $text // '' }

# --- every format has the same sums ------------------------------------------------

# Events, and what is summed of them, of a report's files.
sub json_sums {
	my $data = decode_json(Live::slurp("$dir/json"));
	return (sum0(map({ $_->{events} } @{$data->{stacks}}), $data->{unknown_events},
			$data->{unkept_events}),
		sum0(map({ $_->{amount} // 0 } @{$data->{stacks}}),
			$data->{unknown_amount} // 0, $data->{unkept_amount} // 0));
}

sub pprof_sums {
	my ($raw) = @_;
	my ($types, $samples) = $raw =~ /^Samples:\n(.*)\n((?: +.*\n)*)/m;
	my @sums = (0, 0);
	for (split /\n/, $samples // '') {
		my ($values) = /^ *((?:-?\d+ +)+\d*|-?\d+):/ ? $1 : next;
		my @values = split ' ', $values;
		$sums[$_] += $values[$_] // 0 for 0 .. 1;
	}
	return ($types // '', @sums);
}

sub speedscope_sums {
	my $data = decode_json(Live::slurp("$dir/speedscope"));
	my %by = map { $_->{name} => sum0(@{$_->{weights}}) } @{$data->{profiles}};
	return ($by{samples}, $by{event} // 0);
}

sub metrics_sums {
	my @sums;
	for my $name (qw(events event_amount)) {
		my $text = Live::slurp("$dir/metrics");
		my $of_stacks = sum0($text =~ /^dwunw_stack_$name\{.*\} (\d+)$/mg);
		my ($all) = $text =~ /^dwunw_$name\{event="[^"]*"\} (\d+)$/m;
		is($of_stacks, $all // 0, "… metrics: the sum of $name is that of its stacks");
		push @sums, $of_stacks;
	}
	return @sums;
}

my $go = grep { -x "$_/go" } split /:/, $ENV{PATH};
sub formats_agree {
	my ($title, $text, $types) = @_;
	my @out = dwunw('report', map({ ("--$_", "$dir/$_") } qw(pprof speedscope html
		metrics)), "--folded=$dir/again.folded", "--json=$dir/json", $file);
	is("$out[1]$out[2]", '0', "$title: written") or diag($out[1]);
	my ($events) = $text =~ / in (\d+) \S+ events from|\] (\d+) events from/ ?
	    $1 // $2 : -1;
	my ($by_json, $amount) = json_sums();
	is($by_json, $events, '… JSON has its events');
	is(sum0(values %{Events::counts_of(Live::slurp("$dir/again.folded"))}),
		$amount || $events, '… folded stacks');
	is(join(' ', speedscope_sums()), "$events $amount", '… speedscope');
	is(join(' ', metrics_sums()), "$events $amount", '… metrics');
	like(Live::slurp("$dir/html"), qr/"event":"/, '… HTML: it is of an event');
	SKIP: {
		skip('no promtool', 1) unless grep { -x "$_/promtool" } split /:/, $ENV{PATH};
		my $said = qx{promtool check metrics <$dir/metrics 2>&1};
		# its parser is of the older text format (tests/report/formats.t)
		is(join('', grep { !/^dwunw_\w+_total no help text$/ } split /^/, $said), '',
			'… promtool takes the metrics');
	}
	SKIP: {
		skip('no go', 1) unless $go;
		local $ENV{HOME} = $dir;
		my ($found, @sums) = pprof_sums(scalar qx{go tool pprof -raw $dir/pprof 2>&1});
		like($found, $types, '… pprof: its types');
		is("@sums", "$events $amount", '… and sums');
	}
}

# --- the live report of the same run ---------------------------------------------------

sub same_as_live {
	my ($title, $event, $what, $types, @options) = @_;
	local $ENV{BEGIN} = '/';
	my ($live, $said, $status) = dwunw(qw(count --ring-size 32M -e), $event,
		@options, '--record', $file, "--folded=$dir/live.folded", '--', $events,
		$what ? $what : ());
	return "$title: $said" if $status && $title =~ /kernel/;
	my ($report, $err, $code) = dwunw('report', "--folded=$dir/report.folded", $file);
	$live =~ s/ \(--max-stacks\)$//m;
	is($report, text_of($live), "$title: the live report's text") or diag($said);
	is("$err$code", '0', '… and nothing else');
	is(Live::slurp("$dir/report.folded"), Live::slurp("$dir/live.folded"),
		'… and folded stacks');
	formats_agree($title, $report, $types);
	return { status => $status, said => $live, truth => Events::truth_of($live),
		counts => Events::counts_of(Live::slurp("$dir/report.folded")) };
}

my $call = qr/^samples\/count(?:\[dflt\])?$/;
Events::is_truth('calls', same_as_live('calls', "uprobe:$base:counted", '', $call), 'call',
	'counted');
Events::is_truth('returns', same_as_live('returns', "uretprobe:$base:counted", '', $call),
	'call');
Events::is_truth('calls of children',
	same_as_live('calls of children', "uprobe:$base:counted", 'forks', $call), 'call', 'counted');
Events::is_truth('tracepoint', same_as_live('tracepoint',
	'tracepoint:syscalls:sys_enter_getpgid', '', $call), 'kernel', 'syscall');
my $r = same_as_live('cpu', 'cpu', 'spin', qr{^samples/count cpu/nanoseconds}, qw(-F 199));
my ($ms, $samples) = $r->{said} =~ /\] (\d+) ms in (\d+) cpu events/;
is($ms, int($samples * int(1e9 / 199) / 1e6 + 0.5), '… samples are time');
$r = same_as_live('offcpu', 'offcpu', 'naps', qr{^samples/count offcpu/microseconds});
ok((grep { /nap short_naps naps main/ } keys %{$r->{counts}}) > 0, '… its stacks');

# --- whose it is ---------------------------------------------------------------------

{
	local $ENV{BEGIN} = '/';
	my (undef, $said, $status) = dwunw(qw(record --ring-size 32M -i 50ms -e),
		"uprobe:$base:counted", '-o', $file, '--', $events, 'forks');
	is($status, 0, 'dwunw record') or diag($said);
	dwunw('report', '--processes', "--json=$dir/json", $file);
	my %by_pid;
	$by_pid{$_->{pid}} += $_->{events}
	    for @{decode_json(Live::slurp("$dir/json"))->{stacks}};
	is(join(' ', sort values %by_pid), join(' ', (1250) x 5),
		'--processes: each of five children has called so often');
	my $full = (dwunw('report', $file))[0];
	like($full, qr/^\[[\d:]+\] 6250 events from 3 stacks$/m, '… and all of them');
	like((dwunw('report', $file, $file))[0], qr/^\[[\d:]+\] 12500 events from 3 stacks$/m,
		'two files are added up');
	like((dwunw('diff', $file, $file))[0], qr/^\[[\d:]+\] 0 events more, from 0 stacks|^\[[\d:]+\] 0 events more from 0 stacks/m,
		'no difference to itself');
	my (undef, $why, $code) = dwunw('report', $file, "$golden/1-plain.dwr");
	like($why, qr/1-plain\.dwr: it counts alloc, and what stands before it uprobe:/,
		'with allocations it is not added up');
	is($code, 1, '… which is a failure');
	(undef, $why, $code) = dwunw('diff', "$golden/1-plain.dwr", $file);
	like($why, qr/it counts uprobe:/, '… nor compared');
	for my $option ("--heaptrack=$dir/heaptrack", '--fail-if-growth=0') {
		my @words = $option =~ /growth/ ? ('diff', $option, $file, $file) :
		    ('report', $option, $file);
		(undef, $why, $code) = dwunw(@words);
		like("$code $why", qr/^1 .*is about allocations/, "$option is refused");
	}

	# cut and damaged: every step before it
	my $bytes = Live::slurp($file);
	my $put = sub { open(my $out, '>:raw', $file) or die $!; print $out $_[0]; close $out };
	$put->(substr($bytes, 0, -20));
	my ($cut, $err, $status2) = dwunw('report', $file);
	is($status2, 1, 'cut: it fails');
	like($err, qr/cut off within/, '… and says so');
	like($cut, qr/^\[[\d:]+\] 6250 events from 3 stacks$/m, '… what stands before is reported');
	$put->(substr($bytes, 0, -60) . 'x' . substr($bytes, -59));
	(undef, $err, $status2) = dwunw('report', $file);
	like("$status2 $err", qr/^1 .*checksum differs/s, 'damaged: so is that');
}

# --- another machine's ----------------------------------------------------------------

my ($text) = dwunw('report', "$golden/2-plain.dwr");
like($text, qr/^\[00:00:03\] 1071 ms in 106 cpu events from 1 stacks$|^\[\d\d:\d\d:\d\d\] 1071 ms in 106 cpu events from 1 stacks$/m,
	'a recording of a big-endian mips: its sums');
like($text, qr/^1020 ms in 101 cpu events from stack/m, '… of its stack');
like($text, qr/^51 ms in 5 cpu events from stacks that were not sent/m, '… and without one');
is((dwunw('report', "$golden/2-zlib.dwr"))[0], $text, 'by zlib the same');
is((dwunw('report', "$golden/2-zstd.dwr"))[0], $text, 'by zstd the same');

# --- what is refused -------------------------------------------------------------------

for ([qr/the same -e twice/, '-e', 'cpu', '-e', 'cpu'],
	[qr/-F is about -e cpu/, qw(-F 99)],
	[qr/--object is about -e alloc/, qw(-e cpu --object libc.so.6)],
	[qr/-s is about -e alloc/, qw(-e offcpu -s 9)],
	[qr/--sample-bytes is about -e alloc/, qw(-e offcpu --sample-bytes 9)],
	[qr/--max-live is about -e alloc/, qw(-e offcpu --max-live 9)],
	[qr/-e.*'offcpux'.*alloc, cpu, offcpu, uprobe:FILE:FUNCTION/, qw(-e offcpux)]) {
	my ($like, @words) = @$_;
	my (undef, $why, $code) = dwunw('record', @words, '-o', $file, '--', $events);
	is($code, 2, "dwunw record @words: refused");
	like($why, $like, '… and why');
}
done_testing();
