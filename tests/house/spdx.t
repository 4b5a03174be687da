#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every source file says its licence at the top, and no file names a place of
# the machine that it was written on.

use strict;
use warnings;
use File::Find;
use Test::More;

my $licence = 'SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause';

# A place of one machine, but not /proc/PID/root or a path within a URL.
my $place = qr#(?<![\w/\]\)}])/(?:wo[r]k|tm[p]/h|hom[e]/\w+|roo[t])/#;

# What git knows or would add; without git, every file but what was built.
sub files {
	my @found = split /\0/, `git ls-files -z --cached --others \\
		--exclude-standard 2>/dev/null`;
	return grep { -f && !-l } sort @found if @found;
	find({ no_chdir => 1, wanted => sub {
		s{^\./}{};
		$File::Find::prune = 1 if /^(\.git|build)$/;
		push @found, $_ if -f && !-l;
	} }, '.');
	return sort @found;
}

sub is_source {
	my ($path, $text) = @_;
	return 1 if $path =~ /\.(c|h|S|cc|sh|t|pl|py|awk|mk|yml|yaml)$/;
	return 1 if $path =~ m{(^|/)(Makefile|Kconfig|\w*defconfig)$};
	return $text =~ /^#!/;
}

my (@unlicensed, @placed, @trailing, @bpf);
my $count = 0;
for my $path (files()) {
	open(my $in, '<', $path) or next;
	my $text = do { local $/; <$in> } // '';
	next if $text =~ /\0/;
	if (is_source($path, $text)) {
		$count++;
		my ($head) = $text =~ /^((?:.*\n){0,3})/;
		push @unlicensed, $path unless $head =~ /\Q$licence\E/;
	}
	my $n = 0;
	for (split /\n/, $text) {
		$n++;
		push @placed, "$path:$n: $_" if $_ =~ $place;
		push @trailing, "$path:$n: $_"
			if m{\s+$} && $path =~ /\.([chS]|cc|mk|awk|t|sh)$/;
	}
	push @bpf, $path
		if $path =~ /\.bpf\.c$/ && $text !~ m{"Dual BSD/GPL"};
}

ok($count > 10, "there are source files ($count)");
ok(!@unlicensed, 'each begins with its SPDX line');
diag("$_: no SPDX line in the first three lines") for @unlicensed;
ok(!@placed, 'no file names a place of one machine');
diag($_) for @placed;
ok(!@bpf, 'BPF programs are "Dual BSD/GPL"');
diag($_) for @bpf;
ok(!@trailing, 'no blanks at the end of lines');
diag($_) for @trailing;
for (qw(LICENSE LICENSE.LGPL-2.1 LICENSE.BSD-2-Clause)) {
	ok(-s $_, "$_ is there");
}

done_testing();
