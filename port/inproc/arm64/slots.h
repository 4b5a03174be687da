/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* slots.h - the relocations that make import slots: AAELF64 5.7. */
#ifndef DWU_INPROC_SLOTS_H
#define DWU_INPROC_SLOTS_H

enum {
	DWU_SLOT_JUMP = 1026,
	DWU_SLOT_DATA = 1025,
	DWU_SLOT_WORD = 257,
};

#endif
