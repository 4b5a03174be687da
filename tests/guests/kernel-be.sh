#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# kernel-be.sh OUT - builds a big-endian mips32 kernel, which Debian does not
# have, from its linux-source package. 7 minutes of CPU and 2 GB of disk, once.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
out=$1
cache=${DWUNW_CACHE:-$top/build/cache}
source=linux-source-6.1

for tool in mips-linux-gnu-gcc flex bison bc; do
	command -v $tool >/dev/null || {
		echo "kernel-be: no $tool" >&2
		exit 1
	}
done
mkdir -p "$cache" "$(dirname "$out")"
work=$(mktemp -d "$cache/kernel.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

own=$(dpkg --print-architecture)
apt() {
	"$top/scripts/apt-private" "$cache/apt-$own" "$own" "$@"
}
echo "# kernel-be: fetching $source" >&2
apt apt-get -q update >"$work/log" 2>&1
sum=$(apt apt-cache --no-all-versions show $source |
	sed -n 's/^SHA256: //p')
(cd "$work" && apt apt-get -q download $source) >>"$work/log" 2>&1
echo "$sum  $(echo "$work"/*.deb)" | sha256sum -c --quiet
dpkg -x "$work"/*.deb "$work"
mkdir "$work/linux"
tar -xf "$work"/usr/src/$source.tar.* -C "$work/linux" --strip-components=1
rm -rf "$work"/*.deb "$work/usr"

# in a log of its own: nobody reads a kernel's build unless it fails
in_tree() {
	env -u MAKEFLAGS -u MFLAGS make -C "$work/linux" ARCH=mips \
		CROSS_COMPILE=mips-linux-gnu- "$@" >>"$work/log" 2>&1 || {
		tail -n 20 "$work/log" >&2
		exit 1
	}
}
echo "# kernel-be: building" >&2
in_tree tinyconfig
cat "$here/kernel-be.config" >>"$work/linux/.config"
in_tree olddefconfig
for option in CPU_BIG_ENDIAN UPROBE_EVENTS BPF_EVENTS PERF_EVENTS; do
	grep -q "^CONFIG_$option=y" "$work/linux/.config" || {
		echo "kernel-be: $source has no CONFIG_$option any more" >&2
		exit 1
	}
done
in_tree -j2 vmlinux
mips-linux-gnu-strip -o "$work/vmlinux" "$work/linux/vmlinux"
mv "$work/vmlinux" "$out"
