/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * port.h - what the files of this port share.
 *
 *   pages    arenas straight from the kernel
 *   log      one line a problem, once
 *   files    an open regular file as a dwunw_source
 *   memory   bytes of a live process
 *   helper, limit  these in time, or not at all (helper.h)
 *   maps     text of /proc/PID/maps -> image
 *   lend     a section of a file -> what is used of it
 *   modules  file or bytes -> module, cached
 *   image    what is mapped in one process, and the modules behind it
 *   process  pid -> image, refreshed
 *   attach, stopped  a thread that is stopped; its stack (stopped.h)
 *
 * debug.h has what finds separate debug files.
 *
 * Locks: processes.lock before modules.lock before log_lock. The log callback
 * may run under any of them and must not call the library.
 */
#ifndef DWU_PORT_H
#define DWU_PORT_H

#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include <pthread.h>
#include <sys/types.h>

#include <dwunw/bounds.h>
#include <dwunw/linux.h>

/* Files whose serial and label are remembered; later ones have no label. */
#define DWU_IDENTITY_MAX 65536u
#define DWU_IDENTITY_BUCKETS 256u
#define DWU_LABEL_BYTES_MAX ((size_t)16 << 20)
/* Different images of the kernel's vdso, and the bytes of each. */
#define DWU_BLOB_MAX 64u
#define DWU_BLOB_SIZE_MAX (256u << 10)
/* Refreshes for a pc in no mapping while the mapping counter stands still. */
#define DWU_MISS_MAX 16u
/* The kernel's own limit of mappings, each with a path of common length. */
#define DWU_MAPS_SIZE_MAX ((size_t)CONFIG_MAPPING_MAX * 512)
#define DWU_PATH_MAX 4352u /* PATH_MAX, and room for /proc/PID/root */
#define DWU_LOG_SLOTS 256u
#define DWU_LOG_LINE 1024u

/* --- capture.c --------------------------------------------------------------- */

/*
 * dwunw_capture() from what an event has; its memory is the copy in it. request:
 * frames, max_frames, pid, tid, map_generation and walker; stop is set.
 */
dwunw_status_t dwu_capture_event(struct dwunw_context *ctx,
				 const struct dwunw_event *event,
				 struct dwunw_unwind_request *request,
				 size_t *count);

/* --- pages.c ---------------------------------------------------------------- */

/*
 * An arena of at least `size` bytes; what it held is given back first, also
 * when the answer is NO_MEMORY: the kernel has none.
 */
dwunw_status_t dwu_pages_alloc(struct dwunw_arena *arena, size_t size);
void dwu_pages_free(struct dwunw_arena *arena);
/* After a NO_MEMORY: an arena as large as it wants. NO_MEMORY: in vain, or it
 * wants more than max; then it is left as it is. */
dwunw_status_t dwu_pages_grow(struct dwunw_arena *arena, uint64_t max);

/* --- log.c ------------------------------------------------------------------- */

/*
 * A caller's struct that may grow (types.h), of which this version has `dst_size`
 * bytes and the first one that had a `size` had `least`. INVALID_ARG: fewer, or
 * more that are not 0.
 */
dwunw_status_t dwu_given(void *dst, size_t dst_size, size_t least,
			 const void *src);
#define DWU_GIVEN(dst, last, src)      \
	dwu_given(dst, sizeof(*(dst)), \
		  (size_t)((char *)(&(dst)->last + 1) - (char *)(dst)), src)

/* Tells ctx->config.log, unless the same line was among the last ones. */
__attribute__((format(printf, 2, 3))) void dwu_log(struct dwunw_context *ctx,
						   const char *format, ...);

/* Names and paths are the target's: control characters become '?'. */
bool dwu_is_printable(const char *text);
void dwu_make_printable(char *text);

/* --- files.c ----------------------------------------------------------------- */

/* Which content: a file that is written to or replaced has another id. */
struct dwu_file_id {
	uint64_t dev;
	uint64_t ino;
	uint64_t size;
	int64_t changed_sec;
	int64_t changed_nsec;
};

bool dwu_file_id_same(const struct dwu_file_id *a, const struct dwu_file_id *b);
/*
 * One file, which may have lost a name since: that changes its time. Only of
 * a file that something still holds, or the inode may be another one's.
 */
bool dwu_file_id_held(const struct dwu_file_id *a, const struct dwu_file_id *b);

/* A dwunw_source points to it: it stays where it is until it is closed. */
struct dwu_file {
	struct dwunw_span bytes; /* the file in memory, or size 0 */
	struct dwu_file_id id;
	uint32_t read; /* KiB since the last dwu_file_begin(); atomic */
	int fd;	       /* -1: closed, or bytes of ours; helper: only its name */
	int32_t far;   /* what the helper has it open as */
	uint32_t helper; /* which one; 0: it is open here */
	uint32_t owner;
	bool mapped;
};

