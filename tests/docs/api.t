#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# doc/api.md names each function, macro, type, enumerator and settable field of
# the public headers, and nothing that they do not have.

use strict;
use warnings;
use File::Basename;
use Test::More;
use lib dirname(__FILE__);
use Blocks;

chdir dirname(__FILE__) . '/../..' or die $!;

# Without comments, directives other than #define, and bodies of functions.
sub code {
	my ($path) = @_;
	my $text = Blocks::slurp($path);
	$text =~ s{/\*.*?\*/|//[^\n]*}{ }gs;
	$text =~ s/"(?:[^"\\]|\\.)*"/""/g;
	return $text;
}

# name => what it is, for all that a header declares at its top level.
sub declared {
	my ($path) = @_;
	my $text = code($path);
	my %found;
	$found{$1} = 'macro' while $text =~ /^[ \t]*#[ \t]*define[ \t]+(\w+)/mg;
	delete @found{grep { /_H$/ } keys %found};
	$text =~ s/^[ \t]*#(?:[^\n]*\\\n)*[^\n]*\n//mg;
	$text =~ s/extern ""\s*\{/ /g;
	$found{$1} = 'type' while $text =~ /\b(?:struct|union|enum)\s+(\w+)\s*[{;]/g;
	$found{$1} = 'type' while $text =~ /\btypedef\b[^;{]*\(\*(\w+)\)/g;
	$found{$1} = 'type' while $text =~ /\btypedef\b(?:[^;{(]|\{[^}]*\})*?\b(\w+)\s*;/g;
	while ($text =~ /\benum\s+\w*\s*\{([^}]*)\}/g) {
		$found{$_} = 'enumerator' for map { /^\s*(\w+)/ ? $1 : () }
			split /,/, $1;
	}
	# functions: a name and an open parenthesis outside of any brace
	1 while $text =~ s/\{[^{}]*\}/;/g;
	$text =~ s/\btypedef\b[^;]*;//g;
	$found{$1} = 'function' while
		$text =~ /(?:^|;)[^;()]*?\b(\w+)\s*\([^;]*?\)[^;()]*?(?=;)/g;
	delete @found{qw(__attribute__ SEC)};
	return \%found;
}

sub words {
	my ($text) = @_;
	my %words;
	$words{$1} = 1 while $text =~ /(?<![\w.-])(\w+)/g;
	return \%words;
}

my $api = Blocks::slurp('doc/api.md');
my $named = words($api);
my %public;
for my $path (glob('include/dwunw/*.h'), 'bpf/capture.h', 'bpf/unwind_ctx.h') {
	my $found = declared($path);
	my @missing = map { "$found->{$_} $_" }
		grep { !$named->{$_} } sort keys %$found;
	is(join(', ', @missing), '', "doc/api.md has all of $path");
	%public = (%public, %$found);
}

# The oracle of the search above: what the library exports.
my $build = $ENV{BUILD} // 'build/x86_64';
my $libs = join ' ', grep { !/core|mips32/ } glob("$build/libdwunw*.a");
my @unseen = grep { /^(?:dwunw_|machine__|bpf_)/ && !$public{$_} }
	map { /^(\w+) [TDRB] / ? $1 : () } `nm -P -g $libs 2>/dev/null`;
SKIP: {
	skip('no libdwunw.a', 2) unless -f "$build/libdwunw.a";
	is(join(', ', @unseen), '', 'each exported name is one that was looked for');
	my $config = -f "$build/.config" ? Blocks::slurp("$build/.config") : '';
	my ($off) = $config =~ /^# CONFIG_((?:NAMES_LINES|SCAN_ROWS|LIBDW_BPF|TRACE|HEAP|REPORT)) is not set/m;
	skip("$off is off in this build", 1) if $off;
	my %defined = map { /^(\w+) T / ? ($1 => 1) : () }
		`nm -P -g $libs`;
	my @inline = ('dwunw_frame_is_exact, dwunw_frame_lookup, dwunw_stack_id_add, '
		. 'dwunw_stack_print, dwunw_stop_is_complete');
	my @empty = grep { $public{$_} eq 'function' && !$defined{$_} &&
		!/^dwunw_mips32_/ } sort keys %public;
	is(join(', ', @empty), join(', ', @inline),
		'each function is in the library, or inline');
}

# Of the headers of BPF programs: what the examples use.
my $bpf = join "\n", map { code($_) } glob 'bpf/*.bpf.h arch/*/bpf.h';
my $bpf_has = words($bpf);
my $used = words(join "\n", map { code($_) } glob 'examples/*/*.bpf.c bpf/*.bpf.c');
my @unused = grep { /^(?:dwunw_|DWUNW_|unwind_|UNWIND_|get_unwind)/ &&
	$bpf_has->{$_} && !$named->{$_} } sort keys %$used;
is(join(', ', @unused), '', 'and what the examples use of bpf/*.bpf.h');

# What a caller fills in: every field.
my $headers = join "\n", map { code($_) } glob('include/dwunw/*.h bpf/*.h arch/*/bpf.h');
for my $name (qw(dwunw_config dwunw_unwind_request dwunw_walk_input
		dwunw_snapshot dwunw_symbol_config dwunw_symbol_input
		dwunw_symbol_info dwunw_module_files dwunw_space dwunw_source
		stacktrace unwind_ctx dwunw_mips32_trace
		dwunw_mips32_space_config dwunw_capture_options
		dwunw_capture_args unwind_options dwunw_frame dwunw_stop
		dwunw_sampler_config dwunw_sampler_probe
		dwunw_heap_config dwunw_heap_view dwunw_report_options)) {
	my ($body) = $headers =~ /struct\s+$name\s*\{(.*?)\n\}/s;
	my @fields = map { /(?:\(\*(\w+)\)|(\w+)(?:\[\w+\])?\s*$)/ ? $1 // $2 : () }
		map { s/\)\s*\(.*/)/sr } split /;/, $body // '';
	my @missing = grep { !/^reserved/ && $api !~ /`[^`\n]*\b$_\b[^`\n]*`/ } @fields;
	is(@fields ? join(', ', @missing) : 'no such struct', '',
		"each field of struct $name");
}

# And the other way: names of this project that are in no header.
my $has = words($headers);
my %files = map { (basename($_) =~ /^(\w+)/)[0] => 1 }
	glob('include/dwunw/*.h bpf/*.h arch/*/bpf.h');
my @invented = grep { /^(?:dwunw_\w|DWUNW_\w|DWU_|unwind_|UNWIND_|get_unwind|machine_|bpf_unwind)/ &&
	!$has->{$_} && !$files{$_} && !/_$/ } sort keys %$named;
is(join(', ', @invented), '', 'doc/api.md names nothing that there is not');

# INVALID_ARG and the like, without their prefix.
my %status = map { $_ => 1 } $headers =~ /DWUNW_ERR_(\w+)/g;
my @wrong = grep { !$status{$_} && /_(?:ARG|ARCH|IMPLEMENTED|FORMAT|DATA|FULL|MEMORY|DENIED)$/ &&
	!/^(?:DWUNW|CONFIG|EI)_/ } sort keys %$named;
is(join(', ', @wrong), '', 'each status is one');
done_testing();
