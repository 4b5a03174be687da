#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What `make bench` prints can be trusted as far as no clock is needed for that:
# back ends that it alone has walk true stacks, each line has its figures, and the
# plot has a mark for each of them.
. tests/stacks/shadow.sh

run=tests/bench/run.sh
snap=$snaps/micro-frames-gccO2.snap
BENCH_SAMPLES=200
export BENCH_SAMPLES

# BACKEND LEAST: so many of its 200 stacks at least are exact, none of 201
exact() {
	awk -v b="$1" -v least="$2" '$1 == "all" && $2 == b {
		found = 1; exact = $6; of = $8 }
		END { exit !(found && of == 200 && exact >= least &&
			exact <= of) }' "$work/time" || {
		cat "$work/time"
		return 1
	}
}

# p50, p95 and p99 grow, and so do the shares under 2 and 5 us
ordered() {
	awk '/us a walk:/ { next } { n++ }
		!($3 > 0 && $3 <= $4 && $4 <= $5 && $6 <= $8 && $8 <= 100) {
			print; bad = 1 }
		$2 == "dwunw-capture" { capture++ }
		END { exit bad || !n || capture != 2 }' "$work/walks"
}

ok "a recording is timed" sh -c '"$1" time "$2" >"$3"' - \
	"$snaps/bin/bench" "$snap" "$work/time"
for name in dwunw dwunw-callback dwunw-uncached; do
	ok "$name: all stacks are exact" exact $name 200
done
# not where a realigned stack has its CFA in r10
ok "the bare table walks most stacks" exact bare 150
ok "single walks are timed" sh -c '"$1" walks "$2" >"$3"' - \
	"$snaps/bin/bench" "$snap" "$work/walks"
ok "each line has its percentiles and shares in order" ordered

# --- the plot ---

python=/usr/bin/python3
marks() {
	[ "$(grep -c "$1" "$work/plot.svg")" = "$2" ]
}

if [ -x $python ]; then
	{
		echo "== time"
		cat "$work/time"
		echo "== walks"
		cat "$work/walks"
		echo "first gdb dwunw 1200.5 1100.1 12 300"
		echo "first gdb libdwfl 1000.0 900.5 12 200"
	} >"$work/bench"
	ok "it is drawn" sh -c '"$1" tests/bench/plot "$2" >"$3"' - $python \
		"$work/bench" "$work/plot.svg"
	ok "as XML" $python -c 'import sys, xml.dom.minidom as d
d.parse(sys.argv[1])' "$work/plot.svg"
	# a bar for each line of time and of first stacks, keys of the legends;
	# a dot for each back end's walks; dwunw-uncached is not drawn
	grep -v -e uncached -e "ns a frame" "$work/time" |
		grep -c "^[^ ]* .* of " >"$work/lines"
	grep -v uncached "$work/time" | grep -c "^all" >"$work/keys"
	grep -v uncached "$work/walks" | grep -c "^all" >"$work/dots"
	ok "each figure has its bar, and each back end its key" marks '<rect x' \
		$(($(cat "$work/lines") + 2 + $(cat "$work/keys") + 2))
	ok "each back end's walks have their dot" marks '<circle' \
		"$(cat "$work/dots")"
	ok "a file without figures is refused" sh -c \
		'! "$1" tests/bench/plot "$2" 2>"$3" && grep -q "no line" "$3"' - \
		$python $run "$work/error"
else
	skip "no $python"
fi

done_testing
