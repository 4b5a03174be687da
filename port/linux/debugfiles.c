/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Where a file's debug file is. Conventions: GDB's manual, Separate Debug Files
 * (build id, .gnu_debuglink) and MiniDebugInfo (.gnu_debugdata).
 *
 * For example, /usr/bin/true with build id ab cd ef ..: in this order
 *
 *	.gnu_debugdata in the file itself, an .xz
 *	/usr/lib/debug/.build-id/ab/cdef...debug
 *	/usr/bin/true.debug, /usr/bin/.debug/true.debug, /usr/lib/debug/usr/bin/true.debug
 *	SYSROOT/usr/bin/true
 *
 * A debug file names functions and moves the walk, so it must prove that it is
 * of the same build: by build id, CRC, or equal code; and where others may put
 * files, by its owner. What is refused is told in a line.
 */
#include <dwunw/bounds.h>

#include "debug.h"
#include "log.h"
#include "pages.h"
#include "shortage.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_DIR "/usr/lib/debug"
#define LINK_NAME_MAX 255u /* NAME_MAX */

static const char other_build_id[] = "has another build id";

/* The text of .gnu_debuglink. */
struct link {
	char name[LINK_NAME_MAX + 1];
	uint32_t crc;
};

/* A search under way. */
struct finder {
	const struct dwu_debug_search *search;
	struct dwu_debug *debug;
	char path[PATH_MAX]; /* of the file in its root, absolute; "": none */
	bool ours; /* in our mount namespace, path leads to the same file */
};

/* Of a name, and all of it in the file. */
static bool has_section(const struct dwunw_elf *elf, const char *name)
{
	struct dwunw_section section;

	return dwunw_elf_section(elf, name, &section) == DWUNW_OK &&
	       section.size > 0 && section.off <= elf->src.size &&
	       section.size <= elf->src.size - section.off;
}

static bool has_needed(const struct dwunw_elf *elf, enum dwu_debug_need need)
{
	if (need == DWU_DEBUG_SYMBOLS)
		return has_section(elf, ".symtab");
	if (need == DWU_DEBUG_LINES)
		return has_section(elf, ".debug_info") ||
		       has_section(elf, ".zdebug_info");
	return has_section(elf, ".debug_frame") ||
	       has_section(elf, ".zdebug_frame");
}

static void refused(const struct finder *finder, const char *path,
		    const char *why)
{
	char line[DWU_LOG_LINE];

	/* long paths are cut; that this is meant, gcc takes from the `if` */
	if (!finder->search->log ||
	    snprintf(line, sizeof(line), "%s: %s, not used for %s", path, why,
		     finder->search->path) < 0)
		return;
	finder->search->log(finder->search->log_ctx, line);
}

/* --- an open one ----------------------------------------------------------------- */

void dwu_debug_close(struct dwu_debug *debug)
{
	dwu_file_close(&debug->file);
	dwu_pages_free(&debug->unpacked);
}

/* CFI of another machine would be read with wrong registers. */
static bool same_target(const struct dwunw_elf *a, const struct dwunw_elf *b)
{
	return a->machine == b->machine && a->elf_class == b->elf_class &&
	       a->data == b->data;
}

/* Of the file that is open: an ELF file of that target with what is needed? */
static bool serves(const struct finder *finder)
{
	struct dwu_debug *debug = finder->debug;

	dwu_file_buffer(&debug->file, finder->search->file->blocks);
	dwu_file_source(&debug->file, &debug->src);
	debug->src.view = NULL;
	return dwunw_elf_open(&debug->elf, &debug->src, NULL) == DWUNW_OK &&
	       same_target(&debug->elf, finder->search->elf) &&
	       has_needed(&debug->elf, finder->search->need);
}

/* How a file proves that it is the one. */
typedef bool proof_fn(const struct finder *finder, const char *path,
		      const struct link *link);

/*
 * *debug is open where this is true, closed where it is false. The file itself
 * is no debug file of its own.
 */
