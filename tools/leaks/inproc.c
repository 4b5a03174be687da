/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * inproc.c - `dwunw leaks --in-process -- COMMAND`: the command runs with the recorder
 * preloaded, and its recording is reported at its end. The tool needs no privileges,
 * and the kernel no probes.
 */
#include "inproc.h"

#include "attach.h"
#include "cmd.h"
#include "commands.h"
#include "interrupt.h"
#include "theirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIBRARY "libdwunw-preload.so"
#define WORDS 32
/* of who is to write what another process has left (port/inproc/kept.c): its place in
 * memory was taken */
#define STATUS_AGAIN 75
#define TRIES 16

/* A run: where the recorder is, and the recording, which may be for the report only. */
struct run {
	struct leak *leak;
	char library[4096];
	char directory[64]; /* made for the recording; "": it is the user's */
	char file[4096];
	int tables; /* a file for what outlives the command; -1: none */
	pid_t self;
	bool left; /* in a process, which was told */
	struct theirs theirs;
};

const char *inproc_contradiction(const struct leak *leak)
{
	const struct dwunw_heap_config *config = &leak->config;

	if (!config->command && config->pid_count != 1)
		return "--in-process is about -- COMMAND or a single PID";
	if (config->file || config->pattern_count || config->given.count ||
	    config->debug_file || config->follow_forks || config->budget ||
	    config->sample_every > 1 || leak->trace || leak->show_allocs ||
	    leak->view.by_thread || leak->only || leak->intervals ||
	    leak->record_max || leak->baseline || leak->push_options.url ||
	    config->min_size || config->max_size != UINT64_MAX)
		return "of --in-process are: --sample-bytes, --record, --top, "
		       "--suppressions, --output, --memory-max and the "
		       "formats";
	return NULL;
}

/* --- before ------------------------------------------------------------------------- */

static bool is_there(struct run *run, const char *directory, const char *below)
{
	snprintf(run->library, sizeof(run->library), "%s/%s" LIBRARY, directory,
		 below);
	return !access(run->library, F_OK);
}

/* Debian's directories of libraries have names of machines: lib/MACHINE/dwunw. */
static bool is_below_any(struct run *run, const char *directory)
{
	char libs[3100], below[NAME_MAX + 8];
	const struct dirent *entry;
	bool there = false;
	DIR *list;

	snprintf(libs, sizeof(libs), "%s/../lib", directory);
	list = opendir(libs);
	while (list && !there && (entry = readdir(list)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%s/dwunw/", entry->d_name);
		there = is_there(run, libs, below);
	}
	if (list)
		closedir(list);
	return there;
}

/* Beside the tool, as it is built; or where it is installed; or as $DWUNW_PRELOAD
 * says. */
static bool find_library(struct run *run)
{
	const char *given = getenv("DWUNW_PRELOAD");
	char self[3000];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (given) {
		snprintf(run->library, sizeof(run->library), "%s", given);
		return !access(given, R_OK);
	}
	self[size > 0 ? size : 0] = 0;
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = 0;
	return is_there(run, self, "") ||
	       is_there(run, self, "../lib/dwunw/") || is_below_any(run, self);
}

/* 0, or an errno. */
static int make_file(struct run *run)
{
	char here[3000];

	if (run->leak->record && *run->leak->record == '/')
		snprintf(run->file, sizeof(run->file), "%s", run->leak->record);
	else if (run->leak->record) {
		/* the command may go to another directory */
		if (!getcwd(here, sizeof(here)))
			return errno;
		snprintf(run->file, sizeof(run->file), "%s/%.1000s", here,
			 run->leak->record);
	} else {
		strcpy(run->directory, "/tmp/dwunw-XXXXXX");
		if (!mkdtemp(run->directory))
			return errno;
		snprintf(run->file, sizeof(run->file), "%s/recording",
			 run->directory);
	}
	/* what was there is of another run */
	return unlink(run->file) && errno != ENOENT ? errno : 0;
}

/* The command finds it by our number: it is to have no descriptor of ours. */
static void make_tables(struct run *run)
{
	run->self = getpid();
	run->tables = memfd_create("dwunw-tables", MFD_CLOEXEC);
}

/* --- the command --------------------------------------------------------------------- */

static void set_tables(const struct run *run, const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "/proc/%" PRId32 "/fd/%d",
		 (int32_t)run->self, run->tables);
	if (run->tables >= 0)
		setenv(name, text, 1);
}

