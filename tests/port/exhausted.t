#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Too few file descriptors for a while: what was not found is not for good.
. "$(dirname "$0")/port.sh"
for tool in nm objcopy readelf strip; do
	command -v $tool >/dev/null || {
		echo "1..0 # SKIP no $tool"
		exit 0
	}
done
own_directory
strip -o "$scratch/bare" "$out/victim"
id=$(readelf -n "$out/victim" | awk '/Build ID/ { print $3 }')
dir=$scratch/.build-id/$(echo "$id" | cut -c 1-2)
mkdir -p "$dir"
objcopy --only-keep-debug "$out/victim" "$dir/$(echo "$id" | cut -c 3-).debug"
TARGETS=$out SCRATCH=$scratch "$out/exhausted" \
	"0x$(nm "$out/victim" | awk '$3 == "leaf" { print $1 }')"