/*
 * One question to a file costs reads of DWUNW_READ_MAX bytes at most, each
 * counting as 1 KiB more: beyond that it cannot be read (IO). Begins the next
 * question.
 */
void dwu_file_begin(struct dwu_file *file);
/* Has the last question come to that bound? */
bool dwu_file_exceeded(const struct dwu_file *file);

/* How a path is followed. */
enum dwu_follow {
	DWU_FOLLOW_ALL,	 /* as open(2) does */
	DWU_FOLLOW_NONE, /* beneath `root`, through no symbolic link at all */
	DWU_FOLLOW_BENEATH, /* `root` is also what links are relative to */
};

/*
 * Opens a regular file without ever opening anything else, so that no FIFO
 * blocks and no device notices. IO: errno tells why. INVALID_ARG: not a
 * regular file, or (EFBIG) larger than size_max.
 */
dwunw_status_t dwu_file_open(struct dwu_file *file, const char *root,
			     const char *path, enum dwu_follow follow,
			     uint64_t size_max);
/* strerror(), and what ETIMEDOUT means here. */
const char *dwu_error_text(int error);
/* Why it could not, by that status and errno. */
const char *dwu_file_why(dwunw_status_t status);
/*
 * How often a file could not be opened for want of descriptors or memory, in
 * any thread. What was not found while that grew may well be there.
 */
uint32_t dwu_file_shortages(void);
/* The bytes as if they were a file's; they must outlive it. */
void dwu_file_from_bytes(struct dwu_file *file, struct dwunw_span bytes,
			 uint64_t id);
void dwu_file_close(struct dwu_file *file);
/* Maps it, where the build says so. */
void dwu_file_map(struct dwu_file *file);
void dwu_file_source(struct dwu_file *file, struct dwunw_source *src);
/* The id of what path names now. IO. */
dwunw_status_t dwu_file_stat(const char *path, struct dwu_file_id *id);
/* The same; resolved, of PATH_MAX bytes, gets its name without links. */
dwunw_status_t dwu_file_path(const char *path, struct dwu_file_id *id,
			     char *resolved);

/*
 * The small text file at path, NUL-terminated, in memory that free() takes;
 * IO, ATTACH_DENIED (EACCES, EPERM), NO_MEMORY (beyond max bytes).
 */
dwunw_status_t dwu_text_read(const char *path, size_t max, char **text,
			     size_t *size);
/* The same of a file of /proc that waits for nobody: stat, status. */
dwunw_status_t dwu_text_ready(const char *path, size_t max, char **text,
			      size_t *size);
/* The id of the program that a process runs. IO. */
dwunw_status_t dwu_exe_stat(int32_t pid, struct dwu_file_id *id);

/* --- shortage.c -------------------------------------------------------------- */

/* malloc() and the like, for which dwunw_short() is called where there is none. */
void *dwu_malloc(size_t size);
void *dwu_calloc(size_t number, size_t size);
void *dwu_realloc(void *old, size_t size);
char *dwu_strdup(const char *text);
char *dwu_strndup(const char *text, size_t size);

/* --- memory.c ---------------------------------------------------------------- */

/*
 * Copies memory of the live process `pid`, all or nothing. INVALID_ARG: not
 * there; ATTACH_DENIED; IO: no such process.
 */
dwunw_status_t dwu_memory_read(int32_t pid, uint64_t addr, void *dst,
			       size_t size);

/* At least size bytes, at most room, *got of them, in ms. */
dwunw_status_t dwu_memory_some(int32_t pid, uint64_t addr, void *dst,
			       size_t size, size_t room, uint32_t ms,
			       size_t *got);

/* --- attach.c ---------------------------------------------------------------- */

/* As dwunw_stack_reader_read(), and dwu_memory_some(). */
dwunw_status_t dwu_reader_some(struct dwunw_stack_reader *reader, uint64_t addr,
			       void *dst, size_t size, size_t room,
			       size_t *got);

/* --- limit.c ----------------------------------------------------------------- */

/* Is there a limit to how long a read may take? limits may be NULL. */
bool dwu_limited(struct dwunw_limits *limits);

/* --- lend.c ------------------------------------------------------------------ */

/* The .eh_frame of a module, as far as it was needed. It may not move. */
struct dwu_lent {
	struct dwunw_lender lender;
	struct dwunw_context *ctx;
	struct dwu_file *file;
	pthread_mutex_t *lock;
	size_t *total; /* of all files */
	uint64_t max;
	uint64_t filled;
	uint64_t off; /* in the file */
	size_t size;
	uint8_t *base; /* NULL: nothing is lent */
	bool told;     /* that max was reached */
	char label[256];
};

