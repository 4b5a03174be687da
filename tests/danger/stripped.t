#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The same without section headers: by program headers, by search.
out=${BUILD:-build/$(uname -m)}/tests/danger
exec ${EXEC:-} "$out/file" "$out/tiny-stripped"
