/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * pid -> what is mapped where, and which file that is.
 *
 * A process is known by pid and start time, its program by the identity of
 * /proc/PID/exe. Its mappings are an image that is replaced whole; a walk holds
 * the image it started with. What a process left behind when it went (its last
 * image) still serves the events that are on their way.
 *
 *	event of pid 4711 -> known? -> vouched for by its mapping counter: no call
 *	                            -> same start time, same exe: the image is used
 *	                            -> exec, or marked stale: read anew
 *	                            -> another start time: another process
 *
 * For example, dlopen() in 4711: its counter of changes (map_generation) is
 * another one with the next event, so /proc/4711/maps is read once more; files
 * that are still mapped where they were keep their modules
 * (dwu_image_inherit()).
 *
 * What the process says of itself is hostile: paths are opened through its own
 * root, and a table of process_capacity processes forgets the one that was
 * unused for longest.
 */
#include "context.h"
#include "host.h"
#include "procfs.h"
#include "reader.h"
#include "shortage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* So long a mapping counter vouches that a pid has not been reused. */
#define VOUCH_MS 1000u

struct dwunw_process {
	struct dwunw_context *ctx;
	struct dwunw_process *next;
	struct dwu_image *image;
	uint64_t start_time;
	struct dwu_file_id exe;
	uint64_t checked_ms;
	int32_t pid; /* 0: from text, or not to be found any more */
	uint32_t map_generation;
	uint32_t misses;
	uint32_t opens; /* handles in the hands of users */
	bool stale;
};

/* Is the process that has the pid the one we know? */
enum life {
	LIFE_SAME,
	LIFE_OTHER, /* the pid has been given to another one */
	LIFE_EXEC,  /* another program, or memory that we may not see */
	LIFE_GONE,
};

/* --- life --------------------------------------------------------------------------- */

/* proc_pid_stat(5), field 22: with the pid it names a process for good. */
static dwunw_status_t read_start_time(int32_t pid, uint64_t *start_time)
{
	struct dwu_process_stat stat;
	dwunw_status_t status = dwu_process_stat(pid, &stat);

	if (status == DWUNW_OK)
		*start_time = stat.start_time;
	return status;
}

/* All zero where we may not know. */
static void read_exe(int32_t via, struct dwu_file_id *exe)
{
	if (dwu_exe_stat(via, exe) != DWUNW_OK)
		*exe = (struct dwu_file_id){ 0 };
}

/* COARSE: no system call, and a tick is exact enough for VOUCH_MS. */
static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Three system calls or so: asked when nothing vouches for what is known. */
static enum life check(struct dwunw_process *process)
{
	struct dwu_file_id exe;
	uint64_t start_time;

	process->checked_ms = now_ms();
	if (read_start_time(process->pid, &start_time) != DWUNW_OK)
		return LIFE_GONE;
	if (start_time != process->start_time)
		return LIFE_OTHER;
	read_exe(process->image ? process->image->via : process->pid, &exe);
	return dwu_file_id_same(&exe, &process->exe) ? LIFE_SAME : LIFE_EXEC;
}

/* Why the mappings of a process are not to be had: `error` or its state. */
static const char *why_gone(int32_t pid, int error)
{
	struct dwu_process_stat stat;

	if (error != ENOENT && error != ESRCH)
		return dwu_error_text(error);
	if (dwu_process_stat(pid, &stat) == DWUNW_OK)
		return stat.kernel ? "a kernel thread, without mappings" :
		       stat.ended  ? "has exited" :
				     strerror(error);
	return kill(pid, 0) && errno == ESRCH ?
		       "no such process" :
		       "not to be seen in /proc: not mounted, or hidepid";
}

/* One line, once (log.c); errno stays for the caller. */
static dwunw_status_t denied_or_gone(const struct dwunw_process *process,
				     dwunw_status_t status)
{
	char text[DWU_LOG_LINE];
	int error = errno;

	if (status == DWUNW_ERR_ATTACH_DENIED)
		dwu_log(process->ctx, "%s",
			dwunw_denied_text(process->pid, text, sizeof(text)));
	else
		dwu_log(process->ctx, "pid %d: %s", (int)process->pid,
			status == DWUNW_ERR_IO ? why_gone(process->pid, error) :
						 dwunw_status_text(status));
	errno = error;
	return status;
}

