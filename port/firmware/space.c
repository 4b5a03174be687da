/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The codes of a program -> mappings, and the bytes behind each. */
#include "port.h"

/* Where a program's memory may end: of 32 bits, TASK_SIZE of Linux for mips. */
#define MEMORY_END (HOST_IS_WIDE ? 1ull << 48 : 0x7fff8000ull)
#define NONE_LABEL "[anonymous]"
#define CODE_LABEL "[code]"
#define AROUND_LABEL "[memory]"

/* --- an origin: what the caller has said ---------------------------------------- */

static dwunw_status_t code_open(struct dwunw_firmware_space *space,
				const struct dwunw_mapping *mapping,
				struct dwu_bytes *bytes,
				struct dwunw_source *src)
{
	const struct dwunw_firmware_object *object =
		&space->objects[mapping->file];
	const struct dwunw_firmware_code around = {
		.start = mapping->start,
		.end = mapping->end,
	};

	if (object->code && object->code->image)
		return dwu_use_image(bytes, (uintptr_t)object->code->image,
				     src);
	dwu_use_bare(bytes, object->code ? object->code : &around, src);
	return DWUNW_OK;
}

static dwunw_status_t code_bias(const struct dwunw_firmware_space *space,
				const struct dwunw_firmware_slot *slot,
				const struct dwunw_mapping *mapping,
				uint64_t *bias)
{
	(void)space;
	(void)mapping;
	*bias = slot->bytes.image.bias; /* bare: 0 */
	return DWUNW_OK;
}

static dwunw_status_t code_reopen(struct dwunw_firmware_space *space,
				  const struct dwunw_mapping *mapping,
				  struct dwunw_firmware_slot *slot)
{
	(void)space;
	(void)mapping;
	(void)slot;
	return DWUNW_OK;
}

static void code_close(struct dwu_bytes *bytes)
{
	(void)bytes;
}

const struct dwunw_firmware_origin dwu_origin_codes = {
	.open = code_open,
	.bias = code_bias,
	.reopen = code_reopen,
	.close = code_close,
};

/* --- mappings -------------------------------------------------------------------- */

const char *dwu_label_of(const struct dwunw_firmware_object *object)
{
	return object->label[0] ? object->label : NONE_LABEL;
}

void *dwu_space_room(struct dwunw_firmware_space *space, uint32_t count,
		     size_t more, struct dwunw_arena *arena)
{
	size_t slots = DWUNW_FIRMWARE_MODULE_MAX * sizeof(*space->slots);
	size_t mappings = count * sizeof(*space->space.mappings);
	size_t objects = count * sizeof(*space->objects);
	uint8_t *block =
		dwunw_arena_alloc(arena, slots + mappings + objects + more);

	if (!block)
		return NULL;
	/* each size is a multiple of what the next struct is aligned to */
	space->slots = (void *)block;
	block += slots;
	space->space.mappings = (void *)block;
	block += mappings;
	space->objects = (void *)block;
	return block + objects;
}

struct dwunw_firmware_object *
dwu_space_keep(struct dwunw_firmware_space *space,
	       const struct dwunw_mapping *mapping, const char *label)
{
	uint32_t i = space->space.count++;
	struct dwunw_mapping *kept = &space->space.mappings[i];

	*kept = *mapping;
	kept->flags = DWUNW_MAPPING_EXEC;
	kept->file = i;
	space->objects[i] = (struct dwunw_firmware_object){
		.label = label,
		.start = mapping->start,
		.anonymous = label[0] != '/',
	};
	return &space->objects[i];
}

void dwu_space_begin(struct dwunw_firmware_space *space,
		     const struct dwunw_firmware_origin *origin)
{
	space->origin = origin;
	space->space.arch = dwunw_arch_by_id(DWU_HOST_ARCH);
	space->space.open_module = dwu_modules_open;
	space->space.close_module = dwu_modules_close;
	space->space.ctx = space;
}

dwunw_status_t dwu_space_finish(struct dwunw_firmware_space *space,
				struct dwunw_arena *arena)
{
	dwunw_arena_init(&space->tables, arena->base + arena->used,
			 arena->size - arena->used);
	arena->used = arena->size;
	return dwunw_space_init(&space->space);
}

/* --- codes -> mappings --------------------------------------------------------------- */

static const char *label_of_code(const struct dwunw_firmware_code *code)
{
	return code->label ? code->label : CODE_LABEL;
}

