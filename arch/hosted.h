/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What libdwunw.a knows of a target besides the core: registers as Linux gives
 * them, stubs of linkers, the first instructions of functions. hosted.c of each
 * target has such a struct; the core of a router has none.
 */
#ifndef DWU_ARCH_HOSTED_H
#define DWU_ARCH_HOSTED_H

#include <dwunw/layout.h>

/* A section with stubs in it. */
struct dwu_stub_code {
	const uint8_t *bytes;
	size_t size;
	uint64_t vaddr;
	bool big_endian;
};

/* A stub: it leads to a function of another file. */
struct dwu_stub {
	uint64_t start; /* as linked */
	uint64_t end;
	uint64_t slot;	 /* of the global offset table, as linked; 0: */
	uint32_t symbol; /* … its number in .dynsym */
};

struct dwu_stub_form {
	uint8_t step; /* stubs stand at multiples of this, 8 bytes at least */
	/* where some stand besides .plt, .plt.sec and .plt.got, or NULL */
	const char *section;
	/* Is there a stub at bytes + at, of which 8 bytes are there? */
	bool (*stub)(const struct dwu_stub_code *code, size_t at,
		     struct dwu_stub *stub);
};

/* What a breakpoint on an instruction costs, and what the instruction does. */
enum dwu_entry_kind {
	DWU_ENTRY_UNKNOWN = 0,
	DWU_ENTRY_EMULATED, /* the kernel computes it */
	/* arguments, stack, return address and memory stay as they are */
	DWU_ENTRY_HARMLESS,
};

struct dwu_entry_form {
	/* Of the instruction at `code`; its size in *bytes, but of UNKNOWN. */
	enum dwu_entry_kind (*kind)(const uint8_t *code, size_t size,
				    uint32_t *bytes);
	/* Does a branch of the code lead into [first, last]? */
	bool (*leads_to)(const uint8_t *code, size_t size, uint32_t first,
			 uint32_t last);
};

struct dwu_hosted {
	struct dwunw_layout layout;
	/* NULL: none of the target's are known, or nobody asks in this build */
	const struct dwu_stub_form *stubs;
	const struct dwu_entry_form *entry;
	/* instructions are at multiples of this; 0: not known in this build */
	uint8_t insn_unit;
	/* Bytes of the instruction at `code`; 0: it is not known, or not whole
	 * in `size`. NULL: all have insn_unit. */
	uint8_t (*insn_size)(const uint8_t *code, size_t size);
};

#define DWU_LAYOUT_OF(NAME, bytes)                                      \
	{                                                               \
		DWUNW_##NAME##_PRSTATUS, (bytes), DWUNW_##NAME##_WORDS, \
			DWUNW_##NAME##_REG_COUNT, DWUNW_##NAME##_PC,    \
			DWUNW_##NAME##_SP, DWUNW_##NAME##_REGS          \
	}

#define DWU_DECLARE(name) extern const struct dwu_hosted dwu_hosted_##name;
DWU_TARGETS(DWU_DECLARE)
#undef DWU_DECLARE

/* Static; NULL: not in this build. */
const struct dwu_hosted *dwu_hosted_of(const struct dwunw_arch_ops *arch);

#endif
