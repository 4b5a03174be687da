/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * kernel.c - without a program: the kernel's own allocations, by stack.
 *
 * Stacks come from the kernel's own walk, names from /proc/kallsyms, which is
 * read once for each report, for the addresses that it shows.
 */
#include "heap.h"
#include "interrupt.h"
#include "leak.h"
#include "objects.h"
#include "unpack.h"

#include <dwunw/loader.h>
#include <dwunw/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH 4096u

/* --- tracepoints ------------------------------------------------------------ */

static const struct tracepoint_row {
	const char *name;
	const char *program;
	const char *ptr; /* fields */
	const char *size;
	bool percpu;
	bool optional; /* kernels from 6.1 on have one of each pair */
} table[KERNEL_TRACEPOINTS] = {
	[KERNEL_KMALLOC] = { "kmem/kmalloc", "kmalloc", "ptr", "bytes_alloc",
			     false, false },
	[KERNEL_KMALLOC_NODE] = { "kmem/kmalloc_node", "kmalloc_node", "ptr",
				  "bytes_alloc", false, true },
	[KERNEL_CACHE_ALLOC] = { "kmem/kmem_cache_alloc", "kmem_cache_alloc",
				 "ptr", "bytes_alloc", false, false },
	[KERNEL_CACHE_ALLOC_NODE] = { "kmem/kmem_cache_alloc_node",
				      "cache_alloc_node", "ptr", "bytes_alloc",
				      false, true },
	[KERNEL_KFREE] = { "kmem/kfree", "kfree", "ptr", NULL, false, false },
	[KERNEL_CACHE_FREE] = { "kmem/kmem_cache_free", "kmem_cache_free",
				"ptr", NULL, false, false },
	[KERNEL_PAGE_ALLOC] = { "kmem/mm_page_alloc", "mm_page_alloc", "pfn",
				"order", false, false },
	[KERNEL_PAGE_FREE] = { "kmem/mm_page_free", "mm_page_free", "pfn", NULL,
			       false, false },
	[KERNEL_PERCPU_ALLOC] = { "percpu/percpu_alloc_percpu", "percpu_alloc",
				  "ptr", "size", true, false },
	[KERNEL_PERCPU_FREE] = { "percpu/percpu_free_percpu", "percpu_free",
				 "ptr", NULL, true, false },
};

static bool find_fields(const struct tracepoint_row *row,
			struct dwunw_heap_fields *fields)
{
	if (dwunw_tracepoint_field(row->name, row->ptr, &fields->ptr,
				   &fields->ptr_bytes))
		return false;
	return !row->size ||
	       !dwunw_tracepoint_field(row->name, row->size, &fields->size,
				       &fields->size_bytes) ||
	       !dwunw_tracepoint_field(row->name, "bytes_alloc", &fields->size,
				       &fields->size_bytes);
}

static int attach(struct dwunw_loader *loader, const struct leak *leak)
{
	for (int i = 0; i < KERNEL_TRACEPOINTS; i++) {
		const struct tracepoint_row *row = &table[i];
		int error;

		if (row->percpu != leak->percpu)
			continue;
		error = dwunw_loader_attach_tracepoint(loader, row->program);
		if (!error || (row->optional && error == -ENOENT))
			continue;
		fprintf(stderr, "tracepoint %s\n", row->name);
		return dwunw_permission_explain(
			leak->config.tool, "the tracepoint was not attached",
			-error);
	}
	return 0;
}

static uint32_t live_max(const struct leak *leak)
{
	return leak->config.live_max ? leak->config.live_max : DWUNW_LIVE_MAX;
}

/* Kernel stacks are kept in the kernel. */
static uint32_t stacks_max(const struct leak *leak)
{
	return leak->config.stack_storage ? leak->config.stack_storage : 8192;
}

