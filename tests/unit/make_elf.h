/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * make_elf.h - ELF files and CFI sections made in memory, byte by byte, of
 * either class and either byte order: both are data here as in the core.
 *
 *   struct out o = out_init(room, sizeof(room), big);
 *   put_u32(&o, 1); put_uleb(&o, 300);
 *
 *   struct elf_part parts[] = { { .name = ".text", ... }, ... };
 *   size_t size = make_elf(file, sizeof(file), &spec, parts, COUNT(parts));
 *
 * Whatever does not fit the room aborts: a test is wrong then.
 */
#ifndef MAKE_ELF_H
#define MAKE_ELF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- bytes ------------------------------------------------------------- */

struct out {
	uint8_t *bytes;
	size_t room;
	size_t size;
	bool big;
};

static inline struct out out_init(uint8_t *bytes, size_t room, bool big)
{
	return (struct out){ .bytes = bytes, .room = room, .big = big };
}

static inline void put_bytes(struct out *o, const void *bytes, size_t size)
{
	if (size > o->room - o->size)
		abort();
	if (size > 0)
		memcpy(o->bytes + o->size, bytes, size);
	o->size += size;
}

static inline void put_uint(struct out *o, uint64_t value, unsigned int size)
{
	uint8_t bytes[8];
	unsigned int i;

	for (i = 0; i < size; i++)
		bytes[o->big ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
	put_bytes(o, bytes, size);
}

static inline void put_u8(struct out *o, uint64_t value)
{
	put_uint(o, value, 1);
}

static inline void put_u16(struct out *o, uint64_t value)
{
	put_uint(o, value, 2);
}

static inline void put_u32(struct out *o, uint64_t value)
{
	put_uint(o, value, 4);
}

static inline void put_u64(struct out *o, uint64_t value)
{
	put_uint(o, value, 8);
}

static inline void put_string(struct out *o, const char *s)
{
	put_bytes(o, s, strlen(s) + 1);
}

static inline void put_uleb(struct out *o, uint64_t value)
{
	do {
		uint8_t byte = value & 0x7f;

		value >>= 7;
		put_u8(o, value ? byte | 0x80u : byte);
	} while (value);
}

static inline void put_sleb(struct out *o, int64_t value)
{
	for (;;) {
		uint8_t byte = (uint8_t)((uint64_t)value & 0x7f);
		bool end;

		value = value < 0 ? -((-(value + 1)) / 128) - 1 : value / 128;
		end = (value == 0 && !(byte & 0x40)) ||
		      (value == -1 && (byte & 0x40));
		put_u8(o, end ? byte : byte | 0x80u);
		if (end)
			return;
	}
}

static inline void put_zeros(struct out *o, size_t size)
{
	while (size--)
		put_u8(o, 0);
}

static inline void put_align(struct out *o, size_t align)
{
	while (o->size % align)
		put_u8(o, 0);
}

/* Overwrites what stands at `at`. */
static inline void set_uint(struct out *o, size_t at, uint64_t value,
			    unsigned int size)
{
	struct out there = out_init(o->bytes + at, size, o->big);

	if (at + size > o->room)
		abort();
	put_uint(&there, value, size);
}

/* "0a ff 10" -> bytes; spaces are free. */
static inline size_t from_hex(const char *hex, uint8_t *bytes, size_t room)
{
	size_t size = 0;
	int digits = 0;
	unsigned int value = 0;

	for (; *hex; hex++) {
		const char *digit;

		if (*hex == ' ')
			continue;
		digit = strchr("0123456789abcdef", *hex);
		if (!digit || size == room)
			abort();
		value = value << 4 | (unsigned int)(digit - "0123456789abcdef");
		if (++digits % 2 == 0)
			bytes[size++] = (uint8_t)value;
	}
	return size;
}

/* --- ELF (gABI 4) ------------------------------------------------------- */

struct elf_spec {
	uint8_t elf_class; /* 1: 32 bits, 2: 64 bits */
	uint8_t data;	   /* 1: little-endian, 2: big-endian */
	uint16_t machine;
	uint16_t type;
	uint64_t entry;
	uint32_t flags;	  /* e_flags */
	bool no_sections; /* as if stripped of the section headers */
	bool extended;	  /* the numbers stand in section 0 */
};

/* x86_64, a shared object. */
#define ELF_X86_64 .elf_class = 2, .data = 1, .machine = 62, .type = 3

/* The same, but for a build that reads files of 32 bits alone. */
#if IS_ON(CONFIG_ARCH_32BIT_ONLY)
#define ELF_ANY .elf_class = 1, .data = 1, .machine = 8, .type = 3
#else
#define ELF_ANY ELF_X86_64
#endif

/* Does this build read files of this class? */
static inline bool elf_is_read(uint8_t elf_class)
{
	return !IS_ON(CONFIG_ARCH_32BIT_ONLY) || elf_class == 1;
}

enum {
	PART_LOAD = 1,
	PART_NOTE = 4,
	PART_EH_HDR = 0x6474e550
};

/* Some bytes of the file; a section, what a program header shows, or both. */
struct elf_part {
	const char *name; /* NULL: no section */
	uint32_t type;	  /* sh_type; 0: PROGBITS */
	uint64_t flags;	  /* sh_flags */
	uint64_t vaddr;
	const void *bytes; /* NULL: zeros */
	uint64_t size;
	uint32_t link;
	uint64_t entry_size;
	uint32_t segment;	/* p_type, 0: none */
	uint32_t segment_flags; /* 0: PF_R | PF_X */
	uint64_t mem_size;	/* 0: as size */
	/* out: where make_elf put it */
	uint64_t off;
};

/* Where make_elf put the tables; for tests that break them. */
struct elf_made {
	size_t size;
	uint64_t program_off;
	uint64_t section_off;
};

static inline void put_word(struct out *o, const struct elf_spec *spec,
			    uint64_t value)
{
	put_uint(o, value, spec->elf_class == 2 ? 8 : 4);
}

static inline void put_elf_header(struct out *o, const struct elf_spec *spec,
				  const struct elf_made *made,
				  uint64_t programs, uint64_t sections)
{
	bool wide = spec->elf_class == 2;
	bool extended = spec->extended;

	put_bytes(o, "\177ELF", 4);
	put_u8(o, spec->elf_class);
	put_u8(o, spec->data);
	put_u8(o, 1); /* EV_CURRENT */
	put_zeros(o, 9);
	put_u16(o, spec->type);
	put_u16(o, spec->machine);
	put_u32(o, 1);
	put_word(o, spec, spec->entry);
	put_word(o, spec, programs ? made->program_off : 0);
	put_word(o, spec, spec->no_sections ? 0 : made->section_off);
	put_u32(o, spec->flags);
	put_u16(o, wide ? 64 : 52);
	put_u16(o, wide ? 56 : 32);
	put_u16(o, extended ? 0xffff : programs);
	put_u16(o, wide ? 64 : 40);
	put_u16(o, spec->no_sections || extended ? 0 : sections);
	put_u16(o, spec->no_sections ? 0 : extended ? 0xffff : sections - 1);
}

static inline void put_program_header(struct out *o,
				      const struct elf_spec *spec,
				      const struct elf_part *p)
{
	uint32_t flags = p->segment_flags ? p->segment_flags : 5;

	put_u32(o, p->segment);
	if (spec->elf_class == 2)
		put_u32(o, flags);
	put_word(o, spec, p->off);
	put_word(o, spec, p->vaddr);
	put_word(o, spec, p->vaddr);
	put_word(o, spec, p->size);
	put_word(o, spec, p->mem_size ? p->mem_size : p->size);
	if (spec->elf_class != 2)
		put_u32(o, flags);
	put_word(o, spec, 16);
}

static inline void put_section_header(struct out *o,
				      const struct elf_spec *spec,
				      uint64_t name, const struct elf_part *p)
{
	put_u32(o, name);
	put_u32(o, p->type ? p->type : 1);
	put_word(o, spec, p->flags);
	put_word(o, spec, p->vaddr);
	put_word(o, spec, p->off);
	put_word(o, spec, p->size);
	put_u32(o, p->link);
	put_u32(o, 0);
	put_word(o, spec, 1);
	put_word(o, spec, p->entry_size);
}

/* Section 0: empty, but for the numbers that the header has no room for. */
static inline void put_section_zero(struct out *o, const struct elf_spec *spec,
				    uint64_t programs, uint64_t sections)
{
	size_t start = o->size;

	put_zeros(o, spec->elf_class == 2 ? 64 : 40);
	if (!spec->extended)
		return;
	set_uint(o, start + (spec->elf_class == 2 ? 32 : 20), sections,
		 spec->elf_class == 2 ? 8 : 4);
	set_uint(o, start + (spec->elf_class == 2 ? 40 : 24), sections - 1, 4);
	set_uint(o, start + (spec->elf_class == 2 ? 44 : 28), programs, 4);
}

/*
 * header | program headers | the parts, each at a multiple of 16 |
 * .shstrtab | section headers. Section i + 1 is the i-th named part.
 */
static inline struct elf_made make_elf_at(uint8_t *file, size_t room,
					  const struct elf_spec *spec,
					  struct elf_part *parts, size_t count)
{
	struct out o = out_init(file, room, spec->data == 2);
	struct elf_made made = { 0 };
	struct elf_part names = { .type = 3 };
	char strings[1024] = "";
	size_t used = 1, i, name[64];
	uint64_t programs = 0, sections = 1;

	for (i = 0; i < count; i++) {
		programs += parts[i].segment != 0;
		if (!parts[i].name)
			continue;
		name[i] = used;
		memcpy(strings + used, parts[i].name,
		       strlen(parts[i].name) + 1);
		used += strlen(parts[i].name) + 1;
		sections++;
	}
	names.size = used + sizeof(".shstrtab");
	memcpy(strings + used, ".shstrtab", sizeof(".shstrtab"));

	o.size = spec->elf_class == 2 ? 64 : 52;
	made.program_off = o.size;
	put_zeros(&o, (size_t)programs * (spec->elf_class == 2 ? 56 : 32));
	for (i = 0; i < count; i++) {
		put_align(&o, 16);
		parts[i].off = o.size;
		if (parts[i].type == 8) /* SHT_NOBITS */
			continue;
		if (parts[i].bytes)
			put_bytes(&o, parts[i].bytes, (size_t)parts[i].size);
		else
			put_zeros(&o, (size_t)parts[i].size);
	}
	if (!spec->no_sections) {
		names.off = o.size;
		put_bytes(&o, strings, (size_t)names.size);
		put_align(&o, 8);
		made.section_off = o.size;
		put_section_zero(&o, spec, programs, sections + 1);
		for (i = 0; i < count; i++)
			if (parts[i].name)
				put_section_header(&o, spec, name[i],
						   &parts[i]);
		put_section_header(&o, spec, used, &names);
	}
	made.size = o.size;

	o.size = 0;
	put_elf_header(&o, spec, &made, programs, sections + 1);
	o.size = (size_t)made.program_off;
	for (i = 0; i < count; i++)
		if (parts[i].segment)
			put_program_header(&o, spec, &parts[i]);
	return made;
}

static inline size_t make_elf(uint8_t *file, size_t room,
			      const struct elf_spec *spec,
			      struct elf_part *parts, size_t count)
{
	return make_elf_at(file, room, spec, parts, count).size;
}

/* --- call frame information (DWARF 5 6.4.1, LSB 10.6.1) -------------------- */

/*
 * A section while it is written. `vaddr` is its address, for pc-relative
 * pointers; `debug_frame` its variant.
 */
struct cfi_out {
	struct out o;
	uint64_t vaddr;
	bool debug_frame;
	uint8_t address_size;
};

/* DWARF's initial length is patched by end_record(). */
struct cfi_record {
	size_t start;
	size_t body;
	bool wide;
};

static inline struct cfi_record begin_record(struct cfi_out *s, bool wide)
{
	struct cfi_record r = { .start = s->o.size, .wide = wide };

	if (wide)
		put_u32(&s->o, 0xffffffff);
	put_uint(&s->o, 0, wide ? 8 : 4);
	r.body = s->o.size;
	return r;
}

/* Pads with DW_CFA_nop and sets the length. */
static inline void end_record(struct cfi_out *s, const struct cfi_record *r)
{
	while ((s->o.size - r->body) % 4)
		put_u8(&s->o, 0);
	set_uint(&s->o, r->wide ? r->body - 8 : r->body - 4,
		 s->o.size - r->body, r->wide ? 8 : 4);
}

struct cie_spec {
	uint8_t version;	  /* 0: 1 */
	const char *augmentation; /* NULL: "zR" */
	/* augmentation data as bytes; NULL with "zR": `encoding` alone */
	const char *data_hex;
	uint8_t encoding;    /* of addresses; 0x00 absptr */
	uint64_t code_align; /* 0: 1 */
	int64_t data_align;  /* 0: -8 */
	uint64_t ra;	     /* 0: 16 */
	const char *program_hex;
	bool wide;
	uint8_t segment_size;
};

/* The CIE's offset. */
static inline uint64_t put_cie(struct cfi_out *s, const struct cie_spec *spec)
{
	struct cfi_record r = begin_record(s, spec->wide);
	uint8_t bytes[512], version = spec->version ? spec->version : 1;
	const char *letters = spec->augmentation ? spec->augmentation : "zR";
	size_t size;

	if (s->debug_frame)
		put_uint(&s->o, UINT64_MAX, spec->wide ? 8 : 4);
	else
		put_u32(&s->o, 0);
	put_u8(&s->o, version);
	put_string(&s->o, letters);
	if (version >= 4) {
		put_u8(&s->o, s->address_size);
		put_u8(&s->o, spec->segment_size);
	}
	if (!strcmp(letters, "eh"))
		put_uint(&s->o, 0x1122, s->address_size);
	put_uleb(&s->o, spec->code_align ? spec->code_align : 1);
	put_sleb(&s->o, spec->data_align ? spec->data_align : -8);
	if (version == 1)
		put_u8(&s->o, spec->ra ? spec->ra : 16);
	else
		put_uleb(&s->o, spec->ra ? spec->ra : 16);
	if (letters[0] == 'z') {
		size = 1;
		bytes[0] = spec->encoding;
		if (spec->data_hex)
			size = from_hex(spec->data_hex, bytes, sizeof(bytes));
		else if (!letters[1])
			size = 0;
		put_uleb(&s->o, size);
		put_bytes(&s->o, bytes, size);
	}
	size = from_hex(spec->program_hex ? spec->program_hex :
					    /* def_cfa rsp + 8, ra at cfa - 8 */
					    "0c 07 08 90 01",
			bytes, sizeof(bytes));
	put_bytes(&s->o, bytes, size);
	end_record(s, &r);
	return r.start;
}

struct fde_spec {
	uint64_t cie; /* offset */
	uint64_t start;
	uint64_t size;
	uint8_t encoding;     /* of addresses, as the CIE says */
	const char *data_hex; /* augmentation data; NULL: none, size 0 */
	bool no_data;	      /* the CIE has no 'z' */
	const void *program;
	size_t program_size;
	const char *program_hex; /* instead of the two */
	bool wide;
	uint8_t segment_size;
};

/* An encoded pointer: absolute or pc-relative, of any fixed size. */
static inline void put_encoded(struct cfi_out *s, uint8_t encoding,
			       uint64_t value)
{
	static const uint8_t sizes[16] = { 0, 0, 2, 4, 8, 0, 0, 0,
					   0, 0, 2, 4, 8, 0, 0, 0 };
	uint8_t size = sizes[encoding & 15];

	if ((encoding & 0x70) == 0x10)
		value -= s->vaddr + s->o.size;
	put_uint(&s->o, value, size ? size : s->address_size);
}

static inline uint64_t put_fde(struct cfi_out *s, const struct fde_spec *spec)
{
	struct cfi_record r = begin_record(s, spec->wide);
	uint8_t bytes[1024];
	size_t size;

	if (s->debug_frame)
		put_uint(&s->o, spec->cie, spec->wide ? 8 : 4);
	else
		put_u32(&s->o, r.body - spec->cie);
	put_zeros(&s->o, spec->segment_size);
	put_encoded(s, spec->encoding, spec->start);
	put_encoded(s, spec->encoding & 15, spec->size);
	if (!spec->no_data) {
		size = spec->data_hex ?
			       from_hex(spec->data_hex, bytes, sizeof(bytes)) :
			       0;
		put_uleb(&s->o, size);
		put_bytes(&s->o, bytes, size);
	}
	if (spec->program_hex) {
		size = from_hex(spec->program_hex, bytes, sizeof(bytes));
		put_bytes(&s->o, bytes, size);
	} else {
		put_bytes(&s->o, spec->program, spec->program_size);
	}
	end_record(s, &r);
	return r.start;
}

#endif
