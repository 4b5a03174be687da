/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* host.h - the machine that this build runs on. */
#ifndef DWU_HOST_H
#define DWU_HOST_H

#include <stdint.h>

/* The arch of programs that run here. */
uint16_t dwu_host_arch(void);

#endif
