/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * kernelfs.h - small files of sysfs and tracefs, also where nobody has mounted
 * them (a container, a chroot): root sees them through a mount that has no
 * place in the file system and goes with the call.
 */
#ifndef KERNELFS_H
#define KERNELFS_H

#include <stddef.h>

/*
 * The text of "bus/event_source/devices/uprobe/type", cut at size - 1 bytes.
 * 0; -ENOENT: this kernel has no such file; another negative errno: it can't be
 * known, as nothing is mounted and that mount is refused.
 */
int dwu_sysfs_read(const char *path, char *text, size_t size);
/* The same of tracefs: "events/sched/sched_process_exec/id". */
int dwu_tracefs_read(const char *path, char *text, size_t size);
/* open(2) of a file of tracefs; errors as above. */
int dwu_tracefs_open(const char *path, int flags);

#endif
