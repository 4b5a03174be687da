/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Mapping -> module, from the first of: the running image in memory, the
 * mapped file, an ELF header at the mapping's start, the bare code.
 */
#include "port.h"

enum {
	EHDR_SIZE = 52,
	PHDR_SIZE = 32,
	PHDR_MAX = 64,
	PT_LOAD = 1,
	PF_X = 1,
	EM_MIPS = 8,
	/* of the file made up for code that has none: headers, then code */
	BARE_OFF = 4096,
	CHECKED_BYTES = 256,
};

#define HOST_IS_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/* ELF32 headers of this host's byte order (gABI 4). */
struct ehdr {
	uint8_t ident[16];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint32_t entry;
	uint32_t phoff;
	uint32_t shoff;
	uint32_t flags;
	uint16_t ehsize;
	uint16_t phentsize;
	uint16_t phnum;
	uint16_t shentsize;
	uint16_t shnum;
	uint16_t shstrndx;
};
_Static_assert(sizeof(struct ehdr) == EHDR_SIZE, "gABI 4, Elf32_Ehdr");

struct phdr {
	uint32_t type;
	uint32_t off;
	uint32_t vaddr;
	uint32_t paddr;
	uint32_t filesz;
	uint32_t memsz;
	uint32_t flags;
	uint32_t align;
};
_Static_assert(sizeof(struct phdr) == PHDR_SIZE, "gABI 4, Elf32_Phdr");

static const uint8_t magic[7] = {
	0x7f, 'E', 'L', 'F', 1, HOST_IS_BIG ? 2 : 1, 1
};

/* --- an image in memory ------------------------------------------------------- */

static bool is_ours(const struct ehdr *e)
{
	return memcmp(e->ident, magic, sizeof(magic)) == 0 &&
	       e->machine == EM_MIPS && e->phentsize == PHDR_SIZE &&
	       e->phnum > 0 && e->phnum <= PHDR_MAX;
}

static bool add_load(struct dwu_image *image, const struct phdr *p)
{
	uint64_t end = (uint64_t)p->off + p->filesz;

	if (p->type != PT_LOAD || p->filesz == 0)
		return true;
	if (image->count == DWU_LOAD_MAX)
		return false;
	image->loads[image->count++] = (struct dwunw_segment){
		.off = p->off,
		.vaddr = p->vaddr,
		.file_size = p->filesz,
		.mem_size = p->memsz,
		.flags = p->flags,
	};
	if (end > image->size)
		image->size = end;
	return true;
}

/* The header is at offset 0, in the segment that begins first in the file. */
static bool find_bias(struct dwu_image *image, uint64_t addr)
{
	uint64_t first = DWU_PAGE_SIZE;
	uint32_t i;

	for (i = 0; i < image->count; i++) {
		if (image->loads[i].off >= first)
			continue;
		first = image->loads[i].off;
		image->bias = addr - (image->loads[i].vaddr - first);
	}
	return first < DWU_PAGE_SIZE;
}

dwunw_status_t dwu_image_open(struct dwu_image *image, uint64_t addr)
{
	struct ehdr e;
	struct phdr p;
	uint32_t i;

	*image = (struct dwu_image){ 0 };
	if (dwunw_mips32_read_memory(NULL, addr, &e, sizeof(e)) != DWUNW_OK)
		return DWUNW_ERR_INVALID_ARG;
	if (!is_ours(&e))
		return DWUNW_ERR_BAD_FORMAT;
	image->type = e.type;
	for (i = 0; i < e.phnum; i++)
		if (dwunw_mips32_read_memory(NULL,
					     addr + e.phoff + i * sizeof(p), &p,
					     sizeof(p)) != DWUNW_OK ||
		    !add_load(image, &p))
			return DWUNW_ERR_BAD_FORMAT;
	return find_bias(image, addr) ? DWUNW_OK : DWUNW_ERR_BAD_FORMAT;
}

/* The bytes of a segment; what lies between segments reads as zeros. */
static dwunw_status_t image_read(void *ctx, uint64_t off, void *dst,
				 size_t size)
{
	const struct dwu_image *image = &((struct dwu_bytes *)ctx)->image;
	uint64_t start, end;
	uint32_t i;

	if (off > image->size || size > image->size - off)
		return DWUNW_ERR_INVALID_ARG;
	memset(dst, 0, size);
	for (i = 0; i < image->count; i++) {
		const struct dwunw_segment *l = &image->loads[i];

		start = off > l->off ? off : l->off;
		end = l->off + l->file_size;
		if (end > off + size)
			end = off + size;
		if (start < end &&
		    dwunw_mips32_read_memory(
			    NULL, image->bias + l->vaddr + (start - l->off),
			    (uint8_t *)dst + (size_t)(start - off),
			    (size_t)(end - start)) != DWUNW_OK)
			return DWUNW_ERR_IO;
	}
	return DWUNW_OK;
}

