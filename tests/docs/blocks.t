#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Each code block of the documents that is C compiles, and one that is commands
# names only what exists: see Blocks.pm for how a fence says which. runs.t runs
# those that are to be run.

use strict;
use warnings;
use Cwd;
use File::Basename;
use File::Temp;
use Test::More;
use lib dirname(__FILE__);
use Blocks;

my $top = Cwd::abs_path(dirname(__FILE__) . '/../..');
chdir $top or die "$top: $!";
chomp(my $machine = `uname -m`);
$machine = 'arm64' if $machine eq 'aarch64';
my $build = Cwd::abs_path($ENV{BUILD} // "build/$machine");
my $root = dirname($build);
my $work = File::Temp->newdir;
my $serial = 0;

# The commands are a user's: they know nothing of the make that runs this.
delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS CC CXX AR NM SIZE ARCH EXEC FOREIGN
	CLANG CROSS_COMPILE SANITIZE V O MAKE BUILD CONFIG_H)};

sub has {
	my ($command) = @_;
	return system("command -v $command >/dev/null 2>&1") == 0;
}

# Compares by "is", so that what a compiler said is seen.
sub quiet {
	my ($title, $command) = @_;
	my $said = `$command 2>&1`;
	$said .= "exit status " . ($? >> 8) . "\n" if $?;
	is($said, '', $title);
}

my @warnings = qw(-Wall -Wextra -Werror -O1);

# --- C ------------------------------------------------------------------------

my @headers = map { basename($_) } glob 'include/dwunw/*.h';
my $includes = join '', map { "#include <dwunw/$_>\n" } @headers;
my $capture = "#define DWUNW_CAPTURE_PROCESS\n#define DWUNW_CAPTURE_RETURNS 4\n"
	. "#include \"unwind_ctx.bpf.h\"\n";

sub host_c {
	my ($title, $text) = @_;
	my $file = "$work/" . ++$serial . '.c';
	Blocks::put($file, $text);
	# libbpf's macros are GNU's
	my $standard = $text =~ m{<bpf/libbpf\.h>} ?
		'-std=gnu11' : '-std=c11 -Wpedantic';
	quiet($title, "gcc $standard @warnings -Iinclude -c -o $file.o $file");
}

sub bpf_c {
	my ($title, $text, @flags) = @_;
	my $file = "$work/" . ++$serial . '.bpf.c';
	Blocks::put($file, $text);
	chomp(my $multiarch = `gcc -print-multiarch`);
	for (qw(x86_64/el arm64/el mips32/el mips32/eb)) {
		my ($target, $order) = m{^(\w+)/(\w+)$};
		quiet("$title, for $target, bpf$order", "clang -std=gnu11 -O2 -g"
			. " -target bpf$order -mcpu=v3 -ffreestanding -Wall"
			. " -Wextra -Werror @flags -DDWUNW_TARGET=$target"
			. " -Iinclude -Ibpf -idirafter"
			. " /usr/include/$multiarch -c -o $file.o $file");
	}
}

# Calls part() with what doc/api.md says is at hand: a context, a child that
# sleeps, a file in memory.
my $caller = <<'END';
#include <dwunw/dwunw_api.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

void part(struct dwunw_context *ctx, int32_t pid, const void *bytes,
	  size_t size);

int main(int argc, char **argv)
{
	static char bytes[1 << 22];
	struct dwunw_context ctx = { 0 };
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	size_t size = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	if (!size || pid < 0 || dwunw_init(&ctx) != DWUNW_OK)
		return 1;
	part(&ctx, pid, bytes, size);
	dwunw_shutdown(&ctx);
	fclose(file);
	return kill(pid, SIGKILL);
}
END

sub run_part {
	my ($title, $object) = @_;
	my $checks = '-fsanitize=address,undefined -fno-sanitize-recover=all';
	Blocks::put("$work/caller.c", $caller);
	my $command = "gcc -std=gnu11 -g -Iinclude $checks -o $object.run"
		. " $work/caller.c $object '$build/libdwunw.a' -lpthread 2>&1";
	my $made = `$command`;
	return fail("$title: links") && diag($made) if $?;
	my $said = `$object.run '$build/dwunw' 2>&1`;
	is($?, 0, "$title, run") or diag($said);
}

