#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
GUEST_ONLY_COST=1 exec tests/guests/run.sh mipsel arm64
