/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/elf/elf.c: files of either class and order, whole, stripped or broken. */
#include <dwunw/elf.h>

#include "make_elf.h"
#include "tap.h"

static uint8_t file[1 << 16], other[1 << 16];
static _Alignas(16) uint8_t memory[4096];

static const struct {
	const char *title;
	struct elf_spec spec;
} kinds[] = {
	{ "ELF64 LE",
	  { .elf_class = 2,
	    .data = 1,
	    .machine = 62,
	    .type = 3,
	    .entry = 0x1010 } },
	{ "ELF64 BE",
	  { .elf_class = 2,
	    .data = 2,
	    .machine = 22,
	    .type = 2,
	    .entry = 0x1010 } },
	{ "ELF32 LE",
	  { .elf_class = 1,
	    .data = 1,
	    .machine = 8,
	    .type = 2,
	    .entry = 0x1010 } },
	{ "ELF32 BE",
	  { .elf_class = 1,
	    .data = 2,
	    .machine = 8,
	    .type = 3,
	    .entry = 0x1010 } },
};

static const uint8_t build_id[] = "\4\0\0\0\4\0\0\0\1\0\0\0GNU\0abcd"
				  "\4\0\0\0\5\0\0\0\3\0\0\0GNU\0\1\2\3\4\5\0\0";
static const uint8_t build_id_be[] =
	"\0\0\0\4\0\0\0\4\0\0\0\1GNU\0abcd"
	"\0\0\0\4\0\0\0\5\0\0\0\3GNU\0\1\2\3\4\5\0\0";

enum {
	TEXT,
	DATA,
	NOTE,
	BSS,
	PARTS
};

static struct elf_made make(const struct elf_spec *spec,
			    struct elf_part parts[PARTS])
{
	parts[TEXT] = (struct elf_part){ .name = ".text",
					 .vaddr = 0x1000,
					 .bytes = "text bytes here",
					 .size = 16,
					 .segment = PART_LOAD,
					 .flags = 6 };
	parts[DATA] = (struct elf_part){ .name = ".data",
					 .vaddr = 0x3000,
					 .bytes = "data",
					 .size = 4,
					 .segment = PART_LOAD,
					 .segment_flags = 6,
					 .mem_size = 0x100 };
	parts[NOTE] = (struct elf_part){ .name = ".note.gnu.build-id",
					 .type = 7,
					 .vaddr = 0x2000,
					 .bytes = spec->data == 2 ?
							  build_id_be :
							  build_id,
					 .size = sizeof(build_id) - 1,
					 .segment = PART_NOTE };
	parts[BSS] = (struct elf_part){
		.name = ".bss", .type = 8, .vaddr = 0x3004, .size = 1 << 20
	};
	return make_elf_at(file, sizeof(file), spec, parts, PARTS);
}

static dwunw_status_t open_bytes(struct dwunw_elf *elf, const uint8_t *bytes,
				 size_t size, struct dwunw_arena *arena)
{
	static struct dwunw_span span;
	struct dwunw_source src;

	span = (struct dwunw_span){ bytes, size };
	dwunw_source_from_span(&src, &span);
	return dwunw_elf_open(elf, &src, arena);
}

static void addresses(const struct dwunw_elf *elf, const struct elf_part *parts,
		      const char *title)
{
	struct dwunw_segment s;
	char bytes[17] = "";
	uint64_t at = 0;

	is_u64(dwunw_elf_segment(elf, 0x3080, &s), DWUNW_OK,
	       "%s: a segment by an address in its zeros", title);
	is_u64(s.vaddr, 0x3000, "%s: it starts there", title);
	is_u64(s.flags, 6, "%s: with its flags", title);
	is_u64(s.align_log2, 4, "%s: and alignment", title);
	is_u64(dwunw_elf_segment(elf, 0x3100, &s), DWUNW_ERR_INVALID_ARG,
	       "%s: none behind its end", title);
	is_u64(dwunw_elf_segment(elf, 0xfff, &s), DWUNW_ERR_INVALID_ARG,
	       "%s: none before the first", title);
	is_u64(dwunw_elf_vaddr_to_off(elf, 0x1005, &at), DWUNW_OK,
	       "%s: a file offset", title);
	is_u64(at, parts[TEXT].off + 5, "%s: is in .text", title);
	is_u64(dwunw_elf_vaddr_to_off(elf, 0x3004, &at), DWUNW_ERR_INVALID_ARG,
	       "%s: zeros have no offset", title);
	is_u64(dwunw_elf_off_to_vaddr(elf, parts[DATA].off + 3, &at), DWUNW_OK,
	       "%s: and back", title);
	is_u64(at, 0x3003, "%s: to the address", title);
	is_u64(dwunw_elf_off_to_vaddr(elf, parts[DATA].off + 4, &at),
	       DWUNW_ERR_INVALID_ARG, "%s: behind the segment is none", title);
	is_u64(dwunw_elf_read(elf, 0x1000, bytes, 16), DWUNW_OK,
	       "%s: bytes by address", title);
	is_str(bytes, "text bytes here", "%s: are those", title);
	is_u64(dwunw_elf_read(elf, 0x1001, bytes, 16), DWUNW_ERR_INVALID_ARG,
	       "%s: all or nothing", title);
}

