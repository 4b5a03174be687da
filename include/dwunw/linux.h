/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/linux.h - live processes: mappings, memory, threads, event streams.
 */
#ifndef DWUNW_LINUX_H
#define DWUNW_LINUX_H

#include <dwunw/dwunw_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A process whose mappings are known. Its files are opened through
 * /proc/PID/root, or /proc/PID/map_files where they were deleted or replaced;
 * the vdso is read from its memory.
 */
struct dwunw_process;

/*
 * Reads /proc/PID/maps. IO: no such process; ATTACH_DENIED; NO_MEMORY.
 * Processes are kept by pid and start time; opening one again finds it, and
 * a pid that another process has now is opened anew.
 */
dwunw_status_t dwunw_process_open(struct dwunw_context *ctx, int32_t pid,
				  struct dwunw_process **process);

/* Reads the mappings again. What was opened stays open. */
dwunw_status_t dwunw_process_refresh(struct dwunw_process *process);

/* Forgets it; an event of the same pid opens it again. */
void dwunw_process_close(struct dwunw_process *process);

/*
 * The mappings as they were read last; valid until they are read again, by a
 * refresh, a capture, an event or an open of that pid. Another thread may name
 * frames meanwhile (dwunw_symbol_frame()): that reads no mappings anew.
 */
const struct dwunw_space *dwunw_process_space(struct dwunw_process *process);

/* The path of a mapping as /proc/PID/maps prints it; "" if it has none. */
const char *dwunw_process_path(const struct dwunw_process *process,
			       const struct dwunw_mapping *mapping);

/*
 * Where that file can be opened from here and now: through the target's own
 * mount namespace. IO: it has no file any more. At most size bytes.
 */
dwunw_status_t dwunw_process_file(const struct dwunw_process *process,
				  const struct dwunw_mapping *mapping,
				  char *path, size_t size);

/*
 * A dwunw_read_memory_fn over a live process: process_vm_readv, then
 * /proc/PID/mem. ctx is a struct dwunw_process. Nothing stops the target.
 */
dwunw_status_t dwunw_process_read(void *process, uint64_t addr, void *dst,
				  size_t size);

/*
 * A process that only exists as text in the form of /proc/PID/maps: of a
 * recording or another machine. A file is opened as root + path, whatever its
 * device and inode; root may be "" or NULL. Nothing is kept of text and root.
 * It has no memory: dwunw_process_read() is INVALID_ARG, and its [vdso] has
 * rows only when dwunw_process_set_vdso() gives the bytes, which must outlive
 * the process.
 *
 * BAD_FORMAT: a line that is no mapping, or overlaps the one before;
 * UNSUPPORTED_ARCH; NO_MEMORY; INVALID_ARG: also a text of more than 512
 * bytes for each mapping that the build allows.
 */
dwunw_status_t dwunw_process_from_maps(struct dwunw_context *ctx,
				       uint16_t arch_id, const char *text,
				       size_t size, const char *root,
				       struct dwunw_process **process);
dwunw_status_t dwunw_process_set_vdso(struct dwunw_process *process,
				      const struct dwunw_span *bytes);

/*
 * One line on why the kernel refuses that process to us, and what would help:
 * ATTACH_DENIED in words. Returns text.
 */
const char *dwunw_denied_text(int32_t pid, char *text, size_t size);

/*
 * Why a record of call frame information is BAD_FORMAT, if it or its CIE is
 * larger than dwunw/bounds.h allows: "the CIE at 0x0 of .eh_frame has 1048600
 * bytes, more than the bound of 512"; else "". Returns text.
 */
const char *dwunw_cfi_text(const struct dwunw_module *module,
			   const struct dwunw_cfi *cfi, uint64_t off,
			   char *text, size_t size);

/*
 * For libraries on top of this one, as libdwunw-trace.a: copies a caller's struct
 * that may grow (types.h, "What may grow") to dst, this version's, of dst_size bytes;
 * `least` are the bytes of the first version. Both begin with `size_t size`.
 * INVALID_ARG: NULL; fewer than `least`; more than dst_size that are not 0.
 */
dwunw_status_t dwunw_struct_from(void *dst, size_t dst_size, size_t least,
				 const void *src);
/* The same, where `last` is the last field that the first version of *dst had. */
#define DWUNW_STRUCT_FROM(dst, last, src)                             \
	dwunw_struct_from((dst), sizeof(*(dst)),                      \
			  (size_t)((const char *)(&(dst)->last + 1) - \
				   (const char *)(dst)),              \
			  (src))

/*
 * One stopped thread. PTRACE_SEIZE and PTRACE_INTERRUPT by attach; its
 * registers, its memory; detach lets it go on. Nothing is held in between.
 */
