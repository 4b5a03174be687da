#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The model by itself (model.c), also under valgrind.
[ -x "$BUILD/tests/report/model" ] || {
	echo "1..0 # SKIP CONFIG_REPORT is off"
	exit 0
}
if command -v valgrind >/dev/null; then
	exec valgrind -q --error-exitcode=9 --leak-check=full "$BUILD/tests/report/model"
fi
exec "$BUILD/tests/report/model"
