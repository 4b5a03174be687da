/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Calls the functions of expressions-x86_64.S, nested in each other. */
typedef unsigned long (*step_fn)(unsigned long depth);

unsigned long cfa_by_deref(unsigned long depth, step_fn next);
unsigned long reg_by_expression(unsigned long depth, step_fn next);
unsigned long reg_by_value(unsigned long depth, step_fn next);
unsigned long cfa_by_branch(unsigned long depth, step_fn next);
unsigned long cfa_by_arithmetic(unsigned long depth, step_fn next);
unsigned long cfa_in_r12(unsigned long depth, step_fn next);
unsigned long cfa_by_loop(unsigned long depth, step_fn next);
unsigned long reg_by_offset(unsigned long depth, step_fn next);
unsigned long hang_on_rbx(unsigned long depth, step_fn next,
			  unsigned long (*callee)(unsigned long, step_fn));
unsigned long call_next_pop(unsigned long depth, step_fn next);

static volatile unsigned long sink;

__attribute__((noinline)) static unsigned long step(unsigned long depth)
{
	for (unsigned i = 0; i < 10; i++)
		sink += depth * i;
	if (depth == 0)
		return sink;
	switch (depth % 9) {
	case 0:
		return cfa_by_deref(depth - 1, step) + 1;
	case 1:
		return hang_on_rbx(depth - 1, step, reg_by_expression) + 1;
	case 2:
		return hang_on_rbx(depth - 1, step, reg_by_value) + 1;
	case 3:
		return cfa_by_branch(depth - 1, step) + 1;
	case 4:
		return cfa_by_arithmetic(depth - 1, step) + 1;
	case 5:
		return cfa_in_r12(depth - 1, step) + 1;
	case 6:
		return cfa_by_loop(depth - 1, step) + 1;
	case 7:
		return reg_by_offset(depth - 1, step) + 1;
	default:
		return call_next_pop(depth - 1, step) + 1;
	}
}

int main(void)
{
	unsigned long total = 0;

	for (unsigned long i = 0; i < 200; i++)
		total += step(i % 25);
	return total == 1;
}
