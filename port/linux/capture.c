/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * One request -> a space, memory, a walk. The space is a process's mappings,
 * the caller's, or one file's; the memory is bytes, a callback, a live process
 * or a stopped thread.
 *
 *	request.pid	    dwu_process_hold() -> image -> walk over its space
 *	request.space	    the caller's own
 *	request.module_path one file at load_bias, as if it were mapped whole
 *
 * For example, an event of pid 4711 ends with "no code" at an address that is
 * in no mapping: the process has loaded a library since its mappings were read.
 * They are read anew, once, and the walk is made again.
 */
#include "capture.h"
#include "context.h"
#include "reader.h"
#include "stopped.h"

#include <errno.h>
#include <string.h>

/* A space of one file, for a request without a process. */
struct one_file {
	struct dwunw_space space;
	struct dwunw_mapping mapping;
	const struct dwunw_module *module;
	uint64_t bias;
};

/* A walk and what it needs. */
struct job {
	struct dwunw_context *ctx;
	struct dwunw_unwind_request *request;
	struct dwunw_walk_input input;
	struct dwu_stopped *stopped; /* NULL: nothing is to be stopped */
	size_t *count;
	bool event; /* the input is an event's */
};

/* A process that runs on: words may change between two reads of them. */
static dwunw_status_t read_live(void *ctx, uint64_t addr, void *dst,
				size_t size)
{
	const struct dwu_image *image = ctx;

	return dwu_memory_read(image->via, addr, dst, size);
}

/*
 * Live memory during one walk, by pages: a stack of 24 frames is in one or two,
 * and each word of it would be a system call. What is asked for is never in
 * another page than what is read, which may not be there (userfaultfd).
 */
#define PAGE_BYTES 4096u
struct live {
	dwunw_read_memory_fn read;
	void *ctx;
	uint64_t addr[2]; /* 1: none, as pages are aligned */
	uint8_t bytes[2][PAGE_BYTES];
	unsigned int last; /* that was used */
};

/* The page at addr in live->bytes[live->last]. */
static bool find_page(struct live *live, uint64_t addr)
{
	if (live->addr[live->last] == addr)
		return true;
	live->last = !live->last;
	if (live->addr[live->last] == addr)
		return true;
	live->addr[live->last] = 1;
	if (live->read(live->ctx, addr, live->bytes[live->last], PAGE_BYTES) !=
	    DWUNW_OK)
		return false;
	live->addr[live->last] = addr;
	return true;
}

static dwunw_status_t read_page(void *ctx, uint64_t addr, void *dst,
				size_t size)
{
	struct live *live = ctx;
	uint64_t off = addr & (PAGE_BYTES - 1);

	if (size > PAGE_BYTES - off || !find_page(live, addr - off))
		return live->read(live->ctx, addr, dst, size);
	memcpy(dst, live->bytes[live->last] + off, size);
	return DWUNW_OK;
}

/* Ours, which may be asked for more than is needed. */
static bool is_live(dwunw_read_memory_fn read)
{
	return read == read_live || read == dwunw_stack_reader_read ||
	       read == dwunw_process_read;
}

/*
 * The context's own walker where the caller brings none: then one thread at a
 * time.
 */
static dwunw_status_t walk(struct job *job, const struct dwunw_space *space)
{
	struct dwunw_unwind_request *request = job->request;
	struct dwunw_walker *walker = request->walker ? request->walker :
							job->ctx->port->walker;
	struct dwunw_walk_input input = job->input;
	struct live live;

	if (is_live(input.read_memory)) {
		live.read = input.read_memory;
		live.ctx = input.memory_ctx;
		live.addr[0] = live.addr[1] = 1;
		live.last = 0;
		input.read_memory = read_page;
		input.memory_ctx = &live;
	}
	return dwunw_walk_steps(walker, space, &input, request->frames,
				request->steps, request->max_frames, job->count,
				&request->stop);
}

/* --- one file --------------------------------------------------------------------- */

/* The one file is open already. */
static dwunw_status_t open_one(void *ctx, struct dwunw_mapping *mapping,
			       const struct dwunw_module **module)
{
	const struct one_file *file = ctx;

	mapping->bias = file->bias;
	mapping->serial = file->module->serial;
	*module = file->module;
	return DWUNW_OK;
}

/* It is given back when the walk is over. */
static void close_one(void *ctx, const struct dwunw_module *module)
{
	(void)ctx;
	(void)module;
}

