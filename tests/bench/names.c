/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * names - how long a name takes.
 *
 *	names dwunw FILE PC...        one answer to each, printed; so do
 *	names libdw FILE PC...        the other two, where built in
 *	names libbacktrace FILE PC...
 *	names warm FILE PC...         dwunw: all of them as one batch, again and
 *	                              again; microseconds a batch
 *	names cold TIMES COMMAND...   start to end of a command: milliseconds
 *	                              (least, median) and KB at most
 *
 * All are one static program, so that none pays for a dynamic linker.
 */
#include <dwunw/symbols.h>

#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef WITH_LIBDW
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#endif
#ifdef WITH_LIBBACKTRACE
#include <backtrace.h>
#endif

#define PCS_MAX 4096

static uint64_t pcs[PCS_MAX];
static int pc_count;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static struct dwunw_symbol_input inputs[PCS_MAX];
static struct dwunw_symbol_info infos[PCS_MAX];

static void ask(const char *file)
{
	for (int i = 0; i < pc_count; i++)
		inputs[i] = (struct dwunw_symbol_input){ .module_path = file,
							 .pc = pcs[i] };
}

static int by_dwunw(const char *file)
{
	struct dwunw_symbol_config config = { .flags = DWUNW_SYMBOL_RAW_NAMES };
	struct dwunw_symbol_resolver resolver;

	ask(file);
	if (dwunw_symbol_resolver_init(&resolver, &config))
		return 1;
	dwunw_symbol_resolve_batch(&resolver, inputs, infos, (size_t)pc_count);
	for (int i = 0; i < pc_count; i++)
		for (const struct dwunw_symbol_info *at = &infos[i]; at;
		     at = at->inlined)
			printf("%s %s:%u\n", at->function ? at->function : "??",
			       at->file ? at->file : "??", at->line);
	dwunw_symbol_resolver_shutdown(&resolver);
	return 0;
}

static int warm(const char *file)
{
	struct dwunw_symbol_resolver resolver;
	double times[1000], first = now();
	uint32_t found = 0, levels = 0;

	ask(file);
	if (dwunw_symbol_resolver_init(&resolver, NULL))
		return 1;
	dwunw_symbol_resolve_batch(&resolver, inputs, infos, (size_t)pc_count);
	first = now() - first;
	for (int i = 0; i < 1000; i++) {
		double start = now();

		dwunw_symbol_resolve_batch(&resolver, inputs, infos,
					   (size_t)pc_count);
		times[i] = now() - start;
	}
	qsort(times, 1000, sizeof(times[0]), compare);
	for (int i = 0; i < pc_count; i++) {
		found += infos[i].file != NULL;
		for (const struct dwunw_symbol_info *at = &infos[i]; at;
		     at = at->inlined)
			levels++;
	}
	printf("%d addresses, %u with a line, %u levels: first %.0f us, then "
	       "p50 %.1f p95 %.1f max %.1f us\n",
	       pc_count, found, levels, first, times[500], times[950],
	       times[999]);
	dwunw_symbol_resolver_shutdown(&resolver);
	return 0;
}

#ifdef WITH_LIBDW
static int by_libdw(const char *file)
{
	int fd = open(file, O_RDONLY);
	Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);

	for (int i = 0; dwarf && i < pc_count; i++) {
		Dwarf_Die unit, *scopes = NULL;
		Dwarf_Line *line;
		const char *name = "??", *path = "??";
		int lineno = 0, count;

		if (!dwarf_addrdie(dwarf, pcs[i], &unit))
			continue;
		count = dwarf_getscopes(&unit, pcs[i], &scopes);
		for (int k = 0; k < count; k++) {
			int tag = dwarf_tag(&scopes[k]);

			if (tag == DW_TAG_subprogram ||
			    tag == DW_TAG_inlined_subroutine) {
				Dwarf_Attribute attr;

				name = dwarf_formstring(dwarf_attr_integrate(
					&scopes[k], DW_AT_linkage_name, &attr));
				if (!name)
					name = dwarf_diename(&scopes[k]);
				break;
			}
		}
		line = dwarf_getsrc_die(&unit, pcs[i]);
		if (line) {
			path = dwarf_linesrc(line, NULL, NULL);
			dwarf_lineno(line, &lineno);
		}
		printf("%s %s:%d\n", name ? name : "??", path, lineno);
		free(scopes);
	}
	return !dwarf;
}
#endif

#ifdef WITH_LIBBACKTRACE
static int got(void *data, uintptr_t pc, const char *file, int line,
	       const char *function)
{
	(void)data;
	(void)pc;
	printf("%s %s:%d\n", function ? function : "??", file ? file : "??",
	       line);
	return 0;
}

static void failed(void *data, const char *text, int code)
{
	(void)data;
	fprintf(stderr, "libbacktrace: %s (%d)\n", text, code);
}

static int by_libbacktrace(const char *file)
{
	struct backtrace_state *state =
		backtrace_create_state(file, 0, failed, NULL);

	for (int i = 0; state && i < pc_count; i++)
		backtrace_pcinfo(state, pcs[i], got, failed, NULL);
	return !state;
}
#endif

extern char **environ;

static int cold(int times, char **command)
{
	double *took = calloc((size_t)times, sizeof(*took));
	posix_spawn_file_actions_t quiet;
	long kb = 0;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	for (int i = 0; i < times; i++) {
		struct rusage usage;
		double start = now();
		int status;
		pid_t pid;

		if (posix_spawnp(&pid, command[0], &quiet, NULL, command,
				 environ) ||
		    wait4(pid, &status, 0, &usage) != pid || status)
			return 1;
		took[i] = (now() - start) / 1e3;
		if (usage.ru_maxrss > kb)
			kb = usage.ru_maxrss;
	}
	qsort(took, (size_t)times, sizeof(*took), compare);
	printf("%8.2f %8.2f ms %8ld KB\n", took[0], took[times / 2], kb);
	free(took);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "cold"))
		return cold(atoi(argv[2]), argv + 3);
	if (argc < 4)
		return 2;
	for (int i = 3; i < argc && pc_count < PCS_MAX; i++)
		pcs[pc_count++] = strtoull(argv[i], NULL, 0);
	if (!strcmp(argv[1], "dwunw"))
		return by_dwunw(argv[2]);
	if (!strcmp(argv[1], "warm"))
		return warm(argv[2]);
#ifdef WITH_LIBDW
	if (!strcmp(argv[1], "libdw"))
		return by_libdw(argv[2]);
#endif
#ifdef WITH_LIBBACKTRACE
	if (!strcmp(argv[1], "libbacktrace"))
		return by_libbacktrace(argv[2]);
#endif
	fprintf(stderr, "names: %s is not built in\n", argv[1]);
	return 2;
}