/*
 * A program of other code than this kernel's own (i386, x32, arm): neither its
 * registers nor its files say anything that would be right.
 *
 * x32 is EM_X86_64 of ELFCLASS32, so it is told by the class.
 */
static dwunw_status_t check_code(const struct dwunw_process *process,
				 int32_t via)
{
	const struct dwunw_arch_ops *host = dwunw_arch_by_id(dwu_host_arch());
	struct dwunw_source src;
	struct dwunw_elf elf;
	struct dwu_file file;
	dwunw_status_t status;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)via);
	if (dwu_file_open(&file, "", path, DWU_FOLLOW_ALL, UINT64_MAX) !=
	    DWUNW_OK)
		return DWUNW_OK; /* not ours to know */
	dwu_file_source(&file, &src);
	status = dwunw_elf_open(&elf, &src, NULL);
	dwu_file_close(&file);
	if ((status != DWUNW_OK && status != DWUNW_ERR_UNSUPPORTED_ARCH) ||
	    (status == DWUNW_OK && dwunw_elf_arch(&elf) == host))
		return DWUNW_OK;
	dwu_log(process->ctx,
		"pid %d: a program of %s, which this build cannot unwind",
		(int)process->pid, dwunw_elf_target(&elf));
	return DWUNW_ERR_UNSUPPORTED_ARCH;
}

/*
 * Replaces the image, or leaves all as it was.
 *
 * The start time is read before and after: a pid that changes hands in between
 * would give one process the mappings of another.
 */
static dwunw_status_t reload(struct dwunw_process *process)
{
	uint64_t before = 0, after = 0;
	struct dwu_image *image;
	dwunw_status_t status;

	status = read_start_time(process->pid, &before);
	if (status != DWUNW_OK)
		return denied_or_gone(process, status);
	status = dwu_image_load(process->ctx, process->pid, &image);
	if (status != DWUNW_OK)
		return denied_or_gone(process, status);
	status = read_start_time(process->pid, &after);
	if (status == DWUNW_OK &&
	    (before != after ||
	     (process->image && after != process->start_time))) {
		errno = ESRCH;
		status = DWUNW_ERR_IO;
	}
	if (status != DWUNW_OK) {
		int error = errno;

		dwu_image_free(image);
		errno = error;
		return denied_or_gone(process, status);
	}
	status = check_code(process, image->via);
	if (status != DWUNW_OK) {
		dwu_image_free(image);
		return status;
	}
	if (process->image)
		dwu_image_inherit(image, process->image);
	dwu_image_drop(process->image);
	process->image = image;
	process->start_time = after;
	process->stale = false;
	process->checked_ms = now_ms();
	read_exe(image->via, &process->exe);
	return DWUNW_OK;
}

/* --- the table ------------------------------------------------------------------------ */

/* Nothing else to take: processes are added as they are met. */
dwunw_status_t dwu_processes_init(struct dwu_processes *processes)
{
	return pthread_mutex_init(&processes->lock, NULL) ?
		       DWUNW_ERR_NO_MEMORY :
		       DWUNW_OK;
}

/* It is in no list any more. A walk that holds the image still has it. */
static void free_process(struct dwunw_process *process)
{
	dwu_image_drop(process->image);
	free(process);
}

/* Also those that users still have open: their handles are void. */
void dwu_processes_free(struct dwu_processes *processes)
{
	while (processes->first) {
		struct dwunw_process *process = processes->first;

		processes->first = process->next;
		free_process(process);
	}
	processes->count = 0;
	pthread_mutex_destroy(&processes->lock);
}

static void put_first(struct dwu_processes *processes,
		      struct dwunw_process *process)
{
	process->next = processes->first;
	processes->first = process;
}

static void unlink_process(struct dwu_processes *processes,
			   struct dwunw_process *process)
{
	struct dwunw_process **at = &processes->first;

