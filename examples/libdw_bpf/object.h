/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* object.h - the BPF object that object.S puts into this tool. */
#ifndef OBJECT_BYTES_H
#define OBJECT_BYTES_H

#include <stddef.h>

extern const unsigned char bpf_object_start[], bpf_object_end[];

static inline size_t bpf_object_size(void)
{
	return (size_t)(bpf_object_end - bpf_object_start);
}

#endif
