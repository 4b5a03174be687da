/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/elf/symbol.c: functions by address and by name. */
#include <dwunw/elf.h>

#include "make_elf.h"
#include "tap.h"

static uint8_t file[1 << 16], table[4096];
static _Alignas(16) uint8_t memory[1 << 16];

struct entry {
	const char *name;
	uint64_t vaddr, size;
	uint8_t type, bind;
	uint16_t shndx;
};

static const struct entry entries[] = {
	{ "", 0, 0, 0, 0, 0 },
	{ "last", 0x1100, 0x10, 2, 1, 1 },
	{ "local", 0x1000, 0x20, 2, 0, 1 },
	{ "weak_name", 0x1000, 0x20, 2, 2, 1 },
	{ "weak", 0x1000, 0x20, 2, 2, 1 },
	{ "undefined", 0x1000, 0x20, 2, 1, 0 },
	{ "object", 0x1004, 4, 1, 1, 1 },
	{ "outer", 0x1040, 0x40, 2, 1, 1 },
	{ "inner", 0x1050, 0x8, 2, 0, 1 },
	{ "endless", 0x1090, 0, 2, 1, 1 },
	{ "resolver", 0x10c0, 0x10, 10, 1, 1 },
	{ "alias_long", 0x10c0, 0x10, 2, 1, 1 },
	{ "alias", 0x10c0, 0x10, 2, 1, 1 },
	{ "cold", 0x10c0, 0x4, 2, 2, 1 },
	{ "high", UINT32_MAX - 0xfu, 0x8, 2, 1, 1 },
};

static size_t put_symbols(const struct elf_spec *spec, const struct entry *list,
			  size_t count, struct out *strings)
{
	struct out o = out_init(table, sizeof(table), spec->data == 2);
	size_t i;

	for (i = 0; i < count; i++) {
		uint8_t info = (uint8_t)(list[i].bind << 4 | list[i].type);

		put_u32(&o, list[i].name[0] ? strings->size : 0);
		if (spec->elf_class == 2) {
			put_u8(&o, info);
			put_u8(&o, 0);
			put_u16(&o, list[i].shndx);
			put_u64(&o, list[i].vaddr);
			put_u64(&o, list[i].size);
		} else {
			put_u32(&o, list[i].vaddr);
			put_u32(&o, list[i].size);
			put_u8(&o, info);
			put_u8(&o, 0);
			put_u16(&o, list[i].shndx);
		}
		if (list[i].name[0])
			put_string(strings, list[i].name);
	}
	return o.size;
}

static dwunw_status_t open_table(const struct elf_spec *spec,
				 const struct entry *list, size_t count,
				 uint32_t type, struct dwunw_symtab *tab)
{
	static uint8_t strings[1024];
	static struct dwunw_span span;
	struct elf_part parts[] = {
		{ .name = ".symtab",
		  .type = type,
		  .bytes = table,
		  .link = 2,
		  .entry_size = spec->elf_class == 2 ? 24 : 16 },
		{ .name = ".strtab", .type = 3, .bytes = strings },
	};
	struct out s = out_init(strings, sizeof(strings), false);
	struct dwunw_source src;
	struct dwunw_arena arena;
	struct dwunw_elf elf;

	put_u8(&s, 0);
	parts[0].size = put_symbols(spec, list, count, &s);
	parts[1].size = s.size;
	span.data = file;
	span.size = make_elf(file, sizeof(file), spec, parts, COUNT(parts));
	dwunw_source_from_span(&src, &span);
	if (dwunw_elf_open(&elf, &src, NULL) != DWUNW_OK)
		abort();
	dwunw_arena_init(&arena, memory, sizeof(memory));
	return dwunw_symtab_open(tab, &elf, &arena);
}

/* Names of one place count once: what encloses it is found behind them. */
static void many_aliases(size_t aliases, const char *want)
{
	static struct entry list[101];
	static char names[100][8];
	struct elf_spec spec = { .elf_class = 2, .data = 1 };
	struct dwunw_elf_symbol sym = { 0 };
	struct dwunw_symtab tab;
	dwunw_status_t status;

	list[0] = (struct entry){ "outer", 0x1000, 0x100, 2, 1, 1 };
	for (size_t i = 0; i < aliases; i++) {
		snprintf(names[i], sizeof(names[i]), "a%zu", i);
		list[i + 1] = (struct entry){ names[i], 0x1010, 0x8, 2, 1, 1 };
	}
	is_u64(open_table(&spec, list, aliases + 1, 2, &tab), DWUNW_OK,
	       "%zu names of one place", aliases);
	status = dwunw_symtab_by_vaddr(&tab, 0x1020, &sym);
	is_str(status == DWUNW_OK ? sym.name : NULL, want,
	       "%zu names of a place: behind it", aliases);
	status = dwunw_symtab_by_vaddr(&tab, 0x1010, &sym);
	is_str(status == DWUNW_OK ? sym.name : NULL, "a9",
	       "%zu names of a place: there", aliases);
}

