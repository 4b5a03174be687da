/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * reader.h - bytes of a live process, or of a thread that is stopped.
 */
#ifndef DWU_READER_H
#define DWU_READER_H

#include <dwunw/linux.h>

/* --- memory.c ---------------------------------------------------------------- */

/*
 * Copies memory of the live process `pid`, all or nothing. INVALID_ARG: not
 * there; ATTACH_DENIED; IO: no such process.
 */
dwunw_status_t dwu_memory_read(int32_t pid, uint64_t addr, void *dst,
			       size_t size);

/* At least size bytes, at most room, *got of them, in ms. */
dwunw_status_t dwu_memory_some(int32_t pid, uint64_t addr, void *dst,
			       size_t size, size_t room, uint32_t ms,
			       size_t *got);

/* --- attach.c ---------------------------------------------------------------- */

/* As dwunw_stack_reader_read(), and dwu_memory_some(). */
dwunw_status_t dwu_reader_some(struct dwunw_stack_reader *reader, uint64_t addr,
			       void *dst, size_t size, size_t room,
			       size_t *got);

#endif
