#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# desk.pl NAME LOG PROGRAMS WORK DWUNW - what a guest has recorded of stripped files
# (recorded.c), as DWUNW reports it here with the unstripped ones of PROGRAMS: byte for
# byte the text and the JSON of the device's own report, also where the names that
# the device knew are taken out of the recording; a function, a file and a line for
# each frame; the counts that the program has said; a page without an empty part.
# Prints TAP as check.pl does; WORK is a directory to write to.
use strict;
use warnings;
use utf8;
use Compress::Raw::Zlib 'crc32';
use File::Basename;
use File::Copy 'copy';
use File::Path 'make_path';
use JSON::PP;

binmode(STDOUT, ':utf8');
my ($guest, $log_path, $programs, $work, $dwunw) = @ARGV;
my $minute = 300_000; # bytes of a minute of 1,000 allocations a second
my $root = "$work/rootfs";

sub slurp {
	my ($path) = @_;
	open(my $file, '<:raw', $path) or die "$path: $!\n";
	local $/;
	return scalar <$file> // '';
}

sub result($$@) {
	my ($ok, $title, @why) = @_;
	print $ok ? 'ok' : 'not ok', " - $guest: $title\n";
	return 1 if $ok;
	print "# $_\n" for map { split /\n/ } @why;
	return 0;
}

# --- what the console shows --------------------------------------------------------

my $log = slurp($log_path) =~ s/\r//gr;

sub said {
	my ($run) = @_;
	my ($text) = $log =~ /^run recorded-$run\n(.*?)^end recorded-$run /ms;
	return $text // '';
}

sub put {
	my ($path, $bytes) = @_;
	open(my $out, '>:raw', $path) or die "$path: $!\n";
	print $out $bytes;
	close($out) or die "$path: $!\n";
	return $path;
}

# A file of the guest, from its lines; undef: told. A lost line damages a recording,
# which its report says.
sub sent {
	my ($name) = @_;
	my $bytes = pack 'H*', join '', $log =~ /^bytes \Q$name\E ([0-9a-f]+)$/mg;

	result(length $bytes, "$name: it came, " . length($bytes) . ' bytes');
	return length $bytes ? put("$work/$name", $bytes) : undef;
}

# The recording with its names (SPEC.md: chunks of kind 9) as chunks that no reader
# knows; how many there were.
sub without_names {
	my ($path) = @_;
	my $bytes = slurp($path);
	my ($at, $count) = (16, 0);

	while ($at + 24 <= length $bytes) {
		my ($kind, $stored) = unpack 'x4 v x6 V', substr($bytes, $at, 24);
		if ($kind == 9) {
			substr($bytes, $at + 4, 2) = pack 'v', 0x7fff;
			substr($bytes, $at + 20, 4) = pack 'V', crc32(
				substr($bytes, $at, 20) . substr($bytes, $at + 24, $stored));
			$count++;
		}
		$at += 24 + $stored;
	}
	return (put("$path.nameless", $bytes), $count);
}

# --- reports ------------------------------------------------------------------------

sub dwunw {
	my ($out, $err) = ("$work/out", "$work/err");
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		$ENV{TZ} = 'UTC';
		delete $ENV{DEBUGINFOD_URLS};
		open(STDOUT, '>', $out) && open(STDERR, '>', $err) or die $!;
		exec $dwunw, @_ or exit 127;
	}
	waitpid $pid, 0;
	return (slurp($out), slurp($err), $? >> 8);
}

