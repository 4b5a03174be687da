/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * debuginfod.c - debug files from the servers of DEBUGINFOD_URLS, by elfutils'
 * libdebuginfod. It is loaded when it is asked for, so that no program that was built
 * with it needs it, nor what it needs. Its cache is its own, as for gdb.
 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef CONFIG_DEBUGINFOD
#include <dlfcn.h>

/* debuginfod.h of elfutils 0.179 and later */
struct debuginfod_client;
static struct {
	void *library;
	struct debuginfod_client *client;
	struct debuginfod_client *(*begin)(void);
	int (*find)(struct debuginfod_client *client, const unsigned char *id,
		    int size, char **path);
	void (*set_progress)(struct debuginfod_client *client,
			     int (*progress)(struct debuginfod_client *client,
					     long a, long b));
	void (*end)(struct debuginfod_client *client);
} server;

static const char *label_now = "";

/* 0: go on. */
static int show(struct debuginfod_client *client, long a, long b)
{
	(void)client;
	if (b > 0)
		report_progress("debuginfod: %s: %ld of %ld KB", label_now,
				a / 1024, b / 1024);
	else
		report_progress("debuginfod: %s", label_now);
	return 0;
}

/* A function by its name: what dlsym() gives is no pointer to code in C. */
static bool take(const char *name, void *into)
{
	void *found = dlsym(server.library, name);

	memcpy(into, &found, sizeof(found));
	return found;
}

static bool load(void)
{
	server.library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
	return server.library && take("debuginfod_begin", &server.begin) &&
	       take("debuginfod_find_debuginfo", &server.find) &&
	       take("debuginfod_set_progressfn", &server.set_progress) &&
	       take("debuginfod_end", &server.end);
}

static bool open_client(void)
{
	if (!load())
		return false;
	server.client = server.begin();
	if (server.client)
		server.set_progress(server.client, show);
	return server.client;
}

bool report_debuginfod_is_open(void)
{
	return server.client;
}

char *report_debuginfod_find(const uint8_t *build_id, uint32_t size,
			     const char *label)
{
	char *path = NULL;
	int fd;

	if (!server.client || !size)
		return NULL;
	label_now = strrchr(label, '/') ? strrchr(label, '/') + 1 : label;
	fd = server.find(server.client, build_id, (int)size, &path);
	report_progress_end();
	if (fd < 0)
		return NULL;
	close(fd);
	return path;
}

void report_debuginfod_close(void)
{
	if (server.client)
		server.end(server.client);
	server.client = NULL;
}
#else
static bool open_client(void)
{
	return false;
}

bool report_debuginfod_is_open(void)
{
	return false;
}

char *report_debuginfod_find(const uint8_t *build_id, uint32_t size,
			     const char *label)
{
	(void)build_id;
	(void)size;
	(void)label;
	return NULL;
}

void report_debuginfod_close(void)
{
}
#endif

bool report_debuginfod_open(bool wanted)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	if (!urls || !*urls) {
		if (wanted)
			dwu_cmd_error("report: --debuginfod: DEBUGINFOD_URLS "
				      "names no server");
		return !wanted;
	}
	if (open_client() || !wanted)
		return true;
#ifdef CONFIG_DEBUGINFOD
	dwu_cmd_error("report: --debuginfod: libdebuginfod.so.1 cannot be "
		      "loaded (Debian: libdebuginfod1)");
#else
	dwu_cmd_error("report: --debuginfod: not in this build, which "
		      "CONFIG_DEBUGINFOD is off in");
#endif
	return false;
}
