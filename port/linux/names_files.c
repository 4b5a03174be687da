/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The files that DWARF refers to: what several debug files share (dwz: the
 * alternate file), and what was left in object files (split DWARF: .dwo), or
 * was put together from those (.dwp).
 *
 * Their names are in files that belong to the target, so each must prove by
 * its build id, or its id of 64 bits and its owner, that it is the one.
 */
#include "names.h"
#include "shortage.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A path, and then an id of at most 64 bytes. */
#define LINK_SIZE_MAX (PATH_MAX + 64u)

/* .gnu_debugaltlink: a name, '\0', a build id. */
struct link {
	char bytes[LINK_SIZE_MAX];
	const char *id;
	size_t id_size;
};

/*
 * .debug_sup (DWARF 5 7.3.6) has a version of 2 bytes and a flag in front, and
 * a LEB128 size, below 128 in fact, before its id.
 *
 * For example, "/usr/lib/debug/.dwz/x.debug\0" and 20 bytes of build id.
 */
static bool read_link(const struct dwunw_elf *elf, const char *name, bool sup,
		      struct link *link)
{
	struct dwunw_section section;
	size_t size, skip = sup ? 3 : 0, length;

	if (dwunw_elf_section(elf, name, &section) != DWUNW_OK ||
	    section.size <= skip || section.size > sizeof(link->bytes) ||
	    elf->src.read(elf->src.ctx, section.off, link->bytes,
			  (size_t)section.size) != DWUNW_OK)
		return false;
	size = (size_t)section.size - skip;
	if (sup && link->bytes[2])
		return false;
	memmove(link->bytes, link->bytes + skip, size);
	length = strnlen(link->bytes, size);
	if (!length || length + (sup ? 2 : 1) >= size)
		return false;
	link->id = link->bytes + length + (sup ? 2 : 1);
	link->id_size = size - (size_t)(link->id - link->bytes);
	return link->id_size <= DWUNW_BUILD_ID_MAX;
}

/* The one proof that an alternate file has. */
static bool has_id(const struct dwunw_elf *elf, const struct link *link)
{
	uint8_t id[DWUNW_BUILD_ID_MAX];
	size_t size = 0;

	return dwunw_elf_build_id(elf, id, &size) == DWUNW_OK &&
	       size == link->id_size && !memcmp(id, link->id, size);
}

/* An ELF file, open as a debug file. */
static bool open_debug(const struct dwu_lines_ctx *ctx, const char *path,
		       struct dwu_debug *debug)
{
	*debug = (struct dwu_debug){ .file.fd = -1 };
	if (dwu_file_open(&debug->file, "", path, DWU_FOLLOW_ALL,
			  ctx->config->file_size_max) != DWUNW_OK)
		return false;
	dwu_file_source(&debug->file, &debug->src);
	if (dwunw_elf_open(&debug->elf, &debug->src, NULL) == DWUNW_OK)
		return true;
	dwu_debug_close(debug);
	return false;
}

/* `name` beside the file that is open as fd; false: too long, or unknown. */
static bool beside(int fd, const char *name, char *path, size_t size)
{
	char link[40], file[PATH_MAX];
	char *slash;
	ssize_t got;
	int length;

	if (name[0] == '/')
		return (size_t)snprintf(path, size, "%s", name) < size;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	got = readlink(link, file, sizeof(file) - 1);
	if (got <= 0) {
		dwunw_short(errno);
		return false;
	}
	file[got] = '\0';
	slash = strrchr(file, '/');
	if (!slash)
		return false;
	*slash = '\0';
	length = snprintf(path, size, "%s/%s", file, name);
	return length > 0 && (size_t)length < size;
}

static bool try_alt(const struct dwu_lines_ctx *ctx, const char *path,
		    const struct link *link, struct dwu_debug *debug)
{
	if (!open_debug(ctx, path, debug))
		return false;
	if (has_id(&debug->elf, link))
		return true;
	dwu_debug_close(debug);
	return false;
}

/* Where it says, or below a debug directory by its build id. */
static bool find_alt(const struct dwu_lines *lines,
		     const struct dwu_lines_ctx *ctx, const struct link *link,
		     struct dwu_debug *debug)
{
	const char *const *dirs = ctx->config->debug_dirs;
	char path[2 * PATH_MAX];
	size_t used;

	if (beside(lines->debug.file.fd, link->bytes, path, sizeof(path)) &&
	    try_alt(ctx, path, link, debug))
		return true;
	for (size_t i = 0;; i++) {
		const char *dir = dirs ? dirs[i] : NULL;

		used = (size_t)snprintf(path, PATH_MAX, "%s/.build-id/%02x/",
					dir ? dir : "/usr/lib/debug",
					(uint8_t)link->id[0]);
		if (used < PATH_MAX) {
			for (size_t k = 1; k < link->id_size; k++)
				used += (size_t)sprintf(path + used, "%02x",
							(uint8_t)link->id[k]);
			strcpy(path + used, ".debug");
			if (try_alt(ctx, path, link, debug))
				return true;
		}
		if (!dir)
			return false;
	}
}

