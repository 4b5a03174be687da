/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What a process tells of code that it makes, in perf-PID.map and jit-PID.dump,
 * and the kernel in /proc/kallsyms: which files those are, whose, and how far
 * they were read. They grow while the program runs; only what is new is read.
 *
 * For example, /proc/4711/root/tmp/perf-12.map (12 is the process's number in
 * its own namespace): owner and time of change are checked, since /tmp is
 * everybody's; 3,000 bytes were read before, and the last of them are there as
 * they were, so reading goes on at 3,000. A file that was replaced is read from
 * its start.
 */
#include "names.h"
#include "process.h"
#include "procfs.h"
#include "shortage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TEXT_SIZE_MAX ((size_t)64 << 20)
#define KERNEL_PATH "/proc/kallsyms"
#define DUMP_SIZE_MAX ((uint64_t)4 << 30)

/* --- which ------------------------------------------------------------------------ */

/* /proc/PID/root/tmp/perf-N.map */
static bool is_perf_map(const char *path, int *pid)
{
	int inner, end = 0;

	return sscanf(path, "/proc/%d/root/tmp/perf-%d.map%n", pid, &inner,
		      &end) == 2 &&
	       end && !path[end];
}

/* By the path alone: such a path is no ELF file. */
bool dwu_told_is(const char *path)
{
	int pid;

	return !strcmp(path, DWUNW_SYMBOL_KERNEL) || is_perf_map(path, &pid);
}

/* For the name of a table: it need not exist. */
dwunw_status_t dwu_jit_path(int32_t pid, char *path, size_t size)
{
	int length;

	if (!path || !size || pid <= 0)
		return DWUNW_ERR_INVALID_ARG;
	length = snprintf(path, size, "/proc/%d/root/tmp/perf-%d.map", (int)pid,
			  dwu_inner_pid(pid));
	if (length > 0 && (size_t)length < size)
		return DWUNW_OK;
	path[0] = '\0';
	return DWUNW_ERR_INVALID_ARG;
}

/* --- files of a process's own ------------------------------------------------------ */

/*
 * Seconds of the wall clock.
 *
 * start_time counts from boot in ticks (proc_pid_stat(5), field 22).
 */
static bool started(int pid, int64_t *seconds)
{
	struct dwu_process_stat stat;
	struct timespec boot;
	long ticks = sysconf(_SC_CLK_TCK);

	if (dwu_process_stat(pid, &stat) != DWUNW_OK || ticks <= 0 ||
	    clock_gettime(CLOCK_BOOTTIME, &boot))
		return false;
	*seconds = time(NULL) - boot.tv_sec +
		   (int64_t)(stat.start_time / (uint64_t)ticks);
	return true;
}

/*
 * /tmp is everybody's: the file must belong to the user of the process, or to
 * root, and be no leftover of an earlier process of that number. Clocks are
 * compared in seconds, rounded.
 */
static bool is_trusted(const struct dwu_file *file, int pid)
{
	struct stat process;
	char path[40];
	int64_t start;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (stat(path, &process)) {
		dwunw_short(errno);
		return false;
	}
	return (file->owner == process.st_uid || file->owner == 0) &&
	       started(pid, &start) && file->id.changed_sec >= start - 2;
}

/*
 * A file of the process's own in its root: its user's or root's, changed since the
 * process was started. ATTACH_DENIED. FOLLOW_NONE: no symbolic link on the way, and
 * nothing outside of that root.
 */
static dwunw_status_t open_jit(struct dwu_file *file, int pid, const char *path,
			       uint64_t size_max)
{
	char root[40];
	dwunw_status_t status;

	snprintf(root, sizeof(root), "/proc/%d/root", pid);
	status = dwu_file_open(file, root, path, DWU_FOLLOW_NONE, size_max);
	if (status != DWUNW_OK || is_trusted(file, pid))
		return status;
	dwu_file_close(file);
	return DWUNW_ERR_ATTACH_DENIED;
}

/* The bytes before off, as many as are compared. */
static size_t last_bytes(struct dwu_file *file, uint64_t off, uint8_t *bytes,
			 size_t size)
{
	struct dwunw_source src;

	if (size > off)
		size = (size_t)off;
	dwu_file_source(file, &src);
	return src.read(src.ctx, off - size, bytes, size) == DWUNW_OK ? size :
									0;
}

/*
 * Same file, no shorter, and the bytes before `off` are those that were read.
 */
static bool goes_on(const struct dwu_growing *growing, struct dwu_file *file)
{
	uint8_t bytes[sizeof(growing->last)];
	size_t size;

	if (!growing->off)
		return true;
	if (growing->id.dev != file->id.dev ||
	    growing->id.ino != file->id.ino || file->id.size < growing->off)
		return false;
	size = last_bytes(file, growing->off, bytes, sizeof(bytes));
	return size && !memcmp(bytes, growing->last, size);
}

/* Where reading goes on next time, and how that place is known again. */
static void read_to(struct dwu_growing *growing, struct dwu_file *file,
		    uint64_t off)
{
	growing->id = file->id;
	growing->off = off;
	(void)last_bytes(file, off, growing->last, sizeof(growing->last));
}