static bool all_readable(uint64_t addr, uint64_t size)
{
	uint64_t at = addr;

	for (; at < addr + size; at = (at | (DWU_PAGE_SIZE - 1)) + 1)
		if (!dwu_readable(at))
			return false;
	return true;
}

/* In place: a firmware's tables are in memory already. */
static const void *image_view(void *ctx, uint64_t off, size_t size)
{
	const struct dwu_image *image = &((struct dwu_bytes *)ctx)->image;
	uint64_t addr;
	uint32_t i;

	for (i = 0; i < image->count; i++) {
		const struct dwunw_segment *l = &image->loads[i];

		if (off < l->off || off - l->off > l->file_size ||
		    size > l->file_size - (off - l->off))
			continue;
		addr = image->bias + l->vaddr + (off - l->off);
		return all_readable(addr, size) ? dwu_pointer(addr) : NULL;
	}
	return NULL;
}

/* --- bare code ------------------------------------------------------------------ */

static void bare_headers(const struct dwu_bytes *bytes, uint8_t *headers)
{
	struct ehdr e = { .machine = EM_MIPS,
			  .type = 2, /* ET_EXEC: addresses as they are */
			  .version = 1,
			  .phoff = EHDR_SIZE,
			  .ehsize = EHDR_SIZE,
			  .phentsize = PHDR_SIZE,
			  .phnum = 1 };
	struct phdr p = { .type = PT_LOAD,
			  .off = BARE_OFF,
			  .vaddr = (uint32_t)bytes->start,
			  .filesz = (uint32_t)bytes->code_size,
			  .memsz = (uint32_t)bytes->code_size,
			  /* not readable: nobody searches it for tables */
			  .flags = PF_X };

	memcpy(e.ident, magic, sizeof(magic));
	memcpy(headers, &e, sizeof(e));
	memcpy(headers + EHDR_SIZE, &p, sizeof(p));
}

static dwunw_status_t bare_read(void *ctx, uint64_t off, void *dst, size_t size)
{
	const struct dwu_bytes *bytes = ctx;
	uint8_t headers[EHDR_SIZE + PHDR_SIZE];
	uint64_t known;

	if (off > BARE_OFF + bytes->code_size ||
	    size > BARE_OFF + bytes->code_size - off)
		return DWUNW_ERR_INVALID_ARG;
	if (off >= BARE_OFF)
		return dwunw_mips32_read_memory(
			NULL, bytes->start + (off - BARE_OFF), dst, size);
	memset(dst, 0, size);
	if (off >= sizeof(headers))
		return DWUNW_OK;
	bare_headers(bytes, headers);
	known = sizeof(headers) - off;
	memcpy(dst, headers + (size_t)off, known < size ? (size_t)known : size);
	return DWUNW_OK;
}

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

static bool use_image(struct dwu_bytes *bytes, uint64_t addr,
		      struct dwunw_source *src)
{
	if (dwu_image_open(&bytes->image, addr) != DWUNW_OK)
		return false;
	*src = (struct dwunw_source){ .read = image_read,
				      .view = image_view,
				      .ctx = bytes,
				      .size = bytes->image.size };
	return true;
}

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
	    !use_image(bytes, pieces[at].start, src))
		return false;
	elf.segment_count = image->count;
	elf.type = image->type;
	return dwunw_elf_bias(&elf, pieces, space->piece_count,
			      pieces[at].start, &image->bias) == DWUNW_OK;
}

static void use_bare(struct dwu_bytes *bytes, uint64_t start, uint64_t end,
		     struct dwunw_source *src)
{
	bytes->start = start;
	bytes->code_size = end - start;
	*src = (struct dwunw_source){ .read = bare_read,
				      .ctx = bytes,
				      .size = BARE_OFF + bytes->code_size };
}

