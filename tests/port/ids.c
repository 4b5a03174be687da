/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Ids of stacks and identities of files: equal where the code is, whatever the
 * process, its addresses, the context and the path; different where a byte of the
 * code is.
 *
 *	ids                 the test
 *	ids --file PATH…    identities, to be compared with another program's
 */
#include "tap.h"

#include "target.h"

#include <inttypes.h>
#include <string.h>

/* Fields of the ELF header of 64 bits. */
enum {
	E_PHOFF = 32,
	E_SHOFF = 40,
	E_PHNUM = 56,
	E_SHNUM = 60
};

struct bytes {
	uint8_t *data;
	size_t size;
};

static struct bytes load(const char *path)
{
	struct bytes b = { NULL, 0 };
	FILE *file = fopen(path, "rb");
	struct stat s;

	if (!file || fstat(fileno(file), &s) != 0)
		exit(2);
	b.size = (size_t)s.st_size;
	b.data = malloc(b.size);
	if (!b.data || fread(b.data, 1, b.size, file) != b.size)
		exit(2);
	fclose(file);
	return b;
}

static uint64_t identity_in(struct dwunw_context *ctx, const char *path)
{
	const struct dwunw_module *module = NULL;
	uint64_t identity = 0;

	if (dwunw_module_cache_acquire(ctx, path, &module) == DWUNW_OK)
		identity = dwunw_module_identity(ctx, module->serial);
	dwunw_module_cache_release(ctx, module);
	return identity;
}

/* By a context of its own. */
static uint64_t identity(const char *path)
{
	struct dwunw_context ctx;
	uint64_t value;

	context_start(&ctx, 4);
	value = identity_in(&ctx, path);
	dwunw_shutdown(&ctx);
	return value;
}

/* Of a program that waits in leaf(); `where` gets the pc of main(). */
static uint64_t id_of(struct dwunw_context *ctx, const char *path,
		      uint64_t *where)
{
	char program[4096], wait[] = "wait";
	char *const argv[] = { program, wait, NULL };
	static struct stack s;
	struct target t;
	uint64_t id = 0;

	snprintf(program, sizeof(program), "%s", path);
	if (!target_start_in(&t, argv, NULL))
		return 0;
	target_settle(t.pid);
	if (stack_now(ctx, t.pid, t.pid, &s) && whole(&s, "leaf outer2 outer1"))
		id = dwunw_stack_id(ctx, s.frames, s.count);
	*where = s.count > 1 ? s.frames[1].pc : 0;
	target_end(&t);
	return id;
}

static void processes(void)
{
	const char *program = TARGET("victim-no-id");
	struct dwunw_context one, other;
	uint64_t pc[3], id[3], with;

	context_start(&one, 16);
	context_start(&other, 16);
	id[0] = id_of(&one, program, &pc[0]);
	id[1] = id_of(&one, program, &pc[1]);
	id[2] = id_of(&other, program, &pc[2]);
	with = id_of(&other, TARGET("victim"), &pc[2]);
	ok(id[0] != 0, "a stack has an id");
	ok(pc[0] != pc[1], "two processes have other addresses");
	is_u64(id[1], id[0], "… and the same id");
	is_u64(id[2], id[0], "… as by another context");
	ok(with != id[0], "another file, another id");
	is_u64(dwunw_stack_id(&one, NULL, 0), 0, "no frames: 0");
	dwunw_shutdown(&one);
	dwunw_shutdown(&other);
}

static uint64_t changed(const struct bytes *b, size_t at, uint8_t byte)
{
	const char *path = SCRATCH("changed");
	uint8_t old = b->data[at];
	uint64_t value;

	b->data[at] = byte;
	unlink(path);
	file_make(path, b->data, b->size);
	b->data[at] = old;
	value = identity(path);
	return value;
}

/* The last byte of the file that its executable segment has. */
static size_t last_code(const struct bytes *b)
{
	uint64_t phoff, off, size;
	uint16_t count;

	memcpy(&phoff, b->data + E_PHOFF, 8);
	memcpy(&count, b->data + E_PHNUM, 2);
	for (uint16_t i = 0; i < count; i++) {
		const uint8_t *h = b->data + phoff + 56u * i;

		memcpy(&off, h + 8, 8);
		memcpy(&size, h + 32, 8);
		if (h[0] == 1 && (h[4] & 1))
			return (size_t)(off + size - 1);
	}
	exit(2);
}

