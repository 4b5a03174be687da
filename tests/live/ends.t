#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Reports survive: a signal gives the last one, a second signal ends at once;
# reports in between are in the files of --folded and --json, whole at any time.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use Live;
use POSIX ();
use Time::HiRes qw(sleep time);
use Test::More;

need_bpf();
my $memleak = "$Live::build/examples/memleak_bcc_dwunw/memleak_dwunw_user";
my $small = program('memleak_user');
my $pid = start(program('leaky_glibc'), 0, 20);

# How often the target has waited: once a round.
sub rounds {
	return slurp("/proc/$pid/status") =~ /^voluntary_ctxt_switches:\s*(\d+)/m ?
	    $1 : 0;
}

sub said { return -e "$dir/out" ? slurp("$dir/out") : '' }

# The tool in the background, until it has said that it records, and the target
# has leaked some more; its pid.
sub begin {
	my ($before, @command) = @_;
	unlink "$dir/out"; # another one's
	my $tool = fork // die "fork: $!";
	if (!$tool) {
		open(STDOUT, '>', "$dir/out");
		open(STDERR, '>&', \*STDOUT);
		$before->();
		exec { $command[0] } @command or die "$command[0]: $!";
	}
	for (1 .. 600) {
		last if said() =~ /^(?:recording|\S+: ready)/m;
		sleep 0.05;
	}
	my $then = rounds();
	for (1 .. 1200) {
		last if rounds() >= $then + 4;
		sleep 0.05;
	}
	return $tool;
}

# It ends within so many seconds; its status, or -1.
sub ended {
	my ($tool, $seconds) = @_;
	my $until = time + $seconds;
	while (waitpid($tool, POSIX::WNOHANG()) == 0) {
		sleep 0.05;
		next if time < $until;
		kill 'KILL', $tool;
		waitpid($tool, 0);
		return -1;
	}
	return $?;
}

my @tools = (
	[$memleak, [$memleak, '-o', 0, '-p', $pid, 3600], qr/^\[.*\] Top [1-9].*^dwunw: allocations [1-9]/ms],
	[$small, [$small, '-p', $pid, '-d', 3600], qr/bytes in [1-9]\d* allocations are live.*^calls [1-9]/ms],
);
my $uprobe = "$Live::build/examples/libdw_bpf/uprobe";
push @tools, [$uprobe, [$uprobe, $pid, 0, "/proc/$pid/exe", 'make_name'],
	qr/^stacks [1-9].*^lost 0/ms] if -x $uprobe;
for my $tool (@tools) {
	my ($path, $command, $report) = @$tool;
	my ($name) = $path =~ m{([^/]+)$};
	for my $signal (qw(HUP TERM INT)) {
		my $running = begin(sub {}, @$command);
		kill $signal, $running;
		is(ended($running, 60), 0, "$name: SIG$signal: it ends");
		like(said(), $report, "$name: SIG$signal: with its report");
	}
	# as timeout(1) sends it: to the program, and to its group
	my $running = begin(sub {}, @$command);
	kill 'INT', $running;
	sleep 0.02;
	kill 'INT', $running;
	is(ended($running, 60), 0, "$name: twice at once is a single SIGINT");
	like(said(), $report, '… with its report');
}
{
	my $running = begin(sub { $SIG{HUP} = 'IGNORE' },
		$small, '-p', $pid, '-d', 3600);
	kill 'HUP', $running;
	sleep 0.5;
	is(waitpid($running, POSIX::WNOHANG()), 0, 'nohup: SIGHUP is ignored');
	kill 'INT', $running;
	is(ended($running, 60), 0, 'and SIGINT is not');
}

# A report that nobody reads holds it up: the second signal ends it all the same.
for (['INT', 'INT'], ['HUP', 'TERM']) {
	my ($first, $second) = @$_;
	unlink "$dir/out";
	POSIX::mkfifo("$dir/fifo", 0600) or die unless -p "$dir/fifo";
	open(my $reader, '+<', "$dir/fifo") or die;
	my $running = fork // die;
	if (!$running) {
		open(STDOUT, '>', "$dir/fifo");
		open(STDERR, '>', "$dir/out");
		# fills the pipe: no byte of a report goes in
		fcntl(STDOUT, 4, 04000); # F_SETFL, O_NONBLOCK
		1 while syswrite(STDOUT, 'x' x 4096);
		1 while syswrite(STDOUT, 'x');
		fcntl(STDOUT, 4, 0);
		exec { $memleak } $memleak, '-o', 0, '-p', $pid, 3600;
	}
	for (1 .. 600) {
		last if said() =~ /^recording/m;
		sleep 0.05;
	}
	kill $first, $running;
	sleep 2.5;
	is(waitpid($running, POSIX::WNOHANG()), 0,
		"SIG$first: it waits for who reads its report");
	kill $second, $running;
	my $status = ended($running, 10);
	my %number = (INT => 2, HUP => 1, TERM => 15);
	is($status & 127, $number{$second}, "a SIG$second more ends it at once");
}

