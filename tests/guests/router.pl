#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# router.pl prepare DIR - the commands of doc/router.md as scripts in DIR, each by what
#	it is for: check.sh, record.sh, leaks.sh on the device, build.sh and others here.
#	A block that no test knows is an error.
# router.pl check NAME LOG PROGRAMS WORK DWUNW - runs those for the PC literally in WORK,
#	where scp, scripts/feeds and buildroot's make are stand-ins, and judges what the
#	guest's console shows of those for the device. Prints TAP as check.pl does.
use strict;
use warnings;
use utf8;
use Cwd 'abs_path';
use File::Basename;
use File::Copy 'copy';
use File::Path 'make_path';
use lib dirname(__FILE__) . '/../docs';
use Blocks;

binmode(STDOUT, ':utf8');
my $top = abs_path(dirname(__FILE__) . '/../..');

# What each block is for, by what is in it.
my %known = (
	check => qr/^dwunw check$/m,
	record => qr/^dwunw record /m,
	leaks => qr/^dwunw leaks /m,
	feed => qr/^scripts\/feeds /m,
	buildroot => qr/^make BR2_EXTERNAL=/m,
	flags => qr/^make -n ARCH=/m, # tests/docs/runs.t
	build => qr/^make ARCH=mips32el CC=musl-gcc$/m,
	report => qr/^dwunw report /m,
);

sub blocks_of {
	my ($path) = @_;
	my %found;
	for my $block (grep { $_->{info} =~ /^sh / } Blocks::of("$top/$path")) {
		my @names = grep { $block->{text} =~ $known{$_} } sort keys %known;
		@names == 1 or die "$path:$block->{line}: nobody runs this block: $block->{text}";
		!$found{$names[0]} or die "$path:$block->{line}: $names[0]: a second one\n";
		$found{$names[0]} = $block->{text};
	}
	for (sort keys %known) {
		$found{$_} or die "$path: no block is for $_\n";
	}
	return %found;
}

my %blocks = blocks_of('doc/router.md');
my %chinese = blocks_of('doc/zh/router.md');

if (@ARGV == 2 && $ARGV[0] eq 'prepare') {
	make_path($ARGV[1]);
	Blocks::put("$ARGV[1]/$_.sh", $blocks{$_}) for keys %blocks;
	exit 0;
}
@ARGV == 6 && $ARGV[0] eq 'check' or die "usage: router.pl prepare DIR | check …\n";
my (undef, $guest, $log_path, $programs, $work, $dwunw) = @ARGV;

sub result($$@) {
	my ($ok, $title, @why) = @_;
	print $ok ? 'ok' : 'not ok', " - $guest: $title\n";
	return 1 if $ok;
	print "# $_\n" for map { split /\n/ } @why;
	return 0;
}

# --- on the device --------------------------------------------------------------------

my $log = Blocks::slurp($log_path) =~ s/\r//gr;

sub said {
	my ($run) = @_;
	my ($text, $status) = $log =~ /^run router-$run\n(.*?)^end router-$run tool=(-?\d+) /ms;
	return ($text // '', $status // 'none');
}

my ($text, $status) = said('check');
my ($fragment) = Blocks::slurp("$top/doc/router.md") =~ /^## 1\. (.*?)^## 2\. /ms;
# a 6.1 kernel of mips with Debian's options has all three, as the document's table says
my %ways = map { $_ => 1 } $text =~ /^(\S.*?) +yes  /mg;
for (['walk in the kernel', 'walked in the kernel'], ['copies by BPF', 'copied by BPF'],
	['perf samples, no BPF', 'perf samples, no BPF']) {
	my ($way, $told) = @$_;
	result($ways{$way} && $fragment =~ /^\| \Q$told\E /m,
		"dwunw check: $way works, and the document tells of it", $text);
}
result($status eq '0', 'dwunw check: status', $status);
($text, $status) = said('record');
result($status eq '0', 'dwunw record: it ends after its minute', "status $status", $text);
($text, $status) = said('leaks');
my $stacks = () = $text =~ /allocations from stack/g;
result($stacks >= 5 && $text =~ /\[uhttpd\]/, "dwunw leaks --no-bpf, until Ctrl-C: $stacks stacks of uhttpd",
	"status $status", $text);

# --- on the PC ----------------------------------------------------------------------------

my $pc = "$work/pc";
make_path("$pc/bin", "$pc/scripts", "$pc/feeds", "$pc/package");

sub program {
	my ($path, $text) = @_;
	Blocks::put($path, $text);
	chmod 0755, $path or die "$path: $!\n";
}

# As it stands in the document, but for the path that a reader puts in.
sub run_block {
	my ($name) = @_;
	my $block = $blocks{$name} =~ s{/path/to/dwunw}{$top}gr;
	Blocks::put("$work/$name.sh", $block);
	my $said = qx{cd '$pc' && PATH='$pc/bin':\$PATH TZ=UTC DEBUGINFOD_URLS= sh -e '$work/$name.sh' 2>&1};
	return ($said, $? >> 8);
}

result($blocks{$_} eq $chinese{$_}, "the Chinese edition has the same commands: $_") for sort keys %known;

# A stand-in for OpenWrt's tree: update makes a link, install another, and the package's
# own Makefile prepares and configures both variants by tests/openwrt/sdk (feed.t
# compiles them).
my ($version) = Blocks::slurp("$top/packaging/openwrt/dwunw/Makefile") =~ /^PKG_VERSION:=(\S+)/m;
program("$pc/scripts/feeds", <<'END');
#!/bin/sh -e
case "$*" in
"update dwunw")
	path=$(sed -n 's/^src-link dwunw //p' feeds.conf)
	ls "$path"/*/Makefile >/dev/null
	ln -sfn "$path" feeds/dwunw ;;
"install -a -p dwunw")
	for package in feeds/dwunw/*/Makefile; do
		package=$(dirname "$package")
		ln -sfn "$(readlink -f "$package")" package/$(basename "$package")
	done ;;
