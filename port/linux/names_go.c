/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * .gopclntab: what Go's own tracebacks are made of, and what stripping leaves.
 * Go's src/debug/gosym/pclntab.go and src/runtime/symtab.go say what is in it:
 *
 *	magic, 0, 0, quantum, size of a pointer
 *	1.2:   count, functab; _func and names by offsets from the start
 *	1.16:  count, files, offsets of names, units, files, pc tables, functab
 *	1.18:  the same with the text's start behind files; functab of 32 bits
 *	1.20:  the same, its _func with one word more
 *
 * A pc table is pairs of a signed change of the value and a change of the pc.
 * Calls that Go inlined are not told: their tree is where only the runtime's
 * module data leads to. A line is that of the innermost call.
 */
#include "names.h"
#include "shortage.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC_1_2 0xfffffffbu
#define MAGIC_1_16 0xfffffffau
#define MAGIC_1_18 0xfffffff0u
#define MAGIC_1_20 0xfffffff1u

enum {
	PT_LOAD = 1,
	PT_NOTE = 4,
	NT_GO_BUILD_ID = 4,
};

/* Pairs of one pc table, files of a program, names: more is none of Go's. */
#define PAIRS_MAX (1u << 20)
#define NAME_MAX_SIZE 65536u
/* Bytes of a file without section headers that are searched. */
#define SEARCH_MAX ((uint64_t)256 << 20)
#define SEARCH_STEP ((size_t)64 << 10)
#define SEARCH_ALIGN 16u
#define RELOCATIONS_MAX ((uint64_t)64 << 20)

/* --- bytes -------------------------------------------------------------------- */

/* `size` bytes at off; *bad is set where they are not there. */
static uint64_t get(const struct dwu_go *go, uint64_t off, unsigned int size,
		    bool *bad)
{
	uint64_t value = 0;

	if (off > go->size || size > go->size - off) {
		*bad = true;
		return 0;
	}
	for (unsigned int i = 0; i < size; i++)
		value = value << 8 |
			go->data[off + (go->big ? i : size - 1 - i)];
	return value;
}

/*
 * A name with its 0 in the table; NULL: it has none, or is longer than Go
 * writes any.
 */
static const char *text_at(const struct dwu_go *go, uint64_t off)
{
	size_t left, size;

	if (off >= go->size)
		return NULL;
	left = (size_t)(go->size - off);
	size = strnlen((const char *)go->data + off,
		       left < NAME_MAX_SIZE ? left : NAME_MAX_SIZE);
	if (!size || size == left || size == NAME_MAX_SIZE)
		return NULL;
	return (const char *)go->data + off;
}

/* LEB128, of at most 32 bits as Go writes it. */
static uint32_t varint(const struct dwu_go *go, uint64_t *off, bool *bad)
{
	uint32_t value = 0, byte;
	unsigned int shift = 0;

	do {
		byte = (uint32_t)get(go, (*off)++, 1, bad);
		value |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && shift < 35 && !*bad);
	return value;
}

/* --- the header ----------------------------------------------------------------- */

