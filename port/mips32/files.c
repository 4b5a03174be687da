/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Mapping -> its bytes, from the first of: the running image in memory, the
 * mapped file, an ELF header at the mapping's start, the bare code.
 */
#include "port.h"

enum {
	CHECKED_BYTES = 256,
};

/* --- a file ------------------------------------------------------------------------ */

static dwunw_status_t file_read(void *ctx, uint64_t off, void *dst, size_t size)
{
	const struct dwu_bytes *bytes = ctx;
	uint8_t *to = dst;
	int32_t got;

	while (size > 0) {
		got = dwunw_mips32_pread(bytes->fd, to, size, off);
		if (got == -DWUNW_MIPS32_EINTR)
			continue;
		if (got <= 0)
			return got ? DWUNW_ERR_IO : DWUNW_ERR_INVALID_ARG;
		to += got;
		off += (uint32_t)got;
		size -= (uint32_t)got;
	}
	return DWUNW_OK;
}

/*
 * Code is not written to: where the file has other bytes than the memory,
 * it is another file by now.
 */
static bool same_code(struct dwu_bytes *bytes,
		      const struct dwunw_mapping *mapping)
{
	uint8_t there[CHECKED_BYTES], here[CHECKED_BYTES];
	size_t size = CHECKED_BYTES;

	if (mapping->end - mapping->start < size)
		size = (size_t)(mapping->end - mapping->start);
	return file_read(bytes, mapping->off, there, size) == DWUNW_OK &&
	       dwunw_mips32_read_memory(NULL, mapping->start, here, size) ==
		       DWUNW_OK &&
	       memcmp(there, here, size) == 0;
}

static bool open_file(struct dwu_bytes *bytes, const char *path,
		      const struct dwunw_mapping *mapping,
		      struct dwunw_source *src)
{
	int64_t size;

	/* O_RDONLY | O_CLOEXEC | O_NONBLOCK, in numbers of mips */
	bytes->fd = dwunw_mips32_open(path, 02000000 | 0200);
	if (bytes->fd < 0)
		return false;
	size = dwunw_mips32_file_size(bytes->fd);
	if (size > 0 && same_code(bytes, mapping)) {
		*src = (struct dwunw_source){ .read = file_read,
					      .ctx = bytes,
					      .size = (uint64_t)size };
		return true;
	}
	(void)dwunw_mips32_close(bytes->fd);
	bytes->fd = -1;
	return false;
}

/* --- which of them -------------------------------------------------------------------- */

/*
 * The image that a mapped file left in memory. Each of its pieces of offset 0
 * shows the header, that of the code too, where both share a page.
 */
static bool use_mapped(const struct dwunw_mips32_space *space, uint64_t start,
		       struct dwu_bytes *bytes, struct dwunw_source *src)
{
	const struct dwunw_piece *pieces = space->pieces;
	uint32_t at = dwunw_piece_owner(pieces, space->piece_count, start);
	struct dwu_image *image = &bytes->image;
	struct dwunw_elf elf = { .segments = image->loads };
	uint32_t file;

	if (at == DWUNW_PIECE_NONE)
		return false;
	file = pieces[at].file;
	while (at > 0 && (pieces[at].file != file || pieces[at].off != 0))
		at--;
	if (pieces[at].file != file || pieces[at].off != 0 ||
	    dwu_use_image(bytes, pieces[at].start, src) != DWUNW_OK)
		return false;
	elf.segment_count = image->count;
	elf.type = image->type;
	return dwunw_elf_bias(&elf, pieces, space->piece_count,
			      pieces[at].start, &image->bias) == DWUNW_OK;
}

static dwunw_status_t maps_open(struct dwunw_firmware_space *firmware,
				const struct dwunw_mapping *mapping,
				struct dwu_bytes *bytes,
				struct dwunw_source *src)
{
	/* `firmware` is its first member */
	const struct dwunw_mips32_space *space = (const void *)firmware;
	const struct dwunw_firmware_object *object =
		&firmware->objects[mapping->file];
	const struct dwunw_firmware_code bare = {
		.start = object->start,
		.end = mapping->end,
	};

	if (object->image &&
	    dwu_use_image(bytes, space->image, src) == DWUNW_OK)
		return DWUNW_OK;
	if (object->label[0] == '/' &&
	    open_file(bytes, object->label, mapping, src))
		return DWUNW_OK;
	if (object->anonymous ?
		    dwu_use_image(bytes, object->start, src) == DWUNW_OK :
		    use_mapped(space, object->start, bytes, src))
		return DWUNW_OK;
	if (!object->anonymous)
		return DWUNW_ERR_IO;
	dwu_use_bare(bytes, &bare, src);
	return DWUNW_OK;
}

static dwunw_status_t maps_bias(const struct dwunw_firmware_space *firmware,
				const struct dwunw_firmware_slot *slot,
				const struct dwunw_mapping *mapping,
				uint64_t *bias)
{
	const struct dwunw_mips32_space *space = (const void *)firmware;

	*bias = slot->bytes.image.bias;
	if (slot->bytes.fd < 0)
		return DWUNW_OK; /* bare: 0 */
	return dwunw_elf_bias(&slot->module.elf, space->pieces,
			      space->piece_count, mapping->start, bias);
}

/* The file of a module whose tables were kept is opened anew. */
static dwunw_status_t maps_reopen(struct dwunw_firmware_space *space,
				  const struct dwunw_mapping *mapping,
				  struct dwunw_firmware_slot *slot)
{
	struct dwunw_source src;

	if (slot->module.elf.src.read != file_read)
		return DWUNW_OK;
	return open_file(&slot->bytes, space->objects[mapping->file].label,
			 mapping, &src) ?
		       DWUNW_OK :
		       DWUNW_ERR_IO;
}

static void maps_close(struct dwu_bytes *bytes)
{
	if (bytes->fd >= 0)
		(void)dwunw_mips32_close(bytes->fd);
	bytes->fd = -1;
}

const struct dwunw_firmware_origin dwu_origin_maps = {
	.open = maps_open,
	.bias = maps_bias,
	.reopen = maps_reopen,
	.close = maps_close,
};
