#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# kernel-be.sh OUT [6.1|5.10 [bare]] - builds a big-endian mips32 kernel, which Debian
# does not have, from its linux-source package; "bare": without BPF, perf events and
# uprobes, as OpenWrt ships them. 7 minutes of CPU and 2 GB of disk, once. OUT.config
# are its options.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
out=$1
cache=${DWUNW_CACHE:-$top/build/cache}
version=${2:-6.1} kind=${3:-probes}
source=linux-source-$version
case $version in
6.1) ;;
5.10) export DWUNW_SUITE=bullseye ;;
*) echo "kernel-be: $version: 6.1 or 5.10" >&2; exit 2 ;;
esac

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
	"$top/scripts/apt-private" "$cache/apt-$own${DWUNW_SUITE:+-$DWUNW_SUITE}" "$own" "$@"
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
[ $kind != bare ] || cat "$here/kernel-bare.config" >>"$work/linux/.config"
in_tree olddefconfig
for option in CPU_BIG_ENDIAN UPROBE_EVENTS BPF_EVENTS PERF_EVENTS; do
	wanted=y
	[ $kind != bare ] ||
		[ $option = CPU_BIG_ENDIAN ] || wanted=
	got=$(sed -n "s/^CONFIG_$option=//p" "$work/linux/.config")
	[ "$got" = "$wanted" ] || {
		echo "kernel-be: $source: CONFIG_$option=$got, want '$wanted'" >&2
		exit 1
	}
done
in_tree -j"${JOBS:-2}" vmlinux
mips-linux-gnu-strip -o "$work/vmlinux" "$work/linux/vmlinux"
{
	echo "# release $(cat "$work/linux/include/config/kernel.release")"
	cat "$work/linux/.config"
} >"$out.config"
mv "$work/vmlinux" "$out"
