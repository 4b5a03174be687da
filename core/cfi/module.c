/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A file -> a module: its unwind tables found, checked, in memory or lent,
 * ready for any number of threads. And the questions that a walk asks of a
 * module.
 *
 *	open:	headers -> plan (what is there, how large) -> load -> index
 *	rows:	address -> FDE (index.c) -> row (row.c)
 *	code:	address -> bytes of code -> what the target says of them (arch/)
 *
 * Where .eh_frame is, by the first that answers: the section headers; the
 * pointer in .eh_frame_hdr, which PT_GNU_EH_FRAME names; a search of the
 * segments (search.c). .debug_frame may be the file's own or its debug file's,
 * and may be compressed.
 *
 * The plan is made before anything is taken from the arena, so that NO_MEMORY
 * names a size that is enough (a broken table and a compressed section ask once
 * more: see dwunw/module.h). Everything that a module keeps lies in the arena,
 * or in the file's view, and lives as long as they do; nothing is changed
 * behind open.
 */
#include "module.h"

#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/elf/elf.h"
#include "core/elf/inflate.h"
#include "index.h"
#include "row.h"
#include "search.h"

/* What is to be loaded, so that the arena is asked once for all of it. */
struct plan {
	struct dwunw_section eh_frame;
	struct dwunw_section eh_frame_hdr;
	struct dwunw_section debug_frame;
	struct dwunw_section text;
	struct dwunw_section got;
	struct dwunw_elf debug; /* the file that debug_frame is of */
	uint32_t eh_count;	/* entries of an index; 0 where a header is */
	uint32_t debug_count;
	bool debug_gnu;	   /* debug_frame is .zdebug_frame */
	bool debug_packed; /* debug_frame is compressed */
	bool lent;	   /* eh_frame is read as it is needed */
	bool hdr_lent;	   /* … and the table with it */
};

/* Bytes between a table and its .eh_frame that are lent with them. */
#define LENT_GAP 4096u

/*
 * Machine, class and byte order say which target; e_flags may then say that it
 * only looks like it (mips n32, microMIPS). flags_end - 1 wraps where there is
 * no end, so that nothing is above it.
 *
 * For example, EM_MIPS, ELFCLASS32 and EF_MIPS_ABI2 is n32: registers of 64
 * bits.
 */
const struct dwunw_arch_ops *dwunw_elf_arch(const struct dwunw_elf *elf)
{
	const struct dwunw_arch_ops *arch =
		dwu_arch_of(elf->machine, elf->elf_class, elf->data);

	if (!arch || (elf->flags & arch->file->flags_never) ||
	    elf->flags > arch->file->flags_end - 1)
		return NULL;
	return dwunw_arch_by_elf(elf->machine, elf->elf_class, elf->data);
}

/* .debug_frame of this file, whatever its form. */
static void find_debug_frame(const struct dwunw_elf *elf, struct plan *plan)
{
	static const char *const names[] = { ".debug_frame", ".zdebug_frame" };
	struct dwunw_section found[2];
	uint64_t size;

	if (dwu_elf_sections(elf, names, found, 2) != DWUNW_OK)
		return;
	plan->debug = *elf;
	/* .zdebug_ is what binutils wrote before SHF_COMPRESSED (gABI 4,
	 * "Section Compression"): always packed */
	plan->debug_gnu = found[0].size == 0;
	plan->debug_frame = found[plan->debug_gnu];
	plan->debug_packed = dwu_inflate_size(elf, &plan->debug_frame,
					      plan->debug_gnu, &size);
	if ((plan->debug_packed && size == 0) ||
	    (plan->debug_gnu && !plan->debug_packed))
		plan->debug_frame = (struct dwunw_section){ 0 };
}

/*
 * The file's own, else that of its debug file. Whoever gave the debug file says
 * that it is of the same build; that it is of the same machine is asked here, as
 * the CFI would be read with the wrong registers.
 */
