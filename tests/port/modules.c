/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The module cache: two states, its key, its limit, and what it refuses. */
#include "tap.h"

#include "target.h"

static struct dwunw_context ctx;

static struct dwunw_cache_stats stats(void)
{
	struct dwunw_cache_stats s;

	dwunw_module_cache_stats(&ctx, &s);
	return s;
}

static const struct dwunw_module *get(const char *path, dwunw_status_t want,
				      const char *title)
{
	const struct dwunw_module *module = NULL;

	is_u64(dwunw_module_cache_acquire(&ctx, path, &module), want, "%s",
	       title);
	return module;
}

static const char *library(unsigned n)
{
	char name[32];

	snprintf(name, sizeof(name), "libchain%u.so", n);
	return TARGET(name);
}

static void two_states(void)
{
	const struct dwunw_module *a, *b;
	uint32_t serial;

	context_start(&ctx, 2);
	a = get(library(1), DWUNW_OK, "a module is opened");
	serial = a->serial;
	is_u64(stats().active, 1, "it is active");
	b = get(library(1), DWUNW_OK, "and found again");
	ok(a == b, "as the same");
	dwunw_module_cache_release(&ctx, a);
	is_u64(stats().active, 1, "one reference keeps it");
	dwunw_module_cache_release(&ctx, b);
	is_u64(stats().warm, 1, "without any it is warm");
	dwunw_module_cache_release(&ctx, b);
	is_u64(stats().warm, 1, "one release too many does no harm");
	a = get(library(1), DWUNW_OK, "a warm one is taken again");
	is_u64(stats().opens, 1, "without opening it");
	dwunw_module_cache_release(&ctx, a);
	dwunw_module_cache_release(&ctx, get(library(2), DWUNW_OK, "second"));
	dwunw_module_cache_release(&ctx, get(library(3), DWUNW_OK, "third"));
	is_u64(stats().evictions, 1, "a third file reclaims a slot");
	a = get(library(2), DWUNW_OK, "the younger one");
	is_u64(stats().opens, 3, "was kept");
	b = get(library(1), DWUNW_OK, "the oldest one");
	is_u64(stats().opens, 4, "was reclaimed");
	is_u64(b->serial, serial, "its serial is the same as before");
	is_str(dwunw_module_label(&ctx, serial), library(1), "its label too");
	is_u64(stats().active, 2, "every slot is active");
	ok(!get(library(4), DWUNW_ERR_CACHE_FULL, "all active: CACHE_FULL"),
	   "and no module");
	ok(strstr(logged, "libchain4.so") != NULL, "the log names the file");
	dwunw_module_cache_flush(&ctx);
	is_u64(stats().active, 2, "a flush leaves active ones alone");
	dwunw_module_cache_release(&ctx, a);
	dwunw_module_cache_release(&ctx, b);
	dwunw_module_cache_flush(&ctx);
	is_u64(stats().warm, 0, "a flush drops the warm ones");
	is_u64(stats().bytes, 0, "and their memory");
	is_str(dwunw_module_label(&ctx, 0), NULL, "no label of serial 0");
	is_str(dwunw_module_label(&ctx, 4000), NULL, "nor of an unknown one");
	dwunw_shutdown(&ctx);
	is_u64(dwunw_module_cache_acquire(&ctx, "/", &a), DWUNW_ERR_INVALID_ARG,
	       "after shutdown");
}

static void chain_names(char *names, size_t size)
{
	size_t used = 0;

	for (unsigned n = 20; n >= 1; n--)
		used += (size_t)snprintf(names + used, size - used, "chain%u ",
					 n);
	snprintf(names + used, size - used, "main");
}

/* A cache smaller than the number of libraries still gives whole stacks. */
static void small_caches(void)
{
	static const uint32_t capacities[] = { 1, 2, 16, 0 };
	struct dwunw_frame first[FRAMES];
	struct target target;
	char names[512];

	chain_names(names, sizeof(names));
	if (!target_start(&target, TARGET("chain"), "wait"))
		return;
	for (size_t i = 0; i < 4; i++) {
		static struct stack s;
		struct dwunw_cache_stats now;

		context_start(&ctx, capacities[i]);
		for (int again = 0; again < 2; again++)
			ok(stack_now(&ctx, target.pid, target.pid, &s) &&
				   whole(&s, names),
			   "a stack through 20 libraries, capacity %u, %s",
			   capacities[i], again ? "again" : "first");
		now = stats();
		is_u64(now.active, 0, "nothing is held after it");
		note("%llu opens, %llu evictions, %llu bytes",
		     (unsigned long long)now.opens,
		     (unsigned long long)now.evictions,
		     (unsigned long long)now.bytes);
		if (!i)
			memcpy(first, s.frames, sizeof(first));
		ok(!memcmp(first, s.frames, s.count * sizeof(first[0])),
		   "the same frames and serials as with capacity 1");
		dwunw_shutdown(&ctx);
	}
	target_end(&target);
}

