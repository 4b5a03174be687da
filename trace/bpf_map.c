/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * bpf(2) for maps, by its own number: needed with and without libbpf, and on
 * kernels whose headers this machine does not have.
 *
 * For example, dwunw_bpf_map_get(fd, &pid, &value) is syscall(SYS_bpf,
 * BPF_MAP_LOOKUP_ELEM, { map_fd, key, value }): 0, or -ENOENT for a key that is
 * not there. Keys and values have the sizes of the map; of a per-CPU map the
 * value is an array with an element for each possible CPU, each rounded up to 8
 * bytes.
 */
#include "bpf_map.h"

#include "proc.h"
#include "scan_line.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A file descriptor, a count or 0; errors as negative errno, so that callers
 * need no errno of their own behind a close().
 */
int dwu_bpf_call(int command, union bpf_attr *attr)
{
	long result = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return result < 0 ? -errno : (int)result;
}

/* The kernel takes pointers as 64-bit numbers on 32-bit machines as well. */
uint64_t dwu_bpf_address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

/* The attr of the three calls on one element; what it leaves out is 0. */
static void element(union bpf_attr *attr, int fd, const void *key,
		    const void *value)
{
	memset(attr, 0, sizeof(*attr));
	attr->map_fd = (uint32_t)fd;
	attr->key = dwu_bpf_address(key);
	attr->value = dwu_bpf_address(value);
}

int dwunw_bpf_map_get(int fd, const void *key, void *value)
{
	union bpf_attr attr;

	element(&attr, fd, key, value);
	return dwu_bpf_call(BPF_MAP_LOOKUP_ELEM, &attr);
}

/* BPF_ANY: made if it is not there. */
int dwunw_bpf_map_set(int fd, const void *key, const void *value)
{
	union bpf_attr attr;

	element(&attr, fd, key, value);
	attr.flags = BPF_ANY;
	return dwu_bpf_call(BPF_MAP_UPDATE_ELEM, &attr);
}

int dwunw_bpf_map_remove(int fd, const void *key)
{
	union bpf_attr attr;

	element(&attr, fd, key, NULL);
	return dwu_bpf_call(BPF_MAP_DELETE_ELEM, &attr);
}

/*
 * The kernel keeps the position in *position (4 bytes suffice for hash maps)
 * and says -ENOENT with the last elements: 0 then, 1 while there are more.
 * Linux 5.6.
 */
int dwunw_bpf_map_batch(int fd, uint64_t *position, int first, void *keys,
			void *values, uint32_t *count)
{
	union bpf_attr attr;
	int error;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)fd;
	attr.batch.in_batch = first ? 0 : dwu_bpf_address(position);
	attr.batch.out_batch = dwu_bpf_address(position);
	attr.batch.keys = dwu_bpf_address(keys);
	attr.batch.values = dwu_bpf_address(values);
	attr.batch.count = *count;
	error = dwu_bpf_call(BPF_MAP_LOOKUP_BATCH, &attr);
	if (error && error != -ENOENT) {
		*count = 0;
		return error;
	}
	*count = attr.batch.count;
	return error ? 0 : 1;
}

/* "memlock:" and bytes, in /proc/self/fdinfo of the map. */
uint64_t dwu_bpf_map_memory(int fd)
{
	uint64_t bytes = 0;
	char line[128];
	FILE *file;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	file = dwu_proc_open(line);
	while (file && fgets(line, sizeof(line), file)) {
		if (dwu_scan_line(line, "memlock: %U", &bytes) == 1)
			break;
	}
	dwu_proc_close(file);
	return bytes;
}
