#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# check.pl NAME LOG PLAN - what the guest's console shows, against what leaky.c
# and tests/libdw_bpf/target.c do; prints TAP without the plan line, numbered by
# check.pl's caller.
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../libdw_bpf';
use Stacks;

my ($guest, $log_path, $plan_path) = @ARGV;
my $rounds = 5;
my %whole; # stacks of tools and targets in each situation

# Each leak of leaky.c: bytes of one, and its chain up to main. "?" is the
# signal's trampoline: a page of the kernel, which has no name here.
my %chains = (
	leak_nested => [48, qw(make_name make_session open_session serve
		leak_nested one_round main)],
	leak_in_callback => [100, qw(compare sort leak_in_callback one_round
		main)],
	leak_in_signal => [200, qw(note_signal on_signal ? touch leak_in_signal
		one_round main)],
	leak_by_realloc => [4000, qw(grow_table leak_by_realloc one_round
		main)],
	leak_by_calloc => [300, qw(leak_by_calloc one_round main)],
	leak_aligned => [640, qw(leak_aligned one_round main)],
	leak_mapping => [8192, qw(leak_mapping one_round main)],
	leak_deep => [56, ('descend') x 21, qw(leak_deep one_round main)],
);

sub slurp {
	my ($path) = @_;
	open(my $file, '<', $path) or die "$path: $!\n";
	local $/;
	return scalar <$file>;
}

# A match that fails is an empty list otherwise, and the title its truth.
sub result($$@) {
	my ($ok, $title, @why) = @_;
	print $ok ? 'ok' : 'not ok', " - $guest: $title\n";
	return if $ok;
	print "# $_\n" for map { split /\n/ } @why;
}

# The last report of a run: its stacks as [bytes, count, names…].
sub stacks {
	my ($text) = @_;
	my @stacks;
	for (split /\n/, $text =~ s/.*^\[\d\d:\d\d:\d\d\] //smr) {
		if (/^(\d+) bytes in (\d+) allocations from stack/) {
			push @stacks, [$1, $2];
		} elsif (@stacks && /^\t#\d+ +0x[0-9a-f]{16}(.*)/) {
			my $rest = $1;
			push @{ $stacks[-1] },
			    $rest =~ /^  ([\w.@]+)\+0x/ &&
			    $rest !~ /\[\[?vdso\]?\]/ ? $1 : '?';
		}
	}
	return @stacks;
}

# undef: it is one of the chains, exactly, as often as it must be.
sub wrong_stack {
	my ($stack, $seen) = @_;
	my ($bytes, $count, @names) = @$stack;
	my $text = join ' ', @names;
	for my $leak (sort keys %chains) {
		my ($size, @chain) = @{ $chains{$leak} };
		# "?" may have a name: musl's own trampoline is behind one
		my $chain = join ' ', map { $_ eq '?' ? '\S+' : $_ } @chain;
		# behind main stands libc's start code, with or without CFI
		next unless "$text " =~ /^$chain /;
		$seen->{$leak} += $count;
		return undef if $bytes == $size * $count;
		return "$leak: $bytes bytes in $count";
	}
	return "no such chain ($bytes bytes in $count): $text";
}

