#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Who may include whom (DESIGN.md, section 3), as a check of the text.
#
#   include/   <stdint.h> <stddef.h> <stdbool.h>, other <dwunw/…>; no CONFIG_
#   core/      those, arch/arch.h, arch/scan.h, core files listed before it in
#              core/objs.mk, where a folder is one layer
#   arch/      those, arch/arch.h, arch/scan.h, core/base/; a target's folder its
#              own headers, and nobody else has them
#   port/ trace/ report/ heap/ record/ tools/ examples/   <dwunw/…>, the system's headers, its own
#              directory; trace/, heap/, tools/leaks/ and examples/ bpf/, examples/
#              also what tools share (tools/option.h, tools/leaks/…)
#   bpf/       <dwunw/event.h>, libbpf's BPF headers, <linux/…>, <stdint.h>, its
#              own, and by the macro DWUNW_TARGET arch/TARGET/bpf.h
#   port/linux/ arch/hosted.h; port/mips32/ port/firmware/port.h
#   all of them arch/TARGET/layout.h, which has constants; both include nothing
#   tests/     as tools/, tests/unit, danger and fuzz excepted; other tests' files

use strict;
use warnings;
use File::Basename;
use File::Find;
use File::Spec;
use Test::More;

my %freestanding = map { $_ => 1 } qw(stdint.h stddef.h stdbool.h);

sub slurp {
	my ($path) = @_;
	open(my $in, '<', $path) or die "$path: $!";
	local $/;
	return <$in>;
}

# The files below a directory that end in .c, .h, .S or .cc.
sub sources {
	my ($top) = @_;
	my @found;
	return () unless -d $top;
	find({ no_chdir => 1, wanted => sub {
		push @found, $_ if -f $_ && /\.(c|h|S|cc)$/;
	} }, $top);
	return sort @found;
}

# [line, form, name] of each include; form is '<' or '"'.
sub includes {
	my ($path) = @_;
	my ($n, @found) = (0);
	for (split /\n/, slurp($path)) {
		$n++;
		push @found, [$n, $1, $2]
			if /^\s*#\s*include\s*([<"])([^>"]+)[>"]/;
	}
	return @found;
}

sub normal {
	my @out;
	for (split m{/}, shift) {
		if ($_ eq '..' && @out) { pop @out }
		elsif ($_ ne '.' && $_ ne '') { push @out, $_ }
	}
	return join '/', @out;
}

# The file of this tree that an include means, or undef: the system's.
sub resolve {
	my ($path, $form, $name) = @_;
	my @where = ('include/');
	push @where, 'bpf/', 'tools/leaks/', 'tools/'
		if $path =~ m{^(examples|bpf|trace|heap|tools/(leaks|report)|tests/(live|memleak|walk))/};
	push @where, 'trace/' if $path =~ m{^tests/(live|memleak)/};
	if ($form eq '"') {
		unshift @where, dirname($path) . '/';
		push @where, '', 'tests/';
	}
	for (@where) {
		my $file = normal("$_$name");
		return $file if -f $file;
	}
	return undef;
}

# --- the order of core's files ---------------------------------------------

my $objs = slurp('core/objs.mk');
$objs =~ s/#.*//g;
$objs =~ s/\\\n/ /g;
my ($n, %rank, @folders) = (0);
for ($objs =~ m{([a-z0-9_]+/[a-z0-9_]+)\.o\b}g) {
	$rank{$_} //= ++$n;
	my $folder = dirname($_);
	push @folders, $folder unless @folders && $folders[-1] eq $folder;
}

