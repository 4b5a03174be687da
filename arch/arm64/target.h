/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#ifndef DWU_ARM64_TARGET_H
#define DWU_ARM64_TARGET_H

#include "arch/hosted.h"
#include "arch/scan.h"

/* scan.c */
extern const struct dwu_scan_ops dwu_scan_arm64;

/* stubs.c, entry.c */
extern const struct dwu_stub_form dwu_stubs_arm64;
extern const struct dwu_entry_form dwu_entry_arm64;

#endif
