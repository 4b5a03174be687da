/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/walk/rowcache.c: the place of a key. Frames: see walk.c. */
#include "core/walk/rowcache.h"

#include "make_elf.h"
#include "tap.h"

static uint64_t block[(4096 + 1) * sizeof(struct dwu_rowcache_entry) / 8];

/* One with 4096 entries begins with 512, and has all that it had when it grows. */
static void grows(void)
{
	struct dwu_rowcache cache = { 0 };
	struct dwu_rowcache_entry *at;
	unsigned int lost = 0, kept = 0, i, grown = 0, log2;

	dwu_rowcache_init(&cache, block, 4096);
	is_u64(cache.count_log2, IS_ON(CONFIG_ARCH_32BIT_ONLY) ? 12 : 9,
	       "4096 entries: as many are used at first");
	for (i = 0; i < 20000 && !IS_ON(CONFIG_ARCH_32BIT_ONLY); i++) {
		uint64_t vaddr = i * 0x9e3779b97f4a7c15ull;

		log2 = cache.count_log2;
		at = dwu_rowcache_at(&cache, i % 7 + 1, vaddr);
		if (at->serial != 0) {
			dwu_rowcache_take(&cache);
			at = dwu_rowcache_at(&cache, i % 7 + 1, vaddr);
		}
		*at = (struct dwu_rowcache_entry){ .vaddr = vaddr,
						   .serial = i % 7 + 1 };
		if (cache.count_log2 == log2)
			continue;
		grown++;
		/* each entry stands where its key is looked for */
		for (unsigned int k = 0; k < 1u << cache.count_log2; k++) {
			const struct dwu_rowcache_entry *e = &cache.entries[k];

			if (e->serial == 0)
				continue;
			kept++;
			lost += dwu_rowcache_at(&cache, e->serial, e->vaddr) !=
				e;
		}
	}
	is_u64(cache.count_log2, 12, "then all of them");
	is_u64(grown, IS_ON(CONFIG_ARCH_32BIT_ONLY) ? 0 : 2, "in two steps");
	is_u64(lost, 0, "%u entries, each where its key is looked for", kept);
	ok(kept > 500 || IS_ON(CONFIG_ARCH_32BIT_ONLY), "most of them");
}

int main(void)
{
	struct dwu_rowcache_entry entries[64] = { 0 };
	struct dwu_rowcache cache = { .entries = entries };
	unsigned int used[64] = { 0 }, most = 0, i, log2;
	struct dwu_rowcache_entry *at;
	bool inside = true, stable = true;

	for (log2 = 0; log2 <= 6; log2++) {
		cache.count_log2 = log2;
		for (i = 0; i < 10000; i++) {
			at = dwu_rowcache_at(&cache, i % 7 + 1,
					     i * 0x9e3779b97f4a7c15ull);
			inside &= at >= entries && at < entries + (1 << log2);
			stable &= at ==
				  dwu_rowcache_at(&cache, i % 7 + 1,
						  i * 0x9e3779b97f4a7c15ull);
		}
		ok(inside && stable,
		   "%u entries: each key has one place in "
		   "them",
		   1u << log2);
	}
	for (i = 0; i < 6400; i++) {
		at = dwu_rowcache_at(&cache, 3, 0x401000 + i * 5);
		used[at - entries]++;
	}
	for (i = 0; i < 64; i++)
		most = used[i] > most ? used[i] : most;
	ok(most < 300,
	   "6400 neighbouring keys spread over 64 places: at most "
	   "%u (< 300) in one",
	   most);
	grows();
	return done();
}
