/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * object.h - what clang put into a BPF object file: maps, programs, and which
 * instruction means which map.
 *
 * Maps are those of the section .maps, described by the object's own BTF as
 * libbpf's documentation has it (type, key, value, key_size, value_size,
 * max_entries, map_flags), and one for each section .rodata*, .data* or .bss*.
 * Functions in .text may be called, with numbers as arguments.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OBJECT_MAPS 32
#define OBJECT_PROGRAMS 64
#define OBJECT_RELOCATIONS 2048
#define OBJECT_CALLS 128
#define OBJECT_PARAMETERS 5

struct dwu_object_map {
	const char *name;
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t entries;
	uint32_t flags;
	uint32_t section;
	uint64_t off; /* in .maps */
	bool is_data; /* a section's bytes are its only value */
	bool constant;
	void *value; /* of value_size bytes, owned */
};

struct dwu_object_program {
	const char *name;
	const char *section_name; /* "uprobe", "tracepoint/a/b" */
	uint32_t section;
	uint64_t off; /* in the section */
	uint32_t count;
	uint64_t *instructions; /* owned; struct bpf_insn, 8 bytes each */
	bool is_function;	/* called by programs: in .text */
	bool is_global;		/* … and verified by itself */
	uint8_t parameter_count;
	uint8_t parameters[OBJECT_PARAMETERS]; /* bytes; 0: a pointer */
};

/* Instruction `index` of a program loads the address of a map. */
struct dwu_object_relocation {
	uint32_t program;
	uint32_t index;
	uint32_t map;
	uint32_t off; /* is_data: in the value */
};

/* Instruction `index` of a program calls a function. */
struct dwu_object_call {
	uint32_t program;
	uint32_t index;
	uint32_t function; /* among the programs */
};

struct dwu_object {
	const uint8_t *bytes;
	uint32_t map_count;
	uint32_t program_count;
	uint32_t relocation_count;
	uint32_t call_count;
	const char *license;
	struct dwu_object_map maps[OBJECT_MAPS];
	struct dwu_object_program programs[OBJECT_PROGRAMS];
	struct dwu_object_relocation relocations[OBJECT_RELOCATIONS];
	struct dwu_object_call calls[OBJECT_CALLS];
};

/* 0, -ENOMEM, or -EINVAL with one line on stderr that says what is wrong.
 * Names point into `bytes`, which must outlive the object. */
int dwu_object_read(struct dwu_object *object, const void *bytes, size_t size);
void dwu_object_free(struct dwu_object *object);

struct dwu_object_map *dwu_object_find_map(struct dwu_object *object,
					   const char *name);
int dwu_object_find_program(const struct dwu_object *object, const char *name);

/* --- object_link.c --- */

/* A program with the functions that it calls behind it, as the kernel takes it. */
struct dwu_linked {
	uint64_t *instructions;
	uint32_t count;
	uint32_t part_count;
	struct dwu_linked_part {
		uint32_t program;
		uint32_t start;
	} parts[OBJECT_PROGRAMS];
	/* BTF of these functions, and which is where: struct bpf_func_info */
	uint8_t *btf;
	uint32_t btf_size;
	uint32_t func_info[2 * OBJECT_PROGRAMS];
};

/* 0 or -ENOMEM. A program that calls none has no BTF. */
int dwu_object_link(const struct dwu_object *object, uint32_t program,
		    struct dwu_linked *linked);
void dwu_linked_free(struct dwu_linked *linked);

#endif
