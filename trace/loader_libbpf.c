/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * loader_libbpf.c - loader.h by libbpf, for tools that link it anyway. The same
 * calls and the same results as loader_own.c, which does without.
 *
 *	open	bpf_object__open_mem(): the object's bytes, in the tool's own binary
 *	set_*	sizes of maps, values of constants
 *	load	bpf_object__load(): maps and programs, verified
 *	attach	uprobes and tracepoints -> probes[], by process
 *	events	ring_buffer or perf_buffer -> on_event()
 *
 * For example, dwunw_loader_attach_uprobe(loader, "on_malloc", false, 4711,
 * path, 0x9d4a0) opens a perf event of the uprobe PMU for process 4711 and
 * gives it to bpf_program__attach_perf_event(); the link stands in probes[]
 * until the process ends or the loader is closed.
 *
 * Events are opened by trace/tracepoint.c and uprobe_multi.c, not by libbpf,
 * which finds them only where sysfs and tracefs are mounted; so both loaders do
 * the same. The loader owns links and descriptors; links are destroyed in the
 * thread that asks, descriptors by the closer's threads.
 */
#include "bpf_map.h"
#include "closer.h"
#include "inherited.h"
#include "tracepoint.h"
#include "uprobe_multi.h"

#include <dwunw/loader.h>

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINKS 4096

struct dwunw_loader {
	struct bpf_object *object;
	struct probe {
		struct bpf_link *link; /* NULL: by descriptor */
		int fd;
		int32_t pid;
	} probes[LINKS];
	uint32_t probe_count;
	struct dwu_closer closer;
	struct dwu_inherited *inherited; /* NULL: uprobes are not */
	bool multi;
	bool perf;
	uint32_t events_size;
	struct bpf_map *events;
	struct ring_buffer *ring;
	struct perf_buffer *perf_buffer;
	dwunw_loader_event_fn on_event;
	void *event_ctx;
	uint64_t lost;
};

/* libbpf has one printer for the whole program, so this is one as well */
static bool verbose;

/* Silent unless asked: callers print the reason of a failure themselves. */
static int print_libbpf(enum libbpf_print_level level, const char *format,
			va_list args)
{
	if (level == LIBBPF_DEBUG || !verbose)
		return 0;
	return vfprintf(stderr, format, args);
}

/* `object` is the caller's and stays until the loader is closed. */
int dwunw_loader_open(struct dwunw_loader **result, const void *object,
		      size_t size, bool loud)
{
	struct bpf_object_open_opts open = { .sz = sizeof(open),
					     .object_name = "dwunw" };
	struct dwunw_loader *loader = calloc(1, sizeof(*loader));

	if (!loader)
		return -ENOMEM;
	verbose = loud;
	libbpf_set_print(print_libbpf);
	loader->object = bpf_object__open_mem(object, size, &open);
	if (!loader->object) {
		free(loader);
		return -errno;
	}
	dwu_closer_open(&loader->closer);
	*result = loader;
	return 0;
}

static struct bpf_map *find_map(struct dwunw_loader *loader, const char *name)
{
	return bpf_object__find_map_by_name(loader->object, name);
}

/*
 * The section's map, such as ".rodata", by its name in the object; all of its
 * bytes.
 */
int dwunw_loader_set_value(struct dwunw_loader *loader, const char *name,
			   const void *bytes, size_t size)
{
	struct bpf_map *map = find_map(loader, name);

	return map ? bpf_map__set_initial_value(map, bytes, size) : -ENOENT;
}

int dwunw_loader_set_entries(struct dwunw_loader *loader, const char *name,
			     uint32_t entries)
{
	struct bpf_map *map = find_map(loader, name);

	return map ? bpf_map__set_max_entries(map, entries) : -ENOENT;
}

/*
 * The object declares a ring buffer; kernels before 5.8 have none, and get a
 * perf event array with `size` bytes a CPU instead.
 */
