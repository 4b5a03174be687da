#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
. "$(dirname "$0")/port.sh"
case $(uname -m) in
x86_64) run_test walked ;;
*) echo "1..0 # SKIP registers of x86_64" ;;
esac
