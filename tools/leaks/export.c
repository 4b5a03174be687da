/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * export.c - reports for programs: which option asks for which format, and
 * where to.
 */
#include "leak.h"

#include "replace.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const options[DWUNW_REPORT_FORMAT_END] = {
	[DWUNW_REPORT_AS_FOLDED] = "--folded",
	[DWUNW_REPORT_AS_JSON] = "--json",
	[DWUNW_REPORT_AS_PPROF] = "--pprof",
	[DWUNW_REPORT_AS_HTML] = "--html",
	[DWUNW_REPORT_AS_HEAPTRACK] = "--heaptrack",
	[DWUNW_REPORT_AS_SPEEDSCOPE] = "--speedscope",
	[DWUNW_REPORT_AS_METRICS] = "--metrics",
};

const char *leak_export_option(uint32_t format)
{
	return options[format];
}

bool leak_is_to_stdout(const char *where)
{
	return where && !*where;
}

bool leak_has_exports(const struct leak *leak)
{
	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++)
		if (leak->exports[i])
			return true;
	return false;
}

bool leak_exports_meet(const struct leak *leak)
{
	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++)
		for (uint32_t k = 0; leak->exports[i] && k < i; k++)
			if (leak->exports[k] &&
			    !strcmp(leak->exports[i], leak->exports[k]))
				return true;
	return false;
}

bool leak_stdout_is_taken(const struct leak *leak)
{
	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++)
		if (leak_is_to_stdout(leak->exports[i]))
			return true;
	return false;
}

struct dwunw_report_output leak_output(FILE *file)
{
	return (struct dwunw_report_output){ replace_write, file };
}

/* NULL: not to be had, which is told. */
static FILE *open_export(struct leak *leak, uint32_t format, const char *where)
{
	FILE *out = *where ? replace_open(where) : stdout;

	if (out)
		return out;
	fprintf(stderr, "%s: %s=%s: %s\n", leak->config.tool, options[format],
		where, strerror(errno));
	leak->export_failed = true;
	return NULL;
}

static void close_export(struct leak *leak, uint32_t format, const char *where,
			 FILE *out)
{
	int error = *where ? replace_done(out, where) : 0;

	if (!error)
		return;
	fprintf(stderr, "%s: %s=%s: %s%s\n", leak->config.tool, options[format],
		where, strerror(error),
		access(where, F_OK) ? "" : ": what was there is there still");
	leak->export_failed = true;
}

/* An error of the stream is told where it is closed. */
static void export(struct leak *leak, uint32_t format, const char *where)
{
	FILE *out = open_export(leak, format, where);
	struct dwunw_report_output output = leak_output(out);

	if (!out)
		return;
	if (dwunw_report_write(&leak->report, format, &leak->report_options,
			       &output) == DWUNW_ERR_NO_MEMORY) {
		fprintf(stderr, "%s: %s=%s: out of memory: no report\n",
			leak->config.tool, options[format], where);
		leak->export_failed = true;
		if (*where)
			replace_drop(out, where);
		return;
	}
	close_export(leak, format, where, out);
}

/* A file has each report, the one before goes; stdout those of --json one after
 * the other, and of others the last, since scripts add up what they read. */
void leak_export(struct leak *leak)
{
	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++) {
		const char *where = leak->exports[i];

		if (where && (*where || leak->report.meta.last ||
			      i == DWUNW_REPORT_AS_JSON))
			export(leak, i, where);
	}
}
