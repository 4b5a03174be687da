# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
arch-$(CONFIG_ARCH_MIPS32) += mips32/target.o
arch-$(CONFIG_SCAN_MIPS32) += mips32/scan.o
arch-hosted-$(CONFIG_ARCH_MIPS32) += mips32/hosted.o
arch-hosted-$(and $(CONFIG_ARCH_MIPS32),$(CONFIG_NAMES_PLT)) += mips32/stubs.o
