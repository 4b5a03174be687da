/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * stacks.c - stacks by hash of their frames, keys by hash.
 */
#include <dwunw/heap.h>

#include <stdlib.h>
#include <string.h>

static uint64_t hash_step(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * 0x9e3779b97f4a7c15u ^ hash >> 29;
}

/* Code without a file is one process's own; 0: there is none. */
static int32_t owner_of(const struct dwunw_frame *frames, size_t count,
			int32_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (!frames[i].module)
			return pid;
	return 0;
}

/* A file's code by where it is there, wherever a process has it. */
static uint64_t place_of(const struct dwunw_frame *frame)
{
	return frame->module ? frame->vaddr : frame->pc;
}

static uint64_t hash_frames(const struct dwunw_frame *frames, size_t count,
			    int32_t owner)
{
	uint64_t hash = hash_step(count, (uint32_t)owner);

	for (size_t i = 0; i < count; i++)
		hash = hash_step(hash_step(hash, place_of(&frames[i])),
				 frames[i].module);
	return hash;
}

static bool same_frames(const struct dwunw_stack *stack,
			const struct dwunw_frame *frames, size_t count,
			int32_t owner)
{
	if (stack->count != count || stack->owner != owner)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct dwunw_frame *frame = &stack->frames[i].frame;

		if (place_of(frame) != place_of(&frames[i]) ||
		    frame->module != frames[i].module)
			return false;
	}
	return true;
}

/* What the resolver keeps until its next answer only. Without memory: none. */
static struct dwunw_symbol_info *
copy_inlined(const struct dwunw_symbol_info *first)
{
	const struct dwunw_symbol_info *info;
	struct dwunw_symbol_info *copy;
	size_t count = 0;

	for (info = first; info; info = info->inlined)
		count++;
	copy = count ? calloc(count, sizeof(*copy)) : NULL;
	for (size_t i = 0; copy && i < count; i++, first = first->inlined) {
		copy[i] = *first;
		copy[i].inlined = i + 1 < count ? &copy[i + 1] : NULL;
	}
	return copy;
}

/*
 * Where the call is. An event's own pc is a return address, too, if it was taken
 * when the allocator returned: not `exact`.
 */
static void name_frame(struct dwunw_named_frame *named, bool exact,
		       struct dwunw_context *ctx,
		       struct dwunw_symbol_resolver *resolver, int32_t pid)
{
	struct dwunw_frame frame = named->frame;
	const char *label = dwunw_module_label(ctx, frame.module);
	struct dwunw_symbol_info info;

	if (frame.how == DWUNW_HOW_EVENT && !exact)
		frame.how = DWUNW_HOW_CFI;
	named->module = label ? label : "";
	/* musl's trampoline has no symbol, its neighbour has */
	if (frame.flags & DWUNW_FRAME_FLAG_SIGNAL) {
		named->function = "<signal trampoline>";
		return;
	}
	if (dwunw_symbol_frame(resolver, ctx, pid, &frame, &info) ||
	    !(info.flags & DWUNW_SYMBOL_FLAG_FUNCTION))
		return;
	named->function = info.function;
	named->offset = info.offset;
	named->file = info.file;
	named->line = info.line;
	named->inlined = copy_inlined(info.inlined);
}

static bool grow_stacks(struct dwunw_stacks *stacks)
{
	uint32_t size = stacks->all_size ? stacks->all_size * 2 : 256;
	struct dwunw_stack **all = calloc(size, sizeof(*all));

	if (!all)
		return false;
	for (uint32_t i = 0; i < stacks->all_size; i++) {
		struct dwunw_stack *stack = stacks->all[i];
		uint64_t at = stack ? stack->hash : 0;

		while (stack && all[at & (size - 1)])
			at++;
		if (stack)
			all[at & (size - 1)] = stack;
	}
	free(stacks->all);
	stacks->all = all;
	stacks->all_size = size;
	return true;
}

