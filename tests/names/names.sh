# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What the tests of names share; sourced. Programs in every form of DWARF are
# below $BUILD/tests/names (rules.mk).

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-$top/build/$(uname -m)}
out=$BUILD/tests/names
dwunw=$BUILD/dwunw
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
