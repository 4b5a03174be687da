/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The statuses that doc/api.md promises for what a caller can do wrong, and
 * how long what a call hands out stays: what it says, in its order.
 *
 *	errors DIRECTORY    with the files that errors.t has made there
 */
#include "tap.h"

#include <dwunw/dwarf.h>
#include <dwunw/libdw_bpf.h>
#include <dwunw/symbols.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARG DWUNW_ERR_INVALID_ARG

static struct dwunw_context ctx;
static const char *directory;
static char no_elf[256], no_file[256], self[] = "/proc/self/exe";

#define says(want, call) says_at(want, call, #call)
static void says_at(int want, int got, const char *call)
{
	ok(got == want, "%s: %s", call, dwunw_status_name(want));
	if (got != want)
		note("got %s", dwunw_status_name(got));
}

static void statuses_of_null(void)
{
	struct dwunw_regset regs;

	says(ARG, dwunw_init(NULL));
	says(ARG, dwunw_module_cache_acquire(&ctx, NULL, NULL));
	says(ARG, dwunw_capture(&ctx, NULL, NULL));
	says(ARG, dwunw_event_parse(NULL, NULL, 0));
	says(ARG, dwunw_process_open(&ctx, 1, NULL));
	says(ARG, dwunw_process_refresh(NULL));
	says(ARG, dwunw_stack_reader_attach(NULL));
	says(ARG, dwunw_threads(1, NULL, NULL));
	says(ARG, dwunw_symbol_resolve_batch(NULL, NULL, NULL, 0));
	says(ARG, dwunw_space_init(NULL));
	says(ARG, dwunw_walker_init(NULL, 0, NULL));
	says(ARG, dwunw_regset_prepare(NULL, DWUNW_ARCH_X86_64));
	says(ARG, dwunw_elf_open(NULL, NULL, NULL));
	says(ARG, dwunw_symtab_open(NULL, NULL, NULL));
	says(ARG, dwunw_module_open(NULL, NULL, 1, NULL));
	says(ARG, dwunw_module_row(NULL, 0, NULL, NULL));
	says(ARG, dwunw_dwarf_open(NULL, NULL, NULL));
	says(ARG, bpf_unwind_ctx__resolve_callchain(NULL, NULL, NULL));
	says(DWUNW_ERR_UNSUPPORTED_ARCH, dwunw_regset_prepare(&regs, 99));
	dwunw_module_cache_stats(NULL, NULL);
	dwunw_module_cache_stats(&ctx, NULL);
	dwunw_walker_stats(NULL, NULL);
	ok(true, "statistics of nothing, or to nowhere, are none");
	ok(!dwunw_arch_by_id(99) && !dwunw_arch_from_regset(&regs),
	   "an unknown target is NULL");
}

static dwunw_status_t init_with(struct dwunw_config config)
{
	struct dwunw_context other = { 0 };
	dwunw_status_t status = dwunw_init_with(&other, &config);

	dwunw_shutdown(&other);
	dwunw_shutdown(&other);
	return status;
}

static void set_up(void)
{
	says(DWUNW_OK, init_with((struct dwunw_config){ 0 }));
	says(ARG, init_with((struct dwunw_config){ .row_cache_entries = 3 }));
	says(DWUNW_OK, init_with((struct dwunw_config){
			       .row_cache_entries = DWUNW_ROW_CACHE_OFF }));
	says(ARG, init_with((struct dwunw_config){ .process_capacity =
							   (1 << 20) + 1 }));
	says(DWUNW_OK, init_with((struct dwunw_config){ .module_cache_capacity =
								1 << 20 }));
	says(ARG, init_with((struct dwunw_config){ .module_cache_capacity =
							   (1 << 20) + 1 }));
}