/* Does that begin a table? */
static bool is_header(const uint8_t *p, bool big)
{
	uint32_t magic = big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
					 (uint32_t)p[2] << 8 | p[3] :
			       (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
					 (uint32_t)p[1] << 8 | p[0];

	return (magic == MAGIC_1_2 || magic == MAGIC_1_16 ||
		magic == MAGIC_1_18 || magic == MAGIC_1_20) &&
	       !p[4] && !p[5] && (p[6] == 1 || p[6] == 2 || p[6] == 4) &&
	       (p[7] == 4 || p[7] == 8);
}

static uint64_t entry_pc(const struct dwu_go *go, uint64_t i, bool *bad)
{
	uint64_t pc = get(go, go->functab + i * 2 * go->field, go->field, bad);

	return go->field == 4 && go->version >= 18 ? go->text + pc : pc;
}

/*
 * One pass over all entries when the table is opened: the search relies on it.
 */
static bool is_sorted(const struct dwu_go *go)
{
	uint64_t last = 0, pc;
	bool bad = false;

	for (uint64_t i = 0; i <= go->count; i++) {
		pc = entry_pc(go, i, &bad);
		if (bad || (i && pc < last))
			return false;
		last = pc;
	}
	/* one that a loader fills in is all zeros */
	return last != 0;
}

/*
 * Names, units and pc tables count from the table's start: those offsets stay
 * 0.
 */
static bool read_1_2(struct dwu_go *go)
{
	unsigned int word = go->word;
	bool bad = false;

	go->count = get(go, 8, word, &bad);
	go->functab = 8 + (uint64_t)word;
	go->field = go->word;
	if (bad || go->count > go->size / (2 * word))
		return false;
	go->files = get(go, go->functab + (2 * go->count + 1) * word, 4, &bad);
	return !bad && is_sorted(go);
}

static bool read_1_16(struct dwu_go *go)
{
	unsigned int word = go->word;
	uint64_t at = 8 + 2 * (uint64_t)word;
	bool bad = false;

	go->count = get(go, 8, word, &bad);
	go->field = go->word;
	if (go->version >= 18) {
		if (!go->text)
			go->text = get(go, at, word, &bad);
		at += word;
		go->field = 4;
		if (!go->text)
			return false;
	}
	go->names = get(go, at, word, &bad);
	go->units = get(go, at + word, word, &bad);
	go->files = get(go, at + 2 * word, word, &bad);
	go->pctab = get(go, at + 3 * word, word, &bad);
	go->functab = get(go, at + 4 * word, word, &bad);
	go->funcs = go->functab;
	return !bad && go->functab <= go->size &&
	       go->count <= go->size / (2 * go->field) && is_sorted(go);
}

/*
 * Bounds of the header's own numbers; each read behind it is bounded by get().
 */
bool dwu_go_read(struct dwu_go *go)
{
	bool bad = false;
	uint32_t magic = (uint32_t)get(go, 0, 4, &bad);

	if (go->size < 64 || !is_header(go->data, go->big))
		return false;
	go->quantum = go->data[6];
	go->word = go->data[7];
	go->version = magic == MAGIC_1_2  ? 2 :
		      magic == MAGIC_1_16 ? 16 :
		      magic == MAGIC_1_18 ? 18 :
					    20;
	return go->version == 2 ? read_1_2(go) : read_1_16(go);
}

/* --- where it is -------------------------------------------------------------------- */

/*
 * What is beyond the file's end is cut off: a section may be of a file that was
 * truncated.
 */
static bool load(struct dwu_go *go, const struct dwunw_elf *elf, uint64_t off,
		 uint64_t size, uint64_t max)
{
	if (off > elf->src.size || size > elf->src.size - off)
		size = off > elf->src.size ? 0 : elf->src.size - off;
	if (!size || size > max || size > SIZE_MAX)
		return false;
	go->data = dwu_malloc((size_t)size);
	go->size = size;
	return go->data && elf->src.read(elf->src.ctx, off, go->data,
					 (size_t)size) == DWUNW_OK;
}

/*
 * A position-independent program has its text's start from the loader: where
 * the file says 0, by the relocation with an addend (gABI 4, Elf64_Rela).
 */
static void find_text(struct dwu_go *go, const struct dwunw_elf *elf,
		      uint64_t vaddr)
{
	unsigned int word = elf->elf_class == 2 ? 8 : 4;
	uint64_t field = vaddr + 8 + 2 * (uint64_t)word;
	struct dwunw_section section;
	struct dwu_go table = { .big = go->big };
	bool bad = false;

	if (get(go, 0, 4, &bad) < MAGIC_1_18 || bad ||
	    (uint32_t)get(go, 0, 4, &bad) > MAGIC_1_20 ||
	    get(go, field - vaddr, word, &bad) ||
	    dwunw_elf_section(elf, ".rela.dyn", &section) != DWUNW_OK ||
	    !load(&table, elf, section.off, section.size, RELOCATIONS_MAX)) {
		free(table.data);
		return;
	}
	bad = false;
	for (uint64_t at = 0; !bad && !go->text; at += 3 * word)
		if (get(&table, at, word, &bad) == field)
			go->text = get(&table, at + 2 * word, word, &bad);
	free(table.data);
}

static bool by_section(struct dwu_go *go, const struct dwunw_elf *elf,
		       uint64_t max)
{
	struct dwunw_section section;

	if (dwunw_elf_section(elf, ".gopclntab", &section) != DWUNW_OK &&
	    dwunw_elf_section(elf, ".data.rel.ro.gopclntab", &section) !=
		    DWUNW_OK)
		return false;
	if (!load(go, elf, section.off, section.size, max))
		return false;
	find_text(go, elf, section.vaddr);
	return dwu_go_read(go);
}

/* The linker's note of Go's build id: { 4, size, 4, "Go", id }. */
static bool is_go(const struct dwunw_elf *elf)
{
	struct dwunw_program_header head;
	uint8_t note[16];

	for (uint32_t i = 0; i < elf->program_count; i++)
		if (dwunw_elf_program_header(elf, i, &head) == DWUNW_OK &&
		    head.type == PT_NOTE && head.at.file_size >= sizeof(note) &&
		    elf->src.read(elf->src.ctx, head.at.off, note,
				  sizeof(note)) == DWUNW_OK &&
		    note[elf->data == 2 ? 11 : 8] == NT_GO_BUILD_ID &&
		    !memcmp(note + 12, "Go\0", 4))
			return true;
	return false;
}

/* The first that can be read of the headers in [off, end). */
static bool search(struct dwu_go *go, const struct dwunw_elf *elf, uint64_t off,
		   uint64_t end, uint64_t max)
{
	uint8_t *bytes = dwu_malloc(SEARCH_STEP);
	bool found = false;

	for (; bytes && !found && end - off >= SEARCH_STEP;
	     off += SEARCH_STEP) {
		if (elf->src.read(elf->src.ctx, off, bytes, SEARCH_STEP) !=
		    DWUNW_OK)
			break;
		for (size_t at = 0; at < SEARCH_STEP && !found;
		     at += SEARCH_ALIGN) {
			if (!is_header(bytes + at, go->big))
				continue;
			found = load(go, elf, off + at, end - off - at, max) &&
				dwu_go_read(go);
			if (!found)
				dwu_go_close(go);
			go->big = elf->data == 2;
		}
	}
	free(bytes);
	return found;
}

/* Without section headers: through what is not written to. */
static bool by_search(struct dwu_go *go, const struct dwunw_elf *elf,
		      uint64_t max)
{
	struct dwunw_program_header head;
	uint64_t left = SEARCH_MAX;

	if (elf->section_count || !is_go(elf))
		return false;
	for (uint32_t i = 0; i < elf->program_count; i++) {
		if (dwunw_elf_program_header(elf, i, &head) != DWUNW_OK ||
		    head.type != PT_LOAD || (head.at.flags & 1) ||
		    head.at.off > elf->src.size ||
		    head.at.file_size > elf->src.size - head.at.off ||
		    head.at.file_size > left)
			continue;
		left -= head.at.file_size;
		if (search(go, elf, head.at.off,
			   head.at.off + head.at.file_size, max))
			return true;
	}
	return false;
}

/* True: go->data is ours, until dwu_go_close(). */
bool dwu_go_open(struct dwu_go *go, const struct dwunw_elf *elf, uint64_t max)
{
	*go = (struct dwu_go){ .big = elf->data == 2 };
	if (by_section(go, elf, max))
		return true;
	dwu_go_close(go);
	go->big = elf->data == 2;
	if (by_search(go, elf, max))
		return true;
	dwu_go_close(go);
	return false;
}

void dwu_go_close(struct dwu_go *go)
{
	free(go->data);
	*go = (struct dwu_go){ .data = NULL };
}

/* --- pc -> names ---------------------------------------------------------------- */

/*
 * The value of the pc table at off for pc, of the function at entry; -1.
 *
 * Ends at pc, at a change of 0 (but for the first), or with the table.
 */
static int32_t value_at(const struct dwu_go *go, uint64_t off, uint64_t entry,
			uint64_t pc)
{
	uint64_t at = entry;
	uint32_t value = UINT32_MAX, change;
	bool bad = false;

	for (uint32_t i = 0; i < PAIRS_MAX; i++) {
		change = varint(go, &off, &bad);
		if (bad || (!change && i))
			return -1;
		/* zigzag: bit 0 is the sign */
		value += change & 1 ? ~(change >> 1) : change >> 1;
		at += (uint64_t)varint(go, &off, &bad) * go->quantum;
		if (bad)
			return -1;
		if (pc < at)
			return (int32_t)value;
	}
	return -1;
}

/* The words of a _func behind its entry and name that are used. */
struct func {
	uint64_t name;
	uint64_t pcfile;
	uint64_t pcln;
	uint64_t unit;
};

/* { entry, nameoff, args, deferreturn, pcsp, pcfile, pcln, npcdata, unit } */
static bool read_func(const struct dwu_go *go, uint64_t off, struct func *func)
{
	uint64_t at = go->funcs + off + (go->version >= 18 ? 4 : go->word);
	bool bad = false;

	func->name = get(go, at, 4, &bad);
	func->pcfile = get(go, at + 16, 4, &bad);
	func->pcln = get(go, at + 20, 4, &bad);
	func->unit = go->version >= 16 ? get(go, at + 28, 4, &bad) : 0;
	return !bad;
}

static const char *file_of(const struct dwu_go *go, const struct func *func,
			   int32_t number)
{
	uint64_t at;
	bool bad = false;

	if (number < 0 || func->unit == UINT32_MAX)
		return NULL;
	at = go->version >= 16 ?
		     go->units + 4 * (func->unit + (uint32_t)number) :
		     go->files + 4 * (uint64_t)(uint32_t)number;
	at = get(go, at, 4, &bad);
	if (bad || at == UINT32_MAX)
		return NULL;
	return text_at(go, go->version >= 16 ? go->files + at : at);
}

/* The last entry at vaddr or before. False: none, or behind the last one. */
static bool find_entry(const struct dwu_go *go, uint64_t vaddr, uint64_t *index)
{
	uint64_t low = 0, high = go->count + 1;
	bool bad = false;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (entry_pc(go, middle, &bad) <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	*index = low - 1;
	return !bad && low && low <= go->count;
}

/* Of a function whose line is not known the name stands alone. */
bool dwu_go_find(const struct dwu_go *go, uint64_t vaddr,
		 struct dwu_go_place *place)
{
	uint64_t i, off;
	struct func func;
	bool bad = false;
	int32_t line;

	*place = (struct dwu_go_place){ .function = NULL };
	if (!go->size || !find_entry(go, vaddr, &i))
		return false;
	place->start = entry_pc(go, i, &bad);
	off = get(go, go->functab + (2 * i + 1) * go->field, go->field, &bad);
	if (bad || off > go->size || !read_func(go, off, &func))
		return false;
	place->function = text_at(go, go->names + func.name);
	line = value_at(go, go->pctab + func.pcln, place->start, vaddr);
	if (line > 0) {
		place->file = file_of(go, &func,
				      value_at(go, go->pctab + func.pcfile,
					       place->start, vaddr));
		place->line = place->file ? (uint32_t)line : 0;
	}
	return place->function;
}
