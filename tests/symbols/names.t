#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Which name an address has, and which has none: functions without a size, on
# every target; line tables only; split DWARF in one package; stripped Go.
cd "$(dirname "$0")/../.." || exit 1
. tests/house/tap.sh
BUILD=${BUILD:-build/$(uname -m)}
at=$BUILD/tests/symbols
dwunw=$BUILD/dwunw
[ "${FOREIGN:-}" != 1 ] || skip_all "dwunw of this machine, for every target"
[ -d "$at" ] || skip_all "no $at: make test-programs"

built_with() {
	grep -q "^#define CONFIG_$1 1" "${CONFIG_H:-$BUILD/config.h}"
}
has() {
	command -v "$1" >/dev/null
}

# --- sizes -----------------------------------------------------------------

# START COUNT NAME: an address every four bytes
expect() {
	awk -v start="$1" -v count="$2" -v name="$3" 'BEGIN {
		for (i = 0; i < count; i += 4)
			print start + i, name
	}'
}
# FILE NAME: what is right, by nm's addresses of the unstripped file; `inner`,
# which only .symtab has, has that name
right() {
	inner=$2
	"${prefix}nm" "$1" | while read -r value _ name; do
		value=$(printf '%d' "0x$value")
		case $name in
		sized) expect "$value" 32 sized ;;
		endless) expect "$value" 16 endless ;;
		next) expect "$value" 16 next; expect $((value + 16)) 16 '??' ;;
		shares) expect "$value" 16 shares ;;
		exported) expect "$value" 16 exported ;;
		inner) expect "$value" 16 "$inner" ;;
		before) expect "$value" 16 before
			expect $((value + 16)) 32 '??' ;;
		covered) expect "$value" 16 covered
			expect $((value + 16)) 16 '??' ;;
		last) expect "$value" 16 last; expect $((value + 16)) 16 '??' ;;
		esac
	done | sort -n
}
# FILE: the names of the addresses in the first column of stdin
named() {
	cut -d ' ' -f 1 | while read -r n; do printf '0x%x\n' "$n"; done |
		"$dwunw" symbolize "$1" |
		awk '/^0x/ { pc = $1 } /^  / { sub(/\+0x.*/, "", $1)
			print pc, $1 }' |
		while read -r pc name; do echo "$((pc)) $name"; done
}
for target in x86_64: arm64:aarch64-linux-gnu- mips32el:mipsel-linux-gnu- \
	mips32eb:mips-linux-gnu-; do
	prefix=${target#*:}
	target=${target%:*}
	[ -f "$at/sizeless.$target" ] && has "${prefix}nm" || {
		skip "$target: no compiler"
		continue
	}
	right "$at/sizeless.$target" inner >"$work/want"
	named "$at/sizeless.$target" <"$work/want" >"$work/got"
	ok "$target: sizeless: $(wc -l <"$work/want") addresses" \
		diff "$work/want" "$work/got"
	# only .dynsym is left; and no section headers either
	right "$at/sizeless.$target" '??' >"$work/want"
	for kind in sizeless-dyn sizeless-bare; do
		named "$at/$kind.$target" <"$work/want" >"$work/got"
		ok "$target: $kind" diff "$work/want" "$work/got"
	done
done

# --- line tables only ----------------------------------------------------------

# By nm -C, which knows nothing of DWARF.
for program in gmlt gmlt-rust; do
	[ -f "$at/$program" ] && built_with DEMANGLE || {
		skip "$program: not built"
		continue
	}
	nm "$at/$program" | awk '$2 ~ /^[tTW]$/ && $3 ~ /^_[ZR]/ &&
		n++ < 400 { print "0x" $1 }' >"$work/pcs"
	nm -C "$at/$program" >"$work/symbols"
	"$dwunw" symbolize "$at/$program" <"$work/pcs" | awk '
		/^0x/ { if (pc != "") print pc, name; pc = $1; name = "??" }
		/^  / { name = $0; sub(/^  /, "", name)
			sub(/\+0x[0-9a-f]+( \/.*)?$/, "", name) }
		END { print pc, name }' >"$work/got"
	# any of the names that an address has will do
	awk 'NR == FNR { pc = "0x" $1; sub(/^0x0+/, "0x", pc)
			$1 = $2 = ""; sub(/^ +/, ""); named[pc, $0] = 1; next }
		{ pc = $1; sub(/^[^ ]* /, "")
			if (!((pc, $0) in named)) print pc, $0 }' \
		"$work/symbols" "$work/got" >"$work/wrong"
	total=$(wc -l <"$work/got")
	note "$(head -n 3 "$work/wrong")"
	ok "$program: $total functions by their linked names" \
		[ "$(wc -l <"$work/wrong")" -le $((total / 100)) -a \
		"$total" -gt 2 ]
done

# --- packages ---------------------------------------------------------------------

