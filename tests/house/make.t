#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The Makefile keeps its promises: help is complete, names of targets are
# normalised, nothing is built in the source tree, packages are named first.
# Building is what is tested: it is done in a directory of this test's own.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
unset MAKEFLAGS MAKELEVEL MFLAGS SANITIZE O V BUILD
: "${CC:=gcc}"

$make help >"$work/help"
sed -e ':join' -e '/\\$/{N;s/\\\n//;b join' -e '}' Makefile |
	sed -n -e 's/^\.PHONY: //p' -e 's/^config_goals := //p' |
	tr -s ' \t' '\n\n' | grep '^[a-z0-9_-]*$' | sort -u |
	grep -v -e '^one-by-one$' -e '^run-' >"$work/targets"
while read -r target; do
	grep -q "^  \([a-z0-9_-]* \)*$target\( \|\$\)" "$work/help" ||
		echo "$target"
done <"$work/targets" >"$work/unlisted"
ok "there are targets" grep -qx menuconfig "$work/targets"
ok "make help lists every target" empty "$work/unlisted"
# of 24 lines, with a prompt
fits() {
	awk '{ gsub(/[\200-\277]/, "") } length > 80 { print; bad = 1 }
		END { print NR " lines"; exit bad || NR > 23 }' "$work/help"
}
ok "and fits a screen" fits

becomes() {
	$make ARCH="$1" O=x -n clean | grep -F "x/$2-asan"
}
while read -r given normal; do
	ok "ARCH=$given is $normal" becomes "$given" "$normal"
done <<'END'
x86_64 x86_64
aarch64 arm64
arm64 arm64
mips mips32eb
mips32 mips32eb
mips32eb mips32eb
mipsel mips32el
mips32el mips32el
END
# … and is compiled by its own compiler, wherever that is not this machine's
compiled_by() {
	[ "$2" != "$(uname -m)" ] || return 0
	env -u CC -u EXEC -u CROSS_COMPILE $make ARCH="$1" O="$work/x" -n libs |
		grep "^$3-gcc .* core/walk/walk.c"
}
while read -r given normal triple; do
	ok "ARCH=$given asks for $triple-gcc" \
		compiled_by "$given" "$normal" "$triple"
done <<'END'
aarch64 aarch64 aarch64-linux-gnu
mipsel mips32el mipsel-linux-gnu
mips mips mips-linux-gnu
END
# … as doc/first-leak-router.md says
router() {
	router="env -u CC -u EXEC -u CROSS_COMPILE $make ARCH=mips32eb O=$work/router"
	$router mips32_defconfig && $router -n bpf_memleak
}
if /usr/bin/python3 -c 'import kconfiglib' 2>/dev/null; then
	ok "a router's leak tool has a rule for all that it needs" router
else
	skip "no python3-kconfiglib"
fi
refused() {
	! $make ARCH=vax help >"$work/said" 2>&1 && grep 'x86_64' "$work/said"
}
ok "another ARCH is refused by naming those that are" refused

find . -path ./.git -prune -o -path ./build -prune -o -type f -print |
	sort >"$work/before"
ok "libraries build below O" $make O="$work/o" ARCH="$ARCH" CC="$CC" libs
find . -path ./.git -prune -o -path ./build -prune -o -type f -print |
	sort >"$work/after"
comm -13 "$work/before" "$work/after" |
	grep -e '\.[oad]$' -e 'config' >"$work/strewn"
ok "and nothing beside it" empty "$work/strewn"
again() {
	$make O="$work/o" ARCH="$ARCH" CC="$CC" libs | grep -v 'Nothing to be' \
		>"$work/again"
	empty "$work/again"
}
ok "a second time there is nothing to do" again
touched() {
	$make O="$work/o" ARCH="$ARCH" CC="$CC" -W include/dwunw/types.h -n \
		libs | grep -c 'core/.*\.c'
}
ok "a changed header makes its users again" touched

# Packages: a machine that lacks one.
mkdir "$work/bin"
cat >"$work/bin/dpkg-query" <<'END'
#!/bin/sh
for last; do :; done
case $last in
bpftool) exit 1 ;;
llvm) echo not-installed ;;
*) echo installed ;;
esac
END
chmod +x "$work/bin/dpkg-query"
named() {
	PATH=$work/bin:$PATH DWUNW_DEPS=print scripts/deps "$1" >"$work/said" &&
		return 1
	cat "$work/said"
	grep -q ": llvm bpftool\$" "$work/said"
}
ok "deps demo names what is missing" named demo
ok "deps test as well" named test
bad_use() {
	! scripts/deps everything
}
ok "deps refuses another purpose" bad_use

for script in tests/*/*.t; do
	[ -x "$script" ] || echo "$script"
done >"$work/inert"
ok "every test script is executable" empty "$work/inert"

done_testing
