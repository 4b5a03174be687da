#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The page of a report in a browser (chromium, without a screen): its sums are the
# text's, the largest leak is found by a click and by search, both directions and all
# values draw, nothing is asked of anybody, names do not become markup or script, and
# a hundred thousand stacks open. Seconds of a processor are printed.

use strict;
use warnings;
use utf8;
use FindBin;
use JSON::PP;
use Test::More;
use lib "$FindBin::Bin/../live";
use Live ();

my $build = $ENV{BUILD} || "$Live::root/build/" . (split ' ', `uname -m`)[0];
my $fill = "$build/tests/report/fill";
my $dir = $Live::dir;
Live::skip_all('CONFIG_REPORT is off') unless -x $fill;
chomp(my $chromium = `command -v chromium 2>/dev/null`);
Live::skip_all('no chromium') unless $chromium;

sub slurp { open(my $in, '<:raw', $_[0]) or return ''; local $/; return scalar <$in> // '' }

# What each step gives, and last requests and errors.
sub browse {
	my ($kind, @steps) = @_;
	my $page = "$dir/page.html";
	system("$fill html $kind >$page") == 0 or return;
	open(my $out, '>', "$dir/steps") or die;
	print $out "$_\n" for @steps;
	close $out;
	my @said = `python3 $FindBin::Bin/page.py $chromium $page <$dir/steps 2>&1`;
	return map { my $line = $_; eval { JSON::PP->new->allow_nonref->utf8->decode($line) } // $line } @said;
}

sub commas { 1 while $_[0] =~ s/^(-?\d+)(\d{3})/$1,$2/; return $_[0] }
sub quiet {
	my ($what, $last) = @_;
	is(ref $last eq 'HASH' ? join(' ', @{$last->{requests}}) : $last, '', "$what: nothing is asked of anybody");
	is(ref $last eq 'HASH' ? encode_json($last->{errors}) : $last, '[]', "$what: no error");
}

my $sums = q{document.getElementById("sums").textContent};
my $box = q{(name => [...document.querySelectorAll(".box")].find(b => b.textContent === name))};
my $chosen = q{document.getElementById("chosen").innerText};

# --- what there is -----------------------------------------------------------------

my @got = browse('small', $sums,
	q{[...document.querySelectorAll("#rows tr.row")].map(r => r.innerText.replace(/\s+/g, " "))},
	"clickat $box(\"main\")", $chosen,
	"clickat $box(\"inner(int)\")", $chosen,
	'clickat document.querySelector("#rows tr.row")',
	q{document.querySelector("tr.unfolded").innerText},
	'clickat document.getElementById("search")', 'type LEAK.CC',
	q{document.getElementById("found").textContent},
	q{[...document.querySelectorAll("#rows tr.row")].length},
	q{[...document.querySelectorAll(".box.hit")].map(b => b.textContent)},
	'clickat document.getElementById("reset")',
	q{document.getElementById("direction").value = "up"; document.getElementById("direction").onchange(); [...document.querySelectorAll(".box")].map(b => b.title.split("\n").slice(0, 2).join(" "))},
	q{document.getElementById("value").value = "0 1"; document.getElementById("value").onchange(); document.querySelector(".box").title},
	q{document.getElementById("reasons").innerText});
my ($bytes, $blocks) = `$fill text small` =~ /\] (\d+) bytes in (\d+) allocations/;
is($got[0], commas($blocks) . ' live blocks, ' . commas($bytes) . ' live bytes from 4 stacks', 'the sums are the text\'s');
is(scalar @{$got[1]}, 4, 'a row for each stack');
like($got[1][0], qr/^3 3,001 inner\(int\) in\.h:3 program 42$/, 'the largest leak is the first row') or diag explain $got[1];
like($got[3], qr/^main\n4,006 live bytes, 3\.9 KiB, 88\.4 % of all\nmain\.c:9 4,006$/, 'a click: a function, its sum, its lines');
like($got[5], qr/^inner\(int\)\n3,001 live bytes.*\nin\.h:3 3,001$/s, 'a click: the largest leak and its line');
like($got[7], qr{inner\(int\) in\.h:3.*leak<int, char>\(int\) src/leak\.cc:17.*call /lib/libx\.so.*main main\.c:9}s,
	'a row unfolds to its frames');
is($got[10], '1 stacks, 3,001 live bytes (66.2 %)', 'the search finds its source file');
is($got[11], 1, 'and leaves its row');
is("@{$got[12]}", 'leak<int, char>(int)', 'and marks its box');
like("@{$got[14]}", qr/inner\(int\) 3,001 live bytes/, 'from the function that allocates');
like(join(' ', sort @{$got[14]}), qr/\[no_stack\] 400 live bytes.*\[not_kept\] 50 live bytes/, 'what has no stack has a box');
is($got[15], "all\n25 live blocks, 100.0 %", 'by blocks');
like($got[16], qr/3 of 4 stacks reach.*no row for 0x500000\s+1\s+77/s, 'why a stack is short');
quiet('small', $got[-1]);

# --- growth, histograms, temporary ones, a difference --------------------------------

@got = browse('full', q{document.querySelector("#chart svg polyline").getAttribute("points").split(" ").length},
	q{document.getElementById("histograms").innerText}, q{document.getElementById("short-lived").innerText});
is($got[0], 5, 'full: five points in time');
like($got[1], qr/Sizes of allocations\s+64 B …\s+28\s+Ages of live blocks\s+524\.3 µs …\s+12\s+Ages of freed blocks\s+4\.1 µs …\s+28/,
	'full: sizes and ages');
like($got[2], qr/^4 stacks have .*inner\(int\) in\.h:3\s+5\s+510\s+10/s, 'full: temporary allocations');
quiet('full', $got[-1]);

@got = browse('less', $sums, q{document.querySelector(".box").title},
	q{document.getElementById("value").value = "1 -1"; document.getElementById("value").onchange(); document.querySelector(".box").title});
($bytes, $blocks) = `$fill text less` =~ /\] (-?\d+) bytes in (-?\d+) allocations/;
is($got[0], commas($blocks) . ' live blocks, ' . commas($bytes) . ' live bytes from 3 stacks more', 'a difference: its sums');
is($got[1], "all\n2,924 live bytes, 100.0 %", 'a difference: what grew');
is($got[2], "all\n672 live bytes, 100.0 %", 'a difference: what is less');
quiet('less', $got[-1]);
@got = browse('empty', $sums, q{document.getElementById("shown").textContent});
is($got[0], '0 live blocks, 0 live bytes from 0 stacks', 'empty: a page without stacks');
quiet('empty', $got[-1]);

