/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/elf.h - an ELF file of any class and byte order, and its symbols.
 *
 * Nothing is trusted: each offset, count and size is checked against the
 * source before it is used. Citations: System V gABI, chapters 4 and 5.
 */
#ifndef DWUNW_ELF_H
#define DWUNW_ELF_H

#include <dwunw/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A PT_LOAD program header: file bytes at an address as linked. */
struct dwunw_segment {
	uint64_t vaddr;
	uint64_t mem_size;
	uint64_t off;
	uint64_t file_size;
	uint32_t flags; /* PF_X 1, PF_W 2, PF_R 4 */
	uint32_t align_log2;
};

/* Where some bytes of the file are; size 0: it has none of them. */
struct dwunw_section {
	uint64_t vaddr;
	uint64_t off;
	uint64_t size;
	uint64_t entry_size;
	uint64_t flags; /* sh_flags */
	uint32_t type;	/* sh_type */
	uint32_t link;	/* sh_link */
};

#define DWUNW_BUILD_ID_MAX 32u

/*
 * The headers of an open file. Fields are for reading. `segments` lies in
 * the arena of dwunw_elf_open(), NULL without one; all else is in the struct.
 */
struct dwunw_elf {
	struct dwunw_source src;
	const struct dwunw_segment *segments;
	uint32_t segment_count;
	uint32_t section_count;
	uint64_t section_off;		   /* e_shoff */
	uint64_t entry;			   /* e_entry, as linked */
	uint64_t program_off;		   /* e_phoff */
	struct dwunw_section names;	   /* .shstrtab */
	struct dwunw_section eh_frame_hdr; /* PT_GNU_EH_FRAME */
	uint32_t program_count;
	uint16_t program_entry_size;
	uint16_t section_entry_size;
	uint16_t machine;  /* e_machine */
	uint16_t type;	   /* e_type: 2 EXEC, 3 DYN, 4 CORE */
	uint8_t elf_class; /* 1: 32 bits, 2: 64 bits */
	uint8_t data;	   /* 1: little-endian, 2: big-endian */
	bool interp;	   /* has a PT_INTERP */
	bool mips16;	   /* mips: some of its code is MIPS16e (e_flags) */
	uint32_t flags;	   /* e_flags */
};

/*
 * Reads the headers. The source is copied into *elf; what its ctx points to
 * must live as long. With an arena the PT_LOAD headers are kept there (wanted:
 * 40 bytes each); with NULL they are read anew whenever they are needed.
 * DWUNW_ERR_BAD_FORMAT: not ELF, or program headers outside the file; section
 * headers outside the file count as none (they are stripped or truncated
 * away, and the program headers still serve). DWUNW_ERR_UNSUPPORTED_ARCH: 64
 * bits, in a build for mips32 alone.
 */
dwunw_status_t dwunw_elf_open(struct dwunw_elf *elf,
			      const struct dwunw_source *src,
			      struct dwunw_arena *arena);

/* DWUNW_ERR_NO_DEBUG_DATA: no section has that name. */
dwunw_status_t dwunw_elf_section(const struct dwunw_elf *elf, const char *name,
				 struct dwunw_section *section);

/* Section by index, its name (at most name_size - 1 bytes) with it. */
dwunw_status_t dwunw_elf_section_at(const struct dwunw_elf *elf, uint32_t index,
				    struct dwunw_section *section, char *name,
				    size_t name_size);

/* Program header by index, in file order, of any type. */
struct dwunw_program_header {
	struct dwunw_segment at;
	uint32_t type;
};
dwunw_status_t dwunw_elf_program_header(const struct dwunw_elf *elf,
					uint32_t index,
					struct dwunw_program_header *header);

/* INVALID_ARG: no file byte stands for that address, or the reverse. */
dwunw_status_t dwunw_elf_vaddr_to_off(const struct dwunw_elf *elf,
				      uint64_t vaddr, uint64_t *off);
dwunw_status_t dwunw_elf_off_to_vaddr(const struct dwunw_elf *elf, uint64_t off,
				      uint64_t *vaddr);

/* The segment whose memory holds vaddr. INVALID_ARG: none does. */
dwunw_status_t dwunw_elf_segment(const struct dwunw_elf *elf, uint64_t vaddr,
				 struct dwunw_segment *segment);

/*
 * A mapping of any permissions, as far as files matter. `file` is a number of
 * the caller's, the same for all pieces of one file, or NONE: memory without
 * a file. Arrays of them are sorted by start and do not overlap. What has no
 * permission at all (a hole between segments) is left out, and what has no
 * file need only be there if it is executable.
 */