static void plan_debug_frame(const struct dwunw_module *module,
			     const struct dwunw_module_files *files,
			     struct plan *plan)
{
	const struct dwunw_elf *main = &module->elf;
	struct dwunw_elf debug;

	if (!IS_ON(CONFIG_CFI_DEBUG_FRAME))
		return;
	find_debug_frame(main, plan);
	if (plan->debug_frame.size == 0 && files->debug &&
	    dwunw_elf_open(&debug, files->debug, NULL) == DWUNW_OK &&
	    debug.machine == main->machine &&
	    debug.elf_class == main->elf_class && debug.data == main->data)
		find_debug_frame(&debug, plan);
	if (plan->debug_packed && !files->inflate)
		plan->debug_frame = (struct dwunw_section){ 0 };
	/* a packed one is counted when it is unpacked */
	if (!plan->debug_packed)
		plan->debug_count = dwu_index_count(
			&plan->debug, &plan->debug_frame, true, true);
}

/*
 * All of them in one pass over the headers. Those that are not there stay 0;
 * .text and .got are asked for their addresses alone.
 */
static void find_sections(const struct dwunw_module *module, struct plan *plan)
{
	static const char *const names[] = { ".eh_frame", ".eh_frame_hdr",
					     ".text", ".got" };
	struct dwunw_section found[4];

	if (dwu_elf_sections(&module->elf, names, found, 4) != DWUNW_OK)
		return;
	plan->eh_frame = found[0];
	plan->eh_frame_hdr = found[1];
	plan->text = found[2];
	plan->got = found[3];
}

/*
 * The first bytes of .eh_frame_hdr name .eh_frame's address (LSB 5 10.6.2), not
 * its size: it ends with the segment at the latest, or at its terminator. 32 bytes
 * hold the version, three encodings and the two numbers. The address is the file's
 * word, so the segment that holds it must be in the file.
 */
static bool eh_frame_by_header(const struct dwunw_module *module,
			       const struct dwunw_section *header,
			       struct dwunw_section *eh_frame)
{
	uint8_t bytes[32];
	struct dwunw_span span = { bytes, sizeof(bytes) };
	struct dwunw_eh_hdr hdr;
	struct dwunw_segment segment;
	const struct dwunw_source *src = &module->elf.src;
	uint64_t vaddr;

	if (header->size < span.size)
		span.size = (size_t)header->size;
	if (src->read(src->ctx, header->off, bytes, span.size) != DWUNW_OK ||
	    !dwu_hdr_parse(&hdr, module, &span, header->vaddr, &vaddr) ||
	    dwunw_elf_segment(&module->elf, vaddr, &segment) != DWUNW_OK ||
	    vaddr - segment.vaddr >= segment.file_size ||
	    segment.off > src->size ||
	    segment.file_size > src->size - segment.off)
		return false;
	eh_frame->vaddr = vaddr;
	eh_frame->off = segment.off + (vaddr - segment.vaddr);
	eh_frame->size = segment.file_size - (vaddr - segment.vaddr);
	return true;
}

/*
 * Without a size from the section headers the section goes on to the end of its
 * segment, and dwu_index_count() cuts it at its terminator.
 */
static void plan_eh_frame(struct dwunw_module *module, struct plan *plan)
{
	bool size_known = plan->eh_frame.size > 0;

	if (plan->eh_frame_hdr.size == 0)
		plan->eh_frame_hdr = module->elf.eh_frame_hdr;
	if (!size_known && plan->eh_frame_hdr.size > 0)
		(void)eh_frame_by_header(module, &plan->eh_frame_hdr,
					 &plan->eh_frame);
	module->cfi_source = DWUNW_CFI_EH_FRAME;
	/* no section headers and no PT_GNU_EH_FRAME: it may still be there
	 * (core/cfi/search.c) */
	if (IS_ON(CONFIG_CFI_LINEAR_SEARCH) && plan->eh_frame.size == 0 &&
	    module->elf.section_count == 0) {
		dwu_search_eh_frame(&module->elf, &plan->eh_frame);
		module->cfi_source = DWUNW_CFI_EH_SEARCH;
	}
	if (plan->eh_frame.size == 0) {
		module->cfi_source = DWUNW_CFI_NONE;
		return;
	}
	/* a header that turns out unsound is found when it is loaded */
	if (plan->eh_frame_hdr.size == 0 || !size_known)
		plan->eh_count = dwu_index_count(&module->elf, &plan->eh_frame,
						 false, size_known);
	if (plan->eh_frame_hdr.size > 0)
		plan->eh_count = 0;
}