#if IS_ON(CONFIG_ARCH_32BIT_ONLY)
static inline void dwu_lent_open(struct dwu_lent *lent,
				 struct dwunw_context *ctx,
				 struct dwu_file *file, const char *label)
{
	(void)lent;
	(void)ctx;
	(void)file;
	(void)label;
}

static inline void dwu_lent_close(struct dwu_lent *lent)
{
	(void)lent;
}
#else
void dwu_lent_open(struct dwu_lent *lent, struct dwunw_context *ctx,
		   struct dwu_file *file, const char *label);
/* Of one that was opened, or zeroed. */
void dwu_lent_close(struct dwu_lent *lent);
#endif

/* --- modules.c --------------------------------------------------------------- */

struct dwu_slot {
	struct dwunw_module module; /* serial 0: empty */
	struct dwu_file file;
	struct dwu_lent lent;
	struct dwunw_arena arena;
	uint64_t released; /* when it became warm */
	uint32_t refs;
};

/* identities[serial - 1] */
struct dwu_identity {
	struct dwu_file_id id;
	char *label;
	uint64_t content; /* dwunw_elf_identity(); 0: it cannot be read */
	uint32_t build_id_size;
	uint8_t build_id[DWUNW_BUILD_ID_MAX];
	uint32_t next;	  /* serial of the next one in its bucket, 0: none */
};

/* Content of a vdso, shared by all processes that have the same. */
struct dwu_blob {
	struct dwunw_span bytes;
};

struct dwu_modules {
	pthread_mutex_t lock;
	struct dwu_slot *slots;
	struct dwu_identity *identities;
	uint32_t capacity;
	uint32_t identity_count;
	uint32_t identity_room;
	uint32_t last_serial;
	uint32_t blob_count;
	size_t label_bytes;
	uint64_t clock;
	uint64_t opens;
	uint64_t hits;
	uint64_t evictions;
	uint64_t arena_bytes; /* of all slots */
	size_t lent_bytes;    /* atomic; of memory, so a word is enough */
	uint64_t bytes_max;   /* of both together */
	pthread_mutex_t lent_lock;
	uint32_t buckets[DWU_IDENTITY_BUCKETS];
	struct dwu_blob blobs[DWU_BLOB_MAX];
};

dwunw_status_t dwu_modules_init(struct dwu_modules *modules, uint32_t capacity);
void dwu_modules_free(struct dwu_modules *modules);

/* The three below: with modules.lock held. */

/* A module that is in a slot; NULL: it is not. */
const struct dwunw_module *dwu_modules_find(struct dwu_modules *modules,
					    uint32_t serial);
/* Takes the open file, whatever the status. */
dwunw_status_t dwu_modules_open(struct dwunw_context *ctx,
				struct dwu_file *file, const char *label,
				const struct dwunw_module **module);
/* Keeps bytes (from malloc), or frees them and finds the same ones. */
dwunw_status_t dwu_modules_open_bytes(struct dwunw_context *ctx,
				      struct dwunw_span bytes,
				      const char *label,
				      const struct dwunw_module **module);

/* As dwunw_cfi_text(), of what should tell of vaddr; "" too if the module is in
 * no slot. */
void dwu_modules_cfi_text(struct dwu_modules *modules, uint32_t serial,
			  uint64_t vaddr, char *text, size_t size);

/* What a serial stands for. */
struct dwu_module_is {
	struct dwu_file_id id;
	struct dwunw_span bytes; /* instead of a file; size 0: a file */
	const char *label;
};
/* The first file with this content (dwunw_elf_identity()); 0: none was opened. */
uint32_t dwu_modules_with(struct dwunw_context *ctx, uint64_t content);

/* False: the serial is not known. */
bool dwu_modules_is(struct dwunw_context *ctx, uint32_t serial,
		    struct dwu_module_is *is);

/* --- maps.c ------------------------------------------------------------------ */

enum dwu_place_kind {
	DWU_PLACE_FILE,
	DWU_PLACE_VDSO,
	DWU_PLACE_NOTHING, /* memory without a file */
	DWU_PLACE_MOVED,   /* the same, where code of the owner's file was */
};

/* What is behind a piece; mapping.file is its index. */
struct dwu_place {
	const char *path; /* as in the text, NUL-terminated */
	uint64_t dev;
	uint64_t ino;
	uint32_t serial; /* last module, 0: none yet */
	int32_t status; /* of the file's first failure; it is not tried again */
	uint32_t owner; /* MOVED: a piece of the file */
	uint8_t kind;
	bool hung; /* the file was asked for, and no answer came in time */
};

