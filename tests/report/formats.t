#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Each format is opened by a program of others, and has the sum of the text: go tool
# pprof, protoc, heaptrack_print, promtool, python3's json, perl's. Models that are
# made up (fill.c), and a program that leaks.

use strict;
use warnings;
use FindBin;
use JSON::PP;
use Test::More;
use lib "$FindBin::Bin/../live";
use Live ();

my $build = $ENV{BUILD} || "$Live::root/build/" . (split ' ', `uname -m`)[0];
my $fill = "$build/tests/report/fill";
my $dir = $Live::dir;
Live::skip_all('CONFIG_REPORT is off') unless -x $fill;
# no server, no configuration of this user's
local $ENV{HOME} = $dir;
local $ENV{PPROF_TMPDIR} = $dir;

sub slurp { open(my $in, '<:raw', $_[0]) or return ''; local $/; return scalar <$in> // '' }
sub has { my ($program) = @_; chomp(my $path = `command -v $program 2>/dev/null`); return $path }
sub said { my ($command) = @_; my $text = `$command 2>&1`; return $text }

# The text's first line: bytes and blocks.
sub text_sums {
	my ($text) = @_;
	return $text =~ /^\[\d\d:\d\d:\d\d\] (-?\d+) bytes in (-?\d+) allocations/m;
}

# FILE -> (bytes, blocks), of each format.
sub folded_sum {
	my $sum = 0;
	for (split /\n/, slurp($_[0])) {
		return 'no line of folded stacks: ' . $_ unless /^[^;].* (-?\d+)$/;
		$sum += $1;
	}
	return ($sum);
}

sub json_sums {
	my $data = decode_json(slurp($_[0]));
	my ($bytes, $blocks) = ($data->{unknown_bytes} + $data->{unkept_bytes},
		$data->{unknown_allocations} + $data->{unkept_allocations});
	for (grep { !$_->{of_thread} } @{$data->{stacks}}) {
		$bytes += $_->{bytes};
		$blocks += $_->{allocations};
	}
	return ($bytes, $blocks);
}

sub python_sums {
	my $code = 'import json, sys; d = json.load(open(sys.argv[1]));'
	    . 'b = [s for s in d["stacks"] if not s.get("of_thread")];'
	    . 'print(sum(s["bytes"] for s in b) + d["unknown_bytes"] + d["unkept_bytes"],'
	    . 'sum(s["allocations"] for s in b) + d["unknown_allocations"] + d["unkept_allocations"])';
	return split ' ', said("python3 -c '$code' $_[0]");
}

sub go_raw { return said("go tool pprof -raw $_[0]") }

# "inuse_objects/count inuse_space/bytes[dflt]" and a line for each sample.
sub pprof_sums {
	my $raw = go_raw($_[0]);
	my ($types) = $raw =~ /^Samples:\n(.*)$/m or return $raw;
	my @types = split ' ', $types;
	my %sum;
	while ($raw =~ /^\s+((?:-?\d+\s+)*-?\d+): [\d ]*$/mg) {
		my @values = split ' ', $1;
		$sum{$types[$_] =~ s/\/.*//r} += $values[$_] for 0 .. $#types;
	}
	return @sum{qw(inuse_space inuse_objects alloc_space alloc_objects)};
}

# Of "-top": the total of its first lines, in bytes.
sub pprof_top { return said("go tool pprof -top -unit=B -nodefraction=0 $_[0]") }

sub heaptrack_sums {
	my $text = said("heaptrack_print --disable-builtin-suppressions $_[0]");
	my ($calls) = $text =~ /^calls to allocation functions: (\d+)/m;
	my ($temporary) = $text =~ /^temporary memory allocations: (\d+)/m;
	my ($leaked) = $text =~ /^total memory leaked: (\S+)/m;
	return ($leaked, $calls, $temporary);
}

# As heaptrack_print rounds it.
sub heaptrack_bytes {
	my ($bytes) = @_;
	my @units = ('B', 'K', 'M', 'G');
	while ($bytes >= 1000 && @units > 1) { $bytes /= 1000; shift @units }
	return @units == 4 ? "$bytes$units[0]" : sprintf('%.2f%s', $bytes, $units[0]);
}

sub speedscope_sums {
	my $data = decode_json(slurp($_[0]));
	my $frames = @{$data->{shared}{frames}};
	my %sum;
	for my $profile (@{$data->{profiles}}) {
		return "no $_" for grep { !defined $profile->{$_} }
			qw(type name unit startValue endValue samples weights);
		return 'samples and weights differ'
			if @{$profile->{samples}} != @{$profile->{weights}};
		return 'a frame that is none'
			if grep { grep { $_ >= $frames } @$_ } @{$profile->{samples}};
		$sum{$profile->{name}} += $_ for @{$profile->{weights}};
		return 'not its sum' if ($sum{$profile->{name}} // 0) != $profile->{endValue};
	}
	return @sum{qw(live_bytes live_blocks)};
}

sub metrics_sums {
	my $text = slurp($_[0]);
	my ($bytes) = $text =~ /^dwunw_live_bytes (-?\d+)$/m;
	my ($blocks) = $text =~ /^dwunw_live_allocations (-?\d+)$/m;
	my $stacks = 0;
	$stacks += $1 while $text =~ /^dwunw_stack_live_bytes\{.*\} (-?\d+)$/mg;
	return ("stacks are $stacks, all is $bytes") unless $stacks == $bytes;
	return ($bytes, $blocks);
}

# --- what is made up ---------------------------------------------------------------

my %made;
sub make {
	my ($format, $kind) = @_;
	my $path = "$dir/$kind.$format";
	return $path if $made{$path}++;
	system("$fill $format $kind >$path") == 0 or return '/dev/null';
	return $path;
}

my @programs = (
	[folded => undef, \&folded_sum], [json => undef, \&json_sums],
	[json => 'python3', \&python_sums], [pprof => 'go', \&pprof_sums],
	[speedscope => undef, \&speedscope_sums], [metrics => undef, \&metrics_sums],
);
for my $kind (qw(small hostile full less empty)) {
	my ($bytes, $blocks) = text_sums(slurp(make('text', $kind)));
	ok(defined $bytes, "$kind: the text has sums, $bytes bytes in $blocks blocks");
	for (@programs) {
		my ($format, $program, $sums) = @$_;
		SKIP: {
			skip("no $program", 1) if $program && !has($program);
			# weights are not negative there: two profiles
			skip('speedscope has no negative weights', 1)
				if $kind eq 'less' && $format eq 'speedscope';
			my @got = map { $_ // 0 } $sums->(make($format, $kind));
			my @want = ($bytes, $blocks);
			is("@got[0 .. (@got > 1)]", "@want[0 .. (@got > 1)]", "$kind: $format" .
				($program ? " by $program" : ''));
		}
	}
	SKIP: {
		skip('no heaptrack_print', 1) unless has('heaptrack_print');
		skip('a log has no negative sums', 1) if $kind eq 'less';
		my ($leaked, $calls, $temporary) = heaptrack_sums(make('heaptrack', $kind));
		my ($live, $all) = ($blocks, $kind eq 'full' ? $blocks + 4 * 7 : $blocks);
		is(join(' ', $leaked, $calls, $temporary // 0),
			join(' ', heaptrack_bytes($bytes), $all, $kind eq 'full' ? 20 : 0),
			"$kind: heaptrack_print");
	}
	SKIP: {
		skip('no promtool', 1) unless has('promtool');
		my $told = said('promtool check metrics <' . make('metrics', $kind));
		# its parser is of the older text format, where a counter's help
		# stands with _total
		is(join("\n", grep { !/^dwunw_\w+_total no help text$/ } split /\n/, $told), '',
			"$kind: promtool");
	}
	SKIP: {
		skip('no protoc', 1) unless has('protoc');
		my $path = make('pprof', $kind);
		my $unpack = slurp($path) =~ /^\x1f\x8b/ ? 'zcat' : 'cat';
		my $text = said("$unpack $path | protoc --proto_path=tests/report "
			. '--decode=profile.Profile tests/report/profile.proto');
		my $samples = () = $text =~ /^sample \{/mg;
		my ($json) = decode_json(slurp(make('json', $kind)));
		my $apart = grep { $json->{$_} } qw(unknown_bytes unkept_bytes);
		is($samples, @{$json->{stacks}} + $apart, "$kind: protoc --decode");
		unlike($text, qr/^\s*\d+:/m, "$kind: … no field that the schema lacks");
	}
}

SKIP: {
	skip('no go', 5) unless has('go');
	my @sums = pprof_sums(make('pprof', 'full'));
	is("@sums[2, 3]", join(' ', $sums[0] - 450 + 4 * 710, $sums[1] - 9 + 4 * 7),
		'full: alloc_space and alloc_objects');
	my $raw = go_raw(make('pprof', 'small'));
	like($raw, qr{^\s+\d+: 0x1100 M=1 inner\(int\) in\.h:3.*\n\s+leak src/leak\.cc:17 s=0\(leak<int, char>\(int\)\)}m,
		'an inlined call is before the function that has it') or diag($raw);
	like($raw, qr{^\s+\d+: 0x12ff M=1 main main\.c:9}m, 'a return address is inside its call');
	like($raw, qr{^\s+\d+: 0x1500 M=1\s*$}m, 'no name: an address, which pprof may name');
	like($raw, qr{^1: 0x1000/0x9000/0x1000 /usr/bin/program cafebabe01020304}m,
		'the program is the first mapping, as linked, with its build id');
	like(said('go tool pprof -top -unit=nanoseconds ' . make('pprof', 'cpu')),
		qr/^ *990000000ns +100% .*\bbusy\b/m, 'cpu: nanoseconds');
}
SKIP: {
	skip('no heaptrack_print', 1) unless has('heaptrack_print');
	like(said('heaptrack_print --disable-builtin-suppressions ' . make('heaptrack', 'small')),
		qr{^inner\(int\)\n\s+at in\.h:3\n\s+in /usr/bin/program\nleak<>\(int\)\n\s+at src/leak\.cc:17$}m,
		'heaptrack_print: inlined calls, source and file');
}
like(slurp(make('folded', 'small')),
	qr/^program;main;call;leak<int, char>\(int\);inner\(int\) 3001$/m,
	'folded: blanks stay, inlined calls are frames');
like(slurp(make('folded', 'hostile')), qr/^<b>program:x y<\/b>;main;a:b c d 103$/m,
	'folded: no ; of a name');
is((grep { !/^[\x20-\x7e\x80-\xff]+$/ } split /\n/, slurp(make('folded', 'hostile'))) + 0, 0,
	'folded: no control character');
is((grep { /[\x00-\x08\x0b-\x1f\x7f]/ } split /\n/, slurp(make('text', 'hostile'))) + 0, 0,
	'text: no control character') ;
{
	# more stacks than --top: the others are one
	system("$fill metrics large 50 >$dir/large.metrics") == 0 or die;
	my @want = `$fill text large 50` =~ /\] (\d+) bytes in (\d+) allocations/;
	is(join(' ', metrics_sums("$dir/large.metrics")), "@want", 'metrics of 50 stacks: the sum');
	my $sets = () = slurp("$dir/large.metrics") =~ /^dwunw_stack_live_bytes\{/mg;
	is($sets, 13, 'and 13 label sets');
}
my @sorted = map { $_->{bytes} } @{decode_json(slurp(make('json', 'hostile')))->{stacks}};
is("@sorted", join(' ', sort { $b <=> $a } @sorted), 'most bytes first');
is(decode_json(slurp(make('json', 'hostile')))->{stacks}[2]{frames}[0]{function},
	"\x{51fd}\x{6570}", 'UTF-8 stays what it is');

# --- a program that leaks -------------------------------------------------------------

my $leaky = "$build/tests/memleak/debugged";
my $dwunw = "$build/dwunw";
SKIP: {
	skip('not root', 1) if $> != 0;
	skip('CONFIG_LEAKS is off', 1)
		if said("$dwunw leaks --help") !~ /^usage: dwunw leaks/;
	skip("$leaky is not built", 1) unless -x $leaky;
	my %file = map { $_ => "$dir/real.$_" }
		qw(text folded json pprof html heaptrack speedscope metrics);
	my $told = said(join ' ', 'timeout 300', $dwunw, 'leaks -o 0 -i 10000s', "--output $file{text}",
		(map { "--$_=$file{$_}" } grep { $_ ne 'text' } keys %file), '--', $leaky, 7, 1);
	skip('BPF is not permitted here', 1) if $? >> 8 == 77;
	is($?, 0, 'dwunw leaks with every format') or diag($told);
	my ($bytes, $blocks) = text_sums(slurp($file{text}));
	is("$bytes $blocks", join(' ', 7 * (48 + 100 + 200 + 4000 + 300 + 640 + 8192), 49),
		'what leaky.c leaks');
	for (@programs) {
		my ($format, $program, $sums) = @$_;
		next if $program && !has($program);
		my @got = $sums->($file{$format});
		my @want = ($bytes, $blocks);
		is("@got[0 .. (@got > 1)]", "@want[0 .. (@got > 1)]", "leaky: $format" .
			($program ? " by $program" : ''));
	}
	if (has('heaptrack_print')) {
		my @got = heaptrack_sums($file{heaptrack});
		is("@got[0, 1]", heaptrack_bytes($bytes) . " $blocks", 'leaky: heaptrack_print');
	}
	# what pprof says is at an address is what addr2line says
	if (has('go') && has('addr2line')) {
		my @wrong;
		for (go_raw($file{pprof}) =~ /^\s+\d+: (0x[0-9a-f]+ M=1 \w+ \S+) /mg) {
			my ($address, undef, $function, $line) = split ' ', $_;
			my $other = said("addr2line -f -e $leaky $address") =~ s/ \(discriminator \d+\)//r;
			push @wrong, "$_: $other" unless $line =~ /^:0$/ || $other eq "$function\n$line\n";
		}
		is(join("\n", @wrong), '', "leaky: functions and lines are addr2line's");
		my ($id) = said("readelf -n $leaky") =~ /Build ID: (\w+)/;
		like(go_raw($file{pprof}), qr/^1: \S+ \Q$leaky\E \Q$id\E /m,
			"… and the build id is readelf's");
	}
}
unlink glob "$dir/*.*";
done_testing();