/* --- the kernel ------------------------------------------------------------------- */

/*
 * Addresses are all 0 without the right to see them (kptr_restrict): then
 * nothing is known.
 */
static dwunw_status_t read_kernel(struct dwu_codemap *map)
{
	dwunw_status_t status;
	char *text;
	size_t size;
	bool good;

	*map = (struct dwu_codemap){ .sizeless = true };
	status = dwu_text_read(KERNEL_PATH, TEXT_SIZE_MAX, &text, &size);
	if (status != DWUNW_OK)
		return status;
	good = dwu_kallsyms_parse(map, text, size);
	free(text);
	dwu_codemap_settle(map);
	if (good && map->count)
		return DWUNW_OK;
	dwu_codemap_free(map);
	return good ? DWUNW_ERR_NO_DEBUG_DATA : DWUNW_ERR_NO_MEMORY;
}

/* --- what a process tells ------------------------------------------------------------ */

/*
 * Up to the last whole line.
 *
 * A line that is being written has no end yet, and is read the next time.
 */
static bool take_lines(struct dwu_told *told, struct dwu_file *file)
{
	size_t size = (size_t)(file->id.size - told->map.off);
	struct dwunw_source src;
	char *text = dwu_malloc(size + 1);
	bool good;

	dwu_file_source(file, &src);
	good = text && src.read(src.ctx, told->map.off, text, size) == DWUNW_OK;
	while (good && size && text[size - 1] != '\n')
		size--;
	good = good && dwu_perf_map_parse(&told->code, text, size);
	free(text);
	if (good && size)
		read_to(&told->map, file, told->map.off + size);
	return good;
}

/* False: what was read of the two files is no part of them any more. */
static bool read_map(struct dwu_told *told, int pid)
{
	char path[40];
	struct dwu_file file;
	bool good = true;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", dwu_inner_pid(pid));
	told->status = open_jit(&file, pid, path, TEXT_SIZE_MAX);
	if (told->status == DWUNW_ERR_ATTACH_DENIED)
		return !told->map.off;
	told->lost |= told->status != DWUNW_OK && errno == EFBIG;
	if (told->status != DWUNW_OK)
		return true;
	if (!goes_on(&told->map, &file))
		good = false;
	else if (file.id.size > told->map.off && !take_lines(told, &file))
		told->lost = true;
	dwu_file_close(&file);
	return good;
}

/* By its inode as well: a dump is found by a mapping of the process. */
static bool read_dump(struct dwu_told *told, int pid)
{
	struct dwunw_source src;
	struct dwu_file file;
	uint64_t off = told->dump.off;
	dwunw_status_t status;
	bool good;

	if (!IS_ON(CONFIG_NAMES_JITDUMP))
		return true;
	if (!told->dump_path)
		dwu_jitdump_search(told, pid);
	if (!told->dump_path)
		return true;
	status = open_jit(&file, pid, told->dump_path, DUMP_SIZE_MAX);
	if (status == DWUNW_ERR_IO)
		return true;
	if (status != DWUNW_OK || file.id.ino != told->dump_ino) {
		dwu_file_close(&file);
		return true;
	}
	dwu_file_source(&file, &src);
	good = goes_on(&told->dump, &file);
	if (good && file.id.size > off && !dwu_jitdump_read(told, &src, &off))
		told->lost = true;
	if (good && off != told->dump.off)
		read_to(&told->dump, &file, off);
	dwu_file_close(&file);
	return good;
}

void dwu_told_close(struct dwu_told *told)
{
	dwu_codemap_free(&told->code);
	free(told->dump_path);
	*told = (struct dwu_told){ .status = DWUNW_OK };
}

/*
 * Twice at most: files that were replaced are read anew from their starts.
 * `lost`: some of it could not be read, and a map with holes would give wrong
 * names, so it is dropped.
 */
static void read_process(struct dwu_told *told, int pid)
{
	struct dwu_process_stat stat;

	/* what an ended process has told still serves */
	if (dwu_process_stat(pid, &stat) != DWUNW_OK || stat.ended)
		return;
	if (told->lost && told->start_time == stat.start_time)
		return;
	for (int tries = 0; tries < 2; tries++) {
		if (tries || told->start_time != stat.start_time)
			dwu_told_close(told);
		told->start_time = stat.start_time;
		if (read_map(told, pid) && read_dump(told, pid))
			break;
	}
	if (told->lost)
		dwu_codemap_free(&told->code);
	dwu_codemap_grown(&told->code);
	if (told->code.count)
		told->status = DWUNW_OK;
	else if (told->status == DWUNW_OK || told->status == DWUNW_ERR_IO)
		told->status = DWUNW_ERR_NO_DEBUG_DATA;
}

void dwu_told_read(struct dwu_told *told, const char *path)
{
	int pid = 0;

	if (is_perf_map(path, &pid))
		read_process(told, pid);
	else if (!told->lost)
		told->status = read_kernel(&told->code);
	told->lost |= !pid;
}
