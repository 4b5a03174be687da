/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* dump FILE - all of a recording as lines, by the library's reader alone. */
#include <dwunw/record.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t *slurp(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	uint8_t *bytes = malloc(64u << 20);

	if (!in || !bytes) {
		perror(path);
		exit(2);
	}
	*size = fread(bytes, 1, 64u << 20, in);
	fclose(in);
	return bytes;
}

static void print_stack(const struct dwunw_recording *r, uint32_t number)
{
	const struct dwunw_recording_stack *stack = &r->stacks[number - 1];

	printf("stack %" PRIu32 " %016" PRIx64 " flags %" PRIx32, number,
	       stack->id, stack->flags);
	for (uint32_t i = 0; i < stack->count; i++) {
		const struct dwunw_recording_frame *frame =
			&r->frames[stack->frames[i] - 1];

		printf(" %s", frame->name ? frame->name->at.function : "?");
	}
	printf(" ends %s\n", stack->end[0] ? stack->end : "whole");
}

static void print_files(const struct dwunw_recording *r)
{
	for (uint32_t i = 0; i < r->process_count; i++)
		printf("process %" PRIu32 " pid %" PRId32
		       " name %s command %s\n",
		       i + 1, r->processes[i].pid, r->processes[i].name,
		       r->processes[i].command);
	for (uint32_t i = 0; i < r->file_count; i++)
		printf("file %" PRIu32 " %016" PRIx64 " build id %" PRIu32
		       " path %s\n",
		       i + 1, r->files[i].identity, r->files[i].build_id_size,
		       r->files[i].path);
	for (uint32_t i = 0; i < r->map_count; i++)
		printf("maps of process %" PRIu32 ": %" PRIu32 "\n",
		       r->maps[i].process, r->maps[i].count);
}

int main(int argc, char **argv)
{
	struct dwunw_recording r;
	size_t size;
	uint8_t *bytes = argc > 1 ? slurp(argv[1], &size) : NULL;
	dwunw_status_t status;

	if (!bytes)
		return 2;
	status = dwunw_recording_read(&r, bytes, size, NULL);
	printf("status %d end %" PRIu32 " steps %" PRIu32 " bytes %zu %s\n",
	       status, r.end, r.step_count, size, r.end_text);
	printf("head arch %u data %u class %u unit %" PRIu32 " kernel %s\n",
	       r.head.arch, r.head.data, r.head.elf_class, r.head.unit,
	       r.head.kernel);
	print_files(&r);
	for (uint32_t i = 0; i < r.stack_count; i++)
		print_stack(&r, i + 1);
	for (uint32_t i = 0; i < r.total_count; i++) {
		const struct dwunw_recording_entry *entry = &r.totals[i];

		printf("total stack %" PRIu32 " process %" PRIu32, entry->stack,
		       entry->process);
		for (uint32_t k = 0; k < entry->count; k++)
			printf(" %u=%" PRId64, entry->values[k].field,
			       entry->values[k].amount);
		putchar('\n');
	}
	dwunw_recording_free(&r);
	return status != 0;
}