struct dwunw_stack *dwunw_stacks_intern(struct dwunw_stacks *stacks,
					const struct dwunw_frame *frames,
					size_t count, int32_t pid, bool *is_new)
{
	int32_t owner = owner_of(frames, count, pid);
	uint64_t hash = hash_frames(frames, count, owner), at = hash;
	struct dwunw_stack *stack, **slot;

	*is_new = false;
	if (stacks->count >= stacks->all_size / 2 && !grow_stacks(stacks))
		return NULL;
	for (;; at++) {
		slot = &stacks->all[at & (stacks->all_size - 1)];
		if (!*slot)
			break;
		if ((*slot)->hash == hash &&
		    same_frames(*slot, frames, count, owner))
			return *slot;
	}
	if (stacks->max && stacks->count >= stacks->max)
		return NULL;
	stack = calloc(1, sizeof(*stack) + count * sizeof(*stack->frames));
	if (!stack)
		return NULL;
	stack->frames = (struct dwunw_named_frame *)(stack + 1);
	stack->hash = hash;
	stack->owner = owner;
	stack->pid = (uint32_t)pid;
	stack->count = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		stack->frames[i].frame = frames[i];
		stack->frames[i].module = "";
	}
	*slot = stack;
	stacks->count++;
	*is_new = true;
	return stack;
}

/* "__pthread_create_2_1", "pthread_create@@GLIBC_2.34" */
static bool is_thread_maker(const char *function)
{
	static const char name[] = "pthread_create";

	function += strspn(function, "_");
	if (strncmp(function, name, sizeof(name) - 1))
		return false;
	function += sizeof(name) - 1;
	return !*function || *function == '@' || !strncmp(function, "_2_", 3);
}

/* It calls nobody's code but the C library's, which is a frame or three. */
static bool is_of_thread(const struct dwunw_stack *stack)
{
	for (uint32_t i = 0; i < stack->count && i < 4; i++) {
		const char *function = stack->frames[i].function;

		if (function && is_thread_maker(function))
			return true;
	}
	return false;
}

/* "free", "cfree", "__libc_free", "__GI___libc_free", "je_free", …, of a file that
 * is an allocator. */
static bool is_free(const char *function)
{
	size_t size = strcspn(function, "@");

	if (size < 4 || strncmp(function + size - 4, "free", 4))
		return false;
	size -= 4;
	return !size || function[size - 1] == '_' ||
	       (size == 1 && *function == 'c');
}

/*
 * A thread whose first call of the allocator is free has its tables made there,
 * and they may be mapped: no block, as what malloc maps is none. All frames up to
 * free's are the allocator's own file's.
 */
static bool is_of_free(const struct dwunw_stack *stack)
{
	for (uint32_t i = 0; i < stack->count && i < 8; i++) {
		const struct dwunw_named_frame *named = &stack->frames[i];

		if (!named->frame.module ||
		    named->frame.module != stack->frames[0].frame.module)
			return false;
		if (named->function && is_free(named->function))
			return true;
	}
	return false;
}

void dwunw_stack_set_end(struct dwunw_stack *stack, struct dwunw_context *ctx,
			 const struct dwunw_stop *stop)
{
	stack->stop = *stop;
	dwunw_stop_text(ctx, stop, stack->stop_text, sizeof(stack->stop_text));
}

void dwunw_stack_set_names(struct dwunw_stack *stack, struct dwunw_context *ctx,
			   struct dwunw_symbol_resolver *resolver, int32_t pid)
{
	for (uint32_t i = 0; i < stack->count; i++)
		name_frame(&stack->frames[i], stack->exact, ctx, resolver, pid);
	stack->of_thread = is_of_thread(stack);
	stack->of_free = is_of_free(stack);
}

static struct dwunw_stack_key *key_slot(struct dwunw_stack_key *keys,
					uint32_t size, uint64_t key)
{
	uint64_t at = hash_step(key, key >> 32) >> 20;

	while (keys[at & (size - 1)].stack && keys[at & (size - 1)].key != key)
		at++;
	return &keys[at & (size - 1)];
}

