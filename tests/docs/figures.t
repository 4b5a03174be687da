#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Figures of the documents that a build or a header can answer: sizes of
# structs and of text, defaults and limits; and one figure that is in several
# documents is the same in all.

use strict;
use warnings;
use Cwd;
use File::Basename;
use File::Temp;
use Test::More;
use lib dirname(__FILE__);
use Blocks;

my $top = Cwd::abs_path(dirname(__FILE__) . '/../..');
chdir $top or die $!;
chomp(my $machine = `uname -m`);
my $build = $ENV{BUILD} // "build/$machine";
my $work = File::Temp->newdir;

sub plain { return $_[0] =~ s/,//gr }

# The number that a document has in place of the pattern's parentheses.
sub told {
	my ($path, $pattern) = @_;
	my ($number) = Blocks::slurp($path) =~ $pattern;
	return defined $number ? plain($number) : "nothing like $pattern";
}

# --- structs ------------------------------------------------------------------

my @sizes = (
	['DESIGN.md', qr/full\s+row \((\d+) bytes\)/, 'struct dwunw_row'],
	['doc/performance.md', qr/^\| a frame \| (\d+) bytes/m, 'struct dwunw_frame'],
	['doc/performance.md', qr/^\| a mapping \| (\d+) bytes/m, 'struct dwunw_mapping'],
	['doc/performance.md', qr/eh_frame_hdr \| (\d+) bytes an FDE/,
		'struct dwunw_index_entry'],
	['doc/api.md', qr/PT_LOAD headers are kept there, (\d+) bytes each/,
		'struct dwunw_segment'],
	['doc/api.md', qr/inlined calls, (\d+) bytes each/, 'struct dwunw_call'],
	['doc/api.md', qr/(\d+) bytes a range/, 'struct dwunw_unit_range'],
	['doc/api.md', qr/(\d+) bytes a row, 32 a run/, 'struct dwunw_line_row'],
	['doc/api.md', qr/16 bytes a row, (\d+) a run/, 'struct dwunw_line_run'],
	['doc/api.md', qr/lists the units, (\d+) bytes each/, 'struct dwunw_unit_place'],
	['doc/api.md', qr/NULL: by the mappings alone \|\n\| `max_frames`[^\n]*; (\d+) bytes each/,
		'struct dwunw_frame'],
	['SPEC.md', qr/at least (\d+), at most the bytes given to the parser/,
		'struct dwunw_event_header'],
);
# What the memory of scans has room for (core/scan/explore.h).
my @scans = (
	['SPEC.md', qr/a function \| ([\d,]+) units/, 'visited_count'],
	['SPEC.md', qr/branch targets at the same time \| ([\d,]+) \(3\/16/, 'block_room'],
	['SPEC.md', qr/different states among them \| ([\d,]+) \(/, 'state_room'],
	['SPEC.md', qr/starts are known at the same time \| ([\d,]+) units/, 'starts.count'],
);
my $state_bytes = ['SPEC.md', qr/different states among them \| [^|]*, (\d+) bytes each/,
	'sizeof(struct dwu_scan_state) + sizeof(uint16_t)'];
# as a program, for make
if (@ARGV && $ARGV[0] eq '--sizes') {
	print "#include \"core/scan/explore.h\"\n#include <dwunw/dwarf.h>\n#include <dwunw/walk.h>\n",
	    "#include <stdio.h>\nstatic uint8_t block[CONFIG_SCAN_MEMORY_KB << 10];\n",
	    "static struct dwu_scan_memory m;\nint main(void)\n{\n",
	    (map { "\tprintf(\"%zu\\n\", sizeof($_->[2]));\n" } @sizes),
	    "\tdwu_scan_memory_init(&m, block, sizeof(block));\n",
	    (map { "\tprintf(\"%u\\n\", m.$_->[2]);\n" } @scans),
	    "\tprintf(\"%zu\\n\", $state_bytes->[2]);\n}\n";
	exit 0;
}
my @real = split(/\n/, `$build/tests/docs/sizes`);
my @asked = (@sizes, @scans, $state_bytes);
is(scalar @real, scalar @asked, 'all of them are told');
is(told($asked[$_][0], $asked[$_][1]), $real[$_], "$asked[$_][0]: $asked[$_][2]")
	for 0 .. $#asked;

# --- limits ---------------------------------------------------------------------

my $kconfig = Blocks::slurp('Kconfig');
my %default = $kconfig =~ /^config (\w+)\n(?:\t[^\n]*\n|\n)*?\tdefault (\d+)$/mg;
for my $name (qw(EXPR_STEPS EXPR_STACK ROW_STATES MAPPING_MAX)) {
	is(told('SPEC.md', qr/\| ([\d,]+) \| CONFIG_$name \|/), $default{$name},
		"SPEC.md: CONFIG_$name");
}
is(told('SPEC.md', qr/\| (\d+) KiB \| CONFIG_SCAN_MEMORY_KB/),
	$default{SCAN_MEMORY_KB}, 'SPEC.md: CONFIG_SCAN_MEMORY_KB');
is(told('doc/performance.md', qr/(\d+) KiB for instruction scans/),
	$default{SCAN_MEMORY_KB}, 'doc/performance.md: the same');
is(told('doc/performance.md', qr/\(([\d,]+) by default, 256 on routers\)/),
	$default{ROW_CACHE_ENTRIES}, 'doc/performance.md: rows remembered');
is(told('SPEC.md', qr/\| (\d+) \| module_cache_capacity/),
	$default{MODULE_CACHE_CAPACITY}, 'SPEC.md: files kept open');
my $router = Blocks::slurp('port/mips32/defconfig');
is(told('doc/performance.md', qr/by default, (\d+) on routers\)/),
	($router =~ /ROW_CACHE_ENTRIES=(\d+)/)[0], 'and on routers');
is(told('doc/performance.md', qr/routers (\d+) KiB\)/),
	($router =~ /SCAN_MEMORY_KB=(\d+)/)[0], 'and for scans');
is(told('examples/crash_mips32/README.md', qr/KiB here, (\d+) of them/),
	($router =~ /SCAN_MEMORY_KB=(\d+)/)[0], 'and of a crash');

my %macros = map { map { /(\w+) (\d+)u?\b/ ? ($1 => $2) : () }
	Blocks::slurp($_) =~ /^#define (\w+ \d+u?)\b/mg } 'bpf/capture.h',
	glob('include/dwunw/*.h');
for (
	['SPEC.md', qr/\| stack bytes of an event \| ([\d,]+) /, 'DWUNW_CAPTURE_STACK_CAP'],
	['SPEC.md', qr/stack_cap, at most ([\d,]+) /, 'DWUNW_CAPTURE_STACK_CAP_MAX'],
	['SPEC.md', qr/\| events being made at the same time \| (\d+) /, 'DWUNW_CAPTURE_SLOTS'],
	['SPEC.md', qr/\| returns noted of a thread \| (\d+) /, 'DWUNW_CAPTURE_RETURN_MAX'],
	['SPEC.md', qr/\| returns of an event \| (\d+) /, 'DWUNW_EVENT_RETURN_MAX'],
	['doc/api.md', qr/`DWUNW_CAPTURE_STACK_CAP`, (\d+)/, 'DWUNW_CAPTURE_STACK_CAP'],
	['doc/api.md', qr/`DWUNW_CAPTURE_STACK_CAP_MAX` \((\d+)\)/, 'DWUNW_CAPTURE_STACK_CAP_MAX'],
	['doc/api.md', qr/`DWUNW_CAPTURE_SLOTS`, (\d+)/, 'DWUNW_CAPTURE_SLOTS'],
	['doc/api.md', qr/`DWUNW_CAPTURE_RETURN_MAX` \((\d+)\)/, 'DWUNW_CAPTURE_RETURN_MAX'],
	['doc/api.md', qr/`DWUNW_EVENT_RETURN_MAX` \| (\d+):/, 'DWUNW_EVENT_RETURN_MAX'],
	['doc/api.md', qr/`DWUNW_REG_MAX` \((\d+)\)/, 'DWUNW_REG_MAX'],
	['doc/api.md', qr/`DWUNW_ARENA_ALIGN` \((\d+)\)/, 'DWUNW_ARENA_ALIGN'],
	['doc/api.md', qr/`DWUNW_BUILD_ID_MAX` \((\d+)\)/, 'DWUNW_BUILD_ID_MAX'],
	['doc/api.md', qr/`DWUNW_FIRMWARE_STACK_SIZE` \((\d+)\)/, 'DWUNW_FIRMWARE_STACK_SIZE'],
	['doc/api.md', qr/`DWUNW_FIRMWARE_FRAMES` \((\d+)\)/, 'DWUNW_FIRMWARE_FRAMES'],
	['doc/api.md', qr/`DWUNW_MIPS32_STACK_SIZE` \((\d+)\)/, 'DWUNW_MIPS32_STACK_SIZE'],
	['doc/api.md', qr/`DWUNW_MIPS32_FRAMES` \((\d+)\)/, 'DWUNW_MIPS32_FRAMES'],
	['doc/api.md', qr/`DWUNW_MIPS32_MODULE_MAX` \((\d+)\)/, 'DWUNW_MIPS32_MODULE_MAX'],
	['doc/troubleshooting.md', qr/at most `--stack-bytes` \((\d+)\)/, 'DWUNW_CAPTURE_STACK_CAP'],
	['doc/troubleshooting.md', qr/`--stack-bytes (\d+)` is the most/, 'DWUNW_CAPTURE_STACK_CAP_MAX'],
) {
	my ($path, $pattern, $name) = @$_;
	is(told($path, $pattern), $macros{$name}, "$path: $name");
}

# --- text ---------------------------------------------------------------------------

# Within a twentieth, of gcc at -O2 and the default configuration.
sub near {
	my ($told, $bytes, $title) = @_;
	my $off = $told =~ /^\d+$/ ? abs($told * 1000 / $bytes - 1) : 1;
	ok($off < 0.05, $title) or diag("told $told KB, is $bytes bytes");
}

my $lib = "$build/libdwunw-core.a";
my $config = -f "$build/.config" ? Blocks::slurp("$build/.config") : '';
my $same = $machine eq 'x86_64' && $config =~ /^CONFIG_OPTIMIZE_SPEED=y/m &&
	$config !~ /^# CONFIG_(?:SCAN|NAMES|ARCH|CFI)\w* is not set/m &&
	($ENV{CC} // 'gcc') =~ /gcc$/ && $build !~ /-asan$/;
SKIP: {
	skip('another configuration or compiler', 2) unless $same && -f $lib;
	my ($text, $scan) = (0, 0);
	for (`size '$lib'`) {
		my ($bytes, $object) = (split ' ')[0, 5];
		next unless $bytes =~ /^\d+$/;
		$text += $bytes;
		$scan += $bytes if $object =~
			/^(?:code|explore|sweep|function|part|scan|scanner|scan_names|insn)\.o$/;
	}
	my $row = qr/\| servers \| all four \| /;
	near(told('doc/cross-building.md', qr/$row(\d+) KB/), $text,
		'doc/cross-building.md: text of the core');
	near(told('doc/cross-building.md', qr/${row}\d+ KB[^|]*scans (\d+)/), $scan,
		'doc/cross-building.md: text of the scans');
}

# --- the same everywhere ------------------------------------------------------------

my $all = told('doc/performance.md', qr/Of ([\d,]+) addresses where/);
my $right = told('doc/performance.md', qr/agree, ([\d,]+) have the same/);
is(told('doc/symbols.md', qr/of ([\d,]+) addresses, four targets/), $all,
	'doc/symbols.md: addresses with names');
is(told('doc/symbols.md', qr/\| ([\d,]+) of [\d,]+ addresses, four/), $right,
	'doc/symbols.md: those that are right');
is(told('SPEC.md', qr/\(\d+ of ([\d,]+) addresses in/), $all, 'SPEC.md: addresses');
is(told('SPEC.md', qr/\((\d+) of [\d,]+ addresses in/), $all - $right,
	'SPEC.md: those that are not');
is(told('doc/symbols.md', qr/process start to end \| ([\d.]+) ms/),
	told('doc/performance.md', qr/^\| dwunw \| ([\d.]+) \| [\d,]+ \|$/m),
	'doc/symbols.md: the first answer');
done_testing();
