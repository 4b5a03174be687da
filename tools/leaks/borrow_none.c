/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A target that has no borrow_TARGET.c. */
#include "borrow.h"

#include <stdio.h>

bool borrow_is_there(void)
{
	return false;
}

bool borrow_find(struct borrow_code *code, const uint8_t *bytes, size_t size,
		 uint64_t addr)
{
	(void)code;
	(void)bytes;
	(void)size;
	(void)addr;
	return false;
}

bool borrow_regs(int32_t tid, struct dwunw_regset *regs)
{
	(void)tid;
	(void)regs;
	return false;
}

bool borrow_is_new(int32_t tid)
{
	(void)tid;
	return false;
}

const char *borrow_refused(int32_t tid)
{
	(void)tid;
	return "not on this machine";
}

struct borrow *borrow_begin(int32_t tid, const struct borrow_code *code,
			    char *why, size_t why_size)
{
	(void)code;
	snprintf(why, why_size, "%s", borrow_refused(tid));
	return NULL;
}

void borrow_on_running(struct borrow *borrow, void (*running)(void *ctx),
		       void *ctx)
{
	(void)borrow;
	(void)running;
	(void)ctx;
}

uint64_t borrow_put(struct borrow *borrow, const void *bytes, size_t size)
{
	(void)borrow;
	(void)bytes;
	(void)size;
	return 0;
}

bool borrow_call(struct borrow *borrow, uint64_t function,
		 const uint64_t args[BORROW_ARGS], uint64_t *result, char *why,
		 size_t why_size)
{
	(void)borrow;
	(void)function;
	(void)args;
	(void)result;
	snprintf(why, why_size, "not on this machine");
	return false;
}

void borrow_end(struct borrow *borrow)
{
	(void)borrow;
}
