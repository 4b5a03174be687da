/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The functions that the program calls in place of its allocator's. Each calls the
 * real one and tells what it gave (event.c). What the real one calls is its own: for
 * example, the mmap(2) of an allocator is no block of the program's.
 *
 * malloc, calloc and realloc end in a jump to a stub that keeps the caller's
 * registers (stub.S) and goes on in the function here that is called told. The
 * others call a stub when they know what to tell; their own frames are left out of
 * the stack (walk.c).
 *
 * C++'s operator new of libstdc++ and libc++ is malloc() inside.
 */
#include "real.h" /* the first: what off_t is */

#include "inproc.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* stub.S, and where it goes on */
void *dwu_stub_malloc(size_t size);
void *dwu_stub_calloc(size_t count, size_t size);
void *dwu_stub_realloc(void *old, size_t size);
void dwu_stub_alloc(const void *at, size_t size, enum dwu_inproc_function by);
void dwu_stub_mapped(const void *at, size_t size, enum dwu_inproc_function by);
void *dwu_told_malloc(size_t size, size_t b, size_t c,
		      const struct dwu_inproc_regs *regs);
void *dwu_told_calloc(size_t count, size_t size, size_t c,
		      const struct dwu_inproc_regs *regs);
void *dwu_told_realloc(void *old, size_t size, size_t c,
		       const struct dwu_inproc_regs *regs);
void dwu_told_alloc(const void *at, size_t size, enum dwu_inproc_function by,
		    const struct dwu_inproc_regs *regs);
void dwu_told_mapped(const void *at, size_t size, enum dwu_inproc_function by,
		     const struct dwu_inproc_regs *regs);

/* What these headers may not have. */
void *memalign(size_t align, size_t size);
void *valloc(size_t size);
void *pvalloc(size_t size);

/* --- the first call ----------------------------------------------------------------- */

/* In place of the program, if another's tables are to be written. */
static void write_rest(void)
{
	long status = dwu_event_open_rest();

	if (status < 0)
		return;
	if (!status) {
		dwu_inproc_write();
		status = dwu_kept->state != DWU_KEPT_WRITTEN;
	}
	for (;;)
		syscall(SYS_exit_group, status);
}

static void begin(void)
{
	void *functions[DWU_FUNCTIONS];

	if (!dwu_real.dlclose)
		return;
	dwu_real_list(functions);
	dwu_event_begin(functions);
	write_rest();
}

static uint32_t mode_now(void)
{
	uint32_t mode = __atomic_load_n(&dwu_inproc_mode, __ATOMIC_RELAXED);

	if (likely(mode != DWU_UNBEGUN))
		return mode;
	dwu_real_find();
	begin();
	return __atomic_load_n(&dwu_inproc_mode, __ATOMIC_RELAXED);
}

/* --- around the real function --------------------------------------------------------- */

/* The state to go back to; false: a call of the allocator's own. */
static bool enter(uint8_t *was)
{
	*was = dwu_inproc_tls.inside;
	dwu_inproc_tls.inside = DWU_IN_ALLOCATOR;
	return *was != DWU_IN_ALLOCATOR;
}

static void leave(uint8_t was)
{
	dwu_inproc_tls.inside = was;
}

/* Is a block of that size to be told? Of samples, hardly ever. */
static bool wanted(size_t size)
{
	uint32_t mode = mode_now();

	if (mode == DWU_WHOLE)
		return true;
	if (mode != DWU_SAMPLED || dwu_inproc_tls.inside == DWU_IN_ALLOCATOR)
		return false;
	dwu_inproc_tls.left -= (int64_t)size;
	return unlikely(dwu_inproc_tls.left < 0 ||
			dwu_inproc_tls.seed_epoch != dwu_event_epoch) &&
	       dwu_event_wanted(size);
}

/* --- malloc and its kind ---------------------------------------------------------------- */

static void *plain_malloc(size_t size)
{
	uint8_t was;
	void *at;

	(void)enter(&was);
	at = dwu_real.malloc(size);
	leave(was);
	return at;
}

static void *other_malloc(size_t size)
{
	return wanted(size) ? dwu_stub_malloc(size) : plain_malloc(size);
}

DWU_SHOWN void *malloc(size_t size)
{
	uint32_t mode = __atomic_load_n(&dwu_inproc_mode, __ATOMIC_RELAXED);

	if (mode == DWU_WHOLE)
		return dwu_stub_malloc(size);
	return mode == DWU_OFF ? dwu_real.malloc(size) : other_malloc(size);
}

void *dwu_told_malloc(size_t size, size_t b, size_t c,
		      const struct dwu_inproc_regs *regs)
{
	uint8_t was;
	bool own = enter(&was);
	void *at = dwu_real.malloc(size);

	(void)b;
	(void)c;
	leave(was);
	if (own)
		dwu_event_alloc(at, size, DWU_MALLOC, regs);
	return at;
}

