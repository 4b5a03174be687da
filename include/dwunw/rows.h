/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/rows.h - what the kernel walks by: the user half of bpf/walk.bpf.h.
 *
 *	dwunw_loader_open(&loader, object, size, verbose);
 *	dwunw_rows_prepare(loader, &config);
 *	dwunw_loader_load(loader);
 *	dwunw_rows_open(&rows, loader, ctx, &config);
 *	dwunw_rows_follow(rows, pid);
 *	… each event that the kernel could not finish: dwunw_walk_steps(), then
 *	dwunw_rows_learn(rows, pid, steps, count) …
 *	dwunw_rows_close(rows);
 *
 * Nothing is built beforehand: a row is written when a walk has used it, and
 * the kernel does not ask for it again. One thread uses rows at a time. All
 * functions that return int give 0 or a negative errno.
 */
#ifndef DWUNW_ROWS_H
#define DWUNW_ROWS_H

#include <dwunw/linux.h>
#include <dwunw/loader.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dwunw_rows;

/* Zeroed: the defaults. What is larger than the kernel's memory allows fails in
 * dwunw_loader_load(). */
struct dwunw_rows_config {
	uint32_t rows;	    /* a power of two; 32 bytes each: 32,768 */
	uint32_t processes; /* that are walked; 16.5 KB each: 32 */
	uint32_t stacks;    /* that are counted; about 80 bytes each: 16,384 */
	/* a stack that lacks a row which user space was asked for so short a
	 * time ago is dropped, and counted, while so many events or more are
	 * not read yet (dwunw_rows_taken()); hold_ms 0: none is */
	uint32_t hold_ms;
	uint32_t hold_from;
	bool by_thread; /* a stack is sent once for each thread */
	bool whole;	/* one that ends before its start is sent each time */
	/* enum unwind_regs (bpf/unwind_ctx.h), for tracepoints, kprobes and perf
	 * events. 0: by the kernel's helper; a kernel without it refuses the
	 * programs, and takes them with 1. */
	uint32_t user_regs;
	bool by_process; /* a stack is sent once for each process */
};

/* Between open and load. -ENOENT: the object has no walk. -EINVAL: rows is no
 * power of two from 4 on. */
int dwunw_rows_prepare(struct dwunw_loader *loader,
		       const struct dwunw_rows_config *config);

/* After load, with the same config; both stay the caller's, and close later. */
int dwunw_rows_open(struct dwunw_rows **rows, struct dwunw_loader *loader,
		    struct dwunw_context *ctx,
		    const struct dwunw_rows_config *config);

/*
 * From now on changes of its mappings are noted: before its first event is
 * walked, and again after it has run another program (-EEXIST then is well).
 * -ENOSPC: there are as many as there is room for; its stacks are copies.
 */
int dwunw_rows_follow(struct dwunw_rows *rows, int32_t pid);
/* It has ended, or is of no interest any more. Not followed: nothing. */
void dwunw_rows_forget(struct dwunw_rows *rows, int32_t pid);

/*
 * What a walk in user space has found out of a stack of that process, innermost
 * frame first: its rows, and the mappings of the files that are open. -ESRCH: the
 * process is not followed, or its mappings cannot be read.
 */
int dwunw_rows_learn(struct dwunw_rows *rows, int32_t pid,
		     const struct dwunw_step *steps, size_t count);

/* So many events of those that dwunw_counters counts are read by now. */
void dwunw_rows_taken(struct dwunw_rows *rows, uint64_t events);

/* Since dwunw_rows_open(). */
struct dwunw_rows_counts {
	/* the kernel's: calls = counted + fresh + rest + copies + held + drops */
	uint64_t calls;
	uint64_t counted;     /* whole, and only counted */
	uint64_t fresh;	      /* as far as it goes, and sent */
	uint64_t rest;	      /* sent from the frame on that had no row */
	uint64_t copies;      /* sent from the first frame on */
	uint64_t held;	      /* dropped: the row is on the way */
	uint64_t drops;	      /* no slot, or no room in the buffer */
	uint64_t frames;      /* that the kernel has left */
	uint64_t slow;	      /* … not by the short way */
	uint64_t stacks_full; /* of fresh: there was no room to remember them */
	uint64_t causes[16];  /* of rest and copies: enum dwunw_walk_cause */
	/* the tool's */
	uint64_t rows;	   /* written, other than before */
	uint64_t evicted;  /* rows that had to go for others */
	uint64_t asked;	   /* code that user space alone can leave */
	uint64_t tables;   /* of mappings, written */
	uint64_t unmapped; /* mappings that had no room in a table */
};
int dwunw_rows_stats(const struct dwunw_rows *rows,
		     struct dwunw_rows_counts *stats);

/* NULL is well. */
void dwunw_rows_close(struct dwunw_rows *rows);

#ifdef __cplusplus
}
#endif
#endif
