#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Configurations at random build without a warning, and pass the tests of what
# they contain: the unit tests, and the command's answer about a file. A few; 50
# with DWUNW_LONG=1. DWUNW_SEEDS="7 12": these. A seed is the same configuration
# each time: make randconfig SEED=7.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
unset MAKEFLAGS MAKELEVEL MFLAGS SANITIZE O V T BUILD
/usr/bin/python3 -c 'import kconfiglib' 2>/dev/null ||
	skip_all "no python3-kconfiglib"
few="1 2"
[ -z "${DWUNW_LONG:-}" ] || few=$(seq 50)

in_dir() {
	$make O="$dir" ARCH="$ARCH" CC="${CC:-gcc}" CFLAGS='-O0 -g0' "$@"
}

# All unit tests, each with its plan.
units_pass() {
	failed=0
	for unit in "$dir/$ARCH"/tests/unit/*; do
		[ -x "$unit" ] || continue
		# shellcheck disable=SC2086
		${EXEC:-} "$unit" >"$work/unit" 2>&1 &&
			grep -q '^1\.\.' "$work/unit" && continue
		echo "$(basename "$unit"):"
		grep -v '^ok' "$work/unit"
		failed=1
	done
	[ $failed = 0 ]
}

# rows of the command's own code: it has CFI
tells_rows() {
	command=$dir/$ARCH/dwunw
	# shellcheck disable=SC2086
	${EXEC:-} "$command" rows "$1" >"$work/rows" 2>&1 ||
		{ tail -3 "$work/rows"; return 1; }
	[ "$(wc -l <"$work/rows")" -gt 100 ]
}

for seed in ${DWUNW_SEEDS:-$few}; do
	dir=$work/built # the same for each: ccache knows what a seed leaves as it is
	ok "seed $seed: a configuration" in_dir randconfig SEED="$seed"
	cp "$dir/$ARCH/.config" "$work/config"
	ok "… builds without a warning" in_dir -j2 all unit-programs
	grep -q 'warning:' "$work/output" && ok "… no warning" false
	ok "… passes the unit tests" units_pass
	most=$(sed -n 's/^CONFIG_FILE_SIZE_MAX_MB=//p' "$work/config")
	size=$(wc -c <"$dir/$ARCH/dwunw" 2>/dev/null || echo 0)
	if grep -q '^CONFIG_PORT_LINUX=y' "$work/config" &&
		[ "$size" -lt $((${most:-0} << 20)) ] &&
		grep -q "^CONFIG_ARCH_$(echo "${ARCH%e[lb]}" | tr a-z A-Z)=y" \
			"$work/config"; then
		ok "… and tells rows" tells_rows "$dir/$ARCH/dwunw"
	fi
	rm -rf "$dir"
done
done_testing
