# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Load.pm - real programs, busy with the same again and again for so many seconds.
#
#	my $load = Load::of('nginx', 60) or skip ...;
#	$load->{command}	a list: the program to look at
#	$load->{beside}		lists: what gives it its work; started before it, as
#				all of them wait for it
#	%ENV is set for both
package Load;
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../live";
use Live ();

our @names = qw(python3 sqlite3 gdb nginx);
my $data = "$Live::root/tests/memleak/real_load";
my $python = '/usr/bin/python3';
my %made = (python3 => \&python3, sqlite3 => \&sqlite3, gdb => \&gdb,
	nginx => \&nginx);

# undef: the program is not to be had here.
sub of {
	my ($name, $seconds) = @_;
	return $made{$name}->($seconds);
}

sub have {
	my ($program) = @_;
	return grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

# Each object a block of its own, at the same calls each time.
sub python3 {
	my ($seconds) = @_;
	return unless -x $python;
	@ENV{qw(PYTHONMALLOC PYTHONHASHSEED)} = ('malloc', 0);
	return { command => [$python, '-S', "$data.py", $seconds], beside => [] };
}

sub sqlite3 {
	my ($seconds) = @_;
	return unless have('sqlite3');
	my $pipe = "$Live::dir/sql";
	-p $pipe or system('mkfifo', $pipe) == 0 or die "mkfifo: $pipe";
	return {
		command => ['/bin/sh', '-c',
			"exec sqlite3 :memory: <$pipe >/dev/null 2>&1"],
		beside => [['/bin/sh', '-c', "exec timeout $seconds yes -- " .
			"\"\$(cat $data.sql)\" >$pipe 2>/dev/null"]],
	};
}

# A program in C++, with exceptions, and Python in it.
sub gdb {
	my ($seconds) = @_;
	return unless have('gdb');
	$ENV{SECONDS} = $seconds;
	return { command => ['gdb', '-nx', '-batch', '-iex',
		'set debuginfod enabled off', '-x', "$data.gdb",
		Live::built('debugged', 'memleak')], beside => [] };
}

sub nginx_config {
	my ($dir, $port) = @_;
	my $tls_port = $port + 1;
	return "daemon off; master_process off;
	pid $dir/nginx.pid; error_log $dir/nginx.log;
	events { worker_connections 64; }
	http {
		access_log /dev/null; gzip on; gzip_proxied any;
		types { text/html html; }
		client_body_temp_path $dir/body; proxy_temp_path $dir/proxy;
		fastcgi_temp_path $dir/fastcgi; uwsgi_temp_path $dir/uwsgi;
		scgi_temp_path $dir/scgi;
		server {
			listen 127.0.0.1:$port; listen 127.0.0.1:$tls_port ssl;
			ssl_certificate $dir/certificate;
			ssl_certificate_key $dir/key;
			root $dir/www;
			location / { autoindex on; }
			location /again/ { proxy_pass http://127.0.0.1:$port/; }
		}
	}\n";
}

sub write_file {
	my ($path, $text) = @_;
	open(my $out, '>', $path) or die "$path: $!";
	print $out $text;
	close $out;
}

sub nginx {
	my ($seconds) = @_;
	my ($dir, $port) = ($Live::dir, 20000 + $$ % 20000);
	chomp(my $tree = `$Live::root/tests/cross/package \$(dpkg --print-architecture) nginx`);
	return unless $tree && -x "$tree/usr/sbin/nginx" && have('openssl');
	my ($said, $status) = Live::run('openssl', 'req', '-x509', '-newkey',
		'rsa:2048', '-nodes', '-days', 2, '-subj', '/CN=localhost',
		'-keyout', "$dir/key", '-out', "$dir/certificate", '-batch');
	die "openssl: $said" if $status;
	mkdir "$dir/www";
	write_file("$dir/www/page.html", "<p>A line of a page.\n" x 500);
	write_file("$dir/nginx.conf", nginx_config($dir, $port));
	return {
		command => ["$tree/usr/sbin/nginx", '-e', "$dir/nginx.log",
			'-p', $dir, '-c', "$dir/nginx.conf"],
		# until nginx is there, it waits
		beside => [[$python, "$Live::root/tests/memleak/real_requests.py",
			$seconds, $port, $port + 1]],
	};
}

1;
