#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The commands of examples/crash_mips32/README.md, in a tree that has nothing
# built yet: they choose a configuration.
set -u
for needed in mips-linux-gnu-gcc qemu-mips; do
	command -v $needed >/dev/null || {
		echo "no $needed"
		exit 77
	}
done
tree=$TREE/fresh
mkdir "$tree"
ln -s "$PWD"/* "$tree"
rm -f "$tree/build"
perl tests/docs/Blocks.pm examples/crash_mips32/README.md "$tree"
cd "$tree" && sh block1.sh
status=$?
[ $status = 139 ] || exit $status # 128 and SIGSEGV
