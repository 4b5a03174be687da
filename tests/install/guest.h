/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#ifndef GUEST_H
#define GUEST_H

/* The version of the dwunw in here, after it was set up and shut down. */
const char *guest_version(void);

#endif
