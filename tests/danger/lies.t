#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Files made to waste time or memory.
exec ${EXEC:-} "${BUILD:-build/$(uname -m)}/tests/danger/lies"
