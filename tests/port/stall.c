// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * A FUSE server of one file, /file, with the content of another one:
 *
 *	stall DIRECTORY FILE
 *
 * mounts it there, says "ready", and answers until SIGUSR1. From then on it
 * takes every request and answers none, so that not even SIGKILL ends who
 * waits for one. Its end, and its mount's, is SIGTERM.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILE_NODE 2
/* Zeros behind the content: pages that nobody reads by chance. */
#define PADDING (1u << 20)

static volatile sig_atomic_t silent, ended;
static char *content;
static size_t content_size;
static int channel;

static void take(int number)
{
	if (number == SIGUSR1)
		silent = 1;
	else
		ended = 1;
}

static void answer(const struct fuse_in_header *in, int error,
		   const void *bytes, size_t size)
{
	struct fuse_out_header out = { .len = (uint32_t)(sizeof(out) + size),
				       .error = -error,
				       .unique = in->unique };
	struct iovec vec[] = { { &out, sizeof(out) },
			       { (void *)(uintptr_t)bytes, size } };

	if (writev(channel, vec, size ? 2 : 1) < 0 && errno != ENOENT)
		perror("stall: answer");
}

static struct fuse_attr attributes(uint64_t node)
{
	bool file = node == FILE_NODE;

	return (struct fuse_attr){ .ino = node,
				   .size = file ? content_size : 0,
				   .mode = file ? S_IFREG | 0755 :
						  S_IFDIR | 0755,
				   .nlink = 1,
				   .blksize = 4096 };
}

/* Nothing is remembered: each look at the file is a question. */
static void look_up(const struct fuse_in_header *in, const char *name)
{
	struct fuse_entry_out entry = { .nodeid = FILE_NODE,
					.attr = attributes(FILE_NODE) };

	if (strcmp(name, "file"))
		answer(in, ENOENT, NULL, 0);
	else
		answer(in, 0, &entry, sizeof(entry));
}

static void read_content(const struct fuse_in_header *in,
			 const struct fuse_read_in *read)
{
	size_t off = read->offset < content_size ? read->offset : content_size;
	size_t size = content_size - off;

	answer(in, 0, content + off, size < read->size ? size : read->size);
}

static void serve(const struct fuse_in_header *in, const void *args)
{
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION,
				      .minor = 31,
				      .max_readahead = 4096,
				      .max_write = 4096 };
	struct fuse_attr_out attr = { .attr = attributes(in->nodeid) };
	struct fuse_open_out open = { .fh = 1 };

	switch (in->opcode) {
	case FUSE_INIT:
		return answer(in, 0, &init, sizeof(init));
	case FUSE_LOOKUP:
		return look_up(in, args);
	case FUSE_GETATTR:
		return answer(in, 0, &attr, sizeof(attr));
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		return answer(in, 0, &open, sizeof(open));
	case FUSE_READ:
		return read_content(in, args);
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		return answer(in, 0, NULL, 0);
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	default:
		answer(in, ENOSYS, NULL, 0);
	}
}

static bool slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return false;
	content_size = (size_t)st.st_size + PADDING;
	content = calloc(1, content_size);
	return content &&
	       read(fd, content, content_size) == (ssize_t)st.st_size;
}

static bool attach(const char *directory)
{
	char options[128];

	channel = open("/dev/fuse", O_RDWR);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=%d,group_id=%d,allow_other",
		 channel, (int)getuid(), (int)getgid());
	return channel >= 0 && !mount("stall", directory, "fuse",
				      MS_NOSUID | MS_NODEV, options);
}

int main(int argc, char **argv)
{
	static char buffer[1 << 20] __attribute__((aligned(8)));
	struct sigaction action = { .sa_handler = take };
	struct fuse_in_header *in = (void *)buffer;
	ssize_t got;

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (argc != 3 || !slurp(argv[2]) || !attach(argv[1])) {
		perror("stall");
		return 77;
	}
	puts("ready");
	fflush(stdout);
	while (!ended) {
		got = read(channel, buffer, sizeof(buffer));
		if (got < (ssize_t)sizeof(*in)) {
			if (got < 0 && errno != EINTR && errno != ENOENT)
				break;
			continue;
		}
		if (!silent || in->opcode == FUSE_INIT)
			serve(in, in + 1);
	}
	umount2(argv[1], MNT_DETACH);
	return 0;
}