/*
 * Larger than any arena, not wrapped, where size_t has 32 bits.
 *
 * For example, 171,047 entries of 8 bytes are 1.4 MB.
 */
static uint64_t index_size(uint32_t count)
{
	uint64_t size = (uint64_t)count * sizeof(struct dwunw_index_entry);

	return size > SIZE_MAX ? size : dwu_arena_round((size_t)size);
}

/* Never on a target of 32 bits alone, whose code leaves it out. */
static bool is_lent(const struct plan *plan)
{
	return !IS_ON(CONFIG_ARCH_32BIT_ONLY) && plan->lent;
}

static bool is_hdr_lent(const struct plan *plan)
{
	return !IS_ON(CONFIG_ARCH_32BIT_ONLY) && plan->hdr_lent;
}

/* For what is found out of a table later. */
static size_t trust_size(const struct plan *plan)
{
	return IS_ON(CONFIG_ARCH_32BIT_ONLY) || plan->eh_frame_hdr.size == 0 ?
		       0 :
		       dwu_arena_round(sizeof(uint32_t));
}

/* All that load_all() takes, in its order: what NO_MEMORY says was wanted. */
static uint64_t plan_size(const struct dwunw_module *module,
			  const struct plan *plan)
{
	return dwu_elf_segments_size(&module->elf) +
	       (is_lent(plan) ?
			0 :
			dwu_elf_load_size(&module->elf, &plan->eh_frame)) +
	       (is_hdr_lent(plan) ?
			0 :
			dwu_elf_load_size(&module->elf, &plan->eh_frame_hdr)) +
	       trust_size(plan) +
	       (plan->debug_packed ?
			dwu_inflate_need(&plan->debug, &plan->debug_frame,
					 plan->debug_gnu) :
			dwu_elf_load_size(&plan->debug, &plan->debug_frame)) +
	       index_size(plan->eh_count) + index_size(plan->debug_count);
}

/* From `off` on, `size` bytes: both sections, where they stand beside each
 * other, as linkers put them; else .eh_frame alone. */
static void lent_range(struct plan *plan, uint64_t *off, uint64_t *size)
{
	const struct dwunw_section *eh = &plan->eh_frame;
	const struct dwunw_section *hdr = &plan->eh_frame_hdr;
	const struct dwunw_section *first = hdr->off < eh->off ? hdr : eh;
	const struct dwunw_section *last = first == hdr ? eh : hdr;
	uint64_t gap = last->off - first->off - first->size;

	plan->hdr_lent = gap <= LENT_GAP;
	*off = plan->hdr_lent ? first->off : eh->off;
	*size = plan->hdr_lent ? last->off + last->size - first->off : eh->size;
}

/*
 * Only where a table leads to each FDE; else all is looked at.
 *
 * For files that are read and not mapped (no view): of an .eh_frame of 7 MB a
 * stack needs a few hundred bytes.
 */
static void borrow(struct dwunw_module *module,
		   const struct dwunw_module_files *files, struct plan *plan)
{
	const struct dwunw_lender *lender = files->lender;
	const struct dwunw_section *section = &plan->eh_frame;
	struct dwunw_cfi *eh = &module->eh;
	const uint8_t *base;
	uint64_t off, size;

	if (IS_ON(CONFIG_ARCH_32BIT_ONLY) || !lender || module->elf.src.view ||
	    plan->eh_frame_hdr.size == 0 || section->size == 0 ||
	    section->size > SIZE_MAX)
		return;
	lent_range(plan, &off, &size);
	base = lender->lend(lender->ctx, off, size);
	plan->lent = base != NULL;
	plan->hdr_lent = plan->hdr_lent && plan->lent;
	if (!plan->lent)
		return;
	eh->lent_at = section->off - off;
	eh->bytes.data = base + eh->lent_at;
	eh->bytes.size = (size_t)section->size;
	eh->lender = lender;
	module->hdr.lent_at = plan->eh_frame_hdr.off - off;
}

