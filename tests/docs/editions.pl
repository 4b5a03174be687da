# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Two editions of one document, compared: the original and its translation.
# A translated heading ends with <a id="…"></a>, the anchor of the original's
# heading; by it sections are matched, and links work in both editions.

use strict;
use warnings;
use utf8;
use File::Basename;

# A number with the unit behind it, where that is a symbol.
my $unit = qr/\s?(?:%|ns|us|µs|ms|s|bit|B|KB|KiB|MB|MiB|GB|GiB|MHz|GHz)(?![\w-])/;
my $number = qr/(?<![A-Za-z0-9_.])(?:0x[0-9a-fA-F]+|\d+(?:[,.]\d+)*)(?:$unit)?/;

# "a/b/../c" -> "a/c"
sub plain_path {
	my @out;
	for (split m{/}, shift) {
		if ($_ eq '..' && @out) { pop @out }
		elsif ($_ ne '.' && $_ ne '') { push @out, $_ }
	}
	return join '/', @out;
}

# The anchor that a heading gets where Markdown is shown.
sub anchor_of {
	my ($heading) = @_;
	$heading =~ s/<[^>]*>//g;
	$heading =~ s/\[([^\]]*)\]\([^)]*\)/$1/g;
	$heading =~ s/^\s+|\s+$//g;
	$heading = lc $heading;
	$heading =~ s/[^\w\- ]//g;
	$heading =~ s/ /-/g;
	return $heading;
}

