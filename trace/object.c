/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A BPF object file as clang writes it (ELF, EM_BPF) -> maps, programs, and
 * which instruction loads the address of which map. No libbpf, no libelf.
 *
 *	.maps		BTF: variable "stacks" is a struct { __uint(type, 1); .. }
 *	.rodata, .bss	a map each, of one element that is the section
 *	uprobe/..	programs: a function symbol each
 *	.relNAME	R_BPF_64_64: instruction 12 loads &stacks;
 *			R_BPF_64_32: instruction 20 calls a function of .text
 *
 * The file comes with the tool, yet every offset, index and count in it is
 * checked: it may be cut off or of another tool chain. What is wrong is told in
 * a line on stderr, with the name of the section, map or program.
 */
#include "object.h"

#include <dwunw/elf.h>

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTION_NAME 96
#define R_BPF_64_64 1
#define R_BPF_64_32 10

struct reading {
	struct dwu_object *object;
	Elf64_Ehdr header;
	struct dwunw_section names; /* of sections */
	const uint8_t *bytes;
	size_t size;
	struct dwunw_section maps;
	struct dwunw_section symbols;
	struct dwunw_section strings;
	const uint8_t *types; /* of BTF */
	uint32_t types_size;
	const char *btf_strings;
	uint32_t btf_strings_size;
	const struct btf_type **by_id; /* owned */
	uint32_t type_count;
};

/* Always -EINVAL, to be returned. */
static int bad(const char *what, const char *name)
{
	fprintf(stderr, "BPF object: %s: %s\n", name, what);
	return -EINVAL;
}

/* --- sections and symbols -------------------------------------------------- */

/*
 * All is read as this machine's own structs: an object of the other byte order
 * could not be loaded here. Not by dwunw/elf.h: a build for one 32-bit target
 * alone reads no 64-bit files.
 */
static bool is_native(const struct reading *r)
{
	const uint16_t one = 1;
	uint8_t first;

	memcpy(&first, &one, 1);
	return !memcmp(r->header.e_ident, ELFMAG, SELFMAG) &&
	       r->header.e_ident[EI_CLASS] == ELFCLASS64 &&
	       r->header.e_machine == EM_BPF &&
	       r->header.e_shentsize == sizeof(Elf64_Shdr) &&
	       r->header.e_ident[EI_DATA] ==
		       (first ? ELFDATA2LSB : ELFDATA2MSB);
}

/* Its name is an offset in the section of names. */
static bool read_header(const struct reading *r, uint32_t index,
			struct dwunw_section *section, uint32_t *name)
{
	uint64_t at = r->header.e_shoff + (uint64_t)index * sizeof(Elf64_Shdr);
	Elf64_Shdr raw;

	if (index >= r->header.e_shnum || r->header.e_shoff > r->size ||
	    at > r->size || r->size - at < sizeof(raw))
		return false;
	memcpy(&raw, r->bytes + at, sizeof(raw));
	*section = (struct dwunw_section){
		.vaddr = raw.sh_addr,
		.off = raw.sh_offset,
		.size = raw.sh_size,
		.entry_size = raw.sh_entsize,
		.flags = raw.sh_flags,
		.type = raw.sh_type,
		.link = raw.sh_link,
	};
	*name = raw.sh_name;
	return true;
}

/* NULL: not in the file. The bytes are the caller's. */
static const uint8_t *section_bytes(const struct reading *r,
				    const struct dwunw_section *section)
{
	if (section->off > r->size || section->size > r->size - section->off)
		return NULL;
	return r->bytes + section->off;
}

static const char *string_at(const struct reading *r,
			     const struct dwunw_section *strings, uint64_t at);

/* `name` has SECTION_NAME bytes; a longer one is cut, and found nowhere. */
static int section_at(const struct reading *r, uint32_t index,
		      struct dwunw_section *section, char *name)
{
	uint32_t at;

	if (!read_header(r, index, section, &at))
		return bad("a section can't be read", "section headers");
	snprintf(name, SECTION_NAME, "%s", string_at(r, &r->names, at));
	if (section->type != SHT_NOBITS && !section_bytes(r, section))
		return bad("is outside of the file", name);
	return 0;
}

/* The name of a section or symbol, in the file itself. */
static const char *string_at(const struct reading *r,
			     const struct dwunw_section *strings, uint64_t at)
{
	const char *text = (const char *)section_bytes(r, strings);

	if (!text || at >= strings->size ||
	    !memchr(text + at, 0, (size_t)(strings->size - at)))
		return "";
	return text + at;
}