int dwunw_loader_set_events(struct dwunw_loader *loader, const char *name,
			    bool perf, uint32_t size)
{
	struct bpf_map *map = find_map(loader, name);

	if (!map)
		return -ENOENT;
	loader->events = map;
	loader->events_size = size;
	loader->perf = perf;
	if (!perf)
		return bpf_map__set_max_entries(map, size);
	bpf_map__set_type(map, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	bpf_map__set_key_size(map, sizeof(int));
	bpf_map__set_value_size(map, sizeof(int));
	return bpf_map__set_max_entries(map, 0); /* one for each CPU */
}

/*
 * Before load: the attach type is a part of a program, and a program loaded for
 * links of many places can be put on nothing else.
 */
bool dwunw_loader_use_multi(struct dwunw_loader *loader)
{
	struct bpf_program *program;

	loader->multi = dwu_uprobe_multi_is_supported();
	if (!loader->multi)
		return false;
	bpf_object__for_each_program(program, loader->object)
	{
		if (bpf_program__type(program) == BPF_PROG_TYPE_KPROBE &&
		    strcmp(bpf_program__section_name(program), "kprobe"))
			bpf_program__set_expected_attach_type(
				program,
				(enum bpf_attach_type)DWU_UPROBE_MULTI_TYPE);
	}
	return true;
}

int dwunw_loader_use_inherited(struct dwunw_loader *loader)
{
	return dwu_inherited_open(&loader->inherited);
}

bool dwunw_loader_child(struct dwunw_loader *loader, int32_t child,
			int32_t parent_tid)
{
	return loader->inherited &&
	       dwu_inherited_child(loader->inherited, child, parent_tid);
}

int dwunw_loader_load(struct dwunw_loader *loader)
{
	return bpf_object__load(loader->object);
}

/*
 * A link that was made by libbpf is destroyed at once; a bare descriptor is
 * queued, as its close waits for the kernel.
 */
static void end_probe(struct dwunw_loader *loader, const struct probe *probe)
{
	if (probe->link)
		bpf_link__destroy(probe->link);
	else
		dwu_closer_add(&loader->closer, probe->fd);
}

/* -ENOSPC: LINKS are in use, and this one is ended again. */
static int keep_probe(struct dwunw_loader *loader, const struct probe *probe)
{
	if (loader->probe_count == LINKS) {
		end_probe(loader, probe);
		return -ENOSPC;
	}
	loader->probes[loader->probe_count++] = *probe;
	return 0;
}

static int keep_link(struct dwunw_loader *loader, struct bpf_link *link,
		     int32_t pid)
{
	struct probe probe = { .link = link, .pid = pid };

	return link ? keep_probe(loader, &probe) : -errno;
}

/* By bpf(2) itself: libbpf has a call for it since 1.3, Debian 12 has 1.1. */
static int attach_multi(struct dwunw_loader *loader,
			struct bpf_program *program,
			const struct dwunw_uprobe_place *place)
{
	struct probe probe = { .pid = place->pid };

	probe.fd = dwu_uprobe_multi_link(bpf_program__fd(program),
					 DWU_UPROBE_MULTI_TYPE, place);
	return probe.fd < 0 ? probe.fd : keep_probe(loader, &probe);
}

/* libbpf itself finds uprobes and tracepoints only where sysfs and tracefs are
 * mounted. */
static int attach_event(struct dwunw_loader *loader,
			struct bpf_program *program, int fd, int32_t pid)
{
	struct bpf_link *link;
	int error;

	if (fd < 0)
		return fd;
	link = bpf_program__attach_perf_event(program, fd);
	error = keep_link(loader, link, pid);
	if (!link) /* else it has the descriptor, and closes it */
		close(fd);
	return error;
}

/*
 * By the first that applies: inherited events (the process and its children), a
 * link of many places, a perf event. pid -1 is all processes.
 */
int dwunw_loader_attach_uprobe(struct dwunw_loader *loader, const char *name,
			       bool at_return, int32_t pid, const char *path,
			       uint64_t off)
{
	struct dwunw_uprobe_place place = { path, off, pid, at_return };
	struct bpf_program *program;

	program = bpf_object__find_program_by_name(loader->object, name);
	if (!program)
		return -ENOENT;
	if (loader->inherited && pid >= 0)
		return dwu_inherited_attach(loader->inherited,
					    bpf_program__fd(program), &place);
	if (loader->multi)
		return attach_multi(loader, program, &place);
	return attach_event(loader, program, dwunw_uprobe_event(&place), pid);
}

int dwunw_loader_attach_event(struct dwunw_loader *loader, const char *name,
			      int fd, int32_t pid)
{
	struct bpf_program *program;

	program = bpf_object__find_program_by_name(loader->object, name);
	if (program)
		return attach_event(loader, program, fd, pid);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : -ENOENT;
}

/* Keeps the order of the others. */
void dwunw_loader_detach_ended(struct dwunw_loader *loader, int32_t pid)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < loader->probe_count; i++) {
		if (loader->probes[i].pid == pid)
			end_probe(loader, &loader->probes[i]);
		else
			loader->probes[kept++] = loader->probes[i];
	}
	loader->probe_count = kept;
	if (loader->inherited)
		dwu_inherited_detach(loader->inherited, pid);
}

