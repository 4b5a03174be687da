/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * image.h - the mappings of one process, and the modules behind them.
 */
#ifndef DWU_IMAGE_H
#define DWU_IMAGE_H

#include <dwunw/linux.h>

#include "maps.h"

/*
 * The mapping whose file a mapping's code is of: itself, or where its code
 * was moved away from.
 */
struct dwunw_mapping dwu_image_origin(const struct dwu_image *image,
				      const struct dwunw_mapping *mapping);

/* An image without mappings, with one reference. NULL: no memory. */
struct dwu_image *dwu_image_new(struct dwunw_context *ctx, uint16_t arch);
void dwu_image_free(struct dwu_image *image);
/* Gives a reference back, with processes.lock held; NULL does no harm. */
void dwu_image_drop(struct dwu_image *image);
/* The same without the lock. */
void dwu_image_release(struct dwu_image *image);
/* What is mapped in a live process now. IO, ATTACH_DENIED, NO_MEMORY. */
dwunw_status_t dwu_image_load(struct dwunw_context *ctx, int32_t pid,
			      struct dwu_image **image);
/* Takes over what was learnt of mappings that are still there. */
void dwu_image_inherit(struct dwu_image *image, const struct dwu_image *old);
/* Is all that open_module() would do of it done, so that it takes no time? */
bool dwu_image_opened(struct dwu_image *image,
		      const struct dwunw_mapping *mapping);
/* As dwunw_process_file(). */
dwunw_status_t dwu_image_file(const struct dwu_image *image,
			      const struct dwunw_mapping *mapping, char *path,
			      size_t size);

#endif
