/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * loader_own.c - loader.h on bpf(2) and perf_event_open(2), with the C library
 * and <dwunw/elf.h> only.
 *
 *	object.c	the object's maps, programs, relocations, calls
 *	object_link.c	a program with the functions that it calls
 *	this file	maps made, instructions pointed at them, programs loaded and
 *			put on probes
 *	rings.c		what they send
 *
 * For example: BPF_MAP_CREATE for "events" gives descriptor 7; the ld_imm64
 * that loads &events becomes { src_reg BPF_PSEUDO_MAP_FD, imm 7 };
 * BPF_PROG_LOAD of that code gives descriptor 12; a perf event of the uprobe
 * PMU gets it by PERF_EVENT_IOC_SET_BPF.
 *
 * The loader owns all descriptors and closes them in dwunw_loader_close(); maps
 * and programs go in the kernel when nothing refers to them any more.
 */
#include "bpf_map.h"
#include "closer.h"
#include "inherited.h"
#include "object.h"
#include "rings.h"
#include "tracepoint.h"
#include "uprobe_multi.h"

#include <dwunw/loader.h>

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINKS 4096
#define CPUS 256
#define LOG_SIZE (1u << 18)
#define LOG_COUNT 4 /* BPF_LOG_STATS of the kernel: the last line alone */

struct dwunw_loader {
	struct dwu_object object;
	bool verbose;
	bool perf;
	bool multi;
	struct dwu_closer closer;
	struct dwu_inherited *inherited; /* NULL: uprobes are not */
	struct dwu_object_map *events;
	uint32_t events_size;
	int map_fds[OBJECT_MAPS];
	int program_fds[OBJECT_PROGRAMS];
	int links[LINKS];
	int32_t link_pids[LINKS];
	uint32_t link_count;
	dwunw_loader_event_fn on_event;
	void *event_ctx;
	struct dwu_ring ring;
	struct dwu_perf_ring rings[CPUS];
	uint32_t ring_count;
	uint64_t lost;
};

int dwunw_loader_open(struct dwunw_loader **result, const void *object,
		      size_t size, bool verbose)
{
	struct dwunw_loader *loader = calloc(1, sizeof(*loader));
	int error;

	if (!loader)
		return -ENOMEM;
	for (uint32_t i = 0; i < OBJECT_MAPS; i++)
		loader->map_fds[i] = -1;
	for (uint32_t i = 0; i < OBJECT_PROGRAMS; i++)
		loader->program_fds[i] = -1;
	loader->verbose = verbose;
	loader->ring.fd = -1;
	error = dwu_object_read(&loader->object, object, size);
	if (error) {
		free(loader);
		return error;
	}
	dwu_closer_open(&loader->closer);
	*result = loader;
	return 0;
}

/* Before dwunw_loader_load(): the bytes of .rodata or .bss, all of them. */
int dwunw_loader_set_value(struct dwunw_loader *loader, const char *name,
			   const void *bytes, size_t size)
{
	struct dwu_object_map *map = dwu_object_find_map(&loader->object, name);

	if (!map || !map->is_data)
		return -ENOENT;
	if (map->value_size != size)
		return -EINVAL;
	memcpy(map->value, bytes, size);
	return 0;
}

int dwunw_loader_set_entries(struct dwunw_loader *loader, const char *name,
			     uint32_t entries)
{
	struct dwu_object_map *map = dwu_object_find_map(&loader->object, name);

	if (!map || map->is_data)
		return -ENOENT;
	map->entries = entries;
	return 0;
}

/*
 * The map is a ring buffer (Linux 5.8), or a perf event array with a buffer a
 * CPU.
 */
int dwunw_loader_set_events(struct dwunw_loader *loader, const char *name,
			    bool perf, uint32_t size)
{
	struct dwu_object_map *map = dwu_object_find_map(&loader->object, name);

	if (!map)
		return -ENOENT;
	loader->events = map;
	loader->events_size = size;
	loader->perf = perf;
	map->type = perf ? BPF_MAP_TYPE_PERF_EVENT_ARRAY : BPF_MAP_TYPE_RINGBUF;
	map->key_size = map->value_size = perf ? 4 : 0;
	map->entries = size;
	if (perf) { /* by CPU number */
		for (int cpu = dwu_cpu_online(0); cpu >= 0;
		     cpu = dwu_cpu_online(cpu + 1))
			map->entries = (uint32_t)cpu + 1;
	}
	return 0;
}

