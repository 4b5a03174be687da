#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Real servers with workers: PostgreSQL, which forks one for each connection, and
# nginx, whose workers are replaced while it runs. In each of their processes
# counter.so has counted what is not freed; memleak_dwunw_user -f says the same,
# in blocks and bytes: nothing of a child is missed, from its first instruction on.
# They are stopped when the tool begins and before it ends, outside of any
# allocator, so that both look at the same moment.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Count;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Leak;
use POSIX 'WNOHANG';
use Socket 'SOCK_STREAM';
use Test::More;
use Time::HiRes qw(sleep time);

need_tool();
my @nobody = qw(setpriv --reuid=65534 --regid=65534 --clear-groups);
chmod 0755, $dir; # nobody's server is in it
# However this ends, the servers do, too: all of their processes, as those that
# are stopped do not see that their parent has ended.
$SIG{$_} = sub { exit 1 } for qw(HUP INT PIPE TERM);
my @servers;
END {
	my $status = $?;
	kill 'KILL', map { reverse tree_of($_) } @servers;
	$? = $status;
}

# A package's tree; undef: not to be had.
sub unpacked {
	my ($package) = @_;
	chomp(my $machine = `dpkg --print-architecture 2>/dev/null`);
	return unless $machine;
	chomp(my $tree = `$Live::root/tests/cross/package $machine $package`);
	return $tree || undef;
}

# A process and all that it has forked, and those have.
sub tree_of {
	my ($pid) = @_;
	my @tree = ($pid);
	for my $one (@tree) {
		for my $list (glob "/proc/$one/task/*/children") {
			open(my $file, '<', $list) or next;
			push @tree, split ' ', <$file> // '';
		}
	}
	return @tree;
}

sub state_of {
	my ($pid) = @_;
	open(my $file, '<', "/proc/$pid/stat") or return 'gone';
	return (<$file> // '') =~ /\) (\S)/ ? $1 : 'gone';
}

# Stops them all; none is inside of an allocator. Their numbers.
sub freeze {
	my ($pid, $counter) = @_;
	for (1 .. 200) {
		my (%stopped, @new);
		while (@new = grep { !$stopped{$_} } tree_of($pid)) {
			for my $one (@new) {
				kill 'STOP', $one;
				sleep 0.01 until state_of($one) =~ /[TZ]|gone/;
				$stopped{$one} = 1;
			}
		}
		my @alive = grep { state_of($_) eq 'T' } keys %stopped;
		return @alive unless counted_by($counter, @alive)->{busy};
		kill 'CONT', @alive;
		sleep 0.05;
	}
	die 'it never stands still';
}

# The tool on a server: $work->() is what happens meanwhile.
sub watch_server {
	my ($title, $pid, $counter, $work, @options) = @_;
	push @servers, $pid;
	my $out = "$dir/servers.out";
	my @tree = freeze($pid, $counter);
	my $before = counted_by($counter)->{processes};
	my $tool = Live::background($out, tool(), qw(--stats -o 0 -T 100000
		--ring-size 67108864 --max-live 1000000 -f),
		@options, '-p', join(',', @tree), 600);
	my $ended = 0;
	push @servers, $tool;
	sleep 0.1 until -e $out && slurp($out) =~ /^recording/m ||
	    ($ended = waitpid($tool, WNOHANG));
	ok(!$ended, "$title: it watches " . @tree . ' processes') or
	    diag(slurp($out));
	counter_on($counter, 1);
	kill 'CONT', @tree;
	$work->();
	@tree = freeze($pid, $counter);
	sleep 0.5; # what was sent is read
	kill 'TERM', $tool;
	waitpid($tool, 0) unless $ended;
	@servers = grep { $_ != $tool } @servers;
	my $r = parse_leak(slurp($out), $? >> 8);
	my $sum = counted_by($counter);
	counter_on($counter, 0);
	kill 'CONT', @tree;
	is($r->{status}, 0, "$title: it ran");
	diag($_) for $r->{text} =~ /^(dwunw: a stack ends early.*)/mg;
	same_ok($r, $sum, $title);
	is($r->{allocations}, $sum->{calls}, "$title: each allocation");
	unlike($r->{text}, qr/before is missed/, "$title: none was late");
	sent_ok($r, $title);
	diag(sprintf '%s: %d processes, %d of them new; %d allocations, %d ' .
		'blocks and %d bytes are left; %d stacks lost, %d of %d whole',
		$title, $sum->{processes}, $sum->{processes} - $before,
		$sum->{calls}, $sum->{all}, $sum->{all_bytes}, $r->{drops},
		$r->{whole}, $r->{whole} + $r->{to_main} + $r->{shorter} +
		$r->{by_fp});
	return ($r, $sum->{processes} - $before);
}

sub stop_server {
	my ($title, $pid, $signal) = @_;
	my @tree = tree_of($pid);
	kill $signal, $pid;
	for (1 .. 100) {
		last if waitpid($pid, WNOHANG) == $pid;
		sleep 0.1;
	}
	my @left = grep { state_of($_) !~ /Z|gone/ } @tree;
	is("@left", '', "$title: all its processes have ended");
	kill 'KILL', @left if @left;
	Live::stop($pid);
	@servers = grep { $_ != $pid } @servers;
}

# --- PostgreSQL, by its own protocol ---------------------------------------------

sub pg_send {
	my ($socket, $type, $body) = @_;
	print $socket $type . pack('N', 4 + length $body) . $body;
	$socket->flush;
}

# Until it is ready for the next one; the rows, or undef.
sub pg_answer {
	my ($socket) = @_;
	my $rows = 0;
	while (read($socket, my $head, 5) == 5) {
		my ($type, $size) = unpack 'aN', $head;
		read($socket, my $body, $size - 4);
		$rows++ if $type eq 'D';
		return if $type eq 'E' && $body =~ /FATAL/;
		return $rows if $type eq 'Z';
	}
	return;
}

sub pg_connect {
	my ($where) = @_;
	my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM,
		Peer => "$where/.s.PGSQL.5432") or return;
	pg_send($socket, '', pack('N', 196608) .
		"user\0tester\0database\0postgres\0\0");
	return defined pg_answer($socket) ? $socket : undef;
}

