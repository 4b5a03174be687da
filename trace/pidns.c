/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Process numbers in pid namespaces. The BPF side sees a process's number in
 * the initial namespace; a tool in a container knows its own, and a process in
 * a container inside has another one of its own as well.
 *
 * For example, /proc/4711/status has "NSpid: 4711 12": the tool calls the
 * process 4711, the process calls itself 12. The map `namespaces` gets the
 * inner namespace (device and inode of /proc/4711/ns/pid) at an index, the map
 * `inner` { index, 12 } -> 4711.
 *
 * /proc may be mounted of another namespace than the tool's; that is found out
 * first (-EXDEV), since every number in it would be wrong.
 */
#include "bpf_map.h"
#include "capture.h"
#include "proc.h"
#include "scan_line.h"

#include <dwunw/linux.h>
#include <dwunw/trace.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* PROC_PID_INIT_INO of the kernel's proc_ns.h. */
#define INITIAL_INO 0xeffffffcu

/*
 * bpf_get_ns_current_pid_tgid() compares the kernel's own dev_t, major << 20 |
 * minor (MKDEV), which stat(2) codes otherwise.
 */
static int read_namespace(const char *path, struct dwunw_namespace *space)
{
	struct stat stat_of;

	if (stat(path, &stat_of))
		return -errno;
	*space = (struct dwunw_namespace){
		.dev = (uint64_t)major(stat_of.st_dev) << 20 |
		       minor(stat_of.st_dev),
		.ino = stat_of.st_ino,
	};
	return 0;
}

/* All 0 for the initial namespace, where numbers need no translation. */
int dwunw_pidns_own(struct dwunw_namespace *own)
{
	char self[16] = "";
	int error;

	*own = (struct dwunw_namespace){ 0 };
	if (readlink("/proc/self", self, sizeof(self) - 1) < 0)
		return -ENOENT;
	/* /proc/self is the reader's number in the namespace that /proc was
	 * mounted for */
	if (atoi(self) != getpid())
		return -EXDEV;
	error = read_namespace("/proc/self/ns/pid", own);
	if (own->ino == INITIAL_INO)
		*own = (struct dwunw_namespace){ 0 };
	/* without CONFIG_PID_NS there is one only */
	return error == -ENOENT ? 0 : error;
}

/* Returns EXIT_FAILURE, for main(). */
int dwunw_pidns_explain(const char *tool, int error)
{
	if (error == -EXDEV)
		fprintf(stderr,
			"%s: /proc shows another pid namespace than this "
			"tool's own; mount one: mount -t proc proc /proc\n",
			tool);
	else
		fprintf(stderr,
			"%s: /proc: %s; mount it: mount -t proc proc "
			"/proc\n",
			tool, strerror(-error));
	return EXIT_FAILURE;
}

/* The last number of NSpid, and how many there are; 0: none. */
static int inner_of(const char *path, int32_t *last)
{
	FILE *file = dwu_proc_open(path);
	char line[512], *at, *end;
	int count = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "NSpid:", 6))
			continue;
		for (at = line + 6;; at = end, count++) {
			long number = strtol(at, &end, 10);

			if (end == at)
				break;
			*last = (int32_t)number;
		}
		break;
	}
	dwu_proc_close(file);
	return count;
}

/* How deep a process is in namespaces, the tool's own being 1. */
static int inner_pid(int32_t pid, int32_t *inner)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/status", pid);
	return inner_of(path, inner);
}

int32_t dwunw_pidns_inner_tid(int32_t pid, int32_t tid)
{
	int32_t inner = tid;
	char path[64];

	snprintf(path, sizeof(path),
		 "/proc/%" PRId32 "/task/%" PRId32 "/status", pid, tid);
	return inner_of(path, &inner) ? inner : tid;
}

/*
 * Looked for among all threads, as the kernel has no call for it. 0: none; if
 * /proc said why, that is counted as a shortage.
 */
int32_t dwunw_pidns_outer_tid(int32_t pid, int32_t inner)
{
	const struct dirent *entry;
	int32_t found = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/task", pid);
	dir = opendir(path);
	for (errno = 0; dir && !found && (entry = readdir(dir)); errno = 0) {
		int32_t tid = (int32_t)atoi(entry->d_name);

		if (tid > 0 && dwunw_pidns_inner_tid(pid, tid) == inner)
			found = tid;
	}
	if (!found)
		dwunw_short(errno);
	if (dir)
		closedir(dir);
	return found;
}

/* The index of a namespace in the map, put there if it is new; or an errno. */
static int index_of(int namespaces, const struct dwunw_namespace *space)
{
	struct dwunw_namespace known;

	for (uint32_t i = 0; i < DWUNW_CAPTURE_NAMESPACES; i++) {
		int error = dwunw_bpf_map_get(namespaces, &i, &known);

		if (error)
			return error;
		if (known.ino == space->ino && known.dev == space->dev)
			return (int)i;
		if (!known.ino)
			return (error = dwunw_bpf_map_set(namespaces, &i,
							  space)) ?
				       error :
				       (int)i;
	}
	return -ENOSPC;
}

/* -ENOENT: the process has no inner namespace, and needs no entry. */
static int inner_key(int namespaces, int32_t pid, struct dwunw_inner_pid *key)
{
	struct dwunw_namespace space;
	int32_t inner = pid;
	char path[64];
	int index;

	if (inner_pid(pid, &inner) < 2)
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/%" PRId32 "/ns/pid", pid);
	index = read_namespace(path, &space);
	if (!index)
		index = index_of(namespaces, &space);
	if (index < 0)
		return index;
	*key = (struct dwunw_inner_pid){ (uint32_t)index, (uint32_t)inner };
	return 0;
}

/*
 * 0 where there was nothing to enter. What is entered is removed by _leave().
 */
int dwunw_pidns_enter(int namespaces, int inner, int32_t pid)
{
	struct dwunw_inner_pid key;
	uint32_t own = (uint32_t)pid;
	int error = inner_key(namespaces, pid, &key);

	if (error)
		return error == -ENOENT ? 0 : error;
	return dwunw_bpf_map_set(inner, &key, &own);
}

/*
 * Found by its value, since the key is not known any more once the process has
 * ended. Of maps with more than 1024 entries the first 1024 are looked at.
 */
void dwunw_pidns_leave(int inner, int32_t pid)
{
	static struct dwunw_inner_pid keys[1024];
	static uint32_t pids[1024];
	uint32_t count = 1024;
	uint64_t position = 0;

	if (dwunw_bpf_map_batch(inner, &position, 1, keys, pids, &count) < 0)
		return;
	for (uint32_t i = 0; i < count; i++) {
		if (pids[i] == (uint32_t)pid)
			dwunw_bpf_map_remove(inner, &keys[i]);
	}
}

/*
 * /proc/PID/task/TID/children, of CONFIG_PROC_CHILDREN; where there is no such
 * file nobody is visited.
 */
void dwunw_pidns_children(int32_t pid, int32_t tid,
			  void (*visit)(void *ctx, int32_t child), void *ctx)
{
	char path[80];
	FILE *file;
	char *word = NULL;
	size_t room = 0;
	int32_t child;

	snprintf(path, sizeof(path),
		 "/proc/%" PRId32 "/task/%" PRId32 "/children", pid, tid);
	file = dwu_proc_open(path);
	while (file && getdelim(&word, &room, ' ', file) > 0 &&
	       dwu_scan_line(word, "%d", &child) == 1)
		visit(ctx, child);
	free(word);
	dwu_proc_close(file);
}