/* The first of that name. */
static bool find_section(const struct reading *r, const char *wanted,
			 struct dwunw_section *section)
{
	char name[SECTION_NAME];

	for (uint32_t i = 1; i < r->header.e_shnum; i++) {
		if (section_at(r, i, section, name))
			return false;
		if (!strcmp(name, wanted))
			return true;
	}
	return false;
}

/* False behind the last: loops over symbols end so. */
static bool symbol_at(const struct reading *r, uint64_t index, Elf64_Sym *sym)
{
	const uint8_t *table = section_bytes(r, &r->symbols);

	if (!table || index >= r->symbols.size / sizeof(*sym))
		return false;
	memcpy(sym, table + index * sizeof(*sym), sizeof(*sym));
	return true;
}

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

/* --- BTF (Documentation/bpf/btf.rst) ----------------------------------------- */

static uint32_t kind_of(const struct btf_type *type)
{
	return BTF_INFO_KIND(type->info);
}

/*
 * Bytes behind the common part of a type.
 *
 * A kind that is not known has no known size: 0 may lose its place, and what is
 * found then is bounded all the same.
 */
static uint32_t type_extra(const struct btf_type *type)
{
	uint32_t count = BTF_INFO_VLEN(type->info);

	switch (kind_of(type)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return count * (uint32_t)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return count * 8;
	case BTF_KIND_DATASEC:
	case BTF_KIND_ENUM64:
		return count * 12;
	default:
		return 0;
	}
}

/*
 * Finds where each type is; called once to count them, once to note them.
 *
 * Ids count from 1 in the order of the types (0 is void), so one pass over them
 * gives an array by id.
 */
static int index_types(struct reading *r)
{
	const struct btf_type *type;
	uint32_t at, count = 1;

	for (at = 0; at + sizeof(*type) <= r->types_size; count++) {
		type = (const struct btf_type *)(const void *)(r->types + at);
		at += (uint32_t)sizeof(*type) + type_extra(type);
		if (at > r->types_size)
			return bad("a type is cut off", ".BTF");
		if (r->by_id && count < r->type_count)
			r->by_id[count] = type;
	}
	if (r->by_id)
		return 0;
	r->type_count = count;
	r->by_id = calloc(count, sizeof(*r->by_id));
	return r->by_id ? 0 : -ENOMEM;
}

/*
 * btf_header says where types and strings are, from its own end on. Alignment
 * is needed since types are read in place.
 */
static int open_btf(struct reading *r)
{
	struct dwunw_section section;
	struct btf_header header;
	const uint8_t *bytes;
	int error;

	if (!find_section(r, ".BTF", &section) || section.size < sizeof(header))
		return bad("missing; compile with -g", ".BTF");
	bytes = section_bytes(r, &section);
	if (!bytes || section.off % 4)
		return bad("is outside of the file or not aligned", ".BTF");
	memcpy(&header, bytes, sizeof(header));
	if (header.magic != BTF_MAGIC || header.hdr_len > section.size ||
	    header.type_off > section.size - header.hdr_len ||
	    header.type_len > section.size - header.hdr_len - header.type_off ||
	    header.str_off > section.size - header.hdr_len ||
	    header.str_len > section.size - header.hdr_len - header.str_off ||
	    header.str_len == 0 || header.hdr_len % 4 || header.type_off % 4)
		return bad("its header is broken", ".BTF");
	r->types = bytes + header.hdr_len + header.type_off;
	r->types_size = header.type_len;
	r->btf_strings = (const char *)bytes + header.hdr_len + header.str_off;
	r->btf_strings_size = header.str_len;
	if (r->btf_strings[header.str_len - 1])
		return bad("its strings have no end", ".BTF");
	error = index_types(r);
	return error ? error : index_types(r);
}

static const struct btf_type *type_at(const struct reading *r, uint32_t id)
{
	return id && id < r->type_count ? r->by_id[id] : NULL;
}

static const char *btf_name(const struct reading *r, uint32_t off)
{
	return off < r->btf_strings_size ? r->btf_strings + off : "";
}

static const struct btf_array *array_of(const struct btf_type *type)
{
	return (const struct btf_array *)(const void *)(type + 1);
}

/*
 * Behind const, volatile and typedef.
 *
 * 32 steps: a hostile chain of typedefs may be a ring.
 */
static const struct btf_type *plain_type(const struct reading *r, uint32_t id)
{
	const struct btf_type *type = type_at(r, id);

	for (int depth = 0; type && depth < 32; depth++) {
		switch (kind_of(type)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
			type = type_at(r, type->type);
			break;
		default:
			return type;
		}
	}
	return NULL;
}

