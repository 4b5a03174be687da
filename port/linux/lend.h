/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * lend.h - a section of a file -> the part of it that is used.
 */
#ifndef DWU_LEND_H
#define DWU_LEND_H

#include <pthread.h>

#include <dwunw/linux.h>

#include "files.h"

/* The .eh_frame of a module, as far as it was needed. It may not move. */
struct dwu_lent {
	struct dwunw_lender lender;
	struct dwunw_context *ctx;
	struct dwu_file *file;
	pthread_mutex_t *lock;
	size_t *total; /* of all files */
	uint64_t max;
	uint64_t filled;
	uint64_t off; /* in the file */
	size_t size;
	uint8_t *base; /* NULL: nothing is lent */
	bool told;     /* that max was reached */
	char label[256];
};

#if IS_ON(CONFIG_ARCH_32BIT_ONLY)
static inline void dwu_lent_open(struct dwu_lent *lent,
				 struct dwunw_context *ctx,
				 struct dwu_file *file, const char *label)
{
	(void)lent;
	(void)ctx;
	(void)file;
	(void)label;
}

static inline void dwu_lent_close(struct dwu_lent *lent)
{
	(void)lent;
}
#else
void dwu_lent_open(struct dwu_lent *lent, struct dwunw_context *ctx,
		   struct dwu_file *file, const char *label);
/* Of one that was opened, or zeroed. */
void dwu_lent_close(struct dwu_lent *lent);
#endif

#endif
