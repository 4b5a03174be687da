#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
. "$(dirname "$0")/port.sh"
run_test maps
