#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw report: from a recording comes what the live report of the same run has, byte by
# byte; names come from files of the same build alone, wherever they are; what is cut
# or damaged is said.
use strict;
use warnings;
use FindBin;
use File::Basename;
use File::Copy 'copy';
use File::Path 'make_path';
use IO::Socket::INET;
use Time::HiRes qw(sleep time);
use Test::More;
use lib "$FindBin::Bin/../live";
use Live ();

my $dwunw = "$Live::build/dwunw";
my $programs = "$Live::build/tests/record";
my $golden = "$Live::root/tests/record/golden";
qx{$dwunw report --help 2>&1} =~ /usage: dwunw report/ or do {
	print "1..0 # SKIP this build has no dwunw report\n";
	exit 0;
};
my $dir = $Live::dir;
delete $ENV{DEBUGINFOD_URLS};
$ENV{TZ} = 'UTC';

sub dwunw { return Live::outcome($dwunw, @_) }

# A report without what the command printed before it.
sub text_of { my ($text) = $_[0] =~ /(^\[\d\d:\d\d:\d\d\].*)/ms; return $text // '' }

# --- a recording of another machine -----------------------------------------------

my ($text, $said, $status) = dwunw('report', "$golden/1-plain.dwr");
is($status, 0, 'a recording of a big-endian mips') or diag($said);
like($said, qr{^dwunw: report: /lib/libc\.so\.0: no file of this build is here: 2 frames have no name },
	'… the file that is missing');
like($text, qr/^637 bytes in 7 allocations from stack of pid 1234 \(leaky\)$/m, '… its sums');
like($text, qr{^\tmore \(inlined\) /src/grow.h:4$|^\t +more \(inlined\) /src/grow.h:4$}m,
	'… names that it kept, inlined ones too');
like($text, qr{work\+0x20 /src/leaky.c:12  \[leaky\]}, '… a function, a line, a file');
like($text, qr/0x1234  \[libc\.so\.0\]/, '… an address where it has no name');
is((dwunw('report', "$golden/1-zlib.dwr"))[0], $text, 'by zlib the same');
is((dwunw('report', "$golden/1-zstd.dwr"))[0], $text, 'by zstd the same');

# --- nothing is replaced by mistake ---------------------------------------------------

copy("$golden/1-plain.dwr", "$dir/kept.dwr");
my $kept = Live::slurp("$dir/kept.dwr");
for (['--html', "$dir/kept.dwr"], ['--output', "$dir/../" . basename($dir) . '/kept.dwr']) {
	($text, $said, $status) = dwunw('report', @$_, "$dir/kept.dwr");
	is($status, 2, "@$_ on the recording itself: status");
	like($said, qr/a recording that is read would be replaced/, '… is said');
	($text, $said, $status) = dwunw('diff', @$_, "$golden/1-plain.dwr", "$dir/kept.dwr");
	is($status, 2, '… by diff as well');
}
is(Live::slurp("$dir/kept.dwr"), $kept, '… and it is as it was');
SKIP: {
	skip('needs BPF', 3) unless -e '/sys/kernel/btf' && $> == 0;
	($text, $said, $status) = dwunw('record', '-o', "$dir/kept.dwr", '--', 'no-such-command');
	is($status, 127, 'a command that is not there: status') or diag $said;
	is(Live::slurp("$dir/kept.dwr"), $kept, '… the recording before stays');
	($text, $said, $status) = dwunw('record', '-o', "$dir/gone.dwr", '--', '/bin/rm',
		"$dir/gone.dwr");
	like($said, qr/gone\.dwr: was removed or moved meanwhile/, 'a file that is gone is said');
}
# of a difference there is no growth since a report before, nor twice the counts
($text) = dwunw('diff', '--metrics', "$dir/diff.prom", "$golden/1-plain.dwr", "$golden/1-plain.dwr");
unlike(Live::slurp("$dir/diff.prom"), qr/growth_bytes/, 'diff: no growth of a difference');
dwunw('report', '--metrics', "$dir/one.prom", "$golden/1-plain.dwr");
my ($once) = Live::slurp("$dir/one.prom") =~ /^dwunw_allocations_total (\d+)/m;
my ($both) = Live::slurp("$dir/diff.prom") =~ /^dwunw_allocations_total (\d+)/m;
is($both, $once, 'diff: counts are of the newer one');
($text) = dwunw('report', "$golden/1-plain.dwr");

# --- cut, damaged, none -------------------------------------------------------------

my $bytes = Live::slurp("$golden/1-plain.dwr");
sub put {
	my ($name, $content) = @_;
	open(my $out, '>:raw', "$dir/$name") or die $!;
	print $out $content;
	close $out;
	return "$dir/$name";
}
for ([ 'cut.dwr', substr($bytes, 0, -40), qr/cut off within/, 1 ],
	[ 'open.dwr', substr($bytes, 0, -30), qr/cut off|has not ended it/, 1 ],
	[ 'damaged.dwr', substr($bytes, 0, -60) . 'x' . substr($bytes, -59),
		qr/chunk at 0x[0-9a-f]+ \(names\): its checksum differs/, 1 ],
	[ 'text.dwr', "[20:00:00] no recording\n", qr/no recording of dwunw/, 1 ],
	[ 'empty.dwr', '', qr/no recording/, 1 ],
	[ 'later.dwr', substr($bytes, 0, 8) . "\4" . substr($bytes, 9),
		qr/of version 4, and this reader knows 1 to 3/, 1 ]) {
	my ($name, $content, $like, $code) = @$_;
	my ($out, $err, $got) = dwunw('report', put($name, $content));
	like($err, $like, "$name: what is wrong");
	like($err, qr/^dwunw: report: \Q$dir\/$name\E: /, '… and of which file');
	is($got, $code, '… and it fails');
	is(scalar($out =~ /637 bytes in 7/), $name =~ /cut|open|damaged/ ? 1 : '',
		'… what stands before is reported');
}
my $not_ended = substr($bytes, 0, -(24 + 5));
$not_ended = substr($bytes, 0, length($bytes) - 24 - unpack('V',
	substr($bytes, rindex($bytes, 'DWCK') + 12, 4)));
my ($out, $err, $code) = dwunw('report', put('killed.dwr', $not_ended));
is($code, 0, 'one that its tool has not ended is no failure');
like($err, qr/its tool has not ended it; what stands before is reported/,
	'… but that is said');

# --- several ----------------------------------------------------------------------------

($out, $err, $code) = dwunw('report', ("$golden/1-plain.dwr") x 3);
is($code, 0, 'several files');
like($out, qr/^1911 bytes in 21 allocations from stack/m, 'are added up by stack');
# each has its own times: growth since the first of one of them would be a wrong number
dwunw('report', '--metrics', "$dir/one.prom", "$golden/1-plain.dwr");
dwunw('report', '--metrics', "$dir/several.prom", ("$golden/1-plain.dwr") x 2);
like(Live::slurp("$dir/one.prom"), qr/^dwunw_stack_growth_bytes/m, 'one has growth over time');
unlike(Live::slurp("$dir/several.prom"), qr/growth_bytes/, '… several have none');
($out, $err, $code) = dwunw('report', "$golden/1-plain.dwr", "$dir/text.dwr");
like($out, qr/^637 bytes/m, 'one of them is none: the other is reported');
is($code, 1, '… and it fails');

# --- the live report of the same run ------------------------------------------------------

Live::need_bpf() if $> == 0; # skips what follows where BPF is not there
SKIP: {
	skip('not root', 1) if $>;
	my $file = "$dir/live.dwr";

	sub same_as_live {
		my ($title, @options) = @_;
		my @ours = grep { /^--processes$/ } @options;
		my ($live, $said) = dwunw('leaks', qw(-i 1h),
			"--folded=$dir/live.folded",
			"--json=$dir/live.json", '--record', $file, @options);
		my ($report, $err, $code) = dwunw('report', @ours,
			"--folded=$dir/report.folded", $file);
		# how many are kept is an option of leaks alone
		$live =~ s/ \(--max-stacks\)$//m;
		is($report, text_of($live), "$title: its text") or diag($said);
		is($err, '', '… nothing else is said');
		is(Live::slurp("$dir/report.folded"),
			Live::slurp("$dir/live.folded"), '… folded stacks');
	}
	same_as_live('kinds', '--', "$programs/kinds");
	same_as_live('stripped', '--', "$programs/stripped/kinds");
	same_as_live('two processes', '--', "$programs/forks");
	same_as_live('two processes apart', '--processes', '--',
		"$programs/forks");
	same_as_live('few stacks are kept', qw(--max-stacks 2), '--',
		"$programs/kinds");
	same_as_live('samples', qw(-s 3), '--', "$programs/kinds");

	# --- names from elsewhere ---------------------------------------------------------

	my $here = "$dir/device/usr/bin";
	make_path($here);
	copy("$programs/stripped/kinds", "$here/kinds");
	chmod 0755, "$here/kinds";
	dwunw(qw(record --no-names -o), $file, '--', "$here/kinds");
	($out) = dwunw('report', $file);
	unlike($out, qr/leak_here/, 'a stripped program has no names');
	like($out, qr/  0x[0-9a-f]+  \[kinds\]/, '… but addresses');

	# of each stack: function, file and line as the unstripped program has it live
	my ($truth) = dwunw(qw(leaks -i 1h --), "$programs/kinds");
	my $strip = sub { text_of($_[0]) =~
		s/^\[\d\d:\d\d:\d\d\]//r =~ s/#(\d+) +0x[0-9a-f]+/#$1/gr =~
		s/^\t.*\[(?!kinds)[^]]*\](?: \(.*\))?\n//gmr };
	my $root = "$dir/root";
	make_path("$root$here");
	copy("$programs/kinds", "$root$here/kinds");
	($out, $err) = dwunw('report', '--sysroot', $root, $file);
	like($out, qr{leak_here\+0x[0-9a-f]+ \S+/kinds\.c:\d+  \[kinds\]},
		'--sysroot: function, file and line');
	like($out, qr{get \(inlined\) \S+/kinds\.c:\d+}, '… and inlined calls');
	is($strip->($out), $strip->($truth), '… as from the unstripped program');

	my ($id) = qx{readelf -n $programs/kinds} =~ /Build ID: (\w+)/;
	my $debug = "$dir/debug/.build-id/" . substr($id, 0, 2);
	make_path($debug);
	system('objcopy', '--only-keep-debug', "$programs/kinds",
		"$debug/" . substr($id, 2) . '.debug');
	($out) = dwunw('report', '--debug-dir', "$dir/debug", $file);
	is($strip->($out), $strip->($truth), '--debug-dir: the same');
	unlink "$here/kinds";
	($out) = dwunw('report', '--debug-dir', "$dir/debug", $file);
	is($strip->($out), $strip->($truth), '… also when the program is gone');

	copy("$programs/other/kinds", "$root$here/kinds");
	($out, $err) = dwunw('report', '--sysroot', $root, $file);
	like($err, qr{\Q$root$here\E/kinds: is of another build, not used for \Q$here\E/kinds},
		'another build is refused by name');
	unlike($out, qr/leak_here/, '… and gives no names');
	like($err, qr{\Q$here\E/kinds: no file of this build is here: \d+ frames have no name},
		'… and those that are missing are counted');

	# without build id, by its code
	copy("$programs/stripped/plain/kinds", "$here/kinds");
	chmod 0755, "$here/kinds";
	dwunw(qw(record --no-names -o), $file, '--', "$here/kinds");
	copy("$programs/plain/kinds", "$root$here/kinds");
	($out, $err) = dwunw('report', '--sysroot', $root, $file);
	is($strip->($out), $strip->($truth), 'without build id: by its code');
	copy("$programs/kinds", "$root$here/kinds");
	($out, $err) = dwunw('report', '--sysroot', $root, $file);
	like($err, qr/is of another build/, '… and another is refused');

	# names are kept of a program that is gone
	copy("$programs/kinds", "$here/kinds");
	chmod 0755, "$here/kinds";
	my ($live) = dwunw(qw(leaks -i 1h --record), $file, '--', "$here/kinds");
	unlink "$here/kinds";
	($out, $err) = dwunw('report', $file);
	is($out, text_of($live), 'a program that is gone: names that were kept');
	is($err, '', '… and nothing is missing');

	# --- debuginfod ---------------------------------------------------------------------

	my $server = (grep { -x "$_/debuginfod" } split /:/, $ENV{PATH})[0];
	my $library = qx{$dwunw report --debuginfod $file 2>&1};
	like($library, qr/DEBUGINFOD_URLS names no server|not in this build/,
		'--debuginfod needs a server');
	skip('no debuginfod', 1) unless $server && $library =~ /names no/;
	copy("$programs/stripped/kinds", "$here/kinds");
	chmod 0755, "$here/kinds";
	dwunw(qw(record --no-names -o), $file, '--', "$here/kinds");
	make_path("$dir/served");
	copy("$programs/kinds", "$dir/served/kinds");
	my $free = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
	my $port = $free->sockport;
	close $free;
	my $pid = fork // die $!;
	if (!$pid) {
		open(STDOUT, '>', "$dir/server.log");
		open(STDERR, '>&', \*STDOUT);
		delete $ENV{DEBUGINFOD_URLS};
		exec 'debuginfod', '-d', ':memory:', '-p', $port, '-F',
			"$dir/served";
		die;
	}
	my $until = time + 120;
	my $ready = '';
	while ($ready !~ /^thread_work_total\{role="traverse"\} [1-9]/m &&
		time < $until) {
		sleep 0.2;
		my $to = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port")
		    or next;
		print $to "GET /metrics HTTP/1.0\r\n\r\n";
		local $/;
		$ready = <$to> // '';
	}
	$ENV{DEBUGINFOD_CACHE_PATH} = "$dir/cache";
	$ENV{DEBUGINFOD_URLS} = "http://127.0.0.1:$port";
	my $asked;
	for (1 .. 100) { # the first scan may still be at it
		($out, $err) = dwunw('report', '--debuginfod', $file);
		$asked = $out =~ /leak_here/ and last;
		system('rm', '-rf', "$dir/cache");
		sleep 0.3;
	}
	is($strip->($out), $strip->($truth), '--debuginfod: the same names')
		or diag(Live::slurp("$dir/server.log"));
	is($err, '', '… without progress where there is no terminal');
	($out) = dwunw('report', $file);
	is($strip->($out), $strip->($truth),
		'DEBUGINFOD_URLS alone: it is asked as well');
	($out) = dwunw('report', '--no-debuginfod', $file);
	unlike($out, qr/leak_here/, '--no-debuginfod: nobody is');
	kill 'KILL', $pid;
	waitpid $pid, 0;
}
done_testing();
