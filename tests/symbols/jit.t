#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Names of code made at run time, as it comes and goes.
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build/$(uname -m)}
[ "${FOREIGN:-}" != 1 ] || { echo "1..0 # SKIP a process of this machine"; exit 0; }
[ -x "$BUILD/tests/symbols/jit" ] || {
	echo "1..0 # SKIP no $BUILD/tests/symbols/jit: make test-programs"
	exit 0
}
grep -q '^#define CONFIG_NAMES_JITDUMP 1' "${CONFIG_H:-$BUILD/config.h}" || {
	echo "1..0 # SKIP built without CONFIG_NAMES_JITDUMP"
	exit 0
}
exec "$BUILD/tests/symbols/jit"
