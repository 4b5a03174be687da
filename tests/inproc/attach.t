#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw leaks --in-process PID: the recorder into programs that run and out of them,
# again and again. Their answers stay right, their import slots and the protection of
# their pages are afterwards what they were; the tool may be killed in between.
# DWUNW_LONG=1: 500 times.

use strict;
use warnings;
use Fcntl;
use FindBin;
use IPC::Open2;
use Test::More;
use Time::HiRes qw(sleep time);
use lib $FindBin::Bin;
use Inproc;
no warnings 'portable'; # addresses have 64 bits

need_inproc();
plan skip_all => 'of x86_64 and glibc'
    if $foreign || ($ENV{CC} // '') =~ /musl/ || `uname -m` !~ /x86_64/;

my $times = $ENV{DWUNW_LONG} ? 500 : 6;
my %started; # pid => [to, from]

sub start {
	my (@command) = @_;
	my $pid = open2(my $from, my $to, @command);
	$to->autoflush(1);
	$started{$pid} = [ $to, $from ];
	my $line = readline $from;
	die "@command: " . ($line // 'nothing') unless ($line // '') eq "ready\n";
	return $pid;
}

sub ask {
	my ($pid, $what) = @_;
	local $SIG{ALRM} = sub { die "no answer to '$what'\n" };
	alarm 60;
	print { $started{$pid}[0] } $what;
	my $line = readline $started{$pid}[1];
	alarm 0;
	return $line // '';
}

# Its last words.
sub end {
	my ($pid) = @_;
	my $words = ask($pid, 'q');
	close $started{$pid}[0];
	waitpid $pid, 0;
	my $status = $?;
	delete $started{$pid};
	return $status ? "status $status: $words" : $words;
}

END { kill KILL => keys %started }

# --- what must stay -----------------------------------------------------------------------

sub slurp {
	my ($path) = @_;
	open(my $in, '<', $path) or return '';
	local $/;
	return scalar <$in> // '';
}

# The mappings of files but the recorder's, with their protection.
sub mapped {
	my ($pid) = @_;
	return grep { m{ /} && !/libdwunw-preload/ } split /\n/, slurp("/proc/$pid/maps");
}

my %imports; # path => [[offset, name], …]
sub imports_of {
	my ($path) = @_;
	$imports{$path} //= [ map { [ hex $1, $2 ] }
		`readelf -rW '$path' 2>/dev/null` =~
		/^([0-9a-f]{16}) .* R_X86_64_(?:JUMP_SLOT|GLOB_DAT|64) +[0-9a-f]+ (\w*(?:alloc|free|memalign|mmap\w*|munmap|mremap|dlclose))\b.* \+ 0$/mg,
	];
	return @{ $imports{$path} };
}

# Each import slot of the allocator's functions, by module and offset.
sub slots {
	my ($pid) = @_;
	my (%base, %slots);
	for (split /\n/, slurp("/proc/$pid/maps")) {
		my ($start, $off, $path) = m{^(\w+)-\w+ .{4} (\w+) \S+ \d+ +(/.*)} or next;
		$base{$path} //= hex $start if $off eq '00000000' && $path !~ /libdwunw/;
	}
	sysopen(my $mem, "/proc/$pid/mem", O_RDONLY) or die "$pid: $!";
	for my $path (sort keys %base) {
		my $fixed = `readelf -hW '$path' 2>/dev/null` =~ /Type: +EXEC/;
		for (imports_of($path)) {
			my ($off, $name) = @$_;
			sysseek $mem, $off + ($fixed ? 0 : $base{$path}), 0;
			sysread($mem, my $word, 8) == 8 or die "$path: $!";
			$slots{ sprintf '%s+%x %s', $path, $off, $name } = unpack 'Q', $word;
		}
	}
	return \%slots;
}

sub state_of {
	my ($pid) = @_;
	my $slots = slots($pid);
	return join "\n", mapped($pid),
	    map { sprintf '%s = %x', $_, $slots->{$_} } sort keys %$slots;
}

# --- the tool ------------------------------------------------------------------------------

my $last;
sub attach {
	my (@words) = @_;
	unlink "$dir/err", "$dir/out";
	my $pid = fork // die;
	if (!$pid) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$dir/out";
		open STDERR, '>', "$dir/err";
		exec "$build/dwunw", 'leaks', '--in-process', @words;
	}
	return $pid;
}