static int load(struct dwunw_loader **loader, const struct leak *leak)
{
	size_t size = 0;
	const void *object = leak_unpack(dwunw_kernel_object,
					 dwunw_kernel_object_end, &size);
	struct dwunw_heap_kernel_options options = {
		.min_size = leak->config.min_size,
		.max_size = leak->config.max_size,
		.sample_every = leak->config.sample_every,
		.page_size = (uint32_t)sysconf(_SC_PAGESIZE),
		.missing_free = leak->missing_free,
		.own_pid = (uint32_t)getpid(),
	};
	int error;

	for (int i = 0; i < KERNEL_TRACEPOINTS; i++) {
		const struct tracepoint_row *row = &table[i];

		if (!find_fields(row, &options.fields[i]) && !row->optional &&
		    row->percpu == leak->percpu) {
			fprintf(stderr, "tracepoint %s\n", row->name);
			return dwunw_permission_explain(
				leak->config.tool, "its format is not known",
				ENOENT);
		}
	}
	error = object ? dwunw_loader_open(loader, object, size,
					   leak->config.verbose) :
			 -errno;
	if (!error)
		error = dwunw_loader_set_value(*loader,
					       DWUNW_HEAP_KERNEL_OPTIONS_MAP,
					       &options, sizeof(options));
	if (!error)
		error = dwunw_loader_set_entries(*loader, "live",
						 live_max(leak));
	if (!error)
		error = dwunw_loader_set_entries(*loader, "stacks",
						 stacks_max(leak));
	if (!error)
		error = dwunw_loader_load(*loader);
	if (error)
		return dwunw_permission_explain(
			leak->config.tool, "the BPF programs were not loaded",
			-error);
	return attach(*loader, leak);
}

/* --- sums ------------------------------------------------------------------- */

struct sum {
	uint64_t stack; /* key; 0: none */
	uint64_t bytes;
	uint64_t blocks; /* 0: this slot is free */
	struct kernel_stack at;
};

struct sums {
	struct sum *at; /* hashed by key; twice as many as there are stacks */
	uint32_t size;	/* a power of two */
};

static void add_block(struct sums *sums, uint64_t id,
		      const struct kernel_block *block, const struct leak *leak)
{
	uint64_t at = block->stack;
	struct sum *sum = &sums->at[at & (sums->size - 1)];

	while (sum->blocks && sum->stack != block->stack)
		sum = &sums->at[++at & (sums->size - 1)];
	sum->stack = block->stack;
	sum->bytes += block->size * leak->config.sample_every;
	sum->blocks += leak->config.sample_every;
	if (leak->show_allocs)
		printf("\taddr = 0x%" PRIx64 " size = %" PRIu64 "\n", id,
		       block->size);
}

static void add_blocks(struct sums *sums, struct dwunw_loader *loader,
		       const struct leak *leak)
{
	static struct kernel_block blocks[BATCH];
	static uint64_t ids[BATCH];
	int fd = dwunw_loader_map(loader, "live"), more, first = 1;
	uint64_t position = 0, now = dwunw_heap_now();
	uint32_t count;

	do {
		count = BATCH;
		more = dwunw_bpf_map_batch(fd, &position, first, ids, blocks,
					   &count);
		for (uint32_t i = 0; i < count; i++) {
			if (now - blocks[i].time_ns >= leak->view.min_age_ns)
				add_block(sums, ids[i], &blocks[i], leak);
		}
		first = 0;
	} while (more > 0);
}

static int more_bytes_first(const void *a, const void *b)
{
	const struct sum *left = a, *right = b;

	return (left->bytes < right->bytes) - (left->bytes > right->bytes);
}

/* --- names ------------------------------------------------------------------ */

struct address {
	uint64_t pc;	/* first: search.h */
	uint64_t start; /* of the symbol below it */
	char name[160];
	char module[64];
};

struct addresses {
	struct address *at; /* sorted by pc */
	uint32_t count;
};

static int lower_first(const void *a, const void *b)
{
	const struct address *left = a, *right = b;

	return (left->pc > right->pc) - (left->pc < right->pc);
}

/* The first with pc >= start. */
static uint32_t first_from(const struct addresses *addresses, uint64_t start)
{
	return dwunw_search_first(addresses->at, addresses->count,
				  sizeof(*addresses->at), sizeof(start), start);
}

/* Lines in any order: the nearest start below each address is the one. All
 * addresses that it is nearest to follow it closely. */
static bool name_by_line(void *ctx, const char *line)
{
	struct addresses *addresses = ctx;
	char name[160], module[64] = "", type;
	uint64_t start;

	if (sscanf(line, "%" SCNx64 " %c %159s %63s", &start, &type, name,
		   module) < 3 ||
	    !start)
		return true;
	for (uint32_t i = first_from(addresses, start); i < addresses->count;
	     i++) {
		struct address *address = &addresses->at[i];

		if (address->start > start || address->pc - start > 1u << 20)
			break;
		address->start = start;
		snprintf(address->name, sizeof(address->name), "%s", name);
		snprintf(address->module, sizeof(address->module), "%s",
			 module[0] ? module : "[kernel]");
	}
	return true;
}

