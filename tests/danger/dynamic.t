#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Dynamic symbols without section headers, as readelf lists them with: a libc,
# a libcrypto, and small libraries with each kind of hash table, for each target
# that there is a compiler for.
set -eu
command -v perl >/dev/null && command -v readelf >/dev/null || {
	echo "1..0 # SKIP no perl or no readelf"
	exit 0
}
out=${BUILD:-build/$(uname -m)}/tests/danger
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

files=$(ls "$out"/few-*.so)
for lib in "$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk '$1 == "libc.so.6" { print $NF; exit }')" \
	"$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk '$1 == "libcrypto.so.3" { print $NF; exit }')"; do
	[ ! -f "$lib" ] || files="$files $lib"
done

# functions NAME: "address name", of those that have one version
functions() {
	readelf --dyn-syms -W "$1" | awk '
		($4 == "FUNC" || $4 == "IFUNC") && $7 != "UND" {
			sub(/@.*/, "", $8)
			if (seen[$8] && at[$8] != $2)
				several[$8] = 1
			seen[$8] = 1
			at[$8] = $2
		}
		END { for (n in at) if (!several[n]) print at[n], n }'
}

ended() {
	[ "$1" = 1 ] || echo "not ok 0 - $file: exit status $1"
}
for file in $files; do
	bare=$work/bare-${file##*/}
	tests/sstrip.pl "$file" "$bare" >/dev/null
	functions "$file" | ${EXEC:-} "$out/dynamic" "$bare" || ended $?
	case $file in
	"$out"/few-*) ${EXEC:-} "$out/dynamic" "$bare" flip ||
		ended $? ;;
	esac
done >"$work/tap"
grep -v '^1\.\.' "$work/tap" | awk '
	/^(not )?ok/ { n++; sub(/ok [0-9]+/, "ok " n) }
	{ print }
	END { print "1.." n + 0 }'