static void sections(const struct dwunw_elf *elf, const struct elf_part *parts,
		     const char *title)
{
	struct dwunw_section s;
	char name[32], few[5];

	is_u64(dwunw_elf_section(elf, ".text", &s), DWUNW_OK, "%s: .text",
	       title);
	ok(s.vaddr == 0x1000 && s.size == 16 && s.off == parts[TEXT].off &&
		   s.type == 1 && s.flags == 6,
	   "%s: .text has its address, offset, size, type, flags", title);
	is_u64(dwunw_elf_section(elf, ".tex", &s), DWUNW_ERR_NO_DEBUG_DATA,
	       "%s: no .tex", title);
	is_u64(dwunw_elf_section(elf, ".bss", &s), DWUNW_ERR_NO_DEBUG_DATA,
	       "%s: .bss has no bytes", title);
	is_u64(dwunw_elf_section(elf, "data", &s), DWUNW_ERR_NO_DEBUG_DATA,
	       "%s: the end of a name is no name", title);
	is_u64(dwunw_elf_section_at(elf, 2, &s, name, sizeof(name)), DWUNW_OK,
	       "%s: section 2", title);
	is_str(name, ".data", "%s: is .data", title);
	is_u64(dwunw_elf_section_at(elf, 2, &s, few, sizeof(few)), DWUNW_OK,
	       "%s: with little room for its name", title);
	is_str(few, ".dat", "%s: it is cut", title);
	is_u64(dwunw_elf_section_at(elf, elf->section_count, &s, name, 9),
	       DWUNW_ERR_INVALID_ARG, "%s: no section at the count", title);
}

static void whole(size_t k, bool kept, bool extended)
{
	struct elf_spec spec = kinds[k].spec;
	struct elf_part parts[PARTS];
	struct dwunw_arena arena;
	struct dwunw_elf elf;
	struct dwunw_program_header h;
	struct elf_made made;
	uint8_t id[DWUNW_BUILD_ID_MAX];
	size_t id_size = 0;
	char title[64];

	snprintf(title, sizeof(title), "%s%s%s", kinds[k].title,
		 kept ? ", kept" : "", extended ? ", extended" : "");
	spec.extended = extended;
	made = make(&spec, parts);
	dwunw_arena_init(&arena, memory, sizeof(memory));
	if (!is_u64(open_bytes(&elf, file, made.size, kept ? &arena : NULL),
		    DWUNW_OK, "%s opens", title))
		return;
	is_u64(elf.machine, spec.machine, "%s: machine", title);
	is_u64(elf.type, spec.type, "%s: type", title);
	is_u64(elf.entry, 0x1010, "%s: entry", title);
	is_u64(elf.elf_class, spec.elf_class, "%s: class", title);
	is_u64(elf.data, spec.data, "%s: byte order", title);
	is_u64(elf.segment_count, 2, "%s: segments", title);
	is_u64(elf.program_count, 3, "%s: program headers", title);
	is_u64(elf.section_count, PARTS + 2, "%s: sections", title);
	ok((elf.segments != NULL) == kept, "%s: segments in the arena or not",
	   title);
	is_u64(dwunw_elf_program_header(&elf, 2, &h), DWUNW_OK,
	       "%s: the third program header", title);
	is_u64(h.type, PART_NOTE, "%s: is the note", title);
	is_u64(dwunw_elf_program_header(&elf, 3, &h), DWUNW_ERR_INVALID_ARG,
	       "%s: there is no fourth", title);
	addresses(&elf, parts, title);
	sections(&elf, parts, title);
	is_u64(dwunw_elf_build_id(&elf, id, &id_size), DWUNW_OK, "%s: build id",
	       title);
	ok(id_size == 5 && !memcmp(id, "\1\2\3\4\5", 5),
	   "%s: it is the second note", title);
}