# --- names ------------------------------------------------------------------------------

# Of allocations, and of another event.
sub hostile_names {
	my ($what, $kind) = @_;
	my @names = map { $_->{frames}[0]{function} } @{decode_json(`$fill json $kind`)->{stacks}};
	my @got = browse($kind, 'document.title', q{document.querySelectorAll("script").length},
		q{document.querySelectorAll("img, b.x, i[onerror], #rows b").length},
		q{[...document.querySelectorAll("#rows tr.row")].map(r => r.children[2].firstChild.textContent)},
		q{[...document.querySelectorAll("#rows tr.row")].forEach(r => r.click()); document.querySelectorAll("tr.unfolded").length},
		qq{(() => { const b = [...document.querySelectorAll(".box")].find(x => x.title.startsWith("<script>")); b.click(); return $chosen })()},
		q{document.querySelectorAll("script").length}, 'document.title');
	is($got[0], 'dwunw test: <b>program;x y</b>', "$what: the title is a text");
	is($got[1], 2, "$what: the page's own two scripts");
	is($got[2], 0, "$what: no element of a name's");
	is(join("\n", @{$got[3]}), join("\n", @names), "$what: each name is there as it is");
	is($got[4], scalar @names, "$what: rows unfold");
	like($got[5], qr/^<script>document\.title='injected'<\/script>\n/, "$what: a click shows the name");
	is("$got[6] $got[7]", '2 dwunw test: <b>program;x y</b>', "$what: no name was a script");
	quiet($what, $got[-1]);
}
hostile_names('hostile', 'hostile');
hostile_names('hostile event', 'hostile 0 event');