seq 4096 3 13000 >"$work/pcs"
for form in clang4 clang5 gcc4; do
	[ -f "$at/$form-dwp/program.dwp" ] && built_with NAMES_LINES || {
		skip "$form: no compiler or packer"
		continue
	}
	"$dwunw" symbolize "$at/$form/program" <"$work/pcs" >"$work/want"
	# alone: the .dwo files are where the program was built
	mkdir -p "$work/$form"
	cp "$at/$form-dwp/program" "$at/$form-dwp/program.dwp" "$work/$form"
	mv "$at/$form" "$at/$form.away"
	"$dwunw" symbolize "$work/$form/program" <"$work/pcs" >"$work/got"
	mv "$work/$form/program.dwp" "$work/$form/none"
	"$dwunw" symbolize "$work/$form/program" <"$work/pcs" >"$work/none"
	mv "$at/$form.away" "$at/$form"
	note "$(grep -c '(inlined)' "$work/want") inlined calls, without a" \
		"package $(grep -c '(inlined)' "$work/none")"
	same() {
		[ "$(grep -c '(inlined)' "$work/want")" -gt 500 ] &&
			! cmp -s "$work/none" "$work/want" &&
			cmp "$work/want" "$work/got"
	}
	ok "$form: a .dwp is as the .dwo files" same
	head -c 200 "$at/$form-dwp/program.dwp" >"$work/$form/program.dwp"
	ok "$form: one that is cut does no harm" \
		"$dwunw" symbolize "$work/$form/program" 0x1100
done

stale() {
	nm -S "$at/stale/program" | awk '$4 == "first" { print $1, $2 }' |
		while read -r value size; do
			seq $((0x$value)) $((0x$value + 0x$size - 1))
		done >"$work/pcs"
	"$dwunw" symbolize "$at/stale/program" <"$work/pcs" >"$work/got" &&
		[ "$(grep -c '^  first+0x' "$work/got")" = \
			"$(wc -l <"$work/pcs")" ] && [ -s "$work/pcs" ]
}
if [ -f "$at/stale/program" ] && built_with NAMES_LINES; then
	ok "a .dwo of another build is not read" stale
else
	skip "no program with a .dwo of another build"
fi

# --- Go ---------------------------------------------------------------------------

# FULL STRIPPED: functions and lines as go tool addr2line has them
go_same() {
	go tool nm "$1" | awk '$2 ~ /^[tT]$/ && n++ % 3 == 0 {
		print $1, NR % 50 }' | while read -r value more; do
		printf '0x%x\n' $((0x$value + more))
	done >"$work/pcs"
	go tool addr2line "$1" <"$work/pcs" | paste -d ' ' - - |
		sed 's/ ?*:-1$/ none/; s/ :-1$/ none/; s/ ?:0$/ none/' \
		>"$work/want"
	"$dwunw" symbolize "$2" <"$work/pcs" | awk '/^  / {
		sub(/\+0x[0-9a-f]+$/, "", $1)
		print $1, (NF > 1 ? $2 : "none") }' >"$work/got"
	total=$(wc -l <"$work/want")
	same=$(paste -d '\n' "$work/want" "$work/got" | awk '
		NR % 2 { want = $0; next } want == $0 { n++ } END { print n + 0 }')
	echo "$same of $total"
	paste "$work/want" "$work/got" | awk -F '\t' '$1 != $2' | head -n 5
	[ "$total" -gt 300 ] && [ "$same" -ge $((total * 99 / 100)) ]
}
# go tool addr2line does not know position-independent programs
go_starts() {
	go tool nm "$at/go-pie-full" | awk '$2 ~ /^[tT]$/ && $3 ~ /\./ &&
		$3 != "runtime.etext" {
		sub(/\.abi0$/, "", $3); gsub(/\[[^]]*\]/, "[...]", $3)
		print "0x" $1, $3 }' | sort -u -k 1,1 >"$work/want"
	cut -d ' ' -f 1 "$work/want" | "$dwunw" symbolize "$at/go-pie" | awk '
		/^0x/ { pc = $1 } /^  / { sub(/\+0x0$/, "", $1)
			gsub(/\[[^]]*\]/, "[...]", $1)
			print pc, $1 }' >"$work/got"
	echo "$(wc -l <"$work/want") functions"
	[ "$(wc -l <"$work/want")" -gt 1000 ] &&
		diff "$work/want" "$work/got"
}
if [ -f "$at/go-full" ] && has go && built_with NAMES_GO; then
	export GO111MODULE=off GOFLAGS=
	ok "Go, pie: where functions start" go_starts
	for kind in stripped bare arm64; do
		full=$at/go-full
		[ $kind != arm64 ] || full=$at/go-arm64-full
		ok "Go, $kind" go_same "$full" "$at/go-$kind"
	done
	"$at/go-stripped" wait >/dev/null &
	pid=$!
	main() {
		for _ in $(seq 100); do
			"$dwunw" stack $pid >"$work/said" 2>&1
			grep -q 'runtime\.[a-z].* .*\.go:[0-9]* ' \
				"$work/said" && return 0
			sleep 0.2
		done
		cat "$work/said"
		return 1
	}
	ok "Go, stripped: names and lines in its stacks" main
	kill $pid
else
	skip "Go: no go (Debian: golang-go)"
fi
done_testing
