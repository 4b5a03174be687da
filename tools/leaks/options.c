/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "leak.h"

#include "replace.h"
#include "suppress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "12" or "12,13"; each may come again. */
bool leak_take_pids(void *into, const char *text)
{
	struct leak *leak = into;
	char number[16];

	for (;;) {
		size_t size = strcspn(text, ",");
		uint64_t pid;

		if (size >= sizeof(number) ||
		    leak->config.pid_count == LEAK_PIDS)
			return false;
		memcpy(number, text, size);
		number[size] = 0;
		if (!option_number(number, &pid) || !pid || pid > INT32_MAX)
			return false;
		leak->config.pids = leak->pids;
		leak->pids[leak->config.pid_count++] = (int32_t)pid;
		if (!text[size])
			return true;
		text += size + 1;
	}
}

bool leak_take_pattern(void *into, const char *text)
{
	struct leak *leak = into;

	if (leak->config.pattern_count == DWUNW_HEAP_PATTERNS ||
	    !strchr(text, '*') || strlen(text) > LEAK_PATTERN_SIZE)
		return false;
	leak->config.patterns[leak->config.pattern_count++].text = text;
	return true;
}

bool leak_take_prefix(void *into, const char *text)
{
	static char patterns[DWUNW_HEAP_PATTERNS][LEAK_PATTERN_SIZE + 2];
	struct leak *leak = into;
	char *pattern;

	if (leak->config.pattern_count == DWUNW_HEAP_PATTERNS || !*text ||
	    strlen(text) >= LEAK_PATTERN_SIZE)
		return false;
	pattern = patterns[leak->config.pattern_count];
	snprintf(pattern, sizeof(patterns[0]), "%s*", text);
	return leak_take_pattern(into, pattern);
}

bool leak_take_symbol(void *into, const char *text)
{
	struct leak *leak = into;

	return dwunw_given_add(&leak->config.given, text);
}

bool leak_take_event(void *into, const char *text)
{
	struct leak *leak = into;

	return leak->events < LEAK_EVENTS_MAX &&
	       dwunw_heap_event_parse(&leak->given[leak->events++], text);
}

#define FREQUENCY 99

static bool counts(const struct leak *leak, enum dwunw_heap_kind kind)
{
	for (uint32_t i = 0; i < leak->events; i++)
		if (leak->given[i].kind == kind)
			return true;
	return kind == DWUNW_HEAP_ALLOC && !leak->events;
}

/* -F is in leak->event until then. */
static void set_event(struct leak *leak, const struct dwunw_heap_event *given)
{
	uint32_t frequency = leak->event.frequency;

	leak->event = *given;
	leak->event.frequency = frequency ? frequency : FREQUENCY;
	leak->config.event = given->kind ? &leak->event : NULL;
}

const char *leak_settle_event(struct leak *leak)
{
	if (leak->events > 1)
		return "a run has one -e";
	if (leak->event.frequency && !counts(leak, DWUNW_HEAP_CPU))
		return "-F is about -e cpu";
	set_event(leak, &leak->given[0]);
	return NULL;
}

/* What is about allocations alone. */
static void forget_allocations(struct dwunw_heap_config *config)
{
	config->sample_every = 1;
	config->sample_bytes = 0;
	config->file = NULL;
	config->pattern_count = 0;
	config->given.count = 0;
	config->live_max = 0;
}

/* For the event of that number. NULL: no memory. */
static struct leak *new_leak(const struct leak *leak, uint32_t event)
{
	struct leak *own = malloc(sizeof(*own));

	if (!own)
		return NULL;
	*own = *leak;
	own->next = NULL;
	if (own->config.pids)
		own->config.pids = own->pids;
	set_event(own, &leak->given[event]);
	if (own->event.kind)
		forget_allocations(&own->config);
	return own;
}

const char *leak_settle_events(struct leak *leak)
{
	struct leak **next = &leak->next;

	if (leak->event.frequency && !counts(leak, DWUNW_HEAP_CPU))
		return "-F is about -e cpu";
	for (uint32_t i = 0; i < leak->events; i++)
		for (uint32_t k = 0; k < i; k++)
			if (!strcmp(leak->given[i].text, leak->given[k].text))
				return "the same -e twice";
	for (uint32_t i = 1; i < leak->events; i++) {
		*next = new_leak(leak, i);
		if (!*next)
			return "out of memory";
		next = &(*next)->next;
	}
	set_event(leak, &leak->given[0]);
	if (leak->event.kind)
		forget_allocations(&leak->config);
	return NULL;
}

void leak_free_next(struct leak *leak)
{
	while (leak->next) {
		struct leak *next = leak->next;

		leak->next = next->next;
		free(next);
	}
}

