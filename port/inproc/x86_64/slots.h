/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* slots.h - the relocations that make import slots: psABI table 4.9. */
#ifndef DWU_INPROC_SLOTS_H
#define DWU_INPROC_SLOTS_H

enum {
	DWU_SLOT_JUMP = 7,
	DWU_SLOT_DATA = 6,
	DWU_SLOT_WORD = 1,
};

#endif
