# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
archs += mips32el mips32eb
triple_mips32el := mipsel-linux-gnu
exec_mips32el := qemu-mipsel
id_mips32el := DWUNW_ARCH_MIPS32EL
layout_mips32el := mips32 MIPS32
triple_mips32eb := mips-linux-gnu
exec_mips32eb := qemu-mips
id_mips32eb := DWUNW_ARCH_MIPS32EB
layout_mips32eb := mips32 MIPS32
# the cross compilers of Debian, for scripts/deps
debs += gcc-mipsel-linux-gnu g++-mipsel-linux-gnu libc6-dev-mipsel-cross
debs += gcc-mips-linux-gnu g++-mips-linux-gnu libc6-dev-mips-cross