/*
 * The mappings of a process at one time. What open_module needs is in here,
 * so that a walk holds nothing else. `refs` under processes.lock, `places`
 * under modules.lock.
 */
struct dwu_image {
	struct dwunw_space space;
	struct dwunw_context *ctx;
	struct dwunw_piece *pieces; /* of files, and all that is executable */
	struct dwu_place *places;   /* of each piece */
	char *text;
	char *root; /* files are root + path; NULL: through /proc/via/ */
	struct dwunw_span vdso; /* given by the caller, not ours */
	int32_t pid;
	int32_t via; /* whose /proc entries: pid, or a thread that lives on */
	uint32_t piece_count;
	uint32_t room;	   /* of mappings, pieces and places */
	uint32_t failures; /* files that were tried and not there */
	uint32_t refs;
};

/*
 * Fills space, pieces, places and paths from image->text, size bytes and a
 * NUL, which is cut into strings. The space is of what is executable.
 * BAD_FORMAT: a line that the kernel would not write, or an overlap;
 * NO_MEMORY: more than the build's limit of mappings.
 */
dwunw_status_t dwu_maps_parse(struct dwu_image *image, size_t size);

/* --- image.c ----------------------------------------------------------------- */

/*
 * The mapping whose file a mapping's code is of: itself, or where its code
 * was moved away from.
 */
struct dwunw_mapping dwu_image_origin(const struct dwu_image *image,
				      const struct dwunw_mapping *mapping);

/* An image without mappings, with one reference. NULL: no memory. */
struct dwu_image *dwu_image_new(struct dwunw_context *ctx, uint16_t arch);
void dwu_image_free(struct dwu_image *image);
/* Gives a reference back, with processes.lock held; NULL does no harm. */
void dwu_image_drop(struct dwu_image *image);
/* The same without the lock. */
void dwu_image_release(struct dwu_image *image);
/* What is mapped in a live process now. IO, ATTACH_DENIED, NO_MEMORY. */
dwunw_status_t dwu_image_load(struct dwunw_context *ctx, int32_t pid,
			      struct dwu_image **image);
/* Takes over what was learnt of mappings that are still there. */
void dwu_image_inherit(struct dwu_image *image, const struct dwu_image *old);
/* Is all that open_module() would do of it done, so that it takes no time? */
bool dwu_image_opened(struct dwu_image *image,
		      const struct dwunw_mapping *mapping);
/* As dwunw_process_file(). */
dwunw_status_t dwu_image_file(const struct dwu_image *image,
			      const struct dwunw_mapping *mapping, char *path,
			      size_t size);

/* --- process.c --------------------------------------------------------------- */

struct dwu_processes {
	pthread_mutex_t lock;
	struct dwunw_process *first; /* least recently used last */
	uint32_t count;		     /* of those with a pid */
	uint32_t generation;	     /* of spaces, never the same twice */
};

dwunw_status_t dwu_processes_init(struct dwu_processes *processes);
void dwu_processes_free(struct dwu_processes *processes);

/* Of /proc/PID/stat; PID may be a thread's. */
struct dwu_process_stat {
	uint64_t start_time; /* clock ticks from boot */
	bool kernel;	     /* a thread of the kernel */
	bool ended;	     /* waits for its parent, or is on its way out */
};

/* IO: no such thread; ATTACH_DENIED; NO_MEMORY. */
dwunw_status_t dwu_process_stat(int32_t pid, struct dwu_process_stat *stat);

/* How dwu_process_hold() may use what is known. */
struct dwu_hold {
	int32_t pid;
	uint32_t map_generation;
	bool refresh; /* whatever is known */
	bool missed;  /* the last image had no mapping for a pc */
};

/*
 * The image of a process, to be given back. IO: gone before anything was
 * known of it, else its last image serves; ATTACH_DENIED; NO_MEMORY.
 */
dwunw_status_t dwu_process_hold(struct dwunw_context *ctx,
				const struct dwu_hold *how,
				struct dwu_image **image);

/* It runs another program, or its memory is another one's copy. */
void dwu_process_stale(struct dwunw_context *ctx, int32_t pid);

/* --- context.c --------------------------------------------------------------- */

struct dwunw_port {
	struct dwu_modules modules;
	struct dwu_processes processes;
	struct dwunw_arena walker_arena;
	struct dwunw_walker *walker;
	pthread_mutex_t log_lock;
	uint64_t log_seen[DWU_LOG_SLOTS];
};

/* The arch of programs that run here. */
uint16_t dwu_host_arch(void);

/* FNV-1a, 64 bits. */
uint64_t dwu_hash(const void *bytes, size_t size);

#endif
