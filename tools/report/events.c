/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * events.c - a file, and of the events that it has the one that is meant.
 */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A regular file's bytes; NULL: told. */
static uint8_t *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *bytes = NULL;
	struct stat st;
	size_t done = 0;
	ssize_t got = 1;

	if (fd < 0 || fstat(fd, &st)) {
		dwu_cmd_error("report: %s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		dwu_cmd_error("report: %s: not a regular file", path);
	} else {
		*size = (size_t)st.st_size;
		bytes = dwu_cmd_alloc(*size, 1);
		while (done < *size && got > 0) {
			got = read(fd, bytes + done, *size - done);
			done += got > 0 ? (size_t)got : 0;
		}
		*size = done;
	}
	if (fd >= 0)
		close(fd);
	return bytes;
}

static dwunw_status_t read_number(struct dwunw_recording *recording,
				  const uint8_t *bytes, size_t size,
				  uint32_t event)
{
	const struct dwunw_recording_reader_config config = { .event = event };

	return dwunw_recording_read(recording, bytes, size, &config);
}

static const char *name_of(const struct dwunw_recording *recording)
{
	return recording->head.event == DWUNW_RECORDING_ALLOC ?
		       "alloc" :
		       recording->head.event_text;
}

/* The one of that name; the first, if there is none of it. False: told. */
static bool read_named(struct dwunw_recording *recording, const char *path,
		       const uint8_t *bytes, size_t size, const char *event)
{
	uint32_t count = dwunw_recording_events(bytes, size);
	dwunw_status_t status = DWUNW_ERR_BAD_FORMAT;

	for (uint32_t i = 0; event && i < count; i++) {
		status = read_number(recording, bytes, size, i);
		if (status == DWUNW_OK && !strcmp(name_of(recording), event))
			return true;
		dwunw_recording_free(recording);
	}
	status = read_number(recording, bytes, size, 0);
	if (status == DWUNW_OK && (!event || count == 1))
		return true;
	report_progress_end();
	if (status == DWUNW_OK)
		dwu_cmd_error("report: %s: it has no event %s", path, event);
	else
		dwu_cmd_error("report: %s: %s", path, recording->end_text);
	return false;
}

bool report_read(struct dwunw_recording *recording, const char *path,
		 const char *event)
{
	size_t size = 0;
	uint8_t *bytes = read_file(path, &size);
	bool good;

	*recording = (struct dwunw_recording){ 0 };
	if (!bytes)
		return false;
	good = read_named(recording, path, bytes, size, event);
	free(bytes);
	return good;
}

static char *copy_of(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(dwu_cmd_alloc(size, 1), text, size);
}

/* Their names, as far as their heads are there. */
static void take_names(struct report_events *events, const uint8_t *bytes,
		       size_t size)
{
	uint32_t count = dwunw_recording_events(bytes, size);

	for (uint32_t i = 0; i < count; i++) {
		struct dwunw_recording recording;

		if (read_number(&recording, bytes, size, i) == DWUNW_OK)
			events->names[events->count++] =
				copy_of(name_of(&recording));
		dwunw_recording_free(&recording);
	}
}

static bool has(const struct report_events *events, const char *name)
{
	for (uint32_t i = 0; i < events->count; i++)
		if (!strcmp(events->names[i], name))
			return true;
	return false;
}

/* "-e alloc, -e cpu" */
static const char *list_of(const struct report_events *events, char *list,
			   size_t size)
{
	size_t used = 0;

	*list = 0;
	for (uint32_t i = 0; i < events->count && used < size; i++)
		used += (size_t)snprintf(list + used, size - used, "%s-e %s",
					 i ? ", " : "", events->names[i]);
	return list;
}

bool report_list_events(struct report_events *events, const char *path,
			const char *wanted)
{
	char list[1024];
	size_t size = 0;
	uint8_t *bytes = read_file(path, &size);

	*events = (struct report_events){ 0 };
	if (!bytes)
		return false;
	take_names(events, bytes, size);
	free(bytes);
	if (!wanted || !events->count)
		return true;
	if (!has(events, wanted)) {
		dwu_cmd_error("report: %s: it has no event %s; it has: %s",
			      path, wanted,
			      list_of(events, list, sizeof(list)));
		return false;
	}
	for (uint32_t i = 0; i < events->count; i++)
		free(events->names[i]);
	events->names[0] = copy_of(wanted);
	events->count = 1;
	return true;
}

void report_free_events(struct report_events *events)
{
	for (uint32_t i = 0; i < events->count; i++)
		free(events->names[i]);
	*events = (struct report_events){ 0 };
}

/* A file of each format is of one event; a text and lines of JSON follow each other. */
static const char *single(const struct report_arguments *arguments)
{
	static const char *const options[DWUNW_REPORT_FORMAT_END] = {
		[DWUNW_REPORT_AS_TEXT] = "--output",
		[DWUNW_REPORT_AS_FOLDED] = "--folded",
		[DWUNW_REPORT_AS_PPROF] = "--pprof",
		[DWUNW_REPORT_AS_HTML] = "--html",
		[DWUNW_REPORT_AS_HEAPTRACK] = "--heaptrack",
		[DWUNW_REPORT_AS_SPEEDSCOPE] = "--speedscope",
		[DWUNW_REPORT_AS_METRICS] = "--metrics",
	};
	const char *json = arguments->exports[DWUNW_REPORT_AS_JSON];

	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++)
		if (arguments->exports[i] && options[i])
			return options[i];
	if (json && *json)
		return "--json=FILE";
	return arguments->baseline   ? "--baseline" :
	       arguments->is_limited ? "--fail-if-growth" :
				       NULL;
}

bool report_can_be_several(const struct report_arguments *arguments,
			   const struct report_events *events, const char *path)
{
	const char *option = events->count > 1 ? single(arguments) : NULL;
	char list[1024];

	if (!option)
		return true;
	dwu_cmd_error("report: %s is of one event, and %s has several: say "
		      "which: %s",
		      option, path, list_of(events, list, sizeof(list)));
	return false;
}

void report_say_event(const struct report_arguments *arguments,
		      const struct report_events *events, uint32_t event)
{
	if (events->count < 2 || arguments->exports[DWUNW_REPORT_AS_JSON])
		return;
	printf("%s-e %s\n", event ? "\n" : "", events->names[event]);
}
