#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Files made to waste time or memory.
. tests/danger/build.sh
{
	core
	program lies
} >&2
exec ${EXEC:-} "$out/lies"
