# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The code blocks of the documents, by what their fences say:
#
#	```c NAME.c        a whole file          ```sh run      is run
#	```c NAME.bpf.c    a BPF program         ```sh check    names what exists
#	```c part          statements            ```text output NAME
#	```c declare       prototypes of include/      what outputs/NAME.sh prints
#	```c declare.bpf   prototypes of bpf/    ```text drawing
#	```sh elsewhere    commands of another tree: tests/guests/router.pl runs them
#
# Run by itself it writes the files of a document to a directory, and its
# shell blocks as block1.sh, block2.sh, …: Blocks.pm DOCUMENT DIRECTORY

package Blocks;

use strict;
use warnings;

sub slurp {
	my ($path) = @_;
	open(my $in, '<', $path) or die "$path: $!";
	local $/;
	return <$in>;
}

sub put {
	my ($path, $text) = @_;
	open(my $out, '>', $path) or die "$path: $!";
	print $out $text;
	close $out or die "$path: $!";
}

sub documents {
	return sort grep { -f } glob
		'*.md doc/*.md doc/*/*.md examples/*/README.md tests/README.md';
}

sub class_of {
	my ($info) = @_;
	return 'bpf' if $info =~ /^c [\w-]+\.bpf\.c$/;
	return 'file' if $info =~ /^c [\w-]+\.c$/;
	return $1 if $info =~ /^c (part|declare|declare\.bpf)$/;
	return $1 if $info =~ /^sh (run|check|elsewhere)$/;
	return 'output' if $info =~ /^text output [\w-]+$/;
	return 'drawing' if $info eq 'text drawing';
	return '';
}

# Blocks with class, name, text and the line that their fence is on; a block by
# four spaces or a tab has no class.
sub of {
	my ($path) = @_;
	my (@blocks, $open, $indented);
	my ($number, $blank) = (0, 1);
	for my $line (split /^/, slurp($path)) {
		$number++;
		if ($open) {
			if ($line =~ /^```\s*$/) {
				push @blocks, $open;
				undef $open;
			} else {
				$open->{text} .= $line;
			}
			next;
		}
		if ($line =~ /^ {0,3}(?:```|~~~)\s*(.*?)\s*$/) {
			$open = { path => $path, line => $number, info => $1,
				class => class_of($1), text => '',
				name => (split / /, $1)[-1] // '' };
			next;
		}
		my $deep = $line =~ /^(?: {4}|\t)\s*\S/;
		push @blocks, { path => $path, line => $number, class => '',
			name => '', info => 'by spaces', text => $line }
			if $deep && $blank && !$indented;
		$indented = $deep || ($indented && $line =~ /^\s*$/);
		$blank = $line =~ /^\s*$/;
	}
	push @blocks, { %$open, class => '', info => 'no end' } if $open;
	return @blocks;
}

# each_of(DOCUMENTS, {CLASS => sub {TITLE BLOCK}}, {CLASS => [HAS, WHY NOT]}): tries the
# blocks of these classes. Those of the Chinese edition are the same (zh.t).
sub each_of {
	my ($documents, $how, $needs) = @_;
	my $libbpf = system('echo "#include <bpf/libbpf.h>" | gcc -E -o /dev/null - 2>/dev/null') == 0;
	for my $path (grep { !m{zh-CN\.md$|^doc/zh/} } @$documents) {
		for my $block (grep { $how->{$_->{class}} } of($path)) {
			my $title = "$path:$block->{line}: $block->{info}";
			my $need = $needs->{$block->{class}};
			my $why = $need && !$need->[0] ? $need->[1] :
				!$libbpf && $block->{text} =~ m{<bpf/libbpf|-lbpf\b} ?
				'no libbpf' : undef;
			SKIP: {
				Test::More::skip("$title: $why", 1) if $why;
				$how->{$block->{class}}->($title, $block);
			}
		}
	}
}

# The text without its blocks, lines kept.
sub prose {
	my ($path) = @_;
	my ($in, $text) = (0, '');
	for my $line (split /^/, slurp($path)) {
		my $fence = $line =~ /^ {0,3}(?:```|~~~)/;
		$text .= $in || $fence ? "\n" : $line;
		$in = !$in if $fence;
	}
	return $text;
}

unless (caller) {
	my ($document, $dir) = @ARGV;
	my $shell = 0;
	for my $block (of($document)) {
		put("$dir/$block->{name}", $block->{text})
			if $block->{class} =~ /^(file|bpf)$/;
		put("$dir/block" . ++$shell . '.sh', $block->{text})
			if $block->{info} =~ /^sh /;
	}
}

1;
