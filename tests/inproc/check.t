#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Each stack that was taken by rows and by the memo of the last walk, again by
# dwunw_walk(): none differs.

use strict;
use warnings;
use FindBin;
use JSON::PP;
use Test::More;
use lib $FindBin::Bin;
use Inproc;

need_inproc();

# what is installed is of this machine and of glibc
my $musl = ($ENV{CC} // '') =~ /musl/;
my $native = !$foreign && !$musl;
my $times = $ENV{DWUNW_LONG} ? 40 : 1;

sub none_differs {
	my ($title, $least, @command) = @_;
	my $r = run_with({ env => { DWUNW_INPROC_CHECK => 1, PYTHONMALLOC => 'malloc' } },
		@command);
	is($r->{status}, 0, "$title: it ends well") or diag $r->{err};
	is($r->{differ}, 0, "$title: no stack differs");
	cmp_ok($r->{checked} // 0, '>=', $least, "$title: so many were compared");
	diag "$title: $r->{checked} compared, $r->{kept} frames kept, " .
	    "$r->{walked} walked, $r->{slow} stacks by dwunw_walk()"
	    if $ENV{VERBOSE};
	return $r;
}

my $r = none_differs('jumps, alloca, realigned frames', 5000, built('uses'),
	'jumps', $times);
cmp_ok($r->{kept}, '>', $r->{stacks}, '… and the memo was used');
none_differs('handlers', 20000, built('uses'), 'signals', $times);
none_differs('handlers on their own stack', 20000, built('uses'), 'own', $times);
none_differs('contexts', 500, built('uses'), 'contexts') unless $musl;
none_differs('threads', 40000, built('uses'), 'threads');
none_differs('libraries that come and go', 2000, built('uses'), 'plugins');
{
	# 30 times each; of 50 calls 8 leave a block, 196 bytes in all
	my %has;
	for (@{ decode_json(`$tool$build/dwunw report --json $dir/recording`)->{stacks} }) {
		my ($stack) = $_;
		for my $plug (0, 1) {
			next unless grep { ($_->{file} // '') =~ /uses_plug$plug\.so/ }
			    @{ $stack->{frames} };
			$has{$plug}[0] += $stack->{allocations};
			$has{$plug}[1] += $stack->{bytes};
		}
	}
	is(join(' ', map { "@{ $has{$_} // [] }" } 0, 1), '240 5880 240 5880',
		'… and each has what was allocated below it');
}
none_differs('C++ exceptions', 20000, built('thrown'), 2000 * $times)
    if -e built('thrown');
SKIP: {
	skip 'no python3 of this kind', 3 unless $native && -x '/usr/bin/python3';
	none_differs('python3', 10000, '/usr/bin/python3', '-c', <<'END' =~ s/TIMES/$times/r);
import json, re
for r in range(3 * TIMES):
    d = [{"a": i, "b": [str(i)] * 3} for i in range(50)]
    e = json.loads(json.dumps(d))
    re.sub(r"(\d+)", lambda m: m.group(1) + "x", json.dumps(d)[:2000])
    sorted(e, key=lambda x: str(x["a"]))
    try: int("x")
    except ValueError as err: str(err)
END
}
SKIP: {
	skip 'no sqlite3 of this kind', 3 unless $native && -x '/usr/bin/sqlite3';
	my $rows = 6000 * $times;
	none_differs('sqlite3', 10000, 'sqlite3', ':memory:', 'CREATE TABLE t(a,b);' .
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<$rows) " .
		"INSERT INTO t SELECT i, 'k'||(i*7919%10007) FROM n;" .
		'CREATE INDEX i ON t(b); SELECT count(*), sum(length(s)) FROM ' .
		'(SELECT group_concat(b) AS s FROM t GROUP BY a%100);');
}

done_testing();