static bool try_file(const struct finder *finder, const char *root,
		     const char *path, enum dwu_follow follow, proof_fn *proof,
		     const struct link *link)
{
	struct dwu_debug *debug = finder->debug;

	*debug = (struct dwu_debug){ .file.fd = -1 };
	if (dwu_file_open(&debug->file, root, path, follow,
			  finder->search->file_size_max) == DWUNW_OK &&
	    !dwu_file_id_same(&debug->file.id, &finder->search->file->id) &&
	    serves(finder) && proof(finder, path, link))
		return true;
	dwu_debug_close(debug);
	return false;
}

/* --- MiniDebugInfo ---------------------------------------------------------------- */

static dwunw_status_t unpack_section(const struct dwunw_elf *elf,
				     const struct dwunw_section *section,
				     struct dwu_debug *debug)
{
	size_t size = (size_t)section->size;
	uint8_t *packed = dwu_malloc(size);
	struct dwunw_span content;
	dwunw_status_t status;

	if (!packed)
		return DWUNW_ERR_NO_MEMORY;
	status = elf->src.read(elf->src.ctx, section->off, packed, size);
	if (status == DWUNW_OK)
		status = dwu_unpack_xz((struct dwunw_span){ packed, size },
				       &debug->unpacked, &content);
	free(packed);
	if (status == DWUNW_OK)
		dwu_file_from_bytes(&debug->file, content, 0);
	return status;
}

/* It has symbols and CFI, never lines. */
static bool by_minidebuginfo(const struct finder *finder)
{
	const struct dwunw_elf *elf = finder->search->elf;
	struct dwu_debug *debug = finder->debug;
	struct dwunw_section section;
	dwunw_status_t status;

	if (!IS_ON(CONFIG_MINIDEBUGINFO) ||
	    finder->search->need == DWU_DEBUG_LINES ||
	    !has_section(elf, ".gnu_debugdata") ||
	    dwunw_elf_section(elf, ".gnu_debugdata", &section) != DWUNW_OK)
		return false;
	*debug = (struct dwu_debug){ .file.fd = -1 };
	status = section.size > DWU_XZ_PACKED_MAX ?
			 DWUNW_ERR_BAD_FORMAT :
			 unpack_section(elf, &section, debug);
	if (status != DWUNW_OK)
		refused(finder, ".gnu_debugdata", dwunw_status_text(status));
	else if (serves(finder))
		return true;
	dwu_debug_close(debug);
	return false;
}

/* --- by build id ------------------------------------------------------------------ */

static bool has_build_id(const struct finder *finder, const char *path,
			 const struct link *link)
{
	(void)link;
	if (dwu_build_id_compare(finder->search->elf, &finder->debug->elf) == 0)
		return true;
	refused(finder, path, other_build_id);
	return false;
}

/* First byte, '/', the others in hex. An id of one byte has no such path. */
static bool by_build_id(const struct finder *finder, const char *dir)
{
	uint8_t id[DWUNW_BUILD_ID_MAX];
	char path[2 * DWUNW_BUILD_ID_MAX + 32];
	size_t size = 0, used, i;

	if (dwunw_elf_build_id(finder->search->elf, id, &size) != DWUNW_OK ||
	    size < 2)
		return false;
	used = (size_t)snprintf(path, sizeof(path), "/.build-id/%02x/", id[0]);
	for (i = 1; i < size; i++)
		used += (size_t)snprintf(path + used, sizeof(path) - used,
					 "%02x", id[i]);
	snprintf(path + used, sizeof(path) - used, ".debug");
	return try_file(finder, dir, path, DWU_FOLLOW_ALL, has_build_id, NULL);
}

/* --- by .gnu_debuglink ------------------------------------------------------------ */

/*
 * A name, '\0' up to a multiple of 4, the CRC in the file's byte order.
 *
 * The name has no '/', and is not "." or "..": it may not lead elsewhere.
 */
