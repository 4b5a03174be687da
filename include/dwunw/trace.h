/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/trace.h - what a tool on probes needs besides dwunw/linux.h: where a probe
 * is cheap and allowed, what happens to processes, what the kernel refuses.
 *
 *	dwunw/loader.h	   BPF objects, their probes, maps and events
 *	dwunw/sampler.h	   the same without BPF
 *	this file	   the rest of libdwunw-trace.a
 *
 * Link it before libdwunw.a: -ldwunw-trace -ldwunw. All functions that return
 * int give 0 or a negative errno, unless they say otherwise.
 */
#ifndef DWUNW_TRACE_H
#define DWUNW_TRACE_H

#include <dwunw/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- where a probe is cheap, and where none may be ------------------------- */

/*
 * The kernel runs the instruction under a breakpoint by single-stepping a
 * copy, which costs microseconds, unless it is one whose effect it computes
 * itself: push, jump, call and nop on x86_64; branches and address loads on
 * arm64. For example, glibc's free starts with `test %rdi, %rdi; je`: a probe
 * on the je sees the same arguments and the same stack at a fortieth of the
 * price.
 *
 * The offset of the first instruction of `code` (a function of `arch`, an
 * enum dwunw_arch_id, from its first byte on) that the kernel emulates, if on
 * the way there neither the first three arguments, nor the stack pointer, nor
 * the return address change, nothing is written, and no branch of `code` leads
 * back there. Else 0: the entry.
 */
uint32_t dwunw_entry_cheap_offset(uint16_t arch, const uint8_t *code,
				  size_t size);

/* The same of a file: the function at file offset `off`, of `size` bytes; 0:
 * not known. */
uint32_t dwunw_entry_cheap_offset_in(uint16_t arch, const char *path,
				     uint64_t off, uint64_t size);

/*
 * May a process have return probes? pid -1: every process.
 *
 * On x86_64 from Linux 6.11 on, what a function with one returns to makes a
 * system call (uretprobe, 335). Until 6.14, 6.13.3 and 6.12.14 a seccomp filter
 * that ends whoever makes an unknown one ended the process. Which a kernel does
 * is tried on a child, as distributions take parts of later ones.
 *
 * False: it would end, by a filter that it has; said on stderr. Of "every
 * process", some of which have one, a note is printed.
 */
bool dwunw_returns_allowed(const char *tool, int32_t pid);

/*
 * Functions that files do not name, as a command line gives them:
 * NAME=0xOFFSET[@FILE]. What names nothing that is there is to be said: the tool
 * goes on without it, and its user would not know.
 */
#define DWUNW_GIVEN_MAX 16
#define DWUNW_GIVEN_ALLOWED "NAME=0xOFFSET[@FILE], 16 of them at most"

struct dwunw_given_symbol {
	char name[64];
	char file[128];	  /* part of its path; "": the program itself */
	const char *text; /* as it was given; the caller's */
	uint64_t off;	  /* in the file */
	bool found;
};

/* Zeroed: none. */
struct dwunw_given {
	struct dwunw_given_symbol symbols[DWUNW_GIVEN_MAX];
	uint32_t count;
};

/* False: not of that form, or too many. */
bool dwunw_given_add(struct dwunw_given *given, const char *text);
/* The offset of this function in the file at path, which is the program itself
 * or not; false: none was given. */
bool dwunw_given_find(struct dwunw_given *given, const char *path, bool program,
		      const char *name, uint64_t *off);
/* A warning on stderr for each whose file was not there. Their number. */
uint32_t dwunw_given_unused(const struct dwunw_given *given, const char *tool);
/* The same for a --debug-file, which served `used` files; path may be NULL. */
uint32_t dwunw_given_debug_unused(const char *path, uint32_t used,
				  const char *tool);

/* Where a uprobe is. */
struct dwunw_uprobe_place {
	const char *path;
	uint64_t off;
	int32_t pid; /* -1: every process */
	bool at_return;
};

/* A perf event there, not enabled, to attach a program to. A descriptor, the
 * caller's, or a negative errno: -ENOENT, this kernel has no uprobes. */
int dwunw_uprobe_event(const struct dwunw_uprobe_place *place);

/* --- events of every process ------------------------------------------------ */

/*
 * Each is an open perf event, for every process, that a program is put on by
 * dwunw_loader_attach_event(): a descriptor, the caller's, or a negative errno.
 *
 * Tracepoints have names: "sched/sched_process_exec".
 */

/*
 * The text of its `format` file, cut at size - 1 bytes. -ENOENT: this kernel
 * has no such tracepoint; others: nothing has mounted tracefs here, and that
 * is why it can't be known.
 */
int dwunw_tracepoint_format(const char *name, char *text, size_t size);

/* Where a field of its records is, in bytes: "next_pid" of "sched/sched_switch".
 * -ENOENT as well: it has no such field. */
int dwunw_tracepoint_field(const char *name, const char *field, uint32_t *off,
			   uint32_t *size);

/* On one CPU, which is enough: a program is called on each. */
int dwunw_tracepoint_open(const char *name);
/* Calls of a function of the kernel; the same. -EOPNOTSUPP: this kernel has no
 * kprobes; -ENOENT, -EINVAL: no such function. */