static void set_environment(const struct run *run)
{
	const char *others = getenv("LD_PRELOAD");
	char text[8300];

	snprintf(text, sizeof(text), "%s%s%.4000s",
		 run->theirs.is ? run->theirs.library : run->library,
		 others ? ":" : "", others ? others : "");
	setenv("LD_PRELOAD", text, 1);
	setenv("DWUNW_INPROC", run->theirs.is ? run->theirs.file : run->file,
	       1);
	unsetenv("DWUNW_INPROC_REST");
	unsetenv("DWUNW_INPROC_CHILDREN");
	set_tables(run, "DWUNW_INPROC_TABLES");
	/* of what it starts, nobody is to write that file */
	snprintf(text, sizeof(text), "%" PRId32, (int32_t)getpid());
	setenv("DWUNW_INPROC_PID", text, 1);
	snprintf(text, sizeof(text), "%" PRIu32,
		 run->leak->config.sample_bytes);
	if (run->leak->config.sample_bytes)
		setenv("DWUNW_INPROC_SAMPLE_BYTES", text, 1);
}

static void execute(const struct run *run)
{
	char **command = run->leak->config.command;

	set_environment(run);
	/* what reads a report on stdout is not to get both */
	if (leak_stdout_is_taken(run->leak))
		dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(command[0], command);
	dwu_cmd_error("leaks: %s: %s", command[0], strerror(errno));
	_exit(127);
}

/* As a program that does nothing: the recorder in it writes and ends it. */
static void write_rest(const struct run *run)
{
	char tables[64];

	set_environment(run);
	unsetenv("DWUNW_INPROC_TABLES");
	snprintf(tables, sizeof(tables), "/proc/self/fd/%d", run->tables);
	setenv("DWUNW_INPROC_REST", tables, 1);
	fcntl(run->tables, F_SETFD, 0);
	if (!theirs_become(&run->theirs))
		_exit(127);
	execlp("true", "true", (char *)NULL);
	_exit(127);
}

/* Its status as wait(2) has it; -1: told. Ctrl-C is the command's. */
static int run_as(const struct run *run, void (*what)(const struct run *run))
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		what(run);
	if (pid < 0) {
		dwu_cmd_error("leaks: cannot start: %s", strerror(errno));
		return -1;
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	return status;
}

/* What the command has left without an end of its own: after kill -9, or by a signal
 * handler that ended it within the recorder. */
static void rescue(const struct run *run, int status)
{
	int tries = TRIES;

	if (run->tables < 0 ||
	    (!WIFSIGNALED(status) && !access(run->file, R_OK)))
		return;
	do
		status = run_as(run, write_rest);
	while (status >= 0 && WIFEXITED(status) &&
	       WEXITSTATUS(status) == STATUS_AGAIN && --tries);
}

/* --- the report ------------------------------------------------------------------------ */

struct words {
	int count;
	char *at[WORDS];
	char texts[WORDS][4200];
};

static void add(struct words *words, const char *text, const char *value)
{
	char *room = words->texts[words->count];

	snprintf(room, sizeof(words->texts[0]), "%s%s", text, value);
	words->at[words->count++] = room;
}

static void add_number(struct words *words, const char *text, uint64_t value)
{
	char number[24];

	snprintf(number, sizeof(number), "%" PRIu64, value);
	add(words, text, number);
}

