#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# --push URL: what a server gets (pushed.py), read by go tool pprof, has the sums of the
# text; what is counted comes as differences, what is live as it is; retried, refused.
use strict;
use warnings;
use FindBin;
use IPC::Open2;
use JSON::PP;
use List::Util 'sum0';
use Test::More;
use lib "$FindBin::Bin/../live";
use Live ();

my $dwunw = "$Live::build/dwunw";
my $golden = "$Live::root/tests/record/golden";
my $events = "$Live::build/tests/count/events";
my $kinds = "$Live::build/tests/record/kinds";
qx{$dwunw report --help 2>&1} =~ /--push/ or do {
	print "1..0 # SKIP this build has no dwunw report\n";
	exit 0;
};
my ($none) = qx{$dwunw report --push http://127.0.0.1:1 $golden/1-plain.dwr 2>&1} =~
    /(--push: (?:not in this build|libcurl).*)/;
$none and do { print "1..0 # SKIP $none\n"; exit 0 };
$ENV{no_proxy} = $ENV{NO_PROXY} = '*';
my $go = grep { -x "$_/go" } split /:/, $ENV{PATH};

# A server that gives these statuses first; what it has kept is in $dir.
my ($dir, $server, $to, $runs);
sub serve {
	my (@statuses) = @_;
	stop_server();
	$dir = "$Live::dir/pushed." . ++$runs;
	mkdir $dir or die $!;
	$server = open2(my $from, $to, 'python3', "$FindBin::Bin/pushed.py", $dir, @statuses);
	chomp(my $port = <$from>);
	return "http://127.0.0.1:$port";
}
sub stop_server { close $to if $to; waitpid $server, 0 if $server; ($to, $server) = () }
sub kept { return sort { ($a =~ m{(\d+)\.json})[0] <=> ($b =~ m{(\d+)\.json})[0] } glob "$dir/*.json" }
sub told { return decode_json(Live::slurp($_[0])) }

# {type => sum} of a profile
sub sums {
	my ($json) = @_;
	local $ENV{HOME} = $Live::dir;
	my $profile = $json =~ s/json$/pb.gz/r;
	my ($types, $samples) = qx{go tool pprof -raw $profile 2>&1} =~ /^Samples:\n(.*)\n((?: +.*\n)*)/m;
	my @names = map { s{/.*}{}r } split ' ', $types // '';
	my %sums = map { $_ => 0 } @names;
	for (split /\n/, $samples // '') {
		my ($values) = /^ *((?:-?\d+ +)*-?\d+):/ or next;
		my @values = split ' ', $values;
		$sums{$names[$_]} += $values[$_] for 0 .. $#names;
	}
	return \%sums;
}

# --- a recording ------------------------------------------------------------------------

my $headers = "$Live::dir/headers";
sub put { my ($name, $text) = @_; open(my $out, '>', $name) or die $!; print $out $text; close $out }
put($headers, "# of the tenant\nX-Scope-OrgID: team-1\n\nAuthorization: Bearer of:things\n");
my ($said, $status) = Live::run($dwunw, 'report', '--push', serve(), '--push-headers', $headers,
	qw(--push-label env=test --push-label zone=a-1), "$golden/1-plain.dwr");
is($status, 0, 'a recording is pushed') or diag($said);
my @all = kept();
is(scalar(@all), 1, '… as a single profile');
my $one = told($all[0]);
is($one->{path}, '/ingest', '… to /ingest');
like($one->{query}{name}, qr/^leaky\{hostname=[\w.-]+,env=test,zone=a-1\}$/, '… with its name and labels');
is($one->{query}{format}, 'pprof', '… as pprof');
is("$one->{query}{from} $one->{query}{until}", '1700000000 1700000003', '… of that time')
    if $one->{query}{until} - 1700000000 == 3;
cmp_ok($one->{query}{until}, '>=', $one->{query}{from}, '… which does not go back');
is("$one->{headers}{'X-Scope-OrgID'}|$one->{headers}{Authorization}", 'team-1|Bearer of:things',
	'… with the headers of the file');
is($one->{types}{$_}{aggregation}, 'sum', "… $_ adds up") for qw(alloc_objects alloc_space);
is($one->{types}{$_}{aggregation}, 'average', "… $_ does not") for qw(inuse_objects inuse_space);
SKIP: {
	skip('no go', 1) unless $go;
	is_deeply(sums($all[0]), { alloc_objects => 300, alloc_space => 19200, inuse_objects => 7,
		inuse_space => 637 }, '… and the sums of the recording');
}

# --- taken later, refused --------------------------------------------------------------

($said, $status) = Live::run($dwunw, 'report', '--push', serve(503, 429), "$golden/2-plain.dwr");
is($status, 0, 'a server that cannot take it yet is asked again') or diag($said);
is(scalar(my @once = kept()), 1, '… and has it once');
($said, $status) = Live::run($dwunw, 'report', '--push', serve(401), "$golden/2-plain.dwr");
is($status, 1, 'one that refuses it is a failure');
like($said, qr/--push \S+: HTTP status 401$/m, '… with its reason');
like($said, qr/1 of 1 profiles were not taken$/m, '… and a count');
is(scalar(my @never = kept()), 0, '… and is not asked again');
($said, $status) = Live::run($dwunw, qw(report --push http://127.0.0.1:1), "$golden/2-plain.dwr");
like("$status $said", qr/^1 .*[Cc]onnect/s, 'no server: so is that');
like($said, qr/106 cpu events/, '… and the report is printed');

for ([qr/begins with http/, qw(--push ftp://host)], [qr/not in the URL/, qw(--push http://a:b@host)],
	[qr/the URL of the server alone/, qw(--push http://host/?a=b)],
	[qr/are about --push URL/, qw(--push-name x)],
	[qr/KEY=VALUE/, qw(--push http://host --push-label x)],
	[qr/KEY=VALUE/, '--push', 'http://host', '--push-label', 'a=b,c=d']) {
	my ($like, @words) = @$_;
	($said, $status) = Live::run($dwunw, 'report', @words, "$golden/2-plain.dwr");
	is($status, 2, "@words: refused");
	like($said, $like, '… and why');
}
put($headers, "Good: one\nnone\n");
($said, $status) = Live::run($dwunw, 'report', '--push', 'http://127.0.0.1:1', '--push-headers',
	$headers, "$golden/2-plain.dwr");
like("$status $said", qr/^1 .*--push-headers \S+: line 2 is no "Name: value"/s, 'a line that is no header');

# --- OpenTelemetry's ------------------------------------------------------------------------

# What protoc prints, as {field => [value, ...]}.
sub parsed {
	my ($lines) = @_;
	my %all;
	while (defined(my $line = shift @$lines)) {
		last if $line =~ /^\s*\}$/;
		if ($line =~ /^\s*(\w+) \{$/) { push @{$all{$1}}, parsed($lines) }
		elsif ($line =~ /^\s*(\w+): "(.*)"$/) { push @{$all{$1}}, $2 }
		elsif ($line =~ /^\s*(\w+): (.*)$/) { push @{$all{$1}}, $2 }
	}
	return \%all;
}

sub otlp {
	my ($json) = @_;
	my $body = $json =~ s/json$/otlp/r;
	return parsed([split /\n/, scalar qx{protoc -I$FindBin::Bin --decode=otlp.Request otlp.proto <$body 2>&1}]);
}

# {type/unit => sum}, and each stack that has values as names, innermost first
sub otlp_sums {
	my ($request) = @_;
	my $d = $request->{dictionary}[0];
	my @strings = @{$d->{string_table}};
	my (%sums, %stacks);
	for my $profile (@{$request->{resource_profiles}[0]{scope_profiles}[0]{profiles}}) {
		my $type = $profile->{sample_type}[0];
		my $key = "$strings[$type->{type_strindex}[0]]/$strings[$type->{unit_strindex}[0]]";
		$sums{$key} += 0;
		for my $sample (@{$profile->{samples} // []}) {
			$sums{$key} += $_ for @{$sample->{values}};
			my @names = map { map { $strings[$d->{function_table}[$_->{function_index}[0]]{name_strindex}[0]] }
				@{$d->{location_table}[$_]{lines} // []} }
			    @{$d->{stack_table}[$sample->{stack_index}[0]]{location_indices}};
			$stacks{"@names"} = 1;
		}
	}
	return (\%sums, \%stacks);
}
SKIP: {
	skip('no protoc', 1) unless grep { -x "$_/protoc" } split /:/, $ENV{PATH};
	($said, $status) = Live::run($dwunw, 'report', '--push', serve(503), qw(--push-format otlp
		--push-label env=test), "$golden/1-plain.dwr");
	is($status, 0, 'OTLP, the second time') or diag($said);
	my ($kept) = kept();
	is(told($kept)->{path}, '/v1development/profiles', '… to its path');
	like(told($kept)->{headers}{'User-Agent'}, qr/opentelemetry-proto 1\.11\.0/, '… which says of which schema');
	my $request = otlp($kept);
	my ($sums, $stacks) = otlp_sums($request);
	is_deeply($sums, { 'alloc_objects/count' => 300, 'alloc_space/bytes' => 19200,
		'inuse_objects/count' => 7, 'inuse_space/bytes' => 637 }, '… the sums of the recording');
	is(join('|', sort keys %$stacks), 'more grow work main', '… its stack, with inlined calls');
	my %attributes = map { $_->{key}[0] => $_->{value}[0]{string_value}[0] }
	    @{$request->{resource_profiles}[0]{resource}[0]{attributes}};
	is("$attributes{'service.name'} $attributes{env}", 'leaky test', '… its name and labels');
	my $profile = $request->{resource_profiles}[0]{scope_profiles}[0]{profiles}[0];
	is($profile->{time_unix_nano}[0], '1700000000000000000', '… and time');
	my $d = $request->{dictionary}[0];
	is(scalar(grep { !%{$d->{$_}[0]} } qw(mapping_table location_table function_table link_table
		attribute_table stack_table)), 6, '… number 0 of each table is none');
	my ($file) = grep { ($_->{filename_strindex}[0] // 0) &&
		$d->{string_table}[$_->{filename_strindex}[0]] eq '/usr/bin/leaky' } @{$d->{mapping_table}};
	is($d->{attribute_table}[$file->{attribute_indices}[0]]{value}[0]{string_value}[0],
		'000102030405060708090a0b0c0d0e0f10111213', '… a file by its build id');
	($said, $status) = Live::run($dwunw, 'report', '--push', serve(), qw(--push-format otlp),
		"$golden/2-plain.dwr");
	($sums) = otlp_sums(otlp((kept())[0]));
	is_deeply($sums, { 'samples/count' => 106, 'cpu/nanoseconds' => 1070707060 },
		'… of another event: its sums, those without a stack as well');
}

# --- live ------------------------------------------------------------------------------------

Live::need_bpf() if $> == 0;
SKIP: {
	skip('not root, or no go', 1) if $> || !$go;
	{
		local $ENV{BEGIN} = '/';
		($said, $status) = Live::run($dwunw, qw(count -i 200ms --ring-size 32M -F 499 -e cpu --push),
			serve(), '--', $events, 'spin');
	}
	is($status, 0, 'dwunw count --push') or diag($said);
	my ($last) = $said =~ /.*\] \d+ ms in (\d+) cpu events/s;
	my @sums = map { sums($_) } kept();
	cmp_ok(scalar(@sums), '>', 3, '… each interval');
	is(sum0(map { $_->{samples} } @sums), $last, '… differences, which add up to all samples');
	is(sum0(map { $_->{cpu} } @sums), $last * int(1e9 / 499), '… and to their time');
	my @times = map { told($_)->{query} } kept();
	is(scalar(grep { $times[$_]{from} != $times[$_ - 1]{until} } 1 .. $#times), 0,
		'… from the end of the one before');
	like($times[-1]{name}, qr/^events\{hostname=[^,]+,build_id=[0-9a-f]{40}\}$/, '… with its build');
	($said, $status) = Live::run($dwunw, qw(leaks -i 1h --push-name api.v1 --push), serve(), '--', $kinds);
	is($status, 0, 'dwunw leaks --push') or diag($said);
	my ($bytes, $blocks) = $said =~ /.*\] (\d+) bytes in (\d+) allocations are live/s;
	my $live = sums((kept())[-1]);
	is("$live->{inuse_space} $live->{inuse_objects}", "$bytes $blocks", '… what is live');
	like(told((kept())[-1])->{query}{name}, qr/^api\.v1\{/, '… by another name');

	# beside the file, each step
	my $file = "$Live::dir/pushed.dwr";
	{
		local $ENV{BEGIN} = '/';
		($said, $status) = Live::run($dwunw, qw(record -i 200ms --ring-size 32M -F 499 -e cpu -o), $file,
			'--push', serve(), '--', $events, 'spin');
	}
	is($status, 0, 'dwunw record --push') or diag($said);
	my ($text) = Live::run($dwunw, 'report', $file);
	($last) = $text =~ /\] \d+ ms in (\d+) cpu events/;
	@sums = map { sums($_) } kept();
	cmp_ok(scalar(@sums), '>', 3, '… each step');
	is(sum0(map { $_->{samples} } @sums), $last, '… which add up to what is in the file');

	# a server that never answers: reports go on, and all is counted
	{
		local $ENV{BEGIN} = '/';
		($said, $status) = Live::run($dwunw, qw(count -i 100ms --ring-size 32M -e), 'uprobe:events:counted',
			'--push', serve(('hang') x 99), '--', $events, 'forks');
	}
	is($status, 1, 'a server that hangs: some is not taken');
	like($said, qr/^\[[\d:]+\] 6250 events from 3 stacks/m, '… and nothing is lost of what is counted')
	    or diag($said);
}
stop_server();
done_testing();