/* Relative to these three addresses encoded pointers are (DW_EH_PE_pcrel, textrel,
 * datarel; LSB 5 10.5.1); datarel counts from the GOT. */
static dwunw_status_t load_eh_frame(struct dwunw_module *module,
				    const struct plan *plan,
				    struct dwunw_arena *arena)
{
	module->eh.vaddr = plan->eh_frame.vaddr;
	module->eh.text_vaddr = plan->text.vaddr;
	module->eh.data_vaddr = plan->got.vaddr;
	if (is_lent(plan))
		return DWUNW_OK;
	return dwu_elf_load(&module->elf, &plan->eh_frame, arena,
			    &module->eh.bytes);
}

/* A section that cannot be unpacked is as if it were not there. */
static dwunw_status_t load_debug_frame(struct dwunw_module *module,
				       const struct dwunw_module_files *files,
				       struct plan *plan,
				       struct dwunw_arena *arena)
{
	struct dwunw_span *bytes = &module->debug.bytes;
	struct dwunw_section section = { 0 };
	struct dwunw_source src;
	struct dwunw_elf content = { 0 };
	dwunw_status_t status;

	module->debug.debug_frame = true;
	module->debug.text_vaddr = plan->text.vaddr;
	module->debug.data_vaddr = plan->got.vaddr;
	if (!plan->debug_packed || plan->debug_frame.size == 0)
		return dwu_elf_load(&plan->debug, &plan->debug_frame, arena,
				    bytes);
	status = dwu_inflate(&plan->debug, &plan->debug_frame, plan->debug_gnu,
			     files, arena, bytes);
	if (status == DWUNW_ERR_NO_MEMORY || status == DWUNW_ERR_IO)
		return status;
	if (status != DWUNW_OK)
		return DWUNW_OK;
	/* its content, as if it were a file with this one section */
	dwunw_source_from_span(&src, bytes);
	content.src = src;
	content.data = module->elf.data;
	section.size = bytes->size;
	plan->debug_count = dwu_index_count(&content, &section, true, true);
	return DWUNW_OK;
}

/*
 * The entries are the module's from here on. A count of 0 leaves the section
 * without an index: a header serves it, or it is empty.
 */
static dwunw_status_t build_index(const struct dwunw_module *module,
				  struct dwunw_cfi *cfi, uint32_t count,
				  struct dwunw_arena *arena)
{
	struct dwunw_index_entry *entries;

	if (count == 0)
		return DWUNW_OK;
	if (!dwu_arena_fits(arena, index_size(count)))
		return DWUNW_ERR_NO_MEMORY;
	entries = dwunw_arena_alloc(arena, (size_t)index_size(count));
	if (!entries)
		return DWUNW_ERR_NO_MEMORY;
	dwu_index_build(module, cfi, entries, count);
	return DWUNW_OK;
}

/* Without a table all of .eh_frame is looked at. */
static dwunw_status_t give_back(struct dwunw_module *module, struct plan *plan,
				struct dwunw_arena *arena)
{
	plan->lent = false;
	module->eh.lender = NULL;
	module->eh.lent_at = 0;
	if (!dwu_arena_fits(arena,
			    dwu_elf_load_size(&module->elf, &plan->eh_frame) +
				    index_size(plan->eh_count) +
				    index_size(plan->debug_count)))
		return DWUNW_ERR_NO_MEMORY;
	return load_eh_frame(module, plan, arena);
}

