#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# No file of a folder calls, over whatever way, a file that calls it: what one file
# does can be read, and tested, with those below it alone. By the symbols of the
# objects. heap/ is one recorder in several files, and has a cycle.

use strict;
use warnings;
use Test::More;

my $build = $ENV{BUILD} // 'build/x86_64';
my $nm = $ENV{NM} || 'nm';

# (file => { file that it calls => symbol })
sub calls_of {
	my ($dir) = @_;
	my (%defined, %wanted, %calls);
	my @objects = glob "$dir/*.o" or return {};
	for (`$nm -A @objects`) {
		my ($file, $kind, $symbol) = m{/(\w+)\.o:.* (\w) (\S+)$} or next;
		if ($kind eq 'U') {
			push @{ $wanted{$file} }, $symbol;
		} elsif ($kind =~ /[A-Z]/) {
			$defined{$symbol} = $file;
		}
	}
	for my $file (keys %wanted) {
		for my $symbol (@{ $wanted{$file} }) {
			my $to = $defined{$symbol};
			$calls{$file}{$to} = $symbol if defined $to && $to ne $file;
		}
	}
	return \%calls;
}

# The first way from $file back to itself, as text; undef: there is none. Each file
# is looked at once, so that it ends.
sub way_back {
	my ($calls, $file) = @_;
	my %seen;
	my @ways = ([$file, $file]);
	while (my $way = shift @ways) {
		my ($at, $text) = @$way;
		for my $to (sort keys %{ $calls->{$at} // {} }) {
			my $more = "$text -($calls->{$at}{$to})-> $to";
			return $more if $to eq $file;
			push @ways, [$to, $more] unless $seen{$to}++;
		}
	}
	return undef;
}

my $looked = 0;
for my $dir (grep { -d } glob('core/* arch/* port/* trace report record tools tools/*')) {
	my $calls = calls_of("$build/$dir");
	next unless %$calls;
	$looked++;
	my ($way) = grep { defined } map { way_back($calls, $_) } sort keys %$calls;
	is($way, undef, "$dir: no cycle");
}
cmp_ok($looked, '>=', 8, 'folders were looked at');
# --- what one file alone calls is its own ---------------------------------------

# Functions that a folder's own header declares, in which .c files they stand.
{
	my %declared;
	my %files; # word => files
	chomp(my @sources = `git ls-files '*.c' '*.h'`);
	@sources = glob('core/*/*.[ch] arch/*.[ch] arch/*/*.[ch] port/*/*.[ch] ' .
		'trace/*.[ch] heap/*.[ch] report/*.[ch] record/*.[ch] tools/*.[ch] ' .
		'tools/*/*.[ch] tests/*/*.[ch]') unless @sources;
	for my $path (@sources) {
		open(my $in, '<', $path) or next;
		local $/;
		my $text = <$in>;
		my $header = $path =~ /\.h$/;
		if ($header && $path =~ m{^(?:core|arch|port|trace|heap|report|record)/}) {
			$declared{$1} = $path while $text =~
			    m~^(?!typedef)[a-z][\w \*\t]*?[ \t\*](dwu_\w+)\([^;{}]*\);~mg;
		}
		my %words = map { $_ => 1 } $text =~ /\b(dwu_\w+)\b/g;
		for my $word (keys %words) {
			$files{$word}{$path} = 1
			    unless $header && ($declared{$word} // '') eq $path &&
			    (() = $text =~ /\b$word\b/g) == 1;
		}
	}
	ok(keys %declared > 200, keys(%declared) . ' functions are declared');
	is(join(', ', sort grep { keys %{ $files{$_} // {} } < 2 } keys %declared), '',
		'each is called by a file other than its own');
}

done_testing();
