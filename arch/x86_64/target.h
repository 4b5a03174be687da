/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#ifndef DWU_X86_64_TARGET_H
#define DWU_X86_64_TARGET_H

#include "arch/scan.h"

/* scan.c */
extern const struct dwu_scan_ops dwu_scan_x86_64;

#endif