static void captures(void)
{
	struct dwunw_regset regs;
	struct dwunw_frame frame;
	struct dwunw_unwind_request request = { .regs = &regs,
						.frames = &frame,
						.max_frames = 1 };
	size_t count = 7;

	dwunw_regset_prepare(&regs, DWUNW_ARCH_X86_64);
	says(ARG, dwunw_capture(&ctx, &request, &count));
	is_u64(count, 0, "and *count is 0");
	request.module_path = no_file;
	says(DWUNW_ERR_IO, dwunw_capture(&ctx, &request, &count));
	request.module_path = directory;
	says(ARG, dwunw_capture(&ctx, &request, &count));
	request.module_path = no_elf;
	says(DWUNW_ERR_BAD_FORMAT, dwunw_capture(&ctx, &request, &count));
	request.module_path = self;
	says(DWUNW_OK, dwunw_capture(&ctx, &request, &count));
	ok(count == 1 && frame.flags == DWUNW_FRAME_FLAG_PARTIAL &&
		   frame.how == DWUNW_HOW_EVENT,
	   "without any memory: one frame, partial");
	request.max_frames = 0;
	says(ARG, dwunw_capture(&ctx, &request, &count));
	request.max_frames = 1;
	request.return_count = 1;
	says(ARG, dwunw_capture(&ctx, &request, &count));
	request.return_count = 0;
	request.pid = -1;
	says(ARG, dwunw_capture(&ctx, &request, &count));
	request.pid = INT32_MAX;
	says(DWUNW_ERR_IO, dwunw_capture(&ctx, &request, &count));
	request.pid = 0;
	regs.version++;
	says(ARG, dwunw_capture(&ctx, &request, &count));
	dwunw_regset_prepare(&regs, DWUNW_ARCH_ARM64);
	says(DWUNW_ERR_UNSUPPORTED_ARCH, dwunw_capture(&ctx, &request, &count));
	regs.arch = 99;
	says(DWUNW_ERR_UNSUPPORTED_ARCH, dwunw_capture(&ctx, &request, &count));
}

/* An event of this host, without registers. */
static void events(void)
{
	struct dwunw_event_header header = { .magic = DWUNW_EVENT_MAGIC,
					     .version = DWUNW_EVENT_VERSION,
					     .arch = DWUNW_ARCH_X86_64,
					     .size = sizeof(header),
					     .kind = DWUNW_EVENT_EXEC,
					     .pid = 1 };
	struct dwunw_event event;
	struct dwunw_stop stop;
	size_t count = 7;

#define CONSUME                                                               \
	dwunw_consume(&ctx, &header, sizeof(header), &event, NULL, 0, &count, \
		      &stop)
	says(DWUNW_OK, CONSUME);
	is_u64(count, 0, "EXEC: *count is 0");
	header.pid = 0;
	says(DWUNW_ERR_BAD_FORMAT, CONSUME);
	header.kind = 64;
	says(DWUNW_OK, CONSUME);
	is_u64(event.header.kind, 64,
	       "the tool's own kind: the header is filled");
	header.version++;
	says(DWUNW_ERR_NOT_IMPLEMENTED, CONSUME);
	header.version--;
	header.magic++;
	says(DWUNW_ERR_BAD_FORMAT, CONSUME);
	header.magic--;
	header.size++;
	says(DWUNW_ERR_BAD_FORMAT, CONSUME);
	header.size--;
	header.kind = DWUNW_EVENT_STACK;
	says(DWUNW_ERR_BAD_FORMAT, CONSUME);
	header.arch = 99;
	says(DWUNW_ERR_UNSUPPORTED_ARCH, CONSUME);
#undef CONSUME
}

static bool visit(void *visit_ctx, int32_t tid)
{
	(void)tid;
	++*(int *)visit_ctx;
	return false;
}

