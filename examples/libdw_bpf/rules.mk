# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# uprobe, syscall, syscall_parallel and pwrite64_event, by libbpf: built where
# Kconfig's BPF_LOADER is libbpf and LIBDW_BPF is on. LIBBPF_CFLAGS and
# LIBBPF_LDLIBS name another libbpf than the system's.

include examples/common.mk

ifeq ($(CONFIG_BPF_LOADER_LIBBPF)$(CONFIG_LIBDW_BPF),yy)
libdw_dir := examples/libdw_bpf
libdw_out := $(out)/$(libdw_dir)
libdw_tools := $(addprefix $(libdw_out)/,uprobe syscall syscall_parallel \
	pwrite64_event)
libdw_objs := $(addsuffix .o,$(libdw_tools)) \
	$(addprefix $(libdw_out)/,tool.o attach_syscall.o)
libdw_bpf := $(addprefix $(libdw_out)/,uprobe.bpf.o syscall.bpf.o \
	pwrite64_event.bpf.o)

$(libdw_bpf): $(libdw_out)/%.bpf.o: $(libdw_dir)/%.bpf.c $(made_first)
	@mkdir -p $(@D)
	$(say) BPF $<
	$(Q)$(CLANG) $(bpf_cflags) -mcpu=v3 \
		$(bpf_target_macro) \
		-MMD -MP -c $< -o $@

$(libdw_objs): $(libdw_out)/%.o: $(libdw_dir)/%.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(example_cflags) $(common_cflags) \
		$(LIBBPF_CFLAGS) -MMD -MP -c $< -o $@

$(libdw_out)/%.object.o: $(libdw_out)/%.bpf.o $(libdw_dir)/object.S
	$(say) AS $<
	$(Q)$(CC) $(target_cflags) -DBPF_OBJECT='"$<"' -c $(libdw_dir)/object.S \
		-o $@

$(libdw_out)/uprobe: $(libdw_out)/uprobe.object.o
$(libdw_out)/pwrite64_event: $(libdw_out)/pwrite64_event.object.o
$(libdw_out)/syscall $(libdw_out)/syscall_parallel: \
	$(libdw_out)/syscall.object.o $(libdw_out)/attach_syscall.o
$(libdw_tools): %: %.o $(libdw_out)/tool.o $(common_tools) $(trace_lib) $(full_lib)
	$(say) LD $@
	$(Q)$(CC) $(all_cflags) $(filter %.o,$^) $(trace_lib) $(full_lib) -static \
		$(all_ldflags) $(trace_libs) $(LDLIBS) -o $@

.PHONY: libdw_bpf
examples: libdw_bpf
libdw_bpf: $(libdw_tools)

-include $(libdw_objs:.o=.d) $(libdw_bpf:.o=.d)
endif
