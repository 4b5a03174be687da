/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * subject.h - dwunw, through its public headers alone, over the files of a
 * recording with evidence taken away.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "evidence.h"
#include "lens.h"

#include <dwunw/walk.h>

struct subject;

/* `without`: WITHOUT_* of evidence.h. NULL: no memory. */
struct subject *subject_open(const struct image *image, unsigned without);
void subject_close(struct subject *subject);

/* Frames, valid until the next walk; how many is in *count. */
const struct dwunw_frame *subject_walk(struct subject *subject,
				       const struct lens *lens, size_t *count,
				       struct dwunw_stop *stop);

#endif