struct dwunw_stack_reader {
	int32_t pid;
	int32_t tid;
	bool attached;
	/* with dwunw_limit(): it is over time, and by a read that never came */
	bool late;
	bool hung;
	uint8_t patience; /* in: it may be stopped 2^patience times as long */
	/* the mappings that were seen to be its process's since it was stopped:
	 * dwunw_capture() asks once */
	uint32_t vouched;
	uint64_t until_ms;
};

/* INVALID_ARG: pid or tid not positive. */
dwunw_status_t dwunw_stack_reader_init(struct dwunw_stack_reader *reader,
				       int32_t pid, int32_t tid);
/* ATTACH_DENIED: no permission, or traced already; IO: gone. */
dwunw_status_t dwunw_stack_reader_attach(struct dwunw_stack_reader *reader);
/* The registers of the stopped thread. INVALID_ARG: not attached. */
dwunw_status_t dwunw_stack_reader_regs(struct dwunw_stack_reader *reader,
				       struct dwunw_regset *regs);
/* A dwunw_read_memory_fn; reader is a struct dwunw_stack_reader. */
dwunw_status_t dwunw_stack_reader_read(void *reader, uint64_t addr, void *dst,
				       size_t size);
/* Harmless when not attached. */
void dwunw_stack_reader_detach(struct dwunw_stack_reader *reader);

/*
 * The stack of one thread, request->tid of request->pid, which is stopped for
 * as short as it takes: files are opened while it runs, and it is stopped again.
 * regs gets the registers that the frames are of. Otherwise as dwunw_capture();
 * ATTACH_DENIED and IO also as dwunw_stack_reader_attach().
 */
dwunw_status_t dwunw_thread_capture(struct dwunw_context *ctx,
				    struct dwunw_unwind_request *request,
				    struct dwunw_regset *regs, size_t *count);

/*
 * What a target serves may never come: a page by userfaultfd, a file by a FUSE
 * server that does not answer; such a call ends with the process that made it,
 * or not even so. After dwunw_limit() the library makes these calls in helper
 * processes, forks of this one, and gives up what does not come in time; a
 * stopped thread goes on in time, whatever else happens. Without, it starts no
 * process and waits for ever. 0: as said here.
 */
struct dwunw_limits {
	size_t size;	  /* see types.h, "What may grow" */
	uint32_t read_ms; /* a read of memory: 100 */
	uint32_t file_ms; /* an open or a read of a file: 4000; half of what
			   * is left after each that did not come */
	uint32_t stop_ms; /* how long a thread is stopped at a time: 100; up to
			   * 8 times that where the machine is too busy */
	uint32_t reserved;
};

/*
 * For the whole program, and before its first other call and thread; NULL: no
 * limits any more, when all contexts are shut down. The helpers have this
 * process's rights, memory as it was, and no descriptors; they are no children
 * that wait() tells of (with qemu-user they are). INVALID_ARG: a limit beyond
 * 2^30; NO_MEMORY; IO: none can be started, and there are no limits.
 */
dwunw_status_t dwunw_limit(const struct dwunw_limits *limits);

/*
 * Every thread of a process: calls visit() with each tid, ascending.
 * IO: no such process.
 */
dwunw_status_t dwunw_threads(int32_t pid,
			     bool (*visit)(void *visit_ctx, int32_t tid),
			     void *visit_ctx);

/*
 * One record of an event stream or of a recording, header and all. STACK is
 * unwound into frames; EXEC, EXIT and FORK update what is known of the
 * process (their *count is 0). Unknown kinds are left to the caller, with
 * event->header filled. `event` may be large: it holds the parsed record.
 *
 * BAD_FORMAT, NOT_IMPLEMENTED, UNSUPPORTED_ARCH: the record, as
 * dwunw_event_parse(); otherwise as dwunw_capture().
 */
dwunw_status_t dwunw_consume(struct dwunw_context *ctx, const void *bytes,
			     size_t size, struct dwunw_event *event,
			     struct dwunw_frame *frames, size_t max_frames,
			     size_t *count, struct dwunw_stop *stop);

/*
 * The same for a record that dwunw_event_parse() has read; its bytes are still
 * there. walker is this thread's own: calls with different ones may overlap.
 * NULL: the context's only one, as dwunw_consume() uses it.
 */
dwunw_status_t
dwunw_event_consume(struct dwunw_context *ctx, struct dwunw_walker *walker,
		    const struct dwunw_event *event, struct dwunw_frame *frames,
		    size_t max_frames, size_t *count, struct dwunw_stop *stop);