static void processes(pid_t child)
{
	const char bad[] = "no mapping\n";
	struct dwunw_process *process, *again;
	struct dwunw_stack_reader reader;
	const struct dwunw_space *space;
	struct dwunw_regset regs;
	char text[4096];
	int visits = 0;
	uint64_t word;

	says(ARG, dwunw_process_open(&ctx, 0, &process));
	says(DWUNW_ERR_IO, dwunw_process_open(&ctx, INT32_MAX, &process));
	says(DWUNW_OK, dwunw_process_open(&ctx, child, &process));
	says(DWUNW_OK, dwunw_process_open(&ctx, child, &again));
	ok(process == again, "opened again, it is found");
	dwunw_process_close(again);
	space = dwunw_process_space(process);
	says(DWUNW_OK, dwunw_process_file(process, &space->mappings[0], text,
					  sizeof(text)));
	says(ARG, dwunw_process_file(process, &space->mappings[0], text, 2));
	says(DWUNW_OK, dwunw_process_read(process, space->mappings[0].start,
					  &word, sizeof(word)));
	says(ARG, dwunw_process_read(process, 0, &word, sizeof(word)));
	says(ARG, dwunw_process_set_vdso(process, &(struct dwunw_span){ 0 }));
	dwunw_process_close(process);
	dwunw_process_close(NULL);
	says(DWUNW_ERR_BAD_FORMAT,
	     dwunw_process_from_maps(&ctx, DWUNW_ARCH_X86_64, bad,
				     sizeof(bad) - 1, NULL, &process));
	says(DWUNW_ERR_UNSUPPORTED_ARCH,
	     dwunw_process_from_maps(&ctx, 99, "", 0, NULL, &process));

	says(ARG, dwunw_stack_reader_init(&reader, 0, 1));
	says(DWUNW_OK, dwunw_stack_reader_init(&reader, child, child));
	says(ARG, dwunw_stack_reader_regs(&reader, &regs));
	dwunw_stack_reader_detach(&reader);
	says(DWUNW_OK, dwunw_stack_reader_attach(&reader));
	says(ARG, dwunw_stack_reader_attach(&reader));
	says(DWUNW_OK, dwunw_stack_reader_regs(&reader, &regs));
	says(ARG, dwunw_stack_reader_read(&reader, 0, &word, sizeof(word)));
	dwunw_stack_reader_detach(&reader);
	says(DWUNW_OK, dwunw_threads(child, visit, &visits));
	is_u64((uint64_t)visits, 1, "until visit returns false");
	says(DWUNW_ERR_IO, dwunw_threads(INT32_MAX, visit, &visits));
	ok(dwunw_denied_text(child, text, sizeof(text)) == text,
	   "returns text");
}

static void names(void)
{
	struct dwunw_symbol_input inputs[] = {
		{ .module_path = NULL },
		{ .module_path = directory },
		{ .module_path = no_file },
		{ .module_path = no_elf },
		{ .module_path = self, .pc = 1 },
		{ .module_path = self, .pc = 1, .build_id_hash = 1 },
	};
	const dwunw_status_t want[] = { ARG,
					ARG,
					DWUNW_ERR_IO,
					DWUNW_ERR_BAD_FORMAT,
					DWUNW_ERR_NO_DEBUG_DATA,
					DWUNW_ERR_NO_DEBUG_DATA };
	struct dwunw_symbol_resolver resolver;
	struct dwunw_symbol_info infos[6];
	uint64_t off;
	char path[64];

	says(DWUNW_OK, dwunw_symbol_resolver_init(&resolver, NULL));
	says(DWUNW_OK, dwunw_symbol_resolve_batch(&resolver, inputs, infos, 6));
	for (int i = 0; i < 6; i++)
		says_at(want[i], infos[i].status, "an element's own status");
	says(DWUNW_OK,
	     dwunw_symbol_offset(&resolver, self, "main", &off, NULL));
	says(DWUNW_ERR_NO_DEBUG_DATA,
	     dwunw_symbol_offset(&resolver, self, "no_such", &off, NULL));
	says(DWUNW_ERR_IO,
	     dwunw_symbol_offset(&resolver, no_file, "main", &off, NULL));
	says(DWUNW_ERR_BAD_FORMAT,
	     dwunw_symbol_offset(&resolver, no_elf, "main", &off, NULL));
	says(DWUNW_OK, dwunw_symbol_perf_map(getpid(), path, sizeof(path)));
	says(ARG, dwunw_symbol_perf_map(getpid(), path, 4));
	dwunw_symbol_resolver_shutdown(&resolver);
	dwunw_symbol_resolver_shutdown(&resolver);
}