static dwunw_status_t find_bytes(const struct dwunw_mips32_space *space,
				 const struct dwunw_mapping *mapping,
				 struct dwu_bytes *bytes,
				 struct dwunw_source *src)
{
	const struct dwunw_mips32_object *object =
		&space->objects[mapping->file];

	*bytes = (struct dwu_bytes){ .fd = -1 };
	if (object->image && use_image(bytes, space->image, src))
		return DWUNW_OK;
	if (object->label[0] == '/' &&
	    open_file(bytes, object->label, mapping, src))
		return DWUNW_OK;
	if (object->anonymous ? use_image(bytes, object->start, src) :
				use_mapped(space, object->start, bytes, src))
		return DWUNW_OK;
	if (!object->anonymous)
		return DWUNW_ERR_IO;
	use_bare(bytes, object->start, mapping->end, src);
	return DWUNW_OK;
}

static dwunw_status_t find_bias_of(const struct dwunw_mips32_space *space,
				   const struct dwunw_mips32_slot *slot,
				   const struct dwunw_mapping *mapping,
				   uint64_t *bias)
{
	*bias = slot->bytes.image.bias;
	if (slot->bytes.fd < 0)
		return DWUNW_OK; /* bare: 0 */
	return dwunw_elf_bias(&slot->module.elf, space->pieces,
			      space->piece_count, mapping->start, bias);
}

static dwunw_status_t open_slot(struct dwunw_mips32_space *space,
				struct dwunw_mapping *mapping,
				struct dwunw_mips32_slot *slot)
{
	struct dwunw_source src;
	uint64_t bias = 0;
	dwunw_status_t status = find_bytes(space, mapping, &slot->bytes, &src);

	if (status == DWUNW_OK)
		status = dwunw_module_open(&slot->module, &src,
					   mapping->file + 1, &space->tables);
	if (status == DWUNW_OK)
		status = find_bias_of(space, slot, mapping, &bias);
	if (status != DWUNW_OK) {
		if (slot->bytes.fd >= 0)
			(void)dwunw_mips32_close(slot->bytes.fd);
		return status;
	}
	slot->used = true;
	mapping->bias = bias;
	__atomic_store_n(&mapping->serial, mapping->file + 1, __ATOMIC_RELEASE);
	return DWUNW_OK;
}

/* A walk holds one module at a time, and none when it opens one. */
static void drop_tables(struct dwunw_mips32_space *space)
{
	uint32_t i;

	for (i = 0; i < DWUNW_MIPS32_MODULE_MAX; i++)
		space->slots[i].used = false;
	dwunw_arena_reset(&space->tables);
}

static struct dwunw_mips32_slot *slot_of(struct dwunw_mips32_space *space,
					 uint32_t serial)
{
	uint32_t i;

	for (i = 0; i < DWUNW_MIPS32_MODULE_MAX; i++)
		if (space->slots[i].used &&
		    space->slots[i].module.serial == serial)
			return &space->slots[i];
	return NULL;
}

static struct dwunw_mips32_slot *free_slot(struct dwunw_mips32_space *space)
{
	uint32_t i;

	for (i = 0; i < DWUNW_MIPS32_MODULE_MAX; i++)
		if (!space->slots[i].used)
			return &space->slots[i];
	drop_tables(space);
	return &space->slots[0];
}

/* The file of a module whose tables were kept is opened anew. */
static dwunw_status_t reopen(struct dwunw_mips32_space *space,
			     struct dwunw_mips32_slot *slot,
			     const struct dwunw_mapping *mapping)
{
	struct dwunw_source src;

	if (slot->module.elf.src.read != file_read)
		return DWUNW_OK;
	return open_file(&slot->bytes, space->objects[mapping->file].label,
			 mapping, &src) ?
		       DWUNW_OK :
		       DWUNW_ERR_IO;
}

dwunw_status_t dwu_files_open(void *ctx, struct dwunw_mapping *mapping,
			      const struct dwunw_module **module)
{
	struct dwunw_mips32_space *space = ctx;
	struct dwunw_mips32_slot *slot = slot_of(space, mapping->file + 1);
	dwunw_status_t status;

	if (slot) {
		status = reopen(space, slot, mapping);
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

void dwu_files_close(void *ctx, const struct dwunw_module *module)
{
	struct dwunw_mips32_slot *slot = slot_of(ctx, module->serial);

	if (!slot || slot->bytes.fd < 0)
		return;
	(void)dwunw_mips32_close(slot->bytes.fd);
	slot->bytes.fd = -1;
}
