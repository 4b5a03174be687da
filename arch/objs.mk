# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
arch-y := arch.o
arch-$(CONFIG_ARCH_X86_64) += x86_64.o
arch-$(CONFIG_ARCH_ARM64) += arm64.o
arch-$(CONFIG_ARCH_MIPS32) += mips32.o
arch-$(CONFIG_SCAN) += scan.o
arch-$(CONFIG_SCAN_X86_64) += x86_64_insn.o x86_64_scan.o
arch-$(CONFIG_SCAN_ARM64) += arm64_scan.o
arch-$(CONFIG_SCAN_MIPS32) += mips32_scan.o
