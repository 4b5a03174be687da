#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Records stacks of real programs and of the micro programs, with their true
# chains, into $BUILD/stacks: one NAME.snap each, micro-NAME.snap for the
# micro programs. A recording is made anew only when the recorder, its
# parameters or a file that was mapped has changed.
#
#	BUILD=dir CC=gcc tests/stacks/shadow/record.sh [all | programs | micro]
#
# JOBS (2) run at a time. Prints one line for each new recording.
#
# shellcheck disable=SC2034,SC2317 # spawn and recording.sh use them

set -eu
here=$(cd "$(dirname "$0")" && pwd)
stacks=$(dirname "$here")
BUILD=$(mkdir -p "${BUILD:-build/stacks-test}" && cd "${BUILD:-build/stacks-test}" && pwd)
CC=${CC:-gcc}
JOBS=${JOBS:-2}
what=${1:-all}
dir=$BUILD/stacks
bin=$dir/bin
input=$dir/input
mkdir -p "$bin" "$input"
export LC_ALL=C

# shellcheck source=tests/stacks/shadow/recording.sh
. "$here/recording.sh"

version=$(qemu-x86_64 --version 2>/dev/null | sed -n '1s/.*version \([0-9]*\.[0-9]*\).*/\1/p')
[ "$version" = 7.2 ] ||
	die "needs qemu-x86_64 7.2 (Debian 12: qemu-user), found '${version:-none}'"

make_plugin shadow.so plugin.c

# NAME PERIOD SKIP STEPS SAMPLES CPU PROGRAM ARGS...
record()
{
	record_args="period=$2,skip=$3,steps=$4,samples=$5"
	record_cpu=$6 record_name=$1
	shift 6
	record_with "$record_name" "qemu-x86_64 -cpu $record_cpu" \
		"$record_args" "$@"
}

# --- programs built here ---

# 1500 functions that call each other through lazily bound PLT slots.
lazy_sources()
{
	[ -s "$input/lazy_main.c" ] && return
	awk 'BEGIN {
		n = 1500
		for (i = 0; i < n; i++)
			printf "unsigned f%d(unsigned, unsigned);\n", i
		for (i = 0; i < n; i++) {
			printf "unsigned f%d(unsigned a, unsigned d)\n{\n", i
			printf "\tunsigned x = a * %d + d;\n", i + 3
			printf "\tif (d %% %d == 0)\n\t\treturn x;\n", i % 13 + 20
			printf "\treturn f%d(x, d + 1) + x;\n}\n", (i * 7 + 1) % n
		}
	}' > "$input/lazy_lib.c"
	awk 'BEGIN {
		n = 1500
		for (i = 0; i < n; i++)
			printf "unsigned f%d(unsigned, unsigned);\n", i
		print "int main(void)\n{\n\tunsigned x = 1;\n"
		print "\tfor (int round = 0; round < 3; round++) {"
		for (i = 0; i < n; i++)
			printf "\t\tx += f%d(x, %d);\n", i, i % 11 + 1
		print "\t}\n\treturn x == 1;\n}"
	}' > "$input/lazy_main.c"
}

build_programs()
{
	lazy_sources
	build exceptions g++ -O2 -fomit-frame-pointer \
		"$stacks/programs/exceptions.cc"
	for kind in lazy lazy-ibt; do
		flags=
		[ $kind = lazy ] || flags="-fcf-protection -Wl,-z,ibtplt"
		# shellcheck disable=SC2086 # several flags
		build lib$kind.so gcc -O2 -fomit-frame-pointer -fPIC -shared \
			$flags -Wl,-z,lazy "$input/lazy_lib.c"
		# shellcheck disable=SC2086
		build $kind gcc -O2 -fomit-frame-pointer $flags -Wl,-z,lazy \
			"-Wl,-rpath,$bin" "$input/lazy_main.c" "$bin/lib$kind.so"
	done
}

# --- inputs ---

make_inputs()
{
	[ -e "$input/done" ] && return
	awk 'BEGIN {
		srand(7)
		for (i = 0; i < 6000; i++) {
			printf "%d", i
			for (j = 0; j < 9; j++)
				printf " %s%d", substr("etaoinshrdlucmf", int(rand() * 12) + 1, 3), rand() * 100
			print ""
		}
	}' > "$input/text"
	sed 's/7/eta/; s/^1/x/' "$input/text" > "$input/text2"
	cat > "$input/work.py" <<'END'