int dwunw_kprobe_open(const char *function);
/* A clock of one CPU's processor time, `frequency` times a second. -ENODEV: that CPU
 * is off. */
int dwunw_clock_open(int cpu, uint32_t frequency);

/* --- which processes have mapped code anew ---------------------------------- */

/*
 * By the records that perf events have for it. Tracepoints of mmap and mprotect
 * tell as well, but while a tracepoint of any system call is in use, each system
 * call of each process costs about 0.1 us more; so does each return probe, which
 * on x86_64 is a system call.
 *
 * Not heard: a processor that comes online later.
 *
 * The record of a change is written before the system call returns. So who
 * takes an event from another buffer and then asks here has heard of all the
 * changes that came before it.
 */
struct dwunw_map_watch;

/* pid 0: any process may have, records were lost. */
typedef void (*dwunw_map_watch_fn)(void *ctx, int32_t pid);

/* -EACCES, -EPERM without CAP_PERFMON. */
int dwunw_map_watch_open(struct dwunw_map_watch **watch,
			 dwunw_map_watch_fn on_change, void *ctx);
/* NULL is well. One load for each processor, if there is nothing. */
void dwunw_map_watch_read(struct dwunw_map_watch *watch);
void dwunw_map_watch_close(struct dwunw_map_watch *watch);

/* --- process numbers across pid namespaces (containers) ---------------------- */

/*
 *   tool and target in one     the BPF programs ask for that one's numbers
 *   tool outside, target in    numbers are the tool's anyway
 *   target further in          its namespace and its number there, by the
 *                              NSpid of /proc/PID/status, are told to them
 */
struct dwunw_namespace; /* bpf/capture.h */

/*
 * The namespace whose numbers the BPF programs are to use; all 0: the initial
 * one. -EXDEV: /proc shows another pid namespace than the one that the tool
 * is in; -ENOENT: there is no /proc.
 */
int dwunw_pidns_own(struct dwunw_namespace *own);
/* Says on stderr what such an error means; the exit status. */
int dwunw_pidns_explain(const char *tool, int error);

/*
 * `pid` may be further in than the tool: tells the maps dwunw_namespaces and
 * dwunw_inner (bpf/capture.h), by their descriptors. -ENOSPC: more namespaces
 * than there is room for.
 */
int dwunw_pidns_enter(int namespaces, int inner, int32_t pid);
/* It has ended. */
void dwunw_pidns_leave(int inner, int32_t pid);

/* The number that a thread has in its own namespace; tid: not known. */
int32_t dwunw_pidns_inner_tid(int32_t pid, int32_t tid);
/* The thread of `pid` that has the number `inner` in its own; 0: none. */
int32_t dwunw_pidns_outer_tid(int32_t pid, int32_t inner);

/* The children of that thread of a process: visit() for each. For who is told
 * that there is one, but not its number. */
void dwunw_pidns_children(int32_t pid, int32_t tid,
			  void (*visit)(void *ctx, int32_t child), void *ctx);

/* --- what /proc says of a process -------------------------------------------- */

/*
 * A file that cannot be opened, or not be read to its end, is counted as
 * dwunw_shortages() counts.
 *
 * The text of a small file, cut at size - 1 bytes, without its newline; false
 * and "": there is none.
 */
bool dwunw_proc_read_line(const char *path, char *text, size_t size);

/*
 * Calls visit() with each line of a file, cut at 511 bytes, its newline
 * included, until it returns false. False: the file is not there.
 */
bool dwunw_proc_lines(const char *path,
		      bool (*visit)(void *ctx, const char *line), void *ctx);

/* Field `number`, from 3 on, of proc_pid_stat(5): from there to the end of the
 * line, in `text`. NULL: no such process. */
const char *dwunw_proc_stat(int32_t pid, int number, char *text, size_t size);

/* The process of a thread; 0: there is none, any more. */
int32_t dwunw_proc_of_thread(int32_t tid);
/* Its first thread has ended; others may not have. */
bool dwunw_proc_leader_ended(int32_t pid);
/* Has it, after exec, the perf events of before? The kernel takes them from a
 * program that runs with other rights than its caller's, or that its caller may
 * not read: one that is not dumpable (proc(5)). */
bool dwunw_proc_keeps_events(int32_t pid);
/* How many threads it has, an ended first one included. */
uint32_t dwunw_proc_threads(int32_t pid);
/* This process's memory, in bytes; 0: not known. */
uint64_t dwunw_proc_resident(void);

/* --- the machine -------------------------------------------------------------- */

/* The exit status when a permission is missing. */
#define DWUNW_EXIT_NOT_PERMITTED 77

/* Says on stderr what the kernel refused with errno `error`, which permission
 * is missing, and how to give it. Returns the exit status. */
int dwunw_permission_explain(const char *tool, const char *what, int error);

/*
 * Of `count` elements of `size` bytes, sorted by the number that each begins
 * with, of key_size bytes: 4 or 8. The index of the first that is not below
 * `wanted`; count: all are.
 */
uint32_t dwunw_search_first(const void *elements, uint32_t count, size_t size,
			    size_t key_size, uint64_t wanted);

#ifdef __cplusplus
}
#endif

#endif
