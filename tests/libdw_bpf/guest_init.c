/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * guest_init.c - the first process of the guest of guest.t: starts /target in
 * one mode after the other, a tool on it, lets it run for a moment, prints what
 * the tool says under "== NUMBER" and switches the machine off.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS 4

/* What poll(3) calls here. */
#ifdef __mips__
#define BLOCKING "poll"
#else
#define BLOCKING "ppoll"
#endif

struct run {
	const char *mode;
	const char *tool;
	const char *before; /* an option, or NULL */
	const char *behind[2];
};

/* guest.t has the same list, with what is to be seen. */
static const struct run runs[] = {
	{ "plain", "/syscall", NULL, { BLOCKING } },
	{ "plain", "/syscall", "--regs=stack", { BLOCKING } },
	{ "signal", "/syscall", "--regs=stack", { BLOCKING } },
	{ "thread", "/syscall_parallel", NULL, { BLOCKING } },
	{ "fork", "/syscall", NULL, { BLOCKING } },
	{ "exec", "/syscall", NULL, { BLOCKING } },
	{ "plain", "/pwrite64_event", NULL, { NULL } },
	{ "signal", "/pwrite64_event", "--regs=stack", { NULL } },
	{ "thread", "/uprobe", NULL, { "/target", "probe_me" } },
};

static void mount_all(void)
{
	static const struct {
		const char *type;
		const char *where;
	} mounts[] = { { "proc", "/proc" },
		       { "sysfs", "/sys" },
		       { "devtmpfs", "/dev" },
		       { "tracefs", "/sys/kernel/tracing" } };

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL);
	}
}

/* Its input is a pipe, and what it writes to `stream` comes through another. */
static pid_t start(char **argv, int stream, int *in, int *out)
{
	int to[2], from[2];
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(to[0], 0);
		dup2(from[1], stream);
		execv(argv[0], argv);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	*in = to[1];
	*out = from[0];
	return pid;
}

/* Prints what comes, until that word has. */
static void wait_for(int fd, const char *word)
{
	char text[256] = { 0 };
	size_t size = 0;

	while (!strstr(text, word) && size < sizeof(text) - 1 &&
	       read(fd, text + size, 1) == 1)
		size++;
	puts(text);
}

static void observe(const struct run *run)
{
	char pid[16], *target[] = { "/target", (char *)run->mode, NULL };
	char *tool[4 + ARGUMENTS] = { (char *)run->tool };
	pid_t seen, seer;
	int n = 1, in, out, tool_in, tool_err;

	seen = start(target, 1, &in, &out);
	wait_for(out, "ready");
	snprintf(pid, sizeof(pid), "%d", (int)seen);
	if (run->before)
		tool[n++] = (char *)run->before;
	tool[n++] = pid;
	tool[n++] = "0";
	for (int i = 0; i < 2 && run->behind[i]; i++)
		tool[n++] = (char *)run->behind[i];
	seer = start(tool, 2, &tool_in, &tool_err);
	wait_for(tool_err, ": ready");
	fflush(stdout);
	if (write(in, "\n", 1) == 1)
		usleep(500000);
	kill(seer, SIGINT);
	waitpid(seer, NULL, 0);
	kill(seen, SIGKILL);
	waitpid(seen, NULL, 0);
	close(in);
	close(out);
	close(tool_in);
	close(tool_err);
}

int main(void)
{
	mount_all();
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		printf("== %zu\n", i);
		observe(&runs[i]);
	}
	puts("== end");
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
