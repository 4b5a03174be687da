#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# libc-debug.sh - prints the path of libc's debug file, if it is installed.
libc=$(ldd /bin/sh 2>/dev/null | sed -n 's/.*libc\.so.* => \([^ ]*\).*/\1/p')
[ -n "$libc" ] || exit 0
id=$(readelf -n "$libc" 2>/dev/null | sed -n 's/.*Build ID: //p')
rest=${id#??}
file=/usr/lib/debug/.build-id/${id%"$rest"}/$rest.debug
[ ! -f "$file" ] || echo "$file"
