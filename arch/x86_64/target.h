/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#ifndef DWU_X86_64_TARGET_H
#define DWU_X86_64_TARGET_H

#include "arch/hosted.h"
#include "arch/scan.h"

/* scan.c */
extern const struct dwu_scan_ops dwu_scan_x86_64;

/* stubs.c, entry.c */
extern const struct dwu_stub_form dwu_stubs_x86_64;
extern const struct dwu_entry_form dwu_entry_x86_64;
/* As dwu_hosted.insn_size. */
uint8_t dwu_x86_insn_size(const uint8_t *bytes, size_t size);

#endif
