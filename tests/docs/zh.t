#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The Chinese edition is in step with the English one: the same sections in
# the same order, and in each the same blocks, code byte for byte, tables of
# the same size, and the same numbers, inline code and links. What changed in
# the English text since a translation: git log -p, from its last commit on.

use strict;
use warnings;
use utf8;
use Test::More;

binmode Test::More->builder->$_, ':utf8'
	for qw(output failure_output todo_output);
require './tests/docs/editions.pl';

my %pairs = (
	'README.md' => 'README.zh-CN.md',
	'DESIGN.md' => 'doc/zh/design.md',
	'doc/api.md' => 'doc/zh/api.md',
	'doc/count.md' => 'doc/zh/count.md',
	'doc/first-leak-router.md' => 'doc/zh/first-leak-router.md',
	'doc/first-leak-server.md' => 'doc/zh/first-leak-server.md',
	'doc/inproc.md' => 'doc/zh/inproc.md',
	'doc/memleak.md' => 'doc/zh/memleak.md',
	'doc/reports.md' => 'doc/zh/reports.md',
	'doc/recordings.md' => 'doc/zh/recordings.md',
	'doc/router.md' => 'doc/zh/router.md',
	'doc/symbols.md' => 'doc/zh/symbols.md',
	'doc/troubleshooting.md' => 'doc/zh/troubleshooting.md',
	'doc/your-own-tool.md' => 'doc/zh/your-own-tool.md',
	'examples/bpf_memleak/README.md' => 'doc/zh/bpf_memleak.md',
	'examples/crash_firmware/README.md' => 'doc/zh/crash_firmware.md',
	'examples/crash_mips32/README.md' => 'doc/zh/crash_mips32.md',
	'examples/libdw_bpf/README.md' => 'doc/zh/libdw_bpf.md',
	'examples/memleak_bcc_dwunw/README.md' => 'doc/zh/memleak_bcc_dwunw.md',
);
my $glossary = 'doc/zh/glossary.md';

sub slurp {
	my ($path) = @_;
	open(my $in, '<:encoding(UTF-8)', $path) or return undef;
	local $/;
	return <$in>;
}

