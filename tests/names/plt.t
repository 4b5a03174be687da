#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Stubs of the procedure linkage table by name, as objdump names them.
. "$(dirname "$0")/names.sh"
needs NAMES_PLT

for target in x86_64: arm64:aarch64-linux-gnu- mips32el:mipsel-linux-gnu- \
	mips32eb:mips-linux-gnu-; do
	prefix=${target#*:}
	for program in "$out/${target%:*}"/plt-*; do
		[ -x "$program" ] && has "${prefix}objdump" || continue
		"${prefix}objdump" -d "$program" |
			sed -n 's/^0*\([0-9a-f]*\) <\(.*@plt\)>:$/0x\1 \2/p' \
			>"$work/want"
		[ -s "$work/want" ] || continue
		cut -d ' ' -f 1 "$work/want" | "$dwunw" symbolize "$program" |
			awk '/^0x/ { at = $1 }
			/^  / { sub(/\+0x0$/, "", $1); print at, $1 }' \
			>"$work/got"
		ok "${target%:*} ${program##*-}: $(wc -l <"$work/want") stubs" \
			diff "$work/want" "$work/got"
	done
	# objdump does not know them: by the symbols that readelf calls MIPS
	case $target in
	mips*)
		program=$out/${target%:*}/plt-plain
		[ -x "$program" ] || continue
		"${prefix}readelf" -s --dyn-syms -W "$program" | awk '
			$7 == "UND" && $4 == "FUNC" && $2 !~ /^0*$/ {
				sub(/@.*/, "", $8); sub(/^0*/, "0x", $2)
				print $2, $8 "@plt" }' | sort -u >"$work/want"
		cut -d ' ' -f 1 "$work/want" | "$dwunw" symbolize "$program" |
			awk '/^0x/ { at = $1 }
			/^  / { sub(/\+0x0$/, "", $1); print at, $1 }' |
			sort -u >"$work/got"
		note "$(head -n 2 "$work/want")"
		ok "${target%:*}: $(wc -l <"$work/want") stubs by readelf" \
			diff "$work/want" "$work/got" ;;
	esac
done
done_testing
