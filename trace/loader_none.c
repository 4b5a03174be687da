/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * loader_none.c - no loader: for kernels without BPF, where tools read samples of perf
 * (dwunw/sampler.h). Whoever opens one is told; the other calls are never made then.
 */
#include <dwunw/loader.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* What callers pass is of no use here. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

int dwunw_loader_open(struct dwunw_loader **loader, const void *object,
		      size_t size, bool verbose)
{
	*loader = NULL;
	fputs("this build loads no BPF programs (CONFIG_BPF_LOADER_NONE): "
	      "--no-bpf does without\n",
	      stderr);
	return -EOPNOTSUPP;
}

/* --- of a loader that is open: there is none ---------------------------------------- */

/* Between open and load: nothing is kept, so nothing is promised. */
bool dwunw_loader_use_multi(struct dwunw_loader *loader)
{
	return false;
}

int dwunw_loader_use_inherited(struct dwunw_loader *loader)
{
	return -EOPNOTSUPP;
}

int dwunw_loader_set_value(struct dwunw_loader *loader, const char *map,
			   const void *bytes, size_t size)
{
	return -EOPNOTSUPP;
}

int dwunw_loader_set_entries(struct dwunw_loader *loader, const char *map,
			     uint32_t entries)
{
	return -EOPNOTSUPP;
}

int dwunw_loader_set_events(struct dwunw_loader *loader, const char *map,
			    bool perf, uint32_t size)
{
	return -EOPNOTSUPP;
}

/* Would be the kernel's part. Nobody comes here: what open() has said ended the
 * run, or led to samples. */
int dwunw_loader_load(struct dwunw_loader *loader)
{
	return -EOPNOTSUPP;
}

/* Probes: none is ever placed. */
int dwunw_loader_attach_uprobe(struct dwunw_loader *loader, const char *program,
			       bool at_return, int32_t pid, const char *path,
			       uint64_t off)
{
	return -EOPNOTSUPP;
}

int dwunw_loader_attach_tracepoints(struct dwunw_loader *loader,
				    const char **missing)
{
	return -EOPNOTSUPP;
}

int dwunw_loader_attach_subsystem(struct dwunw_loader *loader,
				  const char *subsystem, const char **missing)
{
	return -EOPNOTSUPP;
}

int dwunw_loader_attach_tracepoint(struct dwunw_loader *loader,
				   const char *program)
{
	return -EOPNOTSUPP;
}

/* The descriptor is the loader's, also where it fails (dwunw/loader.h). */
int dwunw_loader_attach_event(struct dwunw_loader *loader, const char *program,
			      int fd, int32_t pid)
{
	if (fd >= 0)
		close(fd);
	return -EOPNOTSUPP;
}

/* No probe is inherited: the child is attached to by itself. */
bool dwunw_loader_child(struct dwunw_loader *loader, int32_t child,
			int32_t parent_tid)
{
	return false;
}

void dwunw_loader_detach(struct dwunw_loader *loader, int32_t pid)
{
}

void dwunw_loader_detach_ended(struct dwunw_loader *loader, int32_t pid)
{
}

/* Events: none come, and none are lost. */
int dwunw_loader_open_events(struct dwunw_loader *loader,
			     dwunw_loader_event_fn on_event, void *ctx)
{
	return -EOPNOTSUPP;
}

int dwunw_loader_read_events(struct dwunw_loader *loader, int timeout_ms)
{
	return -EOPNOTSUPP;
}

uint64_t dwunw_loader_lost(const struct dwunw_loader *loader)
{
	return 0;
}

/* Maps: none of any name. */
int dwunw_loader_map(const struct dwunw_loader *loader, const char *name)
{
	return -EOPNOTSUPP;
}

uint64_t dwunw_loader_map_bytes(const struct dwunw_loader *loader)
{
	return 0;
}

/* NULL is well here, as it is elsewhere. */
void dwunw_loader_close(struct dwunw_loader *loader)
{
}
