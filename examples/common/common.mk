# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# What the examples share; their rules.mk include it. A program of them adds
# $(common_objs) and $(loader_libs), and compiles with $(common_cflags).
ifndef common_dir

LIBBPF_CFLAGS ?=
LIBBPF_LDLIBS ?= -lbpf -lelf -lz
export DWUNW_LIBBPF := $(if $(foreign)$(findstring musl,$(CC)),n,y)
# is it there for another machine, or for musl? (port/linux/objs.mk)
libbpf_there = $(if $(filter n,$(DWUNW_LIBBPF)),$(shell echo 'int main(void) { return 0; }' | \
	$(CC) $(target_cflags) $(static) $(LIBBPF_CFLAGS) -include bpf/libbpf.h -x c - \
	-x none $(LIBBPF_LDLIBS) -o /dev/null >/dev/null 2>&1 && echo y || echo n),y)

common_dir := examples/common
common_cflags := -I$(common_dir) -Itools
common-y := bpf_map.o entry.o given.o inbox.o inherited.o interrupt.o \
	kernelfs.o map_watch.o naming.o permission.o pidns.o probe_events.o proc.o \
	replace.o returns.o rings.o sample.o sampler.o stacks.o tracepoint.o \
	uprobe_multi.o
common-$(CONFIG_BPF_LOADER_LIBBPF) += loader_libbpf.o
common-$(CONFIG_BPF_LOADER_OWN) += loader_own.o object.o
common_own := $(addprefix $(out)/$(common_dir)/,$(common-y))
# one way to read a command line, and to print, for every program here
common_objs := $(common_own) $(out)/tools/option.o $(out)/tools/streams.o
loader_libs := $(if $(CONFIG_BPF_LOADER_LIBBPF),$(LIBBPF_LDLIBS))

$(common_own): $(out)/%.o: %.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(example_cflags) $(LIBBPF_CFLAGS) -Ibpf -Itools \
		-MMD -MP -c $< -o $@

-include $(common_own:.o=.d)
endif