static void keep_image(struct dwunw_firmware_space *space,
		       const struct dwunw_firmware_code *code,
		       const struct dwu_image *image)
{
	struct dwunw_firmware_object *object;
	uint32_t i;

	for (i = 0; i < image->count; i++) {
		const struct dwunw_segment *load = &image->loads[i];
		struct dwunw_mapping mapping = {
			.start = image->bias + load->vaddr,
			.off = load->off,
		};

		if (!dwu_is_code(load))
			continue;
		mapping.end = mapping.start + load->file_size;
		object = dwu_space_keep(space, &mapping, label_of_code(code));
		object->code = code;
		object->image = true;
	}
}

static dwunw_status_t keep_code(struct dwunw_firmware_space *space,
				const struct dwunw_firmware_code *code)
{
	const struct dwunw_mapping bare = {
		.start = code->start,
		.end = code->end,
	};
	struct dwu_image image;
	dwunw_status_t status;

	if (!code->image) {
		dwu_space_keep(space, &bare, label_of_code(code))->code = code;
		return DWUNW_OK;
	}
	status = dwu_image_open(space, &image, (uintptr_t)code->image);
	if (status == DWUNW_OK)
		keep_image(space, code, &image);
	return status == DWUNW_ERR_INVALID_ARG ? DWUNW_ERR_BAD_FORMAT : status;
}

/* Mappings are sorted: what is between them, and around. */
static void keep_around(struct dwunw_firmware_space *space)
{
	const struct dwunw_mapping *known = space->space.mappings;
	uint32_t i, count = space->space.count;
	struct dwunw_mapping gap = { .start = DWU_PAGE_SIZE };

	for (i = 0; i <= count; i++) {
		gap.end = i < count ? known[i].start : MEMORY_END;
		if (gap.start < gap.end)
			(void)dwu_space_keep(space, &gap, AROUND_LABEL);
		if (i < count)
			gap.start = known[i].end;
	}
}

/* The segments of an image, or one. */
static dwunw_status_t count_code(const struct dwunw_firmware_space *space,
				 const struct dwunw_firmware_code *code,
				 uint32_t *count)
{
	struct dwu_image image;

	*count += code->image ? DWU_LOAD_MAX : 1;
	if (code->image)
		return dwu_image_open(space, &image, (uintptr_t)code->image) ==
				       DWUNW_OK ?
			       DWUNW_OK :
			       DWUNW_ERR_BAD_FORMAT;
	return code->start < code->end && code->cfi_start <= code->cfi_end ?
		       DWUNW_OK :
		       DWUNW_ERR_INVALID_ARG;
}

static uint32_t with_around(uint32_t count, bool around)
{
	return around ? 2 * count + 1 : count;
}

static dwunw_status_t keep_all(struct dwunw_firmware_space *space,
			       const struct dwunw_firmware_code *codes,
			       uint32_t count, bool around)
{
	dwunw_status_t status;
	uint32_t i;

	for (i = 0; i < count; i++) {
		status = keep_code(space, &codes[i]);
		if (status != DWUNW_OK)
			return status;
	}
	if (around && dwunw_space_init(&space->space) == DWUNW_OK)
		keep_around(space);
	return DWUNW_OK;
}

dwunw_status_t dwu_space_codes(struct dwunw_firmware_space *space,
			       const struct dwunw_firmware_code *codes,
			       uint32_t count, bool around,
			       struct dwunw_arena *arena)
{
	dwunw_status_t status = DWUNW_OK;
	uint32_t i, mappings = 0;

	dwu_space_begin(space, &dwu_origin_codes);
	if (!space->space.arch)
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	if (!codes || count == 0 || count > DWU_CODES_MAX)
		return DWUNW_ERR_INVALID_ARG;
	for (i = 0; i < count && status == DWUNW_OK; i++)
		status = count_code(space, &codes[i], &mappings);
	if (status != DWUNW_OK)
		return status;
	if (!dwu_space_room(space, with_around(mappings, around), 0, arena))
		return DWUNW_ERR_NO_MEMORY;
	status = keep_all(space, codes, count, around);
	return status == DWUNW_OK ? dwu_space_finish(space, arena) : status;
}

size_t dwu_codes_tables(struct dwunw_firmware_space *space,
			const struct dwunw_firmware_code *codes, uint32_t count)
{
	struct dwunw_firmware_object object = { .label = "" };
	struct dwunw_firmware_slot slot;
	/* what is around is bare as well, and asks for less */
	struct dwunw_mapping mapping = { .end = DWU_PAGE_SIZE };
	size_t size, most = 0;
	uint32_t i;

	space->objects = &object;
	for (i = 0; i < count; i++) {
		object.code = &codes[i];
		mapping.serial = 0;
		size = dwu_module_tables(space, &mapping, &slot);
		if (size > most)
			most = size;
	}
	space->objects = NULL;
	return most;
}
