# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What the tests of names share; sourced. Builds programs in every form of
# DWARF below $BUILD/tests/names.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-$top/build/$(uname -m)}
out=$BUILD/tests/names
dwunw=$BUILD/dwunw
mkdir -p "$out"
cd "$top" || exit 1
. tests/house/tap.sh

[ "${FOREIGN:-}" != 1 ] ||
	skip_all "dwunw of this machine is compared, for every target"

# built_with NAME: is CONFIG_NAME in this build?
built_with() {
	grep -q "^#define CONFIG_$1 1" "${CONFIG_H:-$BUILD/config.h}"
}

needs() {
	built_with "$1" || skip_all "built without CONFIG_$1"
}

has() {
	command -v "$1" >/dev/null
}

# NAME COMPILER ARG...: built once, into a directory of its own, as .dwo files
# are named after the source.
program() {
	name=$1
	shift
	has "$1" || return 0
	[ "$out/$name/program" -nt "$here/names.cc" ] && return 0
	mkdir -p "$out/$name"
	(cd "$out/$name" && "$@" -o program 2>log) || {
		echo "# $name does not build"
		sed 's/^/# /' "$out/$name/log"
	}
}

programs() {
	cc="$here/names.cc"
	program gcc2 g++ -O2 -gdwarf-2 "$cc"
	program gcc3 g++ -O2 -gdwarf-3 "$cc"
	program gcc4 g++ -O2 -gdwarf-4 "$cc"
	program gcc5 g++ -O2 -gdwarf-5 "$cc"
	program gcc4-64 g++ -O2 -gdwarf-4 -gdwarf64 "$cc"
	program gcc5-64 g++ -O2 -gdwarf-5 -gdwarf64 "$cc"
	program sections g++ -O2 -g -ffunction-sections -Wl,--gc-sections "$cc"
	program lto g++ -O2 -g -flto "$cc"
	program zlib g++ -O2 -gdwarf-5 -gz=zlib "$cc"
	program split4 g++ -O2 -gdwarf-4 -gsplit-dwarf "$cc"
	program split5 g++ -O2 -gdwarf-5 -gsplit-dwarf "$cc"
	program clang4 clang++ -O2 -gdwarf-4 "$cc"
	program clang5 clang++ -O2 -gdwarf-5 "$cc"
	program clang-split5 clang++ -O2 -gdwarf-5 -gsplit-dwarf "$cc"
	program rust rustc -O -g "$here/names.rs"
	program arm64 aarch64-linux-gnu-g++ -O2 -g "$cc"
	program mips32el mipsel-linux-gnu-g++ -O2 -g "$cc"
	program mips32eb mips-linux-gnu-g++ -O2 -g "$cc"
	if has dwz && [ ! -f "$out/dwz/common" ]; then
		mkdir -p "$out/dwz"
		cp "$out/gcc4/program" "$out/dwz/single"
		dwz "$out/dwz/single"
		cp "$out/gcc4/program" "$out/dwz/program"
		cp "$out/gcc3/program" "$out/dwz/other"
		dwz -m "$out/dwz/common" "$out/dwz/program" "$out/dwz/other"
	fi
}