/* 0: not known. */
static uint32_t type_size(const struct reading *r, uint32_t id)
{
	const struct btf_type *type = plain_type(r, id);
	uint64_t size = 1;

	for (int depth = 0; type && depth < 8; depth++) {
		switch (kind_of(type)) {
		case BTF_KIND_ARRAY:
			size *= array_of(type)->nelems;
			type = plain_type(r, array_of(type)->type);
			if (size > UINT32_MAX)
				return 0;
			break;
		case BTF_KIND_PTR:
			size *= 8;
			return size > UINT32_MAX ? 0 : (uint32_t)size;
		default:
			size *= type->size;
			return size > UINT32_MAX ? 0 : (uint32_t)size;
		}
	}
	return 0;
}

/* __uint(name, X) declares a pointer to an array of X elements, __type(name,
 * T) a pointer to T. */
static void map_member(struct reading *r, struct dwu_object_map *map,
		       const struct btf_member *member)
{
	const char *name = btf_name(r, member->name_off);
	const struct btf_type *pointer = plain_type(r, member->type), *to;
	uint32_t number = 0;

	if (!pointer || kind_of(pointer) != BTF_KIND_PTR)
		return;
	to = plain_type(r, pointer->type);
	if (to && kind_of(to) == BTF_KIND_ARRAY)
		number = array_of(to)->nelems;
	if (!strcmp(name, "type"))
		map->type = number;
	else if (!strcmp(name, "max_entries"))
		map->entries = number;
	else if (!strcmp(name, "map_flags"))
		map->flags = number;
	else if (!strcmp(name, "key_size"))
		map->key_size = number;
	else if (!strcmp(name, "value_size"))
		map->value_size = number;
	else if (!strcmp(name, "key"))
		map->key_size = type_size(r, pointer->type);
	else if (!strcmp(name, "value"))
		map->value_size = type_size(r, pointer->type);
}

/*
 * The variable of that name is a struct whose members describe a map.
 *
 * For example, struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, u32); .. }
 * stacks SEC(".maps").
 */
static int describe_map(struct reading *r, struct dwu_object_map *map)
{
	for (uint32_t id = 1; id < r->type_count; id++) {
		const struct btf_type *type = r->by_id[id], *of;
		const struct btf_member *members;

		if (kind_of(type) != BTF_KIND_VAR ||
		    strcmp(btf_name(r, type->name_off), map->name))
			continue;
		of = plain_type(r, type->type);
		if (!of || kind_of(of) != BTF_KIND_STRUCT)
			break;
		members = (const struct btf_member *)(const void *)(of + 1);
		for (uint32_t i = 0; i < BTF_INFO_VLEN(of->info); i++)
			map_member(r, map, &members[i]);
		return map->type ? 0 : bad("the map has no type", map->name);
	}
	return bad("its BTF does not describe that map", map->name);
}

/* --- maps ---------------------------------------------------------------- */

/* NULL: more than OBJECT_MAPS. */
static struct dwu_object_map *add_map(struct dwu_object *object,
				      const char *name)
{
	struct dwu_object_map *map;

	if (object->map_count == OBJECT_MAPS)
		return NULL;
	map = &object->maps[object->map_count++];
	*map = (struct dwu_object_map){ .name = name };
	return map;
}

/*
 * .rodata, .data, .bss: global variables of the programs. Constants are frozen
 * when the map is made, so the verifier knows their values.
 */
static int add_data_map(struct reading *r, uint32_t index, const char *name,
			const struct dwunw_section *section)
{
	struct dwu_object_map *map;

	if (!section->size)
		return 0;
	map = add_map(r->object, name);
	if (!map || section->size > UINT32_MAX)
		return bad("too many maps, or too large", name);
	map->type = BPF_MAP_TYPE_ARRAY;
	map->key_size = 4;
	map->value_size = (uint32_t)section->size;
	map->entries = 1;
	map->section = index;
	map->is_data = true;
	map->constant = starts_with(name, ".rodata");
	map->flags = map->constant ? BPF_F_RDONLY_PROG : 0;
	map->value = calloc(1, (size_t)section->size);
	if (!map->value)
		return -ENOMEM;
	if (section->type != SHT_NOBITS)
		memcpy(map->value, section_bytes(r, section),
		       (size_t)section->size);
	return 0;
}