	while (*at && *at != process)
		at = &(*at)->next;
	if (*at)
		*at = process->next;
}

/* Not to be found by its pid any more; freed when no user has it. */
static void forget(struct dwu_processes *processes,
		   struct dwunw_process *process)
{
	if (process->pid)
		processes->count--;
	process->pid = 0;
	if (process->opens)
		return;
	unlink_process(processes, process);
	free_process(process);
}

/* Least recently used last; from text (pid 0) they are never found. */
static struct dwunw_process *find(struct dwu_processes *processes, int32_t pid)
{
	struct dwunw_process *process = processes->first;

	while (process && process->pid != pid)
		process = process->next;
	if (process && process != processes->first) {
		unlink_process(processes, process);
		put_first(processes, process);
	}
	return process;
}

/*
 * Forgets the least recently used one that no user has.
 *
 * The list is in order of use, so the last one that fits is it.
 */
static bool make_room(struct dwu_processes *processes, uint32_t capacity)
{
	struct dwunw_process *last = NULL;

	if (processes->count < capacity)
		return true;
	for (struct dwunw_process *at = processes->first; at; at = at->next)
		if (at->pid && !at->opens)
			last = at;
	if (last)
		forget(processes, last);
	return last != NULL;
}

/* A process that cannot be read is not kept. */
static dwunw_status_t add(struct dwunw_context *ctx, int32_t pid,
			  struct dwunw_process **process)
{
	struct dwu_processes *processes = &ctx->port->processes;
	struct dwunw_process *new = dwu_calloc(1, sizeof(*new));
	dwunw_status_t status;

	if (!new)
		return DWUNW_ERR_NO_MEMORY;
	*new = (struct dwunw_process){ .ctx = ctx, .pid = pid };
	status = reload(new);
	if (status == DWUNW_OK &&
	    !make_room(processes, ctx->config.process_capacity)) {
		dwu_log(ctx, "pid %d: all %u processes of the table are held",
			(int)pid, (unsigned int)ctx->config.process_capacity);
		status = DWUNW_ERR_NO_MEMORY;
	}
	if (status != DWUNW_OK) {
		free_process(new);
		return status;
	}
	processes->count++;
	put_first(processes, new);
	*process = new;
	return DWUNW_OK;
}

/* Does what is known need to be read anew before it is used? */
static bool outdated(const struct dwunw_process *process,
		     const struct dwu_hold *how)
{
	return how->refresh || process->stale ||
	       (how->map_generation &&
		how->map_generation != process->map_generation);
}

/*
 * A mapping that is not there at this count of changes will not be, but for
 * those whose change was counted before it was done.
 *
 * DWU_MISS_MAX: else stacks whose return addresses lead nowhere cost a reading
 * of the mappings each. Without a counter (map_generation 0) nothing says that
 * they stand still.
 */
static bool worth_a_miss(struct dwunw_process *process,
			 const struct dwu_hold *how)
{
	if (!how->missed)
		return false;
	return !how->map_generation || process->misses++ < DWU_MISS_MAX;
}

/*
 * The mapping counter vouches for what is known, without a system call; not
 * for long, as the event that tells of the process's end may be lost. So does a
 * thread that has been stopped since.
 */
static bool vouched(const struct dwunw_process *process,
		    const struct dwu_hold *how)
{
	if (outdated(process, how) || how->missed)
		return false;
	if (how->stopped && process->image &&
	    how->stopped->vouched == process->image->space.generation)
		return true;
	return how->map_generation && now_ms() - process->checked_ms < VOUCH_MS;
}

/*
 * An image that can be used in process->image, or a status.
 *
 * A process that is gone keeps its last image; that is no error.
 */
static dwunw_status_t update(struct dwunw_process *process,
			     const struct dwu_hold *how, enum life life)
{
	dwunw_status_t status;

	if (life == LIFE_GONE)
		return DWUNW_OK;
	if (life == LIFE_SAME && !outdated(process, how) &&
	    !worth_a_miss(process, how))
		return DWUNW_OK;
	status = reload(process);
	if (status == DWUNW_ERR_IO)
		return DWUNW_OK; /* it went meanwhile */
	if (status != DWUNW_OK)
		return status;
	if (process->map_generation != how->map_generation)
		process->misses = 0;
	process->map_generation = how->map_generation;
	return DWUNW_OK;
}

