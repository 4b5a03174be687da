/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#ifndef DWU_MIPS32_TARGET_H
#define DWU_MIPS32_TARGET_H

#include "arch/hosted.h"
#include "arch/scan.h"

/* scan.c */
extern const struct dwu_scan_ops dwu_scan_mips32;

/* stubs.c */
extern const struct dwu_stub_form dwu_stubs_mips32;

#endif