static void print_frame(const struct addresses *addresses, uint32_t index,
			uint64_t pc)
{
	uint32_t at = first_from(addresses, pc);

	printf("\t%" PRIu32 " [<%016" PRIx64 ">] ", index, pc);
	if (at < addresses->count && addresses->at[at].pc == pc &&
	    addresses->at[at].start)
		printf("%s+0x%" PRIx64 " %s\n", addresses->at[at].name,
		       pc - addresses->at[at].start, addresses->at[at].module);
	else
		printf("<null sym>\n");
}

/* --- the report -------------------------------------------------------------- */

static void print_counters(struct dwunw_loader *loader)
{
	uint64_t counts[KERNEL_COUNT_END] = { 0 };
	int fd = dwunw_loader_map(loader, "counters");

	for (uint32_t i = 0; i < KERNEL_COUNT_END; i++)
		dwunw_bpf_map_get(fd, &i, &counts[i]);
	printf("dwunw: allocations %" PRIu64 ", freed %" PRIu64
	       ", without a stack %" PRIu64 ", live map full %" PRIu64
	       ", frees that were missed %" PRIu64 ", maps %" PRIu64 " KiB\n",
	       counts[KERNEL_COUNT_ALLOCATIONS], counts[KERNEL_COUNT_FREES],
	       counts[KERNEL_COUNT_NO_STACK], counts[KERNEL_COUNT_LIVE_FULL],
	       counts[KERNEL_COUNT_MISSED_FREES],
	       dwunw_loader_map_bytes(loader) / 1024);
}

static void read_pcs(const struct dwunw_loader *loader, struct sum *sum,
		     struct addresses *addresses)
{
	const uint64_t *pcs = sum->at.pcs;

	if (!sum->stack || dwunw_bpf_map_get(dwunw_loader_map(loader, "stacks"),
					     &sum->stack, &sum->at))
		return;
	for (uint32_t i = 0; i < KERNEL_STACK_DEPTH && pcs[i]; i++)
		addresses->at[addresses->count++].pc = pcs[i];
}

static void print_sums(const struct sums *sums, uint32_t count,
		       const struct addresses *addresses)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct sum *sum = &sums->at[i];

		printf("%" PRIu64 " bytes in %" PRIu64
		       " allocations from stack%s\n",
		       sum->bytes, sum->blocks,
		       sum->stack ? "" : "s that had no room");
		for (uint32_t k = 0; k < KERNEL_STACK_DEPTH && sum->at.pcs[k];
		     k++)
			print_frame(addresses, k, sum->at.pcs[k]);
	}
}

static void report_kernel(struct dwunw_loader *loader, const struct leak *leak)
{
	struct sums sums = { .size = 2 };
	struct addresses addresses = { 0 };
	uint32_t count = 0;
	time_t wall = time(NULL);
	char clock[16];

	while (sums.size <= 2 * stacks_max(leak))
		sums.size *= 2;
	sums.at = calloc(sums.size, sizeof(*sums.at));
	if (!sums.at)
		return;
	add_blocks(&sums, loader, leak);
	qsort(sums.at, sums.size, sizeof(*sums.at), more_bytes_first);
	while (count < sums.size && count < leak->report_options.top &&
	       sums.at[count].blocks)
		count++;
	addresses.at = calloc((size_t)count * KERNEL_STACK_DEPTH + 1,
			      sizeof(*addresses.at));
	for (uint32_t i = 0; addresses.at && i < count; i++)
		read_pcs(loader, &sums.at[i], &addresses);
	if (addresses.at)
		qsort(addresses.at, addresses.count, sizeof(*addresses.at),
		      lower_first);
	dwunw_proc_lines("/proc/kallsyms", name_by_line, &addresses);
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&wall));
	printf("[%s] Top %" PRIu32 " stacks with outstanding allocations:\n",
	       clock, count);
	print_sums(&sums, count, &addresses);
	print_counters(loader);
	fflush(stdout);
	free(addresses.at);
	free(sums.at);
}

int leak_run_kernel(const struct leak *leak)
{
	uint64_t interval = leak->interval_ns;
	struct dwunw_loader *loader = NULL;
	uint64_t next;
	uint32_t done = 0;
	int status;

	status = load(&loader, leak);
	if (!status)
		fprintf(stderr, "Attaching to kernel allocators, Ctrl+C to "
				"quit.\n");
	next = dwunw_heap_now() + interval;
	while (!status && !interrupted()) {
		usleep(50000);
		if (dwunw_heap_now() < next)
			continue;
		next += interval;
		report_kernel(loader, leak);
		if (leak->intervals && ++done == leak->intervals)
			break;
	}
	if (interrupted())
		report_kernel(loader, leak);
	dwunw_loader_close(loader);
	return status;
}
