/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * counter.so: preloaded, counts what a program has allocated and not freed, in
 * each of its processes; what a leak tool has to say. Nothing of it is the
 * tool's: it stands between the program and the allocator.
 *
 *   $COUNTER/PID	a process: struct told, up to date at any time, and after
 *			its end
 *   $COUNTER/on	nothing is counted while its first word is 0
 *
 * Only the outermost call of a thread counts, as with the tool: what an allocator
 * maps for itself is no block. What a C library maps for itself is not seen, so
 * threads are given stacks of their own by the tests' programs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))
#define MAPS 65536u
#define PAGE_SIZE 4096u

struct told {
	uint64_t busy;	/* threads inside of an allocator now */
	uint64_t calls; /* that gave a block */
	uint64_t blocks;
	uint64_t bytes;
	uint64_t maps;
	uint64_t map_bytes;
	uint64_t full; /* more than there is room for: no counts are right */
};

struct block {
	uintptr_t at;
	size_t size;
};

/* A process's own: zeroed by the kernel in what it forks. */
struct state {
	int lock;
	int ready;
	struct told *told;
	volatile uint64_t *on;
	struct block *blocks; /* by hash of their address */
	size_t room;	      /* a power of two */
	struct block *maps;
	size_t map_count;
};

static struct state *state;
static struct told nobody;
static volatile uint64_t always = 1;
static __thread int depth __attribute__((tls_model("initial-exec")));

/* --- without the C library ------------------------------------------------- */

static void *raw_map(size_t size, int fd)
{
	long at = syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
			  fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd,
			  0l);

	return at == -1 ? NULL : (void *)at;
}

static void *map_file(const char *name, int flags, size_t size)
{
	const char *dir = getenv("COUNTER");
	char path[512];
	void *at = NULL;
	int fd;

	if (!dir || strlen(dir) + strlen(name) + 2 > sizeof(path))
		return NULL;
	strcpy(path, dir);
	strcat(path, "/");
	strcat(path, name);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0666);
	if (fd < 0)
		return NULL;
	if (!(flags & O_CREAT) || !syscall(SYS_ftruncate, fd, (long)size))
		at = raw_map(size, fd);
	syscall(SYS_close, fd);
	return at;
}

static void digits(char *text, unsigned long value)
{
	unsigned long rest = value;
	int count = 1;

	while (rest /= 10)
		count++;
	text[count] = 0;
	while (count--) {
		text[count] = (char)('0' + value % 10);
		value /= 10;
	}
}

static void lock(void)
{
	while (__atomic_exchange_n(&state->lock, 1, __ATOMIC_ACQUIRE))
		syscall(SYS_sched_yield);
}

static void unlock(void)
{
	__atomic_store_n(&state->lock, 0, __ATOMIC_RELEASE);
}

/* The first call of a process, and of one that was forked. */
static void begin(void)
{
	char pid[32];

	lock();
	if (!state->ready) {
		digits(pid, (unsigned long)syscall(SYS_getpid));
		state->told = map_file(pid, O_RDWR | O_CREAT | O_TRUNC,
				       sizeof(struct told));
		state->on = map_file("on", O_RDWR, sizeof(uint64_t));
		if (!state->told)
			state->told = &nobody;
		if (!state->on)
			state->on = &always;
		state->room = 4096;
		state->blocks = raw_map(state->room * sizeof(struct block), -1);
		state->maps = raw_map(MAPS * sizeof(struct block), -1);
		__atomic_store_n(&state->ready, 1, __ATOMIC_RELEASE);
	}
	unlock();
}

/* Is this call the program's own? */
static int enter(void)
{
	static int first;

	if (depth++)
		return 0;
	if (!state) {
		while (__atomic_exchange_n(&first, 1, __ATOMIC_ACQUIRE))
			syscall(SYS_sched_yield);
		if (!state) {
			struct state *made = raw_map(sizeof(*made), -1);

			syscall(SYS_madvise, made, PAGE_SIZE, MADV_WIPEONFORK);
			state = made;
		}
		__atomic_store_n(&first, 0, __ATOMIC_RELEASE);
	}
	if (!__atomic_load_n(&state->ready, __ATOMIC_ACQUIRE))
		begin();
	__atomic_fetch_add(&state->told->busy, 1, __ATOMIC_SEQ_CST);
	return 1;
}