sub document {
	my ($path) = @_;
	return { path => $path, text => slurp($path) // '' };
}

sub passes {
	my ($title, @wrong) = @_;
	ok(!@wrong, $title);
	diag($_) for @wrong;
}

# term to avoid -> term to use
sub avoided {
	my ($text) = @_;
	my %avoid;
	for my $section (sections_of($text)) {
		for my $table (grep { $_->{kind} eq 'table' } @{$section->{blocks}}) {
			my (undef, undef, @rows) = @{$table->{rows}};
			for (@rows) {
				my (undef, undef, $use, $not) = @$_;
				$avoid{$_} = $use for split /、/, $not;
			}
		}
	}
	return %avoid;
}

my %avoid = avoided(slurp($glossary));
ok(keys %avoid, 'the glossary has terms to avoid');

for my $path (sort keys %pairs) {
	my ($from, $to) = map { document($_) } $path, $pairs{$path};
	ok($from->{text} && $to->{text}, "$path and $to->{path} are there");
	passes("$to->{path} is in step with $path",
	       compare_editions($from, $to, %pairs));
	passes("the links of $to->{path} lead somewhere",
	       dead_links($to, \&slurp, %pairs));
	is(first_link($from), $to->{path}, "$path leads to $to->{path}");
	is(first_link($to), $path, "$to->{path} leads to $path");
	passes("$to->{path} is set as Chinese text is",
	       typography($to, %avoid));
}
my %known = map { $_ => 1 } values %pairs, $glossary;
my @unknown = grep { !$known{$_} } glob('doc/zh/*'), glob('*.zh-CN.md');
passes('every Chinese document has an original',
       map { "$_: of what?" } @unknown);

# The comparison itself: a pair that is in step, and what must be noticed.
my $english = <<'END';
# The tool

[简体中文](doc/zh/design.md)

It reads 64 bytes with `read()` in 3.5 ms and says why
it ended, see [performance](doc/performance.md).

## How to use it

```sh
make test    # all of it
```

**First** comes the part that says what is meant.

- one item of the list
- a second item of it

| option | costs |
|---|---|
| `-z` | about 2 us in most cases |
| default | 1,000 |

    indented --code

### What it cannot do

Nothing at all, says the [design](#how-to-use-it).
END
my $chinese = <<'END';
# 工具 <a id="the-tool"></a>

[English](../../DESIGN.md)

它用 `read()` 读 64 字节，用时 3.5 ms，并说明停止原因，见[性能](../performance.md)。

## 用法 <a id="how-to-use-it"></a>

```sh
make test    # all of it
```

**首先**是说明含义的部分。

- 列表的一项
- 第二项

| 选项 | 开销 |
|---|---|
| `-z` | 多数情况下约 2 us |
| 默认 | 1,000 |

    indented --code

### 做不到的事 <a id="what-it-cannot-do"></a>

一件也没有，[设计](#how-to-use-it)如是说。
END

# What one changed text is called, which edition, what for what, what is said.
my @changes = (
	['a heading reworded', 'en', 'How to use it', 'How to run it',
	 'is not in'],
	['a heading dropped', 'zh', "### 做不到的事 <a id=\"what-it-cannot-do\"></a>\n", '',
	 'is not in'],
	['a heading added', 'en', "\n### What", "\n### More\n\n### What",
	 'is not in'],
	['a heading too many', 'zh', "### 做", "### 更多\n\n### 做",
	 'is not in DESIGN.md'],
	['sections in another order', 'en', "\n## How to use it\n",
	 "\n### What it cannot do\n\n## How to use it\n", 'another order'],
	['a heading of another level', 'zh', '### 做', '## 做', 'level 3, there 2'],
	['a code block changed', 'en', 'make test ', 'make check ', 'code differs'],
	['a blank in a code block', 'zh', 'make test    #', 'make test   #',
	 'code differs'],
	['a code block of another class', 'en', '```sh', '```c', 'code block'],
	['indented code changed', 'zh', 'indented --code', 'indented -code',
	 'code differs'],
	['a paragraph dropped', 'zh', "**首先**是说明含义的部分。\n\n", '', 'lead'],
	['a lead that is none', 'zh', '**首先**', '首先', 'there paragraph'],
	['an item dropped', 'zh', "- 第二项\n", '', 'there table'],
	['a row dropped', 'zh', "| 默认 | 1,000 |\n", '', 'rows, there 3'],
	['a column added', 'en', "default | 1,000 |", "default | 1,000 | 2 |",
	 'cells'],
	['a rule changed', 'zh', '|---|---|', '|---|---:|', "rule '---' differs"],
	['a number changed', 'en', '64 bytes', '65 bytes', 'number 65'],
	['a number in a table changed', 'zh', '1,000', '1,001', 'number 1,001'],
	['a unit changed', 'zh', '3.5 ms', '3.5 us', 'number 3.5us'],
	['inline code changed', 'en', '`read()`', '`pread()`', '`pread\(\)`'],
	['inline code added', 'zh', '如是说', '如是说 `maybe`', '`maybe` is added'],
	['a link dropped', 'zh', '[性能](../performance.md)', '性能',
	 'link to doc/performance.md is missing'],
	['a link to another file', 'zh', '../performance.md', '../symbols.md',
	 'link to doc/symbols.md is added'],
	['a link to another heading', 'en', '(#how-to-use-it)', '(#the-tool)',
	 'link to'],
	['a paragraph not translated', 'zh', '一件也没有，[设计](#how-to-use-it)如是说。',
	 'Nothing at all, says the [design](#how-to-use-it).', 'not translated'],
	['a cell not translated', 'zh', '多数情况下约 2 us',
	 'about 2 us in most cases', 'not translated'],
);
sub swapped {
	my ($text, $what, $by) = @_;
	my $at = index $text, $what;
	die "no '$what'" if $at < 0;
	substr $text, $at, length $what, $by;
	return $text;
}
sub compared {
	my ($en, $zh) = @_;
	return compare_editions({ path => 'DESIGN.md', text => $en },
				{ path => 'doc/zh/design.md', text => $zh }, %pairs);
}
passes('a pair in step', compared($english, $chinese));
for (@changes) {
	my ($title, $edition, $what, $by, $says) = @$_;
	my @said = compared(
		$edition eq 'en' ? swapped($english, $what, $by) : $english,
		$edition eq 'zh' ? swapped($chinese, $what, $by) : $chinese);
	like(join("\n", @said), qr/\.md:\d+.*$says/, "noticed: $title");
}

# Each line of the pair, dropped.
for my $edition (\$english, \$chinese) {
	my $whole = $$edition;
	my @lines = split /\n/, $whole, -1;
	my @unnoticed;
	for my $i (grep { $lines[$_] ne '' } 0 .. $#lines) {
		my @rest = @lines;
		splice @rest, $i, 1;
		$$edition = join "\n", @rest;
		push @unnoticed, $lines[$i] unless compared($english, $chinese);
	}
	$$edition = $whole;
	passes('noticed: any line dropped', @unnoticed);
}

for (
	['no such file', '../performance.md', '../nowhere.md', 'no file'],
	['no such heading', '(#how-to', '(#who-to', 'no heading'],
	['the other edition', '../performance.md', '../../README.md', 'also there'],
) {
	my ($title, $what, $by, $says) = @$_;
	my %text = (path => 'doc/zh/design.md',
		    text => swapped($chinese, $what, $by));
	like(join("\n", dead_links(\%text, \&slurp, %pairs)), qr/:\d+: .*$says/,
	     "noticed: a link to $title");
}
for (
	['a line break', '，用时', "，\n用时", 'line break'],
	['no blank', '读 64', '读64', 'no blank'],
	['a comma', '，用时', ',用时', 'punctuation'],
	['a term', '工具', '堆栈', "'堆栈'"],
) {
	my ($title, $what, $by, $says) = @$_;
	my %text = (path => 'x.md', text => swapped($chinese, $what, $by));
	like(join("\n", typography(\%text, %avoid)), qr/^x\.md:\d+: .*$says/m,
	     "noticed: $title");
}

done_testing();
