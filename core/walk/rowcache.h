/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * (module serial, address as linked, ISA) -> packed row, direct-mapped.
 *
 * Serials are never reused and modules never change, so an entry is true for
 * as long as it stands: nothing is ever invalidated.
 */
#ifndef DWU_ROWCACHE_H
#define DWU_ROWCACHE_H

#include "core/cfi/row.h"

struct dwu_rowcache_entry {
	uint64_t vaddr;
	uint32_t serial; /* 0: empty */
	uint8_t how;	 /* enum dwunw_frame_how of the frame it leads to */
	bool exact;	 /* the key is a pc, not a return address - 1 */
	uint8_t scan;	 /* enum dwunw_scan_result; where nothing is known */
	uint8_t isa;	 /* a part of the key, too */
	struct dwunw_packed_row packed;
	uint8_t stop;  /* NONE: enum dwunw_stop_reason */
	uint8_t flags; /* DWUNW_FRAME_FLAG_* of the frame it leads to */
	bool plain;    /* nothing but `packed` is needed to apply it: walk.c */
	bool by_fp;    /* … its CFA is the frame pointer's */
	int16_t fp;    /* … its slot of that, 0: it has none */
	uint8_t pad[8];
};

_Static_assert(sizeof(struct dwu_rowcache_entry) == 64, "one cache line");

struct dwu_rowcache {
	struct dwu_rowcache_entry *entries; /* NULL: off */
	uint32_t count_log2;		    /* of those in use */
	uint32_t room_log2;
	uint32_t taken; /* … from another key, since it has grown */
};

/* Bytes of the block that dwu_rowcache_init() is given; 0: no cache. */
size_t dwu_rowcache_size(uint32_t count);

/* An empty cache of `count` entries, a power of two, in a zeroed block. */
void dwu_rowcache_init(struct dwu_rowcache *cache, void *block, uint32_t count);

/* An entry that holds another key is to be used: there may be too few. */
void dwu_rowcache_take(struct dwu_rowcache *cache);

/* The place of a key. Only when the cache is on. */
static inline struct dwu_rowcache_entry *
dwu_rowcache_at(const struct dwu_rowcache *cache, uint32_t serial,
		uint64_t vaddr)
{
	/* multiplicative hashing, Knuth 6.4: the high bits are the best */
	uint32_t key = (uint32_t)vaddr ^ (uint32_t)(vaddr >> 17) ^
		       serial * 0x85ebca6bu;

	return &cache->entries[(uint64_t)(key * 0x9e3779b1u) >>
			       (32 - cache->count_log2)];
}

#endif
