/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * stacks.h - every different stack once, with its names, and which one a
 * key stands for.
 */
#ifndef STACKS_H
#define STACKS_H

#include <dwunw/linux.h>
#include <dwunw/symbols.h>

#include <stdio.h>

#define STACK_FRAMES 128

struct named_frame {
	struct dwunw_frame frame;
	const char *function; /* NULL: not known */
	uint64_t offset;
	const char *module; /* a path, or "" */
	const char *file;   /* of the source; NULL: not known */
	uint32_t line;
	/* calls that were inlined there, inwards; a copy, NULL: none */
	struct dwunw_symbol_info *inlined;
};

struct stack {
	uint64_t hash;
	uint64_t bytes;	 /* the tool's: live, as of the last report */
	uint64_t blocks; /* the tool's: their number */
	uint64_t seen;	 /* the tool's: events, */
	uint64_t joined; /* and those that frame pointers went on with */
	bool judged;	 /* the tool's */
	uint64_t *fp;	 /* the kernel's walk of the same, or NULL */
	uint32_t fp_count;
	uint32_t count;
	bool named; /* naming.h */
	/* by pthread_create itself: a thread's stack, its tables */
	bool of_thread;
	/* by free itself: what an allocator maps for a thread's tables */
	bool of_free;
	int32_t owner; /* whose code has no file; 0: all of it has one */
	struct dwunw_stop stop;
	char stop_text[256];
	struct named_frame frames[];
};

struct stack_key {
	uint64_t key;
	uint64_t time_ns;
	struct stack *stack; /* NULL: this slot is free */
	bool live;
};

/* Zeroed: empty. Both tables are hashed, of 2^n slots, half of them free. */
struct stacks {
	struct stack **all;
	uint32_t all_size;
	uint32_t count;
	uint32_t max; /* different stacks; 0: no limit */
	struct stack_key *keys;
	uint32_t key_size;
	uint32_t key_count;
};

/* The stack equal to these frames of pid's, made if it is new: then it has no names
 * and no end yet. NULL: no memory, or there are max already. */
struct stack *stacks_intern(struct stacks *stacks,
			    const struct dwunw_frame *frames, size_t count,
			    int32_t pid, bool *is_new);

/* Why it ends, for a new one. */
void stack_set_end(struct stack *stack, struct dwunw_context *ctx,
		   const struct dwunw_stop *stop);
/* Soon, for a new one: later the process and its files may be gone. */
void stack_set_names(struct stack *stack, struct dwunw_context *ctx,
		     struct dwunw_symbol_resolver *resolver, int32_t pid);

bool stacks_put_key(struct stacks *stacks, uint64_t key, uint64_t time_ns,
		    struct stack *stack);
/* NULL: that key is not known. */
struct stack_key *stacks_find_key(const struct stacks *stacks, uint64_t key);
/* Forgets keys older than time_ns that are not marked live; clears marks. */
void stacks_sweep_keys(struct stacks *stacks, uint64_t time_ns);

/* Behind the last slash. */
const char *base_name(const char *path);
void stack_print(FILE *out, const struct stack *stack);
/* " file:line", or nothing; what was inlined there, a line each, innermost
 * first. */
/* before, "[", the file's name, "]" */
void named_frame_print_module(FILE *out, const struct named_frame *named,
			      const char *before);
void named_frame_print_line(FILE *out, const struct named_frame *named);
void named_frame_print_inlined(FILE *out, const struct named_frame *named);
/* Does it show everything from the allocator's caller up to main? */
bool stack_reaches_main(const struct stack *stack);
bool stack_fp_reaches_main(const struct stack *stack);
void stacks_free(struct stacks *stacks);

#endif
