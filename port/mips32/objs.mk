# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
port-mips32-y := syscall.o calls.o regs.o memory.o maps.o files.o crash.o
