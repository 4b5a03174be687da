# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Sourced by the tests of this folder: $out, programs under ASan and UBSan; on
# another machine (EXEC) without them, and static. The files looked at are this
# machine's in any case.
set -eu
BUILD=${BUILD:-$PWD/build/$(uname -m)}
CONFIG_H=${CONFIG_H:-$BUILD/config.h}
CC=${CC:-gcc}
case $CC in *musl*) CC=gcc ;; esac
out=$BUILD/danger
mkdir -p "$out/core"
case ${FOREIGN:-} in
1) kind="-static" ;;
*) kind="-fsanitize=address,undefined -fno-sanitize-recover=all" ;;
esac
flags="-std=c11 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer
	$kind -Wall -Wextra
	-Iinclude -iquote . -iquote core -iquote arch -iquote tests
	-include $CONFIG_H"

# The freestanding core, compiled for this: the library has no sanitizers.
core() {
	if [ -f "$out/core/.built" ] && [ -z "$(find core arch include \
		"$CONFIG_H" -newer "$out/core/.built" -name '*.[ch]')" ]; then
		return
	fi
	rm -f "$out/core/.built" "$out/core/"*.o
	for f in core/*.c arch/*.c; do
		$CC $flags -c "$f" -o "$out/core/$(echo "${f%.c}" | tr / -).o"
	done
	touch "$out/core/.built"
}

program() {
	$CC $flags "tests/danger/$1.c" "$out/core/"*.o -o "$out/$1"
}

# tiny NAME FLAGS...: the small program, as another kind of file.
tiny() {
	name=$1
	shift
	if [ "${FOREIGN:-}" = 1 ]; then cc=gcc; else cc=$CC; fi
	$cc -Os -nostdlib -static -Wl,--build-id=sha1 -Wl,-z,noseparate-code \
		-fomit-frame-pointer "$@" tests/danger/tiny.c -o "$out/$name"
}
