/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * init.c - the first process of a guest. Does what /plan says, line by line,
 * prints it all to the console and switches the machine off.
 *
 *   jit 0|1              BPF's compiler, where there is one
 *   run NAME TARGET[,ARGUMENT…] TOOL ARGUMENT…   starts TARGET, then the
 *                        tool; its argument PID becomes the target's
 *   send NAME            the file /NAME, as lines of hexadecimal digits
 *   forget NAME          the file /NAME is removed
 *
 * Of a run: when the tool says "recording" or "ready" on its stderr, the
 * target gets a byte; when the target says "calls …", the tool is interrupted,
 * and when that has ended the target's input is closed. TARGET - is none: the
 * tool starts it, which gets the byte, and then its input's end.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS 32

/* A process, its input and the output that is listened to. */
struct child {
	pid_t pid;
	int in;
	int out;
	char line[512];
	size_t length;
};

static void mount_all(void)
{
	mkdir("/tmp", 0777);
	static const struct {
		const char *type;
		const char *where;
	} mounts[] = { { "proc", "/proc" },
		       { "sysfs", "/sys" },
		       { "devtmpfs", "/dev" },
		       { "tracefs", "/sys/kernel/tracing" } };

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0,
			  NULL))
			printf("guest: no %s\n", mounts[i].where);
	}
}

