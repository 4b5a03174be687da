/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* frames.h - stacks with names as lines of text. */
#ifndef FRAMES_H
#define FRAMES_H

#include <dwunw/heap.h>
#include <stdio.h>

/* Behind the last slash. */
const char *base_name(const char *path);
void stack_print(FILE *out, const struct dwunw_stack *stack);
/* Why it ends, if it is not whole, and which option shows more. */
void stack_print_end(FILE *out, const struct dwunw_stack *stack);
/* before, "[", the file's name, "]" */
void named_frame_print_module(FILE *out, const struct dwunw_named_frame *named,
			      const char *before);
/* " file:line", or nothing */
void named_frame_print_line(FILE *out, const struct dwunw_named_frame *named);
/* What was inlined there, a line each, innermost first. */
void named_frame_print_inlined(FILE *out,
			       const struct dwunw_named_frame *named);

#endif