bool dwunw_loader_use_multi(struct dwunw_loader *loader)
{
	loader->multi = dwu_uprobe_multi_is_supported();
	return loader->multi;
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

/* --- load ------------------------------------------------------------------ */

static int freeze_value(struct dwu_object_map *map, int fd)
{
	union bpf_attr attr;
	uint32_t zero = 0;
	int error = dwunw_bpf_map_set(fd, &zero, map->value);

	if (error || !map->constant)
		return error;
	/* the verifier leaves out what a constant rules out */
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	return dwu_bpf_call(BPF_MAP_FREEZE, &attr);
}

/*
 * Before Linux 5.11 maps count against this limit, which is 64 KiB.
 *
 * Only root may; where that fails the map is refused as before.
 */
static bool unlimit_memory(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	return setrlimit(RLIMIT_MEMLOCK, &all) == 0;
}

/* EPERM may mean the memory limit of old kernels: once more without it. */
static int make_map(struct dwu_object_map *map, int *fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = map->type;
	attr.key_size = map->key_size;
	attr.value_size = map->value_size;
	attr.max_entries = map->entries;
	attr.map_flags = map->flags;
	*fd = dwu_bpf_call(BPF_MAP_CREATE, &attr);
	if (*fd == -EPERM && unlimit_memory())
		*fd = dwu_bpf_call(BPF_MAP_CREATE, &attr);
	if (*fd < 0) {
		fprintf(stderr, "BPF map %s: %s\n", map->name, strerror(-*fd));
		return *fd;
	}
	return map->is_data ? freeze_value(map, *fd) : 0;
}

/*
 * Two instructions each, ld_imm64: a descriptor in the first imm; of data also
 * the offset in its only value in the second (BPF_PSEUDO_MAP_VALUE).
 */
static void relocate(struct dwunw_loader *loader)
{
	struct dwu_object *object = &loader->object;

	for (uint32_t i = 0; i < object->relocation_count; i++) {
		const struct dwu_object_relocation *at =
			&object->relocations[i];
		uint64_t *code = object->programs[at->program].instructions;
		struct bpf_insn load[2];

		memcpy(load, code + at->index, sizeof(load));
		load[0].src_reg = object->maps[at->map].is_data ?
					  BPF_PSEUDO_MAP_VALUE :
					  BPF_PSEUDO_MAP_FD;
		load[0].imm = loader->map_fds[at->map];
		load[1].imm = object->maps[at->map].is_data ? (int32_t)at->off :
							      0;
		memcpy(code + at->index, load, sizeof(load));
	}
}

/* By its section, as libbpf has it; what is none of these is a uprobe. */
static enum bpf_prog_type type_of(const struct dwu_object_program *program)
{
	if (dwu_tracepoint_is_of(program->section_name, ""))
		return BPF_PROG_TYPE_TRACEPOINT;
	if (!strcmp(program->section_name, "perf_event"))
		return BPF_PROG_TYPE_PERF_EVENT;
	return BPF_PROG_TYPE_KPROBE;
}

/* The end of it: the verifier says last what it refuses. */
static void print_log(const char *name, const char *log)
{
	size_t size = strlen(log);

	fprintf(stderr, "BPF program %s is refused:\n%s%s\n", name,
		size > 2000 ? "…" : "", log + (size > 2000 ? size - 2000 : 0));
}

/* BTF of functions, which tells which are global: those are verified once and
 * not for each call. No BTF of the kernel is needed. */
static int load_btf(const struct dwu_linked *linked)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = dwu_bpf_address(linked->btf);
	attr.btf_size = linked->btf_size;
	return dwu_bpf_call(BPF_BTF_LOAD, &attr);
}

/* The verifier's count of instructions. */
static void print_count(const char *name, const char *log)
{
	const char *count = strstr(log, "processed ");

	if (count)
		fprintf(stderr, "BPF program %s: %.*s\n", name,
			(int)strcspn(count, "("), count);
}