static void look_up(const struct elf_spec *spec, uint32_t type)
{
	static const struct {
		uint64_t vaddr;
		const char *name; /* NULL: none */
	} cases[] = {
		{ 0xfff, NULL },       { 0x1000, "weak" },
		{ 0x101f, "weak" },    { 0x1020, NULL },
		{ 0x1004, "weak" },    { 0x1040, "outer" },
		{ 0x104f, "outer" },   { 0x1050, "inner" },
		{ 0x1057, "inner" },   { 0x1090, "endless" },
		{ 0x10bf, "endless" }, { 0x10c0, "alias" },
		{ 0x10c3, "alias" },   { 0x10c4, "alias" },
		{ 0x10cf, "alias" },   { 0x10d0, NULL },
		{ 0x1100, "last" },    { 0x110f, "last" },
		{ 0x1110, NULL },      { UINT32_MAX - 0xf, "high" },
		{ UINT32_MAX, NULL },  { UINT64_MAX, NULL },
		{ 0, NULL },
	};
	static const char *const names[] = { "last", "local", "weak_name",
					     "weak", "outer", "resolver",
					     "alias" };
	static const char *const missing[] = { "undefined", "object", "las",
					       "lastx", "" };
	struct dwunw_symtab tab;
	struct dwunw_elf_symbol sym;
	dwunw_status_t status;
	char title[40];
	size_t i;

	snprintf(title, sizeof(title), "ELF%d %s", spec->elf_class * 32,
		 spec->data == 2 ? "BE" : "LE");
	is_u64(open_table(spec, entries, COUNT(entries), type, &tab), DWUNW_OK,
	       "%s, type %u opens", title, type);
	is_u64(tab.count, COUNT(entries) - 3, "%s: its defined functions",
	       title);
	for (i = 0; i < COUNT(cases); i++) {
		status = dwunw_symtab_by_vaddr(&tab, cases[i].vaddr, &sym);
		is_str(status == DWUNW_OK ? sym.name : NULL, cases[i].name,
		       "%s: the function at 0x%" PRIx64, title, cases[i].vaddr);
	}
	for (i = 0; i < COUNT(names); i++) {
		status = dwunw_symtab_by_name(&tab, names[i], &sym);
		is_str(status == DWUNW_OK ? sym.name : NULL, names[i],
		       "%s: the function %s", title, names[i]);
	}
	is_u64(sym.vaddr, 0x10c0, "%s: its address", title);
	is_u64(sym.size, 0x10, "%s: its size", title);
	is_u64(sym.bind, 1, "%s: its binding", title);
	for (i = 0; i < COUNT(missing); i++)
		is_u64(dwunw_symtab_by_name(&tab, missing[i], &sym),
		       DWUNW_ERR_NO_DEBUG_DATA, "%s: no function \"%s\"", title,
		       missing[i]);
}

/* Functions that overlap: the one that starts last may have ended. */
static void nested(void)
{
	static const struct entry list[] = {
		{ "", 0, 0, 0, 0, 0 },
		{ "outer", 0x1000, 0x100, 2, 1, 1 },
		{ "inner", 0x1010, 0x10, 2, 1, 1 },
	};
	struct elf_spec spec = { ELF_ANY };
	struct dwunw_symtab tab;
	struct dwunw_elf_symbol sym = { .name = NULL };

	(void)open_table(&spec, list, COUNT(list), 2, &tab);
	(void)dwunw_symtab_by_vaddr(&tab, 0x1018, &sym);
	is_str(sym.name, "inner",
	       "of two that hold it, the one that starts "
	       "last");
	sym.name = NULL;
	(void)dwunw_symtab_by_vaddr(&tab, 0x1020, &sym);
	is_str(sym.name, "outer", "behind the inner one is the outer one");
}

