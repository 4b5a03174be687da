/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Mapping -> module. Tables are kept in a few slots, and dropped when another
 * one needs the room. */
#include "port.h"

static dwunw_status_t open_slot(struct dwunw_firmware_space *space,
				struct dwunw_mapping *mapping,
				struct dwunw_firmware_slot *slot)
{
	struct dwunw_source src;
	uint64_t bias = 0;
	dwunw_status_t status;

	slot->bytes = (struct dwu_bytes){ .space = space, .fd = -1 };
	status = space->origin->open(space, mapping, &slot->bytes, &src);
	if (status != DWUNW_OK)
		return status;
	status = dwunw_module_open(&slot->module, &src, mapping->file + 1,
				   &space->tables);
	if (status == DWUNW_OK)
		status = space->origin->bias(space, slot, mapping, &bias);
	if (status != DWUNW_OK) {
		space->origin->close(&slot->bytes);
		return status;
	}
	slot->used = true;
	mapping->bias = bias;
	__atomic_store_n(&mapping->serial, mapping->file + 1, __ATOMIC_RELEASE);
	return DWUNW_OK;
}

/* A walk holds one module at a time, and none when it opens one. */
static void drop_tables(struct dwunw_firmware_space *space)
{
	uint32_t i;

	for (i = 0; i < DWUNW_FIRMWARE_MODULE_MAX; i++)
		space->slots[i].used = false;
	dwunw_arena_reset(&space->tables);
}

static struct dwunw_firmware_slot *slot_of(struct dwunw_firmware_space *space,
					   uint32_t serial)
{
	uint32_t i;

	for (i = 0; i < DWUNW_FIRMWARE_MODULE_MAX; i++)
		if (space->slots[i].used &&
		    space->slots[i].module.serial == serial)
			return &space->slots[i];
	return NULL;
}

static struct dwunw_firmware_slot *free_slot(struct dwunw_firmware_space *space)
{
	uint32_t i;

	for (i = 0; i < DWUNW_FIRMWARE_MODULE_MAX; i++)
		if (!space->slots[i].used)
			return &space->slots[i];
	drop_tables(space);
	return &space->slots[0];
}

dwunw_status_t dwu_modules_open(void *ctx, struct dwunw_mapping *mapping,
				const struct dwunw_module **module)
{
	struct dwunw_firmware_space *space = ctx;
	struct dwunw_firmware_slot *slot = slot_of(space, mapping->file + 1);
	dwunw_status_t status;

	if (slot) {
		status = space->origin->reopen(space, mapping, slot);
	} else {
		slot = free_slot(space);
		status = open_slot(space, mapping, slot);
		if (status == DWUNW_ERR_NO_MEMORY) {
			drop_tables(space);
			slot = &space->slots[0];
			status = open_slot(space, mapping, slot);
		}
	}
	if (status == DWUNW_ERR_NO_MEMORY &&
	    space->tables.wanted > space->tables_wanted)
		space->tables_wanted = space->tables.wanted;
	*module = &slot->module;
	return status;
}

void dwu_modules_close(void *ctx, const struct dwunw_module *module)
{
	struct dwunw_firmware_space *space = ctx;
	struct dwunw_firmware_slot *slot = slot_of(space, module->serial);

	if (slot)
		space->origin->close(&slot->bytes);
}

size_t dwu_module_tables(struct dwunw_firmware_space *space,
			 struct dwunw_mapping *mapping,
			 struct dwunw_firmware_slot *slot)
{
	dwunw_status_t status;

	/* what an empty arena lacks */
	dwunw_arena_init(&space->tables, NULL, 0);
	space->tables.wanted = 0;
	status = open_slot(space, mapping, slot);
	if (status == DWUNW_OK)
		space->origin->close(&slot->bytes);
	slot->used = false;
	return status == DWUNW_ERR_NO_MEMORY ? space->tables.wanted : 0;
}