/*
 * With processes.lock held.
 *
 * A new process under a known pid: the old one is forgotten, its image stays
 * for walks that hold it.
 */
static dwunw_status_t find_or_add(struct dwunw_context *ctx,
				  const struct dwu_hold *how,
				  struct dwunw_process **process)
{
	struct dwu_processes *processes = &ctx->port->processes;
	struct dwunw_process *found = find(processes, how->pid);
	enum life life = LIFE_OTHER;
	dwunw_status_t status;

	*process = found;
	if (found && (how->known || vouched(found, how)))
		return DWUNW_OK;
	if (found)
		life = check(found);
	if (life != LIFE_OTHER)
		return update(found, how, life);
	if (found)
		forget(processes, found);
	status = add(ctx, how->pid, process);
	if (status == DWUNW_OK)
		(*process)->map_generation = how->map_generation;
	return status;
}

/*
 * *image is the caller's until dwu_image_release(): it is not changed, only
 * replaced.
 */
dwunw_status_t dwu_process_hold(struct dwunw_context *ctx,
				const struct dwu_hold *how,
				struct dwu_image **image)
{
	struct dwu_processes *processes = &ctx->port->processes;
	struct dwunw_process *process;
	dwunw_status_t status;

	pthread_mutex_lock(&processes->lock);
	status = find_or_add(ctx, how, &process);
	if (status == DWUNW_OK) {
		process->image->refs++;
		*image = process->image;
		if (how->stopped)
			how->stopped->vouched =
				process->image->space.generation;
	}
	pthread_mutex_unlock(&processes->lock);
	return status;
}

/* Nobody waits for the new mappings now: they are read with the next event. */
void dwu_process_stale(struct dwunw_context *ctx, int32_t pid)
{
	struct dwu_processes *processes = &ctx->port->processes;
	struct dwunw_process *process;

	pthread_mutex_lock(&processes->lock);
	process = find(processes, pid);
	if (process)
		process->stale = true;
	pthread_mutex_unlock(&processes->lock);
}

/* --- public ---------------------------------------------------------------------------- */

/* A handle that keeps the process in the table, alive or not. */
dwunw_status_t dwunw_process_open(struct dwunw_context *ctx, int32_t pid,
				  struct dwunw_process **process)
{
	struct dwu_hold how = { .pid = pid };
	dwunw_status_t status;

	if (process)
		*process = NULL;
	if (!ctx || !ctx->port || pid <= 0 || !process)
		return DWUNW_ERR_INVALID_ARG;
	pthread_mutex_lock(&ctx->port->processes.lock);
	status = find_or_add(ctx, &how, process);
	if (status == DWUNW_OK)
		(*process)->opens++;
	else
		*process = NULL;
	pthread_mutex_unlock(&ctx->port->processes.lock);
	return status;
}

/* The text is copied: paths are cut out of it in place. */
static struct dwu_image *image_from_text(struct dwunw_context *ctx,
					 uint16_t arch, const char *text,
					 size_t size, const char *root)
{
	struct dwu_image *image = dwu_image_new(ctx, arch);

	if (!image)
		return NULL;
	image->root = dwu_strdup(root ? root : "");
	image->text = dwu_malloc(size + 1);
	if (!image->root || !image->text) {
		dwu_image_free(image);
		return NULL;
	}
	if (size)
		memcpy(image->text, text, size);
	image->text[size] = 0;
	return image;
}

/* Of a recording: files are below `root`, nothing is live. */
dwunw_status_t dwunw_process_from_maps(struct dwunw_context *ctx,
				       uint16_t arch_id, const char *text,
				       size_t size, const char *root,
				       struct dwunw_process **process)
{
	struct dwunw_process *new;
	dwunw_status_t status;

