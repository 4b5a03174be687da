/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* What the files of this port share, besides those of port/firmware/. */
#ifndef DWU_MIPS32_PORT_H
#define DWU_MIPS32_PORT_H

#include <dwunw/mips32.h>

#include "port/firmware/port.h"

/* No function: gcc -O0 takes it for one that reads what the kernel is to fill. */
#define dwu_word(pointer) ((uint32_t)(uintptr_t)(pointer))

/*
 * Mappings and objects from maps text, or, without any, from the image.
 * They, their labels and the slots are taken from the arena.
 */
dwunw_status_t dwu_maps_load(struct dwunw_mips32_space *space,
			     const struct dwunw_mips32_space_config *config,
			     struct dwunw_arena *arena);

/* Bytes by the mappings: the image, files, what they have left in memory. */
extern const struct dwunw_firmware_origin dwu_origin_maps;

#endif
