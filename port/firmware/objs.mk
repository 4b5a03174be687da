# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
port-firmware-y := regs.o image.o bare.o modules.o space.o crash.o text.o
