# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
archs += x86_64
triple_x86_64 := x86_64-linux-gnu
exec_x86_64 := qemu-x86_64
id_x86_64 := DWUNW_ARCH_X86_64
layout_x86_64 := x86_64 X86_64
