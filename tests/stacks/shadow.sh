# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# shadow.sh - what micro.t and shadow.t share.
set -u
. tests/house/tap.sh

BUILD=${BUILD:-$PWD/build/$(uname -m)}
snaps=$BUILD/tests/stacks

[ "$(uname -m)" = x86_64 ] || skip_all "recordings are of x86_64"
qemu-x86_64 --version 2>/dev/null | grep -q 'version 7\.2' ||
	skip_all "needs qemu-x86_64 7.2 (qemu-user of Debian 12)"

# gdb as a third voice: it must find the chains that the recorder wrote. gdb
# too walks by the rows of the files, and a row can be wrong (an epilogue of
# libclang-cpp changes its row 9 bytes late), so one in 100 may differ; which
# samples are taken depends on how many the machine's own files gave.
gdb_compares()
{
	rm -rf "$work/gdb" && mkdir "$work/gdb" &&
		"$snaps/bin/snapcore" "$1" 12 "$work/gdb" || return 1
	timeout 120 gdb -batch -nx -x "$work/gdb/gdb.commands" \
		> "$work/gdb/out" 2>&1
	grep '^sample ' "$work/gdb/out" > "$work/gdb/got"
	diff "$work/gdb/truth" "$work/gdb/got"
	awk -v same=0 'NR == FNR { truth[$2] = $0; n++; next }
		truth[$2] == $0 { same++ }
		END { print n, same }' "$work/gdb/truth" "$work/gdb/got" \
		>> "$work/compared"
}

gdb_agrees()
{
	: > "$work/compared"
	for snap in "$@"; do
		gdb_compares "$snap" || return 1
	done
	awk '{ n += $1; same += $2 }
		END { print same " of " n " samples are the same in gdb"
		      exit !(n > 0 && (n - same) * 100 <= n) }' "$work/compared"
}

# agrees_with_gdb SNAP...
agrees_with_gdb()
{
	if gdb -batch -nx -ex 'python print(1)' 2> /dev/null | grep -q 1; then
		ok "gdb agrees with the recorder" gdb_agrees "$@"
		sed 's/^/# /' "$work/output"
	else
		skip "no gdb with Python"
	fi
}

# --- walks that begin at an outer frame, by the steps that a walk tells ---

# resumed PER-MILLE SNAP...: at each frame that such steps reach, which are at least
# so many of all: not those of hand-written expressions, whose rows have no packed
# form.
resumed()
{
	least=$1
	shift
	"$snaps/bin/check" --resume "$@" > "$work/resumed" || {
		cat "$work/resumed"
		return 1
	}
	grep '^resumed:' "$work/resumed"
	awk -v least="$least" '/^resumed:/ {
		exit !($8 * 1000 >= $10 * least && $2 > 50000) }' "$work/resumed"
}
