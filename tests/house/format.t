#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# `make format` changes no file of the tree: each is as Debian 12's clang-format 14
# and .clang-format have it. Tables that are set by hand stand between
# /* clang-format off */ and /* clang-format on */.
set -u
. tests/house/tap.sh

format=${CLANG_FORMAT:-clang-format-14}
command -v "$format" >/dev/null || skip_all "no $format"
"$format" --version | grep -q 'version 14\.' || skip_all "$format is not version 14"

find include core arch port bpf trace heap record examples tools tests scripts \
	-name '*.[ch]' | sort >"$work/files"
ok "files were found" test "$(wc -l <"$work/files")" -gt 300
xargs "$format" --dry-run <"$work/files" 2>&1 | sed -n 's/:[0-9:]* warning: .*//p' |
	sort -u >"$work/differ"
ok "make format changes none of them" empty "$work/differ"
done_testing