import json, re, random
class Tree:
    def __init__(self, depth):
        self.kids = [Tree(depth - 1) for _ in range(3)] if depth else []
    def size(self):
        return 1 + sum(k.size() for k in self.kids)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
random.seed(3)
while True:
    data = {str(i): [i, {"a": [i] * 5, "b": str(i) * 3}] for i in range(60)}
    assert json.loads(json.dumps(data, sort_keys=True, indent=1)) == data
    fib(11)
    Tree(4).size()
    words = re.findall(r"(\w+?)(\d+)|(?:x|y)*z", "abc12 def345 ghi6 " * 40)
    sorted(words, key=lambda w: (w[1], -len(w[0])))
    try:
        eval("(" * 20 + "1/0" + ")" * 20)
    except ZeroDivisionError as e:
        repr(e)
END
	cat > "$input/work.sh" <<'END'
f() { local n=$1; if ((n > 0)); then f $((n - 1)); else echo "${x//a/b}"; fi; }
x=banana
for ((i = 0; i < 100000; i++)); do
	y=$(f $((i % 12)))
	case $y in b*n*) z+=${y^^};; *) z=;; esac
	a=($(printf '%s\n' c b a)); [[ $y =~ ^b(.)n ]] && z=${BASH_REMATCH[1]}
	f $((i % 25)) >/dev/null
done
END
	cat > "$input/work.pl" <<'END'
use strict; my %h; my @a;
sub down { my ($n, $f) = @_; return $n ? down($n - 1, $f) + 1 : $f->(); }
while (1) {
	for my $i (1 .. 200) { push @a, sprintf("%05d-%s", $i * 7 % 200, "x" x ($i % 7)); }
	@a = sort { substr($b, 0, 3) cmp substr($a, 0, 3) || $a cmp $b } @a;
	for (@a) { s/(\d+)-(x*)/$2$1/g; $h{$1}++ if /^(x+)\d/; }
	down(30, sub { join ",", map { $_ * 2 } grep { $_ % 2 } 1 .. 20; 5 });
	eval { die { code => 5 } }; @a = ();
}
END
	cat > "$input/work.sql" <<'END'
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i+1 from n where i < 4000)
 insert into t select i, 'row ' || (i * 7919 % 4000), i / 3.0 from n;
create index tb on t(b);
select count(*), sum(x.c) from t x join t y on x.b = y.b where y.a % 3 = 0;
select substr(b, 1, 5), avg(c), max(b) from t group by 1 order by 2 desc;
update t set c = c + 1 where b like '%9%';
select * from t where b glob '*7*' order by c, b limit 100;
delete from t where a in (select a from t where c > 900);
with recursive f(n, a, b) as (select 1, 0, 1 union all select n+1, b, a+b from f where n < 80)
 select group_concat(a) from f;
END
	awk 'BEGIN {
		for (c = 1; c <= 120; c++) {
			text = ""
			for (l = 0; l < 200; l++)
				text = text "line " l " " (l % 17 == c % 17 ? c : 0) "\n"
			m = "commit " c
			printf "commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata %d\n%s\n", 1600000000 + c, length(m), m
			printf "M 644 inline file%d\ndata %d\n%s\n", c % 5, length(text), text
		}
	}' > "$input/history"
	rm -rf "$input/repo"
	git init -q -b main "$input/repo"
	git -C "$input/repo" fast-import --quiet < "$input/history"
	gcc -std=c11 -D_GNU_SOURCE -E "$here/plugin.c" -o "$input/unit.i"
	touch "$input/done"
}

# --- what is recorded ---

have()
{
	command -v "$1" > /dev/null 2>&1
}