static void stripped(size_t k)
{
	struct elf_spec spec = kinds[k].spec;
	struct elf_part parts[PARTS];
	struct dwunw_elf elf;
	struct dwunw_section s;
	uint8_t id[DWUNW_BUILD_ID_MAX];
	size_t id_size = 0;
	struct elf_made made;

	spec.no_sections = true;
	made = make(&spec, parts);
	is_u64(open_bytes(&elf, file, made.size, NULL), DWUNW_OK,
	       "%s without sections opens", kinds[k].title);
	is_u64(elf.section_count, 0, "%s: it has none", kinds[k].title);
	is_u64(dwunw_elf_section(&elf, ".text", &s), DWUNW_ERR_NO_DEBUG_DATA,
	       "%s: nor one by name", kinds[k].title);
	is_u64(dwunw_elf_build_id(&elf, id, &id_size), DWUNW_OK,
	       "%s: the build id is in a segment", kinds[k].title);
	addresses(&elf, parts, "without sections");
}

/* Bytes of the header that contradict the file. */
static void broken(void)
{
	static const struct {
		const char *title;
		size_t at;
		unsigned int size;
		uint64_t value;
		dwunw_status_t status;
		uint32_t sections;
	} cases[] = {
		{ "magic", 0, 1, 0x7e, DWUNW_ERR_BAD_FORMAT, 0 },
		{ "class 0", 4, 1, 0, DWUNW_ERR_BAD_FORMAT, 0 },
		{ "class 3", 4, 1, 3, DWUNW_ERR_BAD_FORMAT, 0 },
		{ "byte order 0", 5, 1, 0, DWUNW_ERR_BAD_FORMAT, 0 },
		{ "byte order 3", 5, 1, 3, DWUNW_ERR_BAD_FORMAT, 0 },
		{ "program headers beyond the file", 32, 8, 1 << 20,
		  DWUNW_ERR_BAD_FORMAT, 0 },
		{ "program headers at 2^64 - 1", 32, 8, UINT64_MAX,
		  DWUNW_ERR_BAD_FORMAT, 0 },
		{ "more program headers than fit", 56, 2, 0x7fff,
		  DWUNW_ERR_BAD_FORMAT, 0 },
		{ "program headers of 55 bytes", 54, 2, 55,
		  DWUNW_ERR_BAD_FORMAT, 0 },
		{ "program headers of 0 bytes", 54, 2, 0, DWUNW_ERR_BAD_FORMAT,
		  0 },
		{ "no program headers", 56, 2, 0, DWUNW_OK, PARTS + 2 },
		{ "section headers beyond the file", 40, 8, 1 << 20, DWUNW_OK,
		  0 },
		{ "section headers at 2^64 - 1", 40, 8, UINT64_MAX, DWUNW_OK,
		  0 },
		{ "more section headers than fit", 60, 2, 0x7fff, DWUNW_OK, 0 },
		{ "section headers of 63 bytes", 58, 2, 63, DWUNW_OK, 0 },
		{ "names beyond the sections", 62, 2, 99, DWUNW_OK, PARTS + 2 },
		{ "names in .bss", 62, 2, BSS + 1, DWUNW_OK, PARTS + 2 },
	};
	struct elf_part parts[PARTS];
	struct elf_made made = make(&kinds[0].spec, parts);
	struct dwunw_section s;
	struct dwunw_elf elf;
	struct out o;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		memcpy(other, file, made.size);
		o = out_init(other, sizeof(other), false);
		set_uint(&o, cases[i].at, cases[i].value, cases[i].size);
		is_u64(open_bytes(&elf, other, made.size, NULL),
		       cases[i].status, "broken: %s", cases[i].title);
		if (cases[i].status == DWUNW_OK)
			is_u64(elf.section_count, cases[i].sections,
			       "broken: %s, sections", cases[i].title);
	}
	/* a section that ends behind the file is none; the others stay */
	memcpy(other, file, made.size);
	o = out_init(other, sizeof(other), false);
	set_uint(&o, (size_t)made.section_off + 64 + 32, made.size, 8);
	is_u64(open_bytes(&elf, other, made.size, NULL), DWUNW_OK,
	       "a section of the file's size opens");
	is_u64(dwunw_elf_section(&elf, ".text", &s), DWUNW_ERR_NO_DEBUG_DATA,
	       "a section that ends behind the file is not there");
	is_u64(dwunw_elf_section(&elf, ".data", &s), DWUNW_OK,
	       "its neighbour is");
	for (i = 0; i < 64; i++)
		if (open_bytes(&elf, file, i, NULL) != DWUNW_ERR_BAD_FORMAT)
			break;
	is_u64(i, 64, "a header cut at any byte is BAD_FORMAT");
	is_u64(dwunw_elf_open(NULL, NULL, NULL), DWUNW_ERR_INVALID_ARG,
	       "no file at all");
}

