/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/core_notes.c - the notes of a core file (Linux, fs/binfmt_elf.c).
 */
#include "core.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	NT_PRSTATUS = 1,
	NT_AUXV = 6,
	NT_FILE = 0x46494c45,

	AT_PHDR = 3,
	AT_ENTRY = 9,
	AT_SYSINFO_EHDR = 33,
};

/* Bound of threads and mappings: 2^22 is the kernel's highest pid. */
#define ITEMS_MAX (1u << 22)
/* Pieces of a file stand near each other, if not always in one row. */
#define FILES_NEAR 64u

/*
 * Where struct elf_prstatus of an arch has the process id and the registers:
 * regs[n] is the byte offset, in pr_reg, of DWARF register n.
 */
struct prstatus {
	uint16_t arch;
	uint16_t size;
	uint16_t pid_off;
	uint16_t reg_off;
	uint8_t reg_size;
	uint8_t reg_count;
	uint16_t pc;
	uint16_t sp;
	uint16_t regs[DWUNW_REG_MAX];
};

/* elf_gregset_t of o32 (asm/reg.h): 45 words, $0 is the 6th, the pc the 40th. */
#define MIPS32(id)                                                          \
	{                                                                   \
		.arch = (id), .size = 256, .pid_off = 24, .reg_off = 72,    \
		.reg_size = 4, .reg_count = 32, .pc = 40 * 4, .sp = 35 * 4, \
		.regs = {                                                   \
			6 * 4,	7 * 4,	8 * 4,	9 * 4,	10 * 4, 11 * 4,     \
			12 * 4, 13 * 4, 14 * 4, 15 * 4, 16 * 4, 17 * 4,     \
			18 * 4, 19 * 4, 20 * 4, 21 * 4, 22 * 4, 23 * 4,     \
			24 * 4, 25 * 4, 26 * 4, 27 * 4, 28 * 4, 29 * 4,     \
			30 * 4, 31 * 4, 32 * 4, 33 * 4, 34 * 4, 35 * 4,     \
			36 * 4, 37 * 4,                                     \
		},                                                          \
	}

/* struct user_regs_struct of <sys/user.h>, by the numbers of psABI 3.36. */
static const struct prstatus prstatus_table[] = {
	{
		.arch = DWUNW_ARCH_X86_64,
		.size = 336,
		.pid_off = 32,
		.reg_off = 112,
		.reg_size = 8,
		.reg_count = 17,
		.pc = 16 * 8,
		.sp = 19 * 8,
		.regs = { 10 * 8, 12 * 8, 11 * 8, 5 * 8, 13 * 8, 14 * 8, 4 * 8,
			  19 * 8, 9 * 8, 8 * 8, 7 * 8, 6 * 8, 3 * 8, 2 * 8,
			  1 * 8, 0 * 8, 16 * 8 },
	},
	/* struct user_pt_regs of <asm/ptrace.h>: x0..x30, sp, pc, pstate */
	{
		.arch = DWUNW_ARCH_ARM64,
		.size = 392,
		.pid_off = 32,
		.reg_off = 112,
		.reg_size = 8,
		.reg_count = 32,
		.pc = 32 * 8,
		.sp = 31 * 8,
		.regs = { 0 * 8,  1 * 8,  2 * 8,  3 * 8,  4 * 8,  5 * 8,  6 * 8,
			  7 * 8,  8 * 8,  9 * 8,  10 * 8, 11 * 8, 12 * 8,
			  13 * 8, 14 * 8, 15 * 8, 16 * 8, 17 * 8, 18 * 8,
			  19 * 8, 20 * 8, 21 * 8, 22 * 8, 23 * 8, 24 * 8,
			  25 * 8, 26 * 8, 27 * 8, 28 * 8, 29 * 8, 30 * 8,
			  31 * 8 },
	},
	MIPS32(DWUNW_ARCH_MIPS32EL),
	MIPS32(DWUNW_ARCH_MIPS32EB),
};

uint64_t dwu_core_number(const struct dwu_core *core, const uint8_t *bytes,
			 size_t size)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < size; i++)
		value = value << 8 |
			bytes[core->elf.data == 2 ? i : size - 1 - i];
	return value;
}

/* `long` of the target, whatever is behind the last one in a note. */
static size_t word_size(const struct dwu_core *core)
{
	return core->elf.elf_class == 2 ? 8 : 4;
}

static uint64_t word(const struct dwu_core *core, struct dwunw_span desc,
		     uint64_t index)
{
	size_t size = word_size(core);

	return dwu_core_number(core, desc.data + index * size, size);
}

static uint64_t word_count(const struct dwu_core *core, struct dwunw_span desc)
{
	return desc.size / word_size(core);
}

static const struct prstatus *prstatus_of(const struct dwu_core *core)
{
	uint16_t arch = dwunw_arch_id(core->arch);
	size_t i;

	for (i = 0; i < sizeof(prstatus_table) / sizeof(*prstatus_table); i++)
		if (prstatus_table[i].arch == arch)
			return &prstatus_table[i];
	return NULL;
}