static bool read_link(const struct dwunw_elf *elf, struct link *link)
{
	uint8_t bytes[LINK_NAME_MAX + 1 + 8];
	struct dwunw_section section;
	size_t length, at, i;

	if (dwunw_elf_section(elf, ".gnu_debuglink", &section) != DWUNW_OK ||
	    section.size < 8 || section.size > sizeof(bytes) ||
	    elf->src.read(elf->src.ctx, section.off, bytes,
			  (size_t)section.size) != DWUNW_OK)
		return false;
	length = strnlen((char *)bytes, (size_t)section.size);
	at = (length + 4) & ~(size_t)3;
	if (length == 0 || length > LINK_NAME_MAX || at + 4 > section.size ||
	    memchr(bytes, '/', length) || !strcmp((char *)bytes, ".") ||
	    !strcmp((char *)bytes, ".."))
		return false;
	memcpy(link->name, bytes, length + 1);
	link->crc = 0;
	for (i = 0; i < 4; i++)
		link->crc = link->crc << 8 |
			    bytes[elf->data == 2 ? at + i : at + 3 - i];
	return true;
}

/* CRC-32 of ISO-HDLC, the one of zlib. */
static bool crc_of(const struct dwunw_source *src, uint32_t *crc)
{
	uint32_t table[256], value = ~0u;
	uint8_t bytes[16384];
	uint64_t off = 0;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^
				   (table[i] & 1 ? 0xedb88320u : 0);
	}
	while (off < src->size) {
		size_t size = src->size - off < sizeof(bytes) ?
				      (size_t)(src->size - off) :
				      sizeof(bytes);

		if (src->read(src->ctx, off, bytes, size) != DWUNW_OK)
			return false;
		for (size_t i = 0; i < size; i++)
			value = table[(value ^ bytes[i]) & 0xff] ^ value >> 8;
		off += size;
	}
	*crc = ~value;
	return true;
}

/*
 * NULL: it is the one. A build id that both have decides without the CRC, whose
 * cost is to read the whole file.
 */
static const char *crc_refused(const struct dwunw_elf *elf,
			       const struct dwunw_elf *debug,
			       const struct link *link)
{
	int ids = dwu_build_id_compare(elf, debug);
	uint32_t crc;

	if (ids == 1)
		return other_build_id;
	if (debug->src.size > DWUNW_CRC_MAX)
		return ids == 0 ? NULL :
				  "has no build id, and is too large for its "
				  "CRC to be made (the bound of 512 MiB)";
	return crc_of(&debug->src, &crc) && crc == link->crc ?
		       NULL :
		       "has another CRC than .gnu_debuglink says";
}

const char *dwunw_debug_file_refused(const struct dwunw_elf *elf,
				     const struct dwunw_elf *debug)
{
	struct link link;

	if (!elf || !debug || !same_target(elf, debug))
		return "is of another target";
	if (dwu_build_id_compare(elf, debug) < 0 && read_link(elf, &link))
		return crc_refused(elf, debug, &link);
	return dwu_build_same(elf, debug) ? NULL : "is of another build";
}

/* In /usr/lib/debug, which is root's, nobody asks for an owner. */
static bool has_crc(const struct finder *finder, const char *path,
		    const struct link *link)
{
	const char *why =
		crc_refused(finder->search->elf, &finder->debug->elf, link);

	if (why)
		refused(finder, path, why);
	return !why;
}

/*
 * Beside a file others may be able to put one: it must belong to root, to us
 * or to the owner of the file it speaks for.
 */
static bool has_crc_and_owner(const struct finder *finder, const char *path,
			      const struct link *link)
{
	uint32_t owner = finder->debug->file.owner;

	if (owner != 0 && owner != geteuid() &&
	    owner != finder->search->file->owner) {
		refused(finder, path, "belongs to another user");
		return false;
	}
	return has_crc(finder, path, link);
}