static void notes(void)
{
	static const struct {
		const char *title, *hex;
		dwunw_status_t status;
	} cases[] = {
		{ "none", "", DWUNW_ERR_NO_DEBUG_DATA },
		{ "cut in its head", "04 00 00 00 05 00 00 00 03 00",
		  DWUNW_ERR_NO_DEBUG_DATA },
		{ "another owner",
		  "04000000 04000000 03000000 474e5400 01020304",
		  DWUNW_ERR_NO_DEBUG_DATA },
		{ "descriptor behind the end",
		  "04000000 05000000 03000000 474e5500 01020304",
		  DWUNW_ERR_NO_DEBUG_DATA },
		{ "descriptor of 33 bytes",
		  "04000000 21000000 03000000 474e5500 01020304 01020304"
		  "01020304 01020304 01020304 01020304 01020304 01020304"
		  "01020304",
		  DWUNW_ERR_NO_DEBUG_DATA },
		{ "empty descriptor", "04000000 00000000 03000000 474e5500",
		  DWUNW_ERR_NO_DEBUG_DATA },
		{ "name of 2^32 - 1 bytes",
		  "ffffffff 04000000 03000000 474e5500 01020304",
		  DWUNW_ERR_NO_DEBUG_DATA },
		{ "sizes that wrap 32 bits",
		  "fdffffff ffffffff 01000000 474e5500"
		  "04000000 04000000 03000000 474e5500 01020304",
		  DWUNW_ERR_NO_DEBUG_DATA },
		{ "good", "04000000 04000000 03000000 474e5500 01020304",
		  DWUNW_OK },
		{ "good, not padded", "04000000 01000000 03000000 474e5500 01",
		  DWUNW_OK },
	};
	struct elf_spec spec = { ELF_ANY };
	uint8_t bytes[128], id[DWUNW_BUILD_ID_MAX];
	struct dwunw_elf elf;
	size_t i, size;
	int by;

	for (i = 0; i < COUNT(cases); i++)
		for (by = 0; by < 2; by++) {
			struct elf_part part = { .bytes = bytes };

			part.size =
				from_hex(cases[i].hex, bytes, sizeof(bytes));
			if (by) {
				part.name = ".note";
				part.type = 7;
			} else {
				part.segment = PART_NOTE;
			}
			spec.no_sections = !by;
			size = make_elf(file, sizeof(file), &spec, &part, 1);
			(void)open_bytes(&elf, file, size, NULL);
			is_u64(dwunw_elf_build_id(&elf, id, &size),
			       cases[i].status, "build id in a %s: %s",
			       by ? "section" : "segment", cases[i].title);
		}
}

/* … of 64 bits, where there is no target that has such. */
static void refused(size_t k)
{
	struct elf_part part = { .bytes = file, .size = 4 };
	struct dwunw_span span = { other, 0 };
	struct dwunw_source src;
	struct dwunw_elf elf;

	span.size = make_elf(other, sizeof(other), &kinds[k].spec, &part, 1);
	dwunw_source_from_span(&src, &span);
	is_u64(dwunw_elf_open(&elf, &src, NULL), DWUNW_ERR_UNSUPPORTED_ARCH,
	       "%s: not in this build", kinds[k].title);
}

int main(void)
{
	size_t k;

	for (k = 0; k < COUNT(kinds); k++) {
		if (!elf_is_read(kinds[k].spec.elf_class)) {
			refused(k);
			continue;
		}
		whole(k, false, false);
		whole(k, true, false);
		whole(k, true, true);
		stripped(k);
	}
	if (elf_is_read(kinds[0].spec.elf_class))
		broken();
	notes();
	return done();
}