my @statements = split /\n/, <<'END';
CREATE TABLE IF NOT EXISTS people(id int PRIMARY KEY, name text, city text)
INSERT INTO people SELECT i, 'name ' || i, 'city ' || i % 17 FROM generate_series(1, 500) i ON CONFLICT (id) DO UPDATE SET name = excluded.name
SELECT city, count(*), string_agg(name, ',') FROM people GROUP BY city ORDER BY 2
SELECT * FROM no_such_table
SELECT a.name FROM people a JOIN people b USING (city) WHERE b.id < 5 ORDER BY upper(a.name) LIMIT 100
DO $$ BEGIN FOR i IN 1..20 LOOP PERFORM md5(i::text); END LOOP; END $$
SELECT json_agg(people) FROM people
END

# One connection: a backend of its own, which errors do not end.
sub pg_work {
	my ($where) = @_;
	my $socket = pg_connect($where) or return 0;
	for (@statements) {
		pg_send($socket, 'Q', "$_\0");
		pg_answer($socket);
	}
	return $socket;
}

sub postgres {
	my $tree = unpacked('postgresql-15') or
	    skip 'postgresql-15 is not to be had', 1;
	my $own = "$dir/postgresql";
	my $bin = "$own/usr/lib/postgresql/15/bin";
	my $lacks = `ldd $tree/usr/lib/postgresql/15/bin/postgres`;
	skip "PostgreSQL needs $1", 1 if $lacks =~ /(\S+) => not found/;
	mkdir $own;
	system("cp -r $tree/usr $own") == 0 or die $own;
	system('cp', built('counter.so'), "$own/counter.so") == 0 or die;
	mkdir "$own/data";
	chown 65534, 65534, $own, "$own/data";
	my ($said, $status) = Live::run(@nobody, 'env', '-i', 'PATH=/bin:/usr/bin',
		"$bin/initdb", '-D', "$own/data", '-A', 'trust', '-U', 'tester',
		'--locale=C', '-E', 'UTF8', '--no-sync');
	diag($said), skip 'initdb has failed', 1 if $status;
	my $counter = counter_dir('postgres');
	my $pid = Live::start_to("$dir/postgres.log", 'sh', '-c',
		'exec "$@" 2>&1', 'sh', @nobody, 'env', '-i',
		'PATH=/bin:/usr/bin', 'LC_ALL=C', "COUNTER=$counter",
		'LD_LIBRARY_PATH=' . own_libc(),
		"LD_PRELOAD=$own/counter.so", "$bin/postgres", '-D',
		"$own/data", '-k', $own, '-c', 'listen_addresses=', '-c',
		'fsync=off', '-c', 'jit=off', '-c', 'autovacuum_naptime=1s');
	my $first;
	for (1 .. 600) {
		last if ($first = pg_connect($own));
		sleep 0.1;
	}
	ok($first, 'PostgreSQL: it answers') or
	    diag(slurp("$dir/postgres.log"));
	my $good = 0;
	my ($r, $new) = watch_server('PostgreSQL', $pid, $counter, sub {
		my @open = map { pg_work($own) } 1 .. 20;
		$good = grep { $_ } @open;
		close $_ for grep { $_ } @open[0 .. 9]; # ten have ended
		sleep 1;
		$first = \@open;
	});
	is($good, 20, 'PostgreSQL: twenty connections');
	cmp_ok($new, '>=', 20, 'PostgreSQL: twenty backends were forked');
	my @named = grep { names($_) =~ /(^| )PostgresMain .*ServerLoop|PostgresMain /
		} @{ $r->{stacks} };
	cmp_ok(scalar @named, '>', 10, 'PostgreSQL: stacks of backends');
	$first = undef;
	stop_server('PostgreSQL', $pid, 'INT');
}

