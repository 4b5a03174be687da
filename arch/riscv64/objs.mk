# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
arch-$(CONFIG_ARCH_RISCV64) += riscv64/target.o
arch-hosted-$(CONFIG_ARCH_RISCV64) += riscv64/hosted.o
