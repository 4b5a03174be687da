#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw check: each way works here; without rights none does, and why is said, and which
# options the kernel lacks by the file that tells them. dwunw leaks --no-bpf: the leaks of
# a program that allocates in each way (tests/live/semantics.c), as by BPF.
use strict;
use warnings;
use FindBin;
use IO::Compress::Gzip qw(gzip);
use Test::More;
use lib "$FindBin::Bin/../live", $FindBin::Bin;
use Live ();

Live::need_bpf();
my $build = $ENV{BUILD} || "$Live::root/build/" . (split ' ', `uname -m`)[0];
my $dwunw = "$build/dwunw";
if (`$dwunw check --help 2>&1` !~ /^usage: dwunw check/) {
	print "1..0 # SKIP CONFIG_LEAKS is off\n";
	exit 0;
}
my $options = "/tmp/check.$$.gz";
END { unlink $options if defined $options }

# --- the ways ------------------------------------------------------------------

# "walk in the kernel" => [yes or no, the line's rest, the lines below it]
sub ways {
	my ($text) = @_;
	my %ways;
	while ($text =~ /^(\S.{20}) (yes|no) *(.*)\n((?:    .*\n)*)/mg) {
		my ($name, @found) = ($1, $2, $3, $4);
		$ways{$name =~ s/ +$//r} = \@found;
	}
	return \%ways;
}
my @names = ('copies by BPF', 'perf samples, no BPF', 'walk in the kernel');

my $text = `$dwunw check 2>&1`;
is($?, 0, 'status') or diag $text;
like($text, qr/^Linux \S+, \S+, (?:options of \S+|whose options no file tells: they are tried)$/m,
	'which kernel');
my $found = ways($text);
is_deeply([sort keys %$found], \@names, 'the ways') or diag $text;
is($found->{$_}[0], 'yes', "$_: works") or diag $text for @names;
is_deeply([map { $found->{$_}[1] } @names], ['dwunw leaks --walk=copy PID',
	'dwunw leaks --no-bpf PID', 'dwunw leaks PID'], 'and the commands');

# --- without rights -----------------------------------------------------------------

my $bare = 'setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all ' .
	'--bounding-set=-all';
SKIP: {
	skip('setpriv cannot take rights here', 12)
		if system("$bare true 2>/dev/null");
	# the program has to be within reach of any user
	my $copy = "/tmp/check.$$.dwunw";
	system('cp', $dwunw, $copy) and die 'cp';
	chmod 0755, $copy;
	$text = `$bare $copy check 2>&1`;
	is($? >> 8, 1, 'without rights: status') or diag $text;
	$found = ways($text);
	for (@names) {
		is($found->{$_}[0], 'no', "without rights: $_");
		unlike($found->{$_}[2], qr/missing: CONFIG/,
			"$_: no option of the kernel is missing");
	}
	like($found->{'copies by BPF'}[2], qr/missing capability: CAP_BPF/,
		'the reason');

	# a kernel that was built without two options
	my @has = map { "CONFIG_$_=y\n" } qw(BPF_SYSCALL PERF_EVENTS UPROBES
		UPROBE_EVENTS HAVE_PERF_REGS HAVE_PERF_USER_STACK_DUMP);
	gzip(\join('', @has, "# CONFIG_BPF_EVENTS is not set\n"), $options);
	$text = `unshare -m sh -c 'mount --bind $options /proc/config.gz && exec $bare $copy check' 2>&1`;
	unlink $copy;
	skip('no mount over /proc/config.gz', 4)
		if $text !~ m{options of /proc/config.gz};
	$found = ways($text);
	like($found->{'walk in the kernel'}[2],
		qr/^    missing: CONFIG_BPF_EVENTS CONFIG_FTRACE_SYSCALLS$/m,
		'options that the walk lacks') or diag $text;
	like($found->{'copies by BPF'}[2], qr/^    missing: CONFIG_BPF_EVENTS$/m,
		'and copies');
	unlike($found->{'perf samples, no BPF'}[2], qr/missing: CONFIG/,
		'and perf samples: none');
	unlike($text, qr/missing capability.*\n.*missing: CONFIG/,
		'an option is the reason, and nothing else');
}

# --- no file has the options: each is tried, and is there ---------------------------------

SKIP: {
	$text = `unshare -m sh -c 'mount --bind /dev/null /proc/config.gz && exec $dwunw check -v' 2>&1`;
	skip('no mount over /proc/config.gz, or another file has them', 2)
		if $text !~ /whose options no file tells: they are tried$/m;
	$found = ways($text);
	is($found->{$_}[0], 'yes', "tried: $_") or diag $text for @names[0, 2];
}

# --- set-user-ID -------------------------------------------------------------------

SKIP: {
	my $copy = "/tmp/check.$$.suid";
	system("cp $dwunw $copy && chmod 4755 $copy") and die 'cp';
	my $said = `$bare $copy leaks -n 1 -- id 2>&1`;
	my $status = $? >> 8;
	unlink $copy;
	skip('programs are never set-user-ID here', 2)
		if $said !~ /set-user-ID/ && $said !~ /uid=0/;
	is($status, 77, 'set-user-ID: refused') or diag $said;
	unlike($said, qr/uid=/, 'and no command is started');
}

# --- without BPF ----------------------------------------------------------------------

# "48 bytes in 7" by the names of its stack, when the program has done what it does
sub leaks_of {
	my (@args) = @_;
	my $target = Live::start(Live::built('semantics_glibc'));
	my ($said, $status) = Live::watch($dwunw, 'leaks', '-o', 0, '-i', '10000s',
		'-T', 1000, '--ring-size', '16M', @args, $target);
	Live::stop($target);
	is($status, 0, "@args: status") or diag $said;
	my %found;
	while ($said =~ /^(\d+ bytes in \d+) allocations from stack.*\n((?:\t.*\n)+)/mg) {
		my ($sum, $frames) = ($1, $2);
		my @names = $frames =~ /^\t#\d+\s+\S+\s+(\w+)\+/mg;
		$found{"@names"} = $sum;
	}
	return (\%found, $said);
}
my ($by_bpf) = leaks_of('--walk=copy');
my ($by_perf, $said) = leaks_of('--no-bpf');
cmp_ok(scalar keys %$by_bpf, '>=', 6, 'BPF: stacks');
is_deeply($by_perf, $by_bpf, '--no-bpf: the same leaks from the same stacks') or
	diag $said;
unlike($said, qr/ERROR|error/, 'and no error');

for (['--no-bpf is of a single PID', '1,2'], ['--no-bpf is of a single PID', '--', 'true'],
	['not with -s', '-s', 2, 1], ['of BPF programs', '--walk=kernel', 1],
	['has none of', '--mode=off', 1]) {
	my ($what, @args) = @$_;
	my $wrong = `$dwunw leaks --no-bpf @args 2>&1`;
	is($? >> 8, 2, "--no-bpf @args: status");
	like($wrong, qr/\Q$what\E/, 'and why');
}
done_testing;