/* Each object in .maps is one. */
static int add_maps(struct reading *r, uint32_t index)
{
	Elf64_Sym sym;
	int error;

	for (uint64_t i = 0; symbol_at(r, i, &sym); i++) {
		struct dwu_object_map *map;

		if (sym.st_shndx != index ||
		    ELF64_ST_TYPE(sym.st_info) != STT_OBJECT)
			continue;
		map = add_map(r->object,
			      string_at(r, &r->strings, sym.st_name));
		if (!map)
			return bad("too many maps", ".maps");
		map->section = index;
		map->off = sym.st_value;
		error = describe_map(r, map);
		if (error)
			return error;
	}
	return 0;
}

/* --- programs ------------------------------------------------------------- */

/*
 * What BTF says of the function of that name.
 *
 * Static or global, and its parameters: numbers of 1 to 8 bytes, or pointers.
 */
static void describe_function(const struct reading *r,
			      struct dwu_object_program *program)
{
	for (uint32_t id = 1; id < r->type_count; id++) {
		const struct btf_type *type = r->by_id[id], *proto;
		const struct btf_param *params;
		uint32_t count;

		if (kind_of(type) != BTF_KIND_FUNC ||
		    strcmp(btf_name(r, type->name_off), program->name))
			continue;
		program->is_global = BTF_INFO_VLEN(type->info) ==
				     BTF_FUNC_GLOBAL;
		proto = type_at(r, type->type);
		if (!proto || kind_of(proto) != BTF_KIND_FUNC_PROTO)
			return;
		params = (const struct btf_param *)(const void *)(proto + 1);
		count = BTF_INFO_VLEN(proto->info);
		for (uint32_t i = 0; i < count && i < OBJECT_PARAMETERS; i++) {
			const struct btf_type *of =
				plain_type(r, params[i].type);
			bool number = of && kind_of(of) == BTF_KIND_INT;

			program->parameters[i] = number ? (uint8_t)of->size : 0;
			program->parameter_count = (uint8_t)(i + 1);
		}
		return;
	}
}

/*
 * Each function symbol of the section is a program; those of .text are called
 * by others. Instructions are copied, as they are changed when the object is
 * loaded.
 */
static int add_programs(struct reading *r, uint32_t index,
			const struct dwunw_section *section, const char *name)
{
	const uint8_t *code = section_bytes(r, section);
	struct dwu_object *object = r->object;
	Elf64_Sym sym;

	for (uint64_t i = 0; symbol_at(r, i, &sym); i++) {
		struct dwu_object_program *program;

		if (sym.st_shndx != index ||
		    ELF64_ST_TYPE(sym.st_info) != STT_FUNC)
			continue;
		if (object->program_count == OBJECT_PROGRAMS ||
		    sym.st_value > section->size || sym.st_size % 8 ||
		    sym.st_size > section->size - sym.st_value)
			return bad("too many programs, or one outside of it",
				   name);
		program = &object->programs[object->program_count++];
		program->name = string_at(r, &r->strings, sym.st_name);
		program->section_name = name;
		program->section = index;
		program->off = sym.st_value;
		program->count = (uint32_t)(sym.st_size / 8);
		program->instructions = malloc((size_t)sym.st_size + 1);
		if (!program->instructions)
			return -ENOMEM;
		memcpy(program->instructions, code + sym.st_value,
		       (size_t)sym.st_size);
		program->is_function = !strcmp(name, ".text");
		describe_function(r, program);
	}
	return 0;
}

/* The program or function at that place; the number of programs: none. */
static uint32_t program_at(const struct dwu_object *object, uint32_t section,
			   uint64_t off)
{
	uint32_t p;

	for (p = 0; p < object->program_count; p++) {
		const struct dwu_object_program *program = &object->programs[p];

		if (program->section == section && off >= program->off &&
		    off - program->off < 8ull * program->count)
			break;
	}
	return p;
}

/* Only whole functions of .text can be called: `off` must be a start. */
static int add_call(struct reading *r, uint32_t program, uint32_t index,
		    uint32_t section, uint64_t off)
{
	struct dwu_object *object = r->object;
	uint32_t function = program_at(object, section, off);

	if (function == object->program_count ||
	    object->programs[function].off != off ||
	    !object->programs[function].is_function)
		return bad("a call of what is no function in .text",
			   object->programs[program].name);
	if (object->call_count == OBJECT_CALLS)
		return bad("too many calls", object->programs[program].name);
	object->calls[object->call_count++] = (struct dwu_object_call){
		.program = program, .index = index, .function = function
	};
	return 0;
}

