/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The import slots of a running program: the words by which each module calls or
 * names malloc and its kind. A slot is turned by one store of a word, while other
 * threads use it; both what it had and what it gets works at any time.
 *
 * A slot is turned if it has the program's own function; or if it will get it at its
 * first call, as it leads into its own module's stubs still. So a module that has an
 * allocator of its own is left alone. What a slot had is remembered, and put back if
 * it still has ours, and its module is still there.
 */
#include "inproc.h"

#include "slots.h"

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

/* Its first call goes to the loader, who then gives it the program's function. */
static bool is_unbound(const struct module *m, uint32_t type,
		       const ElfW(Sym) * symbol, const void *value)
{
	return type == DWU_SLOT_JUMP && symbol->st_shndx == SHN_UNDEF &&
	       !symbol->st_value && holds_addr(m->info, (uintptr_t)value, PF_X);
}

static void turn_slot(struct turn *turn, const struct module *m, void **at,
		      bool unbound, const struct dwu_slot_function *function)
{
	void *was = value_of(at);

	if (was == function->ours || (was != function->real && !unbound))
		return;
	if (!remember(at, was, function->ours))
		turn->error = -ENOSPC;
	else if (!put(m->info, at, function->ours))
		turn->error = -EACCES;
	else
		turn->turned++;
}

static void visit_entry(struct turn *turn, const struct module *m,
			const ElfW(Rela) * r)
{
	uint32_t type = (uint32_t)ELF64_R_TYPE(r->r_info);
	const ElfW(Sym) *symbol = &m->symbols[ELF64_R_SYM(r->r_info)];
	void **at = (void **)(m->info->dlpi_addr + r->r_offset);
	const char *name = m->strings + symbol->st_name;

	if ((type != DWU_SLOT_JUMP && type != DWU_SLOT_DATA &&
	     type != DWU_SLOT_WORD) ||
	    r->r_addend || !holds_addr(m->info, (uintptr_t)at, PF_W))
		return;
	for (size_t i = 0; i < turn->count; i++)
		if (turn->functions[i].real &&
		    strcmp(name, turn->functions[i].name) == 0)
			turn_slot(turn, m, at,
				  is_unbound(m, type, symbol, value_of(at)),
				  &turn->functions[i]);
}

static int turn_module(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct turn *turn = ctx;
	struct module m;

	(void)size;
	if (is_left_alone(info) || !open_tables(&m, info))
		return 0;
	for (int t = 0; t < 2; t++)
		for (size_t i = 0;
		     m.tables[t] && i < m.sizes[t] / sizeof(ElfW(Rela)); i++)
			visit_entry(turn, &m, &m.tables[t][i]);
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