# Until it records. False: it has ended.
sub recording {
	my ($tool) = @_;
	for (1 .. 6000) {
		return 1 if slurp("$dir/err") =~ /^recording$/m;
		return 0 if waitpid($tool, 1) == $tool;
		sleep 0.005;
	}
	return 0;
}

sub detach {
	my ($tool) = @_;
	kill INT => $tool;
	waitpid $tool, 0;
	$last = slurp("$dir/err");
	return $?;
}

# --- again and again ------------------------------------------------------------------------

sub again {
	my ($title, $pid, $every) = @_;
	my $before = state_of($pid);
	my ($good, $same, $seen, $longest) = (0, 0, 0, 0);
	for my $n (1 .. $times) {
		my $begun = time;
		my $tool = attach('--record', "$dir/kept", '--sample-bytes',
			$n % 2 ? 1 : 100_000, $pid);
		unlink "$dir/kept";
		if (!recording($tool)) {
			diag slurp("$dir/err");
			last;
		}
		my $took = time - $begun;
		$longest = $took if $took > $longest;
		sleep 0.05;
		$every->($n) if $every;
		$good++ if detach($tool) == 0;
		diag $last unless $last =~ /\Arecording\n\z/;
		my $after = state_of($pid);
		$same++ if $after eq $before;
		if ($after ne $before && $n - $same == 1) {
			my %b = map { $_ => 1 } split /\n/, $before;
			diag "changed: $_" for grep { !$b{$_} } split /\n/, $after;
		}
		my $has = sums("$dir/kept");
		$seen++ if $has->{0} > 0 && $has->{text} !~ /damaged|cut/;
	}
	is($good, $times, "$title: in and out, $times times");
	is($same, $times, '… each time all slots and protections are as before');
	is($seen, $times, '… and what it allocated was recorded');
	diag sprintf '%s: at most %.2f s until it recorded', $title, $longest
	    if $ENV{VERBOSE};
}

