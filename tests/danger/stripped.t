#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The same without section headers: by program headers, by search.
. tests/danger/build.sh
{
	core
	program file
	tiny tiny-stripped -s -Wl,--no-eh-frame-hdr
	# e_shoff, e_shnum and e_shstrndx
	for at in 40 41 42 43 44 45 46 47 60 61 62 63; do
		printf '\0' | dd of="$out/tiny-stripped" bs=1 seek=$at \
			conv=notrunc status=none
	done
} >&2
exec ${EXEC:-} "$out/file" "$out/tiny-stripped"
