/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * probes.h - what watches the target's allocator: memleak.bpf.c in the kernel,
 * or perf samples and sampled.c. Both send the same events.
 */
#ifndef PROBES_H
#define PROBES_H

#include "memleak.h"
#include "sampled.h"

#include <dwunw/linux.h>
#include <dwunw/loader.h>
#include <dwunw/symbols.h>
#include <dwunw/trace.h>

#define PROBED_FILES 8

enum capture {
	CAPTURE_BPF_RING, /* BPF and a ring buffer: Linux 5.8 */
	CAPTURE_BPF_PERF, /* BPF and a perf buffer for each CPU */
	CAPTURE_PERF,	  /* no BPF: samples of the uprobe PMU */
};

struct probe_options {
	int32_t pid;
	struct dwunw_namespace namespace; /* the tool's; 0: the initial one */
	enum capture capture;
	uint32_t stack_cap;
	uint32_t ring_size;
	uint32_t live_max;
	bool fp_walk;
	bool verbose;
	struct dwunw_given given;
};

struct probes {
	struct dwunw_loader *loader; /* and its events, or */
	struct dwunw_inbox *inbox;
	struct sampled *sampled;       /* CAPTURE_PERF */
	char files[PROBED_FILES][256]; /* those with probes */
	uint32_t file_count;
	bool recording;
	/* not the target's alone, as its first thread, which they would be
	 * given to, has ended: its children have them, or every process that
	 * maps a file */
	bool wide;
	bool everywhere; /* the latter */
};

bool probes_function(const char *name); /* is one that is probed */

/* Both say what is wrong on stderr and return an exit status; 0: all well.
 * on_event is called from probes_read(). */
int probes_load(struct probes *probes, const struct probe_options *options,
		dwunw_loader_event_fn on_event, void *ctx);
int probes_attach(struct probes *probes, struct probe_options *options,
		  struct dwunw_process *process,
		  struct dwunw_symbol_resolver *resolver);

/* The target's first thread has ended: probes go with it. */
void probes_leader_ended(struct probes *probes);

/* From now on allocations are recorded, or not any more. */
void probes_record(struct probes *probes, bool on);
void probes_read(struct probes *probes, int timeout_ms);
void probes_free(struct probes *probes);

/* counters[DWUNW_COUNT_END], of one moment. */
void probes_counters(struct probes *probes, uint64_t *counters);
/* Blocks up to then may have been freed, by a free that was lost; 0: none was,
 * as of the last probes_counters(). */
uint64_t probes_doubt_ns(const struct probes *probes);
/* Calls visit() with each live block; those older than time_ns go. */
void probes_live(struct probes *probes, uint64_t time_ns,
		 void (*visit)(void *ctx, const struct live_block *block),
		 void *ctx);
/* Kernel memory of all maps, in bytes. */
uint64_t probes_map_bytes(const struct probes *probes);

#endif
