/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * pack_btf.c - .BTF with what trace/object.c reads of it
 * (Documentation/bpf/btf.rst):
 *
 *	variables of section .maps: their struct, and of that the members, pointers to
 *	arrays, whose lengths are numbers, and to types, whose sizes are wanted
 *	functions: whether they are global, and the kinds and sizes of parameters
 *
 * These keep their places in the list, so their ids; any other type is an empty one
 * there, and a struct that only has a size has no members.
 */
#include "pack_btf.h"

#include <elf.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct btf {
	uint8_t *at; /* the section */
	size_t size;
	bool swapped;
	uint8_t *types;
	uint32_t types_size;
	const char *strings;
	uint32_t strings_size;
	uint32_t count;
	uint32_t *places; /* by id: in the types */
	uint8_t *kept;	  /* by id: KEPT_ */
	uint8_t *out;	  /* types, then names */
	char *names;
	uint32_t names_size;
};
enum {
	KEPT_NOT,
	KEPT_SIZE,
	KEPT_ALL
};

/* --- numbers of either byte order ------------------------------------------------ */

static uint32_t get(const struct btf *btf, const void *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return btf->swapped ? __builtin_bswap32(value) : value;
}

static void put(const struct btf *btf, void *to, uint32_t value)
{
	value = btf->swapped ? __builtin_bswap32(value) : value;
	memcpy(to, &value, sizeof(value));
}

static uint64_t get_wide(const struct btf *btf, const void *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return btf->swapped ? __builtin_bswap64(value) : value;
}

/* --- types -------------------------------------------------------------------------- */

/* name, info, size or type: three words, and what its kind has behind them */
static uint32_t word(const struct btf *btf, uint32_t id, uint32_t index)
{
	return get(btf, btf->types + btf->places[id] + 4 * index);
}

