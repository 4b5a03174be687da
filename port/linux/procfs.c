/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What /proc tells of a process at once: text that is read whole, threads, when a
 * process began, why one may not look. See proc(5).
 */
#include "procfs.h"

#include "now.h"
#include "shortage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define STATUS_SIZE_MAX 65536u
#define CAP_SYS_PTRACE_BIT 19
#define STAT_SIZE_MAX 4096u
#define KERNEL_THREAD 0x00200000u /* PF_KTHREAD of the kernel's sched.h */

/* --- text ---------------------------------------------------------------------- */

/* /proc says EACCES where ptrace would be denied: that is told apart. */
static dwunw_status_t status_of_errno(void)
{
	dwunw_short(errno);
	return errno == EACCES || errno == EPERM ? DWUNW_ERR_ATTACH_DENIED :
						   DWUNW_ERR_IO;
}

/*
 * Appends what `next` gives to *out until it gives nothing, the end of the file,
 * or more than max: the file is a process's to make long.
 */
static dwunw_status_t gather(dwu_text_next *next, void *from, size_t max,
			     char **out, size_t *size)
{
	size_t room = 16 << 10;

	*size = 0;
	*out = dwu_malloc(room);
	while (*out) {
		ssize_t got = next(from, *out + *size, room - *size - 1);
		char *larger;

		if (got < 0)
			return status_of_errno();
		*size += (size_t)got;
		if (!got || *size > max)
			break;
		if (*size < room - 1)
			continue;
		room *= 2;
		larger = dwu_realloc(*out, room);
		if (!larger)
			return DWUNW_ERR_NO_MEMORY;
		*out = larger;
	}
	if (!*out || *size > max)
		return DWUNW_ERR_NO_MEMORY;
	(*out)[*size] = 0;
	return DWUNW_OK;
}

/* *out is the caller's where this is OK, and NULL else. */
dwunw_status_t dwu_text_gather(dwu_text_next *next, void *from, size_t max,
			       char **out, size_t *size)
{
	dwunw_status_t status = gather(next, from, max, out, size);

	if (status != DWUNW_OK) {
		free(*out);
		*out = NULL;
	}
	return status;
}

static ssize_t read_next(void *fd, char *dst, size_t room)
{
	ssize_t got;

	do {
		got = read(*(const int *)fd, dst, room);
	} while (got < 0 && errno == EINTR);
	return got;
}

/* "Ready": the kernel makes the text without asking another process. */
dwunw_status_t dwu_text_ready(const char *path, size_t max, char **out,
			      size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	dwunw_status_t status;

	*out = NULL;
	if (fd < 0)
		return status_of_errno();
	status = dwu_text_gather(read_next, &fd, max, out, size);
	close(fd);
	return status;
}

/* --- a process ------------------------------------------------------------------ */

/*
 * What stands before field `to`; NULL: there are not so many.
 *
 * For example, from field 2 to 22 of "4711 (a) S 1 ..": twenty blanks on.
 */
static const char *skip_fields(const char *at, unsigned int from,
			       unsigned int to)
{
	for (; at && from < to; from++)
		at = strchr(at + 1, ' ');
	return at;
}

/*
 * Fields 3, 9 and 22 of proc(5). The second one is the program's name in
 * parentheses and may hold any byte. Of the first thread alone: /proc/PID/stat
 * sums up the times of all threads, 5,000 times for 5,000 stacks.
 */
dwunw_status_t dwu_process_stat(int32_t pid, struct dwu_process_stat *stat)
{
	const char *state, *flags, *start;
	dwunw_status_t status;
	char path[48], *text;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid,
		 (int)pid);
	status = dwu_text_ready(path, STAT_SIZE_MAX, &text, &size);
	if (status != DWUNW_OK)
		return status;
	state = skip_fields(strrchr(text, ')'), 2, 3);
	flags = skip_fields(state, 3, 9);
	start = skip_fields(flags, 9, 22);
	if (start)
		*stat = (struct dwu_process_stat){
			.start_time = strtoull(start, NULL, 10),
			.kernel = strtoull(flags, NULL, 10) & KERNEL_THREAD,
			.ended = state[1] == 'Z' || state[1] == 'X',
		};
	free(text);
	return start ? DWUNW_OK : DWUNW_ERR_IO;
}

/*
 * With each event that nothing vouches for: not by a helper. What the kernel
 * has of the file is taken, and no server is asked; before Linux 4.11 one is.
 */
dwunw_status_t dwu_exe_stat(int32_t pid, struct dwu_file_id *id)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
#ifdef STATX_BASIC_STATS
	struct statx stx;

	if (!statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BASIC_STATS,
		   &stx)) {
		*id = (struct dwu_file_id){
			.dev = makedev(stx.stx_dev_major, stx.stx_dev_minor),
			.ino = stx.stx_ino,
			.size = stx.stx_size,
			.changed_sec = stx.stx_ctime.tv_sec,
			.changed_nsec = stx.stx_ctime.tv_nsec,
		};
		return DWUNW_OK;
	}
	if (errno != ENOSYS) {
		dwunw_short(errno);
		return DWUNW_ERR_IO;
	}
