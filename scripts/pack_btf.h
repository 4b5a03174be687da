/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* pack_btf.h - what of a BPF object's BTF our own loader reads. */
#ifndef DWUNW_SCRIPTS_PACK_BTF_H
#define DWUNW_SCRIPTS_PACK_BTF_H

#include <stddef.h>
#include <stdint.h>

/* In place, the object's size is the same: what goes is zeros. 0, or -1: it is no ELF
 * file of 64 bits with a .BTF section that is whole. */
int pack_btf(uint8_t *elf, size_t size);

#endif
