/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A program and the functions that it calls -> one piece of code, and the BTF
 * that tells the kernel which of them it may verify by itself. That is made here:
 * the object's own has maps and sections, whose sizes clang leaves open.
 */
#include "object.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

/* --- code ------------------------------------------------------------------- */

/* Which part of the code a program or function is; part_count: none yet. */
static uint32_t find_part(const struct dwu_linked *linked, uint32_t program)
{
	uint32_t i = 0;

	while (i < linked->part_count && linked->parts[i].program != program)
		i++;
	return i;
}

/*
 * The program, then each function that one before it calls, a single time.
 *
 * For example, "uprobe" calls f, f calls g and h: parts uprobe, f, g, h. It
 * ends: each function is added once.
 */
static void collect(const struct dwu_object *object, uint32_t program,
		    struct dwu_linked *linked)
{
	linked->parts[0].program = program;
	linked->part_count = 1;
	for (uint32_t part = 0; part < linked->part_count; part++) {
		uint32_t caller = linked->parts[part].program;

		linked->parts[part].start = linked->count;
		linked->count += object->programs[caller].count;
		for (uint32_t i = 0; i < object->call_count; i++) {
			uint32_t function = object->calls[i].function;

			if (object->calls[i].program == caller &&
			    find_part(linked, function) == linked->part_count)
				linked->parts[linked->part_count++].program =
					function;
		}
	}
}

/*
 * A call's imm is the distance in instructions from the one behind it
 * (BPF_PSEUDO_CALL).
 */
static void point_calls(const struct dwu_object *object,
			struct dwu_linked *linked)
{
	for (uint32_t i = 0; i < object->call_count; i++) {
		const struct dwu_object_call *call = &object->calls[i];
		uint32_t from = find_part(linked, call->program), at;
		uint32_t to = find_part(linked, call->function);
		struct bpf_insn instruction;

		if (from == linked->part_count)
			continue;
		at = linked->parts[from].start + call->index;
		memcpy(&instruction, &linked->instructions[at],
		       sizeof(instruction));
		instruction.imm = (int32_t)(linked->parts[to].start - at - 1);
		memcpy(&linked->instructions[at], &instruction,
		       sizeof(instruction));
	}
}

/* --- BTF (Documentation/bpf/btf.rst) ------------------------------------------- */

/* "\0int\0u32\0u64\0x\0", then names of functions */
static const char fixed_names[] = "\0int\0u32\0u64\0x";
enum {
	NAME_INT = 1,
	NAME_U32 = 5,
	NAME_U64 = 9,
	NAME_X = 13
};
/* types before those of functions */
enum {
	TYPE_INT = 1,
	TYPE_U32,
	TYPE_U64,
	TYPE_POINTER,
	TYPE_FIRST
};

struct writer {
	uint8_t *at; /* NULL: only counts */
	uint32_t size;
};

static void put(struct writer *w, uint32_t word)
{
	if (w->at)
		memcpy(w->at + w->size, &word, sizeof(word));
	w->size += (uint32_t)sizeof(word);
}

/* struct btf_type */
static void put_type(struct writer *w, uint32_t name, uint32_t kind,
		     uint32_t vlen, uint32_t size_or_type)
{
	put(w, name);
	put(w, kind << 24 | vlen);
	put(w, size_or_type);
}

static void put_int(struct writer *w, uint32_t name, uint32_t size,
		    uint32_t encoding)
{
	put_type(w, name, BTF_KIND_INT, 0, size);
	put(w, encoding << 24 | size * 8);
}

/*
 * The verifier asks whether a parameter is a pointer, and how wide a number is.
 */
static uint32_t parameter_type(uint8_t size)
{
	return size == 0 ? TYPE_POINTER : size == 8 ? TYPE_U64 : TYPE_U32;
}

