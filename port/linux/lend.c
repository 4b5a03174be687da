/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Sections of a file as address space, of which a block is read when it is
 * first needed: memory is what is used, whatever size the file says.
 *
 * For example, an .eh_frame of 7,398,496 bytes and its table before it: mmap()
 * of so much without memory behind it, and a flag for each block of 4 KiB. An
 * FDE at 0x51234 of it is in block 0x51, which is read; its CIE at 0x4ff00 in
 * block 0x4f. A stack of 40 frames in the file may need 60 blocks, 240 KiB.
 *
 * A file may be as large as it likes: blocks are read up to tables_max bytes,
 * and beyond that its FDEs cannot be used, which is told once.
 */
#include "context.h"

#include <stdio.h>
#include <sys/mman.h>

#define BLOCK ((size_t)4 << 10)
/* What is not larger is read whole, which takes no longer. */
#define WHOLE ((uint64_t)16 << 10)

/* Blocks are those of the file: the section's first byte is in the first one. */
static size_t skew(const struct dwu_lent *lent)
{
	return (size_t)lent->off & (BLOCK - 1);
}

/* A byte for each block, behind the section: is it there? */
static size_t flags_off(const struct dwu_lent *lent)
{
	return (skew(lent) + lent->size + BLOCK - 1) & ~(BLOCK - 1);
}

/*
 * Section, then the flags; lent->size is bounded by SIZE_MAX / 4, so this does
 * not wrap.
 */
static size_t room(const struct dwu_lent *lent)
{
	return flags_off(lent) + flags_off(lent) / BLOCK;
}

static const uint8_t *lend(void *ctx, uint64_t off, uint64_t size)
{
	struct dwu_lent *lent = ctx;
	void *base;

	dwu_lent_close(lent);
	if (size <= WHOLE || size > SIZE_MAX / 4)
		return NULL;
	lent->off = off;
	lent->size = (size_t)size;
	base = mmap(NULL, room(lent), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return NULL; /* no loss: it is read whole */
	lent->base = base;
	return lent->base + skew(lent);
}

/* False once more is asked for than a file may have in memory. */
static bool may_read(struct dwu_lent *lent, size_t size)
{
	if (lent->filled + size <= lent->max)
		return true;
	if (!lent->told)
		dwu_log(lent->ctx,
			"%s: of its .eh_frame of %llu bytes %llu are in use, "
			"more than the bound of %llu (tables_max): what "
			"is not read yet is not used",
			lent->label, (unsigned long long)lent->size,
			(unsigned long long)(lent->filled + size),
			(unsigned long long)lent->max);
	lent->told = true;
	return false;
}

/* With the lock: one thread reads, the others see the flag. */
static bool read_block(struct dwu_lent *lent, size_t block, uint8_t *flag)
{
	size_t at = block * BLOCK, size = BLOCK;
	size_t end = skew(lent) + lent->size;
	struct dwunw_source src;

	if (__atomic_load_n(flag, __ATOMIC_RELAXED))
		return true;
	if (size > end - at)
		size = end - at;
	if (!may_read(lent, size))
		return false;
	dwu_file_source(lent->file, &src);
	if (src.read(src.ctx, lent->off - skew(lent) + at, lent->base + at,
		     size) != DWUNW_OK)
		return false;
	lent->filled += size;
	__atomic_add_fetch(lent->total, size, __ATOMIC_RELAXED);
	__atomic_store_n(flag, 1, __ATOMIC_RELEASE);
	return true;
}

/*
 * The core has bounded [off, off + size) by the section. A flag that is seen
 * set was set behind the bytes (RELEASE, ACQUIRE).
 */
static bool fill(void *ctx, uint64_t off, size_t size)
{
	struct dwu_lent *lent = ctx;
	uint8_t *flags = lent->base + flags_off(lent);
	size_t at = skew(lent) + (size_t)off;
	size_t block = at / BLOCK, end = (at + size + BLOCK - 1) / BLOCK;
	bool done = true;

	for (; done && block < end; block++) {
		if (__atomic_load_n(&flags[block], __ATOMIC_ACQUIRE))
			continue;
		pthread_mutex_lock(lent->lock);
		done = read_block(lent, block, &flags[block]);
		pthread_mutex_unlock(lent->lock);
	}
	return done;
}

void dwu_lent_open(struct dwu_lent *lent, struct dwunw_context *ctx,
		   struct dwu_file *file, const char *label)
{
	*lent = (struct dwu_lent){
		.lender = { .lend = lend, .fill = fill, .ctx = lent },
		.ctx = ctx,
		.file = file,
		.lock = &ctx->port->modules.lent_lock,
		.total = &ctx->port->modules.lent_bytes,
		.max = ctx->config.tables_max,
	};
	snprintf(lent->label, sizeof(lent->label), "%s", label);
}

/* No thread may be reading: the module is in nobody's hands. */
void dwu_lent_close(struct dwu_lent *lent)
{
	if (!lent->base)
		return;
	munmap(lent->base, room(lent));
	__atomic_sub_fetch(lent->total, (size_t)lent->filled, __ATOMIC_RELAXED);
	lent->base = NULL;
	lent->filled = 0;
}