# Headers without a .c stand before the first file that includes them.
my %first;
for my $path (grep { m{\.c$} } sources('core')) {
	my ($own) = map { $rank{$_} // 0 } $path =~ m{^core/(\w+/\w+)\.c$};
	for (includes($path)) {
		my $file = resolve($path, $_->[1], $_->[2]) // next;
		$first{$file} = $own if $own < ($first{$file} // $own + 1);
	}
}
sub rank {
	my ($path) = @_;
	my ($name) = $path =~ m{^core/(\w+/\w+)\.[ch]$} or return undef;
	return $rank{$name} // ($first{$path} // 0.5) - 0.5;
}

# What an include of this tree brings in of core/, through arch/arch.h too.
sub core_of {
	my ($file) = @_;
	return ($file) if $file =~ m{^core/};
	return () unless $file =~ m{^arch/(arch|scan)\.h$};
	return grep { defined && m{^core/} }
		map { resolve($file, $_->[1], $_->[2]) } includes($file);
}

# --- one rule for each directory: undef if it may, else why not ------------------

sub public_only {
	my ($path, $form, $name, $file) = @_;
	return undef if $freestanding{$name} && $form eq '<';
	return undef if $name =~ m{^dwunw/\w+\.h$} && $form eq '<' && $file;
	return 'only <stdint.h>, <stddef.h>, <stdbool.h> and <dwunw/…>';
}

sub core_rule {
	my ($path, $form, $name, $file) = @_;
	return undef unless public_only(@_);
	return 'freestanding: no header of the system' unless $file;
	return 'core may include include/, arch/arch.h, arch/scan.h and core/ only'
		unless $file =~ m{^(core/|arch/(arch|scan)\.h$)};
	my $own = rank($path);
	return undef if !$own && $path =~ /\.c$/; # not listed: said below
	for (core_of($file)) {
		my $theirs = rank($_);
		next if s/\.h$//r eq $path =~ s/\.[ch]$//r;
		return "$_ comes after $path in core/objs.mk"
			if $theirs && $theirs >= $own;
	}
	return undef;
}

sub arch_rule {
	my ($path, $form, $name, $file) = @_;
	return undef unless public_only(@_);
	return 'freestanding: no header of the system' unless $file;
	return undef if $file =~ m{^(arch|core/base)/\w+\.h$};
	return undef if $file =~ m{^arch/\w+/} && dirname($file) eq dirname($path);
	return 'arch may include include/, arch/arch.h, arch/scan.h, core/base/ ' .
		'and its own folder only';
}

sub user_rule {
	my ($path, $form, $name, $file) = @_;
	my $dir = dirname($path);
	return undef if $form eq '<' && !defined $file;
	return undef if $file && $file =~ m{^include/dwunw/};
	return undef if $file && $file =~ m{^arch/\w+/layout\.h$};
	return undef if $path =~ m{^port/linux/} && $file && $file eq 'arch/hosted.h';
	return undef if $path =~ m{^port/mips32/} && $file && $file eq 'port/firmware/port.h';
	return undef if $file && dirname($file) eq $dir;
	return undef if $form eq '"' && $name =~ m{^\w+\.skel\.h$};
	return undef if $path =~ m{^(examples|trace|heap|tools/leaks|tests/(live|memleak|walk))/} &&
		$file && $file =~ m{^bpf/};
	return undef if $path =~ m{^tests/(live|memleak)/} && $file &&
		$file =~ m{^trace/};
	return undef if $path =~ m{^(examples|tests/(live|memleak))/} && $file &&
		$file =~ m{^examples/utils/};
	return undef if $path =~ m{^tests/live/} && $file && $file =~ m{^heap/};
	return undef if $path =~ m{^examples/} && $file &&
		$file =~ m{^tools/(interrupt|option|replace|streams|leaks/\w+)\.h$};
	return undef if $path =~ m{^tools/} && $file && $file =~ m{^tools/};
	return undef if $path =~ m{^tests/} && $file &&
		$file =~ m{^tests/(?!unit/|fuzz/|danger/)};
	return "only <dwunw/…>, the system's headers and its own directory";
}

sub bpf_rule {
	my ($path, $form, $name, $file) = @_;
	return undef if $name eq 'dwunw/event.h';
	return undef if $freestanding{$name} && $form eq '<';
	return undef if $file && $file =~ m{^arch/\w+/(layout|bpf)\.h$};
	return undef if $name =~ m{^bpf/bpf_\w+\.h$} && !$file;
	return undef if $name =~ m{^(linux|asm)/[\w/]+\.h$} && $form eq '<';
	return undef if $file && dirname($file) eq dirname($path);
	return 'only <dwunw/event.h>, <bpf/bpf_…>, <linux/…> and its own';
}

sub check {
	my ($title, $rule, @files) = @_;
	my @bad;
	for my $path (@files) {
		for (includes($path)) {
			my ($line, $form, $name) = @$_;
			my $file = resolve($path, $form, $name);
			my $why = $rule->($path, $form, $name, $file);
			push @bad, "$path:$line: includes $name: $why" if $why;
		}
	}
	if (!@files) {
		SKIP: { skip "$title: no files", 1; }
		return;
	}
	ok(!@bad, sprintf('%s (%d files)', $title, scalar @files));
	diag($_) for @bad;
}

sub no_match {
	my ($title, $pattern, @files) = @_;
	my @bad;
	for my $path (@files) {
		my $n = 0;
		for (split /\n/, slurp($path)) {
			$n++;
			push @bad, "$path:$n: $_" if $_ =~ $pattern;
		}
	}
	ok(!@bad, $title);
	diag($_) for @bad;
}

check('include/ includes nothing of ours', \&public_only, sources('include'));
no_match('include/ knows no CONFIG_', qr/CONFIG_/, sources('include'));
check('core/ includes only what comes before it', \&core_rule, sources('core'));
check('arch/ includes core/base/ and its own folder', \&arch_rule, sources('arch'));
no_match('core/ and arch/ do not know malloc', qr/malloc/,
	sources('core'), sources('arch'));
no_match('core/ and arch/ ask no host macro about the target',
	qr/\b_*(mips|x86_64|aarch64|i386|amd64)__\b/,
	sources('core'), sources('arch'));
# --- core/ knows no target -----------------------------------------------------------

# The lines that name a target: code without its comments, which may say whose a
# thing is for example, and without names of the public headers and of DWARF.
my @targets = map { basename($_) } glob('arch/*/');
my $targets = join '|', @targets, qw(mips mips16 aarch64 amd64 x86);
sub names_target {
	my ($path) = @_;
	my $text = slurp($path) =~ s{/\*.*?\*/}{$& =~ s/[^\n]//gr}gser;
	my ($n, @found) = (0);
	for (split /\n/, $text) {
		$n++;
		s/\b(?:DWUNW_SCAN_MIPS16|mips16|DW_(?:CFA|AT|LANG)_(?:MIPS|Mips|AARCH64)_\w+)\b//g;
		push @found, "$path:$n: $_"
			if /\b(?:EM_(?!BPF\b)|EF_|STO_)[A-Z]/ || /(?<![A-Za-z0-9])(?:$targets)(?![A-Za-z0-9])/i;
	}
	return @found;
}
my @knows = map { names_target($_) } sources('core'), 'arch/arch.h', 'arch/arch.c',
	'arch/scan.h', 'arch/scan.c', 'arch/hosted.h', 'arch/hosted.c', 'arch/entry.c';
ok(!@knows, 'core/ and what targets share name no target');
diag($_) for @knows;

# The files of bpf/, port/ and trace/ that do stand in a table of DESIGN.md, and no
# others. A folder there is one that is a target's own.
my ($listed) = slurp('DESIGN.md') =~
	/^\| file that names a target \|.*?\n\|[-|]+\n((?:\|.*\n)+)/m;
my %may = map { /^\| `([^`]+)`/ ? ($1 => 1) : () } split /\n/, $listed // '';
my %does;
for my $path (map { sources($_) } qw(bpf port trace)) {
	my ($own) = grep { m{/$} && index($path, $_) == 0 } keys %may;
	my @found = names_target($path) or next;
	$does{$own // $path} = 1;
	next if $own || $may{$path};
	diag($_) for @found;
}
is(join(' ', sort keys %does), join(' ', sort keys %may),
	'bpf/, port/ and trace/ name a target where DESIGN.md says so');

my @layouts = grep { m{^arch/\w+/layout\.h$} } sources('arch');
no_match('arch/TARGET/layout.h has constants only',
	qr/^\s*#\s*include|^(?:static|extern|struct|enum|typedef)\b/, @layouts);

no_match('arch/TARGET/bpf.h includes nothing', qr/^\s*#\s*include/,
	grep { m{^arch/\w+/bpf\.h$} } sources('arch'));

check('port/ uses the public headers only', \&user_rule, sources('port'));
check('trace/ uses the public headers and bpf/ only', \&user_rule,
	sources('trace'));
check('report/ uses the public headers only', \&user_rule, sources('report'));
check('heap/ uses the public headers and bpf/ only', \&user_rule,
	sources('heap'));
check('record/ uses the public headers only', \&user_rule, sources('record'));
check('tools/ uses the public headers only', \&user_rule, sources('tools'));
check('examples/ uses the public headers only', \&user_rule,
	sources('examples'));
check('bpf/ uses the event header only', \&bpf_rule, sources('bpf'));
check('tests/ but for tests of the core uses the public headers only', \&user_rule,
	grep { !m{^tests/(unit|fuzz|danger)/} } sources('tests'));

my @unlisted = grep { !m{^core/(\w+/\w+)\.c$} || !$rank{$1} } grep { /\.c$/ } sources('core');
ok(!@unlisted, 'every file of core/ has its place in core/objs.mk');
diag("$_ is not listed") for @unlisted;
is("@folders", join(' ', do { my %seen; grep { !$seen{$_}++ } @folders }),
	'a folder of core/ is one layer of core/objs.mk');
is(join(' ', sort @folders), join(' ', map { basename($_) } glob('core/*/')),
	'and each folder is there');

# --- the picture of the house ----------------------------------------------------

# "core/  what it is" and, further in, "  base/  elf/": core/base, core/elf.
my ($picture) = slurp('DESIGN.md') =~ /^## The house\n\n```text drawing\n(.*?)^```/ms;
my (%drawn, $above);
for (split /\n/, $picture // '') {
	my ($indent, $rest) = /^( *)(.*)/;
	while ($rest =~ s{^(\w[\w/]*)/(?:\s+|$)}{}) {
		$above = $1 unless $indent;
		$drawn{$indent ? "$above/$1" : $1} = 1;
	}
}
# debian is a link to packaging/debian, where dpkg-buildpackage looks for it
my %there = map { s{/$}{}r => 1 } grep { $_ !~ m{^(?:build|include|debian)/$} }
	glob('*/ core/*/ arch/*/ port/*/ include/*/');
is(join(' ', grep { !$drawn{$_} } sort keys %there), '',
	'DESIGN.md draws each folder of the house');
is(join(' ', grep { !-d } sort keys %drawn), '', 'and none that is gone');

done_testing();