static void leave(int outermost)
{
	depth--;
	if (outermost)
		__atomic_fetch_sub(&state->told->busy, 1, __ATOMIC_SEQ_CST);
}

/* --- blocks ---------------------------------------------------------------- */

static size_t place(uintptr_t at)
{
	return (size_t)((at >> 4) * 0x9e3779b97f4a7c15u >> 20) &
	       (state->room - 1);
}

static struct block *find(uintptr_t at)
{
	size_t i = place(at);

	while (state->blocks[i].at && state->blocks[i].at != at)
		i = (i + 1) & (state->room - 1);
	return &state->blocks[i];
}

static void grow(void)
{
	struct block *old = state->blocks;
	size_t room = state->room;

	state->blocks = raw_map(2 * room * sizeof(*old), -1);
	state->room = 2 * room;
	for (size_t i = 0; i < room; i++)
		if (old[i].at)
			*find(old[i].at) = old[i];
	syscall(SYS_munmap, old, room * sizeof(*old));
}

static void add(void *at, size_t size)
{
	struct told *told = state->told;
	struct block *block;

	if (!at || !*state->on)
		return;
	lock();
	if (told->blocks >= state->room / 2)
		grow();
	block = find((uintptr_t)at);
	if (block->at) { /* freed by a way that is not seen here */
		told->blocks--;
		told->bytes -= block->size;
	}
	*block = (struct block){ (uintptr_t)at, size };
	told->calls++;
	told->blocks++;
	told->bytes += size;
	unlock();
}

/* Its size, or -1: not a block that was counted. */
static size_t drop(void *at)
{
	size_t size = (size_t)-1, hole, i;
	struct block *block;

	if (!at)
		return size;
	lock();
	block = find((uintptr_t)at);
	if (block->at) {
		size = block->size;
		state->told->blocks--;
		state->told->bytes -= size;
		/* what was put behind it, as it was taken, moves up */
		hole = (size_t)(block - state->blocks);
		for (i = hole;;) {
			size_t home;

			i = (i + 1) & (state->room - 1);
			if (!state->blocks[i].at)
				break;
			home = place(state->blocks[i].at);
			if (((i - home) & (state->room - 1)) <
			    ((i - hole) & (state->room - 1)))
				continue;
			state->blocks[hole] = state->blocks[i];
			hole = i;
		}
		state->blocks[hole].at = 0;
	}
	unlock();
	return size;
}

/* A failed call has left it. */
static void put_back(void *at, size_t size)
{
	if (size == (size_t)-1)
		return;
	lock();
	*find((uintptr_t)at) = (struct block){ (uintptr_t)at, size };
	state->told->blocks++;
	state->told->bytes += size;
	unlock();
}

/* --- mappings: those that there are, one after the other -------------------- */

static void map_put(uintptr_t at, size_t size)
{
	struct told *told = state->told;

	if (state->map_count == MAPS) {
		told->full++;
		return;
	}
	state->maps[state->map_count++] = (struct block){ at, size };
	told->maps++;
	told->map_bytes += size;
}

