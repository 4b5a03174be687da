# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# riscv64 compares and swaps words alone; a byte by this.
inproc_ldlibs := -l:libatomic.a
