/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A .gopclntab: a byte of flags (bit 0: big-endian), then its bytes. */
#include "fuzz.h"

#include "port/linux/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dwu_go go = { .text = 0x1000 };
	struct dwu_go_place place;
	uint64_t vaddr;

	if (size < 2)
		return 0;
	go.big = data[0] & 1;
	go.size = size - 1;
	go.data = malloc(size - 1);
	memcpy(go.data, data + 1, size - 1);
	if (dwu_go_read(&go)) {
		for (unsigned int i = 0; i < 64; i++) {
			vaddr = 0x1000 + i * 16;
			if (i & 1 && size > 16)
				memcpy(&vaddr, data + i % (size - 8), 8);
			if (!dwu_go_find(&go, vaddr, &place))
				continue;
			LAW(place.start <= vaddr);
			LAW(strlen(place.function) > 0);
			LAW(!place.file || strlen(place.file) > 0);
		}
	}
	dwu_go_close(&go);
	return 0;
}