static void contents(void)
{
	const char *path = TARGET("victim-no-id"), *copy = SCRATCH("copy");
	struct bytes b = load(path);
	uint64_t want = identity(path), zero = 0;
	size_t last = last_code(&b);

	ok(want != 0, "a file without a build id has an identity");
	file_copy(path, copy);
	is_u64(identity(copy), want, "its copy has the same");
	ok(changed(&b, last, b.data[last] ^ 1) != want,
	   "… one byte of code changed: another");
	is_u64(changed(&b, b.size - 1, b.data[b.size - 1] ^ 1), want,
	       "… behind all segments: the same");
	memcpy(b.data + E_SHOFF, &zero, 8);
	memcpy(b.data + E_SHNUM, &zero, 4);
	is_u64(changed(&b, b.size - 1, 0), want, "… without section headers");
	free(b.data);

	path = TARGET("victim");
	b = load(path);
	want = identity(path);
	last = last_code(&b);
	is_u64(changed(&b, last, b.data[last] ^ 1), want,
	       "a build id stands for the code");
	memcpy(b.data + E_SHOFF, &zero, 8);
	memcpy(b.data + E_SHNUM, &zero, 4);
	is_u64(changed(&b, b.size - 1, 0), want,
	       "… and is found without section headers");
	free(b.data);
}

/* A path that has another file now, and then none. */
static void replaced(void)
{
	const char *path = SCRATCH("replaced");
	char wait[] = "wait", program[4096];
	char *const argv[] = { program, wait, NULL };
	struct dwunw_context before, after;
	static struct stack s;
	struct target t;
	uint64_t id, pc;

	snprintf(program, sizeof(program), "%s", path);
	file_copy(TARGET("victim-no-id"), path);
	context_start(&before, 16);
	context_start(&after, 16);
	id = id_of(&before, path, &pc);
	if (!target_start_in(&t, argv, NULL))
		exit(2);
	target_settle(t.pid);
	unlink(path);
	file_copy(TARGET("victim"), path);
	ok(stack_now(&after, t.pid, t.pid, &s) &&
		   s.stop.reason == DWUNW_STOP_ROOT,
	   "a stack of a file that was replaced");
	is_u64(dwunw_stack_id(&after, s.frames, s.count), id,
	       "… has the id that it had before");
	ok(id_of(&after, path, &pc) != id, "… and the new file another");
	unlink(path);
	ok(stack_now(&after, t.pid, t.pid, &s), "… deleted");
	is_u64(dwunw_stack_id(&after, s.frames, s.count), id,
	       "… has still the same");
	target_end(&t);
	dwunw_shutdown(&before);
	dwunw_shutdown(&after);
}

/* SPEC.md 4, the example. */
static void example(void)
{
	uint64_t id = 0, file = 0xcc927f6ee23a0f61;

	id = dwunw_stack_id_add(id, file, 0x1139, 1);
	id = dwunw_stack_id_add(id, file, 0x1180, 0);
	id = dwunw_stack_id_add(id, 0, 0x7f0000001000, 0);
	is_u64(id, 0x15b7a514620e3d33, "the example of SPEC.md");
}

/* Code that is in no file. */
static void memory(void)
{
	struct dwunw_frame frames[2] = {
		{ .pc = 0x1000, .vaddr = 0x1000, .how = DWUNW_HOW_EVENT },
		{ .pc = 0x2000, .vaddr = 0x2000, .how = DWUNW_HOW_FP },
	};
	struct dwunw_context ctx;
	uint64_t want;

	context_start(&ctx, 4);
	want = dwunw_stack_id_add(dwunw_stack_id_add(0, 0, 0x1000, 1), 0,
				  0x2000, 0);
	is_u64(dwunw_stack_id(&ctx, frames, 2), want,
	       "code without a file: by its address");
	frames[1].flags = DWUNW_FRAME_FLAG_INTERRUPTED;
	ok(dwunw_stack_id(&ctx, frames, 2) != want,
	   "a return address is no pc that a signal interrupted");
	is_u64(dwunw_module_identity(&ctx, 77), 0, "no such serial: 0");
	is_u64(dwunw_module_identity(NULL, 1), 0, "no context: 0");
	dwunw_shutdown(&ctx);
}

/* Nobody has asked while the file was open; then it made room for another one. */
static void evicted(void)
{
	const char *path = TARGET("victim-no-id"), *other = TARGET("victim");
	const struct dwunw_module *module;
	uint64_t want = identity(path);
	struct dwunw_context ctx;
	uint32_t serial;

	context_start(&ctx, 1);
	dwunw_module_cache_acquire(&ctx, path, &module);
	serial = module->serial;
	dwunw_module_cache_release(&ctx, module);
	ok(identity_in(&ctx, other) != want, "another file");
	is_u64(dwunw_module_identity(&ctx, serial), want,
	       "a file that was closed before anybody asked");
	dwunw_shutdown(&ctx);

	context_start(&ctx, 2);
	dwunw_module_cache_acquire(&ctx, path, &module);
	serial = module->serial;
	dwunw_module_cache_release(&ctx, module);
	dwunw_module_cache_flush(&ctx);
	is_u64(dwunw_module_identity(&ctx, serial), want, "… by a flush");
	dwunw_shutdown(&ctx);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--file") == 0) {
		for (int i = 2; i < argc; i++)
			printf("%016" PRIx64 " %s\n", identity(argv[i]),
			       argv[i]);
		return 0;
	}
	processes();
	contents();
	replaced();
	evicted();
	memory();
	example();
	return done();
}
