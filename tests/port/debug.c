/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Debug files, found or refused. stdin has a case a line:
 *
 *	title|file|debug dir|sysroot|address|name|FDEs|text in the log
 *
 * The name is the one of the function at that address, the FDEs are those of
 * .debug_frame, and a row must be found there if there are any. "-": none; for
 * FDEs: any number.
 */
#include "tap.h"

#include "target.h"

struct test {
	const char *title;
	const char *file;
	const char *dirs[2];
	const char *sysroot;
	uint64_t vaddr;
	const char *name;
	const char *fdes;
	const char *log;
};

static uint64_t count_fdes(const struct dwunw_module *module)
{
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde;
	uint64_t count = 0;

	if (!module->debug.bytes.size)
		return 0;
	dwunw_fde_cursor_init(&cursor, module, &module->debug);
	while (dwunw_fde_next(&cursor, &fde) == DWUNW_OK)
		count++;
	return count;
}

static void check_rows(const struct test *t)
{
	const struct dwunw_config config = {
		.log = keep_log,
		.debug_dirs = t->dirs[0] ? t->dirs : NULL,
		.sysroot = t->sysroot,
	};
	struct dwunw_row_scratch *scratch = malloc(dwunw_row_scratch_size());
	const struct dwunw_module *module = NULL;
	struct dwunw_context ctx;
	struct dwunw_row row;
	uint64_t want = t->fdes ? strtoull(t->fdes, NULL, 10) : 0;

	logged[0] = 0;
	dwunw_init_with(&ctx, &config);
	is_u64(dwunw_module_cache_acquire(&ctx, t->file, &module), DWUNW_OK,
	       "%s: the file", t->title);
	if (module && t->fdes) {
		is_u64(count_fdes(module), want, "%s: FDEs", t->title);
		is_u64(dwunw_module_row(module, t->vaddr, scratch, &row),
		       want ? DWUNW_OK : DWUNW_ERR_NO_DEBUG_DATA, "%s: a row",
		       t->title);
	}
	is_str(t->log ? (strstr(logged, t->log) ? t->log : logged) : logged,
	       t->log ? t->log : "", "%s: the log", t->title);
	dwunw_module_cache_release(&ctx, module);
	dwunw_shutdown(&ctx);
	free(scratch);
}

static void check_name(const struct test *t)
{
	const struct dwunw_symbol_config config = {
		.debug_dirs = t->dirs[0] ? t->dirs : NULL,
		.sysroot = t->sysroot,
	};
	struct dwunw_symbol_input in = { .module_path = t->file,
					 .pc = t->vaddr };
	struct dwunw_symbol_resolver resolver;
	struct dwunw_symbol_info info;

	dwunw_symbol_resolver_init(&resolver, &config);
	dwunw_symbol_resolve_batch(&resolver, &in, &info, 1);
	is_str(info.function, t->name, "%s: the name", t->title);
	dwunw_symbol_resolver_shutdown(&resolver);
}

static const char *field(char **line)
{
	const char *text = strsep(line, "|\n");

	return text && strcmp(text, "-") != 0 ? text : NULL;
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
	char line[8192];

	while (fgets(line, sizeof(line), stdin)) {
		struct test t = { 0 };
		const char *vaddr;
		char *rest = line;

		t.title = field(&rest);
		t.file = field(&rest);
		t.dirs[0] = field(&rest);
		t.sysroot = field(&rest);
		vaddr = field(&rest);
		t.name = field(&rest);
		t.fdes = field(&rest);
		t.log = field(&rest);
		if (!t.file || !vaddr) {
			ok(false, "a case is complete: %s", line);
			continue;
		}
		t.vaddr = strtoull(vaddr, NULL, 16);
		check_rows(&t);
		check_name(&t);
	}
	is_u64(open_files(), before, "no file is left open");
	return done();
}