/* The tables of all modules together: four times tables_max, and a walk goes on. */
static void small_tables(void)
{
	struct dwunw_config config = { .module_cache_capacity = 32,
				       .log = keep_log };
	struct dwunw_cache_stats now;
	uint64_t most = 0;

	context_start(&ctx, 32);
	for (unsigned n = 1; n <= 20; n++)
		dwunw_module_cache_release(&ctx, get(library(n), DWUNW_OK,
						     "one of twenty"));
	config.tables_max = stats().bytes / 20;
	is_u64(stats().evictions, 0, "all are kept, in %llu bytes",
	       (unsigned long long)stats().bytes);
	dwunw_shutdown(&ctx);
	is_u64(dwunw_init_with(&ctx, &config), DWUNW_OK, "with less memory");
	for (unsigned n = 1; n <= 20; n++) {
		dwunw_module_cache_release(&ctx, get(library(n), DWUNW_OK,
						     "one of twenty"));
		now = stats();
		most = now.bytes > most ? now.bytes : most;
	}
	ok(most <= 4 * config.tables_max, "four fit: %llu bytes of %llu",
	   (unsigned long long)most,
	   (unsigned long long)(4 * config.tables_max));
	is_u64(now.warm, 4, "the last four are kept");
	is_u64(now.evictions, 16, "the others went");
	dwunw_shutdown(&ctx);
}

static void replaced(void)
{
	const char *path = SCRATCH("lib.so"), *other = SCRATCH("new.so");
	const struct dwunw_module *module;
	uint32_t one, two;

	context_start(&ctx, 4);
	file_copy(library(1), path);
	module = get(path, DWUNW_OK, "a file");
	one = module->serial;
	file_copy(library(2), other);
	rename(other, path);
	ok(module->serial == one && module->elf.segment_count > 0,
	   "its module stays when the file is replaced");
	dwunw_module_cache_release(&ctx, module);
	module = get(path, DWUNW_OK, "another file at that path");
	two = module ? module->serial : one;
	ok(two != one, "has another serial");
	dwunw_module_cache_release(&ctx, module);
	unlink(path);
	get(path, DWUNW_ERR_IO, "no file any more");
	is_str(dwunw_module_label(&ctx, two), path, "the label stays");
	dwunw_shutdown(&ctx);
}

/* What was read stays; what was not is an error, never a signal. */
static void truncated_under_us(void)
{
	const char *path = SCRATCH("short.so");
	const struct dwunw_module *module;
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde;
	uint8_t bytes[64];

	context_start(&ctx, 4);
	file_copy(library(1), path);
	module = get(path, DWUNW_OK, "a file");
	if (module->elf.src.view) {
		dwunw_module_cache_release(&ctx, module);
		dwunw_shutdown(&ctx);
		skip(1, "built with FILES_MMAP: a truncated file is a SIGBUS");
		return;
	}
	if (truncate(path, 0))
		note("truncate: %s", strerror(errno));
	is_u64(dwunw_elf_read(&module->elf, module->elf.segments[0].vaddr,
			      bytes, sizeof(bytes)),
	       DWUNW_ERR_IO, "truncated under us: IO");
	dwunw_fde_cursor_init(&cursor, module, &module->eh);
	is_u64(dwunw_fde_next(&cursor, &fde), DWUNW_OK,
	       "its CFI was read before");
	dwunw_module_cache_release(&ctx, module);
	get(path, DWUNW_ERR_BAD_FORMAT, "an empty file");
	for (off_t size = 1; size < 64 * 1024; size = size * 3 / 2 + 1) {
		dwunw_status_t status;

		file_copy(library(1), path);
		if (truncate(path, size))
			break;
		status = dwunw_module_cache_acquire(&ctx, path, &module);
		if (status != DWUNW_OK && status != DWUNW_ERR_BAD_FORMAT)
			ok(false, "cut at %lld: %s", (long long)size,
			   dwunw_status_name(status));
		dwunw_module_cache_release(&ctx, module);
	}
	is_u64(stats().active, 0, "cut at many sizes: OK or BAD_FORMAT");
	dwunw_shutdown(&ctx);
}

/* None of them may block or be opened. */
static void no_files(void)
{
	const char *fifo = SCRATCH("fifo"), *huge = SCRATCH("huge");
	const char *link = SCRATCH("link"), *text = SCRATCH("text");
	int fd;

	context_start(&ctx, 4);
	alarm(10);
	mkfifo(fifo, 0600);
	get(fifo, DWUNW_ERR_INVALID_ARG, "a FIFO");
	get("/dev/null", DWUNW_ERR_INVALID_ARG, "a device");
	get("/", DWUNW_ERR_INVALID_ARG, "a directory");
	get(SCRATCH("nothing"), DWUNW_ERR_IO, "no such file");
	fd = open(huge, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (ftruncate(fd, (off_t)5 << 30))
		note("ftruncate: %s", strerror(errno));
	close(fd);
	get(huge, DWUNW_ERR_INVALID_ARG, "a file over the limit, sparse");
	if (symlink(library(1), link))
		note("symlink: %s", strerror(errno));
	dwunw_module_cache_release(&ctx,
				   get(link, DWUNW_OK, "a link that we chose"));
	file_make(text, "#!/bin/sh\n", 10);
	get(text, DWUNW_ERR_BAD_FORMAT, "a file that is not ELF");
	ok(strstr(logged, text) != NULL, "the log names it");
	get("", DWUNW_ERR_IO, "an empty path");
	get(NULL, DWUNW_ERR_INVALID_ARG, "no path");
	alarm(0);
	is_u64(stats().active + stats().warm, 1, "only the library is kept");
	dwunw_shutdown(&ctx);
}

static unsigned open_files(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

int main(void)
{
	unsigned before = open_files();

	two_states();
	small_caches();
	small_tables();
	replaced();
	truncated_under_us();
	no_files();
	is_u64(open_files(), before, "no file is left open");
	return done();
}
