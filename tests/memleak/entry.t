#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# trace/entry.c: the table of entry.c, and the C library that is here.
exec "${BUILD:-build/$(uname -m)}/tests/memleak/entry"