	if (process)
		*process = NULL;
	if (!ctx || !ctx->port || (!text && size) || !process ||
	    size > DWU_MAPS_SIZE_MAX || (root && strlen(root) >= DWU_PATH_MAX))
		return DWUNW_ERR_INVALID_ARG;
	if (!dwunw_arch_by_id(arch_id))
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	new = dwu_calloc(1, sizeof(*new));
	if (!new)
		return DWUNW_ERR_NO_MEMORY;
	pthread_mutex_lock(&ctx->port->processes.lock);
	*new = (struct dwunw_process){ .ctx = ctx, .opens = 1 };
	new->image = image_from_text(ctx, arch_id, text, size, root);
	status = new->image ? dwu_maps_parse(new->image, size) :
			      DWUNW_ERR_NO_MEMORY;
	if (status == DWUNW_OK) {
		put_first(&ctx->port->processes, new);
		*process = new;
	} else {
		free_process(new);
	}
	pthread_mutex_unlock(&ctx->port->processes.lock);
	return status;
}

/* The bytes are the caller's, and stay as long as the process is used. */
dwunw_status_t dwunw_process_set_vdso(struct dwunw_process *process,
				      const struct dwunw_span *bytes)
{
	if (!process || !bytes || !process->image || !process->image->root)
		return DWUNW_ERR_INVALID_ARG;
	process->image->vdso = *bytes;
	return DWUNW_OK;
}

dwunw_status_t dwunw_process_refresh(struct dwunw_process *process)
{
	pthread_mutex_t *lock;
	dwunw_status_t status = DWUNW_ERR_IO;

	if (!process)
		return DWUNW_ERR_INVALID_ARG;
	if (process->image->root)
		return DWUNW_OK;
	lock = &process->ctx->port->processes.lock;
	pthread_mutex_lock(lock);
	if (process->pid)
		status = reload(process);
	pthread_mutex_unlock(lock);
	return status;
}

/* The last handle lets it go, and its image unless a walk holds that. */
void dwunw_process_close(struct dwunw_process *process)
{
	struct dwu_processes *processes;

	if (!process)
		return;
	processes = &process->ctx->port->processes;
	pthread_mutex_lock(&processes->lock);
	if (process->opens)
		process->opens--;
	if (!process->opens)
		forget(processes, process);
	pthread_mutex_unlock(&processes->lock);
}

const struct dwunw_space *dwunw_process_space(struct dwunw_process *process)
{
	return process ? &process->image->space : NULL;
}

/* False: memory without a file, or not known to be a file's moved code. */
static bool has_file(const struct dwu_image *image,
		     const struct dwunw_mapping *mapping)
{
	uint8_t kind = image->places[mapping->file].kind;

	return kind == DWU_PLACE_FILE ||
	       (kind == DWU_PLACE_MOVED &&
		__atomic_load_n(&mapping->serial, __ATOMIC_ACQUIRE));
}

const char *dwunw_process_path(const struct dwunw_process *process,
			       const struct dwunw_mapping *mapping)
{
	const struct dwu_image *image = process ? process->image : NULL;
	struct dwunw_mapping origin;

	if (!image || !mapping || mapping->file >= image->piece_count)
		return "";
	origin = dwu_image_origin(image, mapping);
	return image
		->places[has_file(image, mapping) ? origin.file : mapping->file]
		.path;
}

dwunw_status_t dwunw_process_file(const struct dwunw_process *process,
				  const struct dwunw_mapping *mapping,
				  char *path, size_t size)
{
	const struct dwu_image *image = process ? process->image : NULL;

	if (!image || !mapping || !path || !size ||
	    mapping->file >= image->piece_count)
		return DWUNW_ERR_INVALID_ARG;
	path[0] = 0;
	if (!has_file(image, mapping))
		return DWUNW_ERR_IO;
	return dwu_image_file(image, mapping, path, size);
}

/* A dwunw_read_memory_fn. A recording has no memory to read. */
dwunw_status_t dwunw_process_read(void *process, uint64_t addr, void *dst,
				  size_t size)
{
	const struct dwunw_process *live = process;

	if (!live || !live->pid || !dst)
		return DWUNW_ERR_INVALID_ARG;
	return dwu_memory_read(live->image->via, addr, dst, size);
}
