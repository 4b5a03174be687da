/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* slots.h - the relocations that make import slots: psABI-elf, table of relocations; data and absolute slots are of one type. */
#ifndef DWU_INPROC_SLOTS_H
#define DWU_INPROC_SLOTS_H

enum {
	DWU_SLOT_JUMP = 5,
	DWU_SLOT_DATA = 2,
	DWU_SLOT_WORD = 2,
};

#endif