/* From the first to the last byte that the file's segments fill. */
static dwunw_status_t cover_segments(struct one_file *file)
{
	const struct dwunw_elf *elf = &file->module->elf;
	uint64_t start = UINT64_MAX, end = 0;

	for (uint32_t i = 0; i < elf->program_count; i++) {
		struct dwunw_program_header header;
		uint64_t last;

		if (dwunw_elf_program_header(elf, i, &header) != DWUNW_OK ||
		    header.type != 1) /* PT_LOAD */
			continue;
		last = header.at.vaddr + header.at.mem_size;
		if (header.at.vaddr < start)
			start = header.at.vaddr;
		if (last >= header.at.vaddr && last > end)
			end = last;
	}
	file->mapping = (struct dwunw_mapping){
		.start = file->bias + start,
		.end = file->bias + end,
		.flags = DWUNW_MAPPING_EXEC,
	};
	return start < end && file->mapping.start < file->mapping.end ?
		       DWUNW_OK :
		       DWUNW_ERR_INVALID_ARG;
}

/* Its module is held as long as the walk takes. */
static dwunw_status_t walk_file(struct job *job)
{
	struct one_file file = { .bias = job->request->load_bias };
	dwunw_status_t status;

	status = dwunw_module_cache_acquire(job->ctx, job->request->module_path,
					    &file.module);
	if (status != DWUNW_OK)
		return status;
	file.space = (struct dwunw_space){
		.mappings = &file.mapping,
		.count = 1,
		.arch = file.module->arch,
		.open_module = open_one,
		.close_module = close_one,
		.ctx = &file,
	};
	status = cover_segments(&file);
	if (status == DWUNW_OK)
		status = dwunw_space_init(&file.space);
	if (status == DWUNW_OK)
		status = walk(job, &file.space);
	dwunw_module_cache_release(job->ctx, file.module);
	return status;
}

/* --- a process --------------------------------------------------------------------- */

/* An event without stack bytes is not a wish for live ones. */
static bool wants_live(const struct job *job)
{
	if (job->input.read_memory || job->event)
		return false;
	return !job->input.stack.bytes ||
	       (job->request->options & DWUNW_OPTION_LIVE);
}

static uint32_t failures_of(const struct dwu_image *image)
{
	return __atomic_load_n(&image->failures, __ATOMIC_RELAXED);
}

/*
 * Is the end of this walk a reason to look at the mappings again? A pc in no
 * mapping, or a file that was not there when it was opened just now.
 */
static bool missed(const struct job *job, const struct dwu_image *image,
		   uint32_t failures)
{
	const struct dwunw_stop *stop = &job->request->stop;

	if (stop->reason == DWUNW_STOP_NO_CODE)
		return !dwunw_space_find(&image->space, stop->addr);
	if (stop->reason != DWUNW_STOP_NO_MODULE)
		return false;
	if (failures_of(image) != failures)
		return true;
	return !dwunw_space_find(&image->space, stop->pc) &&
	       !dwunw_space_find(&image->space, stop->pc - 1);
}

/*
 * A walk that met a file is made once more while the thread runs on, from the
 * registers that it had: for the files that are behind the first. What comes of
 * it is not kept, since words may have changed meanwhile.
 */
static void walk_ahead(struct job *job, struct dwu_image *image)
{
	if (!dwu_stopped_may_run(job->stopped))
		return;
	*job->count = 0;
	(void)walk(job, &image->space);
}

/* As often as it meets a file that is not open yet, or takes too long. */
static dwunw_status_t walk_stopped(struct job *job, struct dwu_image *image)
{
	struct dwu_stopped *stopped = job->stopped;
	struct dwunw_space space;
	dwunw_status_t status;

	job->input.read_memory = dwu_stopped_read;
	job->input.memory_ctx = stopped;
	dwu_stopped_space(stopped, image, &space);
	for (;;) {
		*job->count = 0;
		status = dwu_stopped_begin(stopped);
		if (status == DWUNW_OK)
			status = walk(job, &space);
		dwu_stopped_end(stopped, &job->request->stop);
		if ((status != DWUNW_OK && !stopped->expired) ||
		    !dwu_stopped_again(stopped))
			return status;
		walk_ahead(job, image);
	}
}

/* *again: newer mappings may tell more. */
static dwunw_status_t walk_image(struct job *job, struct dwu_image *image,
				 bool *again)
{
	uint32_t failures = failures_of(image);
	dwunw_status_t status;

	if (job->stopped) {
		status = walk_stopped(job, image);
		*again = status == DWUNW_OK && missed(job, image, failures);
		return status;
	}
	if (wants_live(job)) {
		job->input.read_memory = read_live;
		job->input.memory_ctx = image;
	}
	status = walk(job, &image->space);
	*again = status == DWUNW_OK && missed(job, image, failures);
	return status;
}

/* The thread of the process that the caller has stopped; NULL: there is none,
 * or it may have gone on by itself. */
static struct dwunw_stack_reader *
stopped_by(const struct dwunw_unwind_request *request)
{
	struct dwunw_stack_reader *reader = request->memory_ctx;

	return request->read_memory == dwunw_stack_reader_read && reader &&
			       reader->attached && !reader->until_ms &&
			       reader->pid == request->pid ?
		       reader :
		       NULL;
}