# --- another event -----------------------------------------------------------------------

@got = browse('small 0 event', $sums,
	q{[...document.querySelectorAll("#rows tr.row")].map(r => r.innerText.replace(/\s+/g, " "))},
	"clickat $box(\"inner(int)\")", $chosen,
	'clickat document.getElementById("search")', 'type LEAK.CC',
	q{document.getElementById("found").textContent},
	'clickat document.getElementById("reset")',
	q{document.getElementById("direction").value = "up"; document.getElementById("direction").onchange(); [...document.querySelectorAll(".box")].map(b => b.title.split("\n").slice(0, 2).join(" "))},
	q{document.getElementById("value").value = "0 1"; document.getElementById("value").onchange(); document.querySelector(".box").title},
	q{["growth", "sizes", "temporary"].map(id => document.getElementById(id).hidden)},
	q{document.getElementById("direction").options[1].textContent},
	q{document.getElementById("reasons").innerText});
# the text has milliseconds; the numbers are those of the blocks
($bytes, $blocks) = `$fill text small` =~ /\] (\d+) bytes in (\d+) allocations/;
is($got[0], commas($blocks) . ' cpu events, ' . commas($bytes) . ' nanoseconds from 4 stacks', 'event: the sums are the text\'s');
like($got[1][0], qr/^3 3,001 inner\(int\) in\.h:3 program 42$/, 'event: the most is the first row') or diag explain $got[1];
like($got[3], qr/^inner\(int\)\n3,001 nanoseconds.*\nin\.h:3 3,001$/s, 'event: a click: the most, and its line');
is($got[6], '1 stacks, 3,001 nanoseconds (66.2 %)', 'event: the search finds its source file');
like("@{$got[8]}", qr/inner\(int\) 3,001 nanoseconds/, 'event: from its function');
is($got[9], "all\n25 cpu events, 100.0 %", 'event: by events');
is("@{$got[10]}", '1 1 1', 'event: no part that is about blocks');
is($got[11], 'the function of the event', 'event: nor a word');
like($got[12], qr/3 of 4 stacks reach.*no row for 0x500000\s+1\s+77/s, 'event: why a stack is short');
quiet('event', $got[-1]);

# --- a hundred thousand stacks -----------------------------------------------------------

sub large {
	my ($what, $kind, $unit) = @_;
	my @got = browse($kind, $sums, q{document.querySelector("#rows tr.row").innerText.replace(/\s+/g, " ")},
		q{document.querySelectorAll(".box").length}, 'seconds', 'document.body.dataset.ready',
		qq{(() => { const b = [...document.querySelectorAll(".box")].filter(b => b.textContent).pop(); b.click(); return $chosen })()});
	my ($sum) = `$fill text large 100000` =~ /\] (\d+) bytes/;
	like($got[0], qr/, @{[commas($sum)]} $unit from 100,000 stacks$/, "$what: the sums are the text's");
	like($got[1], qr/ 1,000,000,000 function_0_0 src\/large\.c:50000/, "$what: the largest is the first row");
	like($got[5], qr/^function_0_0\n1,000,000,000 $unit.*\nsrc\/large\.c:50000 /s, "$what: and the last box of the widest");
	cmp_ok($got[2], '<', 6001, "$what: $got[2] boxes, not one for each function");
	# of a processor: by the clock it is a matter of what else the machine does
	cmp_ok($got[3], '<', 2, sprintf '%s: %d bytes, %.2f s of a processor in the page\'s thread',
		$what, -s "$dir/page.html", $got[3]);
	note("$what: ready after $got[4] ms by the clock");
	quiet($what, $got[-1]);
}
large('large', 'large 100000', 'live bytes');
large('large event', 'large 100000 event', 'nanoseconds');

unlink "$dir/page.html", "$dir/steps";
done_testing();