/* With the verifier's own words: `level` of its log, and what to print of it. */
static int load_with_log(const char *name, union bpf_attr *attr, uint32_t level,
			 void (*print)(const char *name, const char *log))
{
	char *log = calloc(1, LOG_SIZE);
	int fd = -ENOMEM;

	attr->log_level = level;
	attr->log_size = LOG_SIZE;
	attr->log_buf = dwu_bpf_address(log);
	if (log)
		fd = dwu_bpf_call(BPF_PROG_LOAD, attr);
	if (log && (fd < 0) == (print == print_log))
		print(name, log);
	free(log);
	return fd;
}

/* Once more when it is refused, to hear why. */
static int load_or_say(const char *name, union bpf_attr *attr, bool verbose)
{
	int fd;

	if (verbose)
		fd = load_with_log(name, attr, LOG_COUNT, print_count);
	else
		fd = dwu_bpf_call(BPF_PROG_LOAD, attr);
	if (fd == -EPERM || fd >= 0)
		return fd;
	return load_with_log(name, attr, 1, print_log);
}

/*
 * attr.prog_name is cut at 15 bytes, for bpftool. Everything else is 0, as the
 * kernel wants it of what it does not know.
 */
static int load_linked(struct dwunw_loader *loader,
		       const struct dwu_object_program *program,
		       const struct dwu_linked *linked)
{
	union bpf_attr attr;
	int btf = -1, fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type_of(program);
	attr.insns = dwu_bpf_address(linked->instructions);
	attr.insn_cnt = linked->count;
	attr.license = dwu_bpf_address(loader->object.license);
	if (loader->multi && attr.prog_type == BPF_PROG_TYPE_KPROBE &&
	    strcmp(program->section_name, "kprobe"))
		attr.expected_attach_type = DWU_UPROBE_MULTI_TYPE;
	strncpy(attr.prog_name, program->name, sizeof(attr.prog_name) - 1);
	if (linked->btf) {
		btf = load_btf(linked);
		if (btf < 0)
			return btf;
		attr.prog_btf_fd = (uint32_t)btf;
		attr.func_info_rec_size = 8;
		attr.func_info = dwu_bpf_address(linked->func_info);
		attr.func_info_cnt = linked->part_count;
	}
	fd = load_or_say(program->name, &attr, loader->verbose);
	if (btf >= 0)
		close(btf);
	return fd;
}

/* The linked copy is needed for the call only. */
static int load_program(struct dwunw_loader *loader, uint32_t program)
{
	struct dwu_linked linked;
	int error = dwu_object_link(&loader->object, program, &linked);
	int *fd = &loader->program_fds[program];

	if (!error) {
		*fd = load_linked(loader, &loader->object.programs[program],
				  &linked);
		error = *fd < 0 ? *fd : 0;
	}
	dwu_linked_free(&linked);
	return error;
}

/* Maps first: instructions have their descriptors in them. */
int dwunw_loader_load(struct dwunw_loader *loader)
{
	struct dwu_object *object = &loader->object;
	int error = 0;

	for (uint32_t i = 0; i < object->map_count && !error; i++)
		error = make_map(&object->maps[i], &loader->map_fds[i]);
	if (error)
		return error;
	relocate(loader);
	for (uint32_t i = 0; i < object->program_count && !error; i++)
		if (!object->programs[i].is_function)
			error = load_program(loader, i);
	return error;
}

/* --- probes ---------------------------------------------------------------- */

/* The descriptor is the loader's from here on, or closed. */
static int keep_link(struct dwunw_loader *loader, int fd, int32_t pid)
{
	if (fd < 0)
		return fd;
	if (loader->link_count == LINKS) {
		close(fd);
		return -ENOSPC;
	}
	loader->link_pids[loader->link_count] = pid;
	loader->links[loader->link_count++] = fd;
	return 0;
}

/* A perf event, from here on owned by the loader. */
static int attach(struct dwunw_loader *loader, uint32_t program, int fd,
		  int32_t pid)
{
	if (fd < 0)
		return fd;
	/* musl's ioctl() takes an int, which these requests do not fit */
	if (syscall(SYS_ioctl, fd, PERF_EVENT_IOC_SET_BPF,
		    loader->program_fds[program]) ||
	    syscall(SYS_ioctl, fd, PERF_EVENT_IOC_ENABLE, 0)) {
		int error = -errno;

		close(fd);
		return error;
	}
	return keep_link(loader, fd, pid);
}

