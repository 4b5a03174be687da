#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What the documents name in their text is there: files, links and headings,
# goals of make, options of the tools, Kconfig symbols, names of the library.
# And DESIGN.md has each file of the core.

use strict;
use warnings;
use File::Basename;
use Test::More;
use lib dirname(__FILE__);
use Blocks;

chdir dirname(__FILE__) . '/../..' or die $!;
my @documents = Blocks::documents();

sub all_of {
	return join "\n", map { Blocks::slurp($_) } grep { -f } map { glob } @_;
}

# --- links -----------------------------------------------------------------------

# As GitHub makes an anchor of a heading; a heading may bring its own.
sub anchors {
	my ($path) = @_;
	my %anchors;
	for ($path =~ /\.md$/ ? Blocks::prose($path) =~ /^#+ +(.*?)\s*$/mg : ()) {
		$anchors{$1} = 1 if s{ *<a id="([^"]+)"></a>}{};
		my $anchor = lc;
		$anchor =~ s/[^\w\x80-\xff -]//g;
		$anchor =~ s/ /-/g;
		$anchors{$anchor} = 1;
	}
	return \%anchors;
}

sub broken_links {
	my ($path) = @_;
	my @broken;
	for my $link (Blocks::prose($path) =~ /\]\(([^)\s]+)\)/g) {
		next if $link =~ /^\w+:/;
		my ($file, $anchor) = split /#/, $link, 2;
		$file = $file eq '' ? $path : dirname($path) . "/$file";
		push @broken, $link unless -e $file &&
			(!defined $anchor || anchors($file)->{$anchor});
	}
	return @broken;
}

# --- names of the tree --------------------------------------------------------------

my $places = qr/(?:arch|bpf|core|doc|examples|include|port|scripts|tests|tools)/;