static bool is_call(const struct bpf_insn *instruction)
{
	return instruction->code == (BPF_JMP | BPF_CALL) &&
	       instruction->src_reg == BPF_PSEUDO_CALL;
}

/*
 * Where a relocated call leads: a symbol, or the section's and a distance.
 *
 * A symbol of type SECTION: the distance in instructions, less one, is in imm.
 */
static int add_relocated_call(struct reading *r, uint32_t program,
			      uint32_t index, const Elf64_Sym *sym)
{
	struct bpf_insn instruction;
	uint64_t off = sym->st_value;

	memcpy(&instruction, &r->object->programs[program].instructions[index],
	       sizeof(instruction));
	if (!is_call(&instruction))
		return bad("a relocation that is none of a call",
			   r->object->programs[program].name);
	if (ELF64_ST_TYPE(sym->st_info) == STT_SECTION)
		off += 8ull * (uint64_t)((int64_t)instruction.imm + 1);
	return add_call(r, program, index, sym->st_shndx, off);
}

static bool has_call(const struct dwu_object *object, uint32_t program,
		     uint32_t index)
{
	for (uint32_t i = 0; i < object->call_count; i++)
		if (object->calls[i].program == program &&
		    object->calls[i].index == index)
			return true;
	return false;
}

/* Calls within a section have no relocation: the distance is there. */
static int add_near_calls(struct reading *r)
{
	struct dwu_object *object = r->object;

	for (uint32_t p = 0; p < object->program_count; p++) {
		const struct dwu_object_program *program = &object->programs[p];

		for (uint32_t i = 0; i < program->count; i++) {
			struct bpf_insn instruction;
			int error;

			memcpy(&instruction, &program->instructions[i],
			       sizeof(instruction));
			if (!is_call(&instruction) || has_call(object, p, i))
				continue;
			error = add_call(
				r, p, i, program->section,
				program->off + 8 * (uint64_t)((int64_t)i + 1 +
							      instruction.imm));
			if (error)
				return error;
		}
	}
	return 0;
}

/*
 * The map that a symbol stands for; UINT32_MAX: none.
 *
 * A data section is one map, whatever symbol of it is named; a map in .maps is
 * told by its offset.
 */
static uint32_t map_of_symbol(const struct dwu_object *object,
			      const Elf64_Sym *sym)
{
	for (uint32_t i = 0; i < object->map_count; i++) {
		const struct dwu_object_map *map = &object->maps[i];

		if (map->section == sym->st_shndx &&
		    (map->is_data || map->off == sym->st_value))
			return i;
	}
	return UINT32_MAX;
}

/*
 * R_BPF_64_64 is at the first of the two instructions of a 64-bit load
 * (ld_imm64), so it can't be at the last one. imm is the distance from the
 * symbol (Documentation/bpf/llvm_reloc.rst).
 */
static int add_relocation(struct reading *r, uint32_t section,
			  const Elf64_Rel *rel, const char *name)
{
	struct dwu_object *object = r->object;
	struct dwu_object_relocation *found;
	struct bpf_insn instruction;
	uint32_t p, map;
	Elf64_Sym sym;

	p = program_at(object, section, rel->r_offset);
	if (p == object->program_count)
		return bad("a relocation is in no program", name);
	if (!symbol_at(r, ELF64_R_SYM(rel->r_info), &sym))
		return bad("a relocation names no symbol", name);
	if (ELF64_R_TYPE(rel->r_info) == R_BPF_64_32)
		return add_relocated_call(
			r, p,
			(uint32_t)((rel->r_offset - object->programs[p].off) /
				   8),
			&sym);
	if (ELF64_R_TYPE(rel->r_info) != R_BPF_64_64)
		return bad("a relocation that is neither a map's nor a call's",
			   name);
	map = map_of_symbol(object, &sym);
	if (map == UINT32_MAX)
		return bad("no map has that name",
			   string_at(r, &r->strings, sym.st_name));
	if (object->relocation_count == OBJECT_RELOCATIONS)
		return bad("too many relocations", name);
	found = &object->relocations[object->relocation_count++];
	found->program = p;
	found->map = map;
	found->index =
		(uint32_t)((rel->r_offset - object->programs[p].off) / 8);
	if (found->index + 1 >= object->programs[p].count)
		return bad("a relocation is at the program's end", name);
	memcpy(&instruction, &object->programs[p].instructions[found->index],
	       sizeof(instruction));
	found->off = (uint32_t)sym.st_value + (uint32_t)instruction.imm;
	return 0;
}