*) echo "feeds: $*?" >&2; exit 1 ;;
esac
END
Blocks::put("$pc/Makefile", <<"END");
package/dwunw/compile:
	\@test -f package/dwunw/Makefile
	\@mkdir -p sdk
	\@for variant in small full; do \\
		env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C package/dwunw TOPDIR=$top/tests/openwrt/sdk \\
			SDK_WORK=$pc/sdk SDK_TARGET=mipsel SDK_CROSS=mipsel-linux-gnu- \\
			SDK_CC=mipsel-linux-gnu-gcc BUILD_VARIANT=\$\$variant \\
			$pc/sdk/build_dir/target-mipsel_musl/dwunw-\$\$variant/dwunw-$version/.configured || exit 1; \\
	done
menuconfig: # of buildroot: what an external tree has to have
	\@test -f \$(BR2_EXTERNAL)/external.desc && test -f \$(BR2_EXTERNAL)/external.mk
	\@BR2_EXTERNAL_DWUNW_PATH=\$(BR2_EXTERNAL) /usr/bin/python3 -c "import kconfiglib, sys; \\
		k = kconfiglib.Kconfig(sys.argv[1], warn=False); \\
		print(*sorted(s.name for s in k.unique_defined_syms))" \$(BR2_EXTERNAL)/Config.in
.PHONY: package/dwunw/compile menuconfig
END
($text, $status) = run_block('feed');
my @configured = glob "$pc/sdk/build_dir/target-mipsel_musl/dwunw-{small,full}/dwunw-$version/build/mips32el/.config";
result($status == 0 && @configured == 2, 'OpenWrt: the feed, and its package for both variants', "@configured", $text);
($text, $status) = run_block('buildroot');
result($status == 0 && $text =~ /\bBR2_PACKAGE_DWUNW_SMALL\b/, 'buildroot: its menu has the package', $text);

# The recording comes by scp.
my $bytes = pack 'H*', join '', $log =~ /^bytes \Qtmp\/uhttpd.dwr\E ([0-9a-f]+)$/mg;
result(length $bytes, 'the recording: ' . length($bytes) . ' bytes');
Blocks::put("$work/sent.dwr", '');
{
	open(my $out, '>:raw', "$work/sent.dwr") or die $!;
	print $out $bytes;
}
program("$pc/bin/scp", <<"END");
#!/bin/sh -e
case "\$1" in
root\@*:/tmp/uhttpd.dwr) [ -d "\$2" ] && cp $work/sent.dwr "\$2/uhttpd.dwr" ;;
*) echo "scp: \$1: no such file" >&2; exit 1 ;;
esac
END
symlink $dwunw, "$pc/bin/dwunw";
my ($root) = $blocks{report} =~ /--sysroot (\S+)/;
make_path("$pc/$root/usr/sbin", "$pc/$root/lib");
copy("$programs/recorded-musl.symbols", "$pc/$root/usr/sbin/uhttpd");
copy("$programs/libc-musl.symbols", "$pc/$root/lib/ld-musl.so.1");
($text, $status) = run_block('report');
result($status == 0, 'dwunw report on the PC', $text);
my @frames = grep { !/  _start(?:_c)?\+0x/ } $text =~ /^\t(.*\[uhttpd\].*)$/mg;
my @named = grep { /\S*recorded\.c:\d+  \[/ } @frames;
result(@frames > 50 && @frames == @named, 'a function, a file and a line: ' . @named . ' of ' . @frames .
	' frames of uhttpd', $text);
my ($live) = $text =~ /^\[[\d:]+\] (\d+) bytes in \d+ allocations are live/m;
result(($live // 0) > 10_000, 'live: ' . ($live // 'none') . ' bytes', $text);
