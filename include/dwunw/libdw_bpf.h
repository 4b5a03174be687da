/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/libdw_bpf.h - the five calls of libdw-bpf, on stock kernels.
 *
 *	machine_t *machine = machine__new();
 *	… for every record of the BPF buffer …
 *	struct unwind_ctx uc = { .data = bytes, .size = size };
 *	bpf_unwind_ctx__resolve_callchain(&st, machine, &uc);
 *	…
 *	machine__delete(machine);
 *
 * A record is what bpf/unwind_ctx.bpf.h sends, an event of dwunw/event.h.
 * What differs from libdw-bpf: a record has the length of the stack in it, its
 * registers are numbers of regs[] and not a struct pt_regs, depth in and depth
 * out are two fields, and nothing aborts.
 *
 * A machine may be used by any number of threads at once. What is known of a
 * process is shared by its threads, and read anew when a record's mapping
 * counter has moved on, after EXEC and FORK records, when a pc is in no known
 * mapping, and by bpf_unwind_ctx__thread_map().
 *
 * The functions that return int give 0 or a dwunw_status_t, which is negative.
 */
#ifndef DWUNW_LIBDW_BPF_H
#define DWUNW_LIBDW_BPF_H

#include <dwunw/linux.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A context, and working memory for each thread that resolves. */
typedef struct dwunw_machine machine_t;

/* NULL: no memory. */
machine_t *machine__new(void);
/* No call may be running. NULL is well. */
void machine__delete(machine_t *machine);

/* What else the library can tell about frames: dwunw_module_label(),
 * dwunw_stop_text(). Owned by the machine. */
struct dwunw_context *machine__context(machine_t *machine);

struct stacktrace {
	int max_depth; /* in: room in ips, and in frames */
	int depth;     /* out: frames found */
	/*
	 * Out: where each frame is executing, innermost first. That is the pc
	 * of the first frame, of one that a signal interrupted and of a signal
	 * trampoline; of all others the return address - 1, which lies in the
	 * call instruction even where the call is a function's last one.
	 */
	uint64_t *ips;
	struct dwunw_frame *frames; /* out: the same with files; or NULL */
	struct dwunw_stop stop;	    /* out: why there are no more */
};

struct unwind_ctx {
	const void *data; /* in: the record; nothing is kept of it */
	size_t size;	  /* in: its bytes; padding behind it is well */
	uint64_t ts;	  /* out: CLOCK_MONOTONIC, ns */
	uint32_t tgid;	  /* out */
	uint32_t tid;	  /* out */
	uint16_t kind;	  /* out: enum dwunw_event_kind */
	char name[16];	  /* out: of the thread, as it was then */
};

/*
 * Reads the mappings of process tgid now; tid is any of its threads. Not
 * needed before the first record, but a process that ends soon is known then.
 * IO: no such process, and nothing known of it; ATTACH_DENIED; NO_MEMORY.
 */
int bpf_unwind_ctx__thread_map(machine_t *machine, int32_t tgid, int32_t tid);

/*
 * Unwinds a record of kind STACK. One that tells of an exec, an exit or a fork
 * is taken note of, and its depth is 0, as is that of other kinds. Records of
 * one process should be given in their order, the STACK ones among
 * themselves excepted.
 *
 * INVALID_ARG: a NULL or max_depth < 1; otherwise as dwunw_consume().
 */
int bpf_unwind_ctx__resolve_callchain(struct stacktrace *st, machine_t *machine,
				      struct unwind_ctx *uc);

/* One executable mapping, [start, end). */
struct dwunw_phdr_info {
	uint64_t start;
	uint64_t end;
	const char *name; /* as in /proc/TGID/maps; "" if it has none */
};

/*
 * libdw-bpf's name of that struct is one of <link.h>, too. It is defined where
 * it is asked for; <link.h>, if that is needed as well, comes first.
 */
#ifdef DWUNW_COMPAT_LIBDW_BPF
#define dl_phdr_info dwunw_phdr_info
#endif

/*
 * Calls cb for every executable mapping of a process, by rising address.
 * A negative answer stops it and is returned; else 0. *info is valid during
 * the call, which may use the machine. Statuses as thread_map.
 */
int bpf_dl_iterate_phdr(machine_t *machine, int32_t tgid,
			int (*cb)(struct dwunw_phdr_info *info, void *ctx),
			void *ctx);

#ifdef __cplusplus
}
#endif
#endif
