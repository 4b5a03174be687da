# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
arch-$(CONFIG_ARCH_ARM64) += arm64/target.o
arch-$(CONFIG_SCAN_ARM64) += arm64/scan.o
arch-layout-$(CONFIG_ARCH_ARM64) += arm64/layout.o
