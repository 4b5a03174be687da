/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/module.h - one ELF file as a source of unwind rows.
 *
 * A row says, for a range of addresses, where the caller's registers are:
 * the CFA (canonical frame address, DWARF 5 6.4) and one rule a column.
 * Addresses here are as linked (`vaddr`), never run-time ones.
 */
#ifndef DWUNW_MODULE_H
#define DWUNW_MODULE_H

#include <dwunw/elf.h>
#include <dwunw/regset.h>

#ifdef __cplusplus
extern "C" {
#endif

/* DWARF 5 6.4.1. `value` is in bytes. */
enum dwunw_rule_kind {
	DWUNW_RULE_UNSPECIFIED = 0, /* no rule: preserved or lost by the ABI */
	DWUNW_RULE_UNDEFINED,	    /* lost; for the return address: the end */
	DWUNW_RULE_SAME,	    /* unchanged */
	DWUNW_RULE_OFFSET,	    /* saved at CFA + value */
	DWUNW_RULE_VAL_OFFSET,	    /* is CFA + value */
	DWUNW_RULE_REGISTER,	    /* is register reg (CFA: reg + value) */
	DWUNW_RULE_EXPRESSION,	    /* saved at the expression's result */
	DWUNW_RULE_VAL_EXPRESSION,  /* is the expression's result */
	/* saved (the CFA, too) at register reg + value; of scans alone */
	DWUNW_RULE_REG_OFFSET,
};

/*
 * For the two expressions, `value` is the offset of the bytes in the row's
 * CFI section, unsigned, and `size` their number.
 */
struct dwunw_rule {
	uint8_t kind; /* enum dwunw_rule_kind */
	uint8_t reg;  /* a column */
	uint16_t size;
	int32_t value;
};

#define DWUNW_COLUMN_MAX 48u

#define DWUNW_ROW_SIGNAL 1u	 /* the frame of a signal handler ('S') */
#define DWUNW_ROW_RA_SIGNED 2u	 /* arm64: the return address is signed */
#define DWUNW_ROW_DEBUG_FRAME 4u /* offsets are into .debug_frame */
#define DWUNW_ROW_GUESS 8u	 /* of code that nothing is seen to lead to */

/* The full row. The CFA's rule is REGISTER, EXPRESSION or REG_OFFSET. */
struct dwunw_row {
	uint64_t start;
	uint64_t end;
	struct dwunw_rule cfa;
	uint8_t ra_column;
	uint8_t flags; /* DWUNW_ROW_* */
	uint8_t column_count;
	uint8_t reserved[5];
	struct dwunw_rule rules[DWUNW_COLUMN_MAX];
};

/* An FDE by the address where it starts; both relative, both 32 bits. */
struct dwunw_index_entry {
	uint32_t start; /* address as linked - index_base */
	uint32_t off;	/* of the record in its section */
};

/*
 * Room for sections of a file, of which only what is needed is read: a
 * stack needs a few hundred bytes of megabytes. lend: `size` bytes of address
 * space for [off, off + size) of the file, .eh_frame and the .eh_frame_hdr
 * beside it; NULL: they are read whole instead. fill: [off, off + size) of what
 * was lent is there from now on; false: it cannot be had. Called by any number
 * of threads.
 */
struct dwunw_lender {
	const uint8_t *(*lend)(void *ctx, uint64_t off, uint64_t size);
	bool (*fill)(void *ctx, uint64_t off, size_t size);
	void *ctx;
};

/* One of the two CFI sections: its bytes and where they are as linked. */
struct dwunw_cfi {
	struct dwunw_span bytes;
	const struct dwunw_lender *lender; /* NULL: all bytes are there */
	uint64_t lent_at; /* where they begin in what is lent */
	uint64_t vaddr;
	uint64_t data_vaddr; /* what DW_EH_PE_datarel is relative to */
	uint64_t text_vaddr; /* what DW_EH_PE_textrel is relative to */
	const struct dwunw_index_entry *index; /* sorted by start */
	uint64_t index_base;
	uint32_t index_count;
	bool debug_frame; /* the .debug_frame variant (DWARF 5 6.4.1) */
};

/* The binary search table of .eh_frame_hdr (LSB 10.6.2), used in place. */
struct dwunw_eh_hdr {
	struct dwunw_span table;
	uint64_t vaddr;	    /* of the section: entries are relative to it */
	uint32_t count;	    /* 0: no usable table */
	uint8_t value_size; /* of one field of an entry: 2, 4 or 8 */
	bool value_signed;
	bool data_relative; /* to vaddr; else absolute */
	bool lent;	    /* by the .eh_frame's lender, from lent_at on */
	uint64_t lent_at;
	/* what is known of its order, found out when it matters; NULL: all of
	 * it was looked at when it was opened */
	uint32_t *trust;
};

/* How the CFI was found; for messages. */
enum dwunw_cfi_source {
	DWUNW_CFI_NONE = 0,
	DWUNW_CFI_EH_HDR,    /* .eh_frame by its binary search table */
	DWUNW_CFI_EH_FRAME,  /* .eh_frame by an index made at open */
	DWUNW_CFI_EH_SEARCH, /* the same, found by searching the segments */
};

/*
 * Complete when opened, constant from then on (what *hdr.trust tells is found
 * by whoever asks first); any number of threads may read it. `serial` is the caller's, never reused by them, never 0.
 */
struct dwunw_module {
	struct dwunw_elf elf;
	const struct dwunw_arch_ops *arch;
	struct dwunw_cfi eh;	/* .eh_frame */
	struct dwunw_cfi debug; /* .debug_frame */
	struct dwunw_eh_hdr hdr;
	uint32_t serial;
	uint8_t cfi_source; /* enum dwunw_cfi_source of `eh` */
	uint8_t reserved[3];
};

/*
 * Fills dst with exactly dst_size bytes of content. `type` is the ch_type of
 * the gABI: 1 zlib, 2 zstd. NOT_IMPLEMENTED: not that one; BAD_FORMAT.
 */
typedef dwunw_status_t (*dwunw_inflate_fn)(void *ctx, uint32_t type,
					   const void *src, size_t src_size,
					   void *dst, size_t dst_size);

/*
 * The target of a file. NULL: it is not in this build; or the code is of an
 * instruction set or ABI that only looks like one that is: mips' n32 and o64
 * (64-bit registers in a 32-bit file), EABI, microMIPS, release 6.
 */
const struct dwunw_arch_ops *dwunw_elf_arch(const struct dwunw_elf *elf);

/* What a module is made of. Zeroed by the caller first. */
struct dwunw_module_files {
	const struct dwunw_source *file;
	/* a debug file of the same build: its .debug_frame serves where the
	 * file has none; only looked at while opening. NULL: none */
	const struct dwunw_source *debug;
	dwunw_inflate_fn inflate; /* NULL: compressed sections are no use */
	void *inflate_ctx;
	/* for an .eh_frame with a table; must outlive the module. NULL: none */
	const struct dwunw_lender *lender;
};

/*
 * As dwunw_module_open(), which is this with a file alone. A debug file that
 * is no ELF file of the same arch is not used; no status tells. A compressed
 * section shows its records only when it is unpacked, so its index is asked
 * for in a second NO_MEMORY.
 */
dwunw_status_t dwunw_module_open_files(struct dwunw_module *module,
				       const struct dwunw_module_files *files,
				       uint32_t serial,
				       struct dwunw_arena *arena);

/*
 * Opens a module whose tables are taken from the source in place (`view`) or
 * copied into the arena. Without CFI it opens all the same: rows are then
 * NO_DEBUG_DATA. On NO_MEMORY arena->wanted is the size that is enough; a
 * broken .eh_frame_hdr shows only when it is read, and then an index in its
 * place may be asked for in a second NO_MEMORY.
 * BAD_FORMAT: not ELF; UNSUPPORTED_ARCH; IO.
 */
dwunw_status_t dwunw_module_open(struct dwunw_module *module,
				 const struct dwunw_source *src,
				 uint32_t serial, struct dwunw_arena *arena);

/*
 * One FDE (frame description entry) with its CIE, decoded.
 */
struct dwunw_fde {
	const struct dwunw_cfi *cfi;
	uint64_t start; /* pc_begin */
	uint64_t end;	/* pc_begin + pc_range, exclusive */
	uint64_t off;	/* of the record in its section */
	uint64_t cie_off;
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra_reg;	   /* DWARF number */
	struct dwunw_span initial; /* the CIE's instructions */
	struct dwunw_span program; /* the FDE's instructions */
	uint64_t lsda;		   /* address of language data, 0: none */
	bool signal_frame;	   /* augmentation 'S' */
	bool b_key;	  /* augmentation 'B': arm64 RA signed with key B */
	uint8_t version;  /* of the CIE */
	uint8_t encoding; /* DW_EH_PE of addresses */
	uint8_t address_size;
	uint8_t segment_size;
};

/* Walks all FDEs of a section in file order. */
struct dwunw_fde_cursor {
	const struct dwunw_module *module;
	const struct dwunw_cfi *cfi;
	uint64_t off;
};
void dwunw_fde_cursor_init(struct dwunw_fde_cursor *cursor,
			   const struct dwunw_module *module,
			   const struct dwunw_cfi *cfi);
/*
 * DWUNW_OK with the next one; NO_DEBUG_DATA at the end; BAD_FORMAT for a
 * record that cannot be read, fde->off telling which (the next call goes on
 * behind it where its length allows, else the walk ends).
 */
dwunw_status_t dwunw_fde_next(struct dwunw_fde_cursor *cursor,
			      struct dwunw_fde *fde);

/* The FDE that covers vaddr, .eh_frame before .debug_frame. NO_DEBUG_DATA. */
dwunw_status_t dwunw_module_fde(const struct dwunw_module *module,
				uint64_t vaddr, struct dwunw_fde *fde);

/*
 * Working memory of the CFA program: the states of DW_CFA_remember_state.
 * A walker has its own; tools allocate one of dwunw_row_scratch_size() bytes.
 */
struct dwunw_row_scratch;
size_t dwunw_row_scratch_size(void);

/*
 * The row of an FDE that holds vaddr, with the widest range the program gives
 * it. INVALID_ARG: vaddr outside the FDE. BAD_FORMAT: a bad program.
 */
dwunw_status_t dwunw_fde_row(const struct dwunw_module *module,
			     const struct dwunw_fde *fde, uint64_t vaddr,
			     struct dwunw_row_scratch *scratch,
			     struct dwunw_row *row);

/*
 * Every row that the program of an FDE makes, in order, as a printer wants
 * them: `emit` is called once per row (also for equal neighbours); it stops
 * the run by returning false.
 */
dwunw_status_t
dwunw_fde_rows(const struct dwunw_module *module, const struct dwunw_fde *fde,
	       struct dwunw_row_scratch *scratch, struct dwunw_row *row,
	       bool (*emit)(void *ctx, const struct dwunw_row *row), void *ctx);

/* dwunw_module_fde() and dwunw_fde_row() in one. */
dwunw_status_t dwunw_module_row(const struct dwunw_module *module,
				uint64_t vaddr,
				struct dwunw_row_scratch *scratch,
				struct dwunw_row *row);

/* The bytes of an expression rule of this row; size 0: out of range. */
struct dwunw_span dwunw_module_expression(const struct dwunw_module *module,
					  const struct dwunw_row *row,
					  const struct dwunw_rule *rule);

#ifdef __cplusplus
}
#endif
#endif
