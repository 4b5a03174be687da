/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * make_module.h - an open module around CFI that a test has written.
 *
 *   struct made m; struct cfi_out *s = made_begin(&m, false);
 *   put_cie(s, ...); put_fde(s, ...);
 *   made_open(&m);     -> m.module, m.status
 *
 * .text stands at 0x1000 (4 KiB), the CFI at 0x2000.
 */
#ifndef MAKE_MODULE_H
#define MAKE_MODULE_H

#include <dwunw/walk.h>

#include "make_elf.h"

#define MADE_TEXT 0x1000u
#define MADE_CFI 0x2000u
#define MADE_HDR 0x8000u

struct made {
	struct cfi_out cfi;
	struct cfi_out debug; /* a second section, when it is not empty */
	const uint8_t *code;  /* of .text; NULL: zeros */
	size_t code_size;
	const uint8_t *hdr; /* .eh_frame_hdr, NULL: none */
	size_t hdr_size;
	bool no_sections;
	struct dwunw_span span;
	struct dwunw_source src;
	struct dwunw_arena arena;
	struct dwunw_module module;
	dwunw_status_t status;
	uint8_t section[8192];
	uint8_t debug_section[2048];
	uint8_t file[32768];
	_Alignas(16) uint8_t memory[32768];
};

static inline struct cfi_out *made_begin(struct made *m, bool debug_frame)
{
	memset(m, 0, sizeof(*m));
	m->cfi = (struct cfi_out){ .o = out_init(m->section, sizeof(m->section),
						 false),
				   .vaddr = debug_frame ? 0 : MADE_CFI,
				   .debug_frame = debug_frame,
				   .address_size = 8 };
	m->debug = m->cfi;
	m->debug.o =
		out_init(m->debug_section, sizeof(m->debug_section), false);
	m->debug.debug_frame = true;
	m->debug.vaddr = 0;
	return &m->cfi;
}

/* A function of 0x10 bytes for each program, from the start of .text on. */
static inline void made_functions(struct cfi_out *s,
				  const char *const *programs,
				  unsigned int count)
{
	uint64_t cie = put_cie(s, &(struct cie_spec){ .encoding = 0x1b });
	unsigned int i;

	for (i = 0; i < count; i++)
		put_fde(s, &(struct fde_spec){ .cie = cie,
					       .start = MADE_TEXT + 0x10 * i,
					       .size = 0x10,
					       .encoding = 0x1b,
					       .program_hex = programs[i] });
}

static inline dwunw_status_t made_open(struct made *m)
{
	struct elf_spec spec = { ELF_X86_64, .no_sections = m->no_sections };
	struct elf_part parts[4] = {
		{ .name = ".text",
		  .vaddr = MADE_TEXT,
		  .bytes = m->code,
		  .size = m->code ? m->code_size : 4096,
		  .segment = PART_LOAD },
		{ .name = ".eh_frame",
		  .vaddr = MADE_CFI,
		  .bytes = m->section,
		  .size = m->cfi.o.size,
		  .segment = PART_LOAD },
		{ .name = ".debug_frame",
		  .bytes = m->debug_section,
		  .size = m->debug.o.size },
		{ .name = ".eh_frame_hdr",
		  .vaddr = MADE_HDR,
		  .bytes = m->hdr,
		  .size = m->hdr_size,
		  .segment = PART_EH_HDR },
	};

	if (m->cfi.debug_frame) {
		parts[1].name = ".debug_frame";
		parts[1].vaddr = 0;
		parts[1].segment = 0;
		parts[2].name = ".unused";
	}
	m->span.data = m->file;
	m->span.size = make_elf(m->file, sizeof(m->file), &spec, parts,
				m->hdr ? 4 : 3);
	dwunw_source_from_span(&m->src, &m->span);
	dwunw_arena_init(&m->arena, m->memory, sizeof(m->memory));
	m->status = dwunw_module_open(&m->module, &m->src, 1, &m->arena);
	return m->status;
}

#endif