static void *plain_calloc(size_t count, size_t size)
{
	uint8_t was;
	void *at;

	(void)enter(&was);
	at = dwu_real.calloc(count, size);
	leave(was);
	return at;
}

DWU_SHOWN void *calloc(size_t count, size_t size)
{
	return wanted(count * size) ? dwu_stub_calloc(count, size) :
				      plain_calloc(count, size);
}

void *dwu_told_calloc(size_t count, size_t size, size_t c,
		      const struct dwu_inproc_regs *regs)
{
	uint8_t was;
	bool own = enter(&was);
	void *at = dwu_real.calloc(count, size);

	(void)c;
	leave(was);
	if (own)
		dwu_event_alloc(at, count * size, DWU_CALLOC, regs);
	return at;
}

/* Of the small heap: what it was is copied, and forgotten. */
static void *leave_boot(void *old, size_t size)
{
	size_t had = dwu_real_boot_size(old);
	void *at = plain_malloc(size);

	if (at)
		memcpy(at, old, had < size ? had : size);
	return at;
}

DWU_SHOWN void *realloc(void *old, size_t size)
{
	return dwu_stub_realloc(old, size);
}

/* The old block is taken before: it may be another's at once. */
static void *move(void *old, size_t size)
{
	uint64_t block = old ? dwu_event_take(old) : 0;
	uint8_t was;
	void *at;

	(void)enter(&was);
	at = dwu_real.realloc(old, size);
	leave(was);
	if (!at && size)
		dwu_event_kept(old, block);
	else
		dwu_event_freed(block);
	return at;
}

void *dwu_told_realloc(void *old, size_t size, size_t c,
		       const struct dwu_inproc_regs *regs)
{
	bool told = wanted(size);
	void *at;

	(void)c;
	if (unlikely(old && dwu_real_is_boot(old)))
		at = leave_boot(old, size);
	else if (dwu_inproc_tls.inside == DWU_IN_ALLOCATOR)
		return dwu_real.realloc(old, size);
	else
		at = move(old, size);
	if (told)
		dwu_event_alloc(at, size, DWU_REALLOC, regs);
	return at;
}

