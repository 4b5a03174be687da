#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# make install into a root of its own: the README's example is compiled by
# pkg-config and by CMake with what lies there, and runs; manual pages and the
# completion know the options that --help does; make uninstall leaves nothing.
set -u
. tests/house/tap.sh

make=${MAKE:-make}
root=$work/root
prefix=/opt/dwunw
there=$root$prefix
example=$BUILD/tests/docs/readme/example.c
unset MAKEFLAGS MAKELEVEL MFLAGS SANITIZE V T

ok "make install" $make -s install DESTDIR="$root" PREFIX=$prefix
find "$root" -type f | sed "s|^$root||" | sort >"$work/installed"
grep -v "^$prefix/" "$work/installed" >"$work/elsewhere"
ok "nothing outside of PREFIX" empty "$work/elsewhere"
grep -rl "$work" "$root" >"$work/staged"
ok "no file names the root it was installed into" empty "$work/staged"
for file in bin/dwunw lib/libdwunw.a lib/libdwunw-core.a \
	include/dwunw/dwunw_api.h include/dwunw/bpf/capture.bpf.h \
	lib/pkgconfig/dwunw.pc share/man/man1/dwunw-stack.1 \
	share/man/man3/libdwunw.3 share/doc/dwunw/LICENSE.BSD-2-Clause; do
	ok "$file is there" test -s "$there/$file"
done

# [text](path) of documents, as "FILE path"; code between fences is none
links() {
	find "$there/share/doc/dwunw" -name '*.md' | while read -r file; do
		sed '/^```/,/^```/d' "$file" |
			grep -o '\](\([^()# ][^()# ]*\)[^()]*)' |
			sed -e 's/^](//' -e 's/[#)].*//' -e '/^[a-z]*:/d' |
			sed "s|^|$file |"
	done
}
links >"$work/links"
while read -r file link; do
	[ -e "${file%/*}/$link" ] || echo "${file#"$root"}: $link"
done <"$work/links" >"$work/dead"
ok "documents have links" test "$(wc -l <"$work/links")" -gt 100
ok "… each to a file that is installed, too" empty "$work/dead"

version=$(sed -n 's/.*VERSION_\(MAJOR\|MINOR\|PATCH\) //p' \
	include/dwunw/dwunw_api.h | paste -sd.)
says() {
	[ "$("$@")" = "dwunw $version" ]
}
ok "dwunw --version is the header's" says "$there/bin/dwunw" --version

# --- a caller ------------------------------------------------------------------

# PROGRAM prints a stack of this shell
prints_stack() {
	"$1" $$ >"$work/printed" || return
	grep '^#1 0x' "$work/printed"
}

pc() {
	PKG_CONFIG_SYSROOT_DIR=$root \
		PKG_CONFIG_PATH=$there/lib/pkgconfig pkg-config "$@" dwunw
}
if command -v pkg-config >/dev/null; then
	ok "pkg-config knows the version" test "$(pc --modversion)" = "$version"
	# shellcheck disable=SC2046
	ok "the README's example by pkg-config" ${CC:-cc} "$example" \
		$(pc --cflags --libs) -o "$work/by-pc"
	ok "… prints a stack" prints_stack "$work/by-pc"
	if [ -f "$there/lib/libdwunw-trace.a" ]; then
		# shellcheck disable=SC2046
		ok "a tool by pkg-config dwunw-trace" ${CC:-cc} \
			tests/install/tool.c $(pc --cflags --libs dwunw-trace) \
			-o "$work/tool"
		"$work/tool" >"$work/told"
		ok "… runs" grep -x 'refused 1, cheap 3, threads [1-9][0-9]*' \
			"$work/told"
	else
		skip "CONFIG_TRACE is off"
	fi
else
	skip "no pkg-config"
fi