# period skip steps samples
record_programs()
{
	cc1=$(gcc -print-prog-name=cc1)
	spawn record python3 8000 2000000 100000000 8000 qemu64 \
		/usr/bin/python3 work.py
	spawn record bash 8000 200000 100000000 6000 qemu64 \
		/usr/bin/bash work.sh
	spawn record perl 8000 1000000 100000000 6000 qemu64 \
		/usr/bin/perl work.pl
	spawn record cc1 12000 2000000 200000000 6000 qemu64 \
		"$cc1" -O2 -quiet unit.i -o /dev/null
	stdin=$input/work.sql
	spawn record sqlite3 8000 500000 100000000 6000 qemu64 \
		/usr/bin/sqlite3 :memory:
	stdin=/dev/null
	spawn record mawk 4000 100000 100000000 4000 qemu64 /usr/bin/mawk \
		'{ for (i = 1; i <= NF; i++) n[$i]++; gsub(/[aeiou]+/, "<&>"); m += match($0, /t[^ ]*9/) } END { for (w in n) print w, n[w] }' text
	spawn record git 4000 100000 60000000 5000 qemu64 \
		/usr/bin/git -C repo log -p --stat
	spawn record xz 6000 100000 60000000 4000 qemu64 \
		/usr/bin/xz -6 -T1 -c text
	spawn record gzip 4000 100000 60000000 4000 qemu64 \
		/usr/bin/gzip -9 -c text
	spawn record openssl-rsa 4000 1500000 60000000 4000 qemu64 \
		/usr/bin/openssl genrsa 2048
	spawn record openssl-ec 1000 1500000 60000000 3000 max \
		/usr/bin/openssl ecparam -name secp384r1 -genkey
	spawn record openssl-digest 1500 1000000 60000000 3000 max \
		/usr/bin/openssl dgst -sha512 text text2
	spawn record openssl-cipher 1000 1000000 60000000 3000 max \
		/usr/bin/openssl enc -aes-256-cbc -pbkdf2 -iter 500 -k x -in text
	spawn record openssl-chacha 1000 1000000 60000000 2000 qemu64 \
		/usr/bin/openssl enc -chacha20 -pbkdf2 -iter 200 -k x -in text
	spawn record exceptions 6000 50000 100000000 8000 qemu64 \
		"$bin/exceptions"
	spawn record lazy 800 1000 60000000 5000 qemu64 "$bin/lazy"
	spawn record lazy-ibt 800 1000 60000000 3000 max "$bin/lazy-ibt"
	if have clang; then
		spawn record clang 20000 20000000 200000000 3000 qemu64 \
			"$(readlink -f "$(command -v clang)")" -O2 -c unit.i -o unit.o
	fi
}

micro_one()
{
	name=$1
	shift
	build "$name" "$@" || return 1
	record "micro-$name" 60 0 2000000 2500 qemu64 "$bin/$name"
}

record_micro()
{
	m=$stacks/micro
	flags="-fomit-frame-pointer -pthread"
	for name in signals frames deep jumps children; do
		for how in "gcc -O2" "gcc -Os" "clang -O2"; do
			have "${how%% *}" || continue
			tag=$(echo "$how" | tr -d ' -')
			# shellcheck disable=SC2086 # flags
			spawn micro_one "$name-$tag" $how -std=gnu11 $flags \
				"$m/$name.c"
		done
	done
	for how in "g++ -O2" "g++ -Os" "clang++ -O2"; do
		have "${how%% *}" || continue
		tag=$(echo "$how" | tr -d ' -' | tr + p)
		# shellcheck disable=SC2086
		spawn micro_one "throw-$tag" $how $flags "$m/throw.cc"
	done
	spawn micro_one expressions gcc -O2 "$m/expressions.c" \
		"$m/expressions-x86_64.S"
	for kind in static static-pie; do
		for name in signals frames jumps; do
			# shellcheck disable=SC2086
			spawn micro_one "$name-$kind" gcc -O2 -std=gnu11 \
				$flags -$kind "$m/$name.c"
		done
		# shellcheck disable=SC2086
		spawn micro_one "throw-$kind" g++ -O2 $flags -$kind \
			"$m/throw.cc"
	done
	# no binary search table: only .eh_frame itself
	# shellcheck disable=SC2086
	spawn micro_one frames-no-hdr gcc -O2 -std=gnu11 $flags \
		-Wl,--no-eh-frame-hdr "$m/frames.c"
}

make_inputs
case $what in
all | programs)
	build_programs
	record_programs
	;;
esac
case $what in
all | micro)
	record_micro
	;;
esac
wait_all
