/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Names for addresses; nm is the oracle: its lines are on stdin. */
#include "tap.h"

#include "target.h"

static struct dwunw_symbol_resolver resolver;

static struct dwunw_symbol_info ask(const char *path, uint64_t pc)
{
	struct dwunw_symbol_input in = { .module_path = path, .pc = pc };
	struct dwunw_symbol_info info;

	is_u64(dwunw_symbol_resolve_batch(&resolver, &in, &info, 1), DWUNW_OK,
	       "a batch of one");
	return info;
}

static void open_resolver(const char *debug_file, const char *debug_module)
{
	struct dwunw_symbol_config config = { .debug_file = debug_file,
					      .debug_module = debug_module };

	is_u64(dwunw_symbol_resolver_init(&resolver, &config), DWUNW_OK,
	       "a resolver");
}

/* Lines of `nm -S --defined-only`, functions only: value, size, type, name. */
static void as_nm(const char *path)
{
	unsigned long long value, size;
	unsigned total = 0, wrong = 0;
	char line[512], type, name[256];

	open_resolver(NULL, NULL);
	while (fgets(line, sizeof(line), stdin)) {
		struct dwunw_symbol_input in[2] = {
			{ .module_path = path },
			{ .module_path = path },
		};
		struct dwunw_symbol_info info[2];
		uint64_t off = 0, got_size = 0;

		if (sscanf(line, "%llx %llx %c %255s", &value, &size, &type,
			   name) != 4)
			continue; /* without a size */
		in[0].pc = value;
		in[1].pc = value + size - 1;
		if (!strchr("tTwWi", type) || !size)
			continue;
		total++;
		dwunw_symbol_resolve_batch(&resolver, in, info, 2);
		if (!info[0].function || !info[1].function ||
		    info[0].offset != 0 ||
		    !(info[0].flags & DWUNW_SYMBOL_FLAG_FUNCTION)) {
			note("%s: no name", name);
			wrong++;
		}
		if (!strchr("TW", type) || strchr(name, '@'))
			continue;
		if (dwunw_symbol_offset(&resolver, path, name, &off,
					&got_size) != DWUNW_OK ||
		    got_size != size) {
			note("%s: no offset", name);
			wrong++;
		}
	}
	ok(total > 20, "%u functions by nm", total);
	is_u64(wrong, 0, "each has a name and a way back");
	dwunw_symbol_resolver_shutdown(&resolver);
}

static void stripped(void)
{
	const char *full = TARGET("victim"), *bare = SCRATCH("bare");
	struct dwunw_symbol_info info;
	uint64_t off, same;

	file_copy(SCRATCH("stripped"), bare);
	open_resolver(NULL, NULL);
	is_u64(dwunw_symbol_offset(&resolver, full, "outer1", &off, NULL),
	       DWUNW_OK, "a local function of the full file");
	is_u64(dwunw_symbol_offset(&resolver, bare, "outer1", &same, NULL),
	       DWUNW_ERR_NO_DEBUG_DATA, "the stripped one does not know it");
	info = ask(full, off); /* its text is mapped as in the file */
	is_str(info.function, "outer1", "by address");
	is_u64(ask(bare, off).function != NULL &&
		       !strcmp(ask(bare, off).function, "outer1"),
	       false, "not in the stripped one");
	dwunw_symbol_resolver_shutdown(&resolver);

	open_resolver(full, bare);
	is_u64(dwunw_symbol_offset(&resolver, bare, "outer1", &same, NULL),
	       DWUNW_OK, "with a debug file for that path");
	is_u64(same, off, "at the same place");
	dwunw_symbol_resolver_shutdown(&resolver);

	open_resolver(full, NULL);
	is_str(ask(bare, off).function, "outer1",
	       "with a debug file of the same build id");
	is_u64(ask(TARGET("libchain1.so"), 0).status, DWUNW_ERR_NO_DEBUG_DATA,
	       "which does not speak for another file");
	dwunw_symbol_resolver_shutdown(&resolver);
}