/*
 * The same, and steps[n] tells how frames[n] was left, as dwunw_walk_steps() has
 * it: max_frames of them; NULL: none. The steps of frames that the kernel has
 * walked, the first walk.frame_count of a WALKED event, are not written.
 * NOT_IMPLEMENTED: built without.
 */
dwunw_status_t dwunw_event_consume_steps(struct dwunw_context *ctx,
					 struct dwunw_walker *walker,
					 const struct dwunw_event *event,
					 struct dwunw_frame *frames,
					 struct dwunw_step *steps,
					 size_t max_frames, size_t *count,
					 struct dwunw_stop *stop);

/*
 * A WALKED event (event.h): frames that the kernel has walked, and what it has
 * sent of the rest of the stack. `frames` points into the record.
 */
struct dwunw_walked {
	struct dwunw_event_walk walk;
	const uint8_t *frames;
	bool big_endian; /* the record */
};

/*
 * Of an event that dwunw_event_parse() has read and whose kind is WALKED:
 * fills *walked, and event->regs and event->input as for a STACK. Where
 * walk.stop is not DWUNW_EVENT_GOES_ON the frames are all, and it says why they
 * end; else input begins with the next frame (DWUNW_WALK_RETURN), or with the
 * first where there are none. BAD_FORMAT, UNSUPPORTED_ARCH as
 * dwunw_event_parse(); INVALID_ARG: another kind.
 */
dwunw_status_t dwunw_walked_parse(struct dwunw_walked *walked,
				  struct dwunw_event *event);
/*
 * Its frame n, of which `module` and `cfa` are 0, and the identity of its file
 * (0: none). INVALID_ARG: n is not below walk.frame_count.
 */
dwunw_status_t dwunw_walked_frame(const struct dwunw_walked *walked, uint32_t n,
				  struct dwunw_frame *frame, uint64_t *file);

/*
 * One line on why a stack ended, with file and address, or "" after the
 * root: "no unwind information for 0x1b2c in /lib/libc.musl.so". Returns
 * text.
 */
const char *dwunw_stop_text(const struct dwunw_context *ctx,
			    const struct dwunw_stop *stop, char *text,
			    size_t size);

/*
 * How a frame was found, for people: "scan", "leaf, bad cfi", "guess"; "" where
 * nothing is to be said: frame 0, and by CFI. 32 bytes are enough. Returns text.
 */
const char *dwunw_frame_text(const struct dwunw_frame *frame, char *text,
			     size_t size);

/*
 * How often something was short in this process: memory, descriptors, a read of
 * a file that failed; `error` (or NULL) gets the last one's errno. What was told
 * while it grew may lack names, lines or frames that are there. Any thread.
 */
uint32_t dwunw_shortages(int *error);
/*
 * Counts one of the caller's own, in its read_memory say: the errno of a call
 * that failed. Those that tell what is there (ENOENT, EACCES) do not count.
 */
void dwunw_short(int error);

/* A status in words, for messages: "cannot be read". Static. */
const char *dwunw_status_text(dwunw_status_t status);

/*
 * What code a file has, whether this build knows it or not: "mips n32", "i386";
 * for messages. Static; "?": elf is NULL.
 */
const char *dwunw_elf_target(const struct dwunw_elf *elf);

/*
 * 64 bits for the content of a file: FNV-1a of its build id if it has one, else
 * a hash of what its headers say of its segments and of the first
 * DWUNW_IDENTITY_CODE_MAX bytes of its code; SPEC.md 4 has it to the byte.
 * Stripping does not change it. It is no proof: who makes a file chooses it.
 * BAD_FORMAT, IO: headers or code cannot be read, and *identity is 0.
 */
#define DWUNW_IDENTITY_CODE_MAX (16u << 20)
dwunw_status_t dwunw_elf_identity(const struct dwunw_elf *elf,
				  uint64_t *identity);

/* A dwunw_inflate_fn by the libraries that are in this build; ctx is not used. */
dwunw_status_t dwunw_inflate(void *ctx, uint32_t type, const void *src,
			     size_t src_size, void *dst, size_t dst_size);

/*
 * Why `debug` is no debug file of `elf`, for messages: another target, build
 * id, CRC than .gnu_debuglink says; or, with neither of these, another build by
 * headers and code. Static. NULL: it is one.
 */
const char *dwunw_debug_file_refused(const struct dwunw_elf *elf,
				     const struct dwunw_elf *debug);

/* Can threads wait for each other? In a kernel without futexes the C library ends a
 * program whose threads do. */
bool dwunw_has_futex(void);

#ifdef __cplusplus
}
#endif
#endif