static void modules(void)
{
	struct dwunw_context small = { 0 };
	const struct dwunw_config one = { .module_cache_capacity = 1 };
	const struct dwunw_module *module, *other;
	struct dwunw_cache_stats stats;

	says(ARG, dwunw_module_cache_acquire(&ctx, directory, &module));
	says(DWUNW_ERR_IO, dwunw_module_cache_acquire(&ctx, no_file, &module));
	says(DWUNW_ERR_BAD_FORMAT,
	     dwunw_module_cache_acquire(&ctx, no_elf, &module));
	ok(!dwunw_module_label(&ctx, 0) && !dwunw_module_label(&ctx, 9999),
	   "no such file: NULL");
	if (dwunw_init_with(&small, &one) != DWUNW_OK)
		return;
	says(DWUNW_OK, dwunw_module_cache_acquire(&small, self, &module));
	says(DWUNW_ERR_CACHE_FULL,
	     dwunw_module_cache_acquire(&small, "/bin/sh", &other));
	dwunw_module_cache_release(&small, module);
	says(DWUNW_OK, dwunw_module_cache_acquire(&small, "/bin/sh", &other));
	dwunw_module_cache_stats(&small, &stats);
	ok(stats.capacity == 1 && stats.active == 1 && stats.warm == 0 &&
		   stats.opens == 2 && stats.evictions == 1,
	   "its statistics");
	dwunw_shutdown(&small);
}

static void arenas(void)
{
	static _Alignas(16) uint8_t memory[4096];
	struct dwunw_arena arena;
	struct dwunw_walker *walker;
	struct dwunw_scan *scan;
	struct dwunw_space space = { 0 };
	uint8_t *block;

	dwunw_arena_init(&arena, memory + 1, sizeof(memory) - 1);
	is_u64(arena.size, sizeof(memory) - DWUNW_ARENA_ALIGN,
	       "a base that is not aligned loses what is before");
	block = dwunw_arena_alloc(&arena, 5);
	ok(block && !((uintptr_t)block % DWUNW_ARENA_ALIGN) && !block[0],
	   "aligned, zeroed");
	says(DWUNW_ERR_NO_MEMORY, dwunw_walker_init(&walker, 1024, &arena));
	is_u64(arena.wanted, arena.used + dwunw_walker_size(1024),
	       "wanted is enough");
	says(ARG, dwunw_walker_init(&walker, 3, &arena));
	says(ARG, dwunw_scan_init(&scan, (16 << 10) - 1, &arena));
	says(ARG, dwunw_scan_init(&scan, (64 << 20) + 1, &arena));
	says(DWUNW_ERR_NO_MEMORY, dwunw_scan_init(&scan, 16 << 10, &arena));
	says(ARG, dwunw_space_init(&space));
}