# The cells of a table's line.
sub cells_of {
	my ($line) = @_;
	$line =~ s/^\s*\|//;
	$line =~ s/(?<!\\)\|\s*$//;
	return map { s/^\s+|\s+$//gr } split /(?<!\\)\|/, $line, -1;
}

# Text -> sections, each with its heading and its blocks in order.
#   section  { title, level, id, line, blocks }
#   block    { kind, line, text }; code: info; table: rows, of which the second
#            is the rule below the header
sub sections_of {
	my ($text) = @_;
	my @lines = split /\n/, $text, -1;
	my $section = { title => '', level => 0, id => '', line => 1,
			blocks => [] };
	my (@sections, %seen, $open);
	@sections = ($section);
	my $add = sub {
		my ($kind, $line, $body, %more) = @_;
		my $block = { kind => $kind, line => $line, text => $body, %more };
		push @{$section->{blocks}}, $block;
		return $block;
	};

	for (my $i = 0; $i < @lines; $i++) {
		my $line = $lines[$i];

		if ($line =~ /^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$/) {
			my ($fence, $info, $from, $body) = ($2, $3, $i, '');
			for ($i++; $i < @lines && $lines[$i] !~ /^\s*\Q$fence\E\s*$/; $i++) {
				$body .= "$lines[$i]\n";
			}
			$add->('code', $from + 1, $body, info => $info);
			undef $open;
		} elsif ($line =~ /^\s*$/ || $line =~ /^\s*<!--.*-->\s*$/) {
			undef $open;
		} elsif ($line =~ /^(#+)\s+(.*?)\s*#*\s*$/) {
			my ($level, $title) = (length $1, $2);
			my $id = $title =~ /<a id="([^"]*)">/ ? $1 : anchor_of($title);
			my $again = $seen{$id}++;
			$section = { title => $title, level => $level, line => $i + 1,
				     id => $again ? "$id-$again" : $id,
				     blocks => [] };
			push @sections, $section;
			undef $open;
		} elsif ($line =~ /^\s*\|/) {
			$open = $add->('table', $i + 1, '', rows => [])
				unless $open && $open->{kind} eq 'table';
			push @{$open->{rows}}, [$i + 1, cells_of($line)];
		} elsif ($line =~ /^(?: {4}|\t)/ && (!$open || $open->{kind} eq 'code')) {
			# what is indented, with the empty lines within
			$open //= $add->('code', $i + 1, '', info => 'indented');
			$open->{text} .= "$line\n";
			if (($lines[$i + 1] // '') eq ''
			    && ($lines[$i + 2] // '') =~ /^(?: {4}|\t)/) {
				$open->{text} .= "\n";
				$i++;
			}
		} elsif ($line =~ /^\s*(?:[-*+]|\d+\.)\s+(.*)/) {
			$open = $add->('item', $i + 1, $1);
		} elsif ($open && $open->{kind} =~ /^(?:paragraph|item|lead)$/) {
			$open->{text} .= "\n" . $line =~ s/^\s+//r;
		} else {
			$open = $add->($line =~ /^\*\*/ ? 'lead' : 'paragraph',
				       $i + 1, $line);
		}
	}
	return @sections;
}

# The text of a section but for its code blocks: [line, text] each.
sub texts_of {
	my ($section) = @_;
	my @texts = ([$section->{line}, $section->{title} =~ s/<a id.*//r]);
	for my $block (@{$section->{blocks}}) {
		next if $block->{kind} eq 'code';
		if ($block->{kind} eq 'table') {
			push @texts, map {
				my ($line, @cells) = @$_;
				map { [$line, $_] } @cells;
			} @{$block->{rows}};
		} else {
			push @texts, [$block->{line}, $block->{text}];
		}
	}
	return @texts;
}

# Inline code, links and numbers of a section: { what => first line }, and
# numbers as a list of [line, number].
sub facts_of {
	my ($section) = @_;
	my (%code, @links, @numbers);
	for (texts_of($section)) {
		my ($line, $text) = @$_;
		$text =~ s/(`+)(.+?)(?<!`)\1(?!`)/
			my $span = $2 =~ s{\s+}{ }gr;
			$code{$span} \/\/= $line; ' '/gse;
		$text =~ s/\]\(([^)\s]+)[^)]*\)/push @links, [$line, $1]; ']'/gse;
		push @numbers, [$line, $1 =~ s{\s+}{}r] while $text =~ /($number)/g;
	}
	return (\%code, \@links, \@numbers);
}

# What one list has and the other has not, counting: ([line, what]…), (…)
sub left_over {
	my ($a, $b) = @_;
	my %count;
	$count{$_->[1]}++ for @$b;
	my @only = grep { --$count{$_->[1]} < 0 } @$a;
	return @only;
}

# Words that a reader of the translation would have to read in English.
sub words_of {
	my ($text) = @_;
	$text =~ s/(`+).+?\1//gs;
	$text =~ s/\]\([^)]*\)/]/g;
	my @words = $text =~ /(?<![\w.\/-])[a-z]{2,}(?![\w\/])/g;
	return @words;
}

# Compares two documents { path, text }; pairs: original's path ->
# translation's. Gives lines that say where they differ; none: in step.
sub compare_editions {
	my ($from, $to, %pairs) = @_;
	my %original = reverse %pairs;
	my @wrong;
	my $differ = sub {
		my ($from_line, $to_line, $what) = @_;
		push @wrong, join ' ', grep { $_ }
			$from_line && "$from->{path}:$from_line",
			$to_line && "$to->{path}:$to_line:", $what;
	};
	my @from = sections_of($from->{text});
	my @to = sections_of($to->{text});
	my %there = map { $_->{id} => $_ } @to;
	my %here = map { $_->{id} => $_ } @from;

	for (grep { !$there{$_->{id}} } @from) {
		$differ->($_->{line}, 0,
			  "the section '$_->{title}' ($_->{id}) is not in $to->{path}");
	}
	for (grep { !$here{$_->{id}} } @to) {
		$differ->(0, $_->{line},
			  "the section '$_->{id}' is not in $from->{path}");
	}
	my @from_both = grep { $there{$_->{id}} } @from;
	my @to_both = grep { $here{$_->{id}} } @to;
	for my $i (0 .. $#from_both) {
		my ($a, $b) = ($from_both[$i], $to_both[$i] // last);
		next if $a->{id} eq $b->{id};
		$differ->($a->{line}, $b->{line},
			  "sections in another order: '$a->{id}', '$b->{id}'");
		last;
	}
	for my $a (@from_both) {
		my $b = $there{$a->{id}};
		$differ->($a->{line}, $b->{line},
			  "heading of level $a->{level}, there $b->{level}")
			if $a->{level} != $b->{level};
		compare_blocks($a, $b, $differ);
		compare_facts($a, $b, $differ, $from, $to, \%original);
	}
	return @wrong;
}

sub compare_blocks {
	my ($a, $b, $differ) = @_;
	my @a = @{$a->{blocks}};
	my @b = @{$b->{blocks}};
	for my $i (0 .. ($#a > $#b ? $#a : $#b)) {
		my ($x, $y) = ($a[$i], $b[$i]);
		my ($kind, $other) = map { $_ ? $_->{kind} : 'nothing' } $x, $y;
		if ($kind ne $other) {
			$differ->(($x // $a)->{line}, ($y // $b)->{line},
				  "in '$a->{id}': $kind, there $other");
			return;
		}
		compare_code($x, $y, $differ) if $kind eq 'code';
		compare_table($x, $y, $differ) if $kind eq 'table';
		$differ->($x->{line}, $y->{line}, "$kind is not translated")
			if $kind =~ /^(?:paragraph|lead|item)$/
			&& words_of($x->{text}) >= 3
			&& $y->{text} !~ /\p{Script=Han}/;
	}
}

sub compare_code {
	my ($x, $y, $differ) = @_;
	$differ->($x->{line}, $y->{line},
		  "code block '$x->{info}', there '$y->{info}'")
		if $x->{info} ne $y->{info};
	return if $x->{text} eq $y->{text};
	my @a = split /\n/, $x->{text}, -1;
	my @b = split /\n/, $y->{text}, -1;
	my $i = 0;
	$i++ while $i < @a && $i < @b && $a[$i] eq $b[$i];
	my $first = $x->{info} eq 'indented' ? 0 : 1;
	$differ->($x->{line} + $first + $i, $y->{line} + $first + $i,
		  'code differs: ' . ($a[$i] // 'end') . ' | ' . ($b[$i] // 'end'));
}

sub compare_table {
	my ($x, $y, $differ) = @_;
	my @a = @{$x->{rows}};
	my @b = @{$y->{rows}};
	$differ->($x->{line}, $y->{line}, sprintf 'table of %d rows, there %d',
		  scalar @a, scalar @b) if @a != @b;
	for my $i (0 .. ($#a < $#b ? $#a : $#b)) {
		my ($line, @cells) = @{$a[$i]};
		my ($other_line, @others) = @{$b[$i]};
		$differ->($line, $other_line, sprintf
			  'table row of %d cells, there %d',
			  scalar @cells, scalar @others) if @cells != @others;
		for (0 .. $#cells) {
			$differ->($line, $other_line, "rule '$cells[$_]' differs")
				if "$cells[$_] " =~ /^:?-+:? $/
				&& $cells[$_] ne ($others[$_] // '');
			$differ->($line, $other_line,
				  "cell is not translated: $cells[$_]")
				if words_of($cells[$_]) >= 3
				&& ($others[$_] // '') !~ /\p{Script=Han}/;
		}
	}
}

sub compare_facts {
	my ($a, $b, $differ, $from, $to, $original) = @_;
	my ($code, $links, $numbers) = facts_of($a);
	my ($other_code, $other_links, $other_numbers) = facts_of($b);

	for (sort grep { !exists $other_code->{$_} } keys %$code) {
		$differ->($code->{$_}, $b->{line}, "`$_` is missing");
	}
	for (sort grep { !exists $code->{$_} } keys %$other_code) {
		$differ->($a->{line}, $other_code->{$_}, "`$_` is added");
	}
	$differ->($_->[0], $b->{line}, "number $_->[1] is missing")
		for left_over($numbers, $other_numbers);
	$differ->($a->{line}, $_->[0], "number $_->[1] is added")
		for left_over($other_numbers, $numbers);

	my @targets = map { [$_->[0], target_of($from->{path}, $_->[1], $original)] }
		@$links;
	my @others = map { [$_->[0], target_of($to->{path}, $_->[1], $original)] }
		@$other_links;
	$differ->($_->[0], $b->{line}, "link to $_->[1] is missing")
		for left_over(\@targets, \@others);
	$differ->($a->{line}, $_->[0], "link to $_->[1] is added")
		for left_over(\@others, \@targets);
}

# What a link leads to, by the original's path where there are two editions.
sub target_of {
	my ($path, $link, $original) = @_;
	return $link if $link =~ /^[a-z]+:/;
	my ($file, $anchor) = $link =~ /^([^#]*)(#.*)?$/;
	my $target = $file eq '' ? $path : plain_path(dirname($path) . "/$file");
	return ($original->{$target} // $target) . ($anchor // '');
}

# The links of a document that lead nowhere, or to another edition than its
# own; pairs as above. $read gives a file's text, or undef.
sub dead_links {
	my ($document, $read, %pairs) = @_;
	my %original = reverse %pairs;
	my $path = $document->{path};
	my @wrong;
	for my $section (sections_of($document->{text})) {
		my (undef, $links) = facts_of($section);
		for (@$links) {
			my ($line, $link) = @$_;
			next if $link =~ /^[a-z]+:/;
			my ($target, $anchor) = split /#/, target_of($path, $link, {}), 2;
			my $text = $target eq $path ? $document->{text} : $read->($target);
			if (!defined $text) {
				push @wrong, "$path:$line: no file $target";
				next;
			}
			push @wrong, "$path:$line: no heading #$anchor in $target"
				if defined $anchor
				&& !grep { $_->{id} eq $anchor } sections_of($text);
			my $own = $original{$path} // next;
			push @wrong, "$path:$line: $target is also there as $pairs{$target}"
				if $pairs{$target} && $target ne $own;
		}
	}
	return @wrong;
}

# The first link of an edition leads to the other.
sub first_link {
	my ($document) = @_;
	for my $section (sections_of($document->{text})) {
		my (undef, $links) = facts_of($section);
		return target_of($document->{path}, $links->[0][1], {}) if @$links;
	}
	return '';
}

# How Chinese is set here, and terms that have a better word; avoid: term ->
# what to say instead.
sub typography {
	my ($document, %avoid) = @_;
	my @wrong;
	my $complain = sub {
		push @wrong, "$document->{path}:$_[0]: $_[1]";
	};
	for my $section (sections_of($document->{text})) {
		for (texts_of($section)) {
			my ($line, $text) = @$_;
			$complain->($line, "a line break within Chinese text: $1")
				if $text =~ /(.?[\p{Script=Han}，。；：、]\n.?)/;
			$text =~ s/(`+)(.+?)(?<!`)\1(?!`)/`x`/gs;
			$text =~ s/\]\([^)]*\)/]/g;
			$complain->($line, "no blank between: $1")
				if $text =~ /(\p{Script=Han}[A-Za-z0-9`]|[A-Za-z0-9`%]\p{Script=Han})/;
			$complain->($line, "punctuation of the other script: $1")
				if $text =~ /(\p{Script=Han} ?[,;:!?()]|[,;:!?(]\p{Script=Han})/;
			for my $term (sort keys %avoid) {
				$complain->($line, "'$term': here it is '$avoid{$term}'")
					if index($text, $term) >= 0;
			}
		}
	}
	return @wrong;
}

1;
