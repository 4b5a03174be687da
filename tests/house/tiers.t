#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Each test file runs in exactly one of `make test` and `make test-long`, CI runs
# all tiers, and what failed is said in the end.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
unset MAKEFLAGS MAKELEVEL MFLAGS T ARCH
$make -s list-tests >"$work/list"
ls tests/*/*.t >"$work/there"
awk '{ print $2 }' "$work/list" | sort >"$work/listed"
ok "every file is in a tier, in one of them" diff "$work/there" "$work/listed"
grep -v -e '^test tests/' -e '^test-long tests/' "$work/list" >"$work/others"
ok "there are no other tiers" empty "$work/others"
sed -n '/^test-all:/,/^$/p' Makefile | grep -o '$(MAKE) [a-z-]*' |
	sed 's/.* //' | sort -u >"$work/all"
printf '%s\n' test test-long test-others >"$work/want"
ok "make test-all is all of them" diff "$work/want" "$work/all"
for file in tests/*/*.t; do
	[ -x "$file" ] || echo "$file"
done >"$work/plain"
ok "every file can be run" empty "$work/plain"
grep -o 'make test[a-z-]*' .ci/run | sort -u >"$work/ci"
printf '%s\n' 'make test' 'make test-long' 'make test-others' >"$work/want"
ok "CI runs all of them" diff "$work/want" "$work/ci"

# --- what is said of files that fail (scripts/run-tests) ---

unset VERBOSE EXEC FOREIGN
test_file() {
	cat >"$work/$1"
	chmod +x "$work/$1"
}
test_file good.t <<'END'
#!/bin/sh
echo "ok 1 - fine"
echo "1..1"
END
test_file bad.t <<'END'
#!/bin/sh
echo "ok 1 - fine"
echo "not ok 2 - this is wrong"
echo "1..2"
END
test_file dies.t <<'END'
#!/bin/sh
echo "ok 1 - before it dies"
exit 3
END
test_file luck.t <<'END'
#!/bin/sh
[ -e "$0.ran" ] && echo "ok 1 - luck" || echo "not ok 1 - luck"
: >"$0.ran"
echo "1..1"
END
test_file hangs.t <<'END'
#!/bin/sh
echo "ok 1 - it begins"
sleep 600
END

# run STATUS ENVIRONMENT... FILE...: with that status in the end
run() {
	want=$1
	shift
	rm -rf "$work/luck.t.ran" "$work/told"
	mkdir "$work/told"
	env "$@" >"$work/said" 2>&1
	got=$?
	[ $got = "$want" ] || {
		echo "status $got"
		cat "$work/said"
		return 1
	}
}
all="$work/good.t $work/bad.t $work/dies.t $work/luck.t"
# shellcheck disable=SC2086 # a list
ok "files that fail fail the tier" run 1 scripts/run-tests some $all
sed -n '/^== seconds/,$p' "$work/said" | sed "s,^$work/,," >"$work/end"
cat >"$work/want" <<'END'
bad.t (some): FAILED
    not ok 2 - this is wrong
dies.t (some): FAILED
    ok 1 - before it dies
luck.t (some): FAILED
    not ok 1 - luck
END
ok "and are the last that is said, with their checks" \
	sh -c "sed '1d; \$d' '$work/end' | diff '$work/want' -"
# shellcheck disable=SC2086
ok "DWUNW_AGAIN=1: the same" run 1 DWUNW_AGAIN=1 DWUNW_SUMMARY="$work/told" \
	scripts/run-tests some $all
cat >"$work/want" <<'END'
bad.t (some): FAILED, and FAILED again alone
    not ok 2 - this is wrong
  alone:
    not ok 2 - this is wrong
dies.t (some): FAILED, and FAILED again alone
    ok 1 - before it dies
  alone:
    ok 1 - before it dies
luck.t (some): failed, then passed alone
    not ok 1 - luck
END
ok "each is run once more, and both are said" \
	sh -c "sed 's,$work/,,' '$work/told/failed' | diff '$work/want' -"
ok "what passes then fails nothing" run 0 DWUNW_AGAIN=1 \
	scripts/run-tests some "$work/good.t" "$work/luck.t"
ok "but it is said" grep -q 'luck.t (some): failed, then passed alone' "$work/said"
ok "DWUNW_LIMIT: one that hangs fails" run 1 DWUNW_LIMIT=1 \
	scripts/run-tests some "$work/hangs.t"
ok "and is said to" grep -q '^    not ok - it took more than 1 s' "$work/said"
ok "a command that fails is told" run 1 DWUNW_SUMMARY="$work/told" scripts/tiers \
	'first: echo broken; false' 'second: true'
cat >"$work/want" <<'END'
first: FAILED
    broken
END
ok "with its last lines" diff "$work/want" "$work/told/failed"
ok "and the next one runs" grep -q ' s  second$' "$work/told/seconds"
ok "DWUNW_UNTIL: then nothing is begun" run 0 DWUNW_UNTIL=1 \
	DWUNW_SUMMARY="$work/told" scripts/run-tests some "$work/bad.t"
ok "and it is told" grep -qx "$work/bad.t" "$work/told/late"
# a clock that this file's time is over by
mkdir "$work/clock"
echo 100 >"$work/now"
printf '#!/bin/sh\ncat "%s"\n' "$work/now" >"$work/clock/date"
chmod +x "$work/clock/date"
test_file slow.t <<END
#!/bin/sh
echo 300 >"$work/now"
echo "not ok 1 - this is wrong"
echo "1..1"
END
ok "a file that failed, with no time left for it once more, fails" run 1 \
	PATH="$work/clock:$PATH" DWUNW_AGAIN=1 DWUNW_UNTIL=200 \
	scripts/run-tests some "$work/slow.t"
ok "and that is said" grep -q 'FAILED, no time was left to run it again' "$work/said"
ok "+tier: beside the others, with what it says at the end" run 1 \
	scripts/run-tests one "$work/good.t" -- +two "$work/bad.t" -- three "$work/good.t"
grep '^== [a-z]*$' "$work/said" >"$work/got"
printf '== %s\n' one three two >"$work/want"
ok "in that order" diff "$work/want" "$work/got"
ok "and its failure" grep -q 'bad.t (two): FAILED$' "$work/said"
ok "nor a command" run 0 DWUNW_UNTIL=1 DWUNW_SUMMARY="$work/told" \
	scripts/tiers 'third: false'
ok "which is told, too" grep -qx third "$work/told/late"
done_testing