/* Of one that is lent the head is there; entries are brought in one by one. */
static dwunw_status_t header_bytes(struct dwunw_module *module,
				   const struct plan *plan,
				   struct dwunw_arena *arena,
				   struct dwunw_span *bytes)
{
	const struct dwunw_lender *lender = module->eh.lender;
	uint64_t at = module->hdr.lent_at;
	size_t size = (size_t)plan->eh_frame_hdr.size;

	if (!is_hdr_lent(plan))
		return dwu_elf_load(&module->elf, &plan->eh_frame_hdr, arena,
				    bytes);
	*bytes = (struct dwunw_span){
		module->eh.bytes.data - module->eh.lent_at + at, size
	};
	return lender->fill(lender->ctx, at, size < 32 ? size : 32) ?
		       DWUNW_OK :
		       DWUNW_ERR_IO;
}

/* *hdr as its head says, and how its entries are read: false, it is no use. */
static bool take_table(struct dwunw_module *module, const struct plan *plan,
		       const struct dwunw_span *bytes,
		       struct dwunw_arena *arena)
{
	uint64_t lent_at = module->hdr.lent_at, vaddr;

	if (!dwu_hdr_parse(&module->hdr, module, bytes,
			   plan->eh_frame_hdr.vaddr, &vaddr) ||
	    vaddr != module->eh.vaddr)
		return false;
	if (is_hdr_lent(plan)) {
		module->hdr.lent = true;
		module->hdr.lent_at =
			lent_at +
			(uint64_t)(module->hdr.table.data - bytes->data);
	}
	if (trust_size(plan) != 0)
		module->hdr.trust = dwunw_arena_alloc(arena, trust_size(plan));
	return dwu_hdr_usable(module);
}

/*
 * Takes the table of .eh_frame_hdr, or makes an index in its place: the table may
 * be of another .eh_frame (objcopy, a linker script), unsorted, or out of bounds,
 * and a binary search in it would then give the wrong FDE or none.
 */
static dwunw_status_t load_header(struct dwunw_module *module,
				  struct plan *plan, struct dwunw_arena *arena)
{
	struct dwunw_span bytes;
	dwunw_status_t status = header_bytes(module, plan, arena, &bytes);

	if (status != DWUNW_OK)
		return status;
	if (!take_table(module, plan, &bytes, arena)) {
		module->hdr = (struct dwunw_eh_hdr){ 0 };
		plan->eh_count = dwu_index_count(&module->elf, &plan->eh_frame,
						 false, true);
		return is_lent(plan) ? give_back(module, plan, arena) :
				       DWUNW_OK;
	}
	module->cfi_source = DWUNW_CFI_EH_HDR;
	return DWUNW_OK;
}

/* Everything that the plan names, then the indexes over it. */
static dwunw_status_t load_all(struct dwunw_module *module,
			       const struct dwunw_module_files *files,
			       struct plan *plan, struct dwunw_arena *arena)
{
	dwunw_status_t status;

	if (!dwu_arena_fits(arena, plan_size(module, plan)))
		return DWUNW_ERR_NO_MEMORY;
	status = dwu_elf_keep_segments(&module->elf, arena);
	if (status == DWUNW_OK)
		status = load_eh_frame(module, plan, arena);
	if (status == DWUNW_OK)
		status = load_debug_frame(module, files, plan, arena);
	if (status == DWUNW_OK && plan->eh_frame_hdr.size > 0)
		status = load_header(module, plan, arena);
	if (status == DWUNW_OK &&
	    !dwu_arena_fits(arena, index_size(plan->eh_count) +
					   index_size(plan->debug_count)))
		return DWUNW_ERR_NO_MEMORY;
	if (status == DWUNW_OK)
		status =
			build_index(module, &module->eh, plan->eh_count, arena);
	if (status == DWUNW_OK)
		status = build_index(module, &module->debug, plan->debug_count,
				     arena);
	return status;
}

static dwunw_status_t open_files(struct dwunw_module *module,
				 const struct dwunw_module_files *files,
				 const struct dwunw_source *src,
				 struct dwunw_arena *arena)
{
	struct plan plan = { 0 };
	dwunw_status_t status = dwunw_elf_open(&module->elf, src, NULL);