int dwunw_loader_attach_uprobe(struct dwunw_loader *loader, const char *name,
			       bool at_return, int32_t pid, const char *path,
			       uint64_t off)
{
	struct dwunw_uprobe_place place = { path, off, pid, at_return };
	int program = dwu_object_find_program(&loader->object, name);

	if (program < 0)
		return program;
	if (loader->inherited && pid >= 0)
		return dwu_inherited_attach(loader->inherited,
					    loader->program_fds[program],
					    &place);
	if (loader->multi)
		return keep_link(
			loader,
			dwu_uprobe_multi_link(loader->program_fds[program],
					      DWU_UPROBE_MULTI_TYPE, &place),
			pid);
	return attach(loader, (uint32_t)program, dwunw_uprobe_event(&place),
		      pid);
}

int dwunw_loader_attach_event(struct dwunw_loader *loader, const char *name,
			      int fd, int32_t pid)
{
	int program = dwu_object_find_program(&loader->object, name);

	if (program >= 0)
		return attach(loader, (uint32_t)program, fd, pid);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : program;
}

/*
 * Does not wait until they are closed: the process has gone, and its probes
 * with it.
 */
void dwunw_loader_detach_ended(struct dwunw_loader *loader, int32_t pid)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < loader->link_count; i++) {
		if (loader->link_pids[i] == pid) {
			dwu_closer_add(&loader->closer, loader->links[i]);
			continue;
		}
		loader->links[kept] = loader->links[i];
		loader->link_pids[kept++] = loader->link_pids[i];
	}
	loader->link_count = kept;
	if (loader->inherited)
		dwu_inherited_detach(loader->inherited, pid);
}

/* Waits, so that no event of the process comes behind it. */
void dwunw_loader_detach(struct dwunw_loader *loader, int32_t pid)
{
	dwunw_loader_detach_ended(loader, pid);
	dwu_closer_wait(&loader->closer);
}

static int attach_tracepoint(struct dwunw_loader *loader, uint32_t program)
{
	const char *name = loader->object.programs[program].section_name;

	return attach(loader, program,
		      dwunw_tracepoint_open(name + strlen("tracepoint/")), -1);
}

int dwunw_loader_attach_tracepoint(struct dwunw_loader *loader,
				   const char *name)
{
	int program = dwu_object_find_program(&loader->object, name);

	return program < 0 ? program :
			     attach_tracepoint(loader, (uint32_t)program);
}