const char *leak_about_allocations(const struct leak *leak)
{
	const struct dwunw_heap_config *config = &leak->config;

	if (counts(leak, DWUNW_HEAP_ALLOC))
		return NULL;
	if (config->sample_every > 1)
		return "-s is about -e alloc";
	if (config->sample_bytes)
		return "--sample-bytes is about -e alloc";
	if (config->file)
		return "--object is about -e alloc";
	if (config->pattern_count)
		return "--allocator is about -e alloc";
	if (config->given.count)
		return "--symbol is about -e alloc";
	if (config->live_max)
		return "--max-live is about -e alloc";
	return NULL;
}

int leak_count_words(char **argv)
{
	int count = 0;

	while (*argv && strcmp(*argv, "--"))
		argv++;
	while (*argv && argv[count + 1])
		count++;
	return count;
}

int leak_take_command(const struct option_program *program, struct leak *leak,
		      int count, char **argv, int words)
{
	if (count && words == count)
		leak->config.command = argv + 1;
	if (words == count)
		return -1;
	return option_wrong(program,
			    "'%s': a process is -p PID, a command is behind --",
			    argv[1]);
}

void leak_set_defaults(struct leak *leak)
{
	*leak = (struct leak){
		.interval_ns = 5 * LEAK_SECOND,
		.report_options = { .top = 10, .losses = true },
		.view = { .min_age_ns = 500000000 },
		.config = { .max_size = UINT64_MAX, .sample_every = 1 },
	};
}

void leak_set_walk(struct leak *leak)
{
	leak->config.mode = DWUNW_HEAP_FALLBACK;
	leak->config.walk = DWUNW_HEAP_AUTO;
	leak->config.walk_word = "--walk=kernel";
}

bool leak_is_of_programs(const struct leak *leak)
{
	return leak->config.command || leak->config.pid_count ||
	       leak->config.all || leak->config.cgroup;
}

/* A --symbol of a function that has no probe would never be looked at. */
static int check_symbols(const struct option_program *program,
			 const struct leak *leak)
{
	for (uint32_t i = 0; i < leak->config.given.count; i++) {
		const struct dwunw_given_symbol *given =
			&leak->config.given.symbols[i];

		if (!dwunw_heap_probes(&leak->config, given->name))
			return option_wrong(
				program,
				"--symbol %s: '%s' is no function "
				"that has a probe; allowed: malloc, "
				"free, calloc and the like, with -S "
				"or --allocator by their pattern",
				given->text, given->name);
	}
	return -1;
}

/* Now, and not when the first report is there. */
static bool can_export(const char *tool, const char *option, const char *path)
{
	int error = path && *path ? replace_check(path) : 0;

	if (error)
		fprintf(stderr, "%s: %s=%s: %s\n", tool, option, path,
			error == EEXIST ? "what is there is no regular file" :
					  strerror(error));
	return !error;
}

/* Now, and not at the first report. */
static bool check_lists(const struct leak *leak)
{
	struct dwunw_report none = { 0 };
	uint32_t left;
	bool good = !leak->suppressions ||
		    suppress_file(leak->config.tool, leak->suppressions, &none);

	if (good && leak->baseline)
		good = suppress_known(leak->config.tool, leak->baseline, &none,
				      &left);

	dwunw_report_free(&none);
	return good;
}

/* Now, and not after a run of hours. */
static int check_formats(const struct option_program *program,
			 const struct leak *leak)
{
#ifndef CONFIG_REPORT_FORMATS
	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++)
		if (leak->exports[i] && i != DWUNW_REPORT_AS_FOLDED)
			return option_wrong(
				program,
				"%s: this build has no such format "
				"(CONFIG_REPORT_FORMATS); dwunw record writes "
				"what `dwunw report` on a PC makes it of",
				leak_export_option(i));
#endif
	(void)program;
	(void)leak;
	return -1;
}

static int check_files(const struct option_program *program,
		       const struct leak *leak)
{
	const char *tool = leak->config.tool;
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);

	if (leak->config.ring_size && leak->config.ring_size < page)
		return option_wrong(program,
				    "--ring-size: %u is less than a page, %u",
				    leak->config.ring_size, page);
	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++)
		if (!can_export(tool, leak_export_option(i), leak->exports[i]))
			return EXIT_FAILURE;
	if (!check_lists(leak))
		return EXIT_FAILURE;
	if (!leak->config.debug_file || !access(leak->config.debug_file, R_OK))
		return -1;
	fprintf(stderr, "%s: --debug-file %s: %s\n", tool,
		leak->config.debug_file, strerror(errno));
	return EXIT_FAILURE;
}

int leak_check(const struct option_program *program, const struct leak *leak)
{
	int status = check_formats(program, leak);

	if (status < 0)
		status = check_symbols(program, leak);
	return status < 0 ? check_files(program, leak) : status;
}
