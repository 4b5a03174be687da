/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * find.c - all, or a cgroup: the processes that there are. Those to come are
 * taken by the BPF programs.
 */
#include "recorder.h"

#include <dwunw/trace.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP2_MAGIC 0x63677270
#define ROOT_INO 1 /* of every cgroup v2 hierarchy */

static int bad_cgroup(const char *tool, const char *path, const char *why)
{
	fprintf(stderr, "%s: --cgroup %s: %s\n", tool, path, why);
	return EXIT_FAILURE;
}

/* How many directories it is below the hierarchy's root; -1: that is not to be
 * seen from here. */
static int depth_of(const char *path)
{
	char at[4096];
	struct stat file;

	for (int depth = 0; depth < 256; depth++) {
		size_t used = strlen(path);

		if (used + 3u * (size_t)depth + 1 > sizeof(at))
			return -1;
		strcpy(at, path);
		for (int i = 0; i < depth; i++)
			strcat(at, "/..");
		if (stat(at, &file))
			return -1;
		if (file.st_ino == ROOT_INO)
			return depth;
	}
	return -1;
}

int dwu_cgroup_find(const char *tool, const char *path,
		    struct dwunw_capture_options *options)
{
	_Alignas(struct file_handle) uint8_t
		room[sizeof(struct file_handle) + sizeof(options->cgroup)];
	struct file_handle *handle = (void *)room;
	struct statfs fs;
	int mount, depth;

	if (statfs(path, &fs))
		return bad_cgroup(tool, path, strerror(errno));
	if ((uint32_t)fs.f_type != CGROUP2_MAGIC)
		return bad_cgroup(tool, path, "not a directory of cgroup v2");
	depth = depth_of(path);
	if (depth < 0)
		return bad_cgroup(tool, path,
				  "the root of its hierarchy is not to "
				  "be seen from here");
	handle->handle_bytes = sizeof(options->cgroup);
	if (name_to_handle_at(AT_FDCWD, path, handle, &mount, 0))
		return bad_cgroup(tool, path, strerror(errno));
	memcpy(&options->cgroup, handle->f_handle, sizeof(options->cgroup));
	options->cgroup_level = (uint32_t)depth;
	return 0;
}

static void add(struct dwunw_heap *heap, int32_t pid)
{
	struct target *target;

	if (pid <= 0 || pid == getpid())
		return;
	target = dwu_target_add(heap, pid);
	if (!target)
		return;
	target->starting = true; /* kernel threads have no allocator */
	dwu_target_attach(heap, target);
	target->starting = false;
}

static void add_all(struct dwunw_heap *heap)
{
	const struct dirent *entry;
	DIR *dir = opendir("/proc");

	for (errno = 0; dir && (entry = readdir(dir)); errno = 0) {
		char link[300], exe[8];

		/* a kernel thread has no program */
		snprintf(link, sizeof(link), "/proc/%s/exe", entry->d_name);
		if (atoi(entry->d_name) > 0 &&
		    readlink(link, exe, sizeof(exe)) > 0)
			add(heap, (int32_t)atoi(entry->d_name));
	}
	dwunw_short(errno);
	if (dir)
		closedir(dir);
}

/* A line of cgroup.procs. */
static bool add_line(void *heap, const char *line)
{
	add(heap, (int32_t)atoi(line));
	return true;
}

/* cgroup.procs of a directory and of those in it. */
static void add_cgroup(struct dwunw_heap *heap, const char *path, int depth)
{
	const struct dirent *entry;
	char below[4096];
	DIR *dir;

	snprintf(below, sizeof(below), "%s/cgroup.procs", path);
	dwunw_proc_lines(below, add_line, heap);
	dir = depth < 64 ? opendir(path) : NULL;
	for (errno = 0; dir && (entry = readdir(dir)); errno = 0) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path,
			     entry->d_name) < (int)sizeof(below))
			add_cgroup(heap, below, depth + 1);
	}
	dwunw_short(errno);
	if (dir)
		closedir(dir);
}

/* One look at every process. How many of them a target has started that were no
 * targets yet. */
static uint32_t add_children(struct dwunw_heap *heap)
{
	const struct dirent *entry;
	DIR *dir = opendir("/proc");
	uint32_t count = 0;

	for (errno = 0; dir && (entry = readdir(dir)); errno = 0) {
		int32_t pid = (int32_t)atol(entry->d_name);
		char text[1024];
		const char *parent =
			pid > 0 ? dwunw_proc_stat(pid, 4, text, sizeof(text)) :
				  NULL;

		if (!parent || dwu_target_find(heap, pid) ||
		    !dwu_target_find(heap, (int32_t)atol(parent)))
			continue;
		add(heap, pid);
		count += dwu_target_find(heap, pid) != NULL;
	}
	dwunw_short(errno);
	if (dir)
		closedir(dir);
	return count;
}

void dwu_targets_find_children(struct dwunw_heap *heap)
{
	uint32_t count = 0, more;

	while ((more = add_children(heap)))
		count += more;
	if (count)
		fprintf(stderr,
			"and %" PRIu32 " that they have started already\n",
			count);
}

int dwu_targets_find(struct dwunw_heap *heap)
{
	uint32_t count = 0;

	if (heap->config.all)
		add_all(heap);
	else
		add_cgroup(heap, heap->config.cgroup, 0);
	for (const struct target *target = heap->targets; target;
	     target = target->next)
		count++;
	fprintf(stderr, "%" PRIu32 " processes, and those to come\n", count);
	return 0;
}
