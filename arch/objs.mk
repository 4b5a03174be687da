# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What all targets share; each folder has its own list.
arch-y := arch.o
arch-$(CONFIG_SCAN) += scan.o
# in libdwunw.a alone
arch-hosted-y := hosted.o
arch-hosted-$(CONFIG_TRACE) += entry.o
include $(sort $(wildcard arch/*/objs.mk))