/* A size of 0 says where a function starts, and not that it goes on and on. */
static void sizeless(const struct elf_spec *spec)
{
	static const struct entry list[] = {
		{ "", 0, 0, 0, 0, 0 },
		{ "never", 0x1000, 0, 2, 1, 1 },
		{ "waits", 0x1000, 0x20, 2, 0, 1 },
		{ "big", 0x1100, 0x40, 2, 1, 1 },
		{ "label", 0x1110, 0, 2, 1, 1 },
		{ "assembly", 0x1200, 0, 2, 1, 1 },
		{ "assembly_too", 0x1200, 0, 2, 0, 1 },
		{ "untyped", 0x1240, 0, 0, 1, 1 },
		{ "by_fde", 0x1300, 0, 2, 1, 1 },
		{ "with_fde", 0x1400, 0, 2, 1, 1 },
		{ "loop", 0x1410, 0, 0, 0, 1 },
	};
	static const struct {
		uint64_t vaddr;
		const char *name;
	} cases[] = {
		{ 0x1000, "waits" },	{ 0x101f, "waits" },
		{ 0x1020, NULL },	{ 0x1110, "big" },
		{ 0x113f, "big" },	{ 0x1140, NULL },
		{ 0x1200, "assembly" }, { 0x123f, "assembly" },
		{ 0x1240, NULL },	{ 0x1300, "by_fde" },
		{ 0x130f, "by_fde" },	{ 0x1310, NULL },
		{ 0x1400, "with_fde" }, { 0x141f, "with_fde" },
		{ 0x1420, NULL },
	};
	struct dwunw_symtab tab;
	struct dwunw_elf_symbol sym;
	dwunw_status_t status;
	size_t i;

	is_u64(open_table(spec, list, COUNT(list), 2, &tab), DWUNW_OK,
	       "without a size: opens");
	dwunw_symtab_limit(&tab, 0x1310, 0x1318);
	dwunw_symtab_limit(&tab, 0x1400, 0x1420);
	dwunw_symtab_limit(&tab, 0x500, 0x500);
	dwunw_symtab_limit(&tab, UINT64_MAX, 0);
	for (i = 0; i < COUNT(cases); i++) {
		status = dwunw_symtab_by_vaddr(&tab, cases[i].vaddr, &sym);
		is_str(status == DWUNW_OK ? sym.name : NULL, cases[i].name,
		       "without a size: ELF%d, 0x%" PRIx64,
		       spec->elf_class * 32, cases[i].vaddr);
	}
	for (i = 0; i < tab.count; i++)
		is_u64(dwunw_symtab_at(&tab, (uint32_t)i, &sym), DWUNW_OK,
		       "function %zu: %s", i, sym.name);
	is_u64(dwunw_symtab_at(&tab, tab.count, &sym), DWUNW_ERR_INVALID_ARG,
	       "there are no more");
}

/* Labels by the thousand do not hide the function that they are in. */
static void labels(void)
{
	static struct entry list[100];
	struct elf_spec spec = { ELF_ANY };
	struct dwunw_symtab tab;
	struct dwunw_elf_symbol sym = { .name = NULL };
	size_t i;

	for (i = 1; i < COUNT(list); i++)
		list[i] = (struct entry){ "l", 0x1000 + i, 0, 2, 1, 1 };
	list[0] = (struct entry){ "function", 0x1000, 0x100, 2, 1, 1 };
	(void)open_table(&spec, list, COUNT(list), 2, &tab);
	(void)dwunw_symtab_by_vaddr(&tab, 0x1080, &sym);
	is_str(sym.name, "function", "behind many labels");
}

/* Of two of one name, the one that other files see. */
static void same_name(void)
{
	static const struct entry list[] = {
		{ "f", 0x1000, 0x10, 2, 0, 1 },
		{ "f", 0x1100, 0x10, 2, 1, 1 },
		{ "f", 0x1200, 0x10, 2, 0, 1 },
	};
	struct elf_spec spec = { ELF_ANY };
	struct dwunw_symtab tab;
	struct dwunw_elf_symbol sym = { .vaddr = 0 };

	(void)open_table(&spec, list, COUNT(list), 2, &tab);
	(void)dwunw_symtab_by_name(&tab, "f", &sym);
	is_u64(sym.vaddr, 0x1100, "of one name: global before local");
}

static void mips(void)
{
	static const struct entry list[] = {
		{ "", 0, 0, 0, 0, 0 },
		{ "compressed", 0x1001, 0x10, 2, 1, 1 },
	};
	struct elf_spec spec = {
		.elf_class = 1, .data = 2, .machine = 8, .type = 2
	};
	struct dwunw_symtab tab;
	struct dwunw_elf_symbol sym = { .vaddr = 0 };

	(void)open_table(&spec, list, COUNT(list), 2, &tab);
	is_u64(dwunw_symtab_by_vaddr(&tab, 0x1000, &sym), DWUNW_OK,
	       "mips: the ISA bit is no address");
	is_u64(sym.vaddr, 0x1000, "mips: the address is even");
}

