/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The names that the design began with, as a user types them. This file is not
 * changed: where it does not compile any more, a promise is broken.
 */
#include <dwunw/dwunw_api.h>
#include <dwunw/libdw_bpf.h>
#include <dwunw/symbols.h>
#include <dwunw/unwind.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#define HOST_ARCH DWUNW_ARCH_X86_64
#elif defined(__aarch64__)
#define HOST_ARCH DWUNW_ARCH_ARM64
#elif defined(__MIPSEL__)
#define HOST_ARCH DWUNW_ARCH_MIPS32EL
#else
#define HOST_ARCH DWUNW_ARCH_MIPS32EB
#endif

static uint64_t stack[32];

static dwunw_status_t read_memory(void *ctx, uint64_t addr, void *dst,
				  size_t size)
{
	uint64_t off = addr - 0x7000;

	(void)ctx;
	if (addr < 0x7000 || off > sizeof(stack) || size > sizeof(stack) - off)
		return DWUNW_ERR_INVALID_ARG;
	memcpy(dst, (const char *)stack + off, size);
	return DWUNW_OK;
}

/* Registers of another version have no arch. */
static int registers(struct dwunw_regset *regs)
{
	const struct dwunw_arch_ops *arch;

	if (dwunw_regset_prepare(regs, HOST_ARCH) != DWUNW_OK)
		return 0;
	regs->version = DWUNW_REGSET_VERSION + 1;
	if (dwunw_arch_from_regset(regs))
		return 0;
	regs->version = DWUNW_REGSET_VERSION;
	regs->pc = 0x1000;
	regs->sp = 0x7000;
	arch = dwunw_arch_from_regset(regs);
	return arch != NULL;
}

static int captures(struct dwunw_context *ctx)
{
	struct dwunw_unwind_request req;
	struct dwunw_regset regs;
	struct dwunw_frame frames[16];
	size_t count = 0;

	if (!registers(&regs))
		return 0;
	memset(&req, 0, sizeof(req));
	req.module_path = "/proc/self/exe";
	req.regs = &regs;
	req.frames = frames;
	req.max_frames = 16;
	req.options = 0;
	req.pid = getpid();
	req.tid = getpid();
	req.read_memory = read_memory;
	req.memory_ctx = NULL;
	return dwunw_capture(ctx, &req, &count) == DWUNW_OK && count >= 1 &&
	       !(frames[0].flags & DWUNW_FRAME_FLAG_PARTIAL);
}

static int caches(struct dwunw_context *ctx)
{
	const struct dwunw_module *module;

	if (dwunw_module_cache_acquire(ctx, "/proc/self/exe", &module) !=
	    DWUNW_OK)
		return 0;
	dwunw_module_cache_release(ctx, module);
	dwunw_module_cache_flush(ctx);
	return DWUNW_MODULE_CACHE_CAPACITY == 16;
}

static int names(void)
{
	struct dwunw_symbol_resolver resolver;
	struct dwunw_symbol_input input = { .module_path = "/proc/self/exe" };
	struct dwunw_symbol_info info;

	if (dwunw_symbol_resolver_init(&resolver, NULL) != DWUNW_OK)
		return 0;
	dwunw_symbol_resolve_batch(&resolver, &input, &info, 1);
	dwunw_symbol_resolver_shutdown(&resolver);
	return info.status == DWUNW_ERR_NO_DEBUG_DATA;
}

static int statuses(void)
{
	static const dwunw_status_t status[] = {
		DWUNW_OK,
		DWUNW_ERR_INVALID_ARG,
		DWUNW_ERR_UNSUPPORTED_ARCH,
		DWUNW_ERR_NOT_IMPLEMENTED,
		DWUNW_ERR_IO,
		DWUNW_ERR_BAD_FORMAT,
		DWUNW_ERR_NO_DEBUG_DATA,
		DWUNW_ERR_CACHE_FULL,
		DWUNW_ERR_NO_MEMORY,
		DWUNW_ERR_ATTACH_DENIED,
	};

	return sizeof(status) / sizeof(status[0]) == 10;
}

/* Types, whether or not the calls are in this build. */
static void declared(void)
{
	machine_t *(*make)(void) = machine__new;
	int (*map)(machine_t *, int32_t, int32_t) = bpf_unwind_ctx__thread_map;
	int (*resolve)(struct stacktrace *, machine_t *, struct unwind_ctx *) =
		bpf_unwind_ctx__resolve_callchain;
	int (*iterate)(machine_t *, int32_t,
		       int (*)(struct dwunw_phdr_info *, void *),
		       void *) = bpf_dl_iterate_phdr;
	void (*drop)(machine_t *) = machine__delete;
	dwunw_status_t (*init)(struct dwunw_stack_reader *, int32_t, int32_t) =
		dwunw_stack_reader_init;
	dwunw_status_t (*attach)(struct dwunw_stack_reader *) =
		dwunw_stack_reader_attach;
	dwunw_status_t (*read)(void *, uint64_t, void *, size_t) =
		dwunw_stack_reader_read;
	void (*detach)(struct dwunw_stack_reader *) = dwunw_stack_reader_detach;

	printf("# %d\n", make && map && resolve && iterate && drop && init &&
				 attach && read && detach);
}

static int check(int truth, const char *what)
{
	printf("%sok - %s\n", truth ? "" : "not ", what);
	return !truth;
}

int main(int argc, char **argv)
{
	struct dwunw_context ctx;
	int failed;

	(void)argv;
	if (argc > 1)
		declared();
	if (dwunw_init(&ctx) != DWUNW_OK)
		return 1;
	failed = check(ctx.module_cache_ready, "init");
	failed += check(captures(&ctx), "capture");
	failed += check(caches(&ctx), "module cache");
	dwunw_shutdown(&ctx);
	failed += check(!ctx.module_cache_ready, "shutdown");
	failed += check(names(), "names");
	failed += check(statuses(), "statuses");
	return failed != 0;
}
