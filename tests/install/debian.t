#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The Debian package, in a fresh root of Debian 12: built from a tree of make dist,
# looked at by lintian, installed; dwunw finds a leak with its whole stack, its
# manual page shows, a caller compiles; when both packages are removed, nothing is
# left. DWUNW_DEBIAN_HERE=1 builds and asks lintian on this machine, without a root.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
unset MAKEFLAGS MAKELEVEL MFLAGS SANITIZE T DEFCONFIG
git rev-parse -q --verify HEAD >/dev/null 2>&1 || skip_all "no git clone"

if [ -n "${DWUNW_DEBIAN_HERE:-}" ]; then
	root=
	there=$work/there
	mkdir "$there"
else
	root=$work/root
	scripts/debian-root bookworm "$root" build-essential debhelper lintian \
		clang llvm libbpf-dev libelf-dev libiberty-dev liblzma-dev \
		libzstd-dev python3-kconfiglib zlib1g-dev man-db pkg-config \
		>"$work/made" 2>&1 ||
		skip_all "no root of Debian 12: $(tail -n 1 "$work/made")"
	there=$root/there
	mkdir "$there"
fi
ok "make dist" $make -s dist O="$work/dist"
tar -C "$there" -xzf "$work"/dist/dwunw-*.tar.gz
tree=$(basename "$there"/dwunw-*)

# in_root COMMAND: in the directory with the tree. Mounts are gone with it.
in_root() {
	if [ -z "$root" ]; then
		(cd "$there" && sh -c "$1")
	else
		unshare -m sh -c 'mount --rbind /proc "$0/proc" &&
			mount --rbind /sys "$0/sys" &&
			mount --rbind /dev "$0/dev" && chroot "$0" env -i \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
			HOME=/root sh -c "cd /there || exit; $1"' "$root" "$1"
	fi
}

ok "dpkg-buildpackage -b" in_root "cd $tree && dpkg-buildpackage -b -us -uc -j2"
version=$(sed -n 's/.*VERSION_\(MAJOR\|MINOR\|PATCH\) //p' \
	include/dwunw/dwunw_api.h | paste -sd.)
for package in dwunw libdwunw-dev; do
	ok "$package is of the header's version" \
		sh -c "ls '$there'/${package}_$version-*.deb"
done
in_root 'lintian --fail-on none *.changes' >"$work/lintian" 2>&1
grep '^[EW]:' "$work/lintian" | sed 's/^/# /'
grep '^E:' "$work/lintian" >"$work/errors"
ok "lintian has no errors" empty "$work/errors"
if [ -z "$root" ]; then
	skip "not installed: this is no root of its own"
	done_testing
	exit
fi

# --- installed ------------------------------------------------------------------------

# All files but those that any package changes.
files() {
	(cd "$root" && find . -path ./proc -prune -o -path ./sys -prune -o \
		-path ./dev -prune -o -path ./there -prune -o -path ./tmp -prune \
		-o -path ./var/cache -prune -o -path ./var/log -prune -o \
		-path ./var/lib/dpkg -prune -o -print) | sort
}
files >"$work/before"
# minimal roots leave out manual pages
rm -f "$root"/etc/dpkg/dpkg.cfg.d/*
ok "both are installed" in_root "dpkg -i *.deb"
ok "dwunw --version" in_root "dwunw --version | grep -x 'dwunw $version'"
ok "man dwunw" in_root "man dwunw | grep -i '^ *dwunw'"
ok "a caller compiles" in_root "printf '%s\n' '#include <dwunw/dwunw_api.h>' \
	'#include <stdio.h>' 'int main(void) { puts(dwunw_version()); }' >c.c &&
	cc c.c \$(pkg-config --cflags --libs dwunw) -o c && ./c | grep -x $version"

# The demo's leak: no frame pointers, found to main.
finds_leak() {
	mkdir -p "$there/leak" && cp "$BUILD"/examples/bpf_memleak/leaky_glibc \
		"$there/leak/" &&
		in_root "leak/leaky_glibc 0 20 >/dev/null & sleep 0.2
			dwunw leaks \$! -i 2 -n 1 >found 2>&1
			kill \$!; cat found"
	grep 'make_session' "$there/found" && grep ' main' "$there/found"
}
if [ ! -d /sys/bus/event_source/devices/uprobe ]; then
	skip "this kernel has no uprobes"
else
	ok "the demo's leak is found with its stack" finds_leak
fi

ok "both are removed" in_root "dpkg --purge dwunw libdwunw-dev"
rm -f "$root/there/found"
files >"$work/after"
ok "nothing is left" diff "$work/before" "$work/after"
done_testing
