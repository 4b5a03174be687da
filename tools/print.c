/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/print.c - a stack as text, and images that have no file.
 */
#include "cmd.h"

#include <dwunw/bounds.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Frames asked for at first. */
#define FRAMES_FIRST 256u

dwunw_status_t dwu_printer_init(struct dwu_printer *printer,
				struct dwunw_context *ctx)
{
	const struct dwunw_symbol_config config = {
		.memory_max = 2 * ctx->config.tables_max,
		.debug_dirs = ctx->config.debug_dirs,
		.sysroot = ctx->config.sysroot,
		.log = ctx->config.log,
		.log_ctx = ctx->config.log_ctx,
	};

	printer->ctx = ctx;
	printer->frame_count = FRAMES_FIRST;
	printer->frames = dwu_cmd_alloc(FRAMES_FIRST, sizeof(*printer->frames));
	return dwunw_symbol_resolver_init(&printer->names, &config);
}

void dwu_printer_free(struct dwu_printer *printer)
{
	free(printer->frames);
	printer->frames = NULL;
	dwunw_symbol_resolver_shutdown(&printer->names);
}

dwunw_status_t dwu_printer_capture(struct dwu_printer *printer,
				   struct dwunw_unwind_request *request,
				   size_t *count)
{
	struct dwunw_regset regs;
	dwunw_status_t status;

	for (;;) {
		request->frames = printer->frames;
		request->max_frames = printer->frame_count;
		status = printer->pid ?
				 dwunw_thread_capture(printer->ctx, request,
						      &regs, count) :
				 dwunw_capture(printer->ctx, request, count);
		if (status || request->stop.reason != DWUNW_STOP_LIMIT ||
		    printer->frame_count >= DWUNW_FRAMES_MAX)
			return status;
		printer->frame_count *= 8;
		if (printer->frame_count > DWUNW_FRAMES_MAX)
			printer->frame_count = DWUNW_FRAMES_MAX;
		printer->frames = dwu_cmd_grow(printer->frames,
					       printer->frame_count,
					       sizeof(*printer->frames));
	}
}

/* Of a core: what is known of vaddr; false: no function. */
static bool name_at(struct dwu_printer *printer, const struct dwu_place *place,
		    const struct dwunw_frame *frame,
		    struct dwunw_symbol_info *info)
{
	uint64_t vaddr = dwunw_frame_lookup(frame, frame->vaddr);
	struct dwunw_symbol_input input = { .module_path = place->file,
					    .pc = vaddr };
	struct dwunw_elf_symbol sym;

	if (place->vdso) {
		if (dwunw_symtab_by_vaddr(&place->vdso->symbols, vaddr, &sym))
			return false;
		info->offset = frame->vaddr - sym.vaddr;
		info->function = sym.name;
		return true;
	}
	if (!frame->module || !place->file[0] ||
	    dwunw_symbol_resolve_batch(&printer->names, &input, info, 1))
		return false;
	info->offset += frame->vaddr - vaddr;
	return info->function;
}

/* What was inlined stands above, innermost first. */
static void print_inlined(const struct dwunw_symbol_info *info)
{
	const struct dwunw_symbol_info *levels[64];
	size_t count = 0;

	for (info = info->inlined; info && count < 64; info = info->inlined)
		levels[count++] = info;
	while (count--) {
		printf("%24s", "");
		dwu_cmd_print_name(levels[count]);
		dwu_cmd_print_line(levels[count]);
		putchar('\n');
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void print_frame(struct dwu_printer *printer, size_t number,
			const struct dwunw_frame *frame)
{
	uint64_t pc = dwunw_frame_lookup(frame, frame->pc);
	static struct dwu_place place;
	struct dwunw_symbol_info info = { 0 };
	bool named = false;
	char how[32];

	memset(&place, 0, sizeof(place));
	printer->locate(printer->locate_ctx, pc, &place);
	if (printer->pid)
		named = !dwunw_symbol_frame(&printer->names, printer->ctx,
					    printer->pid, frame, &info) &&
			info.function;
	else
		named = name_at(printer, &place, frame, &info);
	print_inlined(&info);
	printf("#%-2zu 0x%016" PRIx64 "  ", number, frame->pc);
	if (named)
		dwu_cmd_print_name(&info);
	else
		fputs(frame->flags & DWUNW_FRAME_FLAG_SIGNAL ?
			      "<signal trampoline>" :
			      "??",
		      stdout);
	dwu_cmd_print_line(&info);
	if (place.label[0]) {
		fputs("  [", stdout);
		dwu_cmd_put(printer->full_paths ? place.label :
						  base_name(place.label));
		putchar(']');
	}
	if (dwunw_frame_text(frame, how, sizeof(how))[0])
		printf("  (%s)", how);
	putchar('\n');
}

void dwu_printer_print(struct dwu_printer *printer, int32_t tid,
		       const struct dwunw_unwind_request *request, size_t count)
{
	char text[8192];
	size_t i;

	printf("TID %" PRId32 ":\n", tid);
	for (i = 0; i < count; i++)
		print_frame(printer, i, &printer->frames[i]);
	if (request->stop.reason != DWUNW_STOP_ROOT)
		printf("    %s\n", dwunw_stop_text(printer->ctx, &request->stop,
						   text, sizeof(text)));
	fflush(stdout);
}

static void open_symbols(struct dwu_vdso *vdso)
{
	struct dwunw_arena arena;
	size_t size = 1u << 16;
	dwunw_status_t status;
	int attempt;

	for (attempt = 0; attempt < 3; attempt++) {
		free(vdso->symbols_memory);
		vdso->symbols_memory = dwu_cmd_alloc(1, size);
		dwunw_arena_init(&arena, vdso->symbols_memory, size);
		status = dwunw_symtab_open(&vdso->symbols, &vdso->module.elf,
					   &arena);
		vdso->has_symbols = !status;
		if (status != DWUNW_ERR_NO_MEMORY)
			return;
		size = arena.wanted + DWUNW_ARENA_ALIGN;
	}
}

dwunw_status_t dwu_vdso_open(struct dwu_vdso *vdso, uint64_t addr,
			     uint64_t size, uint32_t serial,
			     dwunw_read_memory_fn read, void *ctx)
{
	struct dwunw_arena arena;
	struct dwunw_source src;
	dwunw_status_t status;
	size_t room = 1u << 16;
	int attempt;

	memset(vdso, 0, sizeof(*vdso));
	vdso->copy = dwu_cmd_alloc(1, (size_t)size);
	vdso->bytes.data = vdso->copy;
	vdso->bytes.size = (size_t)size;
	if (read(ctx, addr, vdso->copy, (size_t)size))
		return DWUNW_ERR_IO;
	dwunw_source_from_span(&src, &vdso->bytes);
	for (attempt = 0; attempt < 3; attempt++) {
		free(vdso->module_memory);
		vdso->module_memory = dwu_cmd_alloc(1, room);
		dwunw_arena_init(&arena, vdso->module_memory, room);
		status = dwunw_module_open(&vdso->module, &src, serial, &arena);
		if (status != DWUNW_ERR_NO_MEMORY)
			break;
		room = arena.wanted + DWUNW_ARENA_ALIGN;
	}
	if (!status)
		open_symbols(vdso);
	return status;
}

void dwu_vdso_free(struct dwu_vdso *vdso)
{
	free(vdso->copy);
	free(vdso->symbols_memory);
	free(vdso->module_memory);
	memset(vdso, 0, sizeof(*vdso));
}
