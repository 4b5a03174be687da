#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# --dwunw-mode on one leak, eight functions deep, in programs of two libcs: with
# and without call frame information (CFI), with a frame that can't be crossed
# without it, with and without frame pointers; with all rights, without that to
# trace other processes, and where their mappings can't be read. Every cell says
# how many of the eight frames are there, and why the others are not. The table
# is in doc/memleak.md.
use strict;
use warnings;
no warnings 'portable'; # hex of an address
use FindBin;
use lib $FindBin::Bin;
use Leak;
use Test::More;

need_tool();
my @chain = qw(make_name make_session open_session blind handle_request serve
	leak main);
my $all = @chain;

# Frames that are there by: the kernel's walk, that in place of dwunw, dwunw.
# rules.mk has the flags of each program.
my @kinds = (
	{ name => 'CFI', program => 'cfi', off => 1, fallback => $all, force => $all },
	{ name => 'no CFI', program => 'none',
		off => 1, fallback => $all, force => $all },
	{ name => 'no CFI, a blind frame', program => 'none-blind',
		off => 1, fallback => 4, force => 4, ends => 1 },
	{ name => 'CFI, frame pointers', program => 'cfi-fp',
		off => $all, fallback => $all, force => $all },
	# that frame has no frame pointer: the walk misses its caller
	{ name => 'frame pointers, a blind frame',
		program => 'none-fp-blind',
		off => $all - 1, fallback => $all - 1, force => 4, ends => 1 },
);
my @libcs = ('glibc');
push @libcs, 'musl' if Live::have_musl();

sub program_of {
	my ($kind, $libc) = @_;
	my $program = built("modes_${libc}_$kind->{program}");

	unlike(`readelf -SW $program`, qr/eh_frame/,
		"$libc $kind->{name}: no CFI is left")
	    if $kind->{program} =~ /^none/;
	return $program;
}