	if (status != DWUNW_OK)
		return status;
	module->arch = dwunw_elf_arch(&module->elf);
	if (!module->arch)
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	find_sections(module, &plan);
	plan_eh_frame(module, &plan);
	plan_debug_frame(module, files, &plan);
	borrow(module, files, &plan);
	return load_all(module, files, &plan, arena);
}

/*
 * A source while a module is opened. What looks for something takes a failed
 * read as "not there", which must not make a poor module of a good file.
 */
struct watched {
	const struct dwunw_source *src;
	bool failed;
};

/*
 * The flag is set by any failed read, also by those of a search that goes on.
 */
static dwunw_status_t watched_read(void *ctx, uint64_t off, void *dst,
				   size_t size)
{
	struct watched *w = ctx;
	dwunw_status_t status = w->src->read(w->src->ctx, off, dst, size);

	w->failed |= status != DWUNW_OK;
	return status;
}

/* NULL is no failure: the core reads instead. */
static const void *watched_view(void *ctx, uint64_t off, size_t size)
{
	const struct watched *w = ctx;

	return w->src->view(w->src->ctx, off, size);
}

/*
 * A file that cannot be read is IO even where enough was found to go on: a
 * module that lacks half of its tables would give wrong rows later, and stays
 * in caches.
 */
dwunw_status_t dwunw_module_open_files(struct dwunw_module *module,
				       const struct dwunw_module_files *files,
				       uint32_t serial,
				       struct dwunw_arena *arena)
{
	struct dwunw_source src;
	struct watched w;
	dwunw_status_t status;

	if (!module || !files || !files->file || !files->file->read || !arena ||
	    serial == 0)
		return DWUNW_ERR_INVALID_ARG;
	/* zeroed first: what fails half way is then a module without CFI */
	*module = (struct dwunw_module){ .serial = serial };
	w = (struct watched){ .src = files->file };
	src = (struct dwunw_source){ .read = watched_read,
				     .view = files->file->view ? watched_view :
								 NULL,
				     .ctx = &w,
				     .size = files->file->size };
	status = open_files(module, files, &src, arena);
	/* `w` is gone when this returns: later reads ask the file itself */
	module->elf.src = *files->file;
	return w.failed ? DWUNW_ERR_IO : status;
}

/* The short form: no debug file, nothing compressed, nothing lent. */
dwunw_status_t dwunw_module_open(struct dwunw_module *module,
				 const struct dwunw_source *src,
				 uint32_t serial, struct dwunw_arena *arena)
{
	const struct dwunw_module_files files = { .file = src };

	return dwunw_module_open_files(module, &files, serial, arena);
}

dwunw_status_t dwunw_module_fde(const struct dwunw_module *module,
				uint64_t vaddr, struct dwunw_fde *fde)
{
	dwunw_status_t status = DWUNW_ERR_NO_DEBUG_DATA;

	if (!module || !fde)
		return DWUNW_ERR_INVALID_ARG;
	if (module->eh.bytes.size > 0)
		status = dwu_index_find(module, &module->eh, vaddr, fde);
	/* .debug_frame has what .eh_frame has not: of files with both,
	 * functions of objects that were compiled without asynchronous
	 * tables */
	if (status == DWUNW_ERR_NO_DEBUG_DATA && module->debug.bytes.size > 0)
		status = dwu_index_find(module, &module->debug, vaddr, fde);
	return status;
}

/*
 * For tools: a walk asks for the FDE first, since it has more questions about
 * it.
 */
dwunw_status_t dwunw_module_row(const struct dwunw_module *module,
				uint64_t vaddr,
				struct dwunw_row_scratch *scratch,
				struct dwunw_row *row)
{
	struct dwunw_fde fde;
	dwunw_status_t status = dwunw_module_fde(module, vaddr, &fde);

	if (status != DWUNW_OK)
		return status;
	return dwunw_fde_row(module, &fde, vaddr, scratch, row);
}