sub right {
	my ($title, $words, $interrupted) = @_;
	my ($rounds, $wrong, $ints) =
	    $words =~ /^rounds (\d+) wrong (\d+) (?:interrupted (\d+) late 0)?$/;
	cmp_ok($rounds // 0, '>', 10, "$title: it lives and works") or diag $words;
	is($wrong, 0, "$title: every answer is right");
	is($ints // 0, 0, "$title: no system call was interrupted") unless $interrupted;
	diag "$title: $words" if $ENV{VERBOSE};
}

my $serve = start(built('serve'), 16);
again('16 threads', $serve);
right('16 threads', end($serve));

my $python = <<'END';
import hashlib, json, sys, threading, zlib
over, rounds, wrong = False, 0, 0
def work(seed):
    global rounds, wrong
    while not over:
        data = [{"a": i, "b": [str(i + seed)] * 3} for i in range(50)]
        text = json.dumps(data)
        if json.loads(text) != data: wrong += 1
        if zlib.decompress(zlib.compress(text.encode())).decode() != text: wrong += 1
        if hashlib.sha256(b"x" * 1000).hexdigest() != known: wrong += 1
        rounds += 1
known = hashlib.sha256(b"x" * 1000).hexdigest()
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for t in threads: t.start()
print("ready", flush=True)
while sys.stdin.read(1) not in "q": pass
over = True
for t in threads: t.join()
print("rounds", rounds, "wrong", wrong, "")
END
SKIP: {
	skip 'no python3', 5 unless -x '/usr/bin/python3';
	local $ENV{PYTHONMALLOC} = 'malloc';
	my $pid = start('/usr/bin/python3', '-c', $python);
	again('python3', $pid);
	right('python3', end($pid));
}

# --- what is found ---------------------------------------------------------------------------

$serve = start(built('serve'), 16);
my $tool = attach('-T', 1000, $serve);
ok(recording($tool), 'a leak: it records') or diag slurp("$dir/err");
is(ask($serve, 'l'), "leaked\n", '… while it leaks');
is(ask($serve, 'p'), "loaded\n", '… and a module comes');
sleep 1.5;
is(ask($serve, 'm'), "more\n", '… which leaks as well');
is(detach($tool), 0, '… it ends well') or diag $last;
my $out = slurp("$dir/out");
like($out, qr/^1000000 bytes in 1000 allocations from stack\n\t#0 .* \w*malloc\+.*\n\t#1 .* leak_known\b.*\n\t#2 .* leak_outer\b.*\n(?:\t#\d .*\n)*?\t#\d .* main\+.*\n(?:\t#\d .*\n)*\t#\d .* _start\+/m,
	'the leak, with its whole stack') or diag $out;
like($out, qr/^350000 bytes in 500 allocations from stack\n\t#0 .* \w*malloc\+.*\n\t#1 .* late_leak\b.*\n\t#2 .* leak_more\b/m,
	'… that of the module which came later, too');

# --- the program ends, or becomes another, first ----------------------------------------------

$tool = attach('-T', 1000, $serve);
ok(recording($tool), 'again in the same program') or diag slurp("$dir/err");
ask($serve, 'l');
kill KILL => $serve;
waitpid $tool, 0;
is($?, 0, 'it is killed meanwhile: the tool ends well') or diag slurp("$dir/err");
like(slurp("$dir/out"), qr/^1000000 bytes in 1000 allocations/m, '… and reports');
waitpid $serve, 0;
delete $started{$serve};

# --- switched on and off, where it is preloaded and idle -----------------------------------------

{
	local $ENV{LD_PRELOAD} = "$build/tests/inproc/counter.so $preload";
	$serve = start(built('serve'), 16);
}
for (1 .. 3) {
	$tool = attach('-T', 1000, $serve);
	ok(recording($tool), 'preloaded: switched on') or diag slurp("$dir/err");
	ask($serve, 'l');
	is(detach($tool), 0, '… and off') or diag $last;
	like(slurp("$dir/out"), qr/^1000000 bytes in 1000 allocations/m, '… what it leaked meanwhile');
}
right('preloaded', end($serve));

# --- another mount namespace ------------------------------------------------------------------

SKIP: {
	skip 'no mount namespace can be made', 10
	    if $> || system('unshare -m mount -t tmpfs tmpfs /tmp 2>/dev/null');
	$serve = start('unshare', '-m', 'sh', '-c', 'mount -t tmpfs tmpfs /tmp; exec "$0" 16', built('serve'));
	$tool = attach('-T', 1000, $serve);
	ok(recording($tool), 'in a mount namespace of its own') or diag slurp("$dir/err");
	ask($serve, 'l');
	is(detach($tool), 0, '… in and out') or diag $last;
	like(slurp("$dir/out"), qr/^1000000 bytes in 1000 allocations/m, '… its leak');
	is(join(' ', glob "/proc/$serve/root/tmp/*"), '', '… nothing is left there');
	$tool = attach('-T', 1000, $serve);
	ok(recording($tool), '… and again') or diag slurp("$dir/err");
	is(detach($tool), 0, '… out') or diag $last;
	right('mount namespace', end($serve));
}

# --- another user's: what it has left is read with that user's rights ------------------------

SKIP: {
	my @as = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups');
	skip 'nobody cannot run it', 14 if $> || system("@as test -r $preload -a -x " . built('serve'));
	$serve = start(@as, built('serve'), 16);
	unlink "$dir/kept";
	$tool = attach('-T', 1000, '--record', "$dir/kept", $serve);
	ok(recording($tool), "nobody's") or diag slurp("$dir/err");
	ask($serve, 'l');
	is(detach($tool), 0, '… in and out') or diag $last;
	like(slurp("$dir/out"), qr/^1000000 bytes in 1000 allocations/m, '… its leak');
	my ($owner) = (stat "$dir/kept")[4];
	is($owner, 0, '… the recording is ours');
	unlike(sums("$dir/kept")->{text}, qr/damaged|cut/, '… and whole');
	right("nobody's", end($serve));

	# it can read the recorder in its /tmp alone
	mkdir "$dir/ours", 0700 or die $!;
	system("cp $preload $dir/ours/") and die;
	local $ENV{DWUNW_PRELOAD} = "$dir/ours/libdwunw-preload.so";
	$serve = start(@as, built('serve'), 16);
	$tool = attach('-T', 1000, $serve);
	ok(recording($tool), "nobody's, by a library of root's alone") or diag slurp("$dir/err");
	ask($serve, 'l');
	is(detach($tool), 0, '… in and out') or diag $last;
	like(slurp("$dir/out"), qr/^1000000 bytes in 1000 allocations/m, '… its leak');
	right('… errno as well', end($serve));
}

# --- the tool is killed --------------------------------------------------------------------------

$serve = start(built('serve'), 16);
my $before = state_of($serve);
my ($lives, $killed, $in) = (0, 0, 0);

# Before its n-th call of ptrace(2), coming or going: dies.c. How many calls it took
# if it was not.
sub dies {
	my ($n) = @_;
	local $ENV{LD_PRELOAD} = "$build/tests/inproc/dies.so";
	local $ENV{DIES_AT} = $n;
	local $ENV{DIES_FILE} = "$dir/calls";
	my $tool = attach($serve);
	my $came = recording($tool);
	delete $ENV{LD_PRELOAD};
	kill INT => $tool if $came;
	waitpid $tool, 0 if $came;
	$in++ if !$came;
	$killed++ if ($? & 127) == 9;
	$lives++ if ask($serve, 'h') eq "here\n";
	return slurp("$dir/calls") =~ s{\n}{}r || 0;
}
my $calls = 0 + dies(0);
cmp_ok($calls, '>', 200, "the tool asks ptrace(2) $calls times, to come and to go");
my $step = $ENV{DWUNW_LONG} ? 1 : int($calls / 60);
my @at = grep { $_ % $step == 0 } 1 .. $calls;
dies($_) for @at;
is($lives, @at + 1, 'it is killed before any of them: the program lives each time');
cmp_ok($killed, '>', @at * 0.8, "… $killed times");
cmp_ok($in, '>', @at / 4, "… $in of them while it came in");
$tool = attach($serve);
ok(recording($tool), '… another comes in') or diag slurp("$dir/err");
my $second = `$build/dwunw leaks --in-process $serve 2>&1`;
like($second, qr/another dwunw records it/, '… a second one at the same time does not');
is(detach($tool), 0, '… goes') or diag $last;
is(state_of($serve), $before, '… and all is as before the first');
right('killed tools', end($serve), 1);

# --- what can't be done is said, and nothing is touched ---------------------------------------------

sub refused {
	my ($title, $like, $pid) = @_;
	my $before = slurp("/proc/$pid/maps");
	my $said = `$build/dwunw leaks --in-process $pid 2>&1`;
	is($? >> 8, 1, "$title: status 1");
	like($said, qr/^dwunw: leaks: process $pid: .*$like/, '… why is said');
	is(slurp("/proc/$pid/maps"), $before, '… it is untouched');
}

for ([ static => 'linked statically' ], [ filter => 'seccomp' ],
	[ own => 'allocator of its own' ], [ musl => 'musl' ]) {
	my ($kind, $like) = @$_;
	SKIP: {
		skip "no $kind", 3 unless -e built("still-$kind");
		refused($kind, $like, start(built("still-$kind")));
	}
}
sub end_still {
	my ($pid) = @_;
	close $started{$pid}[0];
	waitpid $pid, 0;
	delete $started{$pid};
}
my $still = start(built('still-plain'));
kill STOP => $still;
sleep 0.1;
refused('stopped', 'kill -CONT', $still);
kill CONT => $still;
my $limited = start('sh', '-c', 'ulimit -f 1000; exec "$0"', built('still-plain'));
refused('limited', 'ulimit -f', $limited);
my $loaded = start('env', "LD_PRELOAD=$preload", "DWUNW_INPROC=$dir/own", built('still-plain'));
my $said = `$build/dwunw leaks --in-process $loaded 2>&1`;
like($said, qr/process $loaded: .*the recorder is preloaded, and records/,
	'the recorder is preloaded already: that is said') or diag $said;
end_still($loaded);
ok(-s "$dir/own", '… and what it records is written');
like(`$build/dwunw leaks --in-process 999999999 2>&1`, qr/no such process/, 'no such process');

done_testing();