/* .relNAME belongs to section NAME: dwunw_section has no sh_info. */
static int add_relocations(struct reading *r, const char *name,
			   const struct dwunw_section *section)
{
	const uint8_t *table = section_bytes(r, section);
	char other_name[SECTION_NAME];
	struct dwunw_section other;
	uint32_t target = 0;
	Elf64_Rel rel;
	int error;

	for (uint32_t i = 1; i < r->header.e_shnum && !target; i++) {
		error = section_at(r, i, &other, other_name);
		if (error)
			return error;
		if (!strcmp(other_name, name + strlen(".rel")) &&
		    (other.flags & SHF_EXECINSTR))
			target = i;
	}
	for (uint64_t i = 0; target && i < section->size / sizeof(rel); i++) {
		memcpy(&rel, table + i * sizeof(rel), sizeof(rel));
		error = add_relocation(r, target, &rel, name);
		if (error)
			return error;
	}
	return 0;
}

/* --- the file ---------------------------------------------------------------- */

/* A section's name where it stands in the file: the copy goes away. */
static const char *lasting_name(const struct reading *r, const char *name)
{
	const char *names = (const char *)section_bytes(r, &r->names);
	size_t length = strlen(name) + 1;

	for (uint64_t at = 0; names && at + length <= r->names.size; at++) {
		if (!memcmp(names + at, name, length))
			return names + at;
	}
	return "";
}

/* First what relocations refer to, then they themselves. */
static int read_section(struct reading *r, uint32_t index, bool relocations)
{
	struct dwunw_section section;
	char copy[SECTION_NAME];
	const char *name;
	int error = section_at(r, index, &section, copy);

	if (error)
		return error;
	name = lasting_name(r, copy);
	if (relocations)
		return section.type == SHT_REL ?
			       add_relocations(r, name, &section) :
			       0;
	if (section.type == SHT_REL)
		return 0;
	if (!strcmp(name, ".maps"))
		return add_maps(r, index);
	if (!strcmp(name, "license"))
		r->object->license = string_at(r, &section, 0);
	else if (starts_with(name, ".rodata") || starts_with(name, ".data") ||
		 starts_with(name, ".bss"))
		return add_data_map(r, index, name, &section);
	else if (section.flags & SHF_EXECINSTR)
		return add_programs(r, index, &section, name);
	return 0;
}

/* Two passes: maps and programs first, then relocations, which name them. */
static int read_object(struct reading *r)
{
	char strings_name[SECTION_NAME];
	int error;

	uint32_t name;

	if (!is_native(r))
		return bad("not for this machine", "its ELF header");
	if (!read_header(r, r->header.e_shstrndx, &r->names, &name))
		return bad("broken", "its names of sections");
	if (!find_section(r, ".symtab", &r->symbols))
		return bad("missing", ".symtab");
	error = section_at(r, r->symbols.link, &r->strings, strings_name);
	if (!error)
		error = open_btf(r);
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 1; !error && i < r->header.e_shnum; i++)
			error = read_section(r, i, pass == 1);
	}
	return error ? error : add_near_calls(r);
}

/* *object is whole, or freed. `bytes` must outlive it: names point there. */
int dwu_object_read(struct dwu_object *object, const void *bytes, size_t size)
{
	struct reading r = { .object = object, .bytes = bytes, .size = size };
	int error;

	*object = (struct dwu_object){ .bytes = bytes, .license = "" };
	if (size < sizeof(r.header))
		return bad("broken", "its ELF header");
	memcpy(&r.header, bytes, sizeof(r.header));
	error = read_object(&r);
	free(r.by_id);
	if (error)
		dwu_object_free(object);
	return error;
}

void dwu_object_free(struct dwu_object *object)
{
	for (uint32_t i = 0; i < object->map_count; i++)
		free(object->maps[i].value);
	for (uint32_t i = 0; i < object->program_count; i++)
		free(object->programs[i].instructions);
	object->map_count = 0;
	object->program_count = 0;
}

struct dwu_object_map *dwu_object_find_map(struct dwu_object *object,
					   const char *name)
{
	for (uint32_t i = 0; i < object->map_count; i++) {
		if (!strcmp(object->maps[i].name, name))
			return &object->maps[i];
	}
	return NULL;
}

int dwu_object_find_program(const struct dwu_object *object, const char *name)
{
	for (uint32_t i = 0; i < object->program_count; i++) {
		if (!strcmp(object->programs[i].name, name))
			return (int)i;
	}
	return -ENOENT;
}