#define DWUNW_PIECE_NONE UINT32_MAX
struct dwunw_piece {
	uint64_t start;
	uint64_t end;
	uint64_t off; /* file offset of start */
	uint32_t file;
	uint32_t flags; /* as a segment's; 0: not known */
};

/*
 * The piece that tells which file the code at addr is of: the one that holds
 * it, if that has a file. Executable memory without one between two pieces of
 * one file is taken for its text, moved to other pages: then the piece before
 * it. DWUNW_PIECE_NONE: neither.
 */
uint32_t dwunw_piece_owner(const struct dwunw_piece *pieces, uint32_t count,
			   uint64_t addr);

/*
 * Run-time address minus address as linked, for the piece that holds addr and
 * the file of its owner, whose segments were kept (an arena, or a module).
 * Decided by all pieces of the file around it, up to 64 on either side: a
 * loader maps whole pages, and one page of a file may hold two segments. The
 * file's own pieces are enough. INVALID_ARG: no segment is there; or several,
 * and nothing tells which; more than 128 segments; or, for memory without a
 * file, it is not where the file's code is to be.
 */
dwunw_status_t dwunw_elf_bias(const struct dwunw_elf *elf,
			      const struct dwunw_piece *pieces, uint32_t count,
			      uint64_t addr, uint64_t *bias);

/* Copies file bytes by their address as linked, all or nothing. */
dwunw_status_t dwunw_elf_read(const struct dwunw_elf *elf, uint64_t vaddr,
			      void *dst, size_t size);

/*
 * NT_GNU_BUILD_ID, at most DWUNW_BUILD_ID_MAX bytes, to id.
 * DWUNW_ERR_NO_DEBUG_DATA: the file has none.
 */
dwunw_status_t dwunw_elf_build_id(const struct dwunw_elf *elf, uint8_t *id,
				  size_t *size);

/* One ELF symbol; `name` points into the symbol table's arena. */
struct dwunw_elf_symbol {
	const char *name;
	uint64_t vaddr;
	uint64_t size;	/* 0: up to what comes next */
	uint16_t shndx; /* 0: undefined here */
	uint8_t type;	/* STT_FUNC 2, STT_GNU_IFUNC 10, … */
	uint8_t bind;	/* STB_LOCAL 0, STB_GLOBAL 1, STB_WEAK 2 */
};

/* [start, end): a function whose symbols have no size. */
struct dwunw_symbol_end {
	uint64_t start;
	uint64_t end;
};

/*
 * Defined functions of .symtab, else of .dynsym, sorted by address. A file
 * without section headers has its dynamic symbols by PT_DYNAMIC.
 */
struct dwunw_symtab {
	struct dwunw_span entries; /* the table as in the file */
	struct dwunw_span strings;
	const uint32_t *order;	       /* indices of functions by address */
	struct dwunw_symbol_end *ends; /* sorted */
	uint32_t count;		       /* of order */
	uint32_t end_count;
	uint8_t elf_class;
	uint8_t data;
	uint8_t isa_mask; /* bits of values that are no part of an address */
};

/*
 * Loads the table. DWUNW_ERR_NO_DEBUG_DATA: the file has no symbols.
 * The size wanted is the tables' own (when the source has no view), 4
 * bytes a symbol, 16 more for a function without a size.
 */
dwunw_status_t dwunw_symtab_open(struct dwunw_symtab *tab,
				 const struct dwunw_elf *elf,
				 struct dwunw_arena *arena);

/*
 * [start, end) is a function by other evidence, such as an FDE: a function
 * without a size ends where it starts, and with it.
 */
void dwunw_symtab_limit(struct dwunw_symtab *tab, uint64_t start, uint64_t end);

/* Function `index` of tab->count, by address. INVALID_ARG: there is none. */
dwunw_status_t dwunw_symtab_at(const struct dwunw_symtab *tab, uint32_t index,
			       struct dwunw_elf_symbol *sym);

/*
 * The function that holds vaddr: of several, the one that starts last; of
 * aliases at one address, global before weak before local, then the shorter
 * name. One without a size, if none with a size holds it: it ends at the next
 * symbol, at the end of its section or segment, and where
 * dwunw_symtab_limit() has said. NO_DEBUG_DATA: none.
 */
dwunw_status_t dwunw_symtab_by_vaddr(const struct dwunw_symtab *tab,
				     uint64_t vaddr,
				     struct dwunw_elf_symbol *sym);

/*
 * A defined function by its name; of several, global before weak before local.
 * NO_DEBUG_DATA: none.
 */
dwunw_status_t dwunw_symtab_by_name(const struct dwunw_symtab *tab,
				    const char *name,
				    struct dwunw_elf_symbol *sym);

#ifdef __cplusplus
}
#endif
#endif