static bool add_thread(struct dwu_core *core, struct dwunw_span desc)
{
	const struct prstatus *layout = prstatus_of(core);
	struct dwu_core_thread *thread;
	const uint8_t *regs;
	uint8_t i;

	if (!layout) {
		dwu_cmd_error("%s: register layout of %s is not known",
			      core->path, dwunw_arch_name(core->arch));
		return false;
	}
	if (desc.size < layout->size || core->thread_count == ITEMS_MAX) {
		dwu_cmd_error("%s: thread %zu: NT_PRSTATUS of %zu bytes, not"
			      " %u",
			      core->path, core->thread_count, desc.size,
			      layout->size);
		return false;
	}
	core->threads = dwu_cmd_grow(core->threads, core->thread_count + 1,
				     sizeof(*core->threads));
	thread = &core->threads[core->thread_count++];
	thread->tid =
		(int32_t)dwu_core_number(core, desc.data + layout->pid_off, 4);
	if (dwunw_regset_prepare(&thread->regs, layout->arch)) {
		dwu_cmd_error("%s: %s is not in this build", core->path,
			      dwunw_arch_name(core->arch));
		return false;
	}
	regs = desc.data + layout->reg_off;
	for (i = 0; i < layout->reg_count; i++)
		thread->regs.regs[i] = dwu_core_number(
			core, regs + layout->regs[i], layout->reg_size);
	thread->regs.pc =
		dwu_core_number(core, regs + layout->pc, layout->reg_size);
	thread->regs.sp =
		dwu_core_number(core, regs + layout->sp, layout->reg_size);
	return true;
}

static void read_auxv(struct dwu_core *core, struct dwunw_span desc)
{
	uint64_t count = word_count(core, desc);
	uint64_t i;

	for (i = 0; i + 1 < count; i += 2) {
		uint64_t value = word(core, desc, i + 1);

		switch (word(core, desc, i)) {
		case AT_PHDR:
			core->auxv.programs = value;
			break;
		case AT_ENTRY:
			core->auxv.entry = value;
			break;
		case AT_SYSINFO_EHDR:
			core->auxv.vdso = value;
			break;
		default:
			break;
		}
	}
}

static uint32_t file_index(struct dwu_core *core, const char *name)
{
	struct dwu_core_file *file;
	size_t i = core->file_count;
	size_t end = i > FILES_NEAR ? i - FILES_NEAR : 0;

	while (i-- > end)
		if (!strcmp(core->files[i].name, name))
			return (uint32_t)i;
	core->files = dwu_cmd_grow(core->files, core->file_count + 1,
				   sizeof(*core->files));
	file = &core->files[core->file_count];
	*file = (struct dwu_core_file){ .name = name, .fd = -1 };
	return (uint32_t)core->file_count++;
}

/*
 * NT_FILE: count, page size, count * { start, end, offset in pages }, then
 * count names, each ended by a zero byte.
 */
static bool read_files(struct dwu_core *core, struct dwunw_span desc)
{
	uint64_t words = word_count(core, desc);
	uint64_t count = words < 2 ? 0 : word(core, desc, 0);
	uint64_t page = words < 2 ? 0 : word(core, desc, 1);
	const char *name, *end = (const char *)desc.data + desc.size;
	uint64_t i;

	if (words < 2 || count > (words - 2) / 3 || count > ITEMS_MAX ||
	    core->map_count) {
		dwu_cmd_error("%s: NT_FILE contradicts itself: %" PRIu64
			      " mappings in %zu bytes",
			      core->path, count, desc.size);
		return false;
	}
	name = (const char *)desc.data + (2 + 3 * count) * word_size(core);
	core->maps = dwu_cmd_alloc((size_t)count, sizeof(*core->maps));
	for (i = 0; i < count; i++) {
		const char *zero = memchr(name, 0, (size_t)(end - name));

		if (!zero) {
			dwu_cmd_error("%s: NT_FILE: name of mapping %" PRIu64
				      " is cut",
				      core->path, i);
			return false;
		}
		core->maps[i].start = word(core, desc, 2 + 3 * i);
		core->maps[i].end = word(core, desc, 3 + 3 * i);
		core->maps[i].off = word(core, desc, 4 + 3 * i) * page;
		core->maps[i].file = file_index(core, name);
		core->map_count = (size_t)i + 1;
		name = zero + 1;
	}
	return true;
}

static bool take_note(struct dwu_core *core, uint32_t type,
		      struct dwunw_span desc)
{
	switch (type) {
	case NT_PRSTATUS:
		return add_thread(core, desc);
	case NT_AUXV:
		read_auxv(core, desc);
		return true;
	case NT_FILE:
		return read_files(core, desc);
	default:
		return true;
	}
}

/* gABI 5, Note Section: names and descriptors are padded to 4 bytes. */
bool dwu_core_notes(struct dwu_core *core, struct dwunw_span notes)
{
	uint64_t at = 0;

	while (notes.size - at >= 12) {
		const uint8_t *head = notes.data + at;
		uint64_t name_size = dwu_core_number(core, head, 4);
		uint64_t desc_size = dwu_core_number(core, head + 4, 4);
		uint64_t type = dwu_core_number(core, head + 8, 4);
		uint64_t desc = at + 12 + ((name_size + 3) & ~(uint64_t)3);

		if (desc > notes.size || desc_size > notes.size - desc) {
			dwu_cmd_error("%s: a note at byte %" PRIu64
				      " of its notes is cut",
				      core->path, at);
			return false;
		}
		if (name_size == 5 && !memcmp(head + 12, "CORE", 5) &&
		    !take_note(core, (uint32_t)type,
			       (struct dwunw_span){ notes.data + desc,
						    (size_t)desc_size }))
			return false;
		at = desc + ((desc_size + 3) & ~(uint64_t)3);
		if (at > notes.size)
			break;
	}
	return true;
}
