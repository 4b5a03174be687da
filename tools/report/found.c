/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * found.c - the file here that is of the same build as one in a recording: under the
 * sysroot, at its own path, by build id in a debug directory, from a server. Another
 * build is refused by name: its names would look right.
 */
#include "report.h"

#include <dwunw/linux.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEFAULT_DIR "/usr/lib/debug"
#define SHT_NOBITS 8u

/* --- an ELF file ---------------------------------------------------------------- */

struct opened {
	int fd;
	struct dwunw_elf elf;
};

static dwunw_status_t read_file(void *ctx, uint64_t off, void *dst, size_t size)
{
	const struct opened *opened = ctx;
	uint8_t *at = dst;

	while (size) {
		ssize_t got = pread(opened->fd, at, size, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return DWUNW_ERR_IO;
		at += got;
		off += (uint64_t)got;
		size -= (size_t)got;
	}
	return DWUNW_OK;
}

/* Links of a sysroot lead to what is in it. Before Linux 5.6: as anywhere. */
static int open_beneath(const char *root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
				.resolve = RESOLVE_IN_ROOT };
	char whole[PATH_MAX];
	int dir, fd;

	if (!root)
		return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	close(dir);
	if (fd >= 0 || errno != ENOSYS)
		return fd;
	if (snprintf(whole, sizeof(whole), "%s%s", root, path) >=
	    (int)sizeof(whole))
		return -1;
	return open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static void close_elf(struct opened *opened)
{
	close(opened->fd);
}

/* False: there is no such ELF file. */
static bool open_elf(struct opened *opened, const char *root, const char *path)
{
	struct dwunw_source src = { .read = read_file, .ctx = opened };
	struct stat st;

	opened->fd = open_beneath(root, path);
	if (opened->fd < 0)
		return false;
	if (!fstat(opened->fd, &st) && S_ISREG(st.st_mode)) {
		src.size = (uint64_t)st.st_size;
		if (dwunw_elf_open(&opened->elf, &src, NULL) == DWUNW_OK)
			return true;
	}
	close_elf(opened);
	return false;
}

static bool has(const struct dwunw_elf *elf, const char *name)
{
	struct dwunw_section section;

	return dwunw_elf_section(elf, name, &section) == DWUNW_OK &&
	       section.size && section.type != SHT_NOBITS;
}

static enum report_rank rank_of(const struct dwunw_elf *elf)
{
	if (has(elf, ".debug_info") || has(elf, ".zdebug_info"))
		return REPORT_LINES;
	return has(elf, ".symtab") ? REPORT_SYMBOLS : REPORT_DYNAMIC;
}

/* --- is it the one? --------------------------------------------------------------- */

static void refuse(const char *root, const char *path,
		   const struct dwunw_recording_file *file)
{
	report_progress_end();
	dwu_cmd_error("report: %s%s: is of another build, not used for %s",
		      root ? root : "", path, file->path);
}

/* Where the file is, links followed: a sysroot's lead elsewhere outside of it. */
static char *path_of(const struct opened *opened)
{
	char link[64], path[PATH_MAX];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", opened->fd);
	size = readlink(link, path, sizeof(path) - 1);
	if (size <= 0)
		return NULL;
	path[size] = 0;
	return strdup(path);
}

/* Takes that file if it tells more than what there is. `silent`: another build is no
 * surprise there. */
static void try_file(struct report_found *found, const char *root,
		     const char *path, const struct dwunw_recording_file *file,
		     bool silent)
{
	struct opened opened;
	enum report_rank rank;
	uint64_t identity = 0;
	char *here;

	if (!open_elf(&opened, root, path))
		return;
	if (dwunw_elf_identity(&opened.elf, &identity) != DWUNW_OK ||
	    identity != file->identity) {
		if (!silent)
			refuse(root, path, file);
		close_elf(&opened);
		return;
	}
	rank = rank_of(&opened.elf);
	here = rank > found->rank ? path_of(&opened) : NULL;
	if (here) {
		free(found->path);
		found->path = here;
		found->rank = rank;
	}
	close_elf(&opened);
}

/* --- where ------------------------------------------------------------------------- */

static void try_dir(struct report_found *found, const char *dir,
		    const struct dwunw_recording_file *file)
{
	char path[PATH_MAX];
	int used;

	used = snprintf(path, sizeof(path), "%s/.build-id/%02x/", dir,
			file->build_id[0]);
	for (uint32_t i = 1;
	     i < file->build_id_size && used + 16 < (int)sizeof(path); i++)
		used += snprintf(path + used, sizeof(path) - (size_t)used,
				 "%02x", file->build_id[i]);
	snprintf(path + used, sizeof(path) - (size_t)used, ".debug");
	try_file(found, NULL, path, file, false);
}

/* A debug file has no code: only a build id proves that it is the one. A file with its
 * code, which has been found already, leads to it as well (symbols.h). */
static void try_debug(struct report_finder *finder, struct report_found *found,
		      const struct dwunw_recording_file *file)
{
	char *path;

	if (file->build_id_size < 2)
		return;
	for (const char **dir = finder->debug_dirs; dir && *dir; dir++)
		try_dir(found, *dir, file);
	try_dir(found, DEFAULT_DIR, file);
	if (found->rank == REPORT_LINES || !report_debuginfod_is_open())
		return;
	path = report_debuginfod_find(file->build_id, file->build_id_size,
				      file->path);
	if (path)
		try_file(found, NULL, path, file, false);
	free(path);
}

static void find(struct report_finder *finder, struct report_found *found,
		 const struct dwunw_recording_file *file)
{
	bool is_path = file->path[0] == '/';

	if (!file->identity)
		return;
	if (finder->sysroot && is_path)
		try_file(found, finder->sysroot, file->path, file, false);
	if (found->rank != REPORT_LINES && is_path)
		try_file(found, NULL, file->path, file, finder->sysroot);
	if (found->rank != REPORT_LINES)
		try_debug(finder, found, file);
}

struct report_found *report_find(struct report_finder *finder,
				 const struct dwunw_recording_file *file)
{
	struct report_found *found = finder->first;

	while (found && (found->identity != file->identity ||
			 strcmp(found->recorded, file->path) != 0))
		found = found->next;
	if (found)
		return found;
	found = calloc(1, sizeof(*found));
	if (!found)
		return NULL;
	found->identity = file->identity;
	found->recorded = strdup(file->path);
	if (!found->recorded) {
		free(found);
		return NULL;
	}
	found->next = finder->first;
	finder->first = found;
	find(finder, found, file);
	return found;
}

void report_say_missing(const struct report_finder *finder)
{
	for (const struct report_found *found = finder->first; found;
	     found = found->next)
		if (found->nameless && !found->path)
			dwu_cmd_error("report: %s: no file of this build is "
				      "here: %u frames have no name "
				      "(--sysroot, --debug-dir, --debuginfod)",
				      found->recorded,
				      (unsigned int)found->nameless);
}

void report_finder_free(struct report_finder *finder)
{
	while (finder->first) {
		struct report_found *found = finder->first;

		finder->first = found->next;
		free(found->recorded);
		free(found->path);
		free(found);
	}
}
