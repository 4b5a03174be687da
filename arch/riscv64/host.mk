# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
archs += riscv64
triple_riscv64 := riscv64-linux-gnu
exec_riscv64 := qemu-riscv64
id_riscv64 := DWUNW_ARCH_RISCV64
layout_riscv64 := riscv64 RISCV64
# the cross compiler of Debian, for scripts/deps
debs += gcc-riscv64-linux-gnu g++-riscv64-linux-gnu libc6-dev-riscv64-cross
