#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dwunw/libdw_bpf.h beside <link.h> and <asm/ptrace.h>, which have names like
# its own; every public header alone, all at once, and in pairs with the system's
# headers of the same subjects in both orders, in C and in C++.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/house/tap.sh

strict="-Wall -Wextra -Wpedantic -Wshadow -Wundef -Wconversion -Werror"
own='#include <dwunw/libdw_bpf.h>'
compat="#define DWUNW_COMPAT_LIBDW_BPF
$own"
link='#include <link.h>'
ptrace='#include <asm/ptrace.h>
#include <sys/user.h>'

# try TITLE TEXT: compiles as C and as C++.
try() {
	printf '%s\n' "$2" >"$work/one.c"
	cp "$work/one.c" "$work/one.cc"
	ok "$1: C" gcc -std=c11 -D_GNU_SOURCE -Iinclude $strict -c \
		"$work/one.c" -o "$work/one.o"
	ok "$1: C++" g++ -std=c++11 -D_GNU_SOURCE -Iinclude $strict -c \
		"$work/one.cc" -o "$work/one.o"
}

# What users write: libdw-bpf's own loop, and its callback.
loop='
static int see(struct dl_phdr_info *info, void *ctx)
{
	return info->start < info->end && info->name ? 0 : ctx ? -1 : 0;
}
int use(const void *bytes, size_t size);
int use(const void *bytes, size_t size)
{
	uint64_t ips[64];
	struct stacktrace st;
	struct unwind_ctx uc;
	machine_t *machine = machine__new();
	int result;

	st.max_depth = 64;
	st.ips = ips;
	st.frames = NULL;
	uc.data = bytes;
	uc.size = size;
	result = bpf_unwind_ctx__thread_map(machine, 1, 1);
	result |= bpf_unwind_ctx__resolve_callchain(&st, machine, &uc);
	result |= bpf_dl_iterate_phdr(machine, (int)uc.tgid, see, &st);
	machine__delete(machine);
	return result;
}'
ours='
int callback(struct dwunw_phdr_info *info);
int callback(struct dwunw_phdr_info *info) { return info->start < info->end; }'
theirs='
int dlpi(struct dl_phdr_info *info);
int dlpi(struct dl_phdr_info *info) { return info->dlpi_phnum; }'

try "alone" "$own$ours"
try "libdw-bpf's names" "$compat$loop"
try "before <link.h>" "$own
$link$ours$theirs"
try "behind <link.h>" "$link
$own$ours$theirs"
try "libdw-bpf's names behind <link.h>" "$link
$compat$loop"
try "before <asm/ptrace.h>" "$own
$ptrace$ours"
try "behind <asm/ptrace.h>" "$ptrace
$compat$loop"
try "twice" "$own
$compat"

all=$(for header in include/dwunw/*.h; do
	echo "#include <dwunw/$(basename "$header")>"
done)
note "$(echo "$all" | wc -l) public headers"
try "all public headers" "$all
#include <dwunw/linux.h>
extern int dwunw_not_empty;"
if command -v clang >/dev/null; then
	cp "$work/one.c" "$work/all.cc"
	for standard in c++11 c++17 c++20; do
		ok "all public headers: clang $standard" clang -std=$standard \
			-Iinclude $strict -x c++ -c "$work/all.cc" \
			-o "$work/one.o"
	done
else
	skip "no clang"
fi

# compiles TITLE DIRECTORY: each file in it, as C11, C++11 and C++20.
compiles() {
	for standard in c11 c++11 c++20; do
		case $standard in
		c11) compiler=gcc language=c ;;
		*) compiler=g++ language=c++ ;;
		esac
		ok "$1: $standard" $compiler -std=$standard -D_GNU_SOURCE \
			-Iinclude -Wall -Wextra -Werror -fsyntax-only \
			-x $language "$work/$2"/*
	done
}
mkdir "$work/alone"
for header in include/dwunw/*.h; do
	name=$(basename "$header" .h)
	echo "#include <dwunw/$name.h>" | tee "$work/alone/$name" \
		>"$work/alone/$name.twice"
	echo "#include <dwunw/$name.h>" >>"$work/alone/$name.twice"
done
compiles "every public header alone, and twice" alone

# Whichever comes first: names of one must not be macros of the other.
for theirs in link.h asm/ptrace.h sys/ptrace.h elf.h dwarf.h libelf.h; do
	if ! echo "#include <$theirs>" | gcc -E -o /dev/null - 2>/dev/null; then
		skip "no <$theirs> here"
		continue
	fi
	pairs=pairs.$(echo $theirs | tr / .)
	mkdir "$work/$pairs"
	for header in include/dwunw/*.h; do
		name=$(basename "$header" .h)
		printf '#include <%s>\n' "dwunw/$name.h" "$theirs" \
			>"$work/$pairs/$name.before"
		printf '#include <%s>\n' "$theirs" "dwunw/$name.h" \
			>"$work/$pairs/$name.behind"
	done
	compiles "every public header before and behind <$theirs>" $pairs
done

# C++ calls what C has made.
cat >"$work/use.cc" <<'CC'
#define DWUNW_COMPAT_LIBDW_BPF
#include <dwunw/libdw_bpf.h>
#include <unistd.h>
static int count(struct dl_phdr_info *, void *ctx)
{
	++*static_cast<int *>(ctx);
	return 0;
}
int main()
{
	machine_t *machine = machine__new();
	int found = 0;
	int status = bpf_dl_iterate_phdr(machine, getpid(), count, &found);

	machine__delete(machine);
	return status || found < 2;
}
CC
machine=$(uname -m)
BUILD=${BUILD:-build/$machine}
if [ -z "${FOREIGN:-}" ]; then
	ok "a C++ program links" g++ -std=c++11 -Iinclude $strict \
		"$work/use.cc" "$BUILD/libdwunw.a" -pthread -o "$work/use"
	ok "and runs" "$work/use"
else
	skip "another machine's library"
fi
done_testing
