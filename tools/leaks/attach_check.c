/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* attach_check.c - see attach_check.h. */
#include "attach_check.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define CODE_MAX (4u << 20)
#define STATUS_MAX 8192

static bool say(char *why, size_t size, const char *text)
{
	snprintf(why, size, "%s", text);
	return false;
}

/* --- one tool at a time ---------------------------------------------------------------- */

/* A name that is free again when we end, whatever ends us. */
int attach_lock(int32_t pid, char *why, size_t size)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
			      "dwunw-in-process-%" PRId32, pid);

	if (fd >= 0 &&
	    !bind(fd, (struct sockaddr *)&name,
		  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			      (size_t)length)))
		return fd;
	say(why, size,
	    errno == EADDRINUSE ? "another dwunw records it" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- the kernel's words --------------------------------------------------------------------- */

static bool read_text(int32_t pid, const char *name, char *text, size_t room)
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, room - 1);
	close(fd);
	text[got > 0 ? got : 0] = 0;
	return got > 0;
}

/* What is behind "NAME:" and blanks; "": there is none. */
static const char *field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (!at)
		return "";
	at += strlen(name);
	return at + strspn(at, " \t");
}

static bool check_status(int32_t pid, char *why, size_t size)
{
	char text[STATUS_MAX];

	if (!read_text(pid, "status", text, sizeof(text)))
		return say(why, size, "no such process");
	if (*field(text, "\nState:") == 'Z')
		return say(why, size, "it has ended");
	if (*field(text, "\nState:") == 'T')
		return say(why, size, "it is stopped by a signal: kill -CONT");
	if (*field(text, "\nTracerPid:") != '0')
		return say(why, size, "it is traced: a process has one tracer");
	if (*field(text, "\nSeccomp:") > '0')
		return say(why, size,
			   "it has a seccomp filter, which may end it for the "
			   "system calls of the recorder");
	if (strstr(field(text, "\nx86_Thread_features:"), "shstk"))
		return say(why, size,
			   "it has a shadow stack, which a call from outside "
			   "would contradict");
	return true;
}

/* The recorder's file is larger than one may be then. */
static bool check_limits(int32_t pid, char *why, size_t size)
{
	char text[STATUS_MAX];

	if (!read_text(pid, "limits", text, sizeof(text)) ||
	    strncmp(field(text, "Max file size"), "unlimited", 9) == 0)
		return true;
	return say(why, size,
		   "its files are limited in size (ulimit -f), and so would "
		   "be the recorder's tables");
}

static bool read_head(const char *path, Elf64_Ehdr *head)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 &&
		    read(fd, head, sizeof(*head)) == (ssize_t)sizeof(*head);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool check_program(int32_t pid, char *why, size_t size)
{
	Elf64_Ehdr own, its;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/exe", pid);
	if (!read_head(path, &its)) {
		if (errno == EACCES || errno == EPERM)
			dwunw_denied_text(pid, why, size);
		else
			say(why, size, "it has no program: a kernel thread?");
		return false;
	}
	if (read_head("/proc/self/exe", &own) &&
	    (own.e_ident[EI_CLASS] != its.e_ident[EI_CLASS] ||
	     own.e_machine != its.e_machine))
		return say(why, size,
			   "it is a program of another machine, or of 32 bits");
	return true;
}

bool attach_check(int32_t pid, char *why, size_t size)
{
	if (pid == getpid())
		return say(why, size, "it is this one");
	return check_status(pid, why, size) && check_program(pid, why, size) &&
	       check_limits(pid, why, size);
}

/* --- what is mapped ----------------------------------------------------------------------- */

/* In its code; the file's bytes would do as well. */
static bool find_code(struct safe *safe, const struct dwunw_mapping *libc,
		      struct borrow_code *code)
{
	size_t size = (size_t)(libc->end - libc->start);
	struct iovec here = { NULL, size < CODE_MAX ? size : CODE_MAX };
	struct iovec there = { (void *)(uintptr_t)libc->start, here.iov_len };
	ssize_t got = -1;
	bool found = false;

	here.iov_base = malloc(here.iov_len);
	if (here.iov_base)
		got = process_vm_readv(safe->pid, &here, 1, &there, 1, 0);
	if (got > 0)
		found = borrow_find(code, here.iov_base, (size_t)got,
				    libc->start);
	free(here.iov_base);
	return found;
}

/* A program that is its own allocator hides where its threads are in it. */
static bool has_allocator(struct safe *safe)
{
	struct dwunw_symbol_place place;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/exe", safe->pid);
	return dwunw_symbol_locate(&safe->resolver, path, "malloc", 0,
				   &place) == DWUNW_OK;
}

static const struct dwunw_mapping *find_libc(struct safe *safe)
{
	const struct dwunw_mapping *libc = safe_mapping(safe, "libc.so.6*");

	return libc ? libc : safe_mapping(safe, "libc-2*.so*");
}

bool attach_check_space(struct safe *safe, struct borrow_code *code, char *why,
			size_t size)
{
	const struct dwunw_mapping *libc;

	if (safe_mapping(safe, "ld-musl-*") || safe_mapping(safe, "libc.so"))
		return say(why, size,
			   "its C library is musl, whose dlopen() refuses the "
			   "recorder (thread-local memory): --in-process -- "
			   "COMMAND starts it with the recorder");
	if (!find_libc(safe))
		return say(why, size,
			   "it is linked statically, or has no glibc: it can "
			   "load nothing");
	if (has_allocator(safe))
		return say(why, size,
			   "the program has an allocator of its own inside");
	/* the last: it is of the mappings as they were read last */
	libc = find_libc(safe);
	return (libc && find_code(safe, libc, code)) ||
	       say(why, size, "its C library has no code to call by");
}