struct dwunw_stack_key *dwunw_stacks_find_key(const struct dwunw_stacks *stacks,
					      uint64_t key)
{
	struct dwunw_stack_key *slot;

	if (!stacks->key_size)
		return NULL;
	slot = key_slot(stacks->keys, stacks->key_size, key);
	return slot->stack ? slot : NULL;
}

/* Copies what is to be kept to a new table of `size` slots. */
static bool rebuild_keys(struct dwunw_stacks *stacks, uint32_t size, bool all,
			 uint64_t time_ns)
{
	struct dwunw_stack_key *keys = calloc(size, sizeof(*keys));

	if (!keys)
		return false;
	stacks->key_count = 0;
	for (uint32_t i = 0; i < stacks->key_size; i++) {
		struct dwunw_stack_key *key = &stacks->keys[i];

		if (!key->stack ||
		    !(all || key->live || key->time_ns >= time_ns))
			continue;
		*key_slot(keys, size, key->key) = *key;
		stacks->key_count++;
	}
	free(stacks->keys);
	stacks->keys = keys;
	stacks->key_size = size;
	return true;
}

bool dwunw_stacks_put_key(struct dwunw_stacks *stacks, uint64_t key,
			  uint64_t time_ns, struct dwunw_stack *stack)
{
	struct dwunw_stack_key *slot;

	if (stacks->key_count >= stacks->key_size / 2 &&
	    !rebuild_keys(stacks,
			  stacks->key_size ? stacks->key_size * 2 : 1024, true,
			  0))
		return false;
	slot = key_slot(stacks->keys, stacks->key_size, key);
	stacks->key_count += !slot->stack;
	*slot = (struct dwunw_stack_key){ key, time_ns, stack, false };
	return true;
}

void dwunw_stacks_sweep_keys(struct dwunw_stacks *stacks, uint64_t time_ns)
{
	uint32_t kept = 0, size = 1024;

	for (uint32_t i = 0; i < stacks->key_size; i++) {
		const struct dwunw_stack_key *key = &stacks->keys[i];

		kept += key->stack && (key->live || key->time_ns >= time_ns);
	}
	while (size / 4 < kept)
		size *= 2;
	rebuild_keys(stacks, size, false, time_ns);
	for (uint32_t i = 0; i < stacks->key_size; i++)
		stacks->keys[i].live = false;
}

static const struct dwunw_named_frame *
main_frame(const struct dwunw_stack *stack)
{
	for (uint32_t i = 0; i < stack->count; i++) {
		const struct dwunw_named_frame *named = &stack->frames[i];

		if (named->function && !strcmp(named->function, "main"))
			return named;
	}
	return NULL;
}

bool dwunw_stack_reaches_main(const struct dwunw_stack *stack)
{
	return dwunw_stop_is_complete(stack->stop.reason) || main_frame(stack);
}

/* Every frame up to main, in order, is in the kernel's walk as well. */
bool dwunw_stack_fp_reaches_main(const struct dwunw_stack *stack)
{
	const struct dwunw_named_frame *last = main_frame(stack);
	uint32_t count = last ? (uint32_t)(last - stack->frames) + 1 :
				stack->count;

	if (!stack->fp || stack->fp_count < count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (stack->fp[i] != stack->frames[i].frame.pc)
			return false;
	}
	return true;
}

static void free_stack(struct dwunw_stack *stack)
{
	if (!stack)
		return;
	for (uint32_t i = 0; i < stack->count; i++)
		free(stack->frames[i].inlined);
	free(stack->fp);
	free(stack);
}

void dwunw_stacks_free(struct dwunw_stacks *stacks)
{
	for (uint32_t i = 0; i < stacks->all_size; i++)
		free_stack(stacks->all[i]);
	free(stacks->all);
	free(stacks->keys);
	*stacks = (struct dwunw_stacks){ 0 };
}