/* before + the file's directory + between + the name. */
static bool try_link(const struct finder *finder, const char *before,
		     const char *between, const struct link *link,
		     proof_fn *proof)
{
	const char *slash = strrchr(finder->path, '/');
	char path[DWU_PATH_MAX];
	int length;

	if (!slash)
		return false;
	length = snprintf(path, sizeof(path), "%s%.*s%s%s", before,
			  (int)(slash - finder->path + 1), finder->path,
			  between, link->name);
	return length > 0 && (size_t)length < sizeof(path) &&
	       try_file(finder, "", path, DWU_FOLLOW_ALL, proof, link);
}

/* --- the sysroot ------------------------------------------------------------------- */

/* Stripped and unstripped files of one link have equal code. */
static bool is_same_build(const struct finder *finder, const char *path,
			  const struct link *link)
{
	(void)link;
	if (dwu_build_same(finder->search->elf, &finder->debug->elf))
		return true;
	refused(finder, path, "under the sysroot is of another build");
	return false;
}

/* --- all of them ------------------------------------------------------------------- */

/* Behind /proc/PID/root; "" for other names in /proc. */
static const char *path_in_root(const char *path)
{
	size_t digits;

	if (strncmp(path, "/proc/", 6) != 0)
		return path;
	digits = strspn(path + 6, "0123456789");
	path += 6 + digits;
	return digits && !strncmp(path, "/root", 5) && path[5] == '/' ?
		       path + 5 :
		       "";
}

/* No component of a path may lead out of the directory it is put behind. */
static bool goes_up(const char *path)
{
	for (; *path; path++)
		if (!strncmp(path, "/..", 3) && (path[3] == '/' || !path[3]))
			return true;
	return false;
}

/*
 * finder->path: as the target has it. It is used in our own file system only
 * where it leads to the very same file (ours), or behind a directory that was
 * given.
 */
static void find_path(struct finder *finder)
{
	const char *path = path_in_root(finder->search->path);
	struct dwu_file_id id;
	size_t length = strlen(path);

	finder->path[0] = '\0';
	finder->ours = *path &&
		       dwu_file_path(path, &id, finder->path) == DWUNW_OK &&
		       dwu_file_id_same(&id, &finder->search->file->id);
	if (finder->ours)
		return;
	finder->path[0] = '\0';
	if (*path == '/' && length < sizeof(finder->path) && !goes_up(path))
		memcpy(finder->path, path, length + 1);
}

/* In the directories that were given, and in the usual one. */
static bool in_dirs(const struct finder *finder, const struct link *link)
{
	static const char *const none[] = { NULL };
	const char *const *dirs = finder->search->dirs;
	size_t i = 0;

	for (dirs = dirs ? dirs : none;; i++) {
		const char *dir = dirs[i] ? dirs[i] : DEFAULT_DIR;

		if (link ? try_link(finder, dir, "", link, has_crc) :
			   by_build_id(finder, dir))
			return true;
		if (!dirs[i])
			return false;
	}
}

/* Beside the file, in .debug/ there, in the directories for debug files. */
static bool by_link(const struct finder *finder)
{
	struct link link;

	if (!finder->path[0] || !read_link(finder->search->elf, &link))
		return false;
	return (finder->ours &&
		(try_link(finder, "", "", &link, has_crc_and_owner) ||
		 try_link(finder, "", ".debug/", &link, has_crc_and_owner))) ||
	       in_dirs(finder, &link);
}

/*
 * Nothing is looked for where the file has it itself, or is no file (a vdso).
 */
bool dwu_debug_find(const struct dwu_debug_search *search,
		    struct dwu_debug *debug)
{
	struct finder finder = { .search = search, .debug = debug };

	if (search->file->fd < 0 || has_needed(search->elf, search->need))
		return false;
	if (by_minidebuginfo(&finder) || in_dirs(&finder, NULL))
		return true;
	find_path(&finder);
	if (by_link(&finder))
		return true;
	return search->sysroot && *search->sysroot && finder.path[0] &&
	       try_file(&finder, search->sysroot, finder.path,
			DWU_FOLLOW_BENEATH, is_same_build, NULL);
}
