#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Dynamic symbols without section headers, as readelf lists them with: a libc,
# a libcrypto, and small libraries with each kind of hash table, for each target
# that there is a compiler for.
. "$(dirname "$0")/build.sh"
command -v perl >/dev/null && command -v readelf >/dev/null || {
	echo "1..0 # SKIP no perl or no readelf"
	exit 0
}
core
program dynamic

cat >"$out/few.c" <<'END'
int one(int x) { return x + 1; }
int two(int x) { return one(x) * 2; }
static int hidden(int x) { return x; }
int three(int x) { return hidden(two(x)); }
END
files=
for lib in "$(gcc -print-file-name=libc.so.6)" \
	"$(gcc -print-file-name=libcrypto.so.3)"; do
	[ ! -f "$lib" ] || files="$files $lib"
done
for triple in x86_64 aarch64 mipsel mips; do
	command -v "$triple-linux-gnu-gcc" >/dev/null || continue
	for hash in sysv gnu; do
		case $triple-$hash in mips*-gnu) continue ;; esac
		"$triple-linux-gnu-gcc" -O1 -shared -fPIC -nostdlib \
			-Wl,--hash-style=$hash "$out/few.c" \
			-o "$out/few-$triple-$hash.so"
		files="$files $out/few-$triple-$hash.so"
	done
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

count=0
for file in $files; do
	tests/sstrip.pl "$file" "$out/bare.so" >/dev/null
	cp "$out/bare.so" "$out/bare-${file##*/}"
	functions "$file" | $EXEC "$out/dynamic" "$out/bare-${file##*/}" || :
	case $file in
	"$out"/few-*) $EXEC "$out/dynamic" "$out/bare-${file##*/}" flip || : ;;
	esac
done >"$out/dynamic.tap"
grep -v '^1\.\.' "$out/dynamic.tap" | awk '
	/^(not )?ok/ { n++; sub(/ok [0-9]+/, "ok " n) }
	{ print }
	END { print "1.." n + 0 }'
