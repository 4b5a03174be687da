/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * loader.h - a BPF object in the kernel, by libbpf or without it.
 *
 *   loader_libbpf.c   libbpf, as distributions have it
 *   loader_own.c      bpf(2) and perf_event_open(2) alone: firmware, and
 *                     byte orders for which nobody packages libbpf
 *
 * Kconfig's BPF_LOADER picks one of them. All functions that return int give
 * 0 or a negative errno, unless they say otherwise.
 */
#ifndef LOADER_H
#define LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loader;

/* One record of the buffer; valid until it returns. */
typedef void (*loader_event_fn)(void *ctx, void *bytes, size_t size);

/* The object's bytes must outlive the loader. Reports on stderr what the
 * kernel objects to, when `verbose` or when nothing else tells. */
int loader_open(struct loader **loader, const void *object, size_t size,
		bool verbose);

/* Between open and load. Uprobes by uprobe_multi.h, which costs less at each
 * hit, if this kernel has it; false: by perf events. */
bool loader_use_multi(struct loader *loader);
/* Instead of that. Uprobes of a process are in what it starts as well, from the
 * first instruction on (inherited.h); 0 or a negative errno. */
int loader_use_inherited(struct loader *loader);
/* inherited_child() (inherited.h); false: they are not inherited. */
bool loader_child(struct loader *loader, int32_t child, int32_t parent_tid);
/* Between open and load. A data section is the map of its name. */
int loader_set_value(struct loader *loader, const char *map, const void *bytes,
		     size_t size);
int loader_set_entries(struct loader *loader, const char *map,
		       uint32_t entries);
/* The map events come through: a ring buffer, or a perf buffer for each CPU,
 * of `size` bytes. */
int loader_set_events(struct loader *loader, const char *map, bool perf,
		      uint32_t size);

int loader_load(struct loader *loader);

/* pid -1: every process. */
int loader_attach_uprobe(struct loader *loader, const char *program,
			 bool at_return, int32_t pid, const char *path,
			 uint64_t off);
/* Every program whose section is tracepoint/…; *missing (may be NULL) names
 * the first that has no place in this kernel; the others are attached. */
int loader_attach_tracepoints(struct loader *loader, const char **missing);
/* Those of one subsystem: "sched". */
int loader_attach_subsystem(struct loader *loader, const char *subsystem,
			    const char **missing);
/* One of them, by its program's name. */
int loader_attach_tracepoint(struct loader *loader, const char *program);
/* The uprobes attached with that pid go: it has ended. Inherited ones go from
 * what it has started, too. */
void loader_detach(struct loader *loader, int32_t pid);

/* After load. */
int loader_open_events(struct loader *loader, loader_event_fn on_event,
		       void *ctx);
int loader_read_events(struct loader *loader, int timeout_ms);
/* Records that a perf buffer had no room for, as far as it has said so. */
uint64_t loader_lost(const struct loader *loader);

/* A map's file descriptor for bpf_map.h, or negative: there is none. */
int loader_map(const struct loader *loader, const char *name);
/* Kernel memory of all maps, in bytes. */
uint64_t loader_map_bytes(const struct loader *loader);

/* Probes go first. NULL is well. */
void loader_close(struct loader *loader);

#endif
