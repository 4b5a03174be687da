/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/walk/rowcache.c: the place of a key. Frames: see walk.c. */
#include "core/walk/rowcache.h"

#include "make_elf.h"
#include "tap.h"

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
	return done();
}