static void bad_files(void)
{
	const char *fifo = SCRATCH("fifo"), *text = SCRATCH("text");

	open_resolver(NULL, NULL);
	mkfifo(fifo, 0600);
	file_make(text, "text", 4);
	alarm(10);
	is_u64(ask("/nowhere", 1).status, DWUNW_ERR_IO, "no file");
	is_u64(ask(fifo, 1).status, DWUNW_ERR_INVALID_ARG, "a FIFO");
	is_u64(ask(text, 1).status, DWUNW_ERR_BAD_FORMAT, "no ELF file");
	is_u64(ask(NULL, 1).status, DWUNW_ERR_INVALID_ARG, "no path");
	is_u64(ask(TARGET("victim"), 0).status, DWUNW_ERR_NO_DEBUG_DATA,
	       "an address without a function");
	alarm(0);
	dwunw_symbol_resolver_shutdown(&resolver);
	dwunw_symbol_resolver_shutdown(&resolver);
	is_u64(dwunw_symbol_resolve_batch(&resolver, NULL, NULL, 0),
	       DWUNW_ERR_INVALID_ARG, "after shutdown");
}

/* Names live on when their table was dropped, or the file replaced. */
static void names_live(void)
{
	struct dwunw_symbol_config config = { .memory_max = 200 * 1024 };
	const char *path = SCRATCH("lib.so"), *first, *again;
	uint64_t off;

	dwunw_symbol_resolver_init(&resolver, &config);
	file_copy(TARGET("libchain3.so"), path);
	dwunw_symbol_offset(&resolver, path, "chain3", &off, NULL);
	first = ask(path, off).function;
	is_str(first, "chain3", "a name");
	for (unsigned n = 1; n <= 20; n++) {
		char name[32];

		snprintf(name, sizeof(name), "libchain%u.so", n);
		dwunw_symbol_offset(&resolver, TARGET(name), "x", &off, NULL);
	}
	is_str(first, "chain3", "after its table was dropped");
	dwunw_symbol_offset(&resolver, path, "chain3", &off, NULL);
	again = ask(path, off).function;
	ok(again == first, "asked again: the same string");
	unlink(path);
	is_str(ask(path, off).function, "chain3", "the file is gone");
	file_copy(TARGET("libchain4.so"), path);
	dwunw_symbol_offset(&resolver, path, "chain4", &off, NULL);
	is_str(ask(path, off).function, "chain4", "another file came");
	dwunw_symbol_resolver_shutdown(&resolver);
}

static dwunw_status_t place_of(const char *path, uint64_t off)
{
	struct dwunw_symbol_place place;
	dwunw_status_t status;
	char text[32];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)off);
	status = dwunw_symbol_locate(&resolver, path, text, 0, &place);
	note("%s: %d %s", text, status, place.why);
	return status;
}

/* A probe there would write an instruction of another set. */
static void of_two_sets(const char *path)
{
	uint64_t off = 0;

	if (access(path, R_OK)) {
		ok(true, "# SKIP no compiler for %s", path);
		return;
	}
	open_resolver(NULL, NULL);
	is_u64(dwunw_symbol_offset(&resolver, path, "malloc", &off, NULL),
	       DWUNW_OK, "a function of mips32");
	ok(off != 0, "has an offset");
	is_u64(dwunw_symbol_offset(&resolver, path, "free", &off, NULL),
	       DWUNW_ERR_NOT_IMPLEMENTED, "one of MIPS16 is refused");
	is_u64(place_of(path, off), DWUNW_OK, "an offset in mips32 code");
	is_u64(place_of(path, off + 4), DWUNW_OK, "its second instruction");
	is_u64(place_of(path, off + 2), DWUNW_ERR_NOT_IMPLEMENTED,
	       "no multiple of 4 is refused");
	is_u64(place_of(path, off + 12), DWUNW_ERR_NOT_IMPLEMENTED,
	       "an offset in MIPS16 code is refused");
	dwunw_symbol_resolver_shutdown(&resolver);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	of_two_sets(TARGET("compressed-mipsel"));
	of_two_sets(TARGET("compressed-mips"));
	as_nm(SCRATCH("subject"));
	stripped();
	bad_files();
	names_live();
	return done();
}
