#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw rows --compare --debug-file F: F must be of the same build as the file,
# and is refused by name else: by build id, by the CRC of .gnu_debuglink, by code.
cd "$(dirname "$0")/../.." || exit 1
. tests/house/tap.sh
BUILD=${BUILD:-build/$(uname -m)}
dwunw=$BUILD/dwunw
full=$BUILD/tests/rows/gcc-dwarf5
other=$BUILD/tests/rows/gcc-fp
[ "${FOREIGN:-}" != 1 ] || skip_all "files of this machine"
[ -x "$full" ] && [ -x "$other" ] || skip_all "no $full: make test-programs"

# FILE DEBUG-FILE: what is said; the exit code is that of dwunw
said() {
	"$dwunw" rows --compare --debug-file "$2" "$1" 2>&1
}
serves() {
	said "$1" "$2" >"$work/said" && grep -q '^total call-sites [1-9]' \
		"$work/said"
}
# FILE DEBUG-FILE WHY: one line names both, and why
refused() {
	said "$1" "$2" >"$work/said"
	[ $? = 1 ] && [ "$(wc -l <"$work/said")" = 1 ] &&
		grep -qF "$2: $3: it is no debug file of $1" "$work/said"
}

# as strip and eu-strip make them
objcopy --only-keep-debug "$full" "$work/kept"
objcopy -g --remove-section=.debug_frame "$full" "$work/file"
ok "the file's own, by build id" serves "$work/file" "$work/kept"
ok "the file with its debug information" serves "$work/file" "$full"
ok "another program: refused" refused "$work/file" "$other" \
	"is of another build"

objcopy --remove-section=.note.gnu.build-id "$full" "$work/full-noid"
objcopy --only-keep-debug "$work/full-noid" "$work/kept-noid"
objcopy --remove-section=.note.gnu.build-id -g "$full" "$work/noid"
objcopy --remove-section=.note.gnu.build-id "$other" "$work/other-noid"
cp "$work/noid" "$work/linked"
objcopy --add-gnu-debuglink="$work/kept-noid" "$work/linked"
ok "no build id: by the CRC" serves "$work/linked" "$work/kept-noid"
cp "$work/kept-noid" "$work/changed"
printf x >>"$work/changed"
ok "no build id: a byte more" refused "$work/linked" "$work/changed" \
	"has another CRC than .gnu_debuglink says"
ok "no build id, no link: the same code" serves "$work/noid" \
	"$work/full-noid"
ok "no build id, no link: other code" refused "$work/noid" \
	"$work/other-noid" "is of another build"
ok "no build id, no link, no code: nothing tells" refused "$work/noid" \
	"$work/kept-noid" "is of another build"

# e_machine of a copy says arm64
cp "$work/kept" "$work/arm64"
printf '\267\0' | dd of="$work/arm64" bs=1 seek=18 conv=notrunc 2>/dev/null
ok "another target" refused "$work/file" "$work/arm64" \
	"is of another target"
ok "no ELF file" sh -c '"$1" rows --compare --debug-file "$2" "$3" 2>&1 |
	grep -qF "$2: "' - "$dwunw" "$0" "$full"
done_testing
