/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The import slots of a running program: the words by which each module calls or
 * names malloc and its kind. A slot is turned by one store of a word, while other
 * threads use it; both what it had and what it gets works at any time.
 *
 * A slot is turned if it has the program's own function; or if it will get it at its
 * first call, as it leads into its own module's stubs still, and no slot of that
 * module has another allocator's. So a module that has one of its own is left alone.
 * What a slot had is remembered, and put back if it still has ours, and its module is
 * still there.
 */
#include "inproc.h"

#include DWU_INPROC_SLOTS

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOTS_MAX 32768u

struct slot {
	void **at;
	void *was;
	void *ours;
};

static struct slot *slots;
static uint32_t slot_count;

/* A module's tables, and a turn over all. */
struct module {
	const struct dl_phdr_info *info;
	const ElfW(Sym) * symbols;
	const char *strings;
	const ElfW(Rela) * tables[2];
	size_t sizes[2];
	bool foreign; /* some slot has another allocator's function */
};
struct turn {
	const struct dwu_slot_function *functions;
	size_t count;
	long turned;
	long error;
};

/* --- a word ------------------------------------------------------------------------- */

/* A page that the loader has made read-only once all was relocated. */
static bool is_protected(const struct dl_phdr_info *info, uintptr_t addr)
{
	uintptr_t page = getauxval(AT_PAGESZ), start, end;

	for (unsigned int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_GNU_RELRO)
			continue;
		start = (info->dlpi_addr + p->p_vaddr) & ~(page - 1);
		end = (info->dlpi_addr + p->p_vaddr + p->p_memsz) & ~(page - 1);
		if (addr >= start && addr < end)
			return true;
	}
	return false;
}

static bool protect(uintptr_t addr, int prot)
{
	uintptr_t page = getauxval(AT_PAGESZ);

	return !syscall(SYS_mprotect, addr & ~(page - 1), page, prot);
}

/* False: the kernel does not allow it. */
static bool put(const struct dl_phdr_info *info, void **at, void *value)
{
	uintptr_t addr = (uintptr_t)at;
	bool held = is_protected(info, addr);

	if (held && !protect(addr, PROT_READ | PROT_WRITE))
		return false;
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
	return !held || protect(addr, PROT_READ);
}

static void *value_of(void **at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* --- a module ------------------------------------------------------------------------ */

static bool holds_addr(const struct dl_phdr_info *info, uintptr_t addr,
		       uint32_t flags)
{
	for (unsigned int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && (p->p_flags & flags) == flags &&
		    addr - (info->dlpi_addr + p->p_vaddr) < p->p_memsz)
			return true;
	}
	return false;
}

/* The loader calls no slot for its own memory; the recorder's are its own. */
static bool is_left_alone(const struct dl_phdr_info *info)
{
	const char *slash = strstr(info->dlpi_name, "/ld-");

	return slash || holds_addr(info, (uintptr_t)&slots, 0);
}

/* glibc keeps addresses in it, other loaders what the file has. */
static uintptr_t addr_of(const struct dl_phdr_info *info, const ElfW(Dyn) * d)
{
	return d->d_un.d_ptr >= info->dlpi_addr ?
		       d->d_un.d_ptr :
		       info->dlpi_addr + d->d_un.d_ptr;
}

static void take_entry(struct module *m, const ElfW(Dyn) * d)
{
	uintptr_t addr = addr_of(m->info, d);

	switch (d->d_tag) {
	case DT_SYMTAB:
		m->symbols = (const ElfW(Sym) *)addr;
		break;
	case DT_STRTAB:
		m->strings = (const char *)addr;
		break;
	case DT_JMPREL:
		m->tables[0] = (const ElfW(Rela) *)addr;
		break;
	case DT_PLTRELSZ:
		m->sizes[0] = d->d_un.d_val;
		break;
	case DT_RELA:
		m->tables[1] = (const ElfW(Rela) *)addr;
		break;
	case DT_RELASZ:
		m->sizes[1] = d->d_un.d_val;
		break;
	default:
		break;
	}
}

