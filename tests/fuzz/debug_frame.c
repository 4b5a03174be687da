/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Any bytes as .debug_frame of a sound file: records, index, rows, steps. */
#include "records.h"

RECORDS(".debug_frame", false)