# Statements: within a function, with these four as arguments.
sub part_c {
	my ($title, $text) = @_;
	my $above = join '', $text =~ /^(#include.*\n)/mg;
	$text =~ s/^#include.*\n//mg;
	host_c($title, "#include <stdio.h>\n#include <stdlib.h>\n"
		. "#include <string.h>\n$includes$above"
		. "#pragma GCC diagnostic ignored \"-Wunused-parameter\"\n"
		. "void part(struct dwunw_context *ctx, int32_t pid,\n"
		. "\t  const void *bytes, size_t size);\n"
		. "void part(struct dwunw_context *ctx, int32_t pid,\n"
		. "\t  const void *bytes, size_t size)\n{\n$text}\n");
	SKIP: {
		skip("$title: no libdwunw.a", 1) unless -f "$build/libdwunw.a";
		run_part($title, "$work/$serial.c.o");
	}
}

# --- shell -----------------------------------------------------------------------

my $makefiles = join '', map { Blocks::slurp($_) } 'Makefile',
	'packaging/rules.mk', glob('examples/*/rules.mk'), glob('arch/*/host.mk'),
	glob('port/*/objs.mk');
(my $joined = $makefiles) =~ s/\\\n/ /g;
my %goals = map { $_ => 1 } map { split ' ', $_ }
	($joined =~ /^\.PHONY:(.*)$/mg, $joined =~ /^(?:config|plain)_goals :=(.*)$/mg);
my $kconfig = join '', map { Blocks::slurp($_) } 'Kconfig', glob('*/Kconfig'),
	glob('arch/*/Kconfig'), glob('port/*/Kconfig');

# What `make WORDS` asks for that there is not.
sub make_faults {
	my @faults;
	for my $word (@_) {
		next if $word =~ /^-/;
		if ($word =~ /^(\w+)=(.*)$/) {
			my ($variable, $value) = ($1, $2);
			push @faults, "variable $variable"
				unless $makefiles =~ /\b\Q$variable\E\b/;
			push @faults, $word if $variable eq 'ARCH' &&
				$makefiles !~ /^triple_\Q$value\E\b/m &&
				$makefiles !~ /patsubst \Q$value\E,/;
		} else {
			push @faults, "goal $word" unless $goals{$word} ||
				$word =~ m{^build/} && !path_fault($word);
		}
	}
	return @faults;
}

# Where a program of ours has its options, by its name.
my %sources = (
	dwunw => 'tools/*.[ch] tools/leaks/*.[ch] tools/report/*.[ch]',
	memleak_user => 'examples/bpf_memleak/*.c',
	memleak_dwunw_user => 'examples/memleak_bcc_dwunw/*.c tools/leaks/*.[ch]',
	(map { $_ => 'examples/libdw_bpf/*.c' }
		qw(uprobe syscall syscall_parallel pwrite64_event)),
);

sub option_faults {
	my ($program, @words) = @_;
	my $text = join '', map { Blocks::slurp($_) } glob $sources{$program};
	my @faults;
	for (@words) {
		push @faults, "$program: --$1" if /^--([a-z][\w-]*)/ &&
			$text !~ /"(?:--)?\Q$1\E[="]/;
		push @faults, "$program: -$1" if /^-([A-Za-z])$/ &&
			$text !~ /'$1'/ && $text !~ /"-$1"/;
	}
	return @faults;
}

# What is named of the tree: it exists, or is made by a Makefile.
sub path_fault {
	my ($path) = @_;
	my @found = $path =~ /[*]/ ? glob($path) : ();
	return () if @found || -e $path || $path =~ /\$/;
	if ($path =~ m{^build/(\w+)(?:/(.*))?$}) {
		return () if !$2 || -e "$root/$1/$2";
		my $name = basename($2);
		return () if $makefiles =~ /\b\Q$name\E\b/;
	}
	return ("file $path");
}

sub command_faults {
	my (@words) = @_;
	my @faults;
	shift @words while @words && $words[0] =~ /^(sudo|\w+=.*)$/;
	return () unless @words;
	my ($command, @rest) = @words;
	my $program = basename($command);
	push @faults, make_faults(@rest) if $command eq 'make';
	for my $i (0 .. $#rest) { # what is behind -- is another program's
		splice(@rest, $i), last if $rest[$i] eq '--';
	}
	if ($sources{$program}) {
		push @faults, option_faults($program, @rest);
	} elsif ($command !~ m{/}) {
		push @faults, "command $command" unless has($command);
	}
	push @faults, path_fault($_) for grep {
		m{^(?:build|core|arch|port|bpf|include|examples|tests|tools|doc|scripts)/}
	} @words;
	return @faults;
}

# Commands outside of quotes and comments; $(…) is looked at as a word.
sub commands_of {
	my ($text) = @_;
	$text =~ s/\\\n/ /g;
	my @commands;
	for my $line (split /\n/, $text) {
		$line =~ s/(^|\s)#.*//;
		$line =~ s/"[^"]*"|'[^']*'|\$\([^)]*\)/\$x/g;
		$line =~ s/\d?>&?\s*\S+//g;
		push @commands, [ split ' ' ] for split /\|\|?|&&?|;/, $line;
	}
	return grep { @$_ } @commands;
}

sub script {
	my ($text) = @_;
	my $script = "$work/" . ++$serial . '.sh';
	Blocks::put($script, $text);
	return $script;
}

sub check_sh {
	my ($title, $block) = @_;
	my $script = script($block->{text});
	my @faults = map { command_faults(@$_) } commands_of($block->{text});
	push @faults, "syntax: $_" for `sh -n '$script' 2>&1`;
	is(join(', ', @faults), '', $title);
}

# --- all of them ----------------------------------------------------------------------

my $clang = has('clang') &&
	system('echo "#include <bpf/bpf_helpers.h>" | gcc -E -o /dev/null - 2>/dev/null') == 0;
my %how = (
	file => sub { host_c($_[0], $_[1]{text}) },
	part => sub { part_c($_[0], $_[1]{text}) },
	declare => sub { host_c($_[0], "$includes$_[1]{text}") },
	bpf => sub { bpf_c($_[0], $_[1]{text}) },
	'declare.bpf' => sub {
		bpf_c($_[0], "$capture$_[1]{text}", '-Wno-unused-function');
	},
	check => \&check_sh,
	elsewhere => sub { is(`sh -n '@{[script($_[1]{text})]}' 2>&1`, '', $_[0]) },
	drawing => sub { },
);
my %needs = (
	bpf => [$clang, 'no clang, or no libbpf'],
	'declare.bpf' => [$clang, 'no clang, or no libbpf'],
);

my @documents = @ARGV ? @ARGV : Blocks::documents();
Blocks::each_of(\@documents, \%how, \%needs);
is(join("\n", map { "$_->{path}:$_->{line}: $_->{info}" }
	grep { !$_->{class} } map { Blocks::of($_) } @documents), '',
	'every block has a class');
done_testing();
