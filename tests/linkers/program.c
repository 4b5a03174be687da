/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * program HOW END - prints the chain of calls that it is in, a line of address
 * and function each, then stops. HOW changes its mappings before that:
 *
 *	plain	leaves them alone
 *	split	makes the page of a function writable
 *	part	unmaps what was loaded of it only to be read
 *	moved	copies its code to memory without a file, at the same place
 *
 * END is `wait`, for ever, or `abort`.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chain.h"

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* kept here: what is unmapped may hold the strings */
static bool moved, part, split, stop;
static uintptr_t page;

static void fail(const char *what)
{
	perror(what);
	_exit(1);
}

/* The pages of a segment as they are mapped. */
static char *pages(const ElfW(Phdr) * p, const ElfW(Phdr) * first, size_t *size)
{
	uintptr_t from =
		(uintptr_t)&__ehdr_start + (p->p_vaddr - first->p_vaddr);
	uintptr_t to = (from + p->p_filesz + page - 1) & ~(page - 1);

	from &= ~(page - 1);
	*size = to - from;
	return (char *)from;
}

/* Nothing runs here between the copy and the change but the kernel. */
static void move(char *at, size_t size)
{
	char *copy = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		fail("mmap");
	memcpy(copy, at, size);
	if (mprotect(copy, size, PROT_READ | PROT_EXEC))
		fail("mprotect");
	if (mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at) != at)
		fail("mremap");
}

static void change(const ElfW(Phdr) * p, char *at, size_t size)
{
	uintptr_t here = (uintptr_t)middle & ~(page - 1);

	if (moved && (p->p_flags & PF_X))
		move(at, size);
	if (part && p->p_flags == PF_R && munmap(at, size))
		fail("munmap");
	if (split && (p->p_flags & PF_X) &&
	    mprotect((void *)here, page, PROT_READ | PROT_WRITE | PROT_EXEC))
		fail("mprotect");
}

static void change_all(void)
{
	const ElfW(Phdr) *first = NULL, *p;
	ElfW(Phdr) all[16];
	unsigned int i, count = __ehdr_start.e_phnum;
	char *at;
	size_t size;

	if (count > 16)
		fail("too many program headers");
	memcpy(all, (const char *)&__ehdr_start + __ehdr_start.e_phoff,
	       count * sizeof(*all));
	for (i = 0; i < count; i++) {
		p = &all[i];
		if (p->p_type != PT_LOAD)
			continue;
		if (!first)
			first = p;
		at = pages(p, first, &size);
		change(p, at, size);
	}
	if (stop)
		abort();
	for (;;)
		pause();
}

__attribute__((noinline)) static int leaf(struct chain *chain, int n)
{
	int i;

	TELL(chain, "inner");
	/* the innermost last */
	for (i = chain->count - 1; i >= 0; i--)
		printf("%#lx %s\n", (unsigned long)chain->told[i].pc,
		       chain->told[i].name);
	printf("end\n");
	fflush(stdout);
	change_all();
	return n;
}

__attribute__((noinline)) int outer(struct chain *chain, int n);
__attribute__((noinline)) int outer(struct chain *chain, int n)
{
	TELL(chain, "main");
	return middle(chain, n + 2) - 1;
}

int main(int argc, char **argv)
{
	struct chain chain = { .leaf = leaf };

	if (argc != 3)
		return 2;
	moved = !strcmp(argv[1], "moved");
	part = !strcmp(argv[1], "part");
	split = !strcmp(argv[1], "split");
	stop = !strcmp(argv[2], "abort");
	page = (uintptr_t)sysconf(_SC_PAGESIZE);
	return outer(&chain, argc) & 1;
}