# Function names by address, from the program's own symbols and mappings: the
# tool may have none.
sub name_of {
	my ($pid, $program) = @_;
	my @symbols = map { /^(\w+) [tT] (\w+)/ ? [hex $1, $2] : () }
	    split /\n/, `nm -n $program`;
	my ($base) = slurp("/proc/$pid/maps") =~ /^(\w+)-\S+ \S+ 00000000 .*\Q$program\E$/m;
	$base = hex $base;
	return sub {
		my $vaddr = hex(shift =~ s/^0+//r) - $base;
		my $name = '?';
		for (@symbols) {
			last if $_->[0] > $vaddr;
			$name = $_->[1];
		}
		return $name;
	};
}

# How many of the chain are in a stack, in its order.
sub count_frames {
	my ($stack, $name_of) = @_;
	my @got = map { $name_of->($_->{pc}) } @{ $stack->{frames} };
	my $at = 0;
	my $right = 0;

	for my $want (@chain) {
		my ($next) = grep { $got[$_] eq $want } $at .. $#got;
		next unless defined $next;
		$right++;
		$at = $next + 1;
	}
	return $right;
}

# What goes before the tool's command to take a right from it. Since Linux 6.15
# who may put probes may also read mappings; that they can't be read, as on older
# kernels or where a security module forbids it, is a file in their place that
# may not be opened.
my @no_ptrace = qw(setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace);
my $no_dac = '-sys_ptrace,-dac_override,-dac_read_search';
my %without = (
	'all' => sub { () },
	'no ptrace' => sub { @no_ptrace },
	'no mappings' => sub {
		my ($pid) = @_;
		return (qw(unshare -m sh -c), 'mount --bind "$1" "$2" && ' .
			'shift 2 && exec "$@"', 'sh', "$dir/denied",
			"/proc/$pid/maps", qw(setpriv --bounding-set), $no_dac,
			'--inh-caps', $no_dac);
	},
);
open(my $denied, '>', "$dir/denied") or die;
chown(65534, 65534, "$dir/denied");
chmod(0, "$dir/denied");

# Is it enough to read the mappings of a process of one's own user?
sub may_read {
	my (@before) = @_;
	my $pid = start('/bin/sleep', 20);
	my (undef, $status) = Live::run(@before, 'cat', "/proc/$pid/maps");
	stop($pid);
	return $status == 0;
}

# On a busy machine the program may not have run in that time.
sub run_cell {
	my $r;
	for (1 .. 5) {
		$r = run_once(@_);
		last if $r->{text} !~ /^dwunw: allocations 0 =/m;
	}
	return $r;
}

sub run_once {
	my ($program, $mode, $rights, @options) = @_;
	my $pid = start($program);
	my $name_of = name_of($pid, $program);
	my ($text, $status) = Live::run('timeout', 60, $without{$rights}->($pid),
		tool(), "--dwunw-mode=$mode", '--stats', '-o', 0, @options,
		'-p', $pid, 0.6, 1);
	stop($pid);
	my $r = parse_leak($text, $status);
	my ($stack) = grep { $_->{bytes} == 48 * $_->{count} } @{ $r->{stacks} };
	$r->{right} = $stack ? count_frames($stack, $name_of) : 0;
	$r->{by_walk} = grep { ($_->{how} // '') eq 'fp' } @{ $stack->{frames} };
	return $r;
}

# A walk without frame pointers may find another one by chance.
sub check_frames {
	my ($title, $want, $r) = @_;
	my $more = $want == 1 && $r->{right} == 2;

	is($r->{right}, $want + $more, "$title: $want of $all frames") or
	    diag($r->{text});
}

# Where it may look: the stack is there, or it says why not.
sub check_permitted {
	my ($title, $kind, $mode, $r) = @_;

	is($r->{status}, 0, "$title: it ran") or diag($r->{text});
	check_frames($title, $kind->{$mode}, $r);
	my @told = $r->{text} =~ /^dwunw: a stack ends early(.*)$/mg;
	if ($kind->{ends} && $mode ne 'off') {
		is(scalar @told, 1, "$title: it says so, once") or
		    diag($r->{text});
		my $then = $kind->{$mode} > 4 ? ', frame pointers go on' : '';
		like($told[0], qr/^$then: no unwind information for 0x\w+ in /,
			"$title: why");
		like($told[0], qr/-blind \(instructions: sp unknown\)/,
			"$title: and where");
	} else {
		is(scalar @told, 0, "$title: nothing to say") or
		    diag($r->{text});
	}
	is($r->{by_walk}, 0, "$title: no frame pointers") if $mode eq 'force';
}

# Where it may not: it says so, once. Frame pointers need no such right.
sub check_denied {
	my ($title, $kind, $mode, $r) = @_;
	my @told = $r->{text} =~ /^(.*CAP_SYS_PTRACE.*)$/mg;

	if ($mode eq 'force') {
		isnt($r->{status}, 0, "$title: an error");
		is($r->{right}, 0, "$title: no frames");
	} else {
		is($r->{status}, 0, "$title: it ran") or diag($r->{text});
		check_frames($title, $kind->{off}, $r);
	}
	if ($mode eq 'off') {
		is(scalar @told, 0, "$title: nothing to say");
		return;
	}
	cmp_ok(scalar @told, '>', 0, "$title: the reason") or diag($r->{text});
	return if $mode eq 'force';
	is(scalar @told, 1, "$title: once");
	like($told[0], qr/frame pointers only/, "$title: and what it does then");
}

my @rights = ('all');
if (system('unshare -m true 2>/dev/null') ||
    system('setpriv --version >/dev/null 2>&1')) {
	diag('no unshare or no setpriv: with all rights only');
} else {
	push @rights, 'no ptrace', 'no mappings';
}
my $enough = @rights > 1 && may_read(@no_ptrace);

my @table;
for my $libc (@libcs) {
	for my $kind (@kinds) {
		my $program = program_of($kind, $libc);
		for my $rights (@rights) {
			# the same again, so one program is enough
			next if $rights eq 'no ptrace' && $kind != $kinds[0];
			my $may = $rights eq 'all' ||
			    $rights eq 'no ptrace' && $enough;
			my @cells;
			for my $mode (qw(off fallback force)) {
				my $title = "$libc, $kind->{name}; $rights; $mode";
				my $r = run_cell($program, $mode, $rights);
				($may ? \&check_permitted : \&check_denied)
				    ->($title, $kind, $mode, $r);
				push @cells, $r->{right} || 'error';
			}
			push @table, join ' | ', "| $libc", $kind->{name},
			    $rights, @cells;
		}
	}
}
# dwunw is made to fail where there are frame pointers: too little is copied.
{
	my $program = program_of($kinds[3], $libcs[0]);
	for my $mode (qw(fallback force)) {
		my $title = "too little stack copied; $mode";
		my $r = run_cell($program, $mode, 'all', '--stack-bytes=140');
		like($r->{text}, qr/^dwunw: a stack ends early.*: 0x\w+ is beyond the copied stack/m,
			"$title: why") or diag($r->{text});
		if ($mode eq 'force') {
			is($r->{status}, 1, "$title: an error");
			like($r->{text}, qr/dwunw failed/, "$title: it says so");
		} else {
			is($r->{right}, $all, "$title: frame pointers do it");
			cmp_ok($r->{by_walk}, '>', 0, "$title: each says so");
			cmp_ok($r->{by_fp}, '>', 0, "$title: counted as such");
		}
	}
}

diag("$_ |") for '| libc | program | rights | off | fallback | force', @table;

done_testing();
