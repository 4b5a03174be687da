/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A module's serial -> the number that rows have for its file. A key has 16 bits
 * for that, a serial 32, and an identity 64. By the file that was opened, not by
 * its identity: a program can have the build id of another one, and its rows
 * would be those of that one's stacks.
 */
#include "walk_rows.h"

#include <stdlib.h>

#define NUMBER_MAX 65535u

struct dwu_walk_files {
	struct dwunw_context *ctx;
	uint64_t *identities; /* of numbers from 1 on */
	uint32_t used;
	uint32_t room;
	uint32_t size; /* of the table, a power of two */
	struct number {
		uint32_t serial; /* 0: free */
		uint32_t number;
	} * table;
};

struct dwu_walk_files *dwu_walk_files_new(struct dwunw_context *ctx)
{
	struct dwu_walk_files *files = calloc(1, sizeof(*files));

	if (!files)
		return NULL;
	files->ctx = ctx;
	files->size = 64;
	files->table = calloc(files->size, sizeof(*files->table));
	if (files->table)
		return files;
	free(files);
	return NULL;
}

void dwu_walk_files_free(struct dwu_walk_files *files)
{
	if (!files)
		return;
	free(files->identities);
	free(files->table);
	free(files);
}

/* Where a serial is, or is to be: half of the table is free. */
static struct number *place(struct number *table, uint32_t size,
			    uint32_t serial)
{
	uint32_t at = serial * 0x9e3779b1u & (size - 1);

	while (table[at].serial && table[at].serial != serial)
		at = (at + 1) & (size - 1);
	return &table[at];
}

/* Twice the size, each element placed anew. */
static bool grow(struct dwu_walk_files *files)
{
	struct number *larger = calloc(2 * files->size, sizeof(*larger));

	if (!larger)
		return false;
	for (uint32_t i = 0; i < files->size; i++)
		if (files->table[i].serial)
			*place(larger, 2 * files->size,
			       files->table[i].serial) = files->table[i];
	free(files->table);
	files->table = larger;
	files->size *= 2;
	return true;
}

/* 0: there is no room. */
static uint32_t add_number(struct dwu_walk_files *files, uint64_t identity)
{
	uint64_t *larger;

	if (files->used == NUMBER_MAX)
		return 0;
	if (files->used == files->room) {
		uint32_t room = files->room ? 2 * files->room : 64;

		larger = realloc(files->identities, room * sizeof(*larger));
		if (!larger)
			return 0;
		files->identities = larger;
		files->room = room;
	}
	files->identities[files->used++] = identity;
	return files->used;
}

/*
 * Numbers are given in the order in which files are met; 65,535 of them, then
 * 0: the kernel asks for stacks of other files.
 */
uint32_t dwu_walk_file_number(struct dwu_walk_files *files, uint32_t serial)
{
	uint64_t identity;
	uint32_t number;
	struct number *found;

	if (!serial)
		return 0;
	found = place(files->table, files->size, serial);
	if (found->serial)
		return found->number;
	identity = dwunw_module_identity(files->ctx, serial);
	if (!identity)
		return 0;
	if (2 * (files->used + 1) > files->size) {
		if (!grow(files))
			return 0;
		found = place(files->table, files->size, serial);
	}
	number = add_number(files, identity);
	if (number)
		*found = (struct number){ serial, number };
	return number;
}

uint64_t dwu_walk_file_identity(const struct dwu_walk_files *files,
				uint32_t number)
{
	return number ? files->identities[number - 1] : 0;
}
