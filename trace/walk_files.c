/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A module's serial -> the number that rows have for its file. A key has 16 bits
 * for that, a serial 32, and an identity 64.
 */
#include "walk_rows.h"

#include <stdlib.h>

#define NUMBER_MAX 65535u

struct dwu_walk_files {
	uint32_t used; /* numbers 1 to used */
	uint32_t size; /* of the table, a power of two */
	struct number {
		uint32_t serial; /* 0: free */
		uint32_t number;
	} * table;
};

struct dwu_walk_files *dwu_walk_files_new(void)
{
	struct dwu_walk_files *files = calloc(1, sizeof(*files));

	if (!files)
		return NULL;
	files->size = 64;
	files->table = calloc(files->size, sizeof(*files->table));
	if (files->table)
		return files;
	free(files);
	return NULL;
}

void dwu_walk_files_free(struct dwu_walk_files *files)
{
	if (files)
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

uint32_t dwu_walk_file_number(struct dwu_walk_files *files, uint32_t serial)
{
	struct number *found;

	if (!serial)
		return 0;
	found = place(files->table, files->size, serial);
	if (found->serial)
		return found->number;
	if (files->used == NUMBER_MAX)
		return 0;
	if (2 * (files->used + 1) > files->size) {
		if (!grow(files))
			return 0;
		found = place(files->table, files->size, serial);
	}
	*found = (struct number){ serial, ++files->used };
	return found->number;
}

uint64_t dwu_walk_file_identity(uint32_t serial)
{
	return serial;
}