#endif
	if (stat(path, &st)) {
		dwunw_short(errno);
		return DWUNW_ERR_IO;
	}
	dwu_file_id_of(id, &st);
	return DWUNW_OK;
}

/* NSpid has its numbers from the outermost namespace on; the last one is its own. */
int dwu_inner_pid(int pid)
{
	char path[40], *text, *line;
	size_t size;
	int inner = pid;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (dwu_text_ready(path, STATUS_SIZE_MAX, &text, &size) != DWUNW_OK)
		return pid;
	line = strstr(text, "\nNSpid:");
	if (line) {
		line += 7;
		line[strcspn(line, "\n")] = '\0';
		line += strcspn(line, "0123456789");
		while (*line) {
			inner = atoi(line);
			line += strspn(line, "0123456789");
			line += strcspn(line, "0123456789");
		}
	}
	free(text);
	return inner;
}

/* --- why not -------------------------------------------------------------------- */

/* The number behind `key` in /proc/PID/status; -1: not there. */
static long long status_field(const char *pid, const char *key, int base)
{
	char path[40], *text, *at;
	long long value = -1;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	if (dwu_text_ready(path, STATUS_SIZE_MAX, &text, &size) != DWUNW_OK)
		return -1;
	at = strstr(text, key);
	if (at)
		value = strtoll(at + strlen(key), NULL, base);
	free(text);
	return value;
}

/*
 * kernel.yama.ptrace_scope (Documentation/admin-guide/LSM/Yama.rst); 0: no
 * Yama.
 */
static int ptrace_scope(void)
{
	char *text;
	size_t size;
	int scope = 0;

	if (dwu_text_ready("/proc/sys/kernel/yama/ptrace_scope", 64, &text,
			   &size) != DWUNW_OK)
		return 0;
	scope = atoi(text);
	free(text);
	return scope;
}

/* By the first reason that applies, with what would help. */
const char *dwunw_denied_text(int32_t pid, char *text, size_t size)
{
	char name[16];
	long long tracer, caps;
	int scope = ptrace_scope();

	if (!text || !size)
		return "";
	snprintf(name, sizeof(name), "%d", (int)pid);
	tracer = status_field(name, "\nTracerPid:", 10);
	caps = status_field("self", "\nCapEff:", 16);
	if (tracer > 0)
		snprintf(text, size, "pid %d: traced by pid %lld already",
			 (int)pid, tracer);
	else if (scope == 3)
		snprintf(text, size,
			 "pid %d: kernel.yama.ptrace_scope is 3: nobody may "
			 "read another process until the next boot",
			 (int)pid);
	else if (caps >= 0 && (caps >> CAP_SYS_PTRACE_BIT & 1))
		snprintf(text, size,
			 "pid %d: denied in spite of CAP_SYS_PTRACE: a kernel "
			 "thread, another user namespace or a security module",
			 (int)pid);
	else
		snprintf(text, size,
			 "pid %d (uid %lld): needs CAP_SYS_PTRACE: run as root "
			 "or setcap cap_sys_ptrace+ep%s",
			 (int)pid, status_field(name, "\nUid:", 10),
			 scope ? " (kernel.yama.ptrace_scope allows "
				 "children only)" :
				 "");
	return text;
}

/* --- threads --------------------------------------------------------------------- */

struct tids {
	int32_t *at;
	size_t count;
	size_t room;
};

static bool add_tid(struct tids *tids, const char *name)
{
	long tid = strtol(name, NULL, 10);

	if (tid <= 0 || tid > INT32_MAX)
		return true; /* "." and ".." */
	if (tids->count == tids->room) {
		size_t room = tids->room ? tids->room * 2 : 64;
		int32_t *at = dwu_realloc(tids->at, room * sizeof(*at));

		if (!at)
			return false;
		tids->at = at;
		tids->room = room;
	}
	tids->at[tids->count++] = (int32_t)tid;
	return true;
}

static int by_number(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * A thread may end or start meanwhile; an error of readdir() is no end of the
 * list.
 */
static dwunw_status_t list_tids(int32_t pid, struct tids *tids)
{
	char path[40];
	struct dirent *entry;
	bool room = true;
	int error;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return DWUNW_ERR_IO;
	for (errno = 0; room && (entry = readdir(dir)); errno = 0)
		room = add_tid(tids, entry->d_name);
	error = errno;
	closedir(dir);
	errno = error;
	if (!room)
		return DWUNW_ERR_NO_MEMORY;
	if (error || !tids->count) /* some would be missing */
		return DWUNW_ERR_IO;
	qsort(tids->at, tids->count, sizeof(*tids->at), by_number);
	return DWUNW_OK;
}

/* In ascending order. Ends when visit() has seen enough. */
dwunw_status_t dwunw_threads(int32_t pid,
			     bool (*visit)(void *visit_ctx, int32_t tid),
			     void *visit_ctx)
{
	struct tids tids = { 0 };
	dwunw_status_t status;

	if (pid <= 0 || !visit)
		return DWUNW_ERR_INVALID_ARG;
	status = list_tids(pid, &tids);
	for (size_t i = 0; status == DWUNW_OK && i < tids.count; i++)
		if (!visit(visit_ctx, tids.at[i]))
			break;
	free(tids.at);
	return status;
}