struct dwunw_span dwunw_module_expression(const struct dwunw_module *module,
					  const struct dwunw_row *row,
					  const struct dwunw_rule *rule)
{
	const struct dwunw_cfi *cfi = row->flags & DWUNW_ROW_DEBUG_FRAME ?
					      &module->debug :
					      &module->eh;
	uint32_t off = (uint32_t)rule->value;
	struct dwunw_span span = { NULL, 0 };

	/* a rule is a row's, and a row may be a caller's: it is checked here
	 * once more, where it becomes a pointer */
	if (off < cfi->bytes.size && rule->size <= cfi->bytes.size - off) {
		span.data = cfi->bytes.data + off;
		span.size = rule->size;
	}
	return span;
}

/*
 * The code bytes from vaddr on, zeros behind the segment's end.
 *
 * DWU_CODE_SIZE bytes; what the file has not is 0, which is no trampoline or
 * stub of any target. False: vaddr is in no segment, or in memory without file
 * bytes (.bss).
 */
static bool code_at(const struct dwunw_module *module, uint64_t vaddr,
		    uint8_t *code)
{
	const struct dwunw_source *src = &module->elf.src;
	struct dwunw_segment s;
	dwu_place_t off, size;

	memset(code, 0, DWU_CODE_SIZE);
	if (dwunw_elf_segment(&module->elf, vaddr, &s) != DWUNW_OK)
		return false;
	off = (dwu_place_t)(vaddr - s.vaddr);
	size = (dwu_place_t)s.file_size;
	if (off >= size)
		return false;
	/* the last function of a segment may be shorter */
	size -= off;
	if (size > DWU_CODE_SIZE)
		size = DWU_CODE_SIZE;
	return src->read(src->ctx, s.off + off, code, (size_t)size) == DWUNW_OK;
}

/* Is the code at vaddr what `is` looks for? */
static bool code_is(const struct dwunw_module *module, uint64_t vaddr,
		    bool (*is)(const struct dwunw_arch_ops *arch,
			       const uint8_t *code))
{
	uint8_t code[DWU_CODE_SIZE];

	return code_at(module, vaddr, code) && is(module->arch, code);
}

/* For example, arm64: mov x8, #139; svc #0 (__NR_rt_sigreturn). */
bool dwu_module_signal(const struct dwunw_module *module, uint64_t vaddr,
		       struct dwunw_row *row)
{
	const struct dwunw_arch_ops *arch = module->arch;
	uint8_t code[DWU_CODE_SIZE];

	return code_at(module, vaddr, code) &&
	       arch->signal_row(arch, code, row);
}

/* As many code bytes before vaddr as there are, up to *size; 0: they cannot be
 * read. False: nothing is there. */
static bool code_before(const struct dwunw_module *module, uint64_t vaddr,
			uint8_t *code, size_t *size)
{
	const struct dwunw_source *src = &module->elf.src;
	size_t most = *size;
	struct dwunw_segment s;
	dwu_place_t off;

	*size = 0;
	/* vaddr itself may be the end of its segment */
	if (dwunw_elf_segment(&module->elf, vaddr - 1, &s) != DWUNW_OK)
		return false;
	off = (dwu_place_t)(vaddr - s.vaddr);
	if (most > off)
		most = (size_t)off;
	if (off <= (dwu_place_t)s.file_size &&
	    src->read(src->ctx, s.off + off - most, code, most) == DWUNW_OK)
		*size = most;
	return true;
}