# Without build products and places of other trees (/usr/…, $DIR/…).
sub missing_files {
	my ($path) = @_;
	my @missing;
	my $text = Blocks::prose($path);
	while ($text =~ m{(?<![\w/.\-\$~\)])($places/[\w./*\\-]*)(?: ([a-z_]+))?}g) {
		my ($name, $part) = ($1, $2);
		$name =~ s/\\//g;
		$name =~ s{[./]+$}{};
		my @found = grep { -e } map { glob } $name, "$name.[ch]", "$name*";
		push @missing, $name unless @found;
	}
	return @missing;
}

my $makefiles = all_of('Makefile packaging/rules.mk examples/*/rules.mk');
(my $joined = $makefiles) =~ s/\\\n/ /g;
my %goals = map { $_ => 1 } map { split ' ', $_ }
	($joined =~ /^\.PHONY:(.*)$/mg,
	$joined =~ /^(?:config|plain)_goals :=(.*)$/mg);

sub missing_goals {
	my ($path) = @_;
	my @missing;
	for my $command (Blocks::prose($path) =~ /`make ([^`]*)`/g) {
		$command =~ s/…//g;
		push @missing, grep { !/^\w+=/ && !$goals{$_} } split ' ', $command;
	}
	return @missing;
}

my $sources = all_of('examples/*/*.[ch] tools/*.[ch] tools/*/*.[ch] examples/*/*.sh',
	'scripts/* tests/*/*.sh');
# of compilers, binutils, demanglers and other projects' scripts
my %foreign = map { $_ => 1 } qw(libs call-graph debug-dump strip-all strip-sections countname
	target interpreted-frames-native-stack);

sub missing_options {
	my ($path) = @_;
	my @missing;
	for my $code (Blocks::prose($path) =~ /`([^`\n]*)`/g) {
		push @missing, grep { !$foreign{$_} &&
			$sources !~ /"(?:--)?\Q$_\E[="]/ && $sources !~ /--\Q$_\E\b/ }
			$code =~ /(?<![\w-])--([a-z][a-z-]*)/g;
	}
	return @missing;
}

my $kconfig = all_of('Kconfig */Kconfig arch/*/Kconfig port/*/Kconfig');
my %symbols = map { $_ => 1 } $kconfig =~ /^\s*config (\w+)/mg;
# the kernel's own, as dwunw check knows them
$symbols{$_} = 1 for Blocks::slurp('tools/leaks/kernel_options.c') =~ /"CONFIG_(\w+)"/g;

sub missing_symbols {
	my ($path) = @_;
	return grep { !$symbols{$_} } Blocks::slurp($path) =~ /\bCONFIG_(\w+)/g;
}

my $code = all_of('include/dwunw/*.h bpf/*.h core/*/*.[ch] arch/*.[ch] arch/*/*.[ch]',
	'port/*/*.[ch] trace/*.[ch] heap/*.[ch] tools/leaks/*.[ch] examples/*/*.[ch] tests/*/*.t tests/*/*.sh',
	'tests/*/*.c tests/*/*.pm examples/*/rules.mk Makefile Kconfig',
	'report/*.[ch] trace/Kconfig heap/Kconfig');
my %words = map { $_ => 1 } $code =~ /(\w+)/g;

sub missing_names {
	my ($path) = @_;
	return grep { !$words{$_} && !/_$/ }
		Blocks::prose($path) =~ /(?<![\w.\/-])((?:dwunw|DWUNW|DWU|dwu|UNWIND|unwind|get_unwind)_\w+)(?![\w.]*\.)/g;
}

for my $path (@documents) {
	is(join(', ', broken_links($path)), '', "$path: its links");
	is(join(', ', missing_files($path)), '', "$path: its files");
	is(join(', ', missing_goals($path)), '', "$path: its goals of make");
	is(join(', ', missing_options($path)), '', "$path: its options");
	is(join(', ', missing_symbols($path)), '', "$path: its CONFIG_ symbols");
	is(join(', ', missing_names($path)), '', "$path: its names of the library");
}

# --- what the library says ----------------------------------------------------------------

# The sentences of doc/troubleshooting.md's headings, where a stack ends.
my $says = Blocks::slurp('port/linux/stop_text.c') =~ s/"\s+"//gr;
my $trouble = Blocks::prose('doc/troubleshooting.md');
my (@unsaid, %explained);
while ($trouble =~ /^## (.*) \(([A-Z_]+)\)$/mg) {
	my ($heading, $reason) = ($1, $2);
	$explained{$reason} = 1;
	push @unsaid, grep { index($says, $_) < 0 } map { s/^\s+|\s+$//gr }
		split /0x…|; …|\(STATUS\)|\bFILE\b|\bin(?= FILE)/, $heading;
}
is(join(', ', @unsaid), '', 'doc/troubleshooting.md: sentences that are printed');
my $walk = Blocks::slurp('include/dwunw/walk.h');
is(join(', ', grep { !$explained{$_} && $_ ne 'ROOT' } $walk =~ /\bDWUNW_STOP_(\w+)/g),
	'', 'and each reason to stop');
my @marks = map { /"(\w+)"/ ? $1 : () } Blocks::slurp('core/base/names.c') =~
	/\[DWUNW_HOW_(?!EVENT|CFI)\w+\] = "\w+"/g;
push @marks, 'bad cfi', 'guess';
is(join(', ', grep { $trouble !~ /^\| `$_` \|/m } @marks), '', 'and each mark of a frame');
my @printed = map { /"([a-z ]+)"/g } Blocks::slurp('core/base/names.c') =~
	/\[DWUNW_(?:HOW|STOP)_\w+\] = "[^"]*"/g;
push @printed, Blocks::slurp('core/base/scan_names.c') =~ /_(?!OK)\w+\] = "([a-z ]+)"/g;
my ($frames) = Blocks::slurp('SPEC.md') =~ /^## 4\. Frames\n(.*)/ms;
is(join(', ', grep { !/^ok$/ && $frames !~ /(?:[`,:|] ?|\n)\Q$_\E\b/ } @printed), '',
	'SPEC.md: what a frame, a stop and a scan are called');

# --- the whole of the design ------------------------------------------------------------

# The table of files; headers by the sources of the same name.
my %designed = map { $_ => 1 } map { m{\b((?:core/\w+|arch/\w+|arch|port/\w+|trace|heap|bpf)/\w+)}g }
	Blocks::slurp('DESIGN.md') =~ /^\|([^|]*)\|/mg;
my @undesigned = grep { !$designed{$_} } map { s/(?:\.bpf)?\.[chS]$//r }
	glob 'core/*/*.c arch/*.c arch/*/*.c port/*/*.c trace/*.c heap/*.c bpf/*.h bpf/*.bpf.c';
is(join(', ', @undesigned), '', 'DESIGN.md has each file of what is linked');
is(join(', ', grep { my @found = glob "$_.*"; !@found } sort keys %designed),
	'', 'and none that is gone');
# doc/testing.md: every directory
my $testing = Blocks::slurp('doc/testing.md');
is(join(', ', grep { $testing !~ /^\|[^|]*`$_`[^|]*\|/m } map { s{/$}{}r } glob 'tests/*/'),
	'', 'doc/testing.md has each directory');
# SECURITY.md: "tests/fuzz elf, eh_frame" names files of that directory
my @untested;
for my $cell (Blocks::slurp('SECURITY.md') =~ /\|([^|\n]*tests\/[^|\n]*)\|$/mg) {
	my $dir = '';
	for (split /,\s*/, $cell =~ s/^\s+|\s+$//gr) {
		my ($place, $name) = m{^(tests/\w+)(?: (\w+))?$};
		($place, $name) = ($dir, $_) unless $place;
		$dir = $place;
		my @found = grep { -e } defined $name ?
			glob("$place/$name.{c,t} $place/*$name*") : $place;
		push @untested, $_ unless @found;
	}
}
is(join(', ', @untested), '', 'SECURITY.md names tests that there are');
done_testing();