/* Its prototype, and it. */
static void put_function(struct writer *w,
			 const struct dwu_object_program *function,
			 uint32_t name, uint32_t proto)
{
	put_type(w, 0, BTF_KIND_FUNC_PROTO, function->parameter_count,
		 TYPE_INT);
	for (uint32_t i = 0; i < function->parameter_count; i++) {
		put(w, NAME_X);
		put(w, parameter_type(function->parameters[i]));
	}
	put_type(w, name, BTF_KIND_FUNC,
		 function->is_global ? BTF_FUNC_GLOBAL : BTF_FUNC_STATIC,
		 proto);
}

/*
 * Run twice: without memory to count, then to write. Function i has types
 * TYPE_FIRST + 2i (prototype) and TYPE_FIRST + 2i + 1.
 */
static void put_types(const struct dwu_object *object,
		      const struct dwu_linked *linked, struct writer *w)
{
	uint32_t name = sizeof(fixed_names);

	put_int(w, NAME_INT, 4, BTF_INT_SIGNED);
	put_int(w, NAME_U32, 4, 0);
	put_int(w, NAME_U64, 8, 0);
	put_type(w, 0, BTF_KIND_PTR, 0, 0);
	for (uint32_t i = 0; i < linked->part_count; i++) {
		const struct dwu_object_program *function =
			&object->programs[linked->parts[i].program];

		put_function(w, function, name, TYPE_FIRST + 2 * i);
		name += (uint32_t)strlen(function->name) + 1;
	}
}

static uint32_t names_size(const struct dwu_object *object,
			   const struct dwu_linked *linked)
{
	size_t size = sizeof(fixed_names);

	for (uint32_t i = 0; i < linked->part_count; i++)
		size += strlen(object->programs[linked->parts[i].program].name) +
			1;
	return (uint32_t)size;
}

static void put_names(const struct dwu_object *object,
		      const struct dwu_linked *linked, char *at)
{
	memcpy(at, fixed_names, sizeof(fixed_names));
	at += sizeof(fixed_names);
	for (uint32_t i = 0; i < linked->part_count; i++) {
		const char *name =
			object->programs[linked->parts[i].program].name;

		memcpy(at, name, strlen(name) + 1);
		at += strlen(name) + 1;
	}
}

/*
 * header | types | strings, all native. func_info says which instruction begins
 * which function: the kernel wants both where a program calls a global one.
 */
static int make_btf(const struct dwu_object *object, struct dwu_linked *linked)
{
	struct btf_header header = { .magic = BTF_MAGIC,
				     .version = BTF_VERSION,
				     .hdr_len = sizeof(header) };
	struct writer types = { 0 };

	put_types(object, linked, &types);
	header.type_len = header.str_off = types.size;
	header.str_len = names_size(object, linked);
	linked->btf_size =
		(uint32_t)sizeof(header) + types.size + header.str_len;
	linked->btf = malloc(linked->btf_size);
	if (!linked->btf)
		return -ENOMEM;
	memcpy(linked->btf, &header, sizeof(header));
	types = (struct writer){ .at = linked->btf + sizeof(header) };
	put_types(object, linked, &types);
	put_names(object, linked,
		  (char *)linked->btf + sizeof(header) + types.size);
	for (uint32_t i = 0; i < linked->part_count; i++) {
		linked->func_info[2 * i] = linked->parts[i].start;
		linked->func_info[2 * i + 1] = TYPE_FIRST + 2 * i + 1;
	}
	return 0;
}

/*
 * The program's instructions are copied; relocations have been made in them
 * already.
 */
int dwu_object_link(const struct dwu_object *object, uint32_t program,
		    struct dwu_linked *linked)
{
	*linked = (struct dwu_linked){ 0 };
	collect(object, program, linked);
	linked->instructions = malloc(8 * (size_t)linked->count);
	if (!linked->instructions)
		return -ENOMEM;
	for (uint32_t i = 0; i < linked->part_count; i++) {
		const struct dwu_object_program *part =
			&object->programs[linked->parts[i].program];

		memcpy(linked->instructions + linked->parts[i].start,
		       part->instructions, 8 * (size_t)part->count);
	}
	point_calls(object, linked);
	if (linked->part_count == 1)
		return 0;
	return make_btf(object, linked);
}

void dwu_linked_free(struct dwu_linked *linked)
{
	free(linked->instructions);
	free(linked->btf);
}
