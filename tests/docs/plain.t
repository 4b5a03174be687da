#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The documents are in plain English: they call things by their names, so
# "what" is at most 1.5 and "one" or "ones" at most 2 words of 1,000 outside of
# code blocks and inline code (well-kept projects have 0.3 to 1.7 of each);
# each how-to has an example; doc/README.md leads to every document. Links and
# anchors are named.t's.

use strict;
use warnings;
use File::Basename;
use Test::More;
use lib dirname(__FILE__);
use Blocks;

chdir dirname(__FILE__) . '/../..' or die $!;

# words of 1,000; a short document may have the word once
my %most = (what => [1.5, qr/\bwhat\b/i], one => [2.0, qr/\bones?\b/i]);

sub plain_text {
	my ($text) = @_;
	$text =~ s/`[^`]*`/ /g;
	$text =~ s/\]\([^)]*\)/]/g;
	return $text;
}

sub faults {
	my ($text) = @_;
	my $words = () = $text =~ /[A-Za-z][\w'-]*/g;
	my @faults;
	for my $word (sort keys %most) {
		my ($rate, $pattern) = @{$most{$word}};
		my $count = () = $text =~ /$pattern/g;
		my $allowed = int($rate * $words / 1000);
		$allowed = 1 if $allowed < 1;
		push @faults, "\"$word\" $count times, $allowed allowed"
			if $count > $allowed;
	}
	return join '; ', @faults;
}

sub has_example {
	my ($text) = @_;
	return $text =~ /\bfor example\b/i;
}

# not rewritten yet
my %later = map { $_ => 1 } qw(doc/api.md
	examples/bpf_memleak/README.md
	examples/crash_mips32/README.md examples/libdw_bpf/README.md
	examples/memleak_bcc_dwunw/README.md);
my @english = grep { !m{zh-CN\.md$|^doc/zh/} && $_ ne 'CHANGELOG.md' && !$later{$_} }
	Blocks::documents();
is(faults(plain_text(Blocks::prose($_))), '', "$_: plain words") for @english;

# how-tos by doc/README.md's own section, tutorials as well
my $index = Blocks::prose('doc/README.md');
my ($howtos) = $index =~ /^## How-to\n(.*?)(?=^## )/ms;
my @howtos = map { m{\]\(([\w-]+\.md)\)} ? "doc/$1" : () } split /\n/, $howtos // '';
ok(@howtos >= 4, 'doc/README.md lists how-tos');
ok(has_example(Blocks::prose($_)), "$_: an example") for grep { !$later{$_} } @howtos;

my %linked = map { $_ => 1 } $index =~ /\]\(([^)#]+)\)/g;
is(join(', ', grep { !$linked{basename($_)} } grep { $_ ne 'doc/README.md' }
	glob 'doc/*.md'), '', 'doc/README.md leads to each document of doc/');
is(join(', ', grep { !$linked{"../$_"} } glob('*.md'), glob('examples/*/README.md'),
	grep { -f } 'tests/README.md'), '', 'and to those elsewhere');

# The measure itself.
my $plain = 'The kernel copies the stack. ' x 100;
is(faults($plain), '', 'a text without riddles');
is(faults("$plain What is copied is what it has."),
	'"what" 2 times, 1 allowed', 'noticed: what');
is(faults("$plain One of them, and the ones before."),
	'"one" 2 times, 1 allowed', 'noticed: one');
is(faults(plain_text('`what` `what` [x](what.md) ' . $plain)), '',
	'inline code and links do not count');
ok(!has_example('An exemplary text.'), 'noticed: no example');
done_testing();
