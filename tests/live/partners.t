#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Without BPF a return is two samples: which of them belong together.
partners=${BUILD:-build/$(uname -m)}/tests/live/partners
[ -x "$partners" ] || {
	echo "1..0 # SKIP no $partners: make test-programs"
	exit 0
}
exec "$partners"
