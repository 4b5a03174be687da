# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
archs += arm64
triple_arm64 := aarch64-linux-gnu
exec_arm64 := qemu-aarch64
id_arm64 := DWUNW_ARCH_ARM64
layout_arm64 := arm64 ARM64
# the cross compilers of Debian, for scripts/deps
debs += gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross
