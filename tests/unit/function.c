/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * core/scan/function.c and core/scan/starts.c: bounds by what a file says, on text that
 * says nothing itself: `push %rax` all over, or `nop` of mips, has no end and
 * no call. So whatever bound is found comes from the lists under test.
 */
#include "make_elf.h"
#include "tap.h"

#include "core/scan/function.h"

#include <stdlib.h>

#if IS_ON(CONFIG_SCAN_X86_64)

enum {
	TEXT = 0x1000, /* … to 0x2000 */
	ARRAY = 0x3000,
	TAGS = 0x4000,
	RELA = 0x5000,
	FRAME = 0x6000,
	SYMBOLS = 0x7000,
	HASH = 0x8000,
};

static uint8_t file[65536];
static _Alignas(16) uint8_t block[65536];
static _Alignas(16) uint8_t memory[65536];
static uint8_t code[0x1000], array[256], tags[512], rela[512], frame[1024];
static uint8_t symbols[512], hash[8];
static struct dwu_scan_memory scan;
static struct dwunw_module module;
static struct dwunw_span span;
static struct dwunw_source src;
static struct dwunw_arena arena;

/* A file that is put together; sizes 0: without that part. */
static struct {
	struct elf_spec spec;
	struct out array, tags, rela, symbols;
	struct cfi_out frame;
	uint32_t array_type;
	const char *text_name;
	uint64_t text_flags;
	uint32_t symbols_type;
} f;

static void begin(bool wide, bool big)
{
	memset(&f, 0, sizeof(f));
	memset(code, wide ? 0x50 : 0, sizeof(code));
	f.spec = wide ? (struct elf_spec){ ELF_X86_64, .no_sections = true } :
			(struct elf_spec){ .elf_class = 1,
					   .data = big ? 2 : 1,
					   .machine = 8,
					   .type = 3,
					   .no_sections = true };
	f.array = out_init(array, sizeof(array), big);
	f.tags = out_init(tags, sizeof(tags), big);
	f.rela = out_init(rela, sizeof(rela), big);
	f.symbols = out_init(symbols, sizeof(symbols), big);
	f.symbols_type = 2;
	f.frame = (struct cfi_out){ .o = out_init(frame, sizeof(frame), big),
				    .vaddr = FRAME,
				    .address_size = wide ? 8 : 4 };
}

static void put_tag(uint64_t tag, uint64_t value)
{
	put_word(&f.tags, &f.spec, tag);
	put_word(&f.tags, &f.spec, value);
}

static void put_rela(uint64_t at, uint64_t value)
{
	put_u64(&f.rela, at);
	put_u64(&f.rela, 8); /* R_X86_64_RELATIVE */
	put_u64(&f.rela, value);
}

/* Elf32_Sym and Elf64_Sym have the same fields in different places. */
static void put_symbol(uint64_t at, uint64_t size)
{
	bool wide = f.spec.elf_class == 2;

	put_u32(&f.symbols, 0);
	if (!wide) {
		put_u32(&f.symbols, at);
		put_u32(&f.symbols, size);
	}
	put_u8(&f.symbols, 2); /* STT_FUNC */
	put_u8(&f.symbols, 0);
	put_u16(&f.symbols, 1);
	if (wide) {
		put_u64(&f.symbols, at);
		put_u64(&f.symbols, size);
	}
}

/* Those there are become the dynamic ones, counted by DT_HASH. */
static void dynamic_symbols(void)
{
	struct out o = out_init(hash, sizeof(hash), f.symbols.big);

	put_u32(&o, 1);
	put_u32(&o, f.symbols.size / (f.spec.elf_class == 2 ? 24 : 16));
	f.symbols_type = 11;
	put_tag(4, HASH);
	put_tag(5, SYMBOLS); /* no name is asked for */
	put_tag(6, SYMBOLS);
	put_tag(10, 1);
	put_tag(0, 0);
}

static void open_file(void)
{
	struct elf_part parts[] = {
		{ .name = f.text_name ? f.text_name : ".text",
		  .flags = f.text_flags,
		  .vaddr = TEXT,
		  .bytes = code,
		  .size = sizeof(code),
		  .segment = PART_LOAD },
		{ .name = ".array",
		  .type = f.array_type,
		  .vaddr = ARRAY,
		  .bytes = array,
		  .size = f.array.size,
		  .segment = PART_LOAD,
		  .segment_flags = 6 },
		{ .name = ".rela.dyn",
		  .vaddr = RELA,
		  .bytes = rela,
		  .size = f.rela.size,
		  .segment = PART_LOAD,
		  .segment_flags = 4 },
		{ .name = ".dynamic",
		  .vaddr = TAGS,
		  .bytes = tags,
		  .size = f.tags.size,
		  .segment = 2,
		  .segment_flags = 6 },
		{ .name = ".eh_frame",
		  .vaddr = FRAME,
		  .bytes = frame,
		  .size = f.frame.o.size,
		  .segment = PART_LOAD,
		  .segment_flags = 4 },
		{ .name = ".hash",
		  .vaddr = HASH,
		  .bytes = hash,
		  .size = sizeof(hash),
		  .segment = PART_LOAD,
		  .segment_flags = 4 },
		{ .name = f.symbols_type == 2 ? ".symtab" : ".dynsym",
		  .type = f.symbols_type,
		  .vaddr = SYMBOLS,
		  .bytes = symbols,
		  .size = f.symbols.size,
		  .segment = f.symbols_type == 2 ? 0 : PART_LOAD,
		  .segment_flags = 4 },
	};

	span.data = file;
	span.size = make_elf(file, sizeof(file), &f.spec, parts, COUNT(parts));
	dwunw_source_from_span(&src, &span);
	dwunw_arena_init(&arena, memory, sizeof(memory));
	if (dwunw_module_open(&module, &src, 1, &arena) != DWUNW_OK)
		abort();
	memset(&scan, 0, sizeof(scan));
	dwu_scan_memory_init(&scan, block, sizeof(block));
}

static struct dwu_function function;

/* "1100..1200", with "!" before it if nothing called that. */
static const char *bounds_at(uint64_t vaddr, uint32_t flags)
{
	static char text[64];
	uint8_t result =
		dwu_function_find(&scan, &module, vaddr, flags, &function);

	if (result != DWUNW_SCAN_OK)
		return dwunw_scan_result_name(result);
	snprintf(text, sizeof(text), "%s%x..%x", function.entry ? "!" : "",
		 TEXT + function.start, TEXT + function.end);
	return text;
}

static void loaders(void)
{
	begin(true, false);
	open_file();
	is_str(bounds_at(0x1800, 0), "1000..2000", "a file that says nothing");

	begin(true, false);
	f.spec.entry = 0x1100;
	f.spec.type = 2;
	put_tag(12, 0x1200);
	put_tag(13, 0x1300);
	put_tag(0, 0);
	put_tag(13, 0x1400);
	open_file();
	is_str(bounds_at(0x1080, 0), "1000..1100", "before the entry point");
	is_str(bounds_at(0x1180, 0), "!1100..1200", "e_entry, DT_INIT");
	is_str(bounds_at(0x1280, 0), "1200..1300", "DT_INIT, DT_FINI");
	is_str(bounds_at(0x1480, 0), "1300..2000", "nothing behind DT_NULL");
	is_str(bounds_at(0x1280, DWUNW_SCAN_NO_SYMBOLS), "1200..1300",
	       "a stripped file has them as well");
	memset(code + 0x100, 0xc3, 1);
	open_file();
	is_str(bounds_at(0x1100, 0), "1100..1101",
	       "what returns is no program's first function");
}

static void arrays(void)
{
	begin(true, false);
	put_u64(&f.array, 0x1500);
	put_u64(&f.array, 0);
	put_u64(&f.array, UINT64_MAX);
	put_u64(&f.array, 0x1700);
	put_tag(25, ARRAY);
	put_tag(27, 24);
	put_tag(26, ARRAY + 24);
	put_tag(28, 8);
	open_file();
	is_str(bounds_at(0x1600, 0), "1500..1700",
	       "DT_INIT_ARRAY and DT_FINI_ARRAY, values in the file");

	begin(true, false);
	put_zeros(&f.array, 16);
	put_tag(25, ARRAY);
	put_tag(27, 16);
	put_tag(7, RELA);
	put_tag(8, 5 * 24);
	put_tag(0x6ffffff9, 4);
	put_rela(ARRAY - 16, 0x1100);
	put_rela(ARRAY, 0x1500);
	put_rela(ARRAY + 8, 0x1700);
	put_rela(ARRAY + 16, 0x1600);
	put_rela(0, 0x1580);
	open_file();
	is_str(bounds_at(0x1680, 0), "1500..1700",
	       "relocations of the array, and no others");
	is_str(bounds_at(0x1180, 0), "1000..1500", "… from its start");

	begin(true, false);
	put_zeros(&f.array, 16);
	put_tag(25, ARRAY);
	put_tag(27, UINT64_MAX);
	put_tag(7, RELA);
	put_tag(8, UINT64_MAX);
	put_tag(0x6ffffff9, UINT64_MAX);
	put_rela(ARRAY, 0x1500);
	open_file();
	is_str(bounds_at(0x1680, 0), "1000..2000", "sizes that are lies");

	begin(true, false);
	f.spec.no_sections = false;
	f.text_flags = 4;
	f.array_type = 15;
	put_u64(&f.array, 0x1500);
	open_file();
	is_str(bounds_at(0x1680, 0), "1500..2000",
	       "a static program's .fini_array, by its section");
	begin(true, false);
	f.spec.no_sections = false;
	f.text_flags = 4;
	f.text_name = ".init";
	memset(code + 0x80, 0xc3, 1);
	open_file();
	is_str(bounds_at(0x1800, 0), "1000..2000", ".init is one function");
}

static void neighbours(void)
{
	uint64_t cie;

	begin(true, false);
	f.spec.no_sections = false;
	f.text_flags = 4;
	cie = put_cie(&f.frame, &(struct cie_spec){ .encoding = 0 });
	(void)put_fde(&f.frame, &(struct fde_spec){ .cie = cie,
						    .start = 0x1100,
						    .size = 0x80 });
	(void)put_fde(&f.frame, &(struct fde_spec){ .cie = cie,
						    .start = 0x1300,
						    .size = 0x40 });
	(void)put_fde(&f.frame, &(struct fde_spec){ .cie = cie,
						    .start = 0x1600,
						    .size = 0x40 });
	(void)put_fde(&f.frame, &(struct fde_spec){ .cie = cie,
						    .start = 0x1700,
						    .size = 0x40 });
	put_u32(&f.frame.o, 0);
	/* these return; the third runs on; the last one ends with a call */
	code[0x17f] = code[0x33f] = 0xc3;
	code[0x73b] = 0xe8;
	put_zeros(&f.symbols, 24);
	put_symbol(0x1400, 0);
	put_symbol(0x1500, 0x20);
	put_symbol(0x1170, 0x20);
	open_file();
	is_str(bounds_at(0x1050, 0), "1000..1100", "before the first FDE");
	is_str(bounds_at(0x1110, 0), "1100..1180", "an FDE");
	is_str(bounds_at(0x1200, 0), "1190..1300",
	       "between two FDEs, behind a symbol that reaches into the gap");
	is_str(bounds_at(0x1174, 0), "1170..1190",
	       "a symbol's range goes before that of an FDE");
	is_str(bounds_at(0x1320, 0), "1300..1340", "another FDE");
	is_str(bounds_at(0x1350, 0), "1340..1400",
	       "behind the last FDE, to a symbol");
	is_str(bounds_at(0x1450, 0), "1400..1500",
	       "a symbol of no size, to the next one");
	is_str(bounds_at(0x1508, 0), "1500..1520", "a symbol of its own size");
	is_str(bounds_at(0x1650, 0), "1600..1700",
	       "what code with an FDE runs on into is the same function");
	is_str(bounds_at(0x1750, 0), "1740..2000",
	       "… but not what stands behind a call that may not return");
	is_str(bounds_at(0x1200, DWUNW_SCAN_NO_SYMBOLS), "1180..1340",
	       "by returns alone, as in a file without any");
}

/* They list some functions, whether sections say where they are or not. */
static void dynamic(bool sections)
{
	const char *by = sections ? ".dynsym" : "PT_DYNAMIC";

	begin(true, false);
	f.spec.no_sections = !sections;
	f.text_flags = 4;
	put_zeros(&f.symbols, 24);
	put_symbol(0x1300, 0);
	put_symbol(0x1100, 0x40);
	put_symbol(0x1400, 0x20);
	put_symbol(0x1900, 0);
	/* ret, no-ops; call 0x1380 */
	memset(code + 0x340, 0x90, 16);
	code[0x340] = 0xc3;
	memcpy(code + 0x800, "\xe8\x7b\xfb\xff\xff", 5);
	dynamic_symbols();
	open_file();
	is_str(bounds_at(0x1080, 0), "1000..1100", "%s: before the first", by);
	is_str(bounds_at(0x1110, 0), "1100..1140", "%s: one of a size", by);
	is_str(bounds_at(0x1200, 0), "1140..1300", "%s: … and behind it", by);
	is_str(bounds_at(0x1310, 0), "1300..1350", "%s: one of none", by);
	is_str(bounds_at(0x1360, 0), "1350..1380",
	       "%s: behind it, by its return", by);
	is_str(bounds_at(0x1390, 0), "1380..1400", "%s: … and by who calls it",
	       by);
	is_str(bounds_at(0x1500, 0), "1420..1805",
	       "%s: behind the last of a size", by);
	is_str(bounds_at(0x1910, 0), "1900..2000", "%s: the last one", by);
}

/* FDEs of `count` functions of 16 bytes, 32 bytes each, from 0x1100 on. */
static bool gap_of(uint32_t count, uint64_t vaddr)
{
	uint64_t cie;
	uint32_t i;

	begin(true, false);
	cie = put_cie(&f.frame, &(struct cie_spec){ .encoding = 0 });
	for (i = 0; i < count; i++)
		(void)put_fde(&f.frame,
			      &(struct fde_spec){ .cie = cie,
						  .start = 0x1100 + i * 0x20,
						  .size = 0x10 });
	put_u32(&f.frame.o, 0);
	f.spec.no_sections = false;
	f.text_flags = 4;
	put_zeros(&f.symbols, 24);
	put_symbol(0x1800, 0x10);
	put_symbol(0x1880, 0x10);
	f.symbols_type = 11;
	open_file();
	(void)bounds_at(vaddr, 0);
	return function.gap;
}

/* Code around a gap is all that is swept: so it must be one. */
static void gaps(void)
{
	is_u64(gap_of(3, 0x1118), true, "between two FDEs of many");
	is_u64(gap_of(3, 0x1080), true, "before the first of them");
	is_u64(gap_of(2, 0x1118), false, "an FDE for 2 KB of code says little");
	is_u64(gap_of(0, 0x1118), false, "none says nothing");
	is_u64(gap_of(3, 0x1850), false,
	       "nor does most of the code without one, between symbols or not");
}
#endif

#if IS_ON(CONFIG_SCAN_X86_64) && IS_ON(CONFIG_ARCH_MIPS32) && \
	IS_ON(CONFIG_SCAN_MIPS32)
static void mips(bool big)
{
	const char *order = big ? "big-endian" : "little-endian";

	begin(false, big);
	memset(code, 0x24, sizeof(code)); /* addiu a0, at, … */
	f.spec.entry = 0x1100;
	f.spec.type = 2;
	put_u32(&f.array, 0x1501);
	put_u32(&f.array, 0x1700);
	put_tag(32, ARRAY);
	put_tag(33, 8);
	open_file();
	is_str(bounds_at(0x1200, 0), "!1100..1500", "mips, %s: e_entry", order);
	is_str(bounds_at(0x1600, 0), "undecodable",
	       "mips, %s: DT_PREINIT_ARRAY names other code", order);
	is_str(bounds_at(0x1800, 0), "1700..2000", "mips, %s: … and this",
	       order);
	f.spec.flags = 0x04000000; /* EF_MIPS_ARCH_ASE_M16 */
	open_file();
	(void)bounds_at(0x1600, 0);
	is_u64(function.isa, IS_ON(CONFIG_SCAN_MIPS16),
	       "mips, %s: bit 0 says MIPS16e", order);

	begin(false, big);
	memset(code, 0x24, sizeof(code));
	put_zeros(&f.symbols, 16);
	put_symbol(0x1300, 0);
	put_symbol(0x1100, 0x40);
	dynamic_symbols();
	open_file();
	is_str(bounds_at(0x1110, 0), "1100..1140", "mips, %s: a dynamic symbol",
	       order);
	is_str(bounds_at(0x1200, 0), "1140..1300", "mips, %s: behind it",
	       order);
	is_str(bounds_at(0x1310, 0), "1300..2000", "mips, %s: one of no size",
	       order);
}
#endif

int main(void)
{
#if IS_ON(CONFIG_SCAN_X86_64)
	loaders();
	arrays();
	neighbours();
	dynamic(true);
	dynamic(false);
	gaps();
#if IS_ON(CONFIG_ARCH_MIPS32) && IS_ON(CONFIG_SCAN_MIPS32)
	mips(false);
	mips(true);
#endif
	return done();
#else
	return skip_all("built without CONFIG_SCAN_X86_64");
#endif
}