/* Two walks at most, each over an image that is held while it lasts. */
static dwunw_status_t walk_process(struct job *job)
{
	const struct dwunw_unwind_request *request = job->request;
	struct dwu_hold how = {
		.pid = request->pid,
		.map_generation = request->map_generation,
		.refresh = request->options & DWUNW_OPTION_REFRESH,
		.stopped = stopped_by(request),
	};
	struct dwu_image *image, *newer;
	dwunw_status_t status;
	bool again;

	status = dwu_process_hold(job->ctx, &how, &image);
	if (status != DWUNW_OK)
		return status;
	status = walk_image(job, image, &again);
	if (again) {
		how.refresh = false;
		how.missed = true;
		if (dwu_process_hold(job->ctx, &how, &newer) == DWUNW_OK) {
			if (newer != image)
				status = walk_image(job, newer, &again);
			dwu_image_release(newer);
		}
	}
	dwu_image_release(image);
	return status;
}

/* --- public ------------------------------------------------------------------------- */

static void fill_input(struct job *job)
{
	const struct dwunw_unwind_request *request = job->request;

	job->input = (struct dwunw_walk_input){
		.regs = request->regs,
		.stack = request->stack,
		.read_memory = request->read_memory,
		.memory_ctx = request->memory_ctx,
		.returns = request->returns,
		.return_count = request->return_count,
		.flags = request->options &
			 (DWUNW_WALK_ENTRY | DWUNW_WALK_CAPPED |
			  DWUNW_WALK_RETURN),
		.entry_offset = request->entry_offset,
		.first_how = request->first_how,
		.first_flags = request->first_flags,
	};
}

/* What would be read as a NULL or a wrong number later is INVALID_ARG here. */
static bool usable(const struct dwunw_unwind_request *request)
{
	return request->regs && request->frames && request->max_frames &&
	       request->pid >= 0 &&
	       request->regs->version == DWUNW_REGSET_VERSION &&
	       (request->pid || request->space || request->module_path) &&
	       (request->returns || !request->return_count);
}

/* The request is copied (given.c): an older caller's struct is shorter. */
dwunw_status_t dwunw_capture(struct dwunw_context *ctx,
			     struct dwunw_unwind_request *request,
			     size_t *count)
{
	struct dwunw_unwind_request own;
	struct job job = { .ctx = ctx, .request = &own, .count = count };
	dwunw_status_t status;

	if (count)
		*count = 0;
	if (!ctx || !ctx->port || !request || !count ||
	    DWUNW_STRUCT_FROM(&own, stop, request) != DWUNW_OK || !usable(&own))
		return DWUNW_ERR_INVALID_ARG;
	if (!dwunw_arch_from_regset(own.regs))
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	own.stop = (struct dwunw_stop){ 0 };
	fill_input(&job);
	if (own.pid)
		status = walk_process(&job);
	else if (own.space)
		status = walk(&job, own.space);
	else
		status = walk_file(&job);
	request->stop = own.stop;
	return status;
}

/* The request is of this version: it was made here. */
dwunw_status_t dwu_capture_event(struct dwunw_context *ctx,
				 const struct dwunw_event *event,
				 struct dwunw_unwind_request *request,
				 size_t *count)
{
	struct job job = {
		.ctx = ctx,
		.request = request,
		.input = event->input,
		.count = count,
		.event = true,
	};

	request->regs = &event->regs;
	request->returns = event->input.returns;
	request->return_count = event->input.return_count;
	if (!usable(request))
		return DWUNW_ERR_INVALID_ARG;
	if (!dwunw_arch_from_regset(request->regs))
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	job.input.regs = request->regs;
	return walk_process(&job);
}

static bool usable_thread(const struct dwunw_context *ctx,
			  const struct dwunw_unwind_request *request)
{
	return ctx && ctx->port && request->frames && request->max_frames &&
	       request->pid > 0 && request->tid > 0;
}

/*
 * Stops the thread for as long as a walk takes, and lets it go whatever comes.
 */
dwunw_status_t dwunw_thread_capture(struct dwunw_context *ctx,
				    struct dwunw_unwind_request *request,
				    struct dwunw_regset *regs, size_t *count)
{
	struct dwunw_unwind_request own;
	struct job job = { .ctx = ctx, .request = &own, .count = count };
	struct dwu_stopped stopped;
	dwunw_status_t status;
	int error;

	if (count)
		*count = 0;
	if (!request || !regs || !count ||
	    DWUNW_STRUCT_FROM(&own, stop, request) != DWUNW_OK ||
	    !usable_thread(ctx, &own))
		return DWUNW_ERR_INVALID_ARG;
	status = dwu_stopped_init(&stopped, own.pid, own.tid, regs);
	if (status != DWUNW_OK)
		return status;
	own.stop = (struct dwunw_stop){ 0 };
	own.regs = regs;
	fill_input(&job);
	job.stopped = &stopped;
	status = walk_process(&job);
	request->regs = regs;
	request->stop = own.stop;
	error = errno;
	dwu_stopped_free(&stopped);
	errno = error;
	return status;
}