static bool open_tables(struct module *m, const struct dl_phdr_info *info)
{
	const ElfW(Dyn) *d = NULL;

	*m = (struct module){ .info = info };
	for (unsigned int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			d = (const ElfW(Dyn) *)(info->dlpi_addr +
						info->dlpi_phdr[i].p_vaddr);
	for (; d && d->d_tag != DT_NULL; d++)
		take_entry(m, d);
	return m->symbols && m->strings;
}

/* --- turned --------------------------------------------------------------------------- */

static struct slot *remembered(void **at)
{
	for (uint32_t i = 0; i < slot_count; i++)
		if (slots[i].at == at)
			return &slots[i];
	return NULL;
}

/* Before it is turned. A slot that the loader has given the real function since is
 * remembered as that. False: there is no room. */
static bool remember(void **at, void *was, void *ours)
{
	struct slot *slot = remembered(at);

	if (!slot && slot_count == SLOTS_MAX)
		return false;
	slot = slot ? slot : &slots[slot_count++];
	*slot = (struct slot){ .at = at, .was = was, .ours = ours };
	return true;
}

/* A slot of one of the functions. */
struct import {
	void **at;
	void *value;
	uint32_t type;
	const ElfW(Sym) * symbol;
	const struct dwu_slot_function *function;
};

/*
 * Its first call goes to the loader, who then gives it the program's function: also
 * to a module that defines it, unless that is the first to do so.
 */
static bool is_unbound(const struct module *m, const struct import *import)
{
	const ElfW(Sym) *symbol = import->symbol;

	if (import->type != DWU_SLOT_JUMP ||
	    !holds_addr(m->info, (uintptr_t)import->value, PF_X))
		return false;
	if (symbol->st_shndx == SHN_UNDEF)
		return !symbol->st_value;
	return m->info->dlpi_addr + symbol->st_value ==
	       (uintptr_t)import->function->real;
}

static void find_foreign(struct turn *turn, struct module *m,
			 const struct import *import)
{
	(void)turn;
	m->foreign |= import->value &&
		      import->value != import->function->ours &&
		      import->value != import->function->real &&
		      !holds_addr(m->info, (uintptr_t)import->value, PF_X);
}

static void turn_slot(struct turn *turn, struct module *m,
		      const struct import *import)
{
	if (import->value == import->function->ours ||
	    (import->value != import->function->real &&
	     (m->foreign || !is_unbound(m, import))))
		return;
	if (!remember(import->at, import->value, import->function->ours))
		turn->error = -ENOSPC;
	else if (!put(m->info, import->at, import->function->ours))
		turn->error = -EACCES;
	else
		turn->turned++;
}

typedef void (*visit_fn)(struct turn *turn, struct module *m,
			 const struct import *import);

static void visit_entry(struct turn *turn, struct module *m,
			const ElfW(Rela) * r, visit_fn visit)
{
	struct import import = {
		.at = (void **)(m->info->dlpi_addr + r->r_offset),
		.type = (uint32_t)ELF64_R_TYPE(r->r_info),
		.symbol = &m->symbols[ELF64_R_SYM(r->r_info)],
	};
	const char *name = m->strings + import.symbol->st_name;

	if ((import.type != DWU_SLOT_JUMP && import.type != DWU_SLOT_DATA &&
	     import.type != DWU_SLOT_WORD) ||
	    r->r_addend || !holds_addr(m->info, (uintptr_t)import.at, PF_W))
		return;
	import.value = value_of(import.at);
	for (size_t i = 0; i < turn->count; i++) {
		import.function = &turn->functions[i];
		if (import.function->real &&
		    strcmp(name, import.function->name) == 0)
			visit(turn, m, &import);
	}
}

static void visit_all(struct turn *turn, struct module *m, visit_fn visit)
{
	for (int t = 0; t < 2; t++)
		for (size_t i = 0;
		     m->tables[t] && i < m->sizes[t] / sizeof(ElfW(Rela)); i++)
			visit_entry(turn, m, &m->tables[t][i], visit);
}

static int turn_module(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct turn *turn = ctx;
	struct module m;

	(void)size;
	if (is_left_alone(info) || !open_tables(&m, info))
		return 0;
	visit_all(turn, &m, find_foreign);
	visit_all(turn, &m, turn_slot);
	return turn->error != 0;
}

long dwu_slots_turn(const struct dwu_slot_function *functions, size_t count)
{
	struct turn turn = { .functions = functions, .count = count };

	if (!slots)
		slots = dwu_inproc_pages(SLOTS_MAX * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	dl_iterate_phdr(turn_module, &turn);
	return turn.error ? turn.error : turn.turned;
}

/* --- and back --------------------------------------------------------------------------- */

static int back_module(struct dl_phdr_info *info, size_t size, void *ctx)
{
	long *count = ctx;

	(void)size;
	for (uint32_t i = 0; i < slot_count; i++)
		if (holds_addr(info, (uintptr_t)slots[i].at, PF_W) &&
		    value_of(slots[i].at) == slots[i].ours &&
		    put(info, slots[i].at, slots[i].was))
			++*count;
	return 0;
}

long dwu_slots_back(void)
{
	long count = 0;

	dl_iterate_phdr(back_module, &count);
	slot_count = 0;
	return count;
}