dwunw_status_t dwu_module_code_row(const struct dwunw_module *module,
				   uint64_t vaddr, struct dwunw_row *row,
				   uint8_t *how)
{
	const struct dwunw_arch_ops *arch = module->arch;
	uint8_t code[DWU_STUB_BEFORE + DWU_CODE_SIZE] = { 0 };
	size_t size = DWU_STUB_BEFORE;

	dwu_row_clear(arch, row);
	*how = DWUNW_HOW_SIGNAL;
	/* a trampoline has two instructions: vaddr may be that of either */
	if (dwu_module_signal(module, vaddr, row) ||
	    dwu_module_signal(module, vaddr - dwu_arch(arch)->signal_step, row))
		return DWUNW_OK;
	*how = DWUNW_HOW_LEAF;
	if (!DWU_ARCH_HAS(arch, stub_code) ||
	    !code_at(module, vaddr, code + DWU_STUB_BEFORE))
		return DWUNW_ERR_NO_DEBUG_DATA;
	/* what is not there, or cannot be read, is 0 */
	(void)code_before(module, vaddr, code, &size);
	if (!arch->stub_code(code + DWU_STUB_BEFORE))
		return DWUNW_ERR_NO_DEBUG_DATA;
	dwu_entry_row(arch, 0, row);
	return DWUNW_OK;
}

dwunw_status_t dwu_module_fp_row(const struct dwunw_module *module,
				 uint64_t vaddr, struct dwunw_row *row)
{
	const struct dwunw_arch_ops *arch = module->arch;
	uint8_t code[DWU_CODE_BEFORE];
	size_t size = sizeof(code);

	if (!DWU_ARCH_HAS(arch, frame_pointer_row))
		return DWUNW_ERR_NO_DEBUG_DATA;
	(void)code_before(module, vaddr, code, &size);
	dwu_row_clear(arch, row);
	return arch->frame_pointer_row(code, size, row) ?
		       DWUNW_OK :
		       DWUNW_ERR_NO_DEBUG_DATA;
}

/*
 * What a return address must stand behind. x86_64 has calls of 2 to 8 bytes, so
 * "behind a call" is said of bytes that end there, as the target knows them.
 */
uint8_t dwu_module_call(const struct dwunw_module *module, uint64_t vaddr,
			uint8_t isa)
{
	const struct dwunw_arch_ops *arch = module->arch;
	uint8_t code[DWU_CALL_SIZE];
	size_t size = sizeof(code);

	/* the first byte of a segment, and what is mapped behind the last, are
	 * behind nothing */
	if (!code_before(module, vaddr, code, &size))
		return DWU_CALL_NONE;
	if (size == 0)
		return DWU_CALL_UNKNOWN;
	return arch->behind_call(arch, code, size, isa) ? DWU_CALL_SEEN :
							  DWU_CALL_NONE;
}

bool dwu_module_thread(const struct dwunw_module *module, uint64_t vaddr)
{
	const struct dwunw_arch_ops *arch = module->arch;
	uint8_t code[DWU_CODE_BEFORE];
	size_t size = sizeof(code);

	return DWU_ARCH_HAS(arch, thread_code) &&
	       code_before(module, vaddr, code, &size) &&
	       arch->thread_code(code, size);
}

bool dwu_module_exit(const struct dwunw_module *module, uint64_t vaddr)
{
	return code_is(module, vaddr, module->arch->exit_code);
}

bool dwu_module_preempt(const struct dwunw_module *module, uint64_t vaddr)
{
	const struct dwunw_arch_ops *arch = module->arch;
	uint8_t code[DWU_CODE_SIZE];

	return DWU_ARCH_HAS(arch, preempt_code) &&
	       code_at(module, vaddr, code) && arch->preempt_code(code);
}

bool dwu_module_switch(const struct dwunw_module *module, uint64_t vaddr,
		       uint8_t at[2])
{
	const struct dwunw_arch_ops *arch = module->arch;
	uint8_t code[DWU_CODE_SIZE];

	return DWU_ARCH_HAS(arch, switch_code) &&
	       code_at(module, vaddr, code) && arch->switch_code(code, at);
}

bool dwu_module_context(const struct dwunw_module *module, uint64_t vaddr)
{
	const struct dwunw_arch_ops *arch = module->arch;
	uint8_t code[DWU_CODE_SIZE];

	return code_is(module, vaddr, arch->context_code) ||
	       (DWU_ARCH_HAS(arch, made_code) &&
		code_at(module, vaddr - DWU_CONTEXT_MADE, code) &&
		arch->made_code(code));
}
