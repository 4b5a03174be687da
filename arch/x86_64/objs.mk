# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
arch-$(CONFIG_ARCH_X86_64) += x86_64/target.o
arch-$(CONFIG_SCAN_X86_64) += x86_64/insn.o x86_64/scan.o
arch-hosted-$(CONFIG_ARCH_X86_64) += x86_64/hosted.o
arch-hosted-$(and $(CONFIG_ARCH_X86_64),$(CONFIG_NAMES_PLT)) += x86_64/stubs.o
arch-hosted-$(and $(CONFIG_ARCH_X86_64),$(CONFIG_TRACE)) += x86_64/entry.o
# the scan's decoder, if there is no scan
arch-hosted-$(if $(CONFIG_SCAN_X86_64),,$(and $(CONFIG_ARCH_X86_64),$(CONFIG_TRACE))) += x86_64/insn.o