/* From malloc, NULL where there is none; freed by names_lines.c. */
struct dwu_lines *dwu_names_alt(const struct dwu_lines *lines,
				const struct dwu_lines_ctx *ctx)
{
	const struct dwunw_elf *elf = &lines->debug.elf;
	struct link *link = dwu_malloc(sizeof(*link));
	struct dwu_lines *alt = dwu_calloc(1, sizeof(*alt));
	struct dwu_debug debug;
	bool found = link && alt &&
		     (read_link(elf, ".gnu_debugaltlink", false, link) ||
		      read_link(elf, ".debug_sup", true, link)) &&
		     find_alt(lines, ctx, link, &debug) &&
		     dwu_content_open(alt, ctx, &debug, NULL) == DWUNW_OK;

	free(link);
	if (found)
		return alt;
	free(alt);
	return NULL;
}

/* --- .dwo ------------------------------------------------------------------------ */

/*
 * Anybody may have put a file where a .dwo is wanted: it must be root's, ours
 * or of the owner of the file that wants it.
 */
static bool has_owner(const struct dwu_lines *lines,
		      const struct dwu_debug *debug)
{
	uint32_t owner = debug->file.owner;

	return owner == 0 || owner == geteuid() ||
	       owner == lines->debug.file.owner;
}

/*
 * comp_dir/name, then beside the file that wants it: a tree that was moved. The
 * id of 64 bits is compared when the unit is opened (dwunw_unit_open_dwo()).
 */
static struct dwu_lines *find_dwo(const struct dwu_lines *lines,
				  const struct dwu_lines_ctx *ctx,
				  const struct dwunw_unit *unit)
{
	struct dwu_lines *dwo;
	struct dwu_debug debug;
	char dir[PATH_MAX], name[PATH_MAX], path[2 * PATH_MAX];
	bool found;

	if (dwunw_dwarf_text(unit->dwarf, unit->dwo_name, name, sizeof(name)) !=
		    DWUNW_OK ||
	    dwunw_dwarf_text(unit->dwarf, unit->comp_dir, dir, sizeof(dir)) !=
		    DWUNW_OK)
		return NULL;
	dwo = dwu_calloc(1, sizeof(*dwo));
	if (!dwo)
		return NULL;
	snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : dir,
		 name[0] == '/' ? "" : "/", name);
	found = open_debug(ctx, path, &debug) ||
		(beside(lines->debug.file.fd, name, path, sizeof(path)) &&
		 open_debug(ctx, path, &debug));
	if (found && !has_owner(lines, &debug)) {
		dwu_debug_close(&debug);
		found = false;
	}
	if (found && dwu_content_open(dwo, ctx, &debug, NULL) == DWUNW_OK)
		return dwo;
	free(dwo);
	return NULL;
}

/* --- .dwp ------------------------------------------------------------------------ */

/* "FILE.dwp" beside FILE, or beside "FILE.debug". */
static bool open_dwp(const struct dwu_lines *lines,
		     const struct dwu_lines_ctx *ctx, const char *without,
		     struct dwu_debug *debug)
{
	char link[40], path[PATH_MAX + 8];
	size_t cut = strlen(without);
	ssize_t got;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", lines->debug.file.fd);
	got = readlink(link, path, PATH_MAX);
	if (got < 0)
		dwunw_short(errno);
	if (got <= 0 || (size_t)got == PATH_MAX || (size_t)got < cut ||
	    memcmp(path + got - cut, without, cut) != 0)
		return false;
	strcpy(path + got - cut, ".dwp");
	if (!open_debug(ctx, path, debug))
		return false;
	if (has_owner(lines, debug))
		return true;
	dwu_debug_close(debug);
	return false;
}

/* Looked for once a file. */
static void find_dwp(struct dwu_lines *lines, const struct dwu_lines_ctx *ctx)
{
	struct dwu_debug debug;

	if (lines->has_dwp)
		return;
	lines->has_dwp = true;
	if (!open_dwp(lines, ctx, "", &debug) &&
	    !open_dwp(lines, ctx, ".debug", &debug))
		return;
	lines->dwp = dwu_dwp_open(ctx, &debug);
	if (lines->dwp)
		lines->bytes += dwu_dwp_bytes(lines->dwp);
}

struct dwu_lines *dwu_names_dwo(struct dwu_lines *lines,
				const struct dwu_lines_ctx *ctx,
				const struct dwunw_unit *unit)
{
	struct dwu_lines *dwo = NULL;

	find_dwp(lines, ctx);
	if (lines->dwp)
		dwo = dwu_dwp_unit(lines->dwp, unit->dwo_id);
	if (!dwo)
		dwo = find_dwo(lines, ctx, unit);
	if (dwo)
		dwo->dwarf.main = &lines->dwarf;
	return dwo;
}