# From the first line of the last report on, without what init has printed.
sub text_of {
	my ($text) = $_[0] =~ /.*(^\[\d\d:\d\d:\d\d\] \d.*)/ms;
	return ($text // '') =~ s/^(?:\||guest:) .*\n//gmr;
}

# Without what another run has differently: times, the process, run-time addresses.
sub shape {
	return text_of($_[0]) =~ s/^\[[\d:]+\]//mr =~ s/of pid \d+/of pid N/gr =~
	    s/^(\t#\d+ +)0x[0-9a-f]+/${1}PC/gmr;
}

sub first_difference {
	my ($ours, $theirs, $end) = @_;
	my @a = split /(?<=\Q$end\E)/, $ours;
	my @b = split /(?<=\Q$end\E)/, $theirs;
	for (0 .. ($#a > $#b ? $#a : $#b)) {
		my ($mine, $other) = ($a[$_] // 'nothing', $b[$_] // 'nothing');
		return "piece $_:", $mine, $other if $mine ne $other;
	}
	return ();
}

# A difference is a failure, and is shown.
sub same($$$@) {
	my ($title, $got, $want, @why) = @_;
	result($want ne '' && $got eq $want, $title, @why,
		first_difference($want, $got, $want =~ /^\{/ ? '}' : "\n"));
}

# --- names ---------------------------------------------------------------------------

# The program's frames in a report, but for what musl's crt1.o has in it: the outermost
# frame, and _start_c on some targets.
sub frames_of {
	my ($json, $file) = @_;
	my $report = eval { decode_json($json) } // {};
	my @frames = grep { ($_->{file} // '') eq $file }
	    map { my @all = @{ $_->{frames} }; @all[0 .. $#all - 1] } @{ $report->{stacks} // [] };
	return grep { ($_->{function} // '') !~ /^_start/ } @frames;
}

sub is_named {
	my ($frame) = @_;
	return !grep { !$_->{function} || ($_->{source} // '') !~ /recorded\.c$/ || !$_->{line} }
	    $frame, @{ $frame->{inlined} // [] };
}

# The line of each frame is one of its function, which starts at its name in the source.
sub check_lines {
	my (@frames) = @_;
	my ($at, $here, %first, %last, @wrong) = (0, '');
	for (split /\n/, slurp(dirname(__FILE__) . '/recorded.c')) {
		$at++;
		$here = $1 if /^(?:\w.*[ *])?(\w+)\([^;]*$/;
		$first{$here} //= $at;
		$last{$here} = $at;
	}
	for (map { ($_, @{ $_->{inlined} // [] }) } @frames) {
		my ($name, $line) = ($_->{function} // '?', $_->{line} // 0);
		push @wrong, "$name: line $line" if !$first{$name} ||
		    $line < $first{$name} || $line > $last{$name};
	}
	result(@frames && !@wrong, 'each line is one of the function that has it', @wrong);
}

# --- of the same run, and without any name ---------------------------------------------

sub report_of {
	my ($file, @options) = @_;
	my ($text, $err) = dwunw('report', '-T', 1000, @options, $file);
	my ($json) = dwunw('report', '--json', @options, $file);
	return ($text, $json, $err);
}

# What the device has printed, it had from the same symbols by --debug-file.
sub check_same_run {
	my ($file, $json_file) = @_;
	my $device = text_of(said('live'));
	my $device_json = slurp($json_file);
	my $stacks = () = $device =~ /from stack/g;
	my ($nameless, $names) = without_names($file);

	result($stacks > 35, "the device reports $stacks stacks, with $names chunks of names",
		said('live')) or return;
	my ($text, $json, $err) = report_of($file, '--sysroot', $root);
	same('a report here is that of the device with --debug-file', text_of($text), $device, $err);
	same('… and its JSON, byte for byte', $json, $device_json, $err);
	($text, $json) = report_of($nameless);
	result($names && $text =~ /\[recorded\]/ && $text !~ /recorded\.c|leak_here/,
		'without the names of the device and without files it has none', $text);
	($text, $json, $err) = report_of($nameless, '--sysroot', $root);
	same('… with the unstripped file it is that of the device', text_of($text), $device, $err);
	same('… and its JSON, byte for byte', $json, $device_json, $err);
	my @frames = frames_of($json, 'recorded');
	my $named = grep { is_named($_) } @frames;
	result(@frames > 8 * $stacks && $named == @frames, 'a function, a file and a line: ' .
		"$named of " . @frames . ' frames of the program', $text);
	check_lines(@frames);
}

# recorded with --no-names, of another run of the same program
sub check_bare {
	my ($bare) = @_;
	my ($text, $json, $err) = report_of($bare);

	result($text =~ /\[recorded\]/ && $text !~ /recorded\.c|leak_here/,
		'a recording of stripped files without names has none', $text);
	result($err =~ m{^dwunw: report: /recorded: no file of this build is here}m,
		'… which is said', $err);
	($text, $json, $err) = report_of($bare, '--sysroot', $root);
	same('… and with the unstripped file it is the same report', shape($text),
		shape(said('live')), $err);
	copy("$programs/libc-musl.symbols", "$root/lib/ld-musl.so.1");
	($text, $json, $err) = report_of($bare, '--sysroot', $root);
	my @nameless = $text =~ /^\t(#\d+ +0x[0-9a-f]+  0x.*\[ld-musl.*)$/mg;
	result(!@nameless && $text =~ /libc_start_main\w*\+0x\w+  \[ld-musl/,
		'… and a function for each frame of libc', @nameless, $err);
}

# --- a minute -----------------------------------------------------------------------------

# By the function that allocates: allocations, bytes, frees and live ones.
sub counts {
	my ($report) = @_;
	my %counts;
	for my $stack (@{ $report->{stacks} }) {
		my ($name) = map { $_->{function} // () }
		    grep { ($_->{function} // '') =~ /_here$/ } @{ $stack->{frames} };
		$counts{ $name // '?' }{live} += $stack->{allocations};
		$counts{ $name // '?' }{bytes} += $stack->{bytes};
	}
	return %counts;
}

# Live blocks are those of the program, to the block and byte: by function, as far as
# the kernel had room for their stacks, and all together.
sub check_counts {
	my ($report, $said) = @_;
	my %counts = counts($report);
	my ($blocks, $bytes) = map { $report->{"unknown_$_"} // 0 } qw(allocations bytes);
	my $drops = ($report->{allocations} // 0) - ($report->{stacks_sent} // 0);
	my $lost = $blocks;
	my @want = (0, 0);
	for ($said =~ /^\| (\w+_here .*)/mg) {
		my ($name, $all, $size, $frees, $freed) = split ' ';
		my ($live, $live_bytes) = map { $counts{$name}{$_} // 0 } qw(live bytes);
		result($live <= $all - $frees && $live + $lost >= $all - $frees,
			"$name: $live live blocks of " . ($all - $frees), encode_json(\%counts));
		$blocks += $live;
		$bytes += $live_bytes;
		$want[0] += $all - $frees;
		$want[1] += $size - $freed;
	}
	result("$blocks $bytes" eq "@want", "all: $blocks blocks, $bytes bytes live; of $lost " .
		"no stack, $drops stacks were lost", "@want", encode_json(\%counts));
}

sub check_minute {
	my ($file) = @_;
	my $said = said('minute');
	my ($calls) = $said =~ /^\| calls (\d+)/m;
	my ($seconds) = $said =~ /^\| seconds (\d+)/m;
	my $size = -s $file;
	my ($out, $err, $status) = dwunw('report', '--sysroot', $root, '--json', $file);
	my $report = eval { decode_json($out) } // {};

	result($calls && $size < $minute, ($calls // 'no') . ' allocations in ' .
		($seconds // '?') . " s are $size bytes", $said);
	result($status == 0 && !$err, 'its report', $err);
	check_counts($report, $said);
	check_page($file);
}

# Each part of the page that a browser shows has something in it.
sub check_page {
	my ($file) = @_;
	my $page = "$work/minute.html";
	chomp(my $chromium = `command -v chromium 2>/dev/null`);
	my @steps = (
		'document.querySelector("#chart svg polyline").getAttribute("points").split(" ").length',
		'document.getElementById("histograms").innerText',
		'document.getElementById("short-lived").innerText',
		'document.getElementById("chart").innerText',
		'[...document.querySelectorAll(".box")].map(b => b.textContent).filter(t => t)',
		'document.getElementById("reasons").innerText');

	dwunw('report', '--sysroot', $root, '--html', $page, $file);
	result(-s $page, 'the page: it is written');
	if (!$chromium) {
		result(1, 'the page in a browser # SKIP no chromium');
		return;
	}
	open(my $in, '>', "$work/steps") or die $!;
	print $in "$_\n" for @steps;
	close($in);
	my $browse = dirname(__FILE__) . '/../report/page.py';
	my @got = map { JSON::PP->new->allow_nonref->utf8->decode($_) }
	    `python3 $browse $chromium $page <$work/steps`;
	result(($got[0] // 0) >= 12, 'the page: live bytes at ' . ($got[0] // 0) .
		' times', encode_json(\@got));
	for ('Sizes of allocations', 'Ages of live blocks', 'Ages of freed blocks') {
		my ($part) = ($got[1] // '') =~ /\Q$_\E\n((?:[\d.]+ \S+ \S\n[\d,]+\n|\n)*)/;
		my $bars = () = ($part // '') =~ /^[\d.]+ \S+ \S\n[1-9]/mg;
		result($bars >= 6, "the page: $_: $bars bars", $got[1] // 'nothing');
	}
	result(($got[2] // '') =~ /^get \S*recorded\.c:\d+\t[1-9]/m,
		'the page: temporary allocations', $got[2] // 'nothing');
	result(($got[3] // '') =~ /What grew most since.*^get \S*recorded\.c:\d+\t[\d,]+\t[\d,]+\t[1-9]/ms,
		'the page: what has grown', $got[3] // 'nothing');
	result((grep { /^leak_here/ } @{ $got[4] // [] }) > 0, 'the page: boxes with names',
		encode_json($got[4] // []));
	result(($got[5] // '') =~ /stacks reach/, 'the page: whole and short stacks', $got[5] // 'nothing');
	my $last = $got[-1];
	result(ref $last eq 'HASH' && !@{ $last->{requests} } && !@{ $last->{errors} },
		'the page: asks nobody, no error', encode_json($last // {}));
}

make_path("$root/lib");
copy("$programs/recorded-musl.symbols", "$root/recorded");
copy("$programs/libc-musl", "$root/lib/ld-musl.so.1"); # as the device has it
my ($live, $json, $bare, $whole_minute) =
    map { sent($_) } qw(live.dwr live.json bare.dwr minute.dwr);
check_same_run($live, $json) if $live && $json;
check_bare($bare) if $bare;
check_minute($whole_minute) if $whole_minute;