int dwunw_loader_attach_subsystem(struct dwunw_loader *loader,
				  const char *subsystem, const char **missing)
{
	const struct dwu_object *object = &loader->object;
	int first = 0;

	for (uint32_t i = 0; i < object->program_count; i++) {
		const char *section = object->programs[i].section_name;
		int error;

		if (!dwu_tracepoint_is_of(section, subsystem))
			continue;
		error = attach_tracepoint(loader, i);
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

/* --- events ---------------------------------------------------------------- */

/*
 * bpf_perf_event_output() on CPU n writes to the event at index n of the map.
 */
static int open_perf_ring(struct dwunw_loader *loader, int map, int cpu)
{
	struct perf_event_attr attr;
	uint32_t key = (uint32_t)cpu;
	int fd, error;

	if (loader->ring_count == CPUS)
		return -ENOSPC;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_BPF_OUTPUT;
	attr.sample_type = PERF_SAMPLE_RAW;
	attr.sample_period = 1;
	attr.wakeup_events = 1;
	fd = dwu_perf_open(&attr, -1, cpu);
	if (fd < 0)
		return fd;
	error = dwu_perf_ring_open(&loader->rings[loader->ring_count], fd,
				   loader->events_size);
	if (error)
		return error;
	loader->ring_count++;
	if (syscall(SYS_ioctl, fd, PERF_EVENT_IOC_ENABLE, 0))
		return -errno;
	return dwunw_bpf_map_set(map, &key, &fd);
}

/*
 * on_event() is called from dwunw_loader_read_events(), in the thread that
 * calls that.
 */
int dwunw_loader_open_events(struct dwunw_loader *loader,
			     dwunw_loader_event_fn on_event, void *ctx)
{
	int map, error = 0;

	if (!loader->events)
		return -ENOENT;
	loader->on_event = on_event;
	loader->event_ctx = ctx;
	map = loader->map_fds[loader->events - loader->object.maps];
	if (!loader->perf)
		return dwu_ring_open(&loader->ring, map, loader->events_size);
	for (int cpu = dwu_cpu_online(0); cpu >= 0 && !error;
	     cpu = dwu_cpu_online(cpu + 1))
		error = open_perf_ring(loader, map, cpu);
	return error;
}

/*
 * A raw sample's bytes: a u32 that is their number, then they.
 *
 * PERF_RECORD_LOST: id, and how many.
 */
static void perf_record(struct dwunw_loader *loader, const void *record)
{
	struct perf_event_header header;
	const uint8_t *bytes = record;
	uint64_t lost[2];
	uint32_t size;

	memcpy(&header, record, sizeof(header));
	if (header.type == PERF_RECORD_LOST &&
	    header.size >= sizeof(header) + sizeof(lost)) {
		memcpy(lost, bytes + sizeof(header), sizeof(lost));
		loader->lost += lost[1];
	}
	if (header.type != PERF_RECORD_SAMPLE ||
	    header.size < sizeof(header) + sizeof(size))
		return;
	memcpy(&size, bytes + sizeof(header), sizeof(size));
	if (size <= header.size - sizeof(header) - sizeof(size))
		loader->on_event(loader->event_ctx,
				 (void *)(uintptr_t)(bytes + sizeof(header) +
						     sizeof(size)),
				 size);
}

/*
 * Waits up to timeout_ms for the first event, then reads what there is. 0 on a
 * signal.
 */
int dwunw_loader_read_events(struct dwunw_loader *loader, int timeout_ms)
{
	struct pollfd fds[CPUS];
	uint32_t count = loader->perf ? loader->ring_count : 1;

	for (uint32_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){ .fd = loader->perf ?
							loader->rings[i].fd :
							loader->ring.fd,
					  .events = POLLIN };
	if (poll(fds, count, timeout_ms) < 0 && errno != EINTR)
		return -errno;
	if (!loader->perf)
		dwu_ring_read(&loader->ring, loader->on_event,
			      loader->event_ctx);
	for (uint32_t i = 0; i < loader->ring_count; i++) {
		const void *record;

		dwu_perf_ring_update(&loader->rings[i]);
		while ((record = dwu_perf_ring_next(&loader->rings[i]))) {
			perf_record(loader, record);
			dwu_perf_ring_drop(&loader->rings[i]);
		}
	}
	return 0;
}

/* 0 with a ring buffer, which does not say what it had no room for. */
uint64_t dwunw_loader_lost(const struct dwunw_loader *loader)
{
	return loader->lost;
}

/* --- the rest ---------------------------------------------------------------- */

int dwunw_loader_map(const struct dwunw_loader *loader, const char *name)
{
	for (uint32_t i = 0; i < loader->object.map_count; i++) {
		if (!strcmp(loader->object.maps[i].name, name))
			return loader->map_fds[i];
	}
	return -ENOENT;
}

uint64_t dwunw_loader_map_bytes(const struct dwunw_loader *loader)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < loader->object.map_count; i++)
		sum += dwu_bpf_map_memory(loader->map_fds[i]);
	return sum;
}

static void close_all(const int *fds, uint32_t count)
{
	while (count-- > 0) {
		if (fds[count] >= 0)
			close(fds[count]);
	}
}

void dwunw_loader_close(struct dwunw_loader *loader)
{
	if (!loader)
		return;
	while (loader->link_count)
		dwu_closer_add(&loader->closer,
			       loader->links[--loader->link_count]);
	dwu_closer_end(&loader->closer);
	dwu_inherited_close(loader->inherited);
	for (uint32_t i = 0; i < loader->ring_count; i++)
		dwu_perf_ring_close(&loader->rings[i]);
	if (loader->ring.fd >= 0)
		dwu_ring_close(&loader->ring);
	close_all(loader->program_fds, loader->object.program_count);
	close_all(loader->map_fds, loader->object.map_count);
	dwu_object_free(&loader->object);
	free(loader);
}
