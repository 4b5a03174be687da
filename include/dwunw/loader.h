/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/loader.h - a tool's BPF object in the kernel: its maps, its probes, the
 * events that it sends.
 *
 *	dwunw_loader_open(&loader, object, size, verbose);
 *	… dwunw_loader_set_…(): values, entries, events …
 *	dwunw_loader_load(loader);
 *	dwunw_inbox_open(&inbox, loader, on_event, ctx);
 *	… dwunw_loader_attach_…(), then dwunw_inbox_read() until the end …
 *	dwunw_inbox_close(inbox);
 *	dwunw_loader_close(loader);
 *
 * By libbpf, as distributions have it, or by bpf(2) and perf_event_open(2) alone,
 * for firmware and for byte orders for which nobody packages libbpf: Kconfig's
 * BPF_LOADER picks one of them.
 *
 * All functions that return int give 0 or a negative errno, unless they say
 * otherwise. One thread uses a loader at a time.
 */
#ifndef DWUNW_LOADER_H
#define DWUNW_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dwunw_loader;

/* One record of the buffer; its bytes are valid until it returns. */
typedef void (*dwunw_loader_event_fn)(void *ctx, void *bytes, size_t size);

/*
 * Reads the object; its `size` bytes must outlive the loader. Reports on stderr
 * what the kernel objects to, when `verbose` or when nothing else tells.
 * -ENOMEM, -EINVAL: it is no BPF object.
 */
int dwunw_loader_open(struct dwunw_loader **loader, const void *object,
		      size_t size, bool verbose);

/* --- between open and load ------------------------------------------------ */

/* Uprobes as BPF links, which cost less at each hit, if this kernel has them
 * (Linux 6.13); false: by perf events. */
bool dwunw_loader_use_multi(struct dwunw_loader *loader);
/* Instead of that. Uprobes of a process are in what it starts as well, from the
 * first instruction on, and in no other process. */
int dwunw_loader_use_inherited(struct dwunw_loader *loader);
/* A data section is the map of its name; -ENOENT: there is none. */
int dwunw_loader_set_value(struct dwunw_loader *loader, const char *map,
			   const void *bytes, size_t size);
int dwunw_loader_set_entries(struct dwunw_loader *loader, const char *map,
			     uint32_t entries);
/* The map events come through: a ring buffer, or a perf buffer for each CPU,
 * of `size` bytes, a power of two. */
int dwunw_loader_set_events(struct dwunw_loader *loader, const char *map,
			    bool perf, uint32_t size);

int dwunw_loader_load(struct dwunw_loader *loader);

/* --- probes --------------------------------------------------------------- */

/* `program` by its name, at the file offset `off`. pid -1: every process. */
int dwunw_loader_attach_uprobe(struct dwunw_loader *loader, const char *program,
			       bool at_return, int32_t pid, const char *path,
			       uint64_t off);
/* Every program whose section is tracepoint/…; *missing (may be NULL) names
 * the first that has no place in this kernel; the others are attached. */
int dwunw_loader_attach_tracepoints(struct dwunw_loader *loader,
				    const char **missing);
/* Those of one subsystem: "sched". */
int dwunw_loader_attach_subsystem(struct dwunw_loader *loader,
				  const char *subsystem, const char **missing);
/* One of them, by its program's name. */
int dwunw_loader_attach_tracepoint(struct dwunw_loader *loader,
				   const char *program);
/*
 * `program` (of a section "perf_event", "kprobe" or "tracepoint/…") on a perf event
 * that the caller has opened, for example a clock that samples or
 * dwunw_tracepoint_open()'s. The descriptor is the loader's from here on, also
 * where this fails; a negative one is an error that is passed on. It goes with the
 * uprobes of `pid`.
 */
int dwunw_loader_attach_event(struct dwunw_loader *loader, const char *program,
			      int fd, int32_t pid);
/*
 * Where uprobes are inherited: a thread has started a process. True: it has
 * all that the thread has. False: its starter was seen too late for that to be
 * sure, so that its probes may go when another of its family ends: it is to be
 * attached to as well; or uprobes are not inherited.
 */
bool dwunw_loader_child(struct dwunw_loader *loader, int32_t child,
			int32_t parent_tid);
/* The uprobes attached with that pid go. Inherited ones go from what it has
 * started, too. The kernel waits about 20 ms for it. */
void dwunw_loader_detach(struct dwunw_loader *loader, int32_t pid);
/* The same of a process that has ended: the kernel's wait is beside. */
void dwunw_loader_detach_ended(struct dwunw_loader *loader, int32_t pid);

/* --- events: by an inbox, or directly ------------------------------------- */

/* When so many bytes wait an inbox reads no more. */
#define DWUNW_INBOX_MAX ((size_t)64 << 20)

/*
 * The loader's events, read by a thread of their own and kept until they are
 * asked for: what a stack costs, or the file that it leads through, keeps no
 * other from being read. When DWUNW_INBOX_MAX bytes wait it reads no more, so
 * that the kernel counts what is lost then.
 */
struct dwunw_inbox;

/* After load; the loader stays the caller's and closes later. */
int dwunw_inbox_open(struct dwunw_inbox **inbox, struct dwunw_loader *loader,
		     dwunw_loader_event_fn on_event, void *ctx);
/* Gives on_event, in this thread, what has come; waits for the first one, for
 * timeout_ms at most. */
int dwunw_inbox_read(struct dwunw_inbox *inbox, int timeout_ms);
/* The same of all that the kernel has by now. */
int dwunw_inbox_read_all(struct dwunw_inbox *inbox);
/* Before dwunw_loader_close(). NULL is well. */
void dwunw_inbox_close(struct dwunw_inbox *inbox);

/* After load, without an inbox. */
int dwunw_loader_open_events(struct dwunw_loader *loader,
			     dwunw_loader_event_fn on_event, void *ctx);
int dwunw_loader_read_events(struct dwunw_loader *loader, int timeout_ms);
/* Records that a perf buffer had no room for, as far as it has said so. */
uint64_t dwunw_loader_lost(const struct dwunw_loader *loader);

/* --- maps ----------------------------------------------------------------- */

/* A map's file descriptor, the loader's, for what follows; negative: there is
 * none of that name. */
int dwunw_loader_map(const struct dwunw_loader *loader, const char *name);
/* Kernel memory of all maps, in bytes. */
uint64_t dwunw_loader_map_bytes(const struct dwunw_loader *loader);

/* bpf(2) on one entry. */
int dwunw_bpf_map_get(int fd, const void *key, void *value);
int dwunw_bpf_map_set(int fd, const void *key, const void *value);
int dwunw_bpf_map_remove(int fd, const void *key);

/*
 * The next entries, up to `*count` of them, which then is their number.
 * `position` holds a key's bytes, 8 at least; `first`: from the start.
 * 1: there are more; 0: these were the last. Needs Linux 5.6.
 */
int dwunw_bpf_map_batch(int fd, uint64_t *position, int first, void *keys,
			void *values, uint32_t *count);

/* Probes go first. NULL is well. */
void dwunw_loader_close(struct dwunw_loader *loader);

#ifdef __cplusplus
}
#endif

#endif