static void elf_files(void)
{
	static uint8_t bytes[1 << 22], tables[1 << 22];
	FILE *file = fopen(self, "rb");
	struct dwunw_span image = {
		bytes, file ? fread(bytes, 1, sizeof(bytes), file) : 0
	};
	struct dwunw_source src;
	struct dwunw_arena arena;
	struct dwunw_elf elf;
	struct dwunw_section section;
	struct dwunw_program_header header;
	struct dwunw_segment segment;
	struct dwunw_module module;
	struct dwunw_fde fde;
	const struct dwunw_piece piece = { .end = 1, .off = UINT64_MAX };
	uint64_t at;
	char name[4];

	if (file)
		fclose(file);
	dwunw_source_from_span(&src, &image);
	says(DWUNW_OK, dwunw_elf_open(&elf, &src, NULL));
	dwunw_arena_init(&arena, tables, 16);
	says(DWUNW_ERR_NO_MEMORY, dwunw_elf_open(&elf, &src, &arena));
	is_u64(arena.wanted, (elf.segment_count * 40 + 15) / 16 * 16,
	       "40 bytes a PT_LOAD");
	says(DWUNW_OK, dwunw_elf_open(&elf, &src, NULL));
	says(DWUNW_OK, dwunw_elf_section(&elf, ".text", &section));
	says(DWUNW_ERR_NO_DEBUG_DATA,
	     dwunw_elf_section(&elf, ".no_such", &section));
	says(ARG, dwunw_elf_section_at(&elf, elf.section_count, &section, name,
				       sizeof(name)));
	says(DWUNW_OK, dwunw_elf_section_at(&elf, elf.section_count - 1,
					    &section, name, sizeof(name)));
	is_str(name, ".sh", "a name is cut at name_size - 1");
	says(ARG, dwunw_elf_program_header(&elf, elf.program_count, &header));
	says(ARG, dwunw_elf_segment(&elf, UINT64_MAX, &segment));
	says(ARG, dwunw_elf_vaddr_to_off(&elf, UINT64_MAX, &at));
	says(ARG, dwunw_elf_off_to_vaddr(&elf, UINT64_MAX, &at));
	says(ARG, dwunw_elf_read(&elf, UINT64_MAX, name, 1));
	dwunw_arena_init(&arena, tables, sizeof(tables));
	says(ARG, dwunw_module_open(&module, &src, 0, &arena));
	says(DWUNW_OK, dwunw_module_open(&module, &src, 1, &arena));
	says(DWUNW_ERR_NO_DEBUG_DATA,
	     dwunw_module_fde(&module, UINT64_MAX, &fde));
	says(ARG, dwunw_elf_bias(&module.elf, &piece, 1, 0, &at));
	image.size = 8;
	dwunw_source_from_span(&src, &image);
	says(DWUNW_ERR_BAD_FORMAT, dwunw_elf_open(&elf, &src, NULL));
	says(DWUNW_ERR_BAD_FORMAT, dwunw_module_open(&module, &src, 1, &arena));
}

static int stop_at(struct dwunw_phdr_info *info, void *visits)
{
	(void)info;
	return ++*(int *)visits == 2 ? -42 : 0;
}

static void machines(pid_t child)
{
	machine_t *machine = machine__new();
	uint64_t ip;
	struct stacktrace st = { .max_depth = 0, .ips = &ip };
	struct unwind_ctx uc = { .data = "x", .size = 1 };
	int visits = 0;

	says(ARG, bpf_unwind_ctx__resolve_callchain(&st, machine, &uc));
	st.max_depth = 1;
	says(DWUNW_ERR_BAD_FORMAT,
	     bpf_unwind_ctx__resolve_callchain(&st, machine, &uc));
	says(DWUNW_OK, bpf_unwind_ctx__thread_map(machine, child, child));
	says(DWUNW_ERR_IO, bpf_unwind_ctx__thread_map(machine, INT32_MAX, 1));
	ok(bpf_dl_iterate_phdr(machine, child, stop_at, &visits) == -42 &&
		   visits == 2,
	   "a negative answer stops it and is returned");
	machine__delete(machine);
	machine__delete(NULL);
}

int main(int argc, char **argv)
{
	pid_t child;

	if (argc != 2)
		return 2;
	directory = argv[1];
	snprintf(no_elf, sizeof(no_elf), "%s/no_elf", directory);
	snprintf(no_file, sizeof(no_file), "%s/no_file", directory);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	if (dwunw_init(&ctx) != DWUNW_OK)
		return 2;
	statuses_of_null();
	set_up();
	captures();
	events();
	processes(child);
	names();
	modules();
	arenas();
	elf_files();
	machines(child);
	dwunw_shutdown(&ctx);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return done();
}
