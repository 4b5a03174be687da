/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * probe OBJECT PID FILE SECONDS [-c CAP] [-s SLOTS] PROGRAM=FUNCTION[@return] …
 *
 * Puts programs of a BPF object on functions of FILE in process PID, prints a
 * line for each event ("event kind=… frames: a b c; stop=…"), counters last.
 * SIGINT ends it before its time.
 */
#include "capture.h"

#include <dwunw/linux.h>
#include <dwunw/loader.h>
#include <dwunw/symbols.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	interrupted = number;
}

struct probe {
	struct dwunw_context ctx;
	struct dwunw_symbol_resolver resolver;
	struct dwunw_event event;
	struct dwunw_frame frames[128];
	uint64_t received;
};

static void print_frames(struct probe *probe, size_t count)
{
	printf(" frames:");
	for (size_t i = 0; i < count; i++) {
		const struct dwunw_frame *frame = &probe->frames[i];
		struct dwunw_symbol_info info = { 0 };
		struct dwunw_symbol_input input = {
			.module_path =
				dwunw_module_label(&probe->ctx, frame->module),
			.pc = dwunw_frame_lookup(frame, frame->vaddr),
		};

		if (input.module_path)
			dwunw_symbol_resolve_batch(&probe->resolver, &input,
						   &info, 1);
		printf(" %s", info.function ? info.function : "?");
		if (frame->how > DWUNW_HOW_CFI)
			printf("(%s)", dwunw_how_name(frame->how));
	}
}

static void on_event(void *ctx, void *bytes, size_t size)
{
	struct probe *probe = ctx;
	struct dwunw_stop stop;
	size_t count = 0;
	dwunw_status_t status;
	char text[256];
	const struct dwunw_event_header *header = &probe->event.header;

	probe->received++;
	status = dwunw_consume(&probe->ctx, bytes, size, &probe->event,
			       probe->frames, 128, &count, &stop);
	printf("event status=%s kind=%u flags=%u returns=%u stack=%" PRIu32
	       " cookie=%" PRIu64 " generation=%" PRIu32,
	       dwunw_status_name(status), header->kind, header->flags,
	       header->return_count, header->stack_size, header->cookie,
	       header->map_generation);
	if (count) {
		print_frames(probe, count);
		printf("; stop=%s; %s", dwunw_stop_name(stop.reason),
		       dwunw_stop_text(&probe->ctx, &stop, text, sizeof(text)));
	}
	putchar('\n');
	fflush(stdout);
}

static int fail(const char *what)
{
	fprintf(stderr, "probe: ");
	perror(what);
	return 1;
}

/* errno of a loader's answer. */
static int fail_with(const char *what, int error)
{
	errno = -error;
	return fail(what);
}

static void *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	char *bytes = malloc(1 << 20);

	*size = file && bytes ? fread(bytes, 1, 1 << 20, file) : 0;
	if (file)
		fclose(file);
	return bytes;
}

/* Takes -c and -s; the index of the first other argument. */
static int set_options(struct dwunw_loader *loader, char **argv, int first)
{
	struct dwunw_capture_options options = {
		.stack_cap = DWUNW_CAPTURE_STACK_CAP,
		.slots = DWUNW_CAPTURE_SLOTS,
	};

	for (; argv[first] && argv[first][0] == '-'; first += 2) {
		if (argv[first][1] == 'c')
			options.stack_cap = (uint32_t)atoi(argv[first + 1]);
		else
			options.slots = (uint32_t)atoi(argv[first + 1]);
	}
	dwunw_loader_set_value(loader, DWUNW_CAPTURE_OPTIONS_MAP, &options,
			       sizeof(options));
	dwunw_loader_set_entries(loader, "dwunw_slots", options.slots);
	dwunw_loader_set_events(loader, "dwunw_events", false, 1 << 22);
	return first;
}

static int attach(struct probe *probe, struct dwunw_loader *loader, int32_t pid,
		  const char *file, char *argument)
{
	char *function = strchr(argument, '='), *at;
	uint64_t off;
	int error;

	if (!function)
		return fail(argument);
	*function++ = '\0';
	at = strchr(function, '@');
	if (at)
		*at = '\0';
	if (dwunw_symbol_offset(&probe->resolver, file, function, &off, NULL))
		return fail(function);
	error = dwunw_loader_attach_uprobe(loader, argument, at != NULL, pid,
					   file, off);
	return error ? fail_with(argument, error) : 0;
}

static void follow(struct dwunw_loader *loader, int32_t pid)
{
	uint32_t tgid = (uint32_t)pid, one = 1;
	const char *missing = "";
	int error = dwunw_loader_attach_tracepoints(loader, &missing);

	if (error)
		fail_with(missing, error);
	dwunw_bpf_map_set(dwunw_loader_map(loader, "dwunw_generations"), &tgid,
			  &one);
}

int main(int argc, char **argv)
{
	static struct probe probe;
	struct sigaction action = { .sa_handler = on_interrupt };
	struct dwunw_loader *loader;
	void *object;
	size_t size;
	struct dwunw_process *process;
	uint64_t counters[DWUNW_COUNT_END] = { 0 };
	time_t end;
	int32_t pid;
	int fd, error, first = 5;

	if (argc < 6)
		return fail("arguments");
	pid = atoi(argv[2]);
	sigaction(SIGINT, &action, NULL);
	object = read_file(argv[1], &size);
	if (!size || dwunw_loader_open(&loader, object, size, true) ||
	    dwunw_init(&probe.ctx) ||
	    dwunw_symbol_resolver_init(&probe.resolver, NULL) ||
	    dwunw_process_open(&probe.ctx, pid, &process))
		return fail(argv[1]);
	first = set_options(loader, argv, first);
	error = dwunw_loader_load(loader);
	if (!error)
		error = dwunw_loader_open_events(loader, on_event, &probe);
	if (error)
		return fail_with("load", error);
	follow(loader, pid);
	for (int i = first; i < argc; i++) {
		if (attach(&probe, loader, pid, argv[3], argv[i]))
			return 1;
	}
	fprintf(stderr, "ready\n");
	end = time(NULL) + atoi(argv[4]);
	while (time(NULL) < end && !interrupted)
		dwunw_loader_read_events(loader, 50);
	fd = dwunw_loader_map(loader, "dwunw_counters");
	for (uint32_t i = 0; i < DWUNW_COUNT_END; i++)
		dwunw_bpf_map_get(fd, &i, &counters[i]);
	for (int i = 0; i < 100; i++) {
		if (probe.received >= counters[DWUNW_COUNT_EVENTS])
			break;
		dwunw_loader_read_events(loader, 10);
	}
	printf("counters calls=%" PRIu64 " events=%" PRIu64 " slot=%" PRIu64
	       " buffer=%" PRIu64 " lost=%" PRIu64 "\n",
	       counters[DWUNW_COUNT_CALLS], counters[DWUNW_COUNT_EVENTS],
	       counters[DWUNW_COUNT_DROP_SLOT],
	       counters[DWUNW_COUNT_DROP_BUFFER],
	       counters[DWUNW_COUNT_RETURN_LOST]);
	dwunw_loader_close(loader);
	free(object);
	dwunw_symbol_resolver_shutdown(&probe.resolver);
	dwunw_shutdown(&probe.ctx);
	return 0;
}