# --- files -------------------------------------------------------------------------

my ($folded, $json) = ("$dir/folded", "$dir/json");
{
	open(my $old, '>', $folded) or die;
	print $old 'old' x 100000; # longer than any report: no rest of it stays
	close $old;
	my $running = begin(sub {}, $memleak, '-o', 0, "--folded=$folded",
		"--json=$json", '-p', $pid, '0.1');
	my (%inodes, $torn, $reads, @sums);
	my $until = time + 60;
	while (time < $until && keys %inodes < 8) {
		my $text = slurp($folded);
		my $line = -e $json ? slurp($json) : '';
		my $inode = (stat $folded)[1];
		next if $text =~ /^old/ || $line eq '';
		$inodes{$inode . (stat _)[9]} = 1 if $inode;
		$reads++;
		my $data = eval { decode_json($line) };
		$torn++ unless $data && $line =~ /\n\z/;
		$torn++ if $text !~ /\n\z/ || grep { !/^(?:\[\w+\]|[^;]+;.*) \d+$/ } split /\n/, $text;
		my $sum = 0;
		$sum += $1 while $text =~ / (\d+)$/mg;
		push @sums, $sum;
	}
	ok($reads, 'files of --folded and --json before the end: ' .
		($reads // 0) . ' reads');
	ok(!$torn, 'each of them whole');
	cmp_ok($sums[-1] // 0, '>', $sums[0] // 0, 'and newer ones came');
	like(said(), qr/Top \d+.*Top \d+/s, 'the text goes on to stdout');
	kill 'INT', $running;
	is(ended($running, 60), 0, 'the end');
	is(decode_json(slurp($json))->{last}, JSON::PP::true, 'the last is there');
	is(join(' ', grep { !/^(out|folded|json|fifo|stdout|stderr|run\.out|begin\.\d+)$/ }
		map { s{.*/}{}r } glob("$dir/*")), '', 'and nothing else');
}

# What cannot be written is said at once; what is no file stays what it is.
for (['--folded=/no/dir/file', 'No such file or directory'],
	["--json=$dir/fifo", 'what is there is no regular file'],
	['--folded=/dev/null', 'what is there is no regular file']) {
	my ($option, $why) = @$_;
	my ($said, $status) = run($memleak, $option, '-p', $pid, '0.1', 1);
	is($status, 1, "$option: an error");
	like($said, qr/^memleak_dwunw_user: \Q$option: $why\E$/m, 'and why');
}
ok(-p "$dir/fifo" && -c '/dev/null', 'they are what they were');
(undef, my $status) = run($memleak, "--json=$json", "--folded=$json", '-p',
	$pid, '0.1', 1);
is($status, 2, 'both in one file: refused');

# A full disk: the report before stays, and the status says so.
SKIP: {
	skip('no private mounts', 3) if system('unshare', '-m', 'true');
	my ($said) = run('unshare', '-m', 'sh', '-c',
		"mount -t tmpfs -o size=64k none /mnt && " .
		"echo before >/mnt/folded && head -c 60000 /dev/zero >/mnt/fill; " .
		"head -c 60000 /dev/zero >>/mnt/fill 2>/dev/null; " .
		"'$memleak' -o 0 --folded=/mnt/folded -p $pid 0.3 1; " .
		'echo "status $?"; cat /mnt/folded; ls /mnt');
	like($said, qr/--folded=\/mnt\/folded: No space left on device/,
		'a full disk: why');
	like($said, qr/^status 1$/m, 'the status');
	like($said, qr/^before\nfill\nfolded\n\z/m, 'what was there is there') or
	    diag($said);
}
stop($pid);

done_testing();
