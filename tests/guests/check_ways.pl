#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# check_ways.pl NAME LOG CONFIG - what `dwunw check` said in a guest beside what its
# kernel's options are (CONFIG, may be empty) and what dwunw leaks found there by the
# same way. Prints TAP without the plan line.
use strict;
use warnings;

my ($guest, $log, $config) = @ARGV;

sub slurp {
	my ($path) = @_;
	open(my $file, '<', $path) or die "$path: $!\n";
	local $/;
	return scalar <$file> // '';
}

sub result($$@) {
	my ($ok, $title, @why) = @_;
	print $ok ? 'ok' : 'not ok', " - $guest: $title\n";
	return if $ok;
	print "# $_\n" for map { split /\n/ } @why;
}

# What each way needs, as doc/router.md has it.
my @probes = qw(PERF_EVENTS UPROBES UPROBE_EVENTS);
my %needs = (
	kernel => [@probes, qw(BPF_SYSCALL BPF_EVENTS FTRACE_SYSCALLS)],
	copy => [@probes, qw(BPF_SYSCALL BPF_EVENTS)],
	perf => [@probes, qw(HAVE_PERF_REGS HAVE_PERF_USER_STACK_DUMP)],
);
my %names = (
	kernel => 'walk in the kernel',
	copy => 'copies by BPF',
	perf => 'perf samples, no BPF',
);

my $text = slurp($log) =~ s/\r//gr;
my $options = slurp($config);
my %on = map { $_ => 1 } $options =~ /^CONFIG_(\w+)=y$/mg;
my ($release, $machine) = $text =~ /^guest: (\S+) (\S+),/m;
result($text =~ /^guest: done/m, 'it booted, Linux ' . ($release // '?') . ', ' .
	($machine // '?'), substr($text, -2000));

# "run told": name => [yes or no, the lines below]
sub said {
	my ($run) = @_;
	my ($part) = $text =~ /^run \Q$run\E$(.*?)^end \Q$run\E /ms;
	my %ways;
	for (($part // '') =~ s/^\| //mgr =~ /^(\S.{20} (?:yes|no)\b.*\n(?:    .*\n)*)/mg) {
		my ($name, $word, $rest) = /^(\S.{20}) (yes|no).*\n((?:.*\n)*)/;
		$ways{$name =~ s/ +$//r} = [$word, $rest];
	}
	return \%ways;
}

# The truth by trying: the nested leak of leaky.c up to main, 5 times 48 bytes.
sub found {
	my ($run) = @_;
	my ($part) = $text =~ /^run \Q$run\E$(.*?)^end \Q$run\E /ms;
	for (split /^(?=\d+ bytes in )/m, ($part // '') =~ s/^\| //mgr) {
		next unless /^240 bytes in 5 /;
		my $chain = join ' ', /^\t#\d+\s+\S+\s+(\w+)\+/mg;
		return 1 if $chain =~
		    /^make_name make_session open_session serve leak_nested one_round main\b/;
	}
	return 0;
}

sub missing {
	my ($lines) = @_;
	my ($names) = ($lines // '') =~ /^    missing:(.*)$/m;
	return join ' ', sort map { s/^CONFIG_//r } split ' ', $names // '';
}

for my $way (qw(kernel copy perf)) {
	my $told = said('told')->{$names{$way}};
	my $works = found($way);
	result($told && ($told->[0] eq 'yes') == $works, "$names{$way}: " .
		($told ? $told->[0] : 'nothing said') . ', and leaks are ' .
		($works ? 'found' : 'not found'), $text =~ s/^bytes.*\n//mgr);
	next unless $options && $told;
	my @lacks = sort grep { !$on{$_} } @{ $needs{$way} };
	result($told->[0] eq 'no' || !@lacks,
		"$names{$way}: yes only where no option is missing", "@lacks");
	next unless $told->[0] eq 'no';
	result(missing($told->[1]) eq "@lacks", "$names{$way}: missing by the file: " .
		("@lacks" || 'none'), $told->[1]);
	# what only a file tells: options of an architecture whose kernel has no perf
	my @seen = grep { $on{PERF_EVENTS} || !/^HAVE_/ } @lacks;
	my $tried = said('tried')->{$names{$way}};
	result($tried && missing($tried->[1]) eq "@seen",
		"$names{$way}: missing by trying: " . ("@seen" || 'none'),
		$tried ? $tried->[1] : $text);
}