DWU_SHOWN void *reallocarray(void *old, size_t count, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(count, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return dwu_stub_realloc(old, all);
}

/* No state is entered: what the real one calls takes nothing that was told. */
DWU_SHOWN void free(void *at)
{
	uint32_t mode = __atomic_load_n(&dwu_inproc_mode, __ATOMIC_RELAXED);

	if (unlikely(dwu_real_is_boot(at)))
		return;
	if (mode == DWU_WHOLE ||
	    (mode == DWU_SAMPLED && unlikely(dwu_event_may_be_sample(at))))
		dwu_event_freed(dwu_event_take(at));
	dwu_real.free(at);
}

/* --- aligned ------------------------------------------------------------------------------- */

void dwu_told_alloc(const void *at, size_t size, enum dwu_inproc_function by,
		    const struct dwu_inproc_regs *regs)
{
	dwu_event_alloc(at, size, by, regs);
}

static void tell(bool own, const void *at, size_t size,
		 enum dwu_inproc_function by)
{
	if (own && at && wanted(size))
		dwu_stub_alloc(at, size, by);
}

#define ALIGNED(name, by, parameters, arguments)                           \
	DWU_SHOWN void *name parameters                                    \
	{                                                                  \
		uint8_t was;                                               \
		bool own = (mode_now(), enter(&was));                      \
		void *at = dwu_real.name ? dwu_real.name arguments : NULL; \
                                                                           \
		leave(was);                                                \
		tell(own, at, size, by);                                   \
		return at;                                                 \
	}

ALIGNED(memalign, DWU_MEMALIGN, (size_t align, size_t size), (align, size))
ALIGNED(aligned_alloc, DWU_ALIGNED_ALLOC, (size_t align, size_t size),
	(align, size))
ALIGNED(valloc, DWU_VALLOC, (size_t size), (size))
ALIGNED(pvalloc, DWU_PVALLOC, (size_t size), (size))

DWU_SHOWN int posix_memalign(void **at, size_t align, size_t size)
{
	uint8_t was;
	bool own = (mode_now(), enter(&was));
	int error = dwu_real.posix_memalign(at, align, size);

	leave(was);
	if (!error)
		tell(own, *at, size, DWU_POSIX_MEMALIGN);
	return error;
}

/* --- mappings -------------------------------------------------------------------------------- */

void dwu_told_mapped(const void *at, size_t size, enum dwu_inproc_function by,
		     const struct dwu_inproc_regs *regs)
{
	dwu_event_mapped(at, size, by, regs);
}

/* Is what is known of code there wrong from now on? */
static bool hits_code(const void *at, size_t size)
{
	uint64_t start = (uint64_t)(uintptr_t)at;

	return dwu_inproc_is_code(start, start + size);
}

#define MMAP(name, offset_type)                                          \
	DWU_SHOWN void *name(void *at, size_t size, int prot, int flags, \
			     int fd, offset_type off)                    \
	{                                                                \
		uint8_t was;                                             \
		bool own = (mode_now(), enter(&was)), code;              \
		void *got;                                               \
                                                                         \
		code = (flags & MAP_FIXED) && hits_code(at, size);       \
		if (code)                                                \
			dwu_slow_code_goes();                            \
		got = dwu_real.name(at, size, prot, flags, fd, off);     \
		if (code)                                                \
			dwu_slow_code_gone();                            \
		leave(was);                                              \
		if (own && got != MAP_FAILED)                            \
			dwu_stub_mapped(got, size, DWU_MMAP);            \
		return got;                                              \
	}

MMAP(mmap, off_t)

/* Where long has 32 bits, glibc's off_t has, too. */
#ifdef __GLIBC__
#if DWU_WIDE
DWU_SHOWN void *mmap64(void *at, size_t size, int prot, int flags, int fd,
		       off_t off) __attribute__((alias("mmap")));
#else
MMAP(mmap64, off64_t)
#endif
#endif

DWU_SHOWN int munmap(void *at, size_t size)
{
	uint8_t was;
	bool own = (mode_now(), enter(&was)), code = hits_code(at, size);
	int error;

	leave(was);
	if (own) /* before: its place may be another's at once */
		dwu_event_unmapped(at, size);
	(void)enter(&was);
	if (code)
		dwu_slow_code_goes();
	error = dwu_real.munmap(at, size);
	if (code)
		dwu_slow_code_gone();
	leave(was);
	return error;
}

DWU_SHOWN void *mremap(void *old, size_t old_size, size_t size, int flags, ...)
{
	uint8_t was;
	bool own = (mode_now(), enter(&was));
	void *at = NULL, *got;
	va_list rest;

	if (flags & MREMAP_FIXED) {
		va_start(rest, flags);
		at = va_arg(rest, void *);
		va_end(rest);
	}
	got = dwu_real.mremap(old, old_size, size, flags, at);
	leave(was);
	if (own && got != MAP_FAILED) {
		dwu_event_unmapped(old, old_size);
		dwu_stub_mapped(got, size, DWU_MREMAP);
	}
	return got;
}

/* --- code goes -------------------------------------------------------------------------------- */

DWU_SHOWN int dlclose(void *handle)
{
	int error;

	mode_now();
	dwu_slow_code_goes();
	error = dwu_real.dlclose(handle);
	dwu_slow_code_gone();
	return error;
}

/* --- fork, and the end --------------------------------------------------------------------------- */

static void in_parent(void)
{
	dwu_event_fork_ends(false);
}

static void in_child(void)
{
	dwu_event_fork_ends(true);
}

static void write_out(void)
{
	int error = errno;

	if (dwu_event_stop()) {
		dwu_inproc_write();
		dwu_event_end();
	}
	errno = error;
}

/* What attach.c has of these, whatever else has their names. */
#define OWN(name)                             \
	__asm__(".globl dwu_own_" #name "\n"  \
		".hidden dwu_own_" #name "\n" \
		".set dwu_own_" #name ", " #name "\n");
DWU_SLOT_FUNCTIONS(OWN)

__attribute__((constructor)) static void prepare(void)
{
	mode_now();
	pthread_atfork(dwu_event_fork_begins, in_parent, in_child);
}

__attribute__((destructor)) static void finish(void)
{
	write_out();
}

DWU_SHOWN _Noreturn void _exit(int status)
{
	write_out();
	dwu_real.exit_now(status);
	__builtin_unreachable();
}

DWU_SHOWN _Noreturn void _Exit(int status)
{
	_exit(status);
}

/* The file is there if the other program is; else recording goes on. */
#define EXECUTES(call)                           \
	do {                                     \
		bool stopped = dwu_event_stop(); \
		int result;                      \
                                                 \
		if (stopped)                     \
			dwu_inproc_write();      \
		result = call;                   \
		if (stopped)                     \
			dwu_event_go_on();       \
		return result;                   \
	} while (0)

DWU_SHOWN int execve(const char *path, char *const *argv, char *const *env)
{
	EXECUTES(dwu_real.execve(path, argv, env));
}

DWU_SHOWN int execv(const char *path, char *const *argv)
{
	EXECUTES(dwu_real.execve(path, argv, environ));
}

DWU_SHOWN int execvpe(const char *path, char *const *argv, char *const *env)
{
	EXECUTES(dwu_real.execvpe(path, argv, env));
}

DWU_SHOWN int execvp(const char *path, char *const *argv)
{
	EXECUTES(dwu_real.execvpe(path, argv, environ));
}

DWU_SHOWN int fexecve(int fd, char *const *argv, char *const *env)
{
	EXECUTES(dwu_real.fexecve(fd, argv, env));
}