void dwunw_loader_detach(struct dwunw_loader *loader, int32_t pid)
{
	dwunw_loader_detach_ended(loader, pid);
	dwu_closer_wait(&loader->closer);
}

/* The section's name is "tracepoint/SUBSYSTEM/NAME". */
static int attach_tracepoint(struct dwunw_loader *loader,
			     struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	return attach_event(
		loader, program,
		dwunw_tracepoint_open(section + strlen("tracepoint/")), -1);
}

int dwunw_loader_attach_tracepoint(struct dwunw_loader *loader,
				   const char *name)
{
	struct bpf_program *program;

	program = bpf_object__find_program_by_name(loader->object, name);
	return program ? attach_tracepoint(loader, program) : -ENOENT;
}

/*
 * All that can be attached are; the first error is returned, with its section.
 */
int dwunw_loader_attach_subsystem(struct dwunw_loader *loader,
				  const char *subsystem, const char **missing)
{
	struct bpf_program *program;
	int first = 0;

	bpf_object__for_each_program(program, loader->object)
	{
		const char *section = bpf_program__section_name(program);
		int error;

		if (!dwu_tracepoint_is_of(section, subsystem))
			continue;
		error = attach_tracepoint(loader, program);
		if (error && !first) {
			first = error;
			if (missing)
				*missing = section;
		}
	}
	return first;
}

int dwunw_loader_attach_tracepoints(struct dwunw_loader *loader,
				    const char **missing)
{
	return dwunw_loader_attach_subsystem(loader, "", missing);
}

static int on_ring_event(void *ctx, void *bytes, size_t size)
{
	struct dwunw_loader *loader = ctx;

	loader->on_event(loader->event_ctx, bytes, size);
	return 0;
}

static void on_perf_event(void *ctx, int cpu, void *bytes, uint32_t size)
{
	(void)cpu;
	on_ring_event(ctx, bytes, size);
}

static void on_perf_lost(void *ctx, int cpu, __u64 count)
{
	struct dwunw_loader *loader = ctx;

	(void)cpu;
	loader->lost += count;
}

/* page: perf_buffer__new() takes its size in pages, a power of two. */
int dwunw_loader_open_events(struct dwunw_loader *loader,
			     dwunw_loader_event_fn on_event, void *ctx)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = bpf_map__fd(loader->events);

	loader->on_event = on_event;
	loader->event_ctx = ctx;
	if (loader->perf)
		loader->perf_buffer = perf_buffer__new(
			fd, loader->events_size / page, on_perf_event,
			on_perf_lost, loader, NULL);
	else
		loader->ring =
			ring_buffer__new(fd, on_ring_event, loader, NULL);
	return loader->perf_buffer || loader->ring ? 0 : -errno;
}

/* 0, or a negative errno; -EINTR is no error. */
int dwunw_loader_read_events(struct dwunw_loader *loader, int timeout_ms)
{
	int result;

	if (loader->perf)
		result = perf_buffer__poll(loader->perf_buffer, timeout_ms);
	else
		result = ring_buffer__poll(loader->ring, timeout_ms);
	/* what came without waking us */
	if (!result && !loader->perf)
		result = ring_buffer__consume(loader->ring);
	return result < 0 && result != -EINTR ? result : 0;
}

/* 0 with a ring buffer, which does not say what it had no room for. */
uint64_t dwunw_loader_lost(const struct dwunw_loader *loader)
{
	return loader->lost;
}

int dwunw_loader_map(const struct dwunw_loader *loader, const char *name)
{
	return bpf_object__find_map_fd_by_name(loader->object, name);
}

uint64_t dwunw_loader_map_bytes(const struct dwunw_loader *loader)
{
	struct bpf_map *map;
	uint64_t sum = 0;

	bpf_object__for_each_map(map, loader->object)
		sum += dwu_bpf_map_memory(bpf_map__fd(map));
	return sum;
}

/* NULL is well. The closer's threads have ended before the object goes. */
void dwunw_loader_close(struct dwunw_loader *loader)
{
	if (!loader)
		return;
	while (loader->probe_count)
		end_probe(loader, &loader->probes[--loader->probe_count]);
	dwu_closer_end(&loader->closer);
	dwu_inherited_close(loader->inherited);
	ring_buffer__free(loader->ring);
	perf_buffer__free(loader->perf_buffer);
	bpf_object__close(loader->object);
	free(loader);
}