static void broken(void)
{
	struct elf_spec spec = { ELF_ANY };
	struct elf_part parts[] = {
		{ .name = ".symtab",
		  .type = 2,
		  .bytes = table,
		  .size = 72,
		  .link = 2,
		  .entry_size = 24 },
		{ .name = ".strtab", .type = 3, .bytes = "\0ab", .size = 3 },
	};
	struct dwunw_span span = { file, 0 };
	struct dwunw_source src;
	struct dwunw_arena arena;
	struct dwunw_symtab tab;
	struct dwunw_elf_symbol sym;
	struct dwunw_elf elf;
	struct elf_made made;
	struct out o = out_init(table, sizeof(table), false);
	static const struct {
		const char *title;
		uint64_t size, link;
		dwunw_status_t status;
	} cases[] = {
		{ "strings beyond the file", 1 << 20, 2, DWUNW_ERR_BAD_FORMAT },
		{ "strings of 2^40 bytes", 1ull << 40, 2,
		  DWUNW_ERR_BAD_FORMAT },
		{ "strings of 2^64 - 1 bytes", UINT64_MAX, 2,
		  DWUNW_ERR_BAD_FORMAT },
		{ "no string section", 3, 99, DWUNW_ERR_BAD_FORMAT },
		{ "names without an end", 3, 2, DWUNW_OK },
	};
	size_t i;

	put_zeros(&o, 24);
	for (i = 0; i < 2; i++) {
		put_u32(&o, i == 0 ? 1 : 0x7fffffff); /* "ab", far away */
		put_u8(&o, 0x12);
		put_u8(&o, 0);
		put_u16(&o, 1);
		put_u64(&o, 0x1000 + i * 0x100);
		put_u64(&o, 0x10);
	}
	for (i = 0; i < COUNT(cases); i++) {
		made = make_elf_at(file, sizeof(file), &spec, parts, 2);
		span.size = made.size;
		o = out_init(file, sizeof(file), false);
		set_uint(&o, (size_t)made.section_off + 2 * 64 + 32,
			 cases[i].size, 8);
		set_uint(&o, (size_t)made.section_off + 64 + 40, cases[i].link,
			 4);
		dwunw_source_from_span(&src, &span);
		(void)dwunw_elf_open(&elf, &src, NULL);
		src.view = NULL;
		elf.src = src;
		dwunw_arena_init(&arena, memory, sizeof(memory));
		is_u64(dwunw_symtab_open(&tab, &elf, &arena), cases[i].status,
		       "broken: %s", cases[i].title);
	}
	(void)dwunw_symtab_by_vaddr(&tab, 0x1000, &sym);
	is_str(sym.name, "", "a name without an end is empty");
	(void)dwunw_symtab_by_vaddr(&tab, 0x1100, &sym);
	is_str(sym.name, "", "a name outside the strings is empty");
	parts[0].size = 23;
	span.size = make_elf(file, sizeof(file), &spec, parts, 2);
	dwunw_source_from_span(&src, &span);
	(void)dwunw_elf_open(&elf, &src, NULL);
	dwunw_arena_init(&arena, memory, sizeof(memory));
	is_u64(dwunw_symtab_open(&tab, &elf, &arena), DWUNW_ERR_NO_DEBUG_DATA,
	       "a table of less than one symbol is none");
	span.size = make_elf(file, sizeof(file), &spec, parts + 1, 1);
	dwunw_source_from_span(&src, &span);
	(void)dwunw_elf_open(&elf, &src, NULL);
	is_u64(dwunw_symtab_open(&tab, &elf, &arena), DWUNW_ERR_NO_DEBUG_DATA,
	       "a file without symbols");
}

int main(void)
{
	static const uint32_t types[] = { 2, 11 };
	struct elf_spec spec = { .type = 3, .machine = 62 };
	size_t t;

	for (t = 0; t < 2; t++)
		for (spec.elf_class = 1; spec.elf_class <= 2; spec.elf_class++)
			for (spec.data = 1;
			     elf_is_read(spec.elf_class) && spec.data <= 2;
			     spec.data++)
				look_up(&spec, types[t]);
	nested();
	spec = (struct elf_spec){ ELF_ANY };
	sizeless(&spec);
	spec = (struct elf_spec){
		.elf_class = 1, .data = 2, .machine = 8, .type = 2
	};
	sizeless(&spec);
	labels();
	same_name();
	if (IS_ON(CONFIG_ARCH_MIPS32))
		mips();
	if (elf_is_read(2)) { /* its table has entries of 24 bytes */
		broken();
		many_aliases(63, "outer");
		many_aliases(64, "outer");
		many_aliases(65, "outer");
		many_aliases(100, "outer");
	}
	return done();
}
