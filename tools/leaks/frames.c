/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "frames.h"

#include "streams.h"

#include <inttypes.h>
#include <string.h>

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void named_frame_print_module(FILE *out, const struct dwunw_named_frame *named,
			      const char *before)
{
	fprintf(out, "%s[", before);
	put_name(out, base_name(named->module));
	putc(']', out);
}

void named_frame_print_line(FILE *out, const struct dwunw_named_frame *named)
{
	if (named->file)
		fprintf(out, " %s:%" PRIu32, named->file, named->line);
}

void named_frame_print_inlined(FILE *out, const struct dwunw_named_frame *named)
{
	const struct dwunw_symbol_info *info;
	size_t count = 0;

	for (info = named->inlined; info; info = info->inlined)
		count++;
	while (count--) {
		info = &named->inlined[count];
		fprintf(out, "\t%24s%s (inlined)", "",
			info->function ? info->function : "??");
		if (info->file)
			fprintf(out, " %s:%" PRIu32, info->file, info->line);
		fputc('\n', out);
	}
}

static void print_function(FILE *out, const struct dwunw_named_frame *named)
{
	if (named->function)
		fprintf(out, "  %s+0x%" PRIx64, named->function, named->offset);
	else if (named->module[0])
		fprintf(out, "  0x%" PRIx64, named->frame.vaddr);
}

static void print_frame(FILE *out, uint32_t index,
			const struct dwunw_named_frame *named)
{
	char how[32];

	named_frame_print_inlined(out, named);
	fprintf(out, "\t#%-2" PRIu32 " 0x%016" PRIx64, index, named->frame.pc);
	print_function(out, named);
	named_frame_print_line(out, named);
	if (named->module[0])
		named_frame_print_module(out, named, "  ");
	if (dwunw_frame_text(&named->frame, how, sizeof(how))[0])
		fprintf(out, "  (%s)", how);
	fputc('\n', out);
}

static void print_fp(FILE *out, const struct dwunw_stack *stack)
{
	fprintf(out, "\tframe pointers: %" PRIu32 " frames\n", stack->fp_count);
	for (uint32_t i = 0; i < stack->fp_count; i++) {
		uint32_t same = 0;

		while (same < stack->count &&
		       stack->frames[same].frame.pc != stack->fp[i])
			same++;
		fprintf(out, "\t   #%-2" PRIu32 " 0x%016" PRIx64, i,
			stack->fp[i]);
		if (same < stack->count)
			print_function(out, &stack->frames[same]);
		fputc('\n', out);
	}
}

/* Of a stack that the copy cuts off no caller further out is known. */
void stack_print_end(FILE *out, const struct dwunw_stack *stack)
{
	if (stack->stop_text[0])
		fprintf(out, "\tends here: %s\n", stack->stop_text);
	if (stack->stop.reason == DWUNW_STOP_TRUNCATED)
		fprintf(out, "\tstacks that differ further out are this one "
			     "entry: --stack-bytes N copies more (28672 at "
			     "most)\n");
}

void stack_print(FILE *out, const struct dwunw_stack *stack)
{
	for (uint32_t i = 0; i < stack->count; i++)
		print_frame(out, i, &stack->frames[i]);
	stack_print_end(out, stack);
	if (stack->fp)
		print_fp(out, stack);
}