sub check_run {
	my ($name, $text) = @_;
	my ($calls, $events, $drops) =
	    $text =~ /^calls (\d+) = events (\d+) \+ drops (\d+)/m;
	my ($made) = $text =~ /^\| calls (\d+)/m;
	my ($received, $bad, $full) = $text =~
	    /^received (\d+), not unwound (\d+), live map full (\d+)/m;
	my (%seen, @wrong);

	result($text =~ /^end \S+ tool=0 target=0/m, "$name: it ran", $text);
	result(defined $made && defined $calls && $made == $calls &&
		$calls == $events + $drops && $drops == 0 &&
		$received == $events && !$bad && !$full,
		"$name: events + drops = calls, $events of " . ($made // '?') .
		', drops ' . ($drops // '?'), $text);
	push @wrong, grep { defined } wrong_stack($_, \%seen)
	    for stacks($text);
	for (sort keys %chains) {
		push @wrong, "$_: " . ($seen{$_} // 0) . " of $rounds"
		    unless ($seen{$_} // 0) == $rounds;
	}
	result(!@wrong, "$name: every stack exact up to main", @wrong,
		@wrong ? $text : ());
	return unless $name =~ /^musl/;
	my ($whole, $all) = $text =~
	    /^complete to the program's start: (\d+) of (\d+) stacks/m;
	result(defined $all && $all > 0 && $whole == $all, "$name: " .
		'no CFI, no section headers: complete to the start, ' .
		($whole // '?') . ' of ' . ($all // '?'), $text);
}

# The last report of memleak_dwunw_user, in the form of stacks(), and how many
# allocations the dynamic linker has made, before main: -c sees them.
sub bcc_stacks {
	my ($text) = @_;
	my (@stacks, @ours, $linker);
	for (split /\n/, $text =~ s/.*^\[\d\d:\d\d:\d\d\] //smr) {
		if (/^\t?(\d+) bytes in (\d+) allocations from stack/) {
			push @stacks, [$1, $2];
		} elsif (@stacks && /^\t\d+ \[<[0-9a-f]+>\] (\S+)(.*)/) {
			my ($name, $rest) = ($1, $2);
			push @{ $stacks[-1] }, $name =~ /^([\w.@]+)\+0x/ &&
			    $rest !~ /\[\[?vdso\]?\]/ ? $1 : '?';
			$ours[$#stacks]++ unless $rest =~ /\[ld-musl/;
		}
	}
	$linker += $stacks[$_][1] for grep { !$ours[$_] } 0 .. $#stacks;
	return ($linker // 0, map { $stacks[$_] }
		grep { $ours[$_] } 0 .. $#stacks);
}

sub check_bcc {
	my ($name, $text) = @_;
	my ($made) = $text =~ /^(?:\| )?calls (\d+)/m;
	my ($calls, $stacks, $drops, $full) = $text =~
	    /^dwunw: allocations (\d+) = stacks (\d+) \+ drops (\d+) .*live map full (\d+)/m;
	my (%seen, @wrong);

	result($text =~ /^end \S+ tool=0 target=0/m, "$name: it ran", $text);
	my ($linker, @stacks) = bcc_stacks($text);
	$linker = 0 unless $name =~ /-command$/;
	result(defined $made && defined $calls && $calls == $made + $linker &&
		$calls == $stacks && !$drops && !$full, "$name: " .
		($calls // '?') . ' allocations = ' . ($stacks // '?') .
		' stacks of ' . ($made // '?') . " and $linker of its linker, " .
		'drops ' . ($drops // '?'), $text);
	push @wrong, grep { defined } wrong_stack($_, \%seen) for @stacks;
	for (sort keys %chains) {
		push @wrong, "$_: " . ($seen{$_} // 0) . " of $rounds"
		    unless ($seen{$_} // 0) == $rounds;
	}
	result(!@wrong, "$name: every stack exact up to main", @wrong,
		@wrong ? $text : ());
	my ($whole, $to_main, $shorter, $fp, $none) = $text =~
	    /^dwunw: stacks to the start (\d+), (?:only )?to main (\d+), shorter (\d+), by frame pointers (\d+), not unwound (\d+)/m;
	result($whole && !$to_main && !$shorter && !$fp && !$none,
		"$name: no CFI, no section headers: complete to the start, " .
		($whole // '?') . ', shorter ' .
		(defined $whole ? $to_main + $shorter + $fp + $none : '?'),
		$text);
}

my $no_syscalls; # this kernel has no events of system calls

# dwunw leaks: the same leaks by either way; where the kernel cannot walk, that
# is said, and stacks are copied or nothing is done, as was asked for.
sub check_leaks {
	my ($name, $text) = @_;
	my $asked = $name =~ /-kernel/;
	say_verified($name, $text);
	my $walks = $name !~ /-copy/ && !$no_syscalls;
	my (%seen, @wrong);

	if ($asked && $no_syscalls) {
		result($text =~ /^end \S+ tool=1 /m, "$name: refused", $text);
		result($text =~ m{^(?:\| )?dwunw: leaks: --walk=kernel: .*syscalls/sys_enter_}m,
			"$name: for that reason", $text);
		return;
	}
	result($text =~ /^end \S+ tool=0 target=0/m, "$name: it ran", $text);
	result($text =~ m{^(?:\| )?note: stacks are copied, not walked in the kernel: .*syscalls/sys_enter_}m,
		"$name: why it copies", $text) if $name =~ /-auto/ && $no_syscalls;
	my ($made) = $text =~ /^(?:\| )?calls (\d+)/m;
	my ($calls, $stacks, $drops) = $text =~
	    /^dwunw: allocations (\d+) = stacks (\d+) \+ drops (\d+) /m;
	result(defined $made && defined $calls && $calls == $made &&
		$stacks == $made && !$drops, "$name: " . ($calls // '?') .
		' allocations = ' . ($stacks // '?') . ' stacks of ' .
		($made // '?'), $text);
	my ($counted) = $text =~ /^dwunw: walked in the kernel: counted (\d+)/m;
	# how many: by when the tool had answered the first ones
	result($walks ? defined $counted : !defined $counted,
		"$name: only counted: " . ($counted // 'nothing'), $text);
	push @wrong, grep { defined } wrong_stack($_, \%seen) for stacks($text);
	for (sort keys %chains) {
		push @wrong, "$_: " . ($seen{$_} // 0) . " of $rounds"
		    unless ($seen{$_} // 0) == $rounds;
	}
	result(!@wrong, "$name: every stack exact up to main", @wrong,
		@wrong ? $text : ());
}

# What the kernel has verified, and what it keeps: remarks.
sub say_verified {
	my ($name, $text) = @_;
	my @programs = $text =~ /^(?:\| )?BPF program (\S+: processed \d+) insns/mg;
	my ($maps) = $text =~ /memory: tool \d+ KiB, (maps \d+ KiB)/;
	print "# $guest: $name: $_\n" for @programs, $maps // ();
}

# tests/walk's check: no walk of the kernel differs from that of the copy.
sub check_walked {
	my ($name, $text, $wanted) = @_;
	say_verified($name, $text);
	my ($all, $whole, $part, $different) = $text =~
	    /^(?:\| )?pairs (\d+) whole (\d+) part (\d+) different (\d+)/m;
	result($text =~ /^end \S+ tool=0 /m, "$name: it ran", $text);
	result(($all // 0) >= $wanted && defined $different && !$different,
		"$name: " . ($all // 'no') . ' pairs, whole ' .
		($whole // '?') . ', part ' . ($part // '?') . ', different ' .
		($different // '?'), $text);
	print "# $guest: $name: $_\n" for $text =~ /(stops of the .*)/g;
}

# dwunw leaks on a process that does nothing: the kernel's memory, a remark.
sub check_start {
	my ($name, $text) = @_;
	say_verified($name, $text);
	result($text =~ /^end \S+ tool=0 /m, "$name: it ran", $text);
	my ($maps) = $text =~ /maps (\d+) KiB/;
	my ($more) = $text =~ /^guest: kernel memory (-?\d+) KiB more/m;
	result(defined $maps && defined $more, "$name: maps " .
		($maps // '?') . ' KiB by their own account, the kernel has ' .
		'taken ' . ($more // '?') . ' KiB', $text);
}

# dwunw count: as many calls as the target makes, by their whole stack.
sub check_counted {
	my ($name, $text) = @_;
	say_verified($name, $text);
	my ($without) = $text =~ /^(?:\| )?dwunw: count: (.*no kprobes.*)/m;
	if (defined $without) {
		result(1, "$name # SKIP $without");
		return;
	}
	result($text =~ /^end \S+ tool=0 target=0/m, "$name: it ran", $text);
	my ($count) = $text =~ /\] (\d+) events from /;
	result($count, "$name: " . ($count // 'no') . ' events', $text);
}

# --- the tools of examples/libdw_bpf ---------------------------------------------

# After a fork the child's pages count as not accessed. Where that is noted by
# software (mips, arm64 without FEAT_HAFDBS), BPF cannot read one that the child
# has not touched: its stack may end there, and has to say so. All do where the
# page's border lies below main's frame, which differs from run to run.
sub untouched {
	my ($mode, $stack, $due, $musl) = @_;
	my $chain = chain($stack, $musl);
	return $mode eq 'fork' && $chain =~ / in_fork/ &&
	    $due =~ /^\Q$chain\E\b/ &&
	    $stack->{ends} =~ /^memory at 0x\w+ cannot be read/;
}

sub check_libdw {
	my ($name, $text) = @_;
	my (undef, $tool, $libc, $mode) = split /:/, $name;
	my $r = read_report($text);
	my @noted = noted($text);
	my $due = due($tool, $mode);
	my (%chains, %missed, $short);

	for (@{ $r->{stacks} }) {
		if (untouched($mode, $_, $due, $libc =~ /^musl/)) {
			$short++;
			$chains{$due}++;
			next;
		}
		$chains{chain($_, $libc =~ /^musl/)}++;
		$missed{$_}++ for grep { $_ } shadow_missed($_, @noted);
	}
	$short //= 0;
	my ($count, $whole) = ($r->{count} // 0, $r->{whole} // 0);
	result($text =~ /^end \S+ tool=0 target=0/m, "$name: it ran", $text);
	result(join("\n", keys %chains) eq $due, "$name: every stack" .
		($short ? " but $short in memory not touched yet" : ''),
		%chains, $text);
	result(@noted && !%missed, "$name: at the return addresses that the " .
		'target noted', %missed, $text);
	result($count >= 10 && $count == $whole + $short &&
		$count == @{ $r->{stacks} } && !$r->{lost},
		"$name: $count stacks, none lost, whole $whole", $text);
	result($text =~ /: kprobe on p?poll$/m, "$name: by a kprobe", $text)
	    if $tool =~ /^syscall/;
	$whole{"$tool $libc"}{$mode} = "$whole/$count" if $name !~ /--regs/;
}

# uprobe's program without its tool: chains of probe.c's events.
sub check_probed {
	my ($name, $text) = @_;
	my (undef, $libc, $mode) = split /:/, $name;
	# the target goes on: calls and events are not of one moment
	my ($drops) = $text =~ /^counters .* (slot=\d+ buffer=\d+) /m;
	my (%chains, $count, $whole);

	if ($mode eq 'thread' && $text =~ /^The futex facility returned/m) {
		result(1, "$name # SKIP no futex(2) for this libc here");
		return;
	}
	for ($text =~ /^event status=OK kind=1 .* frames: (.*)/mg) {
		my ($names, $stop) = /^(.*?); stop=(\w+)/;
		my @frames = map { { name => s/\(.*//r } } split ' ', $names;
		$chains{chain({ frames => \@frames }, $libc =~ /^musl/)}++;
		$count++;
		$whole++ if $stop eq 'root';
	}
	($count, $whole) = ($count // 0, $whole // 0);
	result($text =~ /^end \S+ tool=0 target=0/m, "$name: it ran", $text);
	result(join("\n", keys %chains) eq due('uprobe', $mode),
		"$name: every stack", %chains, $text);
	result($count >= 10 && $count == $whole &&
		($drops // '') eq 'slot=0 buffer=0',
		"$name: $count stacks, none lost, whole $whole", $text);
	$whole{"uprobe $libc"}{$mode} = "$whole/$count";
}

# Chains of probe.c's events: uretprobes on outer functions.
sub check_returns {
	my ($name, $text) = @_;
	my ($calls, $events) = $text =~ /^counters calls=(\d+) events=(\d+)/m;
	my @frames = $text =~ /^event .*?kind=1 .*?frames: (.*)/mg;
	my $wanted = $name =~ /not-noted/ ?
	    qr/^make_name make_session(\(entry\))?; stop=trampoline;/ :
	    qr/^make_name make_session(\(entry\))? open_session serve leak_nested one_round main[ ;]/;
	my @wrong = grep { $_ !~ $wanted } @frames;

	result($text =~ /^end \S+ tool=0 target=0/m, "$name: it ran", $text);
	result(@frames == $rounds && defined $calls && $calls == $events,
		"$name: " . scalar(@frames) . ' events', $text);
	if ($text =~ /^\| probe: tracepoint.*: No such file/m) {
		result(1, "$name: mapping generations # SKIP this kernel " .
			'has no events of system calls');
	} else {
		# leaky.c maps code twice a round, behind make_name()
		my $generations = join ' ',
		    $text =~ /^event .*?kind=1 .*? generation=(\d+)/mg;
		my $due = join ' ', map { 2 * $_ + 1 } 0 .. $rounds - 1;
		result($generations eq $due,
			"$name: mapping generations $generations", $text);
	}
	result(!@wrong, "$name: " . ($name =~ /not-noted/ ?
		'a foreign trampoline ends the stack' :
		'true return addresses behind trampolines'), @wrong);
}

# dwunw stack: the target waits in read(), which main has called.
sub check_live {
	my ($name, $text) = @_;
	my @names = $text =~ /^#\d+ +0x[0-9a-f]+  ([\w.]+)\+0x/mg;

	result($text =~ /^end \S+ tool=0 /m, "$name: it ran", $text);
	result(@names > 1 && $names[0] =~ /read/ && $names[1] eq 'main',
		"$name: its stack by ptrace: @names", $text);
}

# The recorder inside a stripped program: its own figures, and what this machine says of
# the recording with the files as they were before they were stripped.
my %inside = ( # bytes and number, chain
	main => [1000, 10, qw(malloc make_small in_main main)],
	plugin => [4000, 20, qw(malloc plug_make plug_serve main)],
	thread => [2400, 8, qw(calloc in_thread work)],
);

sub check_inside {
	my ($name, $text, $all) = @_;
	my ($count, $bytes) = $text =~ /^(?:\| )?left (\d+) (\d+)/m;
	result($text =~ /^end \S+ tool=0 target=0/m && $bytes, "$name: it ran", $text);
	my $recording = pack 'H*', join '', $all =~ /^bytes \Q$name\E\.rec (\w+)$/mg;
	my $file = ($ENV{INSIDE} // '/tmp') . "/$name.rec";
	open(my $out, '>:raw', $file) or die "$file: $!\n";
	print $out $recording;
	close $out;
	my $report = `$ENV{BUILD}/dwunw report -T 100 --sysroot $ENV{INSIDE} $file 2>&1`;
	my %stacks;
	for (stacks("[00:00:00] \n$report")) {
		my ($size, $times, @names) = @$_;
		$stacks{join ' ', map { s/^(?:__libc_|__)//r } @names} = "$size $times";
	}
	for my $leak (sort keys %inside) {
		my ($size, $times, @chain) = @{ $inside{$leak} };
		my ($found) = grep { /^@chain(?: |$)/ } sort keys %stacks;
		result(defined $found && $stacks{$found} eq "$size $times",
			"$name: $leak: $size bytes in $times, here from the recording",
			$report);
	}
	result(length $recording, "$name: a recording of " . length($recording) .
		' bytes');
}

my %pairs;
sub check_pairs {
	my ($name, $text) = @_;
	my ($kind) = $name =~ /-(.*)/;
	($pairs{$kind}) = $text =~ /^(?:\| )?\d+ \((\d+)\)$/m;
	if ($kind eq 'probes' && !defined $pairs{$kind}) {
		result($text =~ /^end \S+ tool=[1-9]/m, "$name: no probes here", $text);
		return;
	}
	result(defined $pairs{$kind}, "$name: " . ($pairs{$kind} // '?') .
		' ns a pair of malloc and free', $text);
	result($pairs{inside} > $pairs{untraced} && $pairs{inside} < $pairs{probes} / 4,
		"$name: recorded from inside, a pair costs less than a quarter of that")
	    if $kind eq 'probes';
}

# Instructions, of which the clock is made (run.sh). A way that this kernel has not says so.
my %cost;
sub check_cost {
	my ($name, $text) = @_;
	my ($kind) = $name =~ /^cost-(.*)/;
	($cost{$kind}) = $text =~ /^(?:\| )?\d+ \((\d+)\)$/m;
	my ($why) = $text =~ /^(?:\| )?((?:dwunw: leaks: |this kernel has no ).*)/m;
	if (!defined $cost{$kind} && $text =~ /^end \S+ tool=[1-9]/m && $why) {
		result(1, "$name: not on this kernel: $why");
		return;
	}
	result($cost{$kind}, "$name: " . ($cost{$kind} // '?') . ' instructions a pair' .
		($kind ne 'untraced' && $cost{untraced} && $cost{$kind} ?
		sprintf(', %.1f times an untraced one', $cost{$kind} / $cost{untraced}) : ''),
		$text);
}

# What is recorded from inside costs less than what any probe does, and samples less than all.
sub check_costs {
	return unless $cost{untraced};
	my @probes = grep { $_ } @cost{qw(perf copy kernel)};
	my @more = grep { $_ <= ($cost{inside} // 0) } @probes;
	result(!@more && @probes, 'cost: recorded from inside less than by each of ' .
		scalar(@probes) . ' ways of probes', join ' ', %cost);
	result($cost{'inside-sampled'} < $cost{inside}, 'cost: samples less than all blocks');
}

my $log = slurp($log_path) =~ s/\r//gr;
$no_syscalls = $log =~ /^guest: no events of system calls/m;
my ($system) = $log =~ /guest: (.* cpus)$/m; # behind a firmware's words
result($log =~ /^guest: done/m, 'it booted and ended: ' .
	($system // 'no sign of life'), $log =~ /(.{0,2000})\z/s);
result($log =~ /^guest: pointer authentication/m,
	'its CPU signs return addresses') if $guest =~ /-pac$/;
my $plan = slurp($plan_path);
for my $name ($plan =~ /^run (\S+)/mg) {
	my ($text) = $log =~ /^(run \Q$name\E\n.*?^end \Q$name\E [^\n]*\n)/ms;
	if (!defined $text) {
		result(0, "$name: it was started and ended");
	} elsif ($name eq 'live') {
		check_live($name, $text);
	} elsif ($name =~ /^returns/) {
		check_returns($name, $text);
	} elsif ($name =~ /-bcc/) {
		check_bcc($name, $text);
	} elsif ($name eq 'walked') {
		my ($wanted) = $plan =~ /^run walked .* (\d+) \/odd$/m;
		check_walked($name, $text, $wanted);
	} elsif ($name =~ /^start/) {
		check_start($name, $text);
	} elsif ($name =~ /^router/) { # router.pl
		result($text =~ /^end \S+ tool=/m, "$name: it ran", $text);
	} elsif ($name =~ /^recorded/) { # desk.pl
		result($text =~ /^end \S+ tool=0 target=0/m, "$name: it ran", $text);
	} elsif ($name =~ /^counted/) {
		check_counted($name, $text);
	} elsif ($name =~ /^inside/) {
		check_inside($name, $text, $log);
	} elsif ($name =~ /^cost/) {
		check_cost($name, $text);
	} elsif ($name =~ /^pairs/) {
		check_pairs($name, $text);
	} elsif ($name =~ /^leaks/) {
		check_leaks($name, $text);
	} elsif ($name =~ /^probed:/) {
		check_probed($name, $text);
	} elsif ($name =~ /^libdw:/) {
		check_libdw($name, $text);
	} else {
		check_run($name, $text);
	}
}
print_table("$guest: whole stacks of all", \%whole) if %whole;
check_costs();
