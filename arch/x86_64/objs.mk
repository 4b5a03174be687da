# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
arch-$(CONFIG_ARCH_X86_64) += x86_64/target.o
arch-$(CONFIG_SCAN_X86_64) += x86_64/insn.o x86_64/scan.o
arch-layout-$(CONFIG_ARCH_X86_64) += x86_64/layout.o
