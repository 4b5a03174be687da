# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
arch-$(CONFIG_ARCH_ARM64) += arm64/target.o
arch-$(CONFIG_SCAN_ARM64) += arm64/scan.o
arch-hosted-$(CONFIG_ARCH_ARM64) += arm64/hosted.o
arch-hosted-$(and $(CONFIG_ARCH_ARM64),$(CONFIG_NAMES_PLT)) += arm64/stubs.o
arch-hosted-$(and $(CONFIG_ARCH_ARM64),$(CONFIG_TRACE)) += arm64/entry.o
