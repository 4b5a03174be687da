/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * loader_none.c - no loader: for kernels without BPF, where tools read samples of perf
 * (dwunw/sampler.h). Whoever opens one is told; the other calls are never made then.
 */
#include <dwunw/loader.h>

#include <errno.h>
#include <stdio.h>

int dwunw_loader_open(struct dwunw_loader **loader, const void *object,
		      size_t size, bool verbose)
{
	(void)object;
	(void)size;
	(void)verbose;
	*loader = NULL;
	fputs("this build loads no BPF programs (CONFIG_BPF_LOADER_NONE): "
	      "--no-bpf does without\n",
	      stderr);
	return -EOPNOTSUPP;
}

/* --- of a loader that is open: there is none ---------------------------------------- */

bool dwunw_loader_use_multi(struct dwunw_loader *loader)
{
	(void)loader;
	return false;
}

int dwunw_loader_use_inherited(struct dwunw_loader *loader)
{
	(void)loader;
	return -EOPNOTSUPP;
}

int dwunw_loader_set_value(struct dwunw_loader *loader, const char *map,
			   const void *bytes, size_t size)
{
	(void)loader;
	(void)map;
	(void)bytes;
	(void)size;
	return -EOPNOTSUPP;
}

int dwunw_loader_set_entries(struct dwunw_loader *loader, const char *map,
			     uint32_t entries)
{
	(void)loader;
	(void)map;
	(void)entries;
	return -EOPNOTSUPP;
}

int dwunw_loader_set_events(struct dwunw_loader *loader, const char *map,
			    bool perf, uint32_t size)
{
	(void)loader;
	(void)map;
	(void)perf;
	(void)size;
	return -EOPNOTSUPP;
}

int dwunw_loader_load(struct dwunw_loader *loader)
{
	(void)loader;
	return -EOPNOTSUPP;
}

int dwunw_loader_attach_uprobe(struct dwunw_loader *loader, const char *program,
			       bool at_return, int32_t pid, const char *path,
			       uint64_t off)
{
	(void)loader;
	(void)program;
	(void)at_return;
	(void)pid;
	(void)path;
	(void)off;
	return -EOPNOTSUPP;
}

int dwunw_loader_attach_tracepoints(struct dwunw_loader *loader,
				    const char **missing)
{
	(void)loader;
	(void)missing;
	return -EOPNOTSUPP;
}

int dwunw_loader_attach_subsystem(struct dwunw_loader *loader,
				  const char *subsystem, const char **missing)
{
	(void)loader;
	(void)subsystem;
	(void)missing;
	return -EOPNOTSUPP;
}

int dwunw_loader_attach_tracepoint(struct dwunw_loader *loader,
				   const char *program)
{
	(void)loader;
	(void)program;
	return -EOPNOTSUPP;
}

int dwunw_loader_attach_event(struct dwunw_loader *loader, const char *program,
			      int fd, int32_t pid)
{
	(void)loader;
	(void)program;
	(void)fd;
	(void)pid;
	return -EOPNOTSUPP;
}

bool dwunw_loader_child(struct dwunw_loader *loader, int32_t child,
			int32_t parent_tid)
{
	(void)loader;
	(void)child;
	(void)parent_tid;
	return false;
}

void dwunw_loader_detach(struct dwunw_loader *loader, int32_t pid)
{
	(void)loader;
	(void)pid;
}

void dwunw_loader_detach_ended(struct dwunw_loader *loader, int32_t pid)
{
	(void)loader;
	(void)pid;
}

int dwunw_loader_open_events(struct dwunw_loader *loader,
			     dwunw_loader_event_fn on_event, void *ctx)
{
	(void)loader;
	(void)on_event;
	(void)ctx;
	return -EOPNOTSUPP;
}

int dwunw_loader_read_events(struct dwunw_loader *loader, int timeout_ms)
{
	(void)loader;
	(void)timeout_ms;
	return -EOPNOTSUPP;
}

uint64_t dwunw_loader_lost(const struct dwunw_loader *loader)
{
	(void)loader;
	return 0;
}

int dwunw_loader_map(const struct dwunw_loader *loader, const char *name)
{
	(void)loader;
	(void)name;
	return -EOPNOTSUPP;
}

uint64_t dwunw_loader_map_bytes(const struct dwunw_loader *loader)
{
	(void)loader;
	return 0;
}

void dwunw_loader_close(struct dwunw_loader *loader)
{
	(void)loader;
}