/* `dwunw report` with the same options. */
static int report(const struct run *run)
{
	static struct words words;
	const struct leak *leak = run->leak;
	const char *format;

	add(&words, "report", "");
	add_number(&words, "--top=", leak->report_options.top);
	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++) {
		format = leak->exports[i];
		if (!format)
			continue;
		add(&words, leak_export_option(i), *format ? "=" : "");
		strncat(words.at[words.count - 1], format, 4000);
	}
	if (leak->suppressions)
		add(&words, "--suppressions=", leak->suppressions);
	if (leak->output)
		add(&words, "--output=", leak->output);
	if (leak->config.memory_max)
		add_number(&words, "--memory-max=", leak->config.memory_max);
	add(&words, run->file, "");
	return dwu_cmd_report(words.count, words.at);
}

static void say_signal(int status)
{
	fprintf(stderr, "note: the command was ended by signal %d\n",
		WTERMSIG(status));
}

/* Why there is none. */
static int say_none(const struct run *run, int status)
{
	if (!run->leak->config.command) {
		dwu_cmd_error("leaks: there is no recording: true(1) has to "
			      "run as the process's user, with %s",
			      run->library);
		return EXIT_FAILURE;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return 127;
	dwu_cmd_error("leaks: the command has written no recording: it is "
		      "linked statically, or runs with other rights "
		      "(ld.so(8)), or it has executed what is%s",
		      WIFSIGNALED(status) ? "; or its C library is not that of "
					    "true(1)" :
					    "");
	return EXIT_FAILURE;
}

/* Its status, as wait(2) has it; -1: told. */
static int run_command(struct run *run)
{
	int status;

	make_tables(run);
	status = run_as(run, execute);
	if (status >= 0) {
		rescue(run, status);
		if (WIFSIGNALED(status))
			say_signal(status);
	}
	return status;
}

/* A directory of ours is made as late as may be: if we are killed, it stays. */
static bool prepare_file(struct run *run, bool now)
{
	int error = now ? make_file(run) : 0;

	if (error)
		dwu_cmd_error("leaks: %s: %s",
			      run->leak->record ? run->leak->record : "/tmp",
			      strerror(error));
	return !error;
}

/* A process that runs. Its tables are ours to read, whether it is there still or
 * not. */
static int run_attached(struct run *run)
{
	const struct dwunw_heap_config *config = &run->leak->config;
	struct attach *attach;
	interrupt_watch();
	theirs_find(&run->theirs, config->pids[0]);
	run->self = getpid();
	run->tables = -1;
	attach = attach_open(config->pids[0], run->library,
			     config->sample_bytes, &run->tables);
	if (!attach)
		return -1;
	attach_wait(attach);
	run->left = !attach_close(attach);
	if (!prepare_file(run, !run->leak->record))
		return -1;
	if (theirs_make(&run->theirs, run->library)) {
		dwu_cmd_error("leaks: /tmp: %s", strerror(errno));
		return -1;
	}
	rescue(run, 0);
	if (run->theirs.is)
		(void)theirs_take(&run->theirs, run->file);
	return 0;
}

int inproc_run(struct leak *leak)
{
	struct run run = { .leak = leak };
	int status;

	if (!find_library(&run)) {
		dwu_cmd_error("leaks: " LIBRARY " is neither beside dwunw nor "
			      "in ../lib; DWUNW_PRELOAD may say where it is");
		return EXIT_FAILURE;
	}
	if (!prepare_file(&run, leak->record || leak->config.command))
		return EXIT_FAILURE;
	status = leak->config.command ? run_command(&run) : run_attached(&run);
	if (status >= 0)
		status = access(run.file, R_OK) ? say_none(&run, status) :
						  report(&run);
	theirs_remove(&run.theirs);
	if (run.tables >= 0)
		close(run.tables);
	if (*run.directory) {
		unlink(run.file);
		rmdir(run.directory);
	}
	return status < 0 || (!status && run.left) ? EXIT_FAILURE : status;
}