/* [from, to) is mapped no more. */
static void map_cut(uintptr_t from, size_t size)
{
	uintptr_t to = from + (size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
	struct told *told = state->told;

	for (size_t i = 0; i < state->map_count; i++) {
		struct block map = state->maps[i];
		uintptr_t end = map.at + map.size;

		if (end <= from || map.at >= to)
			continue;
		state->maps[i--] = state->maps[--state->map_count];
		told->maps--;
		told->map_bytes -= map.size;
		/* what is left is behind those that are still looked at, or is
		 * outside of the cut: neither is found again */
		if (map.at < from)
			map_put(map.at, from - map.at);
		if (end > to)
			map_put(to, end - to);
	}
}

static void map_made(void *at, size_t size)
{
	if (at == MAP_FAILED)
		return;
	lock();
	map_cut((uintptr_t)at, size);
	if (*state->on) {
		map_put((uintptr_t)at, size);
		state->told->calls++;
	}
	unlock();
}

/* --- the functions ----------------------------------------------------------- */

#define NEXT(name)                     \
	static __typeof__(name) *next; \
	if (!next)                     \
	next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define MAKES(name, size, parameters, arguments) \
	SHOWN void *name parameters              \
	{                                        \
		int outermost = enter();         \
		void *at;                        \
		NEXT(name);                      \
		at = next arguments;             \
		if (outermost)                   \
			add(at, size);           \
		leave(outermost);                \
		return at;                       \
	}

void *memalign(size_t align, size_t size);
void *valloc(size_t size);
void *pvalloc(size_t size);

MAKES(malloc, size, (size_t size), (size))
MAKES(calloc, count *size, (size_t count, size_t size), (count, size))
MAKES(memalign, size, (size_t align, size_t size), (align, size))
MAKES(aligned_alloc, size, (size_t align, size_t size), (align, size))
MAKES(valloc, size, (size_t size), (size))
MAKES(pvalloc, size, (size_t size), (size))

SHOWN int posix_memalign(void **at, size_t align, size_t size)
{
	int outermost = enter(), error;

	NEXT(posix_memalign);
	error = next(at, align, size);
	if (outermost && !error)
		add(*at, size);
	leave(outermost);
	return error;
}

SHOWN void *realloc(void *old, size_t size)
{
	int outermost = enter();
	size_t before = outermost ? drop(old) : (size_t)-1;
	void *at;

	NEXT(realloc);
	at = next(old, size);
	if (outermost && at)
		add(at, size);
	else if (size || at)
		put_back(old, before);
	leave(outermost);
	return at;
}

SHOWN void *reallocarray(void *old, size_t count, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(count, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, all);
}

SHOWN void free(void *at)
{
	int outermost = enter();
	NEXT(free);

	drop(at);
	next(at);
	leave(outermost);
}

#define MAPS_BY(name, offset_type)                                           \
	SHOWN void *name(void *at, size_t size, int prot, int flags, int fd, \
			 offset_type off)                                    \
	{                                                                    \
		int outermost = enter();                                     \
		void *got;                                                   \
                                                                             \
		NEXT(name);                                                  \
		got = next(at, size, prot, flags, fd, off);                  \
		if (outermost)                                               \
			map_made(got, size);                                 \
		leave(outermost);                                            \
		return got;                                                  \
	}

MAPS_BY(mmap, off_t)

/* one function where long has 64 bits, two where it has 32 */
#ifdef __GLIBC__
#ifdef __LP64__
SHOWN void *mmap64(void *at, size_t size, int prot, int flags, int fd,
		   off_t off) __attribute__((alias("mmap")));
#else
MAPS_BY(mmap64, off64_t)
#endif
#endif

SHOWN int munmap(void *at, size_t size)
{
	int outermost = enter(), error;

	NEXT(munmap);
	/* before: its place may be another's at once */
	lock();
	map_cut((uintptr_t)at, size);
	unlock();
	error = next(at, size);
	leave(outermost);
	return error;
}

/* Of a mapping, or of a part of one; of size 0: what is there stays. */
SHOWN void *mremap(void *old, size_t old_size, size_t size, int flags, ...)
{
	int outermost = enter();
	va_list rest;
	void *at, *got;

	va_start(rest, flags);
	at = flags & MREMAP_FIXED ? va_arg(rest, void *) : NULL;
	va_end(rest);
	NEXT(mremap);
	got = next(old, old_size, size, flags, at);
	if (outermost && got != MAP_FAILED) {
		lock();
		map_cut((uintptr_t)old, old_size);
		unlock();
		map_made(got, size);
	}
	leave(outermost);
	return got;
}
