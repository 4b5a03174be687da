# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A program of libdwunw-trace.a is linked with $(trace_libs) as well.
trace-y := bpf_map.o closer.o entry.o given.o inbox.o inherited.o kernelfs.o \
	map_watch.o permission.o pidns.o probe_events.o proc.o returns.o rings.o rows.o \
	sample.o sampler.o scan_line.o search.o tracepoint.o uprobe_multi.o walk_files.o walk_row.o \
	walk_spaces.o
trace-$(CONFIG_BPF_LOADER_LIBBPF) += loader_libbpf.o
trace-$(CONFIG_BPF_LOADER_NONE) += loader_none.o
trace-$(CONFIG_BPF_LOADER_OWN) += loader_own.o object.o object_link.o

LIBBPF_CFLAGS ?=
LIBBPF_LDLIBS ?= -lbpf -lelf -lz
export DWUNW_LIBBPF := $(if $(foreign)$(findstring musl,$(CC)),n,$(if \
	$(LIBBPF_CFLAGS)$(wildcard /usr/include/bpf/libbpf.h),y,n))
# is it there for another machine, or for musl? (port/linux/objs.mk)
libbpf_there = $(if $(filter n,$(DWUNW_LIBBPF)),$(shell echo 'int main(void) { return 0; }' | \
	$(CC) $(target_cflags) $(static) $(LIBBPF_CFLAGS) -include bpf/libbpf.h -x c - \
	-x none $(LIBBPF_LDLIBS) -o /dev/null >/dev/null 2>&1 && echo y || echo n),y)
trace_libs := $(if $(CONFIG_BPF_LOADER_LIBBPF),$(LIBBPF_LDLIBS)) -lpthread
