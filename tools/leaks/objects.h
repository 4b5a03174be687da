/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* objects.h - the BPF objects that are linked into a leak tool (objects.S), packed:
 * leak_unpack() of unpack.h gives their bytes. */
#ifndef DWUNW_TOOLS_OBJECTS_H
#define DWUNW_TOOLS_OBJECTS_H

#include <stdint.h>

extern const uint8_t dwunw_heap_object[], dwunw_heap_object_end[];
/* heap.bpf.c again, with the walk in the kernel */
extern const uint8_t dwunw_walk_object[], dwunw_walk_object_end[];
/* count.bpf.c, and the same again */
extern const uint8_t dwunw_count_object[], dwunw_count_object_end[];
extern const uint8_t dwunw_count_walk_object[], dwunw_count_walk_object_end[];
extern const uint8_t dwunw_kernel_object[], dwunw_kernel_object_end[];

#endif
