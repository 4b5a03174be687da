/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Where in a file a probe may be, by what a user calls the place; and why not.
 *
 *	name	   -> the function that is linked so, if it is no IFUNC
 *		   -> the single one whose C++ or Rust name is that
 *	0xOFFSET   -> the function that holds it (symbol, else FDE), then
 *		      instruction by instruction from its start on
 *
 * For example, svc has main at 0x2e40: push (1 byte), mov (3 bytes). 0x2e41 is an
 * instruction; a breakpoint at 0x2e42 would make another one of the mov, and the
 * program would end by SIGSEGV or compute something else.
 */
#include "names.h"
#include "pages.h"

#include "arch/hosted.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PT_LOAD = 1,
	PF_X = 1,
	SHF_EXECINSTR = 4,
	STT_GNU_IFUNC = 10,
};

/* Bytes of the longest instruction of any target. */
#define INSN_MAX 15u
/* Linked names that are said of one that is of several. */
#define SAID_MAX 4u

/* The last part of a path. */
static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The file's own names are in it, and a terminal shows it: printable. */
__attribute__((format(printf, 2, 3))) static dwunw_status_t
refuse(struct dwunw_symbol_place *place, const char *form, ...)
{
	va_list arguments;

	va_start(arguments, form);
	vsnprintf(place->why, sizeof(place->why), form, arguments);
	va_end(arguments);
	for (char *at = place->why; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return DWUNW_ERR_NOT_IMPLEMENTED;
}

/* --- names -------------------------------------------------------------------- */

/* Each function of either table; false ends it. */
static void each_function(const struct dwu_symbols *symbols,
			  bool (*visit)(void *ctx,
					const struct dwunw_elf_symbol *symbol),
			  void *ctx)
{
	const struct dwunw_symtab *tabs[] = {
		&symbols->tab, symbols->own_arena.size ? &symbols->own : NULL
	};
	struct dwunw_elf_symbol symbol;

	for (size_t t = 0; t < 2 && tabs[t]; t++)
		for (uint32_t i = 0; i < tabs[t]->count; i++)
			if (dwunw_symtab_at(tabs[t], i, &symbol) == DWUNW_OK &&
			    !visit(ctx, &symbol))
				return;
}

/*
 * Implementations of an IFUNC, as libc calls them: strlen, __strlen_avx2.
 *
 * Nothing in a file ties them to it but code: names are a guess, and only said.
 */
struct chosen {
	const char *name;
	char said[128];
	uint32_t count;
};

static bool see_implementation(void *ctx, const struct dwunw_elf_symbol *symbol)
{
	struct chosen *chosen = ctx;
	const char *name = symbol->name;
	size_t used = strlen(chosen->said), size = strlen(chosen->name);

	name += strspn(name, "_");
	if (symbol->type == STT_GNU_IFUNC ||
	    strncmp(name, chosen->name, size) || name[size] != '_' ||
	    strstr(name, "ifunc") || strstr(name, "resolve"))
		return true;
	if (strlen(symbol->name) + 3 > sizeof(chosen->said) - used)
		return true;
	snprintf(chosen->said + used, sizeof(chosen->said) - used, "%s%s",
		 used ? ", " : "", symbol->name);
	return ++chosen->count < SAID_MAX;
}

/* A probe there would count the calls of the function that chooses. */
static dwunw_status_t refuse_chosen(const struct dwu_place_question *q)
{
	struct chosen chosen = { .name = q->name };

	each_function(q->symbols, see_implementation, &chosen);
	if (chosen.count)
		return refuse(q->place,
			      "%s is chosen at load time (IFUNC): name an "
			      "implementation, e.g. %s",
			      q->name, chosen.said);
	return refuse(
		q->place,
		"%s is chosen at load time (IFUNC): name an "
		"implementation (%s names none: its debug symbols may, or "
		"give its 0xOFFSET)",
		q->name, base_of(q->path));
}

/* Functions of a C++ or Rust name. */
struct written {
	const char *name;
	struct dwunw_elf_symbol first;
	char said[192];
	uint32_t count; /* at different addresses */
	bool any;	/* a name of C++ or Rust */
};

/*
 * With arguments, or without: "app::f(int)" is found among several by the first,
 * and a template, whose whole name begins with what it returns, by the second.
 */
static bool is_written(const char *wanted, const char *linked)
{
	char *whole = dwu_demangle(linked), *bare = NULL;
	bool is = whole && !strcmp(whole, wanted);

	if (whole && !is) {
		bare = dwu_demangle_bare(linked);
		is = bare && !strcmp(bare, wanted);
	}
	free(whole);
	free(bare);
	return is;
}

/* Constructors have two names at one address, or two tables one function. */
static bool see_written(void *ctx, const struct dwunw_elf_symbol *symbol)
{
	struct written *written = ctx;
	size_t used = strlen(written->said);

	if (symbol->name[0] != '_' ||
	    (symbol->name[1] != 'Z' && symbol->name[1] != 'R'))
		return true;
	written->any = true;
	if (!is_written(written->name, symbol->name) ||
	    (written->count && symbol->vaddr == written->first.vaddr))
		return true;
	if (!written->count++)
		written->first = *symbol;
	if (written->count <= SAID_MAX && !strstr(written->said, symbol->name))
		snprintf(written->said + used, sizeof(written->said) - used,
			 "%s%s", used ? ", " : "", symbol->name);
	return true;
}

/* One at a time: a probe on the first of several would count a part of the calls. */
static dwunw_status_t find_written(const struct dwu_place_question *q,
				   struct dwunw_elf_symbol *symbol)
{
	struct written written = { .name = q->name };

	each_function(q->symbols, see_written, &written);
	*symbol = written.first;
	if (written.count == 1)
		return DWUNW_OK;
	if (written.count)
		return refuse(q->place,
			      "%s is the name of %" PRIu32
			      " functions of %s: name it as linked: %s",
			      q->name, written.count, base_of(q->path),
			      written.said);
	if (written.any || strchr(q->name, ':'))
		refuse(q->place,
		       "that file has no such function; a C++ function may be "
		       "named as linked: nm %s",
		       base_of(q->path));
	return DWUNW_ERR_NO_DEBUG_DATA;
}

/*
 * Linked names first: who gives one means it, even where it is also a name that
 * some other function is written with.
 */
static dwunw_status_t by_name(const struct dwu_place_question *q)
{
	struct dwunw_elf_symbol symbol;
	dwunw_status_t status =
		dwu_symbols_by_name(q->symbols, q->name, &symbol);

	if (status == DWUNW_ERR_NO_DEBUG_DATA &&
	    q->flags & DWUNW_SYMBOL_WRITTEN)
		status = find_written(q, &symbol);
	if (status != DWUNW_OK)
		return status;
	if (symbol.type == STT_GNU_IFUNC)
		return refuse_chosen(q);
	if (dwu_symbols_compressed(q->symbols, symbol.vaddr))
		return refuse(q->place,
			      "%s in %s is MIPS16 or microMIPS code: no probes "
			      "in that file, a breakpoint would be another "
			      "instruction there",
			      q->name, q->path);
	q->place->size = symbol.size;
	return dwunw_elf_vaddr_to_off(q->elf, symbol.vaddr, &q->place->off);
}

/* --- offsets ------------------------------------------------------------------- */

/*
 * Is the address in a section of code, if there are sections? An executable segment
 * of older linkers has constants and tables as well.
 */
static bool is_in_code(const struct dwunw_elf *elf, uint64_t vaddr)
{
	struct dwunw_section section;
	char name[1];

	for (uint32_t i = 0; i < elf->section_count; i++)
		if (dwunw_elf_section_at(elf, i, &section, name, 1) ==
			    DWUNW_OK &&
		    section.flags & SHF_EXECINSTR &&
		    vaddr - section.vaddr < section.size)
			return true;
	return !elf->section_count;
}

/* The address of an offset that is in code; false: it is not. */
static bool code_at(const struct dwunw_elf *elf, uint64_t off, uint64_t *vaddr)
{
	struct dwunw_program_header head;

	for (uint32_t i = 0; i < elf->program_count; i++) {
		if (dwunw_elf_program_header(elf, i, &head) != DWUNW_OK ||
		    head.type != PT_LOAD || !(head.at.flags & PF_X) ||
		    off - head.at.off >= head.at.file_size)
			continue;
		*vaddr = off - head.at.off + head.at.vaddr;
		return is_in_code(elf, *vaddr);
	}
	return false;
}

/* A stripped file has FDEs: its stack has to be unwound by somebody. */
static bool by_fde(const struct dwu_place_question *q, uint64_t vaddr,
		   uint64_t *start)
{
	struct dwunw_arena arena = { .base = NULL };
	struct dwunw_module module;
	struct dwunw_fde fde;
	bool found;

	found = dwu_names_module(&module, &arena, &q->elf->src, q->config) ==
			DWUNW_OK &&
		dwunw_module_fde(&module, vaddr, &fde) == DWUNW_OK;
	if (found)
		*start = fde.start;
	dwu_pages_free(&arena);
	return found;
}

/* Of the function that holds vaddr, whose name may not be known. */
static bool start_of(const struct dwu_place_question *q, uint64_t vaddr,
		     uint64_t *start, const char **name)
{
	struct dwunw_elf_symbol symbol;

	*name = "";
	if (q->symbols &&
	    dwu_symbols_by_vaddr(q->symbols, vaddr, &symbol) == DWUNW_OK) {
		*start = symbol.vaddr;
		*name = symbol.name;
		return true;
	}
	return by_fde(q, vaddr, start);
}

/*
 * From the instruction at *at on to that which holds vaddr. False: the bytes at
 * *at are no instruction that is known.
 */
static bool go_to(const struct dwunw_elf *elf, const struct dwu_hosted *hosted,
		  uint64_t *at, uint64_t vaddr)
{
	uint8_t code[256];
	uint64_t base = 0, end = 0, off;
	uint8_t size;

	for (;; *at += size) {
		if (*at + INSN_MAX > end) {
			if (dwunw_elf_vaddr_to_off(elf, *at, &off) != DWUNW_OK)
				return false;
			base = *at;
			end = elf->src.size - off < sizeof(code) ?
				      elf->src.size - off :
				      sizeof(code);
			if (elf->src.read(elf->src.ctx, off, code,
					  (size_t)end) != DWUNW_OK)
				return false;
			end += base;
		}
		size = hosted->insn_size(code + (*at - base),
					 (size_t)(end - *at));
		if (!size || *at + size > vaddr)
			return size != 0;
	}
}

static dwunw_status_t refuse_within(const struct dwu_place_question *q,
				    uint64_t off, uint64_t insn)
{
	return refuse(q->place,
		      "%s of %s is within an instruction, that of 0x%" PRIx64,
		      q->name, base_of(q->path), off - insn);
}

/*
 * Instructions of several sizes: by those before it, as the bytes at an offset do
 * not say whether one begins there.
 */
static dwunw_status_t check_walk(const struct dwu_place_question *q,
				 const struct dwu_hosted *hosted, uint64_t off,
				 uint64_t vaddr, uint64_t start)
{
	uint64_t at = start;

	if (!go_to(q->elf, hosted, &at, vaddr))
		return refuse(
			q->place,
			"%s of %s: it is not known whether an instruction "
			"begins there, as that of 0x%" PRIx64
			" can't be decoded",
			q->name, base_of(q->path), off - (vaddr - at));
	return at == vaddr ? DWUNW_OK : refuse_within(q, off, vaddr - at);
}

/* mips: the code that is there is of an ISA. */
static dwunw_status_t check_isa(const struct dwu_place_question *q,
				uint64_t start, bool known)
{
	if (known ? q->symbols && dwu_symbols_compressed(q->symbols, start) :
		    q->elf->mips16)
		return refuse(q->place,
			      "%s of %s %s MIPS16 or microMIPS code, where a "
			      "breakpoint would be another instruction",
			      q->name, base_of(q->path),
			      known ? "is" : "may be");
	return DWUNW_OK;
}

static dwunw_status_t check_start(const struct dwu_place_question *q,
				  uint64_t start, uint64_t off,
				  const char *name)
{
	if (start == off)
		return DWUNW_OK;
	return refuse(q->place,
		      "%s of %s is no function's start: that of %s%s0x%" PRIx64
		      " holds it, and a return probe there would take another "
		      "word for the return address",
		      q->name, base_of(q->path), name, *name ? " at " : "",
		      start);
}

/*
 * Of code that nothing tells of, as a stripped static program's. That a function starts
 * there (a return probe, --symbol) is the user's word, which is believed, and it is said
 * that it is. Any other place of instructions of several sizes is refused.
 */
static dwunw_status_t check_alone(const struct dwu_place_question *q,
				  const struct dwu_hosted *hosted)
{
	dwunw_status_t status;

	if (hosted->insn_size && !(q->flags & DWUNW_SYMBOL_START))
		return refuse(q->place,
			      "%s of %s: no symbol and no FDE says where its "
			      "function starts, so it is not known whether an "
			      "instruction begins there",
			      q->name, base_of(q->path));
	status = check_isa(q, 0, false);
	if (status == DWUNW_OK && q->flags & DWUNW_SYMBOL_START)
		refuse(q->place,
		       "%s of %s: no symbol and no FDE says whether a function "
		       "starts there: believed",
		       q->name, base_of(q->path));
	return status;
}

/*
 * The instruction first, then the function: within an instruction nothing may be,
 * whatever kind of probe it is.
 */
static dwunw_status_t check_insn(const struct dwu_place_question *q,
				 const struct dwu_hosted *hosted, uint64_t off,
				 uint64_t vaddr)
{
	dwunw_status_t status;
	const char *name;
	uint64_t start;

	if (vaddr % hosted->insn_unit)
		return refuse_within(q, off, vaddr % hosted->insn_unit);
	if (!start_of(q, vaddr, &start, &name))
		return check_alone(q, hosted);
	status = hosted->insn_size ? check_walk(q, hosted, off, vaddr, start) :
				     check_isa(q, start, true);
	if (status == DWUNW_OK && q->flags & DWUNW_SYMBOL_START)
		status = check_start(q, off - (vaddr - start), off, name);
	return status;
}

static dwunw_status_t by_offset(const struct dwu_place_question *q)
{
	const struct dwu_hosted *hosted = dwu_hosted_of(dwunw_arch_by_elf(
		q->elf->machine, q->elf->elf_class, q->elf->data));
	uint64_t off, vaddr = 0;
	char *end;

	off = strtoull(q->name, &end, 16);
	if (*end || end == q->name + 2)
		return refuse(q->place, "%s is no offset: 0x and digits",
			      q->name);
	if (!hosted || !hosted->insn_unit)
		return refuse(q->place,
			      "%s of %s: this build does not know the "
			      "instructions of its processor",
			      q->name, base_of(q->path));
	if (!code_at(q->elf, off, &vaddr))
		return refuse(q->place, "%s of %s is not in its code", q->name,
			      base_of(q->path));
	q->place->off = off;
	return check_insn(q, hosted, off, vaddr);
}

dwunw_status_t dwu_place_ask(const struct dwu_place_question *q)
{
	if (!strncmp(q->name, "0x", 2))
		return by_offset(q);
	return q->symbols ? by_name(q) : DWUNW_ERR_NO_DEBUG_DATA;
}