# --- nginx ---------------------------------------------------------------------------

sub get {
	my ($port, $path) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
		Timeout => 10) or return '';
	print $socket "GET $path HTTP/1.1\r\nHost: localhost\r\n" .
	    "Accept-Encoding: gzip\r\nConnection: close\r\n\r\n";
	local $/;
	return <$socket> // '';
}

sub free_port {
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
		Listen => 1) or die;
	return $socket->sockport;
}

sub configure {
	my ($port) = @_;
	mkdir "$dir/www";
	open(my $out, '>', "$dir/www/page.html") or die;
	print $out "<p>A line of a page.\n" x 500;
	close $out;
	open($out, '>', "$dir/nginx.conf") or die;
	print $out "daemon off; worker_processes 3;
	pid $dir/nginx.pid; error_log $dir/nginx.log;
	events { worker_connections 64; }
	http {
		access_log $dir/access.log; gzip on; gzip_proxied any;
		types { text/html html; }
		client_body_temp_path $dir/body; proxy_temp_path $dir/proxy;
		fastcgi_temp_path $dir/fastcgi; uwsgi_temp_path $dir/uwsgi;
		scgi_temp_path $dir/scgi;
		server {
			listen 127.0.0.1:$port;
			root $dir/www;
			location / { autoindex on; }
			location /again/ { proxy_pass http://127.0.0.1:$port/; }
		}
	}\n";
	close $out;
}

sub nginx {
	my $tree = unpacked('nginx') or skip 'nginx is not to be had', 1;
	my $lacks = `ldd $tree/usr/sbin/nginx`;
	skip "nginx needs $1", 1 if $lacks =~ /(\S+) => not found/;
	my $port = free_port();
	my $counter = counter_dir('nginx');
	configure($port);
	my $pid;
	{
		local @ENV{qw(LD_PRELOAD COUNTER LD_LIBRARY_PATH)} =
		    (built('counter.so'), $counter, own_libc());
		$pid = Live::start_to("$dir/nginx.out", "$tree/usr/sbin/nginx",
			'-e', "$dir/nginx.log", '-p', $dir, '-c',
			"$dir/nginx.conf");
	}
	my $answers = 0;
	for (1 .. 300) {
		last if ($answers = get($port, '/page.html') =~ / 200 /);
		sleep 0.1;
	}
	ok($answers, 'nginx: it answers') or diag(slurp("$dir/nginx.log"));
	my $good = 0;
	my $ask = sub {
		for (1 .. 40) {
			$good += get($port, $_) =~ /^HTTP\S+ (200|404) /
			    for qw(/page.html / /missing /again/page.html);
		}
	};
	my ($r, $new) = watch_server('nginx', $pid, $counter, sub {
		$ask->();
		kill 'HUP', $pid; # other workers, of the configuration read anew
		sleep 1;
		$ask->();
	});
	is($good, 320, 'nginx: all is answered');
	cmp_ok($new, '>=', 3, 'nginx: its workers were replaced');
	stop_server('nginx', $pid, 'QUIT');
}

SKIP: { nginx() }
SKIP: { postgres() }

done_testing();