static uint32_t extra(uint32_t info)
{
	uint32_t count = BTF_INFO_VLEN(info);

	switch (BTF_INFO_KIND(info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
		return 1;
	case BTF_KIND_ARRAY:
		return 3;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
		return 3 * count;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return 2 * count;
	case 17: /* BTF_KIND_DECL_TAG */
		return 1;
	case 19: /* BTF_KIND_ENUM64 */
		return 3 * count;
	default:
		return 0;
	}
}

static int find_types(struct btf *btf)
{
	uint32_t at = 0;

	btf->places = calloc(btf->types_size / 12 + 2, sizeof(uint32_t));
	btf->kept = calloc(btf->types_size / 12 + 2, 1);
	btf->count = 1;
	while (btf->places && btf->kept && at + 12 <= btf->types_size) {
		uint32_t info = get(btf, btf->types + at + 4);

		btf->places[btf->count++] = at;
		at += 12 + 4 * extra(info);
	}
	return at == btf->types_size && at ? 0 : -1;
}

/* Behind names of types. */
static uint32_t plain(struct btf *btf, uint32_t id)
{
	while (id && id < btf->count) {
		uint32_t kind = BTF_INFO_KIND(word(btf, id, 1));

		if (kind != BTF_KIND_TYPEDEF && kind != BTF_KIND_CONST &&
		    kind != BTF_KIND_VOLATILE && kind != BTF_KIND_RESTRICT)
			return id;
		btf->kept[id] = KEPT_ALL;
		id = word(btf, id, 2);
	}
	return 0;
}

static void keep_size(struct btf *btf, uint32_t id)
{
	id = plain(btf, id);
	while (id && BTF_INFO_KIND(word(btf, id, 1)) == BTF_KIND_ARRAY) {
		btf->kept[id] = KEPT_ALL;
		id = plain(btf, word(btf, id, 3));
	}
	if (id && !btf->kept[id])
		btf->kept[id] = KEPT_SIZE;
}

static void keep_map(struct btf *btf, uint32_t variable)
{
	uint32_t id = plain(btf, word(btf, variable, 2));

	btf->kept[variable] = KEPT_ALL;
	if (!id || BTF_INFO_KIND(word(btf, id, 1)) != BTF_KIND_STRUCT)
		return;
	btf->kept[id] = KEPT_ALL;
	for (uint32_t i = 0; i < BTF_INFO_VLEN(word(btf, id, 1)); i++) {
		uint32_t pointer = plain(btf, word(btf, id, 3 + 3 * i + 1));

		if (!pointer)
			continue;
		btf->kept[pointer] = KEPT_ALL;
		if (BTF_INFO_KIND(word(btf, pointer, 1)) == BTF_KIND_PTR)
			keep_size(btf, word(btf, pointer, 2));
	}
}

static const char *name_at(const struct btf *btf, uint32_t off)
{
	return off < btf->strings_size ? btf->strings + off : "";
}

static void keep_function(struct btf *btf, uint32_t id)
{
	uint32_t proto = word(btf, id, 2);

	btf->kept[id] = KEPT_ALL;
	if (!proto || proto >= btf->count)
		return;
	btf->kept[proto] = KEPT_ALL;
	for (uint32_t i = 0; i < BTF_INFO_VLEN(word(btf, proto, 1)); i++)
		keep_size(btf, word(btf, proto, 3 + 2 * i + 1));
}

static void keep_functions(struct btf *btf)
{
	for (uint32_t id = 1; id < btf->count; id++)
		if (BTF_INFO_KIND(word(btf, id, 1)) == BTF_KIND_FUNC)
			keep_function(btf, id);
}

static void keep_maps(struct btf *btf)
{
	for (uint32_t id = 1; id < btf->count; id++) {
		if (BTF_INFO_KIND(word(btf, id, 1)) != BTF_KIND_DATASEC ||
		    strcmp(name_at(btf, word(btf, id, 0)), ".maps"))
			continue;
		for (uint32_t i = 0; i < BTF_INFO_VLEN(word(btf, id, 1)); i++) {
			uint32_t variable = word(btf, id, 3 + 3 * i);

			if (variable && variable < btf->count)
				keep_map(btf, variable);
		}
	}
}

/* --- the new section ------------------------------------------------------------------ */

/* Each name once. */
static uint32_t new_name(struct btf *btf, uint32_t off)
{
	const char *name = name_at(btf, off);
	uint32_t at = 0;

	while (at < btf->names_size && strcmp(btf->names + at, name))
		at += (uint32_t)strlen(btf->names + at) + 1;
	if (at == btf->names_size) {
		strcpy(btf->names + at, name);
		btf->names_size += (uint32_t)strlen(name) + 1;
	}
	return at;
}

/* The bytes it takes. Names are those of variables and of a map's members. */
static uint32_t write_type(struct btf *btf, uint32_t id, uint8_t *to)
{
	uint32_t info = word(btf, id, 1), kind = BTF_INFO_KIND(info);
	uint32_t words = extra(info);

	if (btf->kept[id] == KEPT_NOT)
		return 12; /* of kind 0, which is none */
	if (btf->kept[id] == KEPT_SIZE && kind != BTF_KIND_INT) {
		info &= ~0xffffu; /* so many members */
		words = 0;
	}
	for (uint32_t i = 2; i < 3 + words; i++)
		put(btf, to + 4 * i, word(btf, id, i));
	put(btf, to + 4, info);
	if (kind == BTF_KIND_VAR || kind == BTF_KIND_FUNC)
		put(btf, to, new_name(btf, word(btf, id, 0)));
	for (uint32_t i = 0; kind == BTF_KIND_FUNC_PROTO && i < words; i += 2)
		put(btf, to + 12 + 4 * i, 0);
	for (uint32_t i = 0; kind == BTF_KIND_STRUCT && i < words; i += 3)
		put(btf, to + 12 + 4 * i, new_name(btf, word(btf, id, 3 + i)));
	return 12 + 4 * words;
}

static int write_all(struct btf *btf)
{
	uint32_t size = 0, head = get(btf, btf->at + 4);

	btf->out = calloc(1, btf->size);
	btf->names = calloc(1, btf->strings_size + 1);
	if (!btf->out || !btf->names)
		return -1;
	btf->names_size = 1;
	for (uint32_t id = 1; id < btf->count; id++)
		size += write_type(btf, id, btf->out + size);
	memcpy(btf->out + size, btf->names, btf->names_size);
	memset(btf->at + head, 0, btf->size - head);
	memcpy(btf->at + head, btf->out, size + btf->names_size);
	/* type_off, type_len, str_off, str_len */
	put(btf, btf->at + 8, 0);
	put(btf, btf->at + 12, size);
	put(btf, btf->at + 16, size);
	put(btf, btf->at + 20, btf->names_size);
	return 0;
}

/* --- the object ------------------------------------------------------------------------ */

static int open_section(struct btf *btf)
{
	uint32_t head, type_off, str_off;

	if (btf->size < 24)
		return -1;
	head = get(btf, btf->at + 4);
	type_off = get(btf, btf->at + 8);
	btf->types_size = get(btf, btf->at + 12);
	str_off = get(btf, btf->at + 16);
	btf->strings_size = get(btf, btf->at + 20);
	if (head < 24 || head > btf->size || type_off > btf->size - head ||
	    btf->types_size > btf->size - head - type_off ||
	    str_off > btf->size - head ||
	    btf->strings_size > btf->size - head - str_off)
		return -1;
	btf->types = btf->at + head + type_off;
	btf->strings = (const char *)btf->at + head + str_off;
	if (!btf->strings_size || btf->strings[btf->strings_size - 1])
		return -1;
	return find_types(btf);
}

static uint16_t get_half(const struct btf *btf, const uint8_t *from)
{
	return btf->swapped ? (uint16_t)(from[0] << 8 | from[1]) :
			      (uint16_t)(from[1] << 8 | from[0]);
}

/* As sections are: name, offset and size at 0, 24 and 32 of a header of 64 bytes. */
static int find_section(struct btf *btf, uint8_t *elf, size_t size)
{
	uint64_t table, names, at, count, index;

	if (size < 64 || memcmp(elf, ELFMAG, SELFMAG) ||
	    elf[EI_CLASS] != ELFCLASS64)
		return -1;
	/* of a host that is little-endian */
	btf->swapped = elf[EI_DATA] == ELFDATA2MSB;
	table = get_wide(btf, elf + 40);
	count = get_half(btf, elf + 60);
	index = get_half(btf, elf + 62);
	if (table > size || count > (size - table) / 64 || index >= count)
		return -1;
	names = get_wide(btf, elf + table + 64 * index + 24);
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *section = elf + table + 64 * i;

		at = names + get(btf, section);
		if (at + 5 > size || memcmp(elf + at, ".BTF", 5))
			continue;
		at = get_wide(btf, section + 24);
		btf->size = get_wide(btf, section + 32);
		btf->at = elf + at;
		return at > size || btf->size > size - at ? -1 : 0;
	}
	return -1;
}

int pack_btf(uint8_t *elf, size_t size)
{
	struct btf btf = { 0 };
	int error = find_section(&btf, elf, size);

	if (!error)
		error = open_section(&btf);
	if (!error) {
		keep_maps(&btf);
		keep_functions(&btf);
		error = write_all(&btf);
	}
	free(btf.places);
	free(btf.kept);
	free(btf.out);
	free(btf.names);
	return error;
}