/* listen: which of its outputs init reads; the other one goes to `rest`. */
static struct child start(char **argv, int listen, int rest)
{
	struct child child = { 0 };
	int in[2], out[2], gone[2];
	char byte;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ||
	    pipe2(gone, O_CLOEXEC))
		return child;
	fflush(stdout);
	child.pid = fork();
	if (!child.pid) {
		setpgid(0, 0); /* as a shell's job: Ctrl-C is for all of it */
		dup2(in[0], 0);
		dup2(out[1], listen);
		dup2(rest, 3 - listen);
		execv(argv[0], argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	/* it is that program when its copy of this end is closed by exec */
	close(gone[1]);
	if (read(gone[0], &byte, 1) != 0)
		puts("guest: a pipe speaks");
	close(gone[0]);
	child.in = in[1];
	child.out = out[0];
	return child;
}

/* Reads what is there; 1: a line, printed and in child->line; -1: its end. */
static int heard(struct child *child)
{
	char byte;

	if (read(child->out, &byte, 1) != 1)
		return -1;
	if (byte != '\n' && child->length < sizeof(child->line) - 1) {
		child->line[child->length++] = byte;
		return 0;
	}
	child->line[child->length] = '\0';
	child->length = 0;
	printf("| %s\n", child->line);
	return 1;
}

/* What the kernel itself has taken, maps and programs of BPF among it, in KiB. */
static long kernel_memory(void)
{
	static const char *const parts[] = { "SUnreclaim:", "VmallocUsed:",
					     "Percpu:" };
	FILE *file = fopen("/proc/meminfo", "r");
	char line[256], name[64];
	long value, sum = 0;

	while (file && fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			if (sscanf(line, "%63s %ld", name, &value) == 2 &&
			    !strcmp(name, parts[i]))
				sum += value;
	if (file)
		fclose(file);
	return sum;
}

/* "recording…", "TOOL: ready" */
static int is_ready(const char *line)
{
	const char *word = strrchr(line, ' ');

	return !strncmp(line, "recording", 9) ||
	       !strcmp(word ? word + 1 : line, "ready");
}

/* Both say what they have to say until the tool has ended. */
static void watch(struct child *target, struct child *tool, long memory)
{
	struct pollfd fds[2] = { { .fd = tool->out, .events = POLLIN },
				 { .fd = target->pid ? target->out : -1,
				   .events = POLLIN } };

	while (fds[0].fd >= 0 && poll(fds, 2, -1) > 0) {
		if (fds[0].revents) {
			int said = heard(tool);

			bool ready = said > 0 && target->pid &&
				     is_ready(tool->line);

			if (ready)
				printf("guest: kernel memory %ld KiB more\n",
				       kernel_memory() - memory);
			if (ready && write(target->in, "g", 1) != 1)
				puts("guest: the target does not listen");
			if (said < 0)
				fds[0].fd = -1;
			continue;
		}
		switch (heard(target)) {
		case 1:
			if (strncmp(target->line, "calls", 5))
				break;
			/* what is in its buffers is read first */
			poll(NULL, 0, 200);
			kill(-tool->pid, SIGINT);
			break;
		case -1: /* it has ended too early */
			fds[1].fd = -1;
			kill(-tool->pid, SIGINT);
			break;
		}
	}
}

/* "-" is no target. */
static struct child start_target(char *words)
{
	struct child none = { 0 };
	char *argv[ARGUMENTS] = { 0 };
	bool wanted = strcmp(words, "-");

	for (int i = 0; i < ARGUMENTS - 1 && words; i++)
		argv[i] = strsep(&words, ",");
	return wanted ? start(argv, 1, 2) : none;
}

static int end(const struct child *child)
{
	int status;

	if (!child->pid)
		return 0;
	close(child->in);
	waitpid(child->pid, &status, 0);
	close(child->out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What the tool says is kept meanwhile: consoles of busy guests lose lines. */
static int open_report(void)
{
	return open("/report", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static void print_report(int fd)
{
	char text[4096];
	ssize_t size;

	lseek(fd, 0, SEEK_SET);
	while ((size = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)size, stdout);
	close(fd);
}

static void run(char **words)
{
	int report = open_report(), status;
	struct child target, tool;
	char pid[16];
	long memory;

	printf("run %s\n", words[1]);
	target = start_target(words[2]);
	snprintf(pid, sizeof(pid), "%d", (int)target.pid);
	for (char **word = words + 3; *word; word++) {
		if (!strcmp(*word, "PID"))
			*word = pid;
	}
	poll(NULL, 0, 100); /* it waits for its byte by then */
	memory = kernel_memory();
	tool = start(words + 3, 2, report);
	if (!target.pid && write(tool.in, "g", 1) == 1) {
		close(tool.in);
		tool.in = -1;
	}
	watch(&target, &tool, memory);
	status = end(&tool);
	print_report(report);
	printf("end %s tool=%d target=%d\n", words[1], status, end(&target));
	fflush(stdout);
}

static void send_file(const char *name)
{
	unsigned char bytes[48];
	char path[256];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "/%s", name);
	file = fopen(path, "r");
	while (file && (size = fread(bytes, 1, sizeof(bytes), file)) > 0) {
		printf("bytes %s ", name);
		for (size_t i = 0; i < size; i++)
			printf("%02x", bytes[i]);
		puts("");
	}
	if (file)
		fclose(file);
	fflush(stdout);
}

static void forget_file(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "/%s", name);
	if (unlink(path))
		printf("guest: no %s\n", path);
}

/* arm64: the CPU signs return addresses, as cpuinfo's features say. */
static void print_signing(void)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[2048];

	while (file && fgets(line, sizeof(line), file)) {
		if (!strstr(line, " paca"))
			continue;
		puts("guest: pointer authentication");
		break;
	}
	if (file)
		fclose(file);
}

/* A kernel may have tracepoints, and none of system calls. */
static void print_syscall_events(void)
{
	if (access("/sys/kernel/tracing/events/syscalls", F_OK))
		puts("guest: no events of system calls");
}

static void set_jit(const char *value)
{
	FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "w");
	int failed = !file || fputs(value, file) < 0;

	if (file)
		failed |= fclose(file);
	printf("guest: jit %s%s\n", value, failed ? " not to be had" : "");
}

int main(void)
{
	FILE *plan = fopen("/plan", "r");
	struct utsname name;
	char line[1024];

	signal(SIGPIPE, SIG_IGN);
	mount_all();
	uname(&name);
	printf("guest: %s %s, %ld cpus\n", name.release, name.machine,
	       sysconf(_SC_NPROCESSORS_ONLN));
	print_signing();
	print_syscall_events();
	while (plan && fgets(line, sizeof(line), plan)) {
		char *words[ARGUMENTS] = { 0 };
		int count = 0;

		for (char *word = strtok(line, " \n");
		     word && count < ARGUMENTS - 1; word = strtok(NULL, " \n"))
			words[count++] = word;
		if (count == 2 && !strcmp(words[0], "jit"))
			set_jit(words[1]);
		else if (count == 2 && !strcmp(words[0], "send"))
			send_file(words[1]);
		else if (count == 2 && !strcmp(words[0], "forget"))
			forget_file(words[1]);
		else if (count > 3 && !strcmp(words[0], "run"))
			run(words);
	}
	printf("guest: done\n");
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
	return 1;
}
