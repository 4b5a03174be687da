/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Structs that say their size, of an older and of a newer header: sizes at
 * n - 1, n and n + 1, and what stands behind the end of this version's.
 */
#include <dwunw/linux.h>
#include <dwunw/symbols.h>

#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

/* What a later header may look like. */
struct newer_config {
	struct dwunw_config now;
	uint64_t later[4];
};
struct newer_request {
	struct dwunw_unwind_request now;
	uint64_t later[4];
};

static uint8_t stack[64];

static dwunw_status_t init(struct dwunw_config *config)
{
	struct dwunw_context ctx;
	dwunw_status_t status = dwunw_init_with(&ctx, config);

	if (status == DWUNW_OK)
		is_u64(ctx.config.size, sizeof(ctx.config),
		       "the context has this version's");
	dwunw_shutdown(&ctx);
	return status;
}

static void configs(void)
{
	struct newer_config newer = { .now = { .module_cache_capacity = 3 } };
	struct dwunw_config *config = &newer.now;

	is_u64(init(config), DWUNW_OK, "size 0: this version's");
	newer.later[3] = 1;
	is_u64(init(config), DWUNW_OK, "… nothing behind it is looked at");
	config->size = sizeof(*config);
	is_u64(init(config), DWUNW_OK, "its own size");
	config->size = sizeof(*config) - 1;
	is_u64((uint64_t)init(config), (uint64_t)DWUNW_ERR_INVALID_ARG,
	       "one byte less than there ever was");
	config->size = sizeof(newer);
	is_u64((uint64_t)init(config), (uint64_t)DWUNW_ERR_INVALID_ARG,
	       "a newer one that asks for something unknown");
	newer.later[3] = 0;
	is_u64(init(config), DWUNW_OK, "a newer one that does not");
	config->size = (size_t)1 << 30;
	is_u64((uint64_t)init(config), (uint64_t)DWUNW_ERR_INVALID_ARG,
	       "a size that nobody has set");
}

static dwunw_status_t capture(struct newer_request *newer)
{
	struct dwunw_context ctx;
	struct dwunw_regset regs;
	struct dwunw_frame frame;
	dwunw_status_t status;
	size_t count = 0;

	if (dwunw_init(&ctx) != DWUNW_OK ||
	    dwunw_regset_prepare(&regs, DWUNW_ARCH_MIPS32EL) != DWUNW_OK)
		return DWUNW_ERR_NO_MEMORY;
	regs.pc = 0x1000;
	newer->now.regs = &regs;
	newer->now.frames = &frame;
	newer->now.max_frames = 1;
	newer->now.stop.pc = 1;
	newer->now.stack.bytes = stack;
	newer->now.module_path = "/proc/self/exe/none";
	status = dwunw_capture(&ctx, &newer->now, &count);
	dwunw_shutdown(&ctx);
	return status;
}

static void requests(void)
{
	struct newer_request newer = { .now = { .size = 0 } };

	is_u64((uint64_t)capture(&newer), (uint64_t)DWUNW_ERR_IO,
	       "size 0: looked at, and there is no such file");
	newer.later[0] = 1;
	newer.now.size = sizeof(newer);
	is_u64((uint64_t)capture(&newer), (uint64_t)DWUNW_ERR_INVALID_ARG,
	       "a newer one that asks for something unknown");
	newer.later[0] = 0;
	is_u64((uint64_t)capture(&newer), (uint64_t)DWUNW_ERR_IO,
	       "a newer one that does not");
	is_u64(newer.now.stop.pc, 0, "its stop is filled");
	is_u64(newer.now.size, sizeof(newer), "its size is left alone");
}

static void others(void)
{
	struct dwunw_symbol_resolver resolver;
	struct dwunw_symbol_config config = { .size = sizeof(config) - 8 };
	struct dwunw_limits limits = { .size = sizeof(limits) + 4096 };

	is_u64((uint64_t)dwunw_symbol_resolver_init(&resolver, &config),
	       (uint64_t)DWUNW_ERR_INVALID_ARG, "names: too small");
	config.size = sizeof(config);
	is_u64(dwunw_symbol_resolver_init(&resolver, &config), DWUNW_OK,
	       "names: as large as it is");
	dwunw_symbol_resolver_shutdown(&resolver);
	is_u64((uint64_t)dwunw_limit(&limits), (uint64_t)DWUNW_ERR_INVALID_ARG,
	       "limits: too large");
	ok(!strcmp(dwunw_version(), DWUNW_VERSION), "dwunw_version()");
}

/* KiB in memory that are no file's: code is read as it runs. */
static long resident(void)
{
	long size, all = 0, files = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file) {
		if (fscanf(file, "%ld %ld %ld", &size, &all, &files) != 3)
			all = 0;
		fclose(file);
	}
	return (all - files) * sysconf(_SC_PAGESIZE) / 1024;
}

/* What a context may need is taken when it does. */
static void costs(void)
{
	struct dwunw_context ctx;
	long before = resident(), after;
	dwunw_status_t status = dwunw_init(&ctx);

	after = resident();
	ok(status == DWUNW_OK && before > 0 && after - before <= 100,
	   "dwunw_init() costs at most 100 KiB: %ld", after - before);
	dwunw_shutdown(&ctx);
}

/* Of libraries on top. */
static void libraries(void)
{
	struct own {
		size_t size;
		uint32_t first, later;
	} own, old = { .size = 12, .first = 7, .later = 9 };

	is_u64(dwunw_struct_from(&own, sizeof(own), 12, &old), DWUNW_OK,
	       "a library's own struct");
	is_u64(own.first, 7, "… what an older header has");
	is_u64(own.later, 0, "… and nothing behind it");
	is_u64(own.size, sizeof(own), "… as this version's");
	old.size = 11;
	is_u64((uint64_t)dwunw_struct_from(&own, sizeof(own), 12, &old),
	       (uint64_t)DWUNW_ERR_INVALID_ARG, "one byte less");
	is_u64((uint64_t)dwunw_struct_from(NULL, sizeof(own), 12, &old),
	       (uint64_t)DWUNW_ERR_INVALID_ARG, "into nothing");
	is_u64((uint64_t)dwunw_struct_from(&own, sizeof(own), 12, NULL),
	       (uint64_t)DWUNW_ERR_INVALID_ARG, "from nothing");
}

int main(void)
{
	const char *exec = getenv("EXEC");

	if (!exec || !*exec) /* an emulator has memory of its own */
		costs();
	configs();
	requests();
	others();
	libraries();
	return done();
}