# A BPF program by the headers that were installed, for each target
bpf_of() {
	${CLANG:-clang} -std=gnu11 -O2 -g -target bpf -mcpu=v3 -ffreestanding \
		-Wall -Werror "-DDWUNW_TARGET=$1" -I"$there/include" \
		-I"$there/include/dwunw/bpf" -idirafter \
		"/usr/include/$(gcc -print-multiarch)" \
		-c tests/live/returns.bpf.c -o "$work/returns.bpf.o"
}
if command -v "${CLANG:-clang}" >/dev/null &&
	[ -f /usr/include/bpf/bpf_helpers.h ]; then
	for target in arch/*/; do
		ok "a BPF program for $target" bpf_of "$(basename "$target")"
	done
else
	skip "no clang, or no headers of libbpf"
fi

# VERSION [PART [SOURCE]]
by_cmake() {
	mkdir -p "$work/cmake" && cp "${3:-$example}" "$work/cmake/example.c" &&
		printf '%s\n' 'cmake_minimum_required(VERSION 3.13)' \
			'project(example C)' \
			"find_package(dwunw $1 REQUIRED ${2:+COMPONENTS $2})" \
			'add_executable(example example.c)' \
			"target_link_libraries(example dwunw::${2:-dwunw})" \
			>"$work/cmake/CMakeLists.txt" &&
		cmake -S "$work/cmake" -B "$work/cmake/$1${2:-}" \
			-DCMAKE_PREFIX_PATH="$there" &&
		cmake --build "$work/cmake/$1${2:-}"
}
if command -v cmake >/dev/null; then
	ok "the README's example by CMake" by_cmake "$version"
	ok "… prints a stack" prints_stack "$work/cmake/$version/example"
	for part in trace report heap; do
		[ -f "$there/lib/libdwunw-$part.a" ] || {
			skip "no libdwunw-$part.a"
			continue
		}
		says='refused 1, cheap 3, threads [1-9][0-9]*' tool=tool
		[ $part != report ] || says='?;leak 42' tool=report
		ok "a tool by CMake's dwunw::$part" by_cmake "$version" $part \
			tests/install/$tool.c
		"$work/cmake/$version$part/example" >"$work/told"
		ok "… runs" grep -x "$says" "$work/told"
	done
	by_cmake "$version" nothing >"$work/refused" 2>&1
	ok "CMake says that a part is not there" \
		grep -q 'built without nothing' "$work/refused"
	for other in 0.1 9.0; do
		by_cmake $other >"$work/refused" 2>&1
		ok "CMake refuses $version for $other" \
			grep -q 'not accepted\|compatible' "$work/refused"
	done
else
	skip "no cmake"
fi

# --- what is said of options -----------------------------------------------------

options() {
	grep -o -- '--[a-z][a-z-]*' | sort -u
}
leaks=$(grep -q "^CONFIG_LEAKS=y" "$BUILD/.config" && echo leaks check count record)
diff=$([ -f "$there/share/man/man1/dwunw-diff.1" ] && echo report diff)
for command in stack rows symbolize $leaks $diff; do
	"$there/bin/dwunw" $command --help | options |
		grep -v -x -e --debug-dump >"$work/help"
	sed -e 's/\\-/-/g' -e '/readelf/d' \
		"$there/share/man/man1/dwunw-$command.1" | options >"$work/man"
	ok "dwunw-$command(1) has the options of --help" \
		diff "$work/help" "$work/man"
	bash -c '. "$1"; COMP_CWORD=2; COMP_WORDS=(dwunw "$2" --); _dwunw
		printf "%s\n" "${COMPREPLY[@]}"' - \
		"$there/share/bash-completion/completions/dwunw" $command |
		sort >"$work/completed"
	ok "and so has the completion" diff "$work/help" "$work/completed"
done
if command -v man >/dev/null; then
	for page in "$there"/share/man/man?/*; do
		man --warnings -E UTF-8 -l -Tutf8 "$page" 2>"$work/man" >/dev/null
		ok "$(basename "$page") is formatted without a warning" \
			empty "$work/man"
	done
else
	skip "no man"
fi

# --- what is refused ---------------------------------------------------------------

$make -s install DESTDIR="$work/none" PREFIX=opt/dwunw >"$work/said" 2>&1
ok "PREFIX without a / is refused" grep -q 'PREFIX=opt/dwunw: ' "$work/said"
ok "… and nothing is installed" test ! -e "$work/none"

# --- away again --------------------------------------------------------------------

touch "$there/include/mine.h"
ok "make uninstall" $make -s uninstall DESTDIR="$root" PREFIX=$prefix
find "$root" -type f >"$work/left"
ok "leaves what is another's, and nothing else" \
	test "$(cat "$work/left")" = "$there/include/mine.h"
find "$root" -path '*dwunw/*' -name '*dwunw*' >"$work/dirs"
ok "no directory of dwunw's either" empty "$work/dirs"

# --- a tarball ------------------------------------------------------------------------

if git rev-parse -q --verify HEAD >/dev/null 2>&1; then
	ok "make dist" $make -s dist O="$work/one"
	ok "make dist, again" $make -s dist O="$work/two"
	ok "the same bytes" cmp "$work/one/dwunw-$version.tar.gz" \
		"$work/two/dwunw-$version.tar.gz"
	tar -tzf "$work/one/dwunw-$version.tar.gz" | sed 's|^[^/]*/||' |
		grep -v -e '/$' -e '^$' | sort >"$work/packed"
	git ls-tree -r --name-only HEAD | sort >"$work/known"
	ok "all that git has is in it" diff "$work/known" "$work/packed"
else
	skip "no git clone"
fi
done_testing