static uint64_t addr_of(struct safe *safe, const struct dwunw_mapping *of,
			uint64_t off)
{
	const struct dwunw_space *space = dwunw_process_space(safe->process);
	const char *path = dwunw_process_path(safe->process, of);

	for (uint32_t i = 0; i < space->count; i++) {
		const struct dwunw_mapping *m = &space->mappings[i];

		if (off >= m->off && off - m->off < m->end - m->start &&
		    strcmp(dwunw_process_path(safe->process, m), path) == 0)
			return m->start + (off - m->off);
	}
	return 0;
}

uint64_t attach_function(struct safe *safe, const char *like, const char *name)
{
	const struct dwunw_mapping *mapping = safe_mapping(safe, like);
	struct dwunw_symbol_place place;
	char path[4096];

	if (!mapping ||
	    dwunw_process_file(safe->process, mapping, path, sizeof(path)) !=
		    DWUNW_OK ||
	    dwunw_symbol_locate(&safe->resolver, path, name, 0, &place) !=
		    DWUNW_OK)
		return 0;
	return addr_of(safe, mapping, place.off);
}

uint64_t attach_libc_function(struct safe *safe, const char *name)
{
	uint64_t at = attach_function(safe, "libc.so.6*", name);

	return at ? at : attach_function(safe, "libc-2*.so*", name);
}

bool attach_dlopen(struct safe *safe, uint64_t *dlopen, uint64_t *dlerror,
		   char *why, size_t size)
{
	static const char *const files[] = { "libc.so.6*", "libdl.so.2*",
					     "libdl-2*" };

	*dlopen = *dlerror = 0;
	for (int i = 0; i < 3 && !*dlopen; i++) {
		*dlopen = attach_function(safe, files[i], "dlopen");
		*dlerror = attach_function(safe, files[i], "dlerror");
	}
	return *dlopen || say(why, size,
			      "it has no dlopen(): before glibc 2.34 that is "
			      "in libdl, which it has not loaded");
}

/* --- the library ------------------------------------------------------------------------ */

static bool same_root(int32_t pid)
{
	char path[64], theirs[64] = "", ours[64] = "";
	struct stat root, own;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/root", pid);
	if (stat(path, &root) || stat("/", &own) || root.st_ino != own.st_ino ||
	    root.st_dev != own.st_dev)
		return false;
	snprintf(path, sizeof(path), "/proc/%" PRId32 "/ns/mnt", pid);
	return readlink(path, theirs, sizeof(theirs) - 1) > 0 &&
	       readlink("/proc/self/ns/mnt", ours, sizeof(ours) - 1) > 0 &&
	       strcmp(theirs, ours) == 0;
}

bool attach_library_here(struct attach_library *library, int32_t pid,
			 const char *path)
{
	*library = (struct attach_library){ .copy = "" };
	return same_root(pid) && realpath(path, library->in_process);
}

static bool copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	ssize_t got = -1;
	char block[65536];

	while (in >= 0 && out >= 0 &&
	       (got = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)got) != got) {
			got = -1;
			break;
		}
	if (out >= 0 && (fchmod(out, 0755) || close(out)))
		got = -1;
	if (in >= 0)
		close(in);
	return !got;
}

/* Into a directory of its own in the process's /tmp: nobody else writes there. */
bool attach_library_copy(struct attach_library *library, int32_t pid,
			 const char *path, char *why, size_t size)
{
	char *directory = library->directory;
	int root = snprintf(directory, sizeof(library->directory),
			    "/proc/%" PRId32 "/root", pid);

	strcat(directory, "/tmp/dwunw-XXXXXX");
	if (!mkdtemp(directory)) {
		snprintf(why, size, "its /tmp, for the recorder's file: %s",
			 strerror(errno));
		*directory = 0;
		return false;
	}
	snprintf(library->copy, sizeof(library->copy),
		 "%.4000s/libdwunw-preload.so", directory);
	snprintf(library->in_process, sizeof(library->in_process), "%.4000s",
		 library->copy + root);
	if (!chmod(directory, 0755) && copy_file(path, library->copy))
		return true;
	snprintf(why, size, "its /tmp, for the recorder's file: %s",
		 strerror(errno));
	attach_library_remove(library);
	return false;
}

void attach_library_remove(struct attach_library *library)
{
	if (*library->copy)
		unlink(library->copy);
	if (*library->directory)
		rmdir(library->directory);
	*library->copy = *library->directory = 0;
}

/* --- modules that come ------------------------------------------------------------------- */

uint64_t attach_modules(int32_t pid, const char *like)
{
	char path[64], *line = NULL;
	uint64_t hash = 0xcbf29ce484222325ull;
	bool recorder = false;
	size_t room = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/maps", pid);
	maps = fopen(path, "re");
	while (maps && getline(&line, &room, maps) > 0) {
		if (!strstr(line, " r-xp ") || !strchr(line, '/'))
			continue;
		line[strcspn(line, "\n")] = 0;
		recorder |= !fnmatch(like, strrchr(line, '/') + 1, 0);
		for (const char *at = line; *at; at++)
			hash = (hash ^ (uint8_t)*at) * 0x100000001b3ull;
	}
	free(line);
	if (maps)
		fclose(maps);
	return recorder ? hash | 1 : 0;
}
